"""Those of ours who are rung into a call: its operator, a colleague, a supervisor; wanted, asked after, hung up on.

Rows come before the carrier is asked; locks are taken trunks, desk, call, leg.
"""

import logging
from datetime import datetime
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from telephony import attendance, lines, ringing
from telephony.carrier import CallResult, CallStatus, CarrierError, LegNews, LegState, Way
from telephony.models import Call, Desk, Leg
from telephony.prepared import prepared

logger = logging.getLogger(__name__)
State = Leg.State
Role = Leg.Role


class CannotJoinError(Exception):
    """Nobody can be rung into this call, or not these: the message says why, in English, for a person."""


def call_moved(sender: type[Call], call: Call, now: datetime, **_: Any) -> None:
    """Heard inside the transaction that moved a call: its operator is rung when somebody answers, until it ends."""
    if call.status == CallStatus.TALKING and call.desk_id and not _is_machine(call):
        want(call, now)
    elif call.status == CallStatus.ENDED and call.desk_id:
        for leg in _live(call.pk):
            transaction.on_commit(partial(part, leg))


@prepared
def _live(call_id: int) -> QuerySet[Leg]:
    return Leg.objects.live().filter(call=call_id).order_by("pk")


def want(call: Call, now: datetime) -> None:
    """The operator who leads a call is to be rung, once; if their desk has a phone that we know, and the carrier does
    not join the two by itself."""
    if (
        call.desk_id is None
        or lines.joiner(call) is None
        or not Desk.objects.filter(pk=call.desk_id).exclude(address="").exists()
    ):
        return
    if call.legs.exists():
        return
    _forget_the_last(call.desk_id, now)
    if (
        Leg.objects.live().filter(desk=call.desk_id).exists()
    ):  # their phone is in another call: nobody would speak
        call.dropped_at = now
        call.save(update_fields=["dropped_at"])
        return
    _begin(call, call.desk_id, Role.DESK, Way.TALK, now)


def _forget_the_last(desk_id: int, now: datetime) -> None:
    """A leg of a call that is over, whose own end nobody told: it must not keep the desk from its next call."""
    for leg in (
        Leg.objects.live().filter(desk=desk_id, call__status=CallStatus.ENDED).select_for_update(of=("self",))
    ):
        leg.state, leg.result, leg.ended_at, leg.due_at = State.ENDED, CallResult.OUTCOME_UNKNOWN, now, None
        leg.save(update_fields=["state", "result", "ended_at", "due_at"])
        transaction.on_commit(partial(part, leg))


def bring(*, call_id: int, desk_id: int, role: Leg.Role, now: datetime, way: Way = Way.TALK) -> Leg:
    """Ring a colleague, or a supervisor, into a call that talks. Raises CannotJoinError."""
    with transaction.atomic():
        desk = Desk.objects.select_for_update(no_key=True).get(pk=desk_id)
        call = Call.objects.select_for_update(of=("self",)).select_related("trunk").get(pk=call_id)
        if call.status != CallStatus.TALKING:
            raise CannotJoinError("nobody talks on this call")
        if lines.joiner(call) is None:
            raise CannotJoinError("this line joins nobody to a call")
        if not desk.address:
            raise CannotJoinError("that desk has no phone")
        on_a_call = desk.state in Desk.BUSY or desk.pk == call.desk_id
        if on_a_call or Leg.objects.live().filter(desk=desk).exists():
            raise CannotJoinError("that desk is on a call")
        if role is Role.COLLEAGUE:
            if not desk.serves(call.area):
                raise CannotJoinError("that desk serves another part of the centre")
            if desk.state != Desk.State.READY or desk.has_lapsed(now):
                raise CannotJoinError("that desk is not ready")
            desk.enter(Desk.State.PAUSED, now, reason=attendance.HELPING)
            desk.save()
        return _begin(call, desk.pk, role, way, now)


def turn(*, leg_id: int, way: Way, now: datetime) -> None:
    """A supervisor listens or whispers from now on. May raise CarrierError."""
    leg = Leg.objects.select_related("call__trunk").get(pk=leg_id, role=Role.SUPERVISOR, ended_at=None)
    Leg.objects.filter(pk=leg.pk).update(way=way)
    leg.way = way
    attendance.tell(leg)


def record(*, call_id: int) -> str:
    """Record a call that talks, with its notice; the recording's id. Raises CannotJoinError, CarrierError."""
    call = Call.objects.select_related("trunk").get(pk=call_id)
    carrier = lines.joiner(call)
    if call.status != CallStatus.TALKING or carrier is None:
        raise CannotJoinError("nobody talks on this call")
    return carrier.record(call.as_dial())


def part(leg: Leg) -> None:
    """Hang up on somebody of ours; their news will say when it is so. A fault is tried again by `tend`."""
    call = Call.objects.select_related("trunk").get(pk=leg.call_id)
    carrier = lines.joiner(call)
    if carrier is not None:
        try:
            carrier.part(call.as_dial(), attendance.joint(leg, with_address=False))
        except CarrierError as fault:
            logger.warning("could not hang up on leg %s: %s", leg.pk, fault)


def tend(*, now: datetime, limit: int = 100) -> int:
    """Ring those who are still to be rung, ask the carriers about those gone silent; how many were seen to."""
    rung = ringing.turn(now=now)
    due = list(Leg.objects.silent(now).exclude(state=State.WANTED).select_related("call__trunk")[:limit])
    for leg in due:
        try:
            _see_to(leg, now)
        except Exception:  # one bad leg must not keep the others waiting
            logger.exception("leg %s could not be seen to", leg.pk)
    return rung + len(due)


def _see_to(leg: Leg, now: datetime) -> None:
    if not Leg.objects.filter(pk=leg.pk, due_at=leg.due_at).update(due_at=now + attendance.SILENCE):
        return
    carrier = lines.joiner(leg.call)
    if carrier is None:
        return
    try:
        news = carrier.find_joint(leg.call.as_dial(), attendance.joint(leg, with_address=False))
    except CarrierError:
        return
    if news is None and not attendance.is_missed(leg.pk, now=now):
        return
    attendance.hear(news or LegNews(str(leg.key), LegState.ENDED, result=CallResult.FAILED_HERE), now=now)
    if not leg.call.is_live and (news is None or news.state is not LegState.ENDED):
        part(leg)


def _begin(call: Call, desk_id: int, role: Leg.Role, way: Way, now: datetime) -> Leg:
    leg = Leg.objects.create(call=call, desk_id=desk_id, role=role, way=way, begun_at=now, due_at=now)
    transaction.on_commit(partial(_ring, now))
    return leg


def _ring(now: datetime) -> None:
    try:
        ringing.turn(now=now)
    except Exception:  # the row says that it is wanted: the next tick will see to it
        logger.exception("those who are wanted on calls could not be rung")


def _is_machine(call: Call) -> bool:
    return any(piece.get("result") == CallResult.MACHINE for piece in call.evidence)
