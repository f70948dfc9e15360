"""What an operator does at the desk they sit at, each act on record; and what their page shows of it."""

from dataclasses import dataclass
from datetime import datetime

from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from dispatch import record
from dispatch.models import Attempt, Case, Operator, User
from dispatch.workflow import debts, leading, reserving
from dispatch.workflow.desk import at_the_desk
from dispatch.workflow.refusal import NotAllowedError
from telephony import attendance, desks
from telephony.models import Call, Desk
from telephony.models.desk import LEASE, OFFER, WORKING

NOWHERE = "-"  # no case is there


class Why(models.TextChoices):
    """Why somebody pauses."""

    BREAK = "break", _("a break")
    MEAL = "meal", _("a meal")
    MEETING = "meeting", _("a meeting")
    EQUIPMENT = "equipment", _("the equipment")
    OTHER = "other", _("something else")


_REASONS = {
    **dict(Why.choices),
    desks.SIGNED_IN: _("just signed in"),
    attendance.UNANSWERED: _("its phone did not answer"),
    attendance.HELPING: _("with a colleague's call"),
    leading.BY_LEAD: _("by the shift lead"),
    WORKING: _("working a case of their own"),
}


@dataclass(frozen=True, slots=True)
class Seat:
    """A desk as its row says, for whoever sits there; with the call it has this moment, and that call's case."""

    name: str
    state: str
    words: str
    reason: str
    after: str  # what takes hold when its call ends, in words
    since: datetime
    lease_until: datetime | None
    wrap_until: datetime | None
    call: int | None
    asked: bool  # to take that call: it is not dialled yet
    case: Case | None
    acts: frozenset[str]
    phone: str = ""  # masked: what rings there
    told: str = ""  # what a shift lead did, and why
    leads: bool = False  # whether who sits there leads the shift
    owes: Case | None = None  # of whose last talk nobody has said yet what came of it


@transaction.atomic
def ready(*, by: User, now: datetime, pace: float = 1.0) -> None:
    """Sit down, if need be, and take calls. `pace`: how many program seconds pass in one of the browser's.

    Raises NotAllowedError while the word of their last talk is owed.
    """
    desk = _desk_of(by)
    debts.must_have_said(by=by, now=now)
    if desk.state == Desk.State.AWAY:
        span = max(1.0, pace)
        desks.sign_in(desk_id=desk.pk, area=_area(by), now=now, lease=LEASE * span, offer=OFFER * span)
    desks.ready(desk_id=desk.pk, now=now)
    leading.forget(by)
    reserving.let_go_of(by=by, now=now)
    _write("desk_ready", desk, by, now)


@transaction.atomic
def pause(*, by: User, reason: str, now: datetime) -> None:
    """Take no calls for a while; during a talk, from its end on. Raises NotAllowedError without a reason we know."""
    desk = _desk_of(by)
    if reason not in Why.values:
        raise NotAllowedError("a reason is needed")
    try:
        desks.pause(desk_id=desk.pk, reason=reason, now=now)
    except desks.NotSignedInError:
        raise NotAllowedError("the desk is away: say first that you are ready") from None
    _write("desk_paused", desk, by, now, reason=reason)


@transaction.atomic
def away(*, by: User, now: datetime) -> None:
    """The end of a shift; during a talk, when it ends. What they had reserved is free again."""
    desk = _desk_of(by)
    desks.away(desk_id=desk.pk, now=now)
    reserving.let_go_of(by=by, now=now)
    _write("desk_away", desk, by, now)


def accept(*, by: User, call_id: int, now: datetime) -> None:
    """Take the call the desk was asked to take. Raises NotAllowedError once it has gone back to its place."""
    desk = _desk_of(by)
    with transaction.atomic():
        taken = desks.accept(desk_id=desk.pk, call_id=call_id, now=now)
        if taken:
            _write("desk_accepted", desk, by, now, call=call_id)
    if not taken:  # only now: that the call went back, and the desk is ready, must last
        raise NotAllowedError("the call is not yours any more, or no line is free; it waits in its place")


