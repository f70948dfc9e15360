"""What goes wrong: each kind of fault a small object with a name, its plan drawn from the seed."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random

from django.db import DEFAULT_DB_ALIAS, OperationalError, connections

from telephony.carrier import CarrierError
from telephony.carriers.simulated import Behaviour
from warning_center.simulation.hosts import Died

Tally = Counter[str]


@dataclass(frozen=True, slots=True)
class Spell:
    """A time in which something is gone."""

    begins: datetime
    ends: datetime


@dataclass(frozen=True, slots=True)
class Span:
    """The day: its hours, and the moments at which something comes in."""

    hours: float
    busy: Sequence[datetime]


def spells(luck: Random, span: Span, *, every: float, lasts: tuple[float, float]) -> list[Spell]:
    """Spells of so many seconds, one in so many hours in the mean, at least one, that do not overlap.

    Each begins just before something comes in: in the still of the night nobody would notice.
    """
    many = max(1, round(span.hours / every))
    begins = sorted(
        luck.choice(span.busy).replace(microsecond=0) - timedelta(seconds=luck.randrange(5))
        for _ in range(many)
    )
    lengths = [timedelta(seconds=round(luck.uniform(*lasts))) for _ in begins]
    drawn = [Spell(at, at + length) for at, length in zip(begins, lengths, strict=True)]
    apart = [a for a, b in pairwise(drawn) if a.ends < b.begins]
    return [*apart, drawn[-1]]


_NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(slots=True)
class _Spells:
    """The spell that is under way, if any; time only goes forward."""

    plan: list[Spell]
    _next: int = 0
    _quiet_until: datetime | None = None

    def under_way(self, now: datetime) -> Spell | None:
        if self._quiet_until is not None and now < self._quiet_until:
            return None  # asked at each statement
        while self._next < len(self.plan) and self.plan[self._next].ends <= now:
            self._next += 1
        if self._next < len(self.plan) and self.plan[self._next].begins <= now:
            return self.plan[self._next]
        self._quiet_until = self.plan[self._next].begins if self._next < len(self.plan) else _NEVER
        return None

    def next_change(self, now: datetime) -> datetime | None:
        if spell := self.under_way(now):
            return spell.ends
        return None if self._quiet_until == _NEVER else self._quiet_until


class Fault:
    """A kind of fault. What it does not override does nothing."""

    name = ""

    def __init__(self, luck: Random, span: Span, tally: Tally) -> None:
        self.luck, self.tally = luck, tally
        self.draw(span)

    def draw(self, span: Span) -> None:
        """Draw the plan."""

    def step(self, what: str, now: datetime) -> None:
        """Before and after each statement and request of a part. May raise."""

    def befall(self, how: Behaviour) -> Behaviour:
        """What becomes of a call's news."""
        return how

    def under_way(self, now: datetime) -> bool:
        """Whether nobody can be held to promises of time this moment."""
        return False

    def next_change(self, now: datetime) -> datetime | None:
        """When that changes."""
        return None

    def ahead(self, host: int) -> timedelta:
        """How far the clock of the n-th host is ahead."""
        return timedelta()

    def count(self) -> None:
        self.tally[self.name] += 1


class Dying(Fault):
    """A process dies between any two writes; what it had not committed is undone, its memory is gone."""

    name = "dying"
    EVERY = (200, 4000)  # steps from one death to the next

    def draw(self, span: Span) -> None:
        self._left = self.luck.randint(*self.EVERY)

    def step(self, what: str, now: datetime) -> None:
        self._left -= 1
        if self._left <= 0:
            self._left = self.luck.randint(*self.EVERY)
            self.count()
            raise Died(what)


class Lost(Fault):
    """The news of a call never comes."""

    name = "lost"
    SHARE = 0.05

    def befall(self, how: Behaviour) -> Behaviour:
        if self.luck.random() >= self.SHARE:
            return how
        self.count()
        return self.change(how)

    def change(self, how: Behaviour) -> Behaviour:
        return replace(how, lose=True)


class Late(Lost):
    """The news comes late."""

    name = "late"
    BY = (5, 300)  # seconds

    def change(self, how: Behaviour) -> Behaviour:
        return replace(how, delay=timedelta(seconds=round(self.luck.uniform(*self.BY), 1)))


