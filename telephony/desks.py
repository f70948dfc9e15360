"""The life of a desk: it signs in, is ready, is asked, pauses, goes; and what becomes of one nobody sits at.

Every function locks the desk's row, then its call's; called twice it does nothing more. What a call's news does
to its desk is in `calls.hear`, what gives a desk a call in `exchange.connect`.
"""

import logging
from collections.abc import Collection
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction
from django.db.models import QuerySet

from telephony import addresses, calls, sockets
from telephony.carrier import CallStatus
from telephony.models import Call, Desk
from telephony.models.desk import LEASE, OFFER
from telephony.prepared import prepared
from telephony.room import TAKEN, Room
from telephony.signals import call_moved
from telephony.writeback import write_back

logger = logging.getLogger(__name__)
State = Desk.State
SIGNED_IN = "signed in"  # why a desk that has just signed in is paused, until it says that it is ready


class NotSignedInError(Exception):
    """The desk is away, perhaps because nothing was heard of it for too long: it is to sign in again."""


@transaction.atomic
def sign_in(
    *,
    desk_id: int,
    now: datetime,
    tags: Collection[str] | None = None,
    mode: Desk.Mode | None = None,
    area: str | None = None,
    lease: timedelta = LEASE,
    offer: timedelta = OFFER,
) -> Desk:
    """Somebody sits down. From away the desk is paused until it is `ready`; in any other state it stays in that.

    `tags`, `mode` and `area` None leave them as they were. A sign of life holds for `lease`, an offered
    call for `offer`.
    """
    desk = _lock(desk_id)
    desk.tags = desk.tags if tags is None else sorted(set(tags))
    desk.area = desk.area if area is None else area
    desk.mode, desk.lease, desk.offer = mode or desk.mode, lease, offer
    if desk.state == State.AWAY:
        desk.enter(State.PAUSED, now, reason=SIGNED_IN)
    elif desk.after == State.AWAY:
        desk.after = ""
    return _there(desk, now)


@transaction.atomic
def register(*, desk_id: int, address: str) -> None:
    """The number or SIP address that is rung there from the next call on; "" for none. Raises addresses.BadAddress."""
    Desk.objects.filter(pk=desk_id).update(address=addresses.normalise(address))


def phone_of(desk_id: int) -> str:
    """What rings there, masked; "" for nothing, or for what no key of ours opens."""
    return addresses.mask(sockets.address_of(desk_id))


@transaction.atomic
def heartbeat(*, desk_id: int, now: datetime) -> Desk:
    """A sign of life. A desk that is away stays away; one that has been offered a call is to answer that."""
    desk = _lock(desk_id)
    return desk if desk.state == State.AWAY else _there(desk, now)


@transaction.atomic
def ready(*, desk_id: int, now: datetime) -> Desk:
    """It can take a call, at once or when the one it has is over. Raises NotSignedInError."""
    desk = _here(desk_id)
    if desk.state in Desk.BUSY:
        desk.after = desk.reason = ""
    else:
        desk.declined = None
        desk.enter(State.READY, now)
    return _there(desk, now)


@transaction.atomic
def pause(*, desk_id: int, reason: str, now: datetime, there: bool = True) -> Desk:
    """It takes no call until it is ready again; with a call, from its end on. A call it was only asked to take goes
    back to its place. `there`: who asks sits there. Raises NotSignedInError, and ValueError without a reason."""
    if not reason.strip():
        raise ValueError("a pause has a reason")
    desk = _here(desk_id)
    _give_back(desk, now)
    if desk.state in Desk.BUSY:
        desk.after, desk.reason = State.PAUSED, reason.strip()
    else:
        desk.enter(State.PAUSED, now, reason=reason.strip())
    if there:
        return _there(desk, now)
    write_back([desk], Desk.MOVES)
    return desk


@transaction.atomic
def away(*, desk_id: int, now: datetime) -> Desk:
    """Nobody sits there any more; with a call, from its end on. A call it was only asked to take goes back."""
    desk = _lock(desk_id)
    _give_back(desk, now)
    if desk.state in Desk.BUSY:
        desk.after, desk.reason = State.AWAY, ""
    else:
        desk.enter(State.AWAY, now)
    write_back([desk], Desk.MOVES)
    return desk


@transaction.atomic
def accept(*, desk_id: int, call_id: int, now: datetime) -> bool:
    """The desk takes the call it was asked to take: it is dialled after commit. Whether it is.

    If it is too late, the number is on the line, or no line is free this moment, the call goes back to its place
    and the desk is ready, in its own.
    """
    room = Room(now)  # trunks before desks
    desk = _lock(desk_id)
    call = _call_of(desk)
    if call is None or call.pk != call_id:
        return False
    if call.is_live:
        return True
    held = Call.objects.on_line().filter(number_index=call.number_index).exists()
    if desk.has_lapsed(now) or now >= call.until or held or not room.can_take(call):
        _give_back(desk, now)
        _there(desk, now)
        return False
    room.take(call)
    room.save()
    write_back([call], TAKEN)
    _there(desk, now)
    call_moved.send(sender=Call, call=call, now=now)
    transaction.on_commit(partial(place, call, now))
    return call.is_live


