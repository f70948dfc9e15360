"""The promises about cases, attempts, calls, orders, texts and news: each reads a few rows off the head of an index."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import partial
from operator import itemgetter
from typing import Any

from django.db.models import Max, Min, OuterRef, Q, QuerySet, Subquery

from dispatch.models import Attempt, Case, Event, News, Order
from dispatch.models.event import FAULT
from dispatch.vocabulary import Level, State, Tier
from dispatch.workflow import turn
from telephony import exchange, lines
from telephony.carrier import CallStatus
from telephony.models import Call, Desk, Leg, Link, Text, Trunk
from warning_center.watchdog.finding import SHOWN, Measured, counted, latest

SAMPLE = 25  # open cases of each level whose rows are held against each other: those that are due next
LATELY = timedelta(hours=1)
MOST = 100  # counted: more are as bad
_OF_TIER = {0: State.NEW} | {int(tier): State(tier.code) for tier in Tier}
Promise = Callable[[datetime], Measured]


def case_without_due(now: datetime) -> Measured:
    """Open cases that nothing will ever move."""
    return counted(_ids(Case.objects.open().filter(due_at=None)))


def attempt_without_due(now: datetime) -> Measured:
    """Live attempts without a promise."""
    return counted(_ids(Attempt.objects.live().filter(due_at=None)))


def overdue(level: Level, now: datetime) -> Measured:
    """How late the latest open cases of a level are."""
    cases = Case.objects.open().filter(level=level).order_by("due_at", "pk")
    return _late(cases.values_list("pk", "due_at")[:SHOWN], now)


def failed_turn(now: datetime) -> Measured:
    """Cases whose turn failed of late, whose own due time no longer tells how late they are.

    Such a case rests. When it has rested it fails again, or is well, or is overdue.
    """
    faults = Event.objects.filter(verb=FAULT, at__gt=now - 2 * turn.REST).order_by("-at")
    return counted(dict.fromkeys(faults.values_list("case", flat=True)[:MOST]))


def silent_call(now: datetime) -> Measured:
    """Calls on the line without news: how long ago the carrier was to be asked about them."""
    return _late(Call.objects.on_line().order_by("due_at", "pk").values_list("pk", "due_at")[:SHOWN], now)


def stale_call(now: datetime) -> Measured:
    """Booked calls that nobody has called off: how long ago the time to dial them was up."""
    booked = Call.objects.filter(status=CallStatus.BOOKED).order_by("until")
    return _late(booked.values_list("pk", "until")[:SHOWN], now)


def unmanned_call(now: datetime) -> Measured:
    """Calls that wait for an operator while nobody has signed in at any desk that serves their part: for how long."""
    areas = set(Desk.objects.here().values_list("area", flat=True))
    if "" in areas:
        return latest(())
    served = Q(area="") if areas else Q(pk=None)
    for area in areas:
        served |= Q(area__startswith=area)
    waiting = (Call.objects.waiting(now, needs=needs).exclude(served) for needs in exchange.needed())
    return _late([row for calls in waiting for row in calls.values_list("pk", "due_at")[:SHOWN]], now)


def narrow_trunk(now: datetime) -> Measured:
    """Trunks in use whose one line never carries an operator's call, which takes two there."""
    enabled = Trunk.objects.filter(enabled=True).order_by("pk")
    return counted(trunk.pk for trunk in enabled if lines.is_too_narrow(trunk))


def unknown_code(now: datetime) -> Measured:
    """Calls of the last hour whose carrier used a word or code that no result table knows."""
    calls = Call.objects.filter(ended_at__gt=now - LATELY).exclude(unknown="").order_by("-ended_at")
    return counted(calls.values_list("pk", flat=True)[:MOST])


def overdue_order(now: datetime) -> Measured:
    """Open stop-payment orders past their deadline."""
    return _late(Order.objects.open().order_by("due_at").values_list("pk", "due_at")[:SHOWN], now)


def untended(now: datetime) -> Measured:
    """Texts, legs, links and news that nobody sees to: for how long they have been due."""
    waiting: dict[str, QuerySet[Any, Any]] = {
        "text": Text.objects.filter(state=Text.State.QUEUED),
        "leg": Leg.objects.live(),
        "link": Link.objects.filter(ended_at=None),
        "news": News.objects.filter(due_at__isnull=False),
    }
    late: list[tuple[str, datetime]] = [
        (f"{kind} {pk}", due)
        for kind, rows in waiting.items()
        for pk, due in rows.order_by("due_at").values_list("pk", "due_at")[:SHOWN]
    ]
    return _late(sorted(late, key=itemgetter(1)), now)


def agreement(now: datetime) -> Measured:
    """Cases of a sample whose state is not their highest tier, or that move later than they promise, or never.

    The sample is what is due next in each level, so every open case comes by before it moves. One statement
    reads a case and its attempts: between two of them a turn could be taken.
    """
    cases = [case for level in Level for case in _next_due(level)]
    return counted(pk for pk, *told in cases if not _agrees(*told))


def _agrees(
    state: str, due: datetime, tier: int | None, attempt_due: datetime | None, order_due: datetime | None
) -> bool:
    first = min((at for at in (attempt_due, order_due) if at), default=None)
    return state == _OF_TIER[tier or 0] and first is not None and due <= first


def _next_due(level: Level) -> Iterable[tuple[Any, ...]]:
    attempts = Attempt.objects.filter(case=OuterRef("pk")).order_by()
    orders = Order.objects.open().filter(case=OuterRef("pk")).order_by()
    cases = Case.objects.open().filter(level=level).order_by("due_at", "pk")
    told = cases.annotate(
        tier=_of(attempts, Max("tier")),
        attempt_due=_of(attempts.live(), Min("due_at")),
        order_due=_of(orders, Min("due_at")),
    )
    return told.values_list("pk", "state", "due_at", "tier", "attempt_due", "order_due")[:SAMPLE]


def _of(rows: QuerySet[Any, Any], what: Max | Min) -> Subquery:
    return Subquery(rows.values("case").annotate(asked=what).values("asked"))


def _ids(rows: QuerySet[Any, Any]) -> Iterable[int]:
    ids: Iterable[int] = rows.order_by("pk").values_list("pk", flat=True)[:SHOWN]
    return ids


def _late(rows: Iterable[tuple[object, datetime | None]], now: datetime) -> Measured:
    return latest((pk, (now - due).total_seconds()) for pk, due in rows if due is not None)


PROMISES: dict[str, Promise] = {
    "case_without_due": case_without_due,
    "attempt_without_due": attempt_without_due,
    **{f"overdue_{level.code}": partial(overdue, level) for level in reversed(Level)},
    "failed_turn": failed_turn,
    "silent_call": silent_call,
    "stale_call": stale_call,
    "unmanned_call": unmanned_call,
    "narrow_trunk": narrow_trunk,
    "unknown_code": unknown_code,
    "overdue_order": overdue_order,
    "untended": untended,
    "agreement": agreement,
}
