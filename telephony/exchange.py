"""The matcher: due calls meet free trunks, the earliest rank first."""

import logging
from datetime import datetime

from django.db import transaction
from django.db.models import Count, Q

from telephony import calls
from telephony.carrier import CallStatus
from telephony.models import Call, Trunk
from telephony.signals import call_moved

logger = logging.getLogger(__name__)

# Numbers are unsealed one by one, later: a number no key opens must not keep the others waiting.
_READ = ("key", "number_index", "avoid", "status", "result", "trunk", "dialled_at", "due_at")


@transaction.atomic
def connect(*, now: datetime, limit: int = 50) -> list[Call]:
    """Give due calls a trunk; what is returned is DIALLING once this commits, and is then to be dialled.

    All trunk rows are locked together: one matcher at a time, so the most urgent call gets the first free
    line wherever it is, and no two matchers can want one number.
    """
    trunks = list(Trunk.objects.filter(enabled=True).select_for_update().order_by("priority", "pk"))
    rooms = _rooms(trunks, now)
    room = min(limit, sum(rooms.values()))
    if room <= 0:
        return []
    chosen: dict[str, Call] = {}
    for call in claim(now, room * 2):
        if len(chosen) == room:
            break
        if call.number_index in chosen:
            continue
        trunk = _pick(trunks, rooms, call)
        rooms[trunk.pk] -= 1
        trunk.tokens -= 1
        call.trunk, call.status = trunk, CallStatus.DIALLING
        call.dialled_at, call.due_at = now, now + calls.SILENCE
        chosen[call.number_index] = call
    Trunk.objects.bulk_update(trunks, ["tokens", "filled_at"])
    dialling = list(chosen.values())
    Call.objects.bulk_update(dialling, ["trunk", "status", "dialled_at", "due_at"])
    for call in dialling:
        call_moved.send(sender=Call, call=call, now=now)
    return dialling


def claim(now: datetime, many: int) -> list[Call]:
    """Lock so many of the calls that wait, the earliest rank first; one that is locked is being called off."""
    waiting = Call.objects.waiting(now).only(*_READ)
    return list(waiting.select_for_update(skip_locked=True, of=("self",))[:many])


def _rooms(trunks: list[Trunk], now: datetime) -> dict[int, int]:
    """How many calls each trunk can take this moment: the smaller of its tokens and its free channels."""
    busy = dict(
        Call.objects.on_line()
        .filter(~Q(trunk=None))
        .order_by()
        .values_list("trunk")
        .annotate(Count("pk"))
        .values_list("trunk", "pk__count")
    )
    rooms = {}
    for trunk in trunks:
        trunk.refill(now)
        rooms[trunk.pk] = max(0, min(int(trunk.tokens), trunk.concurrent - busy.get(trunk.pk, 0)))
    return rooms


def _pick(trunks: list[Trunk], rooms: dict[int, int], call: Call) -> Trunk:
    """The first trunk with room that has not just failed this call; failing that, any with room."""
    free = [t for t in trunks if rooms[t.pk] > 0]
    return next((t for t in free if t.pk not in call.avoid), free[0])


def is_anyone_waiting(now: datetime) -> bool:
    """Whether any call could be dialled, were a line free."""
    # `exists()` would drop the order, and with it the index.
    return Call.objects.waiting(now).values_list("pk", flat=True).first() is not None


def turn(*, now: datetime, limit: int = 50) -> int:
    """Match what waits, commit, and only then ring the carriers; how many calls were dialled."""
    if not is_anyone_waiting(now):
        return 0  # no reason to hold the trunks
    dialling = connect(now=now, limit=limit)
    for call in dialling:
        try:
            calls.dial(call, now=now)
        except Exception:  # one bad call must not keep the others from being dialled
            logger.exception("call %s could not be dialled", call.pk)
    return len(dialling)


def trunk_count() -> int:
    """How many trunks are in use: so many faults in a row mean that all of them failed."""
    return max(1, Trunk.objects.filter(enabled=True).count())
