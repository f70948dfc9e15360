"""The receiver in the hand of somebody of ours: muted, heard again, put down.

Muting is the carrier's (`Joins`): a line that joins nobody to a call cannot, and the phone's own key is used there.
"""

from dataclasses import replace
from datetime import datetime

from telephony import attendance, calls, lines
from telephony.carrier import CallStatus
from telephony.models import Call, Leg


class NobodyTalksError(Exception):
    """There is no talk at that desk, or none of which the carrier would let its part be muted."""


def can_mute(desk_id: int) -> bool:
    """Whether the part of whoever talks there can be muted by the carrier."""
    leg = _part_of(desk_id)
    return leg is not None and lines.joiner(leg.call) is not None


def is_muted(desk_id: int) -> bool:
    """Whether they have been told not to be heard."""
    leg = _part_of(desk_id)
    return leg is not None and leg.muted


def mute(*, desk_id: int, muted: bool) -> Call:
    """Whoever talks there is heard by nobody, or by all again; the call they talk on.

    Raises NobodyTalksError, and CarrierError where the carrier did not say that it is so: the row then says what it
    said before, and asking once more is right in either case.
    """
    leg = _part_of(desk_id)
    carrier = lines.joiner(leg.call) if leg is not None else None
    if leg is None or carrier is None:
        raise NobodyTalksError
    wanted = replace(attendance.joint(leg), muted=muted)
    carrier.turn(leg.call.as_dial(), wanted)
    Leg.objects.filter(pk=leg.pk).update(muted=muted)
    return leg.call


def put_down(*, desk_id: int, now: datetime) -> Call:
    """End the talk at a desk; the call it was. Where others of ours stay in it, only this one goes.

    What the person's line then says ends the call, as ever. Raises NobodyTalksError, CarrierError.
    """
    leg = _part_of(desk_id)
    if leg is not None and _others_stay(leg):
        carrier = lines.joiner(leg.call)
        if carrier is not None:
            carrier.part(leg.call.as_dial(), attendance.joint(leg, with_address=False))
            return leg.call
    call = (
        Call.objects.at_desks()
        .filter(desk=desk_id, status=CallStatus.TALKING)
        .select_related("trunk")
        .first()
    )
    if call is None:
        raise NobodyTalksError
    calls.hang_up(call)
    calls.keep(str(call.key), {calls.PUT_DOWN: call.desk_id}, now=now)
    return call


def _part_of(desk_id: int) -> Leg | None:
    live = Leg.objects.live().filter(desk=desk_id, state=Leg.State.TALKING).exclude(role=Leg.Role.SUPERVISOR)
    return live.exclude(external_id="").select_related("call__trunk").first()


def _others_stay(leg: Leg) -> bool:
    others = Leg.objects.live().filter(call=leg.call_id, state=Leg.State.TALKING).exclude(pk=leg.pk)
    return others.exclude(role=Leg.Role.SUPERVISOR).exists()