@transaction.atomic
def decline(*, by: User, call_id: int, now: datetime) -> None:
    """Let another take it. Raises NotAllowedError if the desk was not asked about it any more."""
    desk = _desk_of(by)
    if not desks.decline(desk_id=desk.pk, call_id=call_id, now=now):
        raise NotAllowedError("the call is not yours any more, or no line is free; it waits in its place")
    _write("desk_declined", desk, by, now, call=call_id)


@transaction.atomic
def wrapped_up(*, by: User, now: datetime) -> None:
    """All is written down: the next, please. Raises NotAllowedError while the word of their last talk is owed."""
    desk = _desk_of(by)
    debts.must_have_said(by=by, now=now)
    desks.wrapped_up(desk_id=desk.pk, now=now)
    reserving.let_go_of(by=by, now=now)
    _write("desk_wrapped_up", desk, by, now)


def beat(*, by: User, now: datetime) -> Seat | None:
    """A sign of life from their page, and what it then shows; None for who has no desk, or works at none."""
    operator = _operator(by)
    if operator is None:
        return None
    desks.heartbeat(desk_id=operator.desk_id, now=now)
    return seen(by=by)


def seen(*, by: User) -> Seat | None:
    """What the row of their desk says; None for who has none."""
    operator = _operator(by)
    if operator is None:
        return None
    desk = Desk.objects.defer("address").get(pk=operator.desk_id)
    owed = Attempt.objects.filter(call=desk.owes).select_related("case__unit").first() if desk.owes else None
    call = Call.objects.at_desks().filter(desk=desk).defer("number").first()
    attempt = Attempt.objects.filter(call=call).select_related("case__unit").first() if call else None
    phone = desks.phone_of(desk.pk)
    asked = call is not None and not call.is_live and desk.state == Desk.State.OFFERED
    return Seat(
        name=desk.name,
        state=desk.state,
        words=str(desk.get_state_display()),
        reason=reason_in_words(desk.reason),
        after=str(Desk.State(desk.after).label) if desk.after else "",
        since=desk.since,
        lease_until=desk.lease_until,
        wrap_until=desk.wrap_until,
        call=call.pk if call else None,
        asked=asked,
        case=attempt.case if attempt else None,
        acts=frozenset(_acts(desk, asked, phone)),
        phone=phone,
        told=leading.told(operator),
        leads=operator.leads,
        owes=owed.case if owed else None,
    )


def reason_in_words(reason: str) -> str:
    """Why a desk is paused, in the reader's language."""
    return str(_REASONS.get(reason, reason))


def _acts(desk: Desk, asked: bool, phone: str) -> set[str]:
    """What may be pressed now."""
    state = Desk.State(desk.state)
    acts = {"accept", "decline"} if asked else set()
    if state is Desk.State.WRAPPING:
        acts |= {"wrapped_up"} if desk.owes is None else set()
    elif (state not in Desk.BUSY and state is not Desk.State.READY) or desk.after:
        acts.add("ready")
    if state is not Desk.State.AWAY:
        acts |= {"pause", "away"}
    if state is Desk.State.TALKING and phone:
        acts |= {"record", "bring"}
    return acts


def _operator(by: User) -> Operator | None:
    if not by.is_active:
        return None
    return Operator.objects.select_related("moved_by").filter(user=by).first()


def _desk_of(by: User) -> Desk:
    at_the_desk(by)
    operator = _operator(by)
    if operator is None:
        raise NotAllowedError("you have no desk")
    return Desk.objects.defer("address").get(pk=operator.desk_id)


def _area(by: User) -> str:
    """The part of the centre whose cases they may see, so whose calls they can take."""
    if by.is_superuser:
        return ""
    return (by.unit.path if by.unit else None) or NOWHERE


def _write(
    verb: str, desk: Desk, by: User, now: datetime, *, call: int | None = None, reason: str = ""
) -> None:
    attempt = Attempt.objects.filter(call=call).select_related("case").first() if call else None
    case = attempt.case if attempt else None
    record.write(verb, now=now, case=case, by=by, desk=desk.name, call=call, reason=reason)
