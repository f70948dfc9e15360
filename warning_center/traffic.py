"""The load as this centre's own record shows it: directives and calls of its busiest hour, and what a call takes."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Any

from django.db.models import Avg, Case, Count, F, Min, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce, ExtractHour

from dispatch.models import Attempt, Unit
from dispatch.vocabulary import CALLS, Level, Result
from telephony.carrier import CallStatus
from warning_center.models import Directive
from warning_center.planning.load import Measured, Quantity

DAY = timedelta(days=1)


class NothingRecordedError(LookupError):
    """The window holds no call that was dialled, or waited for a line in vain."""


@dataclass(frozen=True, slots=True)
class Window:
    """From `since` until `until`, in a unit's subtree; None: everywhere."""

    since: datetime
    until: datetime
    unit: Unit | None = None

    @property
    def under(self) -> str:
        """What the paths of the subtree begin with."""
        return (self.unit.path if self.unit else None) or ""


def measure(window: Window, at: int | None = None) -> Measured:
    """The load at an hour of the day (0 to 23, local); by default the busiest: the time-consistent busy hour.

    That is the hour which, taken at the same time every day, saw most calls over the window (ITU-T E.600). Means
    are over the days on which the hour has come since the first directive of the window. A call counts from the
    moment it may begin, so what the night left is in the hour in which calling begins. Raises NothingRecordedError.
    """
    calls = _calls(window)
    by_hour = _by_hour(calls, "call__booked_for", "level")
    if not by_hour:
        raise NothingRecordedError
    hour = _busiest(by_hour) if at is None else at
    directives = _directives(window)
    received = _by_hour(directives, "received_at", "case__level")
    days = _days(directives, window)
    in_all, called = _over_the_day(received), _over_the_day(by_hour)
    means, seen = _means(calls)
    return Measured(
        at=hour,
        directives={level: received.get((hour, level), 0) / days for level in Level},
        calls={level: by_hour.get((hour, level), 0) / days for level in Level},
        each={level: called.get(level, 0) / n for level, n in in_all.items()},
        means=means,
        seen={
            **seen,
            Quantity.DIRECTIVES: sum(in_all.values()),
            Quantity.CALLS: sum(called.values()),
        },
    )


def _directives(window: Window) -> QuerySet[Directive]:
    received = Directive.objects.filter(received_at__gte=window.since, received_at__lt=window.until)
    return received.filter(case__unit__path__startswith=window.under) if window.under else received


def _calls(window: Window) -> QuerySet[Attempt]:
    """Calls that were dialled, or would have been, had a line been free."""
    asked = Q(call__dialled_at__isnull=False) | Q(result=Result.NOT_PLACED)
    calls = Attempt.objects.filter(
        asked, tier__in=CALLS, call__booked_for__gte=window.since, call__booked_for__lt=window.until
    )
    return calls.filter(case__unit__path__startswith=window.under) if window.under else calls


def _by_hour(rows: QuerySet[Any], moment: str, level: str) -> dict[tuple[int, Level], int]:
    counts = rows.order_by().annotate(hour=ExtractHour(moment)).values_list("hour", level)
    return {(hour, Level(of)): n for hour, of, n in counts.annotate(n=Count("pk"))}


def _busiest(by_hour: dict[tuple[int, Level], int]) -> int:
    totals: dict[int, int] = {}
    for (hour, _level), n in by_hour.items():
        totals[hour] = totals.get(hour, 0) + n
    return max(totals, key=lambda hour: (totals[hour], -hour))


def _over_the_day(by_hour: dict[tuple[int, Level], int]) -> dict[Level, int]:
    totals: dict[Level, int] = {}
    for (_hour, level), n in by_hour.items():
        totals[level] = totals.get(level, 0) + n
    return totals


def _days(directives: QuerySet[Directive], window: Window) -> int:
    first = directives.aggregate(at=Min("received_at"))["at"] or window.since
    return max(1, ceil((window.until - first) / DAY))


def _means(calls: QuerySet[Attempt]) -> tuple[dict[Quantity, float], dict[Quantity, int]]:
    """Ring, talk and wrap-up in seconds, and the share answered; the wrap-up lasts until the operator's word."""
    ended = calls.filter(call__status=CallStatus.ENDED, call__dialled_at__isnull=False)
    answered = ended.filter(call__answered_at__isnull=False)
    judged = answered.filter(judged_at__isnull=False)
    spans = {
        Quantity.RING: (ended, Coalesce(F("call__answered_at"), F("call__ended_at")) - F("call__dialled_at")),
        Quantity.TALK: (answered, F("call__ended_at") - F("call__answered_at")),
        Quantity.WRAP: (judged, _WRAP),
    }
    means, seen = {}, {}
    for quantity, (rows, span) in spans.items():
        told = rows.aggregate(mean=Avg(span), n=Count("pk"))
        if told["n"]:
            means[quantity], seen[quantity] = told["mean"].total_seconds(), told["n"]
    if rung := seen.get(Quantity.RING):
        means[Quantity.ANSWERED] = seen.get(Quantity.TALK, 0) / rung
        seen[Quantity.ANSWERED] = rung
    return means, seen


_WRAP = Case(
    When(judged_at__gt=F("call__ended_at"), then=F("judged_at") - F("call__ended_at")),
    default=Value(timedelta()),
)
