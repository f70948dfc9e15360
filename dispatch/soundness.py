"""Everything an escalation policy could do wrong, row by row: without a flaw every history ends as promised."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise

from dispatch.chain import CELLS_OF, STAGES_OF, Cell, Rules, Rung
from dispatch.flaw import Flaw
from dispatch.vocabulary import CALLS, First, Level, Met, Outcome, Stage, Tier

_CLOSES = {Met.TRANSFERRED: Outcome.ALREADY_TRANSFERRED, Met.FALSE_ALARM: Outcome.FALSE_ALARM}
_OURS = (Met.FAULT, Met.NOT_PLACED)  # they use up no call to the person
_DAY = timedelta(hours=24)
LONGEST_HEAD_START = _DAY


def flaws(rules: Rules) -> list[Flaw]:
    """What is wrong with a policy: dead ends, endless loops, tiers never reached, promises that cannot be kept."""
    spans = {
        "order_within": rules.order_within,
        "place_lasts": rules.place_lasts,
        "seen_within": rules.seen_within,
        "reach_km": rules.reach_km > 0,
        "door_tolerance": rules.door_tolerance > 0,
    }
    found = [Flaw("must be above zero", word) for word, given in spans.items() if not given]
    if not rules.levels[Level.CRITICAL].head_start <= rules.call_back <= LONGEST_HEAD_START:
        found.append(Flaw("must be at least critical's head start, and at most a day", "call_back"))
    for level in Level:
        found += _Check(rules, level).flaws()
    for lower, higher in pairwise(Level):
        if rules.levels[lower].head_start > rules.levels[higher].head_start:
            found.append(Flaw("is less than that of a lower level", f"{higher.code}.head_start"))
    return found


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

    def flaws(self) -> Iterator[Flaw]:
        begun = _reached(self.rules)
        for tier in sorted(begun):
            rung = self.chain.rungs.get(tier)
            where = f"{self.level.code}.{tier.code}"
            if rung is None:
                yield Flaw("is begun but has no row", where)
            else:
                yield from self._rung(where, tier, rung)
                yield from self._promises(where, tier, rung)
        for tier in sorted(self.chain.rungs.keys() - begun):
            yield Flaw("can never be reached", f"{self.level.code}.{tier.code}")
        yield from self._bars()

    def _bars(self) -> Iterator[Flaw]:
        chain, where = self.chain, self.level.code
        if not chain.starts:
            yield Flaw("begins nothing", f"{where}.starts")
        if chain.hours and chain.hours[0] >= chain.hours[1]:
            yield Flaw("must begin before they end", f"{where}.hours")
        if chain.expires_after is not None and not chain.expires_after:
            yield Flaw("must be above zero", f"{where}.expires_after")
        if not chain.call_back_after:
            yield Flaw("must be above zero", f"{where}.call_back_after")
        if chain.call_back_within < chain.call_back_after:
            yield Flaw("ends before it begins", f"{where}.call_back_within")
        if chain.head_start > LONGEST_HEAD_START:
            yield Flaw("must be at most a day, for so long may the others wait for it", f"{where}.head_start")
        if chain.most_calls < 0:
            yield Flaw("is a count, 0 for no cap", f"{where}.most_calls")
        if unknown := set(chain.sends) - {"sms"}:
            yield Flaw("knows no {words}", f"{where}.sends", words=", ".join(sorted(unknown)))

    def _rung(self, where: str, tier: Tier, rung: Rung) -> Iterator[Flaw]:
        for stage in STAGES_OF[tier]:
            if rung.within.get(stage, timedelta()) <= timedelta():
                yield Flaw("{stage} needs a time limit above zero", f"{where}.within", stage=stage)
        for met in sorted(CELLS_OF[tier] - rung.cells.keys()):
            yield Flaw("is missing", f"{where}.{met}")
        for met, cell in rung.cells.items():
            if met not in CELLS_OF[tier]:
                yield Flaw("cannot be met here", f"{where}.{met}")
            yield from self._cell(f"{where}.{met}", tier, met, cell)
        acknowledge, arrive = (rung.within.get(s, timedelta()) for s in (Stage.SENT, Stage.ACKNOWLEDGED))
        if tier is Tier.VISIT and acknowledge > arrive:
            yield Flaw("a visit is acknowledged before it arrives", f"{where}.within")
        if tier is Tier.FOLLOW_UP:
            if bool(rung.checks) == bool(rung.watch):
                yield Flaw("needs either checks or a watch", where)
            if list(rung.checks) != sorted(set(rung.checks)):
                yield Flaw("must come one after the other", f"{where}.checks")
            if rung.checks and rung.ways and len(rung.ways) != len(rung.checks):
                yield Flaw("says a way for each check, or none", f"{where}.ways")
        if tier is not Tier.VISIT and rung.first is not First.DISTANCE:
            yield Flaw("nobody is sent here", f"{where}.first")

    def _cell(self, where: str, tier: Tier, met: Met, cell: Cell) -> Iterator[Flaw]:
        if not (cell.then or cell.closes):
            yield Flaw("dead end: says neither what follows nor how the case closes", where)
        if any(t <= tier for t in cell.then) or (cell.keep_while and cell.keep_while <= tier):
            yield Flaw("leads down the ladder, so it could go round for ever", where)
        if cell.closes is not _CLOSES.get(met):
            if met in _CLOSES:
                yield Flaw("must close as {outcome}", where, outcome=_CLOSES[met])
            else:
                yield Flaw("must not close as {outcome}", where, outcome=str(cell.closes))
        if cell.seek not in ("same", "next"):
            yield Flaw("seek is same or next", where)
        if cell.raises and (cell.raises[0] < 1 or cell.raises[1] <= self.level):
            yield Flaw("raises to no higher level, or before anything is met", where)
        if unknown := set(cell.orders) - {"stop_payment"}:
            yield Flaw("knows no order {words}", where, words=", ".join(sorted(unknown)))
        if met is Met.TRANSFERRED and not cell.orders:
            yield Flaw("money already sent needs the stop_payment order", where)
        if cell.keep_while or cell.repeat:
            yield from self._goes_on(where, tier, met, cell)

    def _goes_on(self, where: str, tier: Tier, met: Met, cell: Cell) -> Iterator[Flaw]:
        if tier not in CALLS:
            yield Flaw("only calls are repeated", where)
        if not cell.again or (cell.again[-1] <= timedelta() and met is not Met.NOT_PLACED):
            yield Flaw("goes on without a wait", where)
        if cell.repeat and not (cell.lasts or self.chain.expires_after):
            yield Flaw("repeats for ever: neither `lasts` nor an expiry ends it", where)

    # promises that cannot be kept

    def _promises(self, where: str, tier: Tier, rung: Rung) -> Iterator[Flaw]:
        for met, cell in rung.cells.items():
            yield from self._tries(f"{where}.{met}", tier, met, cell)
        checking = rung.within.get(Stage.CHECKING, timedelta())
        for earlier, later in pairwise(rung.checks):
            if later - earlier < checking:
                yield Flaw("a check is still going on when the next one is due", f"{where}.checks")

    def _tries(self, where: str, tier: Tier, met: Met, cell: Cell) -> Iterator[Flaw]:
        """Waits and counts that the level's expiry and cap would cut off, or that are never reached."""
        chain, waited = self.chain, sum(cell.again, timedelta())
        if tier in CALLS and chain.expires_after and waited >= chain.expires_after:
            yield Flaw("its last try would come after the case has expired", where)
        calls = max(len(cell.again) + 1, cell.most)
        if tier in CALLS and met not in _OURS and waited < _DAY and 0 < chain.most_calls < calls:
            yield Flaw(
                "asks for {calls} calls, and the cap is {cap} in 24 h",
                where,
                calls=calls,
                cap=chain.most_calls,
            )
        endless = cell.repeat or (cell.keep_while and not cell.most)
        if cell.raises and not endless and cell.raises[0] > calls:
            yield Flaw(
                "raises at no. {n}, and it is tried {calls} times", where, n=cell.raises[0], calls=calls
            )
