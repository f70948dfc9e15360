"""The matcher: due calls meet free lines and ready desks, the earliest rank first."""

import logging
from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from heapq import merge

from django.db import transaction
from django.db.models import QuerySet

from telephony import calls, pace, ringing
from telephony.carrier import ANNOUNCE, CallKind, CallStatus
from telephony.models import Call, Desk, Trunk
from telephony.models.call import PAGE
from telephony.prepared import prepared
from telephony.room import TAKEN, Room
from telephony.signals import call_moved
from telephony.writeback import write_back

logger = logging.getLogger(__name__)
MOST_KINDS = 32  # sets of hard tags that wait at once
MOST_LOOKS = 5  # into the queue of one kind, past what nobody can take now
EARLIEST = datetime.min.replace(tzinfo=UTC)
Kind = tuple[str, str, str]  # mode, needs, area

# Numbers are unsealed one by one, later: a number no key opens must not keep the others waiting.
_READ = (
    "key", "number_index", "kind", "route", "mode", "tag", "needs", "area", "avoid", "status", "result", "rank_at",
    "trunk", "desk", "prefers", "dialled_at", "due_at", "caller",
)  # fmt: skip


@transaction.atomic
def connect(*, now: datetime, limit: int = 50) -> list[Call]:
    """Give due calls a line, and a desk those that need one; what is returned is DIALLING once this commits, and is
    then to be dialled. A desk that wants to see a call first is offered it, and the call stays booked.

    All trunk rows are locked together: one matcher at a time, so the most urgent call gets the first free
    line wherever it is, and no two matchers can want one number. Then desks, then of the calls those that were chosen:
    what only waits stays free to be called off. What nobody can take now holds up nothing behind it.
    """
    room = Room(now)
    places = min(limit, room.left)
    if places <= 0:
        return []
    match = _Match(room, Seats(_free_desks(now)))
    for call in queue(now, places * 2, match.seats):
        match.serve(call)
        if len(match.dialling) == places:
            break
    match.leave_out(now)
    room.save()
    _reserve(match.dialling, match.offered, now)
    for call in match.dialling:
        call_moved.send(sender=Call, call=call, now=now)
    return [call for call in match.dialling if call.is_live]


class _Match:
    """Which calls get a line, or are offered to a desk; in memory."""

    def __init__(self, room: Room, seats: "Seats") -> None:
        self.room, self.seats = room, seats
        self.dialling: list[Call] = []
        self.offered: list[Call] = []
        self._numbers: set[str] = set()

    def serve(self, call: Call) -> None:
        """Give it what it needs, if that is there now."""
        if call.number_index in self._numbers or not self.room.can_take(call):
            return
        if call.wants_desk and not self.seats.seat(call):
            return
        if call.desk is not None and not self.room.has_lines(call):
            self.room.keep_for(call)
            self.seats.rise(call)
            return
        self._numbers.add(call.number_index)
        if call.desk is not None and call.desk.mode == Desk.Mode.PREVIEW:
            self.offered.append(call)
        else:
            self.room.take(call)
            self.dialling.append(call)

    def leave_out(self, now: datetime) -> None:
        """Lock those that were chosen. One that somebody else holds, or has called off meanwhile, is left alone."""
        chosen = [call.pk for call in (*self.dialling, *self.offered)]
        held = set(_hold(now, chosen))
        for call in self.dialling:
            if call.pk not in held:
                self.room.give_back(call)
        self.dialling = [call for call in self.dialling if call.pk in held]
        self.offered = [call for call in self.offered if call.pk in held]


class Seats:
    """The desks that are ready, each for one call."""

    def __init__(self, desks: Sequence[Desk]) -> None:
        self.free = list(desks)

    def seat(self, call: Call) -> bool:
        """Give a call a desk that has all it needs: its forerunner's, else one that knows its kind of fraud, else the
        one that has been ready longest."""
        able = [desk for desk in self.free if desk.declined != call.pk and desk.can(call)]
        if not able or _keeps_its_officer(call, able):
            return False
        desk = min(able, key=lambda d: (d.pk != call.prefers_id, call.tag not in d.tags, d.ready_since, d.pk))
        self.free.remove(desk)
        call.desk = desk
        return True

    def rise(self, call: Call) -> None:
        """There is no line for it and its operator after all."""
        if call.desk is not None:
            self.free.append(call.desk)
            call.desk = None


