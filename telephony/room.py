"""The lines of this moment: all trunks locked together, how many calls they can take, and which trunk takes a call."""

from datetime import datetime

from django.db.models import Count, Q, QuerySet

from telephony import calls
from telephony.carrier import CallStatus
from telephony.models import Call, Trunk
from telephony.prepared import prepared
from telephony.writeback import write_back

TAKEN = ("trunk", "status", "dialled_at", "due_at")  # what a call is given with its line


class Room:
    """What the trunks in use can take now. Made inside a transaction, and the only one until that ends."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._trunks = _lock_trunks()
        busy = dict(_busy())
        self._rooms: dict[int, int] = {}
        for trunk in self._trunks:
            trunk.refill(now)
            free = trunk.concurrent - busy.get(trunk.pk, 0)
            self._rooms[trunk.pk] = max(0, min(int(trunk.tokens), free))

    @property
    def left(self) -> int:
        """How many more calls can be dialled this moment."""
        return sum(self._rooms.values())

    def take(self, call: Call) -> None:
        """Give a call a line, in memory: it is DIALLING once it and the room are saved. There must be one left."""
        trunk = self._pick(call)
        self._rooms[trunk.pk] -= 1
        trunk.tokens -= 1
        call.trunk, call.status = trunk, CallStatus.DIALLING
        call.dialled_at, call.due_at = self._now, self._now + calls.SILENCE

    def save(self) -> None:
        """Write the buckets."""
        write_back(self._trunks, ["tokens", "filled_at"])

    def _pick(self, call: Call) -> Trunk:
        """The first trunk with room that has not just failed this call; failing that, any with room."""
        free = [t for t in self._trunks if self._rooms[t.pk] > 0]
        return next((t for t in free if t.pk not in call.avoid), free[0])


@prepared
def _lock_trunks() -> QuerySet[Trunk]:
    return Trunk.objects.filter(enabled=True).order_by("priority", "pk").select_for_update()


@prepared
def _busy() -> QuerySet[Call, tuple[int, int]]:
    """How many calls each trunk carries."""
    rows = Call.objects.on_line().filter(~Q(trunk=None)).order_by().values_list("trunk")
    return rows.annotate(Count("pk")).values_list("trunk", "pk__count")
