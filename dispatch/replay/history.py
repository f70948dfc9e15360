"""One recorded case as plain data that a policy can be tried on, and the course it takes. No Django."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from dispatch.chain import Rules
from dispatch.risk import RiskRules
from dispatch.vocabulary import Disposition, FraudType, Level, Outcome, Result, Tier


@dataclass(frozen=True, slots=True)
class News:
    """What a directive reported; the first one opened the case."""

    at: datetime  # when it came in
    issued_at: datetime
    fraud: FraudType = FraudType.OTHER
    upstream: Level | None = None
    sizes: Mapping[str, int] = field(default_factory=dict)  # the case's facts with it
    numbers: tuple[int, ...] = ()  # the person's known numbers from here on
    level: Level | None = None  # a level that nobody judged: it came from another case
    merged: bool = False  # another case came in, not a directive: it tells of no relapse
    moved: bool = False  # it names a place in another area
    astray: bool | None = None  # whether it turned the visit made by then elsewhere; None: there was none


@dataclass(frozen=True, slots=True)
class Answer:
    """What the world answered to one attempt. Lengths of time count from when it began, `waited` until then."""

    result: Result | None = None  # None: a word ended it, or the policy's own limit, or it was cut short
    disposition: Disposition | None = None
    waited: timedelta = timedelta()  # a call, from its hour until it had a line
    placed: bool = True  # False: a call that found no line while it waited
    lasted: timedelta = timedelta()  # until its result, or as long as it is known
    cut: bool = False  # stood down, or still under way: what it would have met nobody knows
    watched: bool = False  # a follow-up in which nobody asks
    identified: timedelta | None = None
    spoken: timedelta | None = None  # until the person's word
    talking: timedelta | None = None  # until somebody answered
    hung_up: timedelta | None = None  # until the talk was over
    acknowledged: timedelta | None = None
    arrived: timedelta | None = None

    @property
    def ended_by_itself(self) -> timedelta | None:
        """After how long the line or a person ended it; None: its limit did, or it was cut short."""
        return self.lasted if self.result or (self.disposition and self.spoken == self.lasted) else None

    @property
    def tells_of_loss(self) -> bool:
        return self.result in (Result.LOSS, Result.RELAPSE)


@dataclass(frozen=True, slots=True)
class Ordered:
    """A stop-payment order: who drafted it, and what became of it."""

    at: datetime
    within: timedelta  # until it is due
    by_person: bool = False  # else by the chain
    answered: timedelta | None = None  # since it was drafted; None: never


@dataclass(frozen=True, slots=True)
class Rung:
    """A call to one of the person's numbers for somebody else: it counts against the cap from its booking on."""

    at: datetime
    booked_at: datetime


@dataclass(frozen=True, slots=True)
class LevelSet:
    """A level that a person set."""

    at: datetime
    level: Level


@dataclass(frozen=True, slots=True)
class Ended:
    """An ending from outside the chain: void, handed over, a duplicate."""

    at: datetime
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Really:
    """How it went in fact, as far as a course can be held against it."""

    levels: tuple[Level, ...]
    calls: int
    outcome: Outcome | None


@dataclass(frozen=True, slots=True)
class History:
    """One recorded case, without anything that a policy decided."""

    number: str
    news: tuple[News, ...]  # the opening one first
    answers: Mapping[Tier, tuple[Answer, ...]]  # of the attempts that began, in that order
    really: Really
    can_visit_from: datetime | None  # since when there was somewhere to send a visit; None: nowhere
    rung: Mapping[int, tuple[Rung, ...]] = field(default_factory=dict)  # per number, by other cases
    trunks: int = 1
    met_before: bool = False  # in an earlier case of the chain
    askable: int | None = None  # so many units let a visit go by, then nobody was left; None: never so
    orders: tuple[Ordered, ...] = ()
    levels_set: tuple[LevelSet, ...] = ()
    ended: Ended | None = None
    known_until: datetime | None = None  # an open case: the record ends here
    guessed: bool = False  # the facts are not on record by their time: the last ones stand for all

    @property
    def opened_at(self) -> datetime:
        return self.news[0].at


@dataclass(frozen=True, slots=True)
class Regime:
    """The policies a case is played under. `risks`: since when which risk policy, the oldest first."""

    chain: Rules
    risks: tuple[tuple[datetime, RiskRules], ...]

    def risk_at(self, now: datetime) -> RiskRules:
        """The risk policy in force; the oldest one before there was any."""
        return next((rules for since, rules in reversed(self.risks) if since <= now), self.risks[0][1])


@dataclass(frozen=True, slots=True)
class Tried:
    """One attempt of a course."""

    tier: Tier
    started_at: datetime | None  # None: no line was free
    result: Result | None  # None: not known, or still under way
    disposition: Disposition | None = None
    assumed: bool = False  # its answer is another attempt's, said again


@dataclass(frozen=True, slots=True)
class Course:
    """How a case goes under a policy. From `unknown_from` on nothing is known, and nothing told."""

    levels: tuple[tuple[datetime, Level], ...]
    attempts: tuple[Tried, ...]
    calls: int  # placed
    first_visit: datetime | None  # when the first visit was sent
    outcome: Outcome | None  # None: open where the record ends, or unknown
    closed_at: datetime | None
    assumed: int  # how many things rest on an assumption
    unknown_from: datetime | None = None  # a tier was begun that was never tried in fact

    @property
    def known(self) -> bool:
        """Whether it is known to its end."""
        return self.unknown_from is None

    @property
    def highest(self) -> Level:
        return max(level for _, level in self.levels)