def _keeps_its_officer(call: Call, able: Sequence[Desk]) -> bool:
    """Whether a call by the page waits for the desk of its forerunner, which is there but not free: who has announced
    the link by voice is whose face it shows."""
    if call.route != PAGE or call.prefers_id is None or any(desk.pk == call.prefers_id for desk in able):
        return False
    return Desk.objects.here().filter(pk=call.prefers_id).exists()


def no_video() -> bool:
    """Whether video goes by the page alone."""
    enabled = list(Trunk.objects.filter(enabled=True))
    return any(trunk.can(PAGE) for trunk in enabled) and not any(t.can(CallKind.VIDEO) for t in enabled)


def _reserve(dialling: list[Call], offered: list[Call], now: datetime) -> None:
    """Write the calls, and the desks with them: a call that is only offered stays booked."""
    write_back(dialling, [*TAKEN, "desk"])
    write_back(offered, ["desk"])
    desks = [call.desk for call in (*dialling, *offered) if call.desk is not None]
    for desk in desks:
        desk.enter(Desk.State.OFFERED, now)
    for call in offered:
        if call.desk is not None:
            call.desk.lease_until = now + call.desk.offer
    write_back(desks, ["state", "since", "lease_until"])


def queue(now: datetime, many: int, seats: Seats) -> Iterator[Call]:
    """The calls that wait, of each kind that can be served at all, the earliest rank first; none is locked.

    Of a kind that an operator leads, twice as many as there are desks are read at once, or `many`. Where they are not
    enough, because what stands at the head cannot be taken now, more are read, MOST_LOOKS times in all.
    """
    kinds = _kinds({(frozenset(desk.tags), desk.area) for desk in seats.free})
    most = min(many, 2 * len(seats.free))
    return merge(
        *(_of_kind(now, kind, many if kind[0] else most, seats) for kind in kinds),
        key=lambda call: (call.rank_at, call.pk),
    )


def _of_kind(now: datetime, kind: Kind, most: int, seats: Seats) -> Iterator[Call]:
    mode, needs, area = kind
    rank_at, pk = EARLIEST, 0
    for _ in range(MOST_LOOKS):
        if area:
            waiting = _waiting_in(now, mode, needs, area, rank_at, pk, most)
        else:
            waiting = _waiting(now, mode, needs, rank_at, pk, most)
        yield from waiting
        if len(waiting) < most or not (mode or seats.free):
            return
        rank_at, pk = waiting[-1].rank_at, waiting[-1].pk


@prepared
def _free_desks(now: datetime) -> QuerySet[Desk]:
    return Desk.objects.free(now).select_for_update(skip_locked=True, of=("self",), no_key=True)


@prepared
def _waiting(now: datetime, mode: str, needs: str, rank_at: datetime, pk: int, most: int) -> QuerySet[Call]:
    return _behind(Call.objects.waiting(now, mode=mode, needs=needs), rank_at, pk)[:most]


@prepared
def _waiting_in(
    now: datetime, mode: str, needs: str, area: str, rank_at: datetime, pk: int, most: int
) -> QuerySet[Call]:
    return _behind(Call.objects.waiting(now, mode=mode, needs=needs, area=area), rank_at, pk)[:most]


def _behind(waiting: QuerySet[Call], rank_at: datetime, pk: int) -> QuerySet[Call]:
    return waiting.filter(rank_at__gte=rank_at).exclude(rank_at=rank_at, pk__lte=pk).only(*_READ)


@prepared
def _hold(now: datetime, chosen: Collection[int]) -> QuerySet[Call, int]:
    waiting = Call.objects.filter(
        pk__in=chosen, status=CallStatus.BOOKED, desk=None, due_at__lte=now, until__gt=now
    )
    return waiting.order_by("pk").select_for_update(skip_locked=True).values_list("pk", flat=True)


