"""The escalation policy's document, read into frozen rules and checked: every history must end."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from datetime import time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from dispatch.vocabulary import CALLS, Level, Met, Outcome, Stage, Tier

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_CONTACT = {Met.NOT_PERSUADED, Met.PERSUADED, Met.TRANSFERRED, Met.FALSE_ALARM}
CELLS_OF: Mapping[Tier, frozenset[Met]] = {
    Tier.VOICE: frozenset({Met.BUSY, Met.SILENT, Met.UNREACHABLE, Met.FAULT, Met.NOT_PLACED} | _CONTACT),
    Tier.VIDEO: frozenset({Met.NOT_TAKEN, Met.FAULT} | _CONTACT),
    Tier.VISIT: frozenset({Met.IGNORED, Met.NOT_THERE} | _CONTACT),
    Tier.FOLLOW_UP: frozenset(),  # its course is fixed by the words: checks or a watch, then an outcome
}
STAGES_OF: Mapping[Tier, tuple[Stage, ...]] = {
    Tier.VOICE: (Stage.PLANNED, Stage.DIALLED, Stage.TALKING, Stage.JUDGING),
    Tier.VIDEO: (Stage.PLANNED, Stage.DIALLED, Stage.TALKING, Stage.JUDGING),
    Tier.VISIT: (Stage.SENT, Stage.ACKNOWLEDGED, Stage.ARRIVED),
    Tier.FOLLOW_UP: (Stage.CHECKING,),
}
_CLOSES = {Met.TRANSFERRED: Outcome.ALREADY_TRANSFERRED, Met.FALSE_ALARM: Outcome.FALSE_ALARM}


class BadRules(ValueError):
    """The document does not describe a chain that always ends. `faults` names each row and its fault."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Cell:
    """What one result leads to; the words are explained at the head of chain.toml."""

    again: tuple[timedelta, ...] = ()
    repeat: bool = False
    lasts: timedelta | None = None
    keep_while: Tier | None = None
    most: int = 0
    then: tuple[Tier, ...] = ()
    seek: str = "same"
    reinforced: bool = False
    recalls: tuple[Tier, ...] = ()
    raises: tuple[int, Level] | None = None
    orders: tuple[str, ...] = ()
    closes: Outcome | None = None


@dataclass(frozen=True, slots=True)
class Rung:
    """One tier under one level."""

    within: Mapping[Stage, timedelta]
    cells: Mapping[Met, Cell] = field(default_factory=dict)
    announce: bool = False  # a call begins with a spoken announcement
    community: bool = False  # a visit is the village's or community's
    checks: tuple[timedelta, ...] = ()  # follow-up by a person, counted from the contact
    watch: timedelta | None = None  # or a watch without anybody asking


@dataclass(frozen=True, slots=True)
class Chain:
    """One level's chain."""

    starts: tuple[Tier, ...]
    sends: tuple[str, ...] = ()
    head_start: timedelta = timedelta()
    most_calls: int = 0  # per number in any 24 h; 0: no cap
    hours: tuple[time, time] | None = None  # when a call may begin; None: at any hour
    expires_after: timedelta | None = None  # later than this after the newest directive no call is made
    rungs: Mapping[Tier, Rung] = field(default_factory=dict)
    raises: tuple[
        tuple[Tier, Met, tuple[int, Level]], ...
    ] = ()  # the cells whose n-th result raises the level


_CHAIN_WORDS = {f.name for f in fields(Chain)} - {"rungs", "raises"}


@dataclass(frozen=True, slots=True)
class Rules:
    """A whole escalation policy."""

    zone: ZoneInfo
    order_within: timedelta
    levels: Mapping[Level, Chain]


def read(document: Mapping[str, Any]) -> Rules:
    """Build and check the rules; `every` holds rows all levels share, and a level overrides cell by cell.

    Raises BadRules, naming each row at fault.
    """
    shared = document.get("every", {})
    with _row("the document"):
        known = {"zone", "order_within", "every"} | {level.code for level in Level}
        _refuse_unknown(document, known, "the document")
        _refuse_unknown(shared, {tier.code for tier in Tier}, "every")
        rules = Rules(
            zone=ZoneInfo(document.get("zone", "Asia/Shanghai")),
            order_within=span(document.get("order_within", "30m")),
            levels={level: _chain(document[level.code], shared, level.code) for level in Level},
        )
    faults = [] if rules.order_within else ["order_within: must be above zero"]
    if faults := faults + [f for level in Level for f in _Check(rules, level).faults()]:
        raise BadRules(faults)
    return rules


