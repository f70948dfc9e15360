"""Under which keys a directive counts: the cuts of every page, each key with a sum where there is one. No Django.

What belongs to a case and not to a directive (its visits, orders, sums) stands with one directive: the first that
opened or joined the case; of a case that has none, the one that stands for the case before it.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from decimal import Decimal
from functools import lru_cache

from dispatch.vocabulary import CALLS, UNCOUNTED, Level, OrderState, Outcome, Result, Stage, Tier
from warning_center.supervision.counting import profile
from warning_center.supervision.counting.life import Chain, Life, Told, Tried, Used
from warning_center.supervision.counting.profile import Profile

# How much of the profile is kept beside a cut's key.
FULL = ("", "fraud", "source")
DISTRIBUTIONS = (
    "time",
    "money",
    "visit",
    "order",
    "promise",
    "later",
    "edition",
    "edition_yes",
    "sentence",
    "talk",
)

AGES = (18, 30, 40, 50, 60, 70)  # a band begins with each
SUMS = (0, 1_000, 10_000, 50_000, 200_000, 1_000_000)  # yuan
UNKNOWN = "-"


@dataclass(frozen=True, slots=True)
class Mark:
    """One key of one cut; `total` in seconds or in cents."""

    cut: str
    key: str = ""
    total: int = 0

    @property
    def token(self) -> str:
        return f"{self.total or ''}~{self.cut}={self.key}"


def from_token(token: str) -> Mark:
    total, _, named = token.partition("~")
    cut, _, key = named.partition("=")
    return Mark(cut, key, int(total or 0))


def joined(found: Iterable[Mark]) -> str:
    """Marks as they are stored: each with a blank before and after, so that a token is found whole."""
    return " ".join(["", *(mark.token for mark in found), ""])


def parse(stored: str) -> list[Mark]:
    """Marks as they were before they were joined."""
    return [from_token(token) for token in stored.split(" ") if token]


def of_cuts(cuts: Iterable[str]) -> re.Pattern[str]:
    """What finds the marks of these cuts where they are stored: total, cut, key."""
    return re.compile(rf" (-?\d*)~({'|'.join(map(re.escape, cuts))})=(\S*)")


def level_code(level: int) -> str:
    """The profile that keeps a level alone."""
    return Profile(level=Level(level)).code


def grain(cut: str, standing: Profile) -> Profile:
    """What of a profile is kept in the cells of a cut."""
    if cut in FULL:
        return standing
    return (
        profile.level_only(standing)
        if cut.split(".", maxsplit=1)[0] in DISTRIBUTIONS
        else profile.plain(standing)
    )


@lru_cache(maxsize=65536)
def kept(cut: str, code: str) -> str:
    """The same from a profile's code to the code that is kept."""
    return grain(cut, profile.parse(code)).code


def marks(chain: Chain, told: Told, at: datetime, life: Life, standing: Profile, zone: tzinfo) -> list[Mark]:
    """All marks of a directive whose deciding case by then is `life`."""
    found = [
        Mark(""),
        Mark("fraud", life.fraud.value),
        Mark("source", told.source),
        Mark("hour", f"{told.received_at.astimezone(zone):%H}"),
        Mark("age", _age(life, told, zone)),
        Mark("sex", _slug(life.sex)),
        Mark("occupation", _slug(life.occupation)),
        Mark("warned", str(min(life.warnings, 5))),
        Mark("operator", _operator(life, at)),
        *(Mark("station", str(unit)) for unit in sorted(_stations(life, at))),
    ]
    if standing.outcome is Outcome.VOID:
        found.append(Mark("voider", str(life.closed_by or UNKNOWN)))
    if standing.outcome not in UNCOUNTED:
        found += _clocks(chain, told, at, life)
    theirs = [one for one in chain.lives if _home(chain, one) is told and one.opened_at <= at]
    risk = Decimal(0)
    used: list[Used] = []
    for one in theirs:
        if one.outcome_at(at) not in UNCOUNTED:
            found += [*_visits(one, at), *_orders(one, at), *_promises(one, at)]
            risk = max(risk, _newest(one, at).get("at_risk", (Decimal(0), ""))[0])
            found += _money(one, at)
            used += one.used
    found += _scripts(used, at)
    found.append(Mark("sum", _band(SUMS, int(risk)) if theirs and risk else UNKNOWN))
    return found


