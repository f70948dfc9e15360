"""The phone of one's own desk; a talk muted, ended, recorded; a colleague or supervisor who joins it. All on record."""

from datetime import datetime

from django.db import transaction

from dispatch import record
from dispatch.models import Attempt, Case, Operator, User
from dispatch.workflow import leading
from dispatch.workflow.desk import at_the_desk
from dispatch.workflow.refusal import NotAllowedError
from telephony import addresses, desks, handset, legs
from telephony.carrier import CarrierError, Way
from telephony.models import Call, Desk, Leg


@transaction.atomic
def register(*, by: User, address: str, now: datetime) -> None:
    """The number or SIP address that rings at one's own desk; nothing takes it away. Raises NotAllowedError."""
    desk = _own_desk(by)
    try:
        desks.register(desk_id=desk.pk, address=address)
    except addresses.BadAddress:
        raise NotAllowedError("that is neither a telephone number nor a SIP address") from None
    record.write("desk_phone", now=now, by=by, desk=desk.name)


def record_call(*, by: User, now: datetime) -> None:
    """Record the call one is on, with its notice. Raises NotAllowedError."""
    desk = _own_desk(by)
    call = Call.objects.at_desks().filter(desk=desk).first()
    if call is None:
        raise NotAllowedError("nobody talks at your desk")
    try:
        recording = legs.record(call_id=call.pk)
    except (legs.CannotJoinError, CarrierError):
        raise NotAllowedError("this call cannot be recorded now") from None
    record.write("desk_recorded", now=now, case=_case_of(call), by=by, desk=desk.name, recording=recording)


def mute(*, by: User, muted: bool, now: datetime) -> None:
    """Be heard by nobody on the call one is on, or by all again. Raises NotAllowedError."""
    desk = _own_desk(by)
    try:
        call = handset.mute(desk_id=desk.pk, muted=muted)
    except handset.NobodyTalksError:
        raise NotAllowedError("this line mutes nobody: use the key of your phone") from None
    except CarrierError:
        raise NotAllowedError("the line does not answer: try again") from None
    verb = "desk_muted" if muted else "desk_unmuted"
    record.write(verb, now=now, case=_case_of(call), by=by, desk=desk.name, call=call.pk)


def hang_up(*, by: User, now: datetime) -> None:
    """End the talk at one's own desk; where a colleague stays in it, it goes on without. Raises NotAllowedError."""
    desk = _own_desk(by)
    try:
        call = handset.put_down(desk_id=desk.pk, now=now)
    except handset.NobodyTalksError:
        raise NotAllowedError("nobody talks at your desk") from None
    except CarrierError:
        raise NotAllowedError("the line does not answer: try again") from None
    record.write("desk_hung_up", now=now, case=_case_of(call), by=by, desk=desk.name, call=call.pk)


def bring(*, by: User, desk_id: int, now: datetime) -> None:
    """Ring a colleague into the call one is on; whoever of the two stays leads it. Raises NotAllowedError."""
    desk = _own_desk(by)
    call = Call.objects.at_desks().filter(desk=desk).first()
    if call is None:
        raise NotAllowedError("nobody talks at your desk")
    _join(call, desk_id, Leg.Role.COLLEAGUE, Way.TALK, by, now)


def supervise(*, by: User, call_id: int, way: Way, now: datetime) -> None:
    """A supervisor, or a shift lead, listens to a call, or whispers to its operator; asked again, in the other way.

    Raises NotAllowedError for whoever is none, or has no desk of their own with a phone.
    """
    if not leading.leads(by) or way is Way.TALK:
        raise NotAllowedError("only supervisors and shift leads listen, and whisper to operators")
    desk = _own_desk(by)
    call = Call.objects.get(pk=call_id)
    there = Leg.objects.live().filter(call=call, desk=desk, role=Leg.Role.SUPERVISOR).first()
    if there is None:
        _join(call, desk.pk, Leg.Role.SUPERVISOR, way, by, now)
        return
    try:
        legs.turn(leg_id=there.pk, way=way, now=now)
    except CarrierError:
        raise NotAllowedError("the line does not answer: try again") from None
    _write(call, desk, way, by, now)


def colleagues(*, by: User) -> list[tuple[int, str]]:
    """The desks that are ready, have a phone, and may hear of the call one is on; but one's own: id and name."""
    call = Call.objects.at_desks().filter(desk__operator__user=by).only("area").first()
    if call is None:
        return []
    ready = Desk.objects.filter(state=Desk.State.READY).exclude(address="").exclude(operator__user=by)
    there = ready.defer("address").order_by("name")
    return [(desk.pk, desk.name) for desk in there if desk.serves(call.area)]


def _join(call: Call, desk_id: int, role: Leg.Role, way: Way, by: User, now: datetime) -> None:
    desk = Desk.objects.defer("address").filter(pk=desk_id).first()
    if desk is None:
        raise NotAllowedError("there is no such desk")
    try:
        with transaction.atomic():
            legs.bring(call_id=call.pk, desk_id=desk_id, role=role, way=way, now=now)
            _write(call, desk, way, by, now)
    except legs.CannotJoinError:
        raise NotAllowedError("that desk cannot be rung into this call now") from None


def _write(call: Call, desk: Desk, way: Way, by: User, now: datetime) -> None:
    record.write(
        "desk_joined", now=now, case=_case_of(call), by=by, call=call.pk, other=desk.name, way=way.value
    )


def _case_of(call: Call) -> Case | None:
    attempt = Attempt.objects.filter(call=call).select_related("case").first()
    return attempt.case if attempt else None


def _own_desk(by: User) -> Desk:
    at_the_desk(by)
    operator = Operator.objects.filter(user=by).select_related("desk").first() if by.is_active else None
    if operator is None:
        raise NotAllowedError("you have no desk")
    return operator.desk