def span(text: str) -> timedelta:
    """`30s`, `5m`, `4h` or `7d` as a length of time. Raises ValueError."""
    if len(text) < 2 or text[-1] not in _UNITS or not text[:-1].isdigit():
        raise ValueError(f"{text!r} is not a length of time such as 30s, 5m, 4h or 7d")
    return timedelta(**{_UNITS[text[-1]]: int(text[:-1])})


@contextmanager
def _row(where: str) -> Iterator[None]:
    """Name the row in which something cannot be read."""
    try:
        yield
    except BadRules:
        raise
    except (KeyError, ValueError, TypeError, AttributeError, IndexError) as fault:
        raise BadRules([f"{where}: {fault}"]) from fault


def _chain(doc: Mapping[str, Any], shared: Mapping[str, Any], where: str) -> Chain:
    _refuse_unknown(doc, _CHAIN_WORDS | {t.code for t in Tier}, where)
    rungs = {}
    for tier in Tier:
        if tier.code in doc or tier.code in shared:
            row = {**shared.get(tier.code, {}), **doc.get(tier.code, {})}
            rungs[tier] = _rung(row, f"{where}.{tier.code}")
    with _row(where):
        return _build_chain(doc, rungs)


def _build_chain(doc: Mapping[str, Any], rungs: dict[Tier, Rung]) -> Chain:
    hours = doc.get("hours")
    expires = doc.get("expires_after")
    return Chain(
        starts=_tiers(doc["starts"]),
        sends=tuple(doc.get("sends", ())),
        head_start=span(doc.get("head_start", "0s")),
        most_calls=int(doc.get("most_calls", 0)),
        hours=(time.fromisoformat(hours[0]), time.fromisoformat(hours[1])) if hours else None,
        expires_after=span(expires) if expires else None,
        rungs=rungs,
        raises=tuple(
            (tier, met, cell.raises)
            for tier, rung in rungs.items()
            for met, cell in rung.cells.items()
            if cell.raises
        ),
    )


def _rung(doc: Mapping[str, Any], where: str) -> Rung:
    plain = {"within", "announce", "community", "checks", "watch"}
    _refuse_unknown(doc, plain | {m.value for m in Met}, where)
    with _row(where):
        return Rung(
            within={Stage(stage): span(limit) for stage, limit in doc.get("within", {}).items()},
            cells={Met(met): _cell(c, f"{where}.{met}") for met, c in doc.items() if met not in plain},
            announce=bool(doc.get("announce", False)),
            community=bool(doc.get("community", False)),
            checks=tuple(span(t) for t in doc.get("checks", ())),
            watch=span(doc["watch"]) if "watch" in doc else None,
        )


def _cell(doc: Mapping[str, Any], where: str) -> Cell:
    _refuse_unknown(doc, {f.name for f in fields(Cell)}, where)
    raises = doc.get("raises")
    with _row(where):
        return Cell(
            again=tuple(span(t) for t in doc.get("again", ())),
            repeat=bool(doc.get("repeat", False)),
            lasts=span(doc["lasts"]) if "lasts" in doc else None,
            keep_while=Tier[doc["keep_while"].upper()] if "keep_while" in doc else None,
            most=int(doc.get("most", 0)),
            then=_tiers(doc.get("then", ())),
            seek=str(doc.get("seek", "same")),
            reinforced=bool(doc.get("reinforced", False)),
            recalls=_tiers(doc.get("recalls", ())),
            raises=(int(raises[0]), Level[raises[1].upper()]) if raises else None,
            orders=tuple(doc.get("orders", ())),
            closes=Outcome(doc["closes"]) if "closes" in doc else None,
        )


def _refuse_unknown(doc: Mapping[str, Any], known: set[str], where: str) -> None:
    if unknown := sorted(doc.keys() - known):
        raise BadRules([f"{where}: unknown words {', '.join(unknown)}"])


def _tiers(names: Any) -> tuple[Tier, ...]:
    return tuple(Tier[name.upper()] for name in names)


