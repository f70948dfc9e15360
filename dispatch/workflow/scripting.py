"""What operators say of a script after using it: whether it helped in one attempt, and which sentence did."""

from datetime import datetime

from django.db import transaction

from dispatch import policies, record
from dispatch.models import Attempt, Case, Event, PolicyVersion, User
from dispatch.models.event import SCRIPT_MARKED, EventQuerySet
from dispatch.scripts import Script
from dispatch.vocabulary import CALLS, FraudType, Situation, Tier
from dispatch.workflow.desk import at_the_desk
from dispatch.workflow.refusal import NotAllowedError


@transaction.atomic
def mark(
    *,
    attempt_id: int,
    version: int,
    situation: Situation,
    helped: bool,
    by: User,
    now: datetime,
    sentence: str = "",
) -> Event:
    """Put on record whether the script helped in a call; `version` is its number, `sentence` a line's id.

    Said again in other words the newest counts; the same again by the same person does nothing. Raises
    NotAllowedError for a call that has not begun, a version that was never in force, a sentence it does not hold.
    """
    at_the_desk(by)
    found = Attempt.objects.filter(pk=attempt_id).values_list("case", "tier", "started_at").first()
    if found is None or Tier(found[1]) not in CALLS or found[2] is None:
        raise NotAllowedError("a script is marked in a call that has begun")
    case = Case.objects.select_for_update(of=("self",), no_key=True).get(pk=found[0])
    fraud = FraudType(case.fraud_type)
    script = _shown(version, fraud, situation, now)
    if sentence and sentence not in {line.id for part in (script.ask, script.say) for line in part}:
        raise NotAllowedError("that sentence is not in the script: {sentence}", sentence=sentence)
    detail = {
        "attempt": attempt_id,
        "version": version,
        "fraud": fraud.value,
        "situation": situation.value,
        "helped": helped,
        "sentence": sentence,
    }
    newest = marks_of(case.pk).filter(detail__attempt=attempt_id, by=by).order_by("-at", "-pk").first()
    if newest is not None and newest.detail == {key: value for key, value in detail.items() if value != ""}:
        return newest
    return record.write(SCRIPT_MARKED, now=now, case=case, by=by, **detail)


def marks_of(case_id: int) -> EventQuerySet:
    """The marks of a case."""
    return Event.objects.filter(case=case_id, verb=SCRIPT_MARKED)


def _shown(number: int, fraud: FraudType, situation: Situation, now: datetime) -> Script:
    """The script as that version shows it."""
    policies.current(PolicyVersion.Kind.SCRIPTS, now)  # the built-in one becomes version 1
    started = PolicyVersion.objects.in_force(PolicyVersion.Kind.SCRIPTS, now)
    version = started.filter(version=number).values_list("pk", flat=True).first()
    if version is None:
        raise NotAllowedError("no scripts of version {number} have been in force", number=number)
    return policies.scripts_of(version).script(fraud, situation)
