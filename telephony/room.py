"""The lines of this moment: all trunks locked together, how many calls they can take, and which trunk takes a call."""

from datetime import datetime

from django.db.models import QuerySet

from telephony import callers, calls, health, pace
from telephony.carrier import CallStatus
from telephony.models import Call, Trunk
from telephony.models.call import PAGE
from telephony.prepared import prepared
from telephony.writeback import write_back

TAKEN = ("trunk", "status", "dialled_at", "due_at", "caller")  # what a call is given with its line


class Room:
    """What the trunks in use can take now. Made inside a transaction, and the only one until that ends."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._trunks = _lock_trunks()
        busy, begun = pace.busy(now), pace.begun(now)
        well = health.trusted(self._trunks, now)
        self._named = {number for trunk in self._trunks for number in trunk.callers.split()}
        self._rooms: dict[int, int] = {}
        for trunk in self._trunks:
            trunk.refill(now)
            carried, placing = busy.get(trunk.pk, (0, 0))
            free = health.most(trunk, well) - carried if trunk in well else 0
            may_begin = pace.left(trunk, placing, begun.get(trunk.pk, 0))
            self._rooms[trunk.pk] = max(0, min(int(trunk.tokens), free, may_begin))

    @property
    def left(self) -> int:
        """How many more calls can be dialled this moment."""
        return sum(self._rooms.values())

    def take(self, call: Call) -> None:
        """Give a call a line, in memory: it is DIALLING once it and the room are saved. There must be one left for it:
        see `can_take`."""
        trunk = self._pick(call)
        call.caller = call.caller or next(iter(trunk.callers.split()), "")
        self._rooms[trunk.pk] -= 1
        trunk.tokens -= 1
        call.trunk, call.status = trunk, CallStatus.DIALLING
        call.dialled_at, call.due_at = self._now, self._now + calls.SILENCE

    def save(self) -> None:
        """Write the buckets."""
        write_back(self._trunks, ["tokens", "filled_at"])

    def can_take(self, call: Call) -> bool:
        """Whether a line is free for it: one that may show the number this person has been shown before."""
        if self._named and not call.caller:
            call.caller = callers.shown_before(call, self._named)
        return bool(self._free(call))

    def _pick(self, call: Call) -> Trunk:
        """The first trunk with room that has not just failed this call; failing that, any with room."""
        free = self._free(call)
        return next((t for t in free if t.pk not in call.avoid), free[0])

    def _free(self, call: Call) -> list[Trunk]:
        free = [t for t in self._trunks if self._rooms[t.pk] > 0 and t.can(*call.ways)]
        return [t for t in free if not call.caller or t.can(PAGE) or call.caller in t.callers.split()]


@prepared
def _lock_trunks() -> QuerySet[Trunk]:
    return Trunk.objects.filter(enabled=True).order_by("priority", "pk").select_for_update()
