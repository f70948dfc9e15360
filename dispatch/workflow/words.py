"""Recording facts: what the line met, what an operator or officer says; each wakes its case.

`when`: the moment it was so, if it is told later than that (a phone without signal); else it is `now`.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from dispatch import nearness, record
from dispatch.chain import Rung
from dispatch.models import Attempt, Case, Event, User
from dispatch.vocabulary import (
    FACE_TO_FACE,
    RESULTS_OF,
    Disposition,
    NewsKind,
    Result,
    Stage,
    Tier,
    result_with,
)
from dispatch.workflow import contradictions, debts, doors, held, news
from dispatch.workflow import evidence as kept
from dispatch.workflow.contradictions import ContradictedError
from dispatch.workflow.refusal import NotAllowedError
from dispatch.workflow.reopening import bad_news, reopen
from dispatch.workflow.steps import step
from telephony import calls
from telephony.carrier import CallResult, CallStatus
from telephony.models import Call
from telephony.prepared import prepared
from telephony.writeback import write_back, write_whole

# What only the engine or the line may write.
NOT_A_PERSONS_WORD = frozenset(
    {Result.FAILED_HERE, Result.NOT_PLACED, Result.CANCELLED, Result.NO_NEWS, Result.OUTCOME_UNKNOWN}
)

_MOVED = ("stage", "started_at", "due_at", "result", "fault", "evidence", "ended_at")
RINGS_LONG = timedelta(minutes=1)  # after this, a carrier that says "still ringing" keeps the attempt alive
HEARD_IN_A_WATCH = (Result.LOSS, Result.RELAPSE)
HEARD_OF = (
    Stage.TALKING,
    Stage.JUDGING,
)  # a call somebody answered: the same word as the clock's is still a word


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
    if attempt.ended_at is not None and call.status == CallStatus.DIALLING and call.placed_at is None:
        calls.stand_down(call, now=now)
        return
    attempt.started_at = attempt.started_at or call.dialled_at
    was_live, before = attempt.ended_at is None, attempt.due_at
    if was_live:
        _move_with(attempt, call, held.rung(case, attempt), now)
    write_back([attempt], _MOVED)
    if was_live and attempt.ended_at is not None and case.is_open:
        case.due_at = now
        write_back([case], ["due_at"])
        record.write("met", now=now, case=case, agent="line", **held.told(attempt))
    elif was_live:
        held.retime(case, before)


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
def identify(
    *, attempt_id: int, now: datetime, by: User | None = None, when: datetime | None = None
) -> Attempt:
    """The operator or officer has checked that this is the target. The earliest time counts; again does nothing."""
    case, attempt = held.lock(attempt_id)
    at = held.was_so_at(attempt, when, now)
    if attempt.identified_at is not None and attempt.identified_at <= at:
        return attempt
    attempt.identified_at = at
    attempt.save(update_fields=["identified_at"])
    if attempt.ended_at is not None:  # no turn that is due will look at it any more
        case.reached_at = held.earliest(case.reached_at, at)
        write_back([case], ["reached_at"])
    record.write("identified", now=now, case=case, by=by, **held.told(attempt), **held.as_told(at, now))
    news.tell(attempt, NewsKind.IDENTIFIED, now=now)
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
    when: datetime | None = None,
) -> Attempt:
    """Write what a person says an attempt met, once, and let the case take its turn.

    Too late, it is kept in the record and changes nothing, but for a loss or a relapse: that is bad news
    however late (`reopening.bad_news`). The same again does nothing. Raises NotAllowedError for words that
    are not a person's, not this tier's, or that need a disposition (`judge`).
    """
    case, attempt = held.lock(attempt_id)
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
        unsaid = attempt.stage in HEARD_OF and not attempt.evidence.get("said")
        if (attempt.result != result or unsaid) and not _was_said(case, attempt, result, by):
            at = held.was_so_at(attempt, when, now)
            kept.hear(attempt, result, now=at, by=by, agent=agent, evidence=evidence, note=note)
            attempt.save(update_fields=["evidence", "note"])
            debts.said(attempt)
            record.write(
                "late_result", now=now, case=case, by=by, agent=agent, said=result, **held.told(attempt)
            )
            if attempt.disposition and by is not None and by.pk != attempt.judged_by_id:
                contradictions.keep(case, attempt, result, by=by.pk, at=at, now=now)
            news.tell(attempt, NewsKind.REPORTED, now=now)
            if result in HEARD_IN_A_WATCH:
                bad_news(case, result, now=now, by=by, agent=agent)
        return attempt
    held.must_have_begun(attempt)
    at = held.was_so_at(attempt, when, now)
    kept.hear(attempt, result, now=at, by=by, agent=agent, evidence=evidence, note=note)
    kept.end(attempt, result, at)
    write_whole(attempt)
    debts.said(attempt)
    record.write("met", now=now, case=case, by=by, agent=agent, **held.told(attempt), **held.as_told(at, now))
    news.tell(attempt, NewsKind.REPORTED, now=now)
    held.wake(case, now)
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
    when: datetime | None = None,
) -> Attempt:
    """Write what a person judged after meeting the target, once, and let the case take its turn.

    A word that comes after the attempt was settled or stood down is heard all the same, as met at that
    time. After the case has closed, `already_transferred` and `not_persuaded` open a new one.
    """
    case, attempt = held.lock(attempt_id)
    if Tier(attempt.tier) is Tier.FOLLOW_UP:
        raise NotAllowedError("a follow-up ends with a result, not with a disposition")
    if attempt.disposition:
        if attempt.disposition == disposition:
            return attempt
        already = Disposition(attempt.disposition)
        if Tier(attempt.tier) is Tier.VISIT:
            raise ContradictedError("already judged {said}", said=already, word=disposition)
        raise NotAllowedError("already judged {said}", said=already)
    held.must_have_begun(attempt)
    late = attempt.ended_at is not None
    at = held.was_so_at(attempt, when, now)
    attempt.disposition, attempt.judged_at, attempt.judged_by = disposition, at, by
    if disposition is not Disposition.WRONG_PERSON:
        attempt.identified_at = held.earliest(attempt.identified_at, at)
    if not late:
        kept.end(attempt, result_with(Tier(attempt.tier), disposition), at)
    kept.hear(attempt, disposition, now=at, by=by, agent=agent, evidence=evidence, note=note)
    write_whole(attempt)
    debts.said(attempt)
    told = {**held.told(attempt), **held.as_told(at, now)}
    record.write("judged", now=now, case=case, by=by, agent=agent, late=late or None, **told)
    if late and contradictions.was_said(attempt, attempt.result):
        other = contradictions.said_by(attempt, attempt.result)
        if other is not None and by is not None and other != by.pk:
            contradictions.keep(case, attempt, attempt.result, by=other, at=attempt.ended_at or at, now=now)
    news.tell(attempt, NewsKind.REPORTED, now=now)
    if case.is_open:
        held.wake(case, now)
    elif disposition in (Disposition.ALREADY_TRANSFERRED, Disposition.NOT_PERSUADED):
        reopen(case, disposition, now)
    return attempt


def _was_said(case: Case, attempt: Attempt, result: Result, by: User | None) -> bool:
    said = Event.objects.filter(case=case, verb="late_result", by=by)
    return said.filter(detail__attempt=attempt.pk, detail__said=result).exists()


@transaction.atomic
def acknowledge(
    *,
    attempt_id: int,
    now: datetime,
    by: User | None = None,
    agent: str = "",
    when: datetime | None = None,
) -> Attempt:
    """The unit has taken the visit. Doing it twice does nothing."""
    return step(attempt_id, NewsKind.ACKNOWLEDGED, now=now, by=by, agent=agent, when=when)


@transaction.atomic
def set_out(
    *,
    attempt_id: int,
    now: datetime,
    by: User | None = None,
    agent: str = "",
    when: datetime | None = None,
) -> Attempt:
    """They are on the way. Doing it twice does nothing; it is no stage of its own, so no promise hangs on it."""
    return step(attempt_id, NewsKind.SET_OUT, now=now, by=by, agent=agent, when=when)


@transaction.atomic
def arrive(
    *,
    attempt_id: int,
    now: datetime,
    by: User | None = None,
    agent: str = "",
    at: nearness.Place | None = None,
    accuracy: float = 0,
    why: str = "",
    when: datetime | None = None,
) -> Attempt:
    """The officer stands at the door. Doing it twice does nothing.

    Of where the officer's device says it is (`at`, good to `accuracy` metres) only the distance to the place we know
    is kept: a door's coordinates are somebody's address. Farther away than the policy tolerates it needs a `why`:
    else it raises FarAwayError.
    """
    attempt = Attempt.objects.select_related("case").get(pk=attempt_id) if at else None
    away = doors.metres_away(attempt.case, at) if attempt else None
    if attempt is None or away is None:
        return step(attempt_id, NewsKind.ARRIVED, now=now, by=by, agent=agent, when=when)
    if doors.is_far(attempt.case, away, accuracy) and not why and attempt.arrived_at is None:
        raise doors.FarAwayError("{metres} m from the address we know: why?", metres=f"{away:,}")
    known = {} if "metres_away" in attempt.evidence else {"metres_away": away}
    return step(
        attempt_id,
        NewsKind.ARRIVED,
        now=now,
        by=by,
        agent=agent,
        when=when,
        kept=known,
        why="far" if why else "",
    )


@prepared
def _case_of_call(call_id: int) -> QuerySet[Attempt, int]:
    return Attempt.objects.filter(call=call_id).values_list("case_id", flat=True)


@prepared
def _lock_case(case_id: int) -> QuerySet[Case]:
    return Case.objects.filter(pk=case_id).select_for_update(of=("self",))


@prepared
def _attempt_of_call(call_id: int) -> QuerySet[Attempt]:
    return Attempt.objects.filter(call=call_id).select_for_update(of=("self",))
