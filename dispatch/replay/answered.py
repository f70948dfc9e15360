"""What the world answered to one recorded attempt, without what the policy's own limits made of it."""

from datetime import datetime, timedelta

from dispatch.models import Attempt
from dispatch.replay.history import Answer
from dispatch.vocabulary import CALLS, Disposition, Result, Stage, Tier
from telephony.carrier import CallResult


def answer_of(attempt: Attempt, *, settled: bool, now: datetime) -> Answer | None:
    """The attempt's answer; None: it was stood down before its hour. `settled`: a limit ended it, so all was silent."""
    began = attempt.started_at
    if began is None:
        waited = (attempt.ended_at or now) - attempt.starts_at
        cut = attempt.result != Result.NOT_PLACED
        is_call = Tier(attempt.tier) in CALLS and waited > timedelta()
        return Answer(placed=False, cut=cut, waited=waited) if is_call else None

    def after(at: datetime | None) -> timedelta | None:
        return None if at is None else max(timedelta(), at - began)

    stood_down = attempt.ended_at is None or attempt.result == Result.CANCELLED
    word = Disposition(attempt.disposition) if attempt.disposition else None
    in_time = word is not None and attempt.judged_at == attempt.ended_at
    by_world = not (stood_down or settled or in_time)
    return Answer(
        result=Result(attempt.result) if by_world else None,
        disposition=word,
        waited=max(timedelta(), began - attempt.starts_at),
        lasted=after(attempt.ended_at or now) or timedelta(),
        cut=stood_down and word is None,
        watched=attempt.stage == Stage.WATCHING,
        identified=after(attempt.identified_at),
        spoken=after(attempt.judged_at),
        talking=after(attempt.call.answered_at) if attempt.call else None,
        hung_up=_hung_up(attempt, began),
        acknowledged=after(attempt.acknowledged_at),
        arrived=after(attempt.arrived_at),
    )


def _hung_up(attempt: Attempt, began: datetime) -> timedelta | None:
    call = attempt.call
    if call is None or call.ended_at is None or call.result != CallResult.ANSWERED:
        return None
    return max(timedelta(), call.ended_at - began)