class Double(Lost):
    """Each piece of news comes twice."""

    name = "double"

    def change(self, how: Behaviour) -> Behaviour:
        return replace(how, twice=True)


class Reordered(Lost):
    """The news comes in the opposite order."""

    name = "reordered"

    def change(self, how: Behaviour) -> Behaviour:
        return replace(how, backwards=True)


class Outage(Fault):
    """For a time the carriers take no call and tell of none; of some they have taken we never hear."""

    name = "outage"
    EVERY, LASTS = 4.0, (20.0, 200.0)  # hours, seconds

    def draw(self, span: Span) -> None:
        self._spells = _Spells(spells(self.luck, span, every=self.EVERY, lasts=self.LASTS))

    def step(self, what: str, now: datetime) -> None:
        if what in ("statement", "stated", "end") or self._spells.under_way(now) is None:
            return
        if what == "place" and self.luck.random() < 0.2:
            return  # this one gets through; "placed" is next, and is not heard
        self.count()
        certain = what == "place" and self.luck.random() < 0.5
        raise CarrierError("no answer", certain=certain)

    def under_way(self, now: datetime) -> bool:
        return self._spells.under_way(now) is not None

    def next_change(self, now: datetime) -> datetime | None:
        return self._spells.next_change(now)


class Skew(Fault):
    """Each host's clock is some seconds ahead or behind."""

    name = "skew"
    MOST = 3.0  # seconds

    def draw(self, span: Span) -> None:
        self._ahead = [
            timedelta(seconds=round(self.luck.uniform(-self.MOST, self.MOST), 1)) for _ in range(16)
        ]
        self.count()

    def ahead(self, host: int) -> timedelta:
        return self._ahead[host % len(self._ahead)]


class Restart(Fault):
    """The database restarts: open connections are dead, and for a time no statement succeeds."""

    name = "restart"
    EVERY, LASTS = 6.0, (5.0, 60.0)  # hours, seconds

    def draw(self, span: Span) -> None:
        self._spells = _Spells(spells(self.luck, span, every=self.EVERY, lasts=self.LASTS))
        self._seen: Spell | None = None

    def step(self, what: str, now: datetime) -> None:
        if what not in ("statement", "stated"):
            return
        spell = self._spells.under_way(now)
        if spell is None:
            return
        if spell != self._seen:
            self._seen = spell
            self.count()
            self._cut()
        raise OperationalError("the database system is shutting down")

    def under_way(self, now: datetime) -> bool:
        return self._spells.under_way(now) is not None

    def next_change(self, now: datetime) -> datetime | None:
        return self._spells.next_change(now)

    def _cut(self) -> None:
        """The connection is dead, and our side does not know it yet. (A database in memory would be gone.)"""
        database = connections[DEFAULT_DB_ALIAS]
        if database.vendor == "postgresql" and database.connection is not None:
            database.connection.close()
            database.errors_occurred = True


KINDS: Mapping[str, type[Fault]] = {
    kind.name: kind for kind in (Dying, Lost, Late, Double, Reordered, Outage, Skew, Restart)
}


@dataclass(slots=True)
class Plan:
    """The faults of one day, and what has happened of them."""

    faults: Sequence[Fault]
    tally: Tally = field(default_factory=Tally)

    def befall(self, how: Behaviour) -> Behaviour:
        for fault in self.faults:
            how = fault.befall(how)
        return how

    def under_way(self, now: datetime) -> bool:
        return any(fault.under_way(now) for fault in self.faults)

    def next_change(self, now: datetime) -> datetime | None:
        return _first([fault.next_change for fault in self.faults], now)

    def ahead(self, host: int) -> timedelta:
        return sum((fault.ahead(host) for fault in self.faults), timedelta())


def _first(asked: Sequence[Callable[[datetime], datetime | None]], now: datetime) -> datetime | None:
    return min((at for ask in asked if (at := ask(now))), default=None)


def plan(names: Sequence[str], *, seed: int, span: Span) -> Plan:
    """The faults of these names; each draws from luck of its own, so that one more changes no other's plan."""
    tally = Tally()
    drawn = [KINDS[name](Random(f"{seed}:fault:{name}"), span, tally) for name in names]  # noqa: S311
    return Plan(drawn, tally)
