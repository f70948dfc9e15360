"""What else an officer does with a visit: hand it back, ask for more officers, give it to another unit, add to it."""

from datetime import datetime
from typing import Any

from django.db import transaction

from dispatch import doorstep, policies, record
from dispatch.lateness import begun
from dispatch.models import Attempt, Case, Contact, Unit, User
from dispatch.vocabulary import Level, NewsKind, Result, Role, Tier
from dispatch.workflow import evidence, held, news
from dispatch.workflow.refusal import NotAllowedError


@transaction.atomic
def hand_back(*, attempt_id: int, by: User, now: datetime, when: datetime | None = None) -> Attempt:
    """The unit cannot go: as if it had not acknowledged, so the next one is sent at once."""
    case, attempt = _live_visit(attempt_id)
    if attempt.arrived_at is not None:
        raise NotAllowedError("whoever stands at the door reports what they met")
    at = held.was_so_at(attempt, when, now)
    told = {"by": by.pk, "at": at.isoformat()}
    evidence.end(attempt, Result.NO_ACKNOWLEDGEMENT, at, handed_back=told)
    attempt.save()
    record.write("handed_back", now=now, case=case, by=by, **held.told(attempt), **held.as_told(at, now))
    news.tell(attempt, NewsKind.HANDED_BACK, now=now)
    held.wake(case, now)
    return attempt


@transaction.atomic
def reinforce(*, attempt_id: int, by: User, now: datetime) -> Attempt:
    """Whoever goes asks for more officers; the units above see it too. Asked again it does nothing."""
    case, attempt = _live_visit(attempt_id)
    if not attempt.reinforced:
        attempt.reinforced = True
        attempt.save(update_fields=["reinforced"])
        record.write("reinforced", now=now, case=case, by=by, **held.told(attempt))
        news.tell(attempt, NewsKind.REINFORCED, now=now)
    return attempt


@transaction.atomic
def reassign(*, attempt_id: int, unit_id: int, by: User, now: datetime) -> Attempt:
    """A supervisor gives a visit to another unit below their own; the first one stands down. The new visit.

    Raises NotAllowedError for whoever is none, for a unit that is not theirs, or once somebody is at the door.
    """
    case, attempt = _live_visit(attempt_id)
    unit = Unit.objects.filter(pk=unit_id).first()
    if not by.is_a(Role.SUPERVISOR, Role.ADMINISTRATOR):
        raise NotAllowedError("only a supervisor gives a visit to another unit")
    if unit is None or by.unit is None or not by.unit.holds(unit):
        raise NotAllowedError("there is no such unit below yours")
    if unit.pk == attempt.unit_id:
        raise NotAllowedError("it is that unit's already")
    if attempt.arrived_at is not None:
        raise NotAllowedError("whoever stands at the door reports what they met")
    evidence.end(attempt, Result.CANCELLED, now, reassigned={"by": by.pk, "unit": unit.pk})
    attempt.save()
    news.tell(attempt, NewsKind.REASSIGNED, now=now)
    given = _sent(case, attempt, unit, now)
    record.write(
        "reassigned", now=now, case=case, by=by, attempt=attempt.pk, unit=unit.pk, before=None, given=given.pk
    )
    held.wake(case, now)
    return given


def _sent(case: Case, before: Attempt, unit: Unit, now: datetime) -> Attempt:
    chain = policies.escalation_rules(case.policy_id).levels[Level(case.level)]
    stage, due_at = begun(Tier.VISIT, chain, now)
    given = Attempt.objects.create(
        case=case, tier=Tier.VISIT, level=case.level, stage=stage, unit=unit, reinforced=before.reinforced,
        starts_at=now, started_at=now, due_at=due_at, told_at=before.told_at,
    )  # fmt: skip
    news.tell(given, NewsKind.SENT, now=now)
    return given


@transaction.atomic
def answer(
    *, attempt_id: int, answers: dict[str, bool], by: User, now: datetime, when: datetime | None = None
) -> Attempt:
    """Answers to the form at the door, by code. Of two answers to one question the later one counts.

    Raises NotAllowedError for a question there is not.
    """
    case, attempt = held.lock(attempt_id)
    held.must_have_begun(attempt)
    at = held.was_so_at(attempt, when, now).isoformat()
    if unknown := sorted(answers.keys() - doorstep.codes()):
        raise NotAllowedError("the form has no such question: {words}", words=", ".join(unknown))
    known: dict[str, Any] = dict(attempt.evidence.get("doorstep", {}))
    for code, said in answers.items():
        before = known.get(code)
        if before is None or (before["at"], before["is"]) < (at, said):
            known[code] = {"is": said, "at": at, "by": by.pk}
    if known != attempt.evidence.get("doorstep", {}):
        attempt.evidence = {**attempt.evidence, "doorstep": known}
        attempt.save(update_fields=["evidence"])
        record.write("looked", now=now, case=case, by=by, attempt=attempt.pk, codes=sorted(answers))
        news.tell(attempt, NewsKind.ADDED, now=now)
    return attempt


@transaction.atomic
def met_somebody(
    *, attempt_id: int, relation: str, name: str, number: str, by: User, now: datetime
) -> Contact:
    """Another person met there who may reach the target; known by their number, so that told twice they are one."""
    case, attempt = held.lock(attempt_id)
    held.must_have_begun(attempt)
    theirs = Contact.objects.filter(target=case.target_id)
    same = next((c for c in theirs if c.number == number and (number or c.name == name)), None)
    if same is not None:
        return same
    contact = Contact.objects.create(
        target_id=case.target_id, relation=relation, name=name, number=number, added_at=now
    )
    record.write("met_contact", now=now, case=case, by=by, attempt=attempt.pk, contact=contact.pk)
    news.tell(attempt, NewsKind.ADDED, now=now)
    return contact


def _live_visit(attempt_id: int) -> tuple[Case, Attempt]:
    case, attempt = held.lock(attempt_id)
    if Tier(attempt.tier) is not Tier.VISIT:
        raise NotAllowedError("that is for visits only")
    if attempt.ended_at is not None:
        raise NotAllowedError("the visit has ended: {result}", result=Result(attempt.result))
    held.must_have_begun(attempt)
    return case, attempt
