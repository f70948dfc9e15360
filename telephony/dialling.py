"""Calls that an operator dials from their own desk, and calls kept from the router while somebody reads their case."""

from collections.abc import Collection
from datetime import datetime
from functools import partial

from django.db import transaction
from django.db.models import F

from telephony import desks
from telephony.carrier import CallStatus
from telephony.models import Call, Desk
from telephony.models.desk import WORKING
from telephony.room import TAKEN, Room
from telephony.signals import call_moved
from telephony.writeback import write_back

State = Desk.State


class CannotDialError(Exception):
    """The call is not dialled; `why` is one of NO_DESK, BUSY, UNABLE, TAKEN_ALREADY, ON_LINE and NO_LINE."""

    NO_DESK = "nobody is signed in at the desk"
    BUSY = "the desk has a call"
    UNABLE = "the desk lacks what the call needs"
    TAKEN_ALREADY = "the call waits no more"
    ON_LINE = "the number is on the line"
    NO_LINE = "no line is free"

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@transaction.atomic
def dial(*, call_id: int, desk_id: int, now: datetime) -> None:
    """A desk dials a booked call itself, at once, over a line that is free: it is placed after commit.

    The same bars as in the matcher: the trunks' limits, one live call a number, what the call needs of its desk.
    The desk is not ready afterwards but works on: its operator says when. Raises CannotDialError; then nothing
    has changed and the call waits in its place. Order of locks: trunks, desk, call.
    """
    room = Room(now)
    desk = Desk.objects.filter(pk=desk_id).defer("address").select_for_update(no_key=True).get()
    call = (
        Call.objects.filter(pk=call_id, status=CallStatus.BOOKED, desk=None)
        .defer("number")
        .select_for_update(of=("self",))
        .first()
    )
    if why := _bar(desk, call, now):
        raise CannotDialError(why)
    if call is not None:
        call.desk = desk  # whose phone may need a line of its own
    if call is None or not room.can_take(call):
        raise CannotDialError(CannotDialError.NO_LINE)
    room.take(call)
    room.save()
    write_back([call], [*TAKEN, "desk"])
    desk.ready_since = desk.ready_since or now
    desk.enter(State.OFFERED, now)
    desk.after, desk.reason = State.PAUSED, WORKING
    desk.renew(now)
    write_back([desk], Desk.MOVES)
    call_moved.send(sender=Call, call=call, now=now)
    if not call.is_live:
        raise CannotDialError(CannotDialError.TAKEN_ALREADY)
    transaction.on_commit(partial(desks.place, call, now))


def _bar(desk: Desk, call: Call | None, now: datetime) -> str:
    """Why this desk may not dial this call; "" if it may, should a line be free."""
    if desk.state == State.AWAY or desk.has_lapsed(now):
        return CannotDialError.NO_DESK
    if not Desk.objects.idle().filter(pk=desk.pk).exists() or desk.state in Desk.BUSY:
        return CannotDialError.BUSY
    if call is None or now >= call.until:
        return CannotDialError.TAKEN_ALREADY
    if not desk.can(call):
        return CannotDialError.UNABLE
    if Call.objects.on_line().filter(number_index=call.number_index).exists():
        return CannotDialError.ON_LINE
    return ""


@transaction.atomic
def work(*, desk_id: int, now: datetime) -> None:
    """The desk takes no calls from the router: its operator works cases one by one. Raises desks.NotSignedInError."""
    desks.pause(desk_id=desk_id, reason=WORKING, now=now)


@transaction.atomic(savepoint=False)
def are_at_no_desk(ids: Collection[int]) -> bool:
    """Whether these booked calls all wait, and no desk is asked to take one, or given one this moment. Locks them."""
    waiting = Call.objects.filter(pk__in=ids, status=CallStatus.BOOKED, desk=None)
    return len(waiting.select_for_update(skip_locked=True).values_list("pk")) == len(ids)


@transaction.atomic(savepoint=False)
def keep_back(ids: Collection[int], *, until: datetime) -> None:
    """The router leaves these booked calls alone until then, and takes them up by itself after. Their rank stands.

    No later than a moment before they may no longer be dialled. One that is being dialled is left alone.
    """
    booked = Call.objects.filter(pk__in=ids, status=CallStatus.BOOKED).select_for_update(skip_locked=True)
    for pk, at, late in booked.values_list("pk", "due_at", "until"):
        if at is not None and late > until > at:
            Call.objects.filter(pk=pk, status=CallStatus.BOOKED).update(due_at=until)


@transaction.atomic(savepoint=False)
def let_go(ids: Collection[int]) -> None:
    """The router may take these booked calls up from the moment they were booked for."""
    booked = Call.objects.filter(pk__in=ids, status=CallStatus.BOOKED).select_for_update(skip_locked=True)
    Call.objects.filter(pk__in=booked.values("pk"), status=CallStatus.BOOKED).update(due_at=F("booked_for"))
