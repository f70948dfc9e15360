"""How many calls each trunk may begin this moment, so that its carrier never counts more in any one second."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db.models import Count, Max, Min, Q, QuerySet

from telephony import clock
from telephony.models import Call, Trunk
from telephony.prepared import prepared

WINDOW = timedelta(seconds=1)
HELD_FOR = timedelta(seconds=30)  # of the machine's: who has died cannot give back a place
IN_TIME = timedelta(
    seconds=15
)  # of the machine's: whoever begins to ask by then has been answered while it is held


def busy(now: datetime) -> dict[int, tuple[int, int]]:
    """For each trunk how many calls it carries, and how many of them its carrier is being asked for this moment."""
    return {trunk: (many, placing) for trunk, many, placing in _carried(now - HELD_FOR * clock.pace())}


def begun(now: datetime) -> Mapping[int | None, int]:
    """For each trunk how many calls its carrier was asked for, and had answered, in the second that ends now."""
    return dict(_placed(now - WINDOW))


def until_next(now: datetime) -> timedelta | None:
    """How long until a trunk that has begun as many calls as it may in a second may begin another; None: none has."""
    full = [first for per_second, many, first in _first_placed(now - WINDOW) if many >= _most(per_second)]
    return max(timedelta(), min(full) + WINDOW - now) if full else None


@prepared
def _first_placed(since: datetime) -> QuerySet[Call, tuple[float, int, datetime]]:
    placed = Call.objects.filter(placed_at__gt=since).order_by().values_list("trunk")
    counted = placed.annotate(Max("trunk__per_second"), Count("pk"), Min("placed_at"))
    return counted.values_list("trunk__per_second__max", "pk__count", "placed_at__min")


@prepared
def _carried(since: datetime) -> QuerySet[Call, tuple[int, int, int]]:
    placing = Q(placed_at=None, dialled_at__gt=since)
    rows = Call.objects.on_line().filter(~Q(trunk=None)).order_by().values_list("trunk")
    counted = rows.annotate(Count("pk"), placing=Count("pk", filter=placing))
    return counted.values_list("trunk", "pk__count", "placing")


@prepared
def _placed(since: datetime) -> QuerySet[Call, tuple[int | None, int]]:
    recent = Call.objects.filter(placed_at__gt=since).order_by().values_list("trunk")
    return recent.annotate(Count("pk")).values_list("trunk", "pk__count")


def is_late(call: Call, now: datetime) -> bool:
    """Whether a call has waited so long to be asked for that its place may be given to another meanwhile."""
    return call.dialled_at is not None and now > call.dialled_at + IN_TIME * clock.pace()


def left(trunk: Trunk, placing: int, placed: int) -> int:
    """How many more it may begin. A call holds its place from the decision until a second after its carrier answered.

    The request reaches the carrier somewhere in between. So of all that reach it within one second, the last one
    finds the places of all others still held: with no more places than calls a second there are never more.
    """
    return _most(trunk.per_second) - placing - placed


def _most(per_second: float) -> int:
    return max(1, int(per_second))
