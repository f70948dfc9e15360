"""The steps of a visit: acknowledged, on the way, at the door. Each is a fact with its time, told in any order.

Told late (a phone without signal) a step is kept with the time it was taken, and an earlier time always wins: any order
of telling comes to the same. After the visit has ended by the word of whoever went, an earlier step still finds its
place; where the clock or the centre ended it, the step comes too late.
"""

from datetime import datetime
from typing import Any

from dispatch import record
from dispatch.lateness import sent_at
from dispatch.models import Attempt, User
from dispatch.vocabulary import NewsKind, Result, Stage, Tier
from dispatch.workflow import held, news
from dispatch.workflow.refusal import NotAllowedError
from telephony.writeback import write_whole

_STAGES = (Stage.PLANNED, Stage.SENT, Stage.ACKNOWLEDGED, Stage.ARRIVED)
_OF: dict[NewsKind, tuple[Stage, str]] = {
    NewsKind.ACKNOWLEDGED: (Stage.ACKNOWLEDGED, "acknowledged_at"),
    NewsKind.SET_OUT: (Stage.ACKNOWLEDGED, "set_out_at"),
    NewsKind.ARRIVED: (Stage.ARRIVED, "arrived_at"),
}


def step(
    attempt_id: int,
    kind: NewsKind,
    *,
    now: datetime,
    by: User | None,
    agent: str,
    when: datetime | None = None,
    why: str = "",
    kept: dict[str, Any] | None = None,
) -> Attempt:
    """Take a step, once; in the caller's transaction. `kept` goes into the evidence with it.

    Raises NotAllowedError for a check, for one that was not sent, and for one that had ended without them.
    """
    case, attempt = held.lock(attempt_id)
    if Tier(attempt.tier) is not Tier.VISIT:
        raise NotAllowedError("only a visit is acknowledged and arrives")
    stage, column = _OF[kind]
    at = held.was_so_at(attempt, when, now)
    known = getattr(attempt, column)
    if known is not None and known <= at:
        return attempt  # said again, perhaps after the end, by a phone that never heard our answer
    if attempt.ended_at is not None and not (held.ended_by_own_word(attempt) and at <= attempt.ended_at):
        raise NotAllowedError("the visit has ended: {result}", result=Result(attempt.result))
    held.must_have_begun(attempt)
    before = attempt.due_at
    setattr(attempt, column, at)
    attempt.acknowledged_at = held.earliest(attempt.acknowledged_at, at)
    attempt.evidence = {**attempt.evidence, **(kept or {})}
    climbs = _STAGES.index(Stage(attempt.stage)) < _STAGES.index(stage)
    if climbs:
        attempt.stage = stage
    if climbs and attempt.ended_at is None:
        within, since = held.rung(case, attempt).within, now
        if stage is Stage.ACKNOWLEDGED and attempt.started_at and before:
            since = sent_at(attempt.started_at, before, within)
        attempt.due_at = since + within[stage]
    write_whole(attempt)
    record.write(
        kind, now=now, case=case, by=by, agent=agent, why=why, **held.told(attempt), **held.as_told(at, now)
    )
    news.tell(attempt, kind, now=now)
    held.retime(case, before)
    return attempt
