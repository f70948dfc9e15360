"""What each trunk carries this moment, and how many more it may begin: its carrier never counts more in any one second.

A carrier counts whomever it rings: the person, and each of ours who is rung into the call.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db.models import Count, Exists, Max, Min, OuterRef, Q, QuerySet

from telephony import clock
from telephony.models import Call, Leg, Trunk
from telephony.prepared import prepared

WINDOW = timedelta(seconds=1)
HELD_FOR = timedelta(seconds=30)  # of the machine's: who has died cannot give back a place
IN_TIME = timedelta(
    seconds=15
)  # of the machine's: whoever begins to ask by then has been answered while it is held


@dataclass(frozen=True, slots=True)
class Load:
    """What one trunk carries: calls to people, `legs` to ours, and calls whose operator is `to_come` once somebody
    answers. Of calls and legs so many its carrier is being asked for (`placing`), and so many it was asked for in
    the last second (`begun`). `waiting` are legs that wait for their turn."""

    calls: int = 0
    legs: int = 0
    to_come: int = 0
    placing: int = 0
    begun: int = 0
    waiting: int = 0

    @property
    def lines(self) -> int:
        """The lines that are taken, or kept for who is to be rung."""
        return self.calls + self.legs + self.to_come


NOTHING = Load()


def loads(now: datetime, joining: Collection[int]) -> Mapping[int | None, Load]:
    """What each trunk carries; `joining` are the ids of those into whose calls others can be rung."""
    found: dict[int | None, Load] = {}
    since, asked = now - WINDOW, now - HELD_FOR * clock.pace()

    def add(trunk: int | None, **more: int) -> None:
        load = found.get(trunk, NOTHING)
        found[trunk] = replace(load, **{name: getattr(load, name) + many for name, many in more.items()})

    for trunk, many, placing in _carried(asked):
        add(trunk, calls=many, placing=placing)
    for begun_on in _placed(since):
        add(begun_on, begun=1)
    for trunk, many, placing, waiting in _joined(joining, asked):
        add(trunk, legs=many, placing=placing, waiting=waiting)
    for begun_on, many in _rung(joining, since):
        add(begun_on, begun=many)
    for begun_on, many in _to_come(joining):
        add(begun_on, to_come=many)
    return found


def until_next(now: datetime) -> timedelta | None:
    """How long until a trunk that has begun as many as it may in a second may begin another; None: none has."""
    since, begun, moments = now - WINDOW, Counter[int](), dict[int, list[datetime]]()
    most = {}
    for trunk, per_second, many, first in (*_first_placed(since), *_first_rung(since)):
        begun[trunk] += many
        moments.setdefault(trunk, []).append(first)
        most[trunk] = _most(per_second)
    full = [min(moments[trunk]) for trunk, many in begun.items() if many >= most[trunk]]
    return max(timedelta(), min(full) + WINDOW - now) if full else None


@prepared
def _first_placed(since: datetime) -> QuerySet[Call, tuple[int, float, int, datetime]]:
    placed = Call.objects.filter(placed_at__gt=since).order_by().values_list("trunk")
    counted = placed.annotate(Max("trunk__per_second"), Count("pk"), Min("placed_at"))
    return counted.values_list("trunk", "trunk__per_second__max", "pk__count", "placed_at__min")


@prepared
def _first_rung(since: datetime) -> QuerySet[Leg, tuple[int, float, int, datetime]]:
    rung = Leg.objects.filter(placed_at__gt=since).order_by().values_list("call__trunk")
    counted = rung.annotate(Max("call__trunk__per_second"), Count("pk"), Min("placed_at"))
    return counted.values_list("call__trunk", "call__trunk__per_second__max", "pk__count", "placed_at__min")


@prepared
def _carried(since: datetime) -> QuerySet[Call, tuple[int, int, int]]:
    placing = Q(placed_at=None, dialled_at__gt=since)
    rows = Call.objects.on_line().filter(~Q(trunk=None)).order_by().values_list("trunk")
    counted = rows.annotate(Count("pk"), placing=Count("pk", filter=placing))
    return counted.values_list("trunk", "pk__count", "placing")


@prepared
def _placed(since: datetime) -> QuerySet[Call, int | None]:
    """Of each its trunk: they are few, and counted by trunk they would be looked for trunk by trunk."""
    return Call.objects.filter(placed_at__gt=since).order_by().values_list("trunk", flat=True)


@prepared
def _joined(trunks: Collection[int], since: datetime) -> QuerySet[Leg, tuple[int, int, int, int]]:
    wanted = Q(state=Leg.State.WANTED)
    placing = Q(placed_at=None, dialled_at__gt=since)
    rows = Leg.objects.live().filter(call__trunk__in=trunks).order_by().values_list("call__trunk")
    counted = rows.annotate(
        many=Count("pk", filter=~wanted),
        placing=Count("pk", filter=placing),
        waiting=Count("pk", filter=wanted),
    )
    return counted.values_list("call__trunk", "many", "placing", "waiting")


@prepared
def _rung(trunks: Collection[int], since: datetime) -> QuerySet[Leg, tuple[int | None, int]]:
    recent = Leg.objects.filter(placed_at__gt=since, call__trunk__in=trunks).order_by()
    return recent.values_list("call__trunk").annotate(Count("pk")).values_list("call__trunk", "pk__count")


@prepared
def _to_come(trunks: Collection[int]) -> QuerySet[Call, tuple[int | None, int]]:
    """Calls of operators with a phone, which has not been rung yet."""
    rung = Leg.objects.filter(call=OuterRef("pk"))
    led = Call.objects.on_line().filter(trunk__in=trunks, desk__isnull=False).exclude(desk__address="")
    rows = led.filter(~Exists(rung)).order_by().values_list("trunk")
    return rows.annotate(Count("pk")).values_list("trunk", "pk__count")


def is_late(dialled_at: datetime | None, now: datetime) -> bool:
    """Whether so long has gone by since the decision that the place may be given to another meanwhile."""
    return dialled_at is not None and now > dialled_at + IN_TIME * clock.pace()


def left(trunk: Trunk, load: Load) -> int:
    """How many more it may begin. Each holds its place from the decision until a second after its carrier answered.

    The request reaches the carrier somewhere in between. So of all that reach it within one second, the last one
    finds the places of all others still held: with no more places than calls a second there are never more.
    """
    return _most(trunk.per_second) - load.placing - load.begun


def _most(per_second: float) -> int:
    return max(1, int(per_second))