def _slug(words: str) -> str:
    """Free words as a key: no blank, no mark of ours, short."""
    return re.sub(r"[\s~=*]+", "·", words.strip())[:24] or UNKNOWN


def _band(edges: tuple[int, ...], size: int) -> str:
    return str(max((edge for edge in edges if edge <= size), default=edges[0]))


def _age(life: Life, told: Told, zone: tzinfo) -> str:
    if life.birth_year is None:
        return UNKNOWN
    return _band((0, *AGES), max(0, told.received_at.astimezone(zone).year - life.birth_year))


def _operator(life: Life, at: datetime) -> str:
    """Whose word stands: of the agreement, else of the last judgement."""
    judged = [t for t in life.tried if t.judged_at is not None and t.judged_at <= at]
    last = max(judged, key=lambda t: (t.judged_at or at, t.tier), default=None)
    who = profile.agreement(life, at) or last
    return str(who.judged_by) if who and who.judged_by else UNKNOWN


def _stations(life: Life, at: datetime) -> set[int]:
    return {t.unit for t in life.tried if t.tier is Tier.VISIT and t.unit and _by(t.started_at, at)}


def _home(chain: Chain, life: Life) -> Told | None:
    home = None
    for one in chain.lives:
        home = next((told for told in chain.told if told.case == one.pk), home)
        if one is life:
            break
    return home