@transaction.atomic
def decline(*, desk_id: int, call_id: int, now: datetime) -> bool:
    """The desk does not take the call it was asked to take, which goes back to its place; whether it did.

    The desk goes to the end of its line, and is not asked about this call again before it has talked, paused or
    said once more that it is ready.
    """
    desk = _lock(desk_id)
    call = _call_of(desk)
    if call is None or call.pk != call_id or not _give_back(desk, now):
        return False
    desk.ready_since, desk.declined = now, call_id
    _there(desk, now)
    return True


@transaction.atomic
def wrapped_up(*, desk_id: int, now: datetime) -> Desk:
    """What had to be written is written: ready again. A desk that was not wrapping up, or owes a word, stays so."""
    desk = _lock(desk_id)
    if desk.state != State.WRAPPING or desk.owes is not None:
        return desk
    desk.enter(State.READY, now)
    return _there(desk, now)


def release_lapsed(*, now: datetime) -> int:
    """Free what is over: leases, offers, wrap-ups, and calls that ring for nobody; how many desks were moved.

    A call that was only offered goes back to its place; one that rings is hung up, as our fault; one that talks goes
    on, and its desk goes away when it ends. Each desk by itself.
    """
    stale = {*_overdue(now), *_astray()}
    moved = sum(_release(pk, now) for pk in sorted(stale))
    for call in _dropped():
        calls.leave(call)
    return moved


@prepared
def _overdue(now: datetime) -> QuerySet[Desk, int]:
    return Desk.objects.overdue(now).values_list("pk", flat=True)


@prepared
def _dropped() -> QuerySet[Call]:
    return Call.objects.on_line().filter(dropped_at__isnull=False).select_related("trunk")


def _astray() -> set[int]:
    """Desks that do not do as their calls do: a call offered to them was called off, say."""
    held = dict(_held())
    return {
        pk
        for pk, state in _busy()
        if pk not in held or (held[pk] == CallStatus.TALKING and state != State.TALKING)
    }


@prepared
def _busy() -> QuerySet[Desk, tuple[int, str]]:
    return Desk.objects.filter(state__in=Desk.BUSY).values_list("pk", "state")


@prepared
def _held() -> QuerySet[Call, tuple[int | None, str]]:
    return Call.objects.at_desks().values_list("desk", "status")


@transaction.atomic
def _release(desk_id: int, now: datetime) -> bool:
    desk = _lock(desk_id)
    before, call = desk.state, _call_of(desk)
    if desk.state in Desk.BUSY and (call is None or call.status == CallStatus.TALKING):
        _catch_up(desk, call, now)
    elif desk.state == State.OFFERED and desk.has_lapsed(now):
        if call is not None and call.is_live:
            Call.objects.filter(pk=call.pk).update(dropped_at=now)
        _give_back(desk, now)
        desk.enter(State.AWAY, now)
    elif desk.has_lapsed(now):
        desk.enter(State.AWAY, now)
    elif desk.wrap_until is not None and desk.wrap_until <= now and desk.owes is None:
        desk.enter(State.READY, now)
    write_back([desk], Desk.MOVES)
    return desk.state != before


def _catch_up(desk: Desk, call: Call | None, now: datetime) -> None:
    if call is not None:
        desk.enter(State.TALKING, now)
        return
    last = (
        Call.objects.filter(desk=desk, dialled_at__isnull=False).defer("number").order_by("dialled_at").last()
    )
    desk.call_over(now, spoke=desk.state == State.TALKING and last is not None and last.spoke)


def _lock(desk_id: int) -> Desk:
    return _locked.get(desk_id)


@prepared
def _locked(desk_id: int) -> QuerySet[Desk]:
    """Its row, without its address. The key stays free: who books a call for it need not wait."""
    return Desk.objects.filter(pk=desk_id).defer("address").select_for_update(no_key=True)


def _here(desk_id: int) -> Desk:
    desk = _lock(desk_id)
    if desk.state == State.AWAY:
        raise NotSignedInError(f"desk {desk_id} is away")
    return desk


def _there(desk: Desk, now: datetime) -> Desk:
    """Somebody is there: save, with a new lease unless it is being asked, when only the answer counts."""
    call = _call_of(desk) if desk.state == State.OFFERED else None
    if call is None or call.is_live:
        desk.renew(now)
    write_back([desk], Desk.MOVES)
    return desk


def _call_of(desk: Desk) -> Call | None:
    """The call it has this moment, locked."""
    return _at_desk.first(desk.pk)


@prepared
def _at_desk(desk_id: int) -> QuerySet[Call]:
    held = Call.objects.at_desks().filter(desk=desk_id).defer("number")
    return held.select_for_update(of=("self",))


def _give_back(desk: Desk, now: datetime) -> bool:
    """A call it was only asked to take goes back to its place, and the desk is ready in its own; whether it was so."""
    call = _call_of(desk) if desk.state == State.OFFERED else None
    if call is None or call.is_live:
        return False
    Call.objects.filter(pk=call.pk).update(desk=None)
    desk.enter(State.READY, now)
    return True


def place(call: Call, now: datetime) -> None:
    """Ask the carrier for a call that has just been committed as being dialled."""
    try:
        calls.dial(call, now=now)
    except Exception:  # the row says that it is being dialled: asking the carrier will tell
        logger.exception("call %s could not be dialled", call.pk)
