"""The lives of one chain of cases as plain facts with their times, as far as figures ask for them. No Django."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from dispatch.vocabulary import Disposition, FraudType, Level, OrderState, Outcome, Result, Tier


@dataclass(frozen=True, slots=True)
class Told:
    """A directive: when it was received, from whom, and the case it opened or joined."""

    pk: int
    case: int
    received_at: datetime
    source: str


@dataclass(frozen=True, slots=True)
class Tried:
    """An attempt. `allowed` is what its own policy promised for its stages, by name."""

    tier: Tier
    starts_at: datetime
    started_at: datetime | None = None
    acknowledged_at: datetime | None = None
    arrived_at: datetime | None = None
    ended_at: datetime | None = None
    result: Result | None = None
    disposition: Disposition | None = None
    judged_at: datetime | None = None
    judged_by: int | None = None
    unit: int | None = None
    answered_at: datetime | None = None  # the call was
    hung_up_at: datetime | None = None
    allowed: Mapping[str, timedelta] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ordered:
    """A stop-payment order."""

    drafted_at: datetime
    due_at: datetime
    submitted_at: datetime | None = None
    ended_at: datetime | None = None
    state: str = ""
    held: Decimal | None = None

    @property
    def answered_late(self) -> bool:
        """Whether the bank answered after the deadline: from then until it did, the order stood unanswered."""
        return self.state == OrderState.ANSWERED and self.ended_at is not None and self.ended_at > self.due_at

    def stood(self, at: datetime) -> str:
        """How it stood at a moment after it was drafted."""
        if self.ended_at is not None and self.ended_at <= at:
            return self.state
        if self.answered_late and self.due_at <= at:
            return OrderState.UNANSWERED
        is_submitted = self.submitted_at is not None and self.submitted_at <= at
        return OrderState.SUBMITTED if is_submitted else OrderState.DRAFTED


@dataclass(frozen=True, slots=True)
class Said:
    """A sum that somebody named."""

    kind: str
    amount: Decimal
    at: datetime
    said_by: str


@dataclass(frozen=True, slots=True)
class Used:
    """What an operator said of a script in one attempt, by the words and numbers of the mark."""

    attempt: int
    at: datetime
    fraud: str
    situation: str
    version: int
    helped: bool
    sentence: str = ""


@dataclass(frozen=True, slots=True)
class Life:
    """One case of a chain, its attempts in the order they were written."""

    pk: int
    opened_at: datetime
    level: Level
    fraud: FraudType
    path: str
    closed_at: datetime | None = None
    outcome: Outcome | None = None
    reached_at: datetime | None = None
    listened_at: datetime | None = None
    agreed_at: datetime | None = None
    verified_at: datetime | None = None
    closed_by: int | None = None
    followed_at: datetime | None = None  # a case was opened that follows it
    warnings: int = 0  # earlier ones within 30 days
    birth_year: int | None = None
    sex: str = ""
    occupation: str = ""
    tried: tuple[Tried, ...] = ()
    orders: tuple[Ordered, ...] = ()
    sums: tuple[Said, ...] = ()
    used: tuple[Used, ...] = ()  # in the order they were said

    def outcome_at(self, at: datetime) -> Outcome | None:
        """How it had ended by then; None: it had not."""
        return self.outcome if self.closed_at is not None and self.closed_at <= at else None


@dataclass(frozen=True, slots=True)
class Chain:
    """The cases of one effort, the first of them first, and all their directives by time of receipt."""

    root: int
    lives: tuple[Life, ...]
    told: tuple[Told, ...]

    def life(self, pk: int) -> Life:
        return next(life for life in self.lives if life.pk == pk)