def bucket(seconds: int) -> str:
    """The lower edge of the step a time falls on: some ten steps to each factor of ten."""
    if seconds < 10:
        return str(seconds)
    scale = 10 ** (len(str(seconds)) - 2)
    return str(max(step for step in _STEPS if step <= seconds // scale) * scale)


_STEPS = (
    10,
    11,
    12,
    13,
    14,
    15,
    16,
    18,
    20,
    22,
    24,
    26,
    28,
    30,
    33,
    36,
    39,
    43,
    47,
    51,
    56,
    62,
    68,
    75,
    82,
    91,
)


def _time(name: str, span: timedelta) -> Iterator[Mark]:
    seconds = int(span.total_seconds())
    if seconds >= 0:
        yield Mark(f"time.{name}", bucket(seconds), seconds)


def _clocks(chain: Chain, told: Told, at: datetime, life: Life) -> Iterator[Mark]:
    """All run from this directive's receipt, through whatever cases followed: the first clock."""
    since = told.received_at
    lives = [one for one in chain.lives if told.case <= one.pk <= life.pk]
    tried = [t for one in lives for t in one.tried]
    firsts = {
        "first": [t.started_at for t in tried if t.tier is not Tier.FOLLOW_UP],
        "reached": [one.reached_at for one in lives],
        "door": [t.arrived_at for t in tried],
        "closed": [life.closed_at],
    }
    for name, moments in firsts.items():
        came = [moment for moment in moments if moment is not None and since <= moment <= at]
        if came:
            yield from _time(name, min(came) - since)
    agreeing = profile.agreement(life, at)
    talk = profile.talked(agreeing) if agreeing else None
    if agreeing is not None and talk is not None:
        yield from _time("talk", talk)
        seconds = int(talk.total_seconds())
        yield Mark("talk", f"{agreeing.judged_by or UNKNOWN}:{bucket(seconds)}", seconds)


def _visits(life: Life, at: datetime) -> Iterator[Mark]:
    """What each visit found: the person's word if one was met, else the result."""
    for t in life.tried:
        if t.tier is not Tier.VISIT or t.started_at is None or t.started_at > at:
            continue
        ended = t.ended_at is not None and t.ended_at <= at
        word = t.disposition.value if t.disposition and _by(t.judged_at, at) else ""
        yield Mark("visit", word or (t.result.value if ended and t.result else "going_on"))
        for name, moment in (("ack", t.acknowledged_at), ("arrive", t.arrived_at)):
            if moment is not None and moment <= at:
                yield from _time(name, moment - t.started_at)


def _orders(life: Life, at: datetime) -> Iterator[Mark]:
    for order in life.orders:
        if order.drafted_at > at:
            continue
        state = order.stood(at)
        answered = state == OrderState.ANSWERED
        yield Mark("order", state, cents(order.held) if answered and order.held else 0)
        if order.submitted_at is not None and order.submitted_at <= at:
            yield from _time("submit", order.submitted_at - order.drafted_at)


def _promises(life: Life, at: datetime) -> Iterator[Mark]:
    """Each promise its policy made of an attempt: `kept`, or why it was broken. One still running is neither."""
    for t in life.tried:
        if t.tier in CALLS and Stage.PLANNED in t.allowed:
            yield from _promise("line", t.starts_at, t.started_at, t.allowed[Stage.PLANNED], t, at)
        if t.tier is Tier.VISIT and t.started_at is not None and t.started_at <= at:
            for name, stage, moment in (
                ("ack", Stage.SENT, t.acknowledged_at),
                ("arrive", Stage.ACKNOWLEDGED, t.arrived_at),
            ):
                if stage in t.allowed:
                    yield from _promise(name, t.started_at, moment, t.allowed[stage], t, at)
    for order in life.orders:
        state = order.stood(at)
        if state == OrderState.ANSWERED:
            yield Mark("promise", "order:late" if order.answered_late else "order:kept")
        elif state == OrderState.UNANSWERED:
            yield Mark("promise", "order:unanswered")


def _promise(
    name: str, since: datetime, came: datetime | None, allowed: timedelta, t: Tried, at: datetime
) -> Iterator[Mark]:
    if came is not None and came <= at:
        yield Mark("promise", f"{name}:kept" if came - since <= allowed else f"{name}:late")
    elif t.ended_at is not None and t.ended_at <= at and t.result not in (None, Result.CANCELLED):
        yield Mark("promise", f"{name}:{t.result}")


def _money(life: Life, at: datetime) -> Iterator[Mark]:
    """Of each kind the newest saying, with who said so."""
    for kind, (amount, who) in _newest(life, at).items():
        yield Mark(f"money.{kind}", _slug(who), cents(amount))


def _newest(life: Life, at: datetime) -> dict[str, tuple[Decimal, str]]:
    return {said.kind: (said.amount, said.said_by) for said in life.sums if said.at <= at}


def _scripts(said: Iterable[Used], at: datetime) -> list[Mark]:
    """Of each script (type and situation), and of each version, what the newest mark says, once a directive.

    `script` and `edition` say that it was marked, `script_yes` and `edition_yes` that it helped, `sentence` with which
    line. An attempt's newest mark takes the place of its earlier ones.
    """
    newest = {used.attempt: used for used in said if used.at <= at}
    by_script: dict[str, Used] = {}
    by_edition: dict[str, Used] = {}
    for used in sorted(newest.values(), key=lambda used: (used.at, used.attempt)):
        by_script[f"{used.fraud}.{used.situation}"] = used
        by_edition[str(used.version)] = used
    found = []
    for cut, marked in (("script", by_script), ("edition", by_edition)):
        found += [Mark(cut, key) for key in sorted(marked)]
        found += [Mark(f"{cut}_yes", key) for key in sorted(marked) if marked[key].helped]
    named = sorted(key for key, used in by_script.items() if used.helped and used.sentence)
    return [*found, *(Mark("sentence", f"{key}.{by_script[key].sentence}") for key in named)]


def cents(amount: Decimal) -> int:
    """Yuan as a whole number of cents."""
    return int(amount * 100)


def _by(fact: datetime | None, at: datetime) -> bool:
    return fact is not None and fact <= at
