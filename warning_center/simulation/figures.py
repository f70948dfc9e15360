"""What a simulated day came to: times, waits, desks' use, promises kept or not, outcomes; seconds and counts."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Any

from dispatch.models import Attempt, Case
from dispatch.vocabulary import Level, Result, Tier
from warning_center.models import Directive
from warning_center.simulation.asked import START, Asked
from warning_center.simulation.operators import staffed

Json = dict[str, Any]
QUANTILES = (50, 90, 99)
HOUR = timedelta(hours=1)
BY_RISK = tuple(sorted(Level, reverse=True))
Talk = tuple[datetime, datetime, datetime]  # answered, ended, written up


@dataclass(frozen=True, slots=True)
class Times:
    """A distribution of seconds: how many, and its quantiles by nearest rank; none of nothing."""

    n: int
    at: tuple[float, ...]

    def plain(self) -> Json:
        return {"n": self.n, **{f"p{q}": at for q, at in zip(QUANTILES, self.at, strict=False)}}


def times(seconds: Iterable[float]) -> Times:
    """Never below 0: clocks of hosts differ."""
    known = sorted(max(0.0, round(second, 1)) for second in seconds)
    if not known:
        return Times(0, ())
    return Times(len(known), tuple(known[max(0, ceil(q / 100 * len(known)) - 1)] for q in QUANTILES))


def by_level(rows: Iterable[tuple[int | None, datetime | None, datetime | None]]) -> Json:
    """Of rows of a level, a beginning and an end: the times between, riskiest level first."""
    found: dict[int, list[float]] = defaultdict(list)
    for level, begins, ends in rows:
        if level is not None and begins is not None and ends is not None:
            found[level].append((ends - begins).total_seconds())
    return {level.code: times(found[level]).plain() for level in BY_RISK}


def of_the_database() -> Json:
    """Everything that the rows tell, once the day is over."""
    first = Attempt.objects.filter(case__previous=None, started_at__isnull=False).order_by(
        "case", "started_at", "pk"
    )
    opened: dict[int, tuple[int, datetime, datetime | None]] = {}
    for case, level, opened_at, started_at in first.values_list(
        "case", "level", "case__opened_at", "started_at"
    ):
        opened.setdefault(case, (level, opened_at, started_at))
    cases = Case.objects.order_by("pk")
    dialled = Attempt.objects.filter(call__dialled_at__isnull=False).order_by("pk")
    return {
        "to_first_attempt": by_level(opened.values()),
        "to_reached": by_level(cases.values_list("opened_level", "opened_at", "reached_at")),
        "to_verified": by_level(cases.values_list("opened_level", "opened_at", "verified_at")),
        "wait_for_a_line": by_level(dialled.values_list("level", "call__booked_for", "call__dialled_at")),
        "promises_broken": _broken_promises(),
        "outcomes": _counts(cases.exclude(outcome="").values_list("outcome", flat=True)),
        "open": Case.objects.open().count(),
        "results": {
            tier.code: _counts(
                Attempt.objects.filter(tier=tier).exclude(result="").values_list("result", flat=True)
            )
            for tier in Tier
        },
        "arrivals": _arrivals(),
    }


def _broken_promises() -> Json:
    """Promises of time that people, or lines, did not keep."""
    ignored = Attempt.objects.filter(tier=Tier.VISIT, result=Result.NO_ACKNOWLEDGEMENT)
    return {
        "acknowledge": ignored.filter(acknowledged_at=None).count(),
        "arrive": ignored.filter(acknowledged_at__isnull=False, arrived_at=None).count(),
        "report": ignored.filter(arrived_at__isnull=False).count(),
        "no_line_in_time": Attempt.objects.filter(result=Result.NOT_PLACED).count(),
        "expiry": Case.objects.filter(outcome="expired").count(),
    }


def _arrivals() -> list[int]:
    """Directives received in each hour since the start."""
    hours: Counter[int] = Counter(
        int((at - START) / HOUR) for at in Directive.objects.values_list("received_at", flat=True)
    )
    return [hours[hour] for hour in range(max(hours, default=0) + 1)]


def desks_use(asked: Asked, talks: Iterable[Talk]) -> list[Json]:
    """Hour by hour: the seconds that operators sat at their desks, talked, and wrote up."""
    hours = ceil(asked.hours)
    talked, wrote = [0.0] * hours, [0.0] * hours
    for answered, ended, wrapped in talks:
        _spread(talked, answered, ended)
        _spread(wrote, ended, wrapped)
    return [
        {
            "hour": (START + n * HOUR).hour,
            "there": staffed(asked.operators, START + n * HOUR) * HOUR.total_seconds(),
            "talking": round(talked[n], 1),
            "writing": round(wrote[n], 1),
        }
        for n in range(hours)
    ]


def _spread(hours: list[float], begins: datetime, ends: datetime) -> None:
    """Add a span to the hours it lies in."""
    for n in range(len(hours)):
        from_, until = max(begins, START + n * HOUR), min(ends, START + (n + 1) * HOUR)
        if from_ < until:
            hours[n] += (until - from_).total_seconds()


def _counts(words: Iterable[str]) -> Mapping[str, int]:
    return dict(sorted(Counter(words).items()))