def _kinds(able: Collection[tuple[frozenset[str], str]]) -> Iterator[Kind]:
    """The mode, needs and area of each kind of call that can be served: announcements, and what desks with such tags,
    of such areas, can."""
    if _announcements():
        yield ANNOUNCE, "", ""
    if able:
        for needs in needed():
            areas = {area for tags, area in able if tags.issuperset(needs.split())}
            yield from (("", needs, area) for area in sorted(areas))


def needed() -> Iterator[str]:
    """The sets of hard tags that booked calls need of a desk: from one to the next, so as many looks as sets."""
    needs = _first_need.first()
    for _ in range(MOST_KINDS):
        if needs is None:
            return
        yield needs
        needs = _next_need.first(needs)


@prepared
def _announcements() -> QuerySet[Call, int]:
    """One that is booked, if any is: mostly they need not be looked for further."""
    booked = Call.objects.filter(status=CallStatus.BOOKED, desk=None, mode=ANNOUNCE)
    return booked.order_by("mode", "needs", "rank_at").values_list("pk", flat=True)[:1]


@prepared
def _ready(now: datetime) -> QuerySet[Desk, int]:
    """One that is ready, if any is; whether it is free is found with the trunks in hand."""
    ready = Desk.objects.filter(state=Desk.State.READY, lease_until__gt=now)
    return ready.order_by().values_list("pk", flat=True)[:1]


@prepared
def _first_need() -> QuerySet[Call, str]:
    return Call.objects.needs()[:1]


@prepared
def _next_need(after: str) -> QuerySet[Call, str]:
    return Call.objects.needs().filter(needs__gt=after)[:1]


def is_anyone_waiting(now: datetime) -> bool:
    """Whether any call could be dialled, were a line free: one that needs no desk, or that a ready desk can take."""
    able = {(frozenset(tags), area) for tags, area in _abilities(now)}
    return any(_anybody(now, *kind) for kind in _kinds(able))


@prepared
def _abilities(now: datetime) -> QuerySet[Desk, tuple[list[str], str]]:
    return Desk.objects.free(now).values_list("tags", "area")


@prepared
def _anybody(now: datetime, mode: str, needs: str, area: str) -> QuerySet[Call, int]:
    """Read in its order: without it, as `exists()` would, there is no index."""
    return Call.objects.waiting(now, mode=mode, needs=needs, area=area).values_list("pk", flat=True)[:1]


@prepared
def _is_any_due(now: datetime) -> QuerySet[Call, int]:
    """Read in its order, for the index's sake. Whether a desk can take it is found with the trunks in hand."""
    due = Call.objects.filter(status=CallStatus.BOOKED, due_at__lte=now).order_by("due_at")
    return due.values_list("pk", flat=True)[:1]


def turn(*, now: datetime, limit: int = 50) -> int:
    """Match what waits, commit, and only then ring the carriers; how many calls were dialled."""
    if not _is_any_due(now) or not (_ready(now) or _announcements()):
        return 0  # no reason to hold the trunks: nobody waits, or only for desks
    dialling = connect(now=now, limit=limit)
    for call in dialling:
        try:
            calls.dial(call, now=now)
        except Exception:  # one bad call must not keep the others from being dialled
            logger.exception("call %s could not be dialled", call.pk)
    return len(dialling)


def until_next(*, now: datetime) -> timedelta | None:
    """How long until a trunk may begin one call more than now, if anybody waits for one; None: no such moment."""
    is_leg_waiting = ringing.is_anyone_waiting()
    if not (is_leg_waiting or _is_any_due(now)):
        return None
    wait = pace.until_next(now)
    return wait if wait is not None and (is_leg_waiting or is_anyone_waiting(now)) else None


def trunk_count() -> int:
    """How many trunks are in use, the page not among them: so many faults in a row mean that all of them failed."""
    enabled = Trunk.objects.filter(enabled=True)
    return max(1, sum(trunk.can(CallKind.VOICE, CallKind.VIDEO) for trunk in enabled))
