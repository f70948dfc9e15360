"""The lines of this moment: all trunks locked together, how many calls they can take, and which trunk takes a call."""

from datetime import datetime

from django.db.models import QuerySet

from telephony import callers, calls, health, lines, pace
from telephony.carrier import CallKind, CallStatus
from telephony.models import Call, Desk, Leg, Trunk
from telephony.models.call import PAGE
from telephony.prepared import prepared
from telephony.writeback import write_back

CARRIED = (CallKind.VOICE, CallKind.VIDEO, PAGE)
TAKEN = ("trunk", "status", "dialled_at", "due_at", "caller")  # what a call is given with its line


class Room:
    """What the trunks can take now. Made inside a transaction, and the only one until that ends.

    A leg joins somebody who is on the line already, so new calls get what the waiting legs leave. A call whose
    operator has a phone takes two lines where that is to be rung into it: else the person would wait for nobody.
    """

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._every = _lock_trunks()
        self._trunks = [trunk for trunk in self._every if trunk.enabled and trunk.can(*CARRIED)]
        self._joining = {trunk.pk for trunk in self._every if lines.can_join(trunk.carrier)}
        self._phones = set(_with_phones()) if self._joining else set()
        self._named = {number for trunk in self._trunks for number in trunk.callers.split()}
        # Of each trunk: how many more may be begun, how many more it can carry, how many legs wait for that, how many
        # calls to people it has, and how many more of these it takes.
        self._begins: dict[int, int] = {}
        self._lines: dict[int, int] = {}
        self._waiting: dict[int, int] = {}
        self._has: dict[int, int] = {}
        self._calls: dict[int, int] = {}
        loads = pace.loads(now, self._joining)
        for trunk in self._every:
            trunk.refill(now)
            load = loads.get(trunk.pk, pace.NOTHING)
            self._begins[trunk.pk] = max(0, min(int(trunk.tokens), pace.left(trunk, load)))
            self._lines[trunk.pk] = max(0, trunk.concurrent - load.lines)
            self._waiting[trunk.pk] = load.waiting
            self._has[trunk.pk] = load.calls
            self._calls[trunk.pk] = max(0, min(self._begins[trunk.pk] - load.waiting, self._spare(trunk)))

    @property
    def left(self) -> int:
        """How many more calls can be dialled this moment, at most."""
        return sum(self._calls[trunk.pk] for trunk in self._trunks)

    def take(self, call: Call) -> None:
        """Give a call a line, in memory: it is DIALLING once it and the room are saved. There must be one left for it:
        see `can_take`."""
        trunk = self._pick(call)
        call.caller = call.caller or next(iter(trunk.callers.split()), "")
        self._lines[trunk.pk] -= self._needs(call, trunk)
        self._has[trunk.pk] += 1
        self._calls[trunk.pk] = min(self._calls[trunk.pk] - 1, self._spare(trunk))
        self._begin(trunk)
        call.trunk, call.status = trunk, CallStatus.DIALLING
        call.dialled_at, call.due_at = self._now, self._now + calls.SILENCE

    def give_back(self, call: Call) -> None:
        """It is not dialled after all; its line is free again in the next room."""
        if call.trunk is not None:
            call.trunk.tokens += 1

    def take_leg(self, leg: Leg) -> bool:
        """Give a leg its line on the trunk of its call, in memory; whether there is one."""
        trunk = next((t for t in self._every if t.pk == leg.call.trunk_id), None)
        if trunk is None or min(self._begins[trunk.pk], self._lines[trunk.pk]) <= 0:
            return False
        self._lines[trunk.pk] -= 1
        self._begin(trunk)
        return True

    def save(self) -> None:
        """Write the buckets."""
        write_back(self._every, ["tokens", "filled_at"])

    def can_take(self, call: Call) -> bool:
        """Whether a line is free for it: one that may show the number this person has been shown before."""
        if self._named and not call.caller:
            call.caller = callers.shown_before(call, self._named)
        return self.has_lines(call)

    def has_lines(self, call: Call) -> bool:
        """Whether there are as many lines as it needs, its operator's with it once it has one."""
        return bool(self._free(call))

    def keep_for(self, call: Call) -> None:
        """Its operator needs one line more than there is: what ranks behind it must not take the one there is."""
        for trunk in self._fit(call):
            if trunk.concurrent >= self._needs(call, trunk):
                self._calls[trunk.pk] = 0

    def _begin(self, trunk: Trunk) -> None:
        self._begins[trunk.pk] -= 1
        trunk.tokens -= 1

    def _needs(self, call: Call, trunk: Trunk) -> int:
        """How many lines it takes: its own, and that of its operator."""
        return lines.BOTH if trunk.pk in self._joining and call.desk_id in self._phones else 1

    def _pick(self, call: Call) -> Trunk:
        """The first trunk with room that has not just failed this call; failing that, any with room."""
        free = self._free(call)
        return next((t for t in free if t.pk not in call.avoid), free[0])

    def _free(self, call: Call) -> list[Trunk]:
        fit = self._fit(call)
        return [
            t
            for t in fit
            if self._calls[t.pk] > 0
            and self._spare(t) >= self._needs(call, t)
            and self._has[t.pk] < health.most(t, fit)
        ]

    def _spare(self, trunk: Trunk) -> int:
        """The lines that no leg waits for."""
        return self._lines[trunk.pk] - self._waiting[trunk.pk]

    def _fit(self, call: Call) -> list[Trunk]:
        """The trunks that carry such calls, may show its number, and do not rest, unless all of these do."""
        able = [t for t in self._trunks if t.can(*call.ways)]
        may = [t for t in able if not call.caller or t.can(PAGE) or call.caller in t.callers.split()]
        return health.trusted(may, self._now)


@prepared
def _lock_trunks() -> QuerySet[Trunk]:
    """Those out of use too: calls may still talk on them, into which somebody is to be rung."""
    return Trunk.objects.order_by("priority", "pk").select_for_update()


@prepared
def _with_phones() -> QuerySet[Desk, int]:
    return Desk.objects.exclude(address="").values_list("pk", flat=True)
