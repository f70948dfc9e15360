"""What a shift lead does: pauses or signs off another's desk, gives a case to another; each with its reason, on record.

Supervisors and administrators lead within their units; of the operators those whose seat says so.
"""

from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from dispatch import record
from dispatch.models import Case, Operator, Unit, User
from dispatch.models.operator import Moved
from dispatch.vocabulary import Role
from dispatch.workflow.desk import DESK, booked_calls
from dispatch.workflow.refusal import NotAllowedError
from telephony import desks, dialling
from telephony.models import Desk

CHIEFS = (Role.SUPERVISOR, Role.ADMINISTRATOR)
BY_LEAD = "lead"  # why a desk is paused that its shift lead has paused
LONGEST_WHY = 120


def leads(user: User | None) -> bool:
    """Whether somebody may see the shift's board and act on it. Deny by default."""
    if user is None or not user.is_active:
        return False
    return user.is_a(*CHIEFS) or (
        user.is_a(Role.OPERATOR) and Operator.objects.filter(user=user, leads=True).exists()
    )


def must_lead(by: User) -> None:
    """Raises NotAllowedError for whoever leads no shift."""
    if not leads(by):
        raise NotAllowedError("only supervisors and shift leads do this")


@transaction.atomic
def pause(*, by: User, operator_id: int, why: str, now: datetime) -> None:
    """Let a desk take no calls; during a talk, from its end on. Its operator is told by whom and why."""
    operator, why = _other(by, operator_id, why)
    try:
        desks.pause(desk_id=operator.desk_id, reason=BY_LEAD, now=now, there=False)
    except desks.NotSignedInError:
        raise NotAllowedError("nobody is signed in at that desk") from None
    _tell(operator, Moved.PAUSED, by, why, now)


@transaction.atomic
def sign_off(*, by: User, operator_id: int, why: str, now: datetime) -> None:
    """Sign a desk off; during a talk, when it ends. Its operator is told by whom and why."""
    operator, why = _other(by, operator_id, why)
    if operator.desk.state == Desk.State.AWAY:
        raise NotAllowedError("nobody is signed in at that desk")
    desks.away(desk_id=operator.desk_id, now=now)
    _tell(operator, Moved.SIGNED_OFF, by, why, now)


@transaction.atomic
def reassign(*, by: User, case_id: int, to: User, why: str, now: datetime) -> Case:
    """Give an open case for good to somebody at the desk who sees it. Given to who holds it so, it does nothing."""
    must_lead(by)
    why = _reason(why)
    case = Case.objects.open().select_for_update(of=("self",)).filter(pk=case_id).first()
    if case is None:
        raise NotAllowedError("the case is closed already")
    if not sees(by, case.unit):
        raise NotAllowedError("that case is not one of your units'")
    if not to.is_a(*DESK) or not sees(to, case.unit):
        raise NotAllowedError("{who} may not work on that case", who=to.get_username())
    if case.holder_id != to.pk or case.held_until is not None:
        before = case.holder_id
        case.holder, case.held_until = to, None
        case.save(update_fields=["holder", "held_until"])
        dialling.let_go(booked_calls(case))
        record.write(
            "case_assigned", now=now, case=case, by=by, why=why, before_holder=before, to=to.get_username()
        )
    return case


def told(operator: Operator) -> str:
    """What the operator's own page says of it, until they are ready again."""
    if not operator.moved or operator.moved_by is None or operator.moved_at is None:
        return ""
    words = {
        Moved.PAUSED: _("{who} has paused your desk at {at}: {why}"),
        Moved.SIGNED_OFF: _("{who} has signed your desk off at {at}: {why}"),
    }
    return words[Moved(operator.moved)].format(
        who=operator.moved_by.get_full_name() or operator.moved_by,
        at=f"{timezone.localtime(operator.moved_at):%H:%M}",
        why=operator.moved_why,
    )


def forget(by: User) -> None:
    """Who is ready again has seen what they were told."""
    mine = Operator.objects.filter(user=by).exclude(moved="")
    mine.update(moved="", moved_by=None, moved_at=None, moved_why="")


def _other(by: User, operator_id: int, why: str) -> tuple[Operator, str]:
    """Somebody else's seat within one's units, its desk locked: before the seat's own row; and the reason."""
    must_lead(by)
    operator = (
        Operator.objects.select_for_update(of=("desk",), no_key=True)
        .select_related("user__unit", "desk")
        .filter(pk=operator_id)
        .first()
    )
    if operator is None or not sees(by, operator.user.unit):
        raise NotAllowedError("that desk is not one of your units'")
    if operator.user_id == by.pk:
        raise NotAllowedError("your own desk is on your own page")
    if operator.user.is_a(*CHIEFS) and not by.is_a(*CHIEFS):
        raise NotAllowedError("a supervisor's desk is a supervisor's to move")
    return operator, _reason(why)


def _reason(why: str) -> str:
    if not why.strip():
        raise NotAllowedError("a reason is needed")
    return why.strip()[:LONGEST_WHY]


def sees(user: User, unit: Unit | None) -> bool:
    """Whether a unit lies in somebody's subtree."""
    if user.is_superuser:
        return True
    return user.unit is not None and user.unit.holds(unit)


def _tell(operator: Operator, moved: Moved, by: User, why: str, now: datetime) -> None:
    operator.moved, operator.moved_by, operator.moved_at, operator.moved_why = moved, by, now, why
    operator.save(update_fields=["moved", "moved_by", "moved_at", "moved_why"])
    record.write(
        "desk_forced",
        now=now,
        by=by,
        why=why,
        desk=operator.desk.name,
        forced=moved.value,
        operator=operator.user.get_username(),
    )
