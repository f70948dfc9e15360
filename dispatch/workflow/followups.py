"""Checks of the follow-up: to whom they are given, and what community officers and grid workers found."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from dispatch import record
from dispatch.models import Assignment, Attempt, Unit, User
from dispatch.vocabulary import RESULTS_OF, Result, Role, Tier, Way
from dispatch.workflow.checkers import LOCAL
from dispatch.workflow.desk import Need, Opened
from dispatch.workflow.refusal import NotAllowedError
from dispatch.workflow.words import HEARD_IN_A_WATCH, NOT_A_PERSONS_WORD, record_result

CHECKERS = (Role.OFFICER, Role.SUPERVISOR, Role.ADMINISTRATOR)
FOUND = tuple(r for r in Result if r in RESULTS_OF[Tier.FOLLOW_UP] - NOT_A_PERSONS_WORD)
FOUND_IN_A_WATCH = HEARD_IN_A_WATCH
MOST_AT_ONCE = 500
LONGEST_NOTE = 500


@dataclass(frozen=True, slots=True)
class Entry:
    """What somebody enters for one check; `way` is how it was made, None for news that came in otherwise."""

    attempt: int
    result: Result
    way: Way | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Entered:
    """What became of an entry; `refusal` is None if it is on record."""

    attempt: int
    refusal: NotAllowedError | None = None
    late: bool = False  # the check had ended before: kept on record


def may_check(user: User, attempt: Attempt) -> bool:
    """Whether a check is within a user's subtree, and of a role that enters results."""
    return user.is_a(*CHECKERS) and user.unit is not None and user.unit.holds(attempt.unit)


def enter_all(entries: Iterable[Entry], *, by: User, now: datetime) -> list[Entered]:
    """Results for many checks in one sitting: each by itself, so that one refused row holds up no other."""
    return [_enter_alone(entry, by, now) for entry in list(entries)[:MOST_AT_ONCE]]


def _enter_alone(entry: Entry, by: User, now: datetime) -> Entered:
    try:
        attempt = enter(entry, by=by, now=now)
    except NotAllowedError as refusal:
        return Entered(entry.attempt, refusal)
    return Entered(entry.attempt, late=attempt.result != entry.result)


def enter(entry: Entry, *, by: User, now: datetime) -> Attempt:
    """Record what a check found. Raises NotAllowedError, and for a stranger's check puts that on record."""
    _own(entry.attempt, by, now)
    if entry.way is None and entry.result not in HEARD_IN_A_WATCH:
        raise NotAllowedError("say how the check was made: by call or by visit")
    return record_result(
        attempt_id=entry.attempt,
        result=entry.result,
        now=now,
        by=by,
        evidence={"way": entry.way.value} if entry.way else None,
        note=entry.note.strip()[:LONGEST_NOTE],
    )


def give(*, attempt_id: int, to: User, by: User, now: datetime) -> Assignment:
    """A check is given to a community officer or grid worker. The same again does nothing."""
    attempt = _own(attempt_id, by, now)  # whose refusal must last
    return _give(attempt, to, by, now)


@transaction.atomic
def _give(attempt: Attempt, to: User, by: User, now: datetime) -> Assignment:
    if attempt.ended_at is not None:
        raise NotAllowedError("the check has ended: {result}", result=Result(attempt.result))
    if to.unit is None or not to.is_active or to.role != Role.OFFICER:
        raise NotAllowedError("checks are given to community officers and grid workers")
    if to.unit.kind not in LOCAL or not to.unit.holds(attempt.unit):
        raise NotAllowedError("they work elsewhere")
    Attempt.objects.select_for_update(of=("self",)).get(pk=attempt.pk)
    known = Assignment.objects.filter(attempt=attempt).first()
    if known is not None and known.user_id == to.pk:
        return known
    given, _made = Assignment.objects.update_or_create(
        attempt=attempt, defaults={"user": to, "by": by, "at": now}
    )
    record.write(
        "assigned",
        now=now,
        case=attempt.case,
        by=by,
        attempt=attempt.pk,
        tier=Tier.FOLLOW_UP.code,
        to=to.get_username(),
    )
    return given


def open_person(*, attempt_id: int, by: User, now: datetime) -> Opened:
    """Personal data to whoever does a live check, once, on record. Raises NotAllowedError."""
    attempt = _own(attempt_id, by, now)
    if attempt.ended_at is not None or attempt.started_at is None:
        raise NotAllowedError("the check is not going on")
    case, target = attempt.case, attempt.case.target
    record.write("viewed", now=now, case=case, by=by, why=Need.CHECK, attempt=attempt.pk)
    return Opened(
        name=target.name,
        id_number=target.masked_id,
        numbers=tuple(use.phone.number for use in target.numbers.select_related("phone")),
        address=case.address,
        contacts=tuple((c.relation, c.name, c.number) for c in target.contacts.order_by("pk")),
    )


def printed(*, unit: Unit, attempts: Iterable[int], by: User, now: datetime) -> None:
    """Who printed which list, on record."""
    if not by.is_a(*CHECKERS) or by.unit is None or not by.unit.holds(unit):
        record.write("refused", now=now, by=by, why="another unit's list", unit=unit.pk)
        raise NotAllowedError("that list is not one of your units'")
    record.write("printed", now=now, by=by, unit=unit.pk, attempts=list(attempts))


def _own(attempt_id: int, by: User, now: datetime) -> Attempt:
    """A check within the user's subtree; whoever asks for another's is told as little as of one that is not there."""
    found = Attempt.objects.filter(pk=attempt_id, tier=Tier.FOLLOW_UP)
    attempt = found.select_related("unit", "case__target").first()
    if attempt is None or not may_check(by, attempt):
        if attempt is not None:
            record.write("refused", now=now, by=by, why="another unit's check", attempt=attempt_id)
        raise NotAllowedError("there is no such check of yours")
    return attempt