def _reached(rules: Rules) -> set[Tier]:
    """The tiers that any level comes to: a case that is raised, or lowered by a person, brings them along."""
    seen: set[Tier] = set()
    for chain in rules.levels.values():
        todo, mine = [*chain.starts, Tier.VISIT], set[Tier]()
        while todo:
            tier = todo.pop()
            if tier not in mine and tier in chain.rungs:
                todo += [t for cell in chain.rungs[tier].cells.values() for t in cell.then]
            mine.add(tier)
        seen |= mine
    return seen


class _Check:
    """Everything one level's chain could do wrong."""

    def __init__(self, rules: Rules, level: Level) -> None:
        self.rules, self.level, self.chain = rules, level, rules.levels[level]

    def faults(self) -> Iterator[str]:
        begun = _reached(self.rules)
        for tier in sorted(begun):
            rung = self.chain.rungs.get(tier)
            where = f"{self.level.code}.{tier.code}"
            if rung is None:
                yield f"{where}: is begun but has no row"
            else:
                yield from self._rung(where, tier, rung)
        for tier in sorted(self.chain.rungs.keys() - begun):
            yield f"{self.level.code}.{tier.code}: can never be reached"
        yield from self._bars()

    def _bars(self) -> Iterator[str]:
        chain, where = self.chain, self.level.code
        if not chain.starts:
            yield f"{where}.starts: begins nothing"
        if chain.hours and chain.hours[0] >= chain.hours[1]:
            yield f"{where}.hours: must begin before they end"
        if chain.expires_after is not None and not chain.expires_after:
            yield f"{where}.expires_after: must be above zero"
        if chain.most_calls < 0:
            yield f"{where}.most_calls: is a count, 0 for no cap"
        if unknown := set(chain.sends) - {"sms"}:
            yield f"{where}.sends: knows no {', '.join(sorted(unknown))}"

    def _rung(self, where: str, tier: Tier, rung: Rung) -> Iterator[str]:
        for stage in STAGES_OF[tier]:
            if rung.within.get(stage, timedelta()) <= timedelta():
                yield f"{where}.within: {stage} needs a time limit above zero"
        for met in sorted(CELLS_OF[tier] - rung.cells.keys()):
            yield f"{where}.{met}: is missing"
        for met, cell in rung.cells.items():
            if met not in CELLS_OF[tier]:
                yield f"{where}.{met}: cannot be met here"
            for fault in self._cell(tier, met, cell):
                yield f"{where}.{met}: {fault}"
        acknowledge, arrive = (rung.within.get(s, timedelta()) for s in (Stage.SENT, Stage.ACKNOWLEDGED))
        if tier is Tier.VISIT and acknowledge > arrive:
            yield f"{where}.within: a visit is acknowledged before it arrives"
        if tier is Tier.FOLLOW_UP:
            if bool(rung.checks) == bool(rung.watch):
                yield f"{where}: needs either checks or a watch"
            if list(rung.checks) != sorted(set(rung.checks)):
                yield f"{where}.checks: must come one after the other"

    def _cell(self, tier: Tier, met: Met, cell: Cell) -> Iterator[str]:
        if not (cell.then or cell.closes):
            yield "dead end: says neither what follows nor how the case closes"
        if any(t <= tier for t in cell.then) or (cell.keep_while and cell.keep_while <= tier):
            yield "leads down the ladder, so it could go round for ever"
        if cell.closes is not _CLOSES.get(met):
            yield f"closes as {_CLOSES[met]}" if met in _CLOSES else f"must not close as {cell.closes}"
        if cell.seek not in ("same", "next"):
            yield "seek is same or next"
        if cell.raises and (cell.raises[0] < 1 or cell.raises[1] <= self.level):
            yield "raises to no higher level, or before anything is met"
        if unknown := set(cell.orders) - {"stop_payment"}:
            yield f"knows no order {', '.join(sorted(unknown))}"
        if met is Met.TRANSFERRED and not cell.orders:
            yield "money already sent needs the stop_payment order"
        if cell.keep_while or cell.repeat:
            yield from self._goes_on(tier, met, cell)

    def _goes_on(self, tier: Tier, met: Met, cell: Cell) -> Iterator[str]:
        if tier not in CALLS:
            yield "only calls are repeated"
        if not cell.again or (cell.again[-1] <= timedelta() and met is not Met.NOT_PLACED):
            yield "goes on without a wait"
        if cell.repeat and not (cell.lasts or self.chain.expires_after):
            yield "repeats for ever: neither `lasts` nor an expiry ends it"
