"""A visit is given to a colleague of the unit that goes: who of them is on duty, and who does it now."""

from datetime import datetime
from zoneinfo import ZoneInfo

from django.db import transaction

from dispatch import duty, record
from dispatch.manning import Manning
from dispatch.models import Assignment, Attempt, Shift, Unit, User
from dispatch.vocabulary import NewsKind, Result, Role, Tier, UnitKind
from dispatch.workflow import held, news
from dispatch.workflow.refusal import NotAllowedError

CHIEFS = (Role.SUPERVISOR, Role.ADMINISTRATOR)
SENT_OUT = (UnitKind.STATION, UnitKind.VILLAGE)
MOST_UNITS = 200


def on_duty(unit: Unit, now: datetime) -> list[User]:
    """The unit's officers whom its roster names now; all of them where it names nobody we know."""
    officers = list(User.objects.filter(unit=unit, role=Role.OFFICER, is_active=True).order_by("pk"))
    roster = [shift.plain() for shift in Shift.objects.filter(unit=unit)]
    named = set(duty.on_now(roster, ZoneInfo(unit.zone), now))
    return [one for one in officers if named & _names(one)] or officers


def units_on_duty(by: User, now: datetime) -> list[Unit]:
    """Where a supervisor may send somebody else from: units below their own that are on duty, at most 200."""
    if not by.is_a(*CHIEFS):
        return []
    below = Unit.objects.in_service().under(by.unit).filter(kind__in=SENT_OUT).order_by("path")[:MOST_UNITS]
    units, manning = list(below), Manning(now)
    manning.read(units)
    return [unit for unit in units if manning.is_on(unit)]


@transaction.atomic
def give(
    *, attempt_id: int, officer_id: int, by: User, now: datetime, when: datetime | None = None
) -> Assignment:
    """A colleague goes instead; promises and steps stay as they are. Of two sayings the later one holds.

    Raises NotAllowedError for a check, for a visit that has ended, and for anybody who does not work in its unit.
    """
    case, attempt = held.lock(attempt_id)
    to = _of_theirs(attempt, officer_id, by)
    if attempt.ended_at is not None:
        raise NotAllowedError("the visit has ended: {result}", result=Result(attempt.result))
    held.must_have_begun(attempt)
    at = held.was_so_at(attempt, when, now)
    known = Assignment.objects.filter(attempt=attempt).first()
    if known is not None and (known.user_id == officer_id or (known.at, known.user_id) > (at, officer_id)):
        return known
    given, _made = Assignment.objects.update_or_create(
        attempt=attempt, defaults={"user": to, "by": by, "at": at}
    )
    told = {"attempt": attempt.pk, "tier": Tier.VISIT.code, "to": given.user.get_username()}
    record.write("assigned", now=now, case=case, by=by, **told, **held.as_told(at, now))
    news.tell(attempt, NewsKind.GIVEN, now=now)
    return given


def _names(officer: User) -> set[str]:
    """What a roster may call them; in Chinese the family name comes first and nothing between."""
    return {officer.username, officer.get_full_name(), f"{officer.last_name}{officer.first_name}"}


def _of_theirs(attempt: Attempt, officer_id: int, by: User) -> User:
    """The colleague of the unit that goes; and whether it is theirs to say."""
    if Tier(attempt.tier) is not Tier.VISIT:
        raise NotAllowedError("that is for visits only")
    chief = by.is_a(*CHIEFS) and by.unit is not None and by.unit.holds(attempt.unit)
    if by.unit_id != attempt.unit_id and not chief:
        raise NotAllowedError("only the unit that goes, or a supervisor above it, says who goes")
    to = User.objects.filter(pk=officer_id, is_active=True, role=Role.OFFICER, unit=attempt.unit_id).first()
    if to is None:
        raise NotAllowedError("there is no such colleague in the unit that goes")
    return to
