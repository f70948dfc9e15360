"""Recording facts: what the line met, what an operator or officer says; each wakes its case."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from dispatch import nearness, policies, record
from dispatch.chain import Rung
from dispatch.models import Attempt, Case, Event, Order, User
from dispatch.vocabulary import (
    FACE_TO_FACE,
    RESULTS_OF,
    Disposition,
    Level,
    Result,
    Stage,
    Tier,
    result_with,
)
from dispatch.workflow import evidence as kept
from dispatch.workflow.refusal import NotAllowedError
from dispatch.workflow.reopening import bad_news, reopen
from dispatch.workflow.turn import advance
from telephony.carrier import CallResult, CallStatus
from telephony.models import Call
from telephony.prepared import prepared
from telephony.writeback import write_back

# What only the engine or the line may write.
NOT_A_PERSONS_WORD = frozenset(
    {Result.FAILED_HERE, Result.NOT_PLACED, Result.CANCELLED, Result.NO_NEWS, Result.OUTCOME_UNKNOWN}
)

_MOVED = ("stage", "started_at", "due_at", "result", "fault", "evidence", "ended_at")
RINGS_LONG = timedelta(minutes=1)  # after this, a carrier that says "still ringing" keeps the attempt alive
HEARD_IN_A_WATCH = (Result.LOSS, Result.RELAPSE)


def call_moved(call: Call, *, now: datetime) -> None:
    """What a call's news means for its attempt. Runs inside the transaction that moved the call.

    Order of locks: call, case, attempt. The case takes its turn at the next tick.
    """
    if call.status == CallStatus.RINGING and call.dialled_at and now < call.dialled_at + RINGS_LONG:
        return  # a phone that has begun to ring moves nothing
    case_id = _case_of_call.first(call.pk)
    if case_id is None:
        return
    case, attempt = _lock_case.get(case_id), _attempt_of_call.get(call.pk)
    attempt.started_at = attempt.started_at or call.dialled_at
    was_live, before = attempt.ended_at is None, attempt.due_at
    if was_live:
        _move_with(attempt, call, _rung(case, attempt), now)
    write_back([attempt], _MOVED)
    if was_live and attempt.ended_at is not None and case.is_open:
        case.due_at = now
        write_back([case], ["due_at"])
        record.write("met", now=now, case=case, agent="line", **_told(attempt))
    elif was_live:
        _retime(case, before)


def _move_with(attempt: Attempt, call: Call, rung: Rung, now: datetime) -> None:
    if call.status == CallStatus.ENDED and call.result != CallResult.ANSWERED:
        kept.end(attempt, Result(call.result), now, line=call.evidence)
        return
    if call.status == CallStatus.ENDED:
        attempt.stage = Stage.JUDGING
    elif call.status == CallStatus.TALKING:
        attempt.stage = Stage.TALKING
    elif call.status in (CallStatus.DIALLING, CallStatus.RINGING):
        attempt.stage = Stage.DIALLED
    attempt.due_at = now + rung.within[Stage(attempt.stage)]


@transaction.atomic
def identify(*, attempt_id: int, now: datetime, by: User | None = None) -> Attempt:
    """The operator or officer has checked that this is the target."""
    case, attempt = _lock(attempt_id)
    if attempt.identified_at is None:
        attempt.identified_at = now
        attempt.save(update_fields=["identified_at"])
        record.write("identified", now=now, case=case, by=by, **_told(attempt))
    return attempt


@transaction.atomic
def record_result(
    *,
    attempt_id: int,
    result: Result,
    now: datetime,
    by: User | None = None,
    agent: str = "",
    evidence: Mapping[str, Any] | None = None,
    note: str = "",
) -> Attempt:
    """Write what a person says an attempt met, once, and let the case take its turn.

    Too late, it is kept in the record and changes nothing, but for a loss or a relapse: that is bad news
    however late (`reopening.bad_news`). The same again does nothing. Raises NotAllowedError for words that
    are not a person's, not this tier's, or that need a disposition (`judge`).
    """
    case, attempt = _lock(attempt_id)
    tier = Tier(attempt.tier)
    if result not in RESULTS_OF[tier] or result in NOT_A_PERSONS_WORD:
        raise NotAllowedError(
            "{result} is not a result a person records of a {tier}", result=result, tier=tier
        )
    if result in FACE_TO_FACE:
        raise NotAllowedError("{result} needs a disposition", result=result)
    if attempt.stage == Stage.WATCHING and result not in HEARD_IN_A_WATCH:
        raise NotAllowedError("in a watch only a loss or a relapse is reported")
    if attempt.ended_at is not None:
        if attempt.result != result and not _was_said(case, attempt, result, by):
            kept.hear(attempt, result, now=now, by=by, agent=agent, evidence=evidence, note=note)
            attempt.save(update_fields=["evidence", "note"])
            record.write("late_result", now=now, case=case, by=by, agent=agent, said=result, **_told(attempt))
            if result in HEARD_IN_A_WATCH:
                bad_news(case, result, now=now, by=by, agent=agent)
        return attempt
    _must_have_begun(attempt)
    kept.hear(attempt, result, now=now, by=by, agent=agent, evidence=evidence, note=note)
    kept.end(attempt, result, now)
    attempt.save()
    record.write("met", now=now, case=case, by=by, agent=agent, **_told(attempt))
    _wake(case, now)
    return attempt


@transaction.atomic
def judge(
    *,
    attempt_id: int,
    disposition: Disposition,
    now: datetime,
    by: User | None = None,
    agent: str = "",
    evidence: Mapping[str, Any] | None = None,
    note: str = "",
) -> Attempt:
    """Write what a person judged after meeting the target, once, and let the case take its turn.

    A word that comes after the attempt was settled or stood down is heard all the same, as met at that
    time. After the case has closed, `already_transferred` and `not_persuaded` open a new one.
    """
    case, attempt = _lock(attempt_id)
    if Tier(attempt.tier) is Tier.FOLLOW_UP:
        raise NotAllowedError("a follow-up ends with a result, not with a disposition")
    if attempt.disposition:
        if attempt.disposition == disposition:
            return attempt
        raise NotAllowedError("already judged {said}", said=Disposition(attempt.disposition))
    _must_have_begun(attempt)
    late = attempt.ended_at is not None
    attempt.disposition, attempt.judged_at, attempt.judged_by = disposition, now, by
    if disposition is not Disposition.WRONG_PERSON:
        attempt.identified_at = attempt.identified_at or now
    if not late:
        kept.end(attempt, result_with(Tier(attempt.tier), disposition), now)
    kept.hear(attempt, disposition, now=now, by=by, agent=agent, evidence=evidence, note=note)
    attempt.save()
    record.write("judged", now=now, case=case, by=by, agent=agent, late=late or None, **_told(attempt))
    if case.is_open:
        _wake(case, now)
    elif disposition in (Disposition.ALREADY_TRANSFERRED, Disposition.NOT_PERSUADED):
        reopen(case, disposition, now)
    return attempt


def _was_said(case: Case, attempt: Attempt, result: Result, by: User | None) -> bool:
    said = Event.objects.filter(case=case, verb="late_result", by=by)
    return said.filter(detail__attempt=attempt.pk, detail__said=result).exists()


@transaction.atomic
def acknowledge(*, attempt_id: int, now: datetime, by: User | None = None, agent: str = "") -> Attempt:
    """The unit has taken the visit. Doing it twice does nothing."""
    return _stage(attempt_id, Stage.ACKNOWLEDGED, now, by, agent)


@transaction.atomic
def arrive(
    *,
    attempt_id: int,
    now: datetime,
    by: User | None = None,
    agent: str = "",
    at: nearness.Place | None = None,
) -> Attempt:
    """The officer stands at the door. Doing it twice does nothing.

    Of where the officer's device says it is (`at`) only the distance to the place we know is kept:
    a door's coordinates are somebody's address.
    """
    attempt = _stage(attempt_id, Stage.ARRIVED, now, by, agent)
    case = attempt.case
    if at and case.lat is not None and case.lon is not None and "metres_away" not in attempt.evidence:
        away = nearness.distance_km(at, nearness.Place(case.lat, case.lon)) * 1000
        attempt.evidence = {**attempt.evidence, "metres_away": round(away)}
        attempt.save(update_fields=["evidence"])
    return attempt


_VISIT_STAGES = (Stage.PLANNED, Stage.SENT, Stage.ACKNOWLEDGED, Stage.ARRIVED)


def _stage(attempt_id: int, stage: Stage, now: datetime, by: User | None, agent: str) -> Attempt:
    case, attempt = _lock(attempt_id)
    if Tier(attempt.tier) is not Tier.VISIT:
        raise NotAllowedError("only a visit is acknowledged and arrives")
    if (attempt.arrived_at if stage is Stage.ARRIVED else attempt.acknowledged_at) is not None:
        return attempt  # said again, perhaps after the end, by a phone that never heard our answer
    if attempt.ended_at is not None:
        raise NotAllowedError("the visit has ended: {result}", result=Result(attempt.result))
    _must_have_begun(attempt)
    if _VISIT_STAGES.index(Stage(attempt.stage)) >= _VISIT_STAGES.index(stage):
        return attempt
    attempt.stage, before = stage, attempt.due_at
    attempt.acknowledged_at = attempt.acknowledged_at or now
    rung = _rung(case, attempt)
    if stage is Stage.ARRIVED:
        attempt.arrived_at = now
        attempt.due_at = now + rung.within[stage]
    else:
        attempt.due_at = (attempt.started_at or now) + rung.within[stage]
    attempt.save()
    record.write(stage, now=now, case=case, by=by, agent=agent, **_told(attempt))
    _retime(case, before)
    return attempt


def _lock(attempt_id: int) -> tuple[Case, Attempt]:
    """The case first, then its attempt.

    FOR NO KEY UPDATE: a directive that opens a case which follows this one need not wait for us, who may
    be waiting for that case.
    """
    case = _lock_case_for_words.get(_case_of.get(attempt_id))
    return case, _lock_attempt.get(attempt_id)


@prepared
def _case_of(attempt_id: int) -> QuerySet[Attempt, int]:
    return Attempt.objects.filter(pk=attempt_id).values_list("case_id", flat=True)


@prepared
def _case_of_call(call_id: int) -> QuerySet[Attempt, int]:
    return Attempt.objects.filter(call=call_id).values_list("case_id", flat=True)


@prepared
def _lock_case(case_id: int) -> QuerySet[Case]:
    return Case.objects.filter(pk=case_id).select_for_update(of=("self",))


@prepared
def _lock_case_for_words(case_id: int) -> QuerySet[Case]:
    return Case.objects.filter(pk=case_id).select_for_update(of=("self",), no_key=True)


@prepared
def _lock_attempt(attempt_id: int) -> QuerySet[Attempt]:
    return Attempt.objects.filter(pk=attempt_id).select_for_update(of=("self",))


@prepared
def _attempt_of_call(call_id: int) -> QuerySet[Attempt]:
    return Attempt.objects.filter(call=call_id).select_for_update(of=("self",))


def _must_have_begun(attempt: Attempt) -> None:
    if attempt.started_at is None:
        raise NotAllowedError("the attempt has not begun")


def _rung(case: Case, attempt: Attempt) -> Rung:
    rules = policies.escalation_rules(case.policy_id)
    return rules.levels[Level(case.level)].rungs[Tier(attempt.tier)]


def _wake(case: Case, now: datetime) -> None:
    if case.is_open:
        advance([case.pk], now=now)


def _retime(case: Case, before: datetime | None) -> None:
    """An attempt's limit has moved, from `before`, and nothing else: the case is due when its first limit is.

    A case that is due earlier than any limit has been woken and awaits its turn: it stays due.
    """
    if case.due_at is None:
        return
    limits = [due_at for (due_at,) in _limits(case.pk) if due_at]
    if case.due_at < min(filter(None, (before, *limits)), default=case.due_at):
        return
    least = min(limits, default=case.due_at)
    if least != case.due_at:
        case.due_at = least
        write_back([case], ["due_at"])


@prepared
def _limits(case_id: int) -> QuerySet[Any, tuple[datetime | None]]:
    orders = Order.objects.open().filter(case=case_id).values_list("due_at")
    return Attempt.objects.live().filter(case=case_id).values_list("due_at").union(orders, all=True)


def _told(attempt: Attempt) -> dict[str, Any]:
    return {
        "attempt": attempt.pk,
        "tier": Tier(attempt.tier).code,
        "result": attempt.result,
        "disposition": attempt.disposition,
        "unit": attempt.unit_id,
    }
