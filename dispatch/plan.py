"""What the policy is told and what it answers: a case's facts in, a plan of actions out. No Django."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from dispatch.vocabulary import Disposition, Level, Outcome, Result, Stage, Tier

STOP_PAYMENT = "stop_payment"


@dataclass(frozen=True, slots=True)
class Past:
    """One attempt, as the policy sees it; `result` is None while it lives."""

    id: int
    tier: Tier
    level: Level  # the level it was planned under
    stage: Stage
    starts_at: datetime
    due_at: datetime | None  # when its stage's time is up; None once ended
    result: Result | None = None
    disposition: Disposition | None = None
    ended_at: datetime | None = None
    judged_at: datetime | None = None  # when the person's word was said, if any
    identified: bool = False  # the target, identity checked
    number: int | None = None  # which number was called
    told: bool = False  # of another branch's success
    astray: bool = (
        False  # a visit: since it was sent, a place has become known that another unit is nearer to
    )
    asked: bool = False  # a call back to somebody who asked for an officer by a key

    @property
    def heard_at(self) -> datetime:
        """When it spoke: a late word speaks from when it was said."""
        heard = self.judged_at if self.disposition else self.ended_at
        return heard or self.starts_at


@dataclass(frozen=True, slots=True)
class OpenOrder:
    """A side order that has not ended."""

    id: int
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Facts:
    """A case, as the policy sees it."""

    level: Level
    issued_at: datetime  # of the newest directive
    past: tuple[Past, ...] = ()  # oldest first
    opened_level: Level | None = None  # the level whose openers have begun
    level_set_at: datetime | None = None  # a person set the level then; earlier results raise it no more
    numbers: tuple[int, ...] = ()  # the person's known numbers, the likeliest first
    rung: Mapping[int, tuple[datetime, ...]] = field(
        default_factory=dict
    )  # per number, calls of the last 24 h, and those booked for other people
    trunks: int = 1
    can_visit: bool = True  # there is somewhere to send a visit
    met_before: bool = False  # in an earlier case of the chain, identity checked
    can_ask_next: bool = True  # when a visit is not acknowledged, somebody is left who has not been asked
    sent: frozenset[str] = frozenset()  # messages already written
    ordered: frozenset[str] = frozenset()  # side orders already drafted
    orders: tuple[OpenOrder, ...] = ()
    money_moved: bool = False


@dataclass(frozen=True, slots=True)
class Why:
    """The row of the policy that a step goes by, as the document names it: `high.voice.busy`."""

    row: str
    nth: int = 0  # such result, or check; 0 where none is counted


@dataclass(frozen=True, slots=True)
class Raise:
    """The level rises."""

    level: Level
    why: Why


@dataclass(frozen=True, slots=True)
class Opened:
    """The level's openers have begun; they begin once."""

    level: Level


@dataclass(frozen=True, slots=True)
class Settle:
    """A live attempt's time is up: it ends with this."""

    attempt: int
    result: Result


@dataclass(frozen=True, slots=True)
class Begin:
    """A planned visit's or check's hour has come."""

    attempt: int
    stage: Stage
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Recall:
    """A live attempt is stood down."""

    attempt: int


@dataclass(frozen=True, slots=True)
class Tell:
    """Whoever carries out a live attempt hears that another branch succeeded."""

    attempt: int


@dataclass(frozen=True, slots=True)
class Pace:
    """A visit under way takes the pace of a higher level: its stage's time is up sooner."""

    attempt: int
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Send:
    """A message is written."""

    what: str


@dataclass(frozen=True, slots=True)
class Order:
    """A side order is drafted."""

    what: str
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Lapse:
    """A side order's time is up: nobody answered."""

    order: int


@dataclass(frozen=True, slots=True)
class Try:
    """A new attempt: planned for later, or begun at once (then `stage` says so)."""

    tier: Tier
    starts_at: datetime
    due_at: datetime
    stage: Stage = Stage.PLANNED
    number: int | None = None
    seek: str = "first"  # which unit: first, same or next
    reinforced: bool = False
    told: bool = False  # who is sent knows of another branch's success from the first
    why: Why | None = None


@dataclass(frozen=True, slots=True)
class Close:
    """The case ends."""

    outcome: Outcome
    why: Why


Action = Raise | Opened | Settle | Begin | Recall | Tell | Pace | Send | Order | Lapse | Try | Close


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do now, and by when to look again; `due_at` is None only when the case closes."""

    actions: tuple[Action, ...]
    due_at: datetime | None
