"""What would have been otherwise: the courses of the same cases under two policies, side by side. No Django."""

from dataclasses import dataclass, field
from datetime import datetime
from statistics import median
from typing import TypeVar

from dispatch.replay.history import Course, History
from dispatch.vocabulary import Level, Outcome

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Risen:
    """A case whose highest level is another one."""

    case: str
    before: Level
    after: Level
    at: datetime | None  # when it would have risen above what it came to; None: it comes less high


@dataclass(frozen=True, slots=True)
class Sent:
    """A case whose first visit is sent at another time, or only under one of the two policies."""

    case: str
    before: datetime | None
    after: datetime | None
    minutes: float | None  # later by so many, less than 0: earlier; None: sent under one policy only


@dataclass(frozen=True, slots=True)
class Called:
    """A case that costs more or fewer calls."""

    case: str
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class Ending:
    """A case that ends otherwise; None: still open where its record ends."""

    case: str
    before: Outcome | None
    after: Outcome | None


@dataclass(frozen=True, slots=True)
class Unknown:
    """A case of which nothing is known from a moment on: a tier begins that was never tried."""

    case: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Comparison:
    """All of it. Rows name the cases that change; counts are of cases unless they say otherwise."""

    cases: int = 0
    reproduced: int = 0  # the baseline went as it went in fact: the same levels, calls and outcome
    strayed: tuple[str, ...] = ()  # the others, by number
    failed: tuple[str, ...] = ()  # could not be played at all
    guessed: int = 0  # their facts are not on record by their time
    assumed: int = 0  # in which something rests on an assumption, under the candidate
    changed: int = 0  # in which anything at all is otherwise
    risen: tuple[Risen, ...] = ()
    sent: tuple[Sent, ...] = ()
    called: tuple[Called, ...] = ()
    ended: tuple[Ending, ...] = ()
    unknown: tuple[Unknown, ...] = ()
    compared: int = 0  # known to the end under both policies: only these count below
    calls_before: int = 0
    calls_after: int = 0
    visits_before: int = 0  # cases with a visit
    visits_after: int = 0

    @property
    def earlier(self) -> tuple[Sent, ...]:
        return tuple(row for row in self.sent if row.minutes is not None and row.minutes < 0)

    @property
    def later(self) -> tuple[Sent, ...]:
        return tuple(row for row in self.sent if row.minutes is not None and row.minutes > 0)

    @property
    def newly_sent(self) -> tuple[Sent, ...]:
        return tuple(row for row in self.sent if row.before is None)

    @property
    def no_more_sent(self) -> tuple[Sent, ...]:
        return tuple(row for row in self.sent if row.after is None)

    @property
    def minutes_earlier(self) -> float | None:
        """The median of those that go earlier."""
        return median(-(row.minutes or 0) for row in self.earlier) if self.earlier else None

    @property
    def minutes_later(self) -> float | None:
        """The median of those that go later."""
        return median(row.minutes or 0 for row in self.later) if self.later else None


def reproduces(course: Course, history: History) -> bool:
    """Whether a course is what happened in fact: the same levels, as many calls, the same outcome."""
    really = history.really
    levels = tuple(level for _, level in course.levels)
    return course.known and (levels, course.calls, course.outcome) == (
        really.levels,
        really.calls,
        really.outcome,
    )


@dataclass(slots=True)
class Tally:
    """Takes in case after case; only what changes is kept."""

    cases: int = 0
    reproduced: int = 0
    guessed: int = 0
    assumed: int = 0
    changed: int = 0
    compared: int = 0
    calls: list[int] = field(default_factory=lambda: [0, 0])
    visits: list[int] = field(default_factory=lambda: [0, 0])
    strayed: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    risen: list[Risen] = field(default_factory=list)
    sent: list[Sent] = field(default_factory=list)
    called: list[Called] = field(default_factory=list)
    ended: list[Ending] = field(default_factory=list)
    unknown: list[Unknown] = field(default_factory=list)

    def fail(self, case: str) -> None:
        """A case that could not be played."""
        self.cases += 1
        self.failed.append(case)

    def add(self, history: History, before: Course, after: Course) -> None:
        """One case under the policy it ran under, and under the candidate."""
        case = history.number
        self.cases += 1
        self.guessed += history.guessed
        self.assumed += after.assumed > 0
        if reproduces(before, history):
            self.reproduced += 1
        else:
            self.strayed.append(case)
        if not (before.known and after.known):
            since = min(filter(None, (before.unknown_from, after.unknown_from)))
            self.unknown.append(Unknown(case, since))
        known = before.known and after.known
        rows = (
            _keep(self.risen, _risen(case, before, after)),
            _keep(self.sent, _sent(case, before, after)),
            known and _keep(self.called, _called(case, before, after)),
            known and _keep(self.ended, _ended(case, before, after)),
        )
        self.changed += any(rows)
        if known:
            self._count(before, after)

    def _count(self, before: Course, after: Course) -> None:
        self.compared += 1
        for n, course in enumerate((before, after)):
            self.calls[n] += course.calls
            self.visits[n] += course.first_visit is not None

    def total(self) -> Comparison:
        """What has been taken in so far."""
        return Comparison(
            cases=self.cases,
            reproduced=self.reproduced,
            strayed=tuple(self.strayed),
            failed=tuple(self.failed),
            guessed=self.guessed,
            assumed=self.assumed,
            changed=self.changed,
            risen=tuple(self.risen),
            sent=tuple(self.sent),
            called=tuple(self.called),
            ended=tuple(self.ended),
            unknown=tuple(self.unknown),
            compared=self.compared,
            calls_before=self.calls[0],
            calls_after=self.calls[1],
            visits_before=self.visits[0],
            visits_after=self.visits[1],
        )


def _keep(rows: list[Row], row: Row | None) -> bool:
    """Keep what there is; whether there was anything."""
    if row is not None:
        rows.append(row)
    return row is not None


def _risen(case: str, before: Course, after: Course) -> Risen | None:
    if after.highest > before.highest and before.known:
        at = next(at for at, level in after.levels if level > before.highest)
        return Risen(case, before.highest, after.highest, at)
    if after.highest < before.highest and after.known:
        return Risen(case, before.highest, after.highest, None)
    return None


def _sent(case: str, before: Course, after: Course) -> Sent | None:
    """Where a course is unknown from some moment on, a visit that it has not seen by then may still come."""
    if before.first_visit == after.first_visit:
        return None
    if before.first_visit and after.first_visit:
        minutes = (after.first_visit - before.first_visit).total_seconds() / 60
        return Sent(case, before.first_visit, after.first_visit, minutes)
    missing = after if after.first_visit is None else before
    return Sent(case, before.first_visit, after.first_visit, None) if missing.known else None


def _called(case: str, before: Course, after: Course) -> Called | None:
    return None if before.calls == after.calls else Called(case, before.calls, after.calls)


def _ended(case: str, before: Course, after: Course) -> Ending | None:
    return None if before.outcome is after.outcome else Ending(case, before.outcome, after.outcome)
