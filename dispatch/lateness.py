"""What has happened merely because time went by: limits passed, hours come, deadlines over. No Django."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from operator import attrgetter

from dispatch.calling import Calling
from dispatch.chain import Chain, Rules
from dispatch.plan import Action, Begin, Facts, Lapse, Past, Settle
from dispatch.vocabulary import CALLS, Result, Stage, Tier

_ID = attrgetter("id")


def passed(facts: Facts, rules: Rules, now: datetime) -> list[Action]:
    """What has happened merely because time went by."""
    chain = rules.levels[facts.level]
    actions: list[Action] = []
    for p in sorted(facts.past, key=_ID):
        if p.due_at is not None and p.due_at <= now:
            if p.stage is not Stage.PLANNED:
                actions.append(Settle(p.id, _silence(p)))
            elif p.tier not in CALLS:
                actions.append(Begin(p.id, *begun(p.tier, chain, now)))
            elif Calling(facts, chain, rules.zone).allowance_over(p, now):
                actions.append(Settle(p.id, Result.NOT_PLACED))
    actions += [Lapse(order.id) for order in facts.orders if order.due_at <= now]
    return actions


def begun(tier: Tier, chain: Chain, now: datetime) -> tuple[Stage, datetime]:
    """The stage a visit or check begins with, and when its time is up."""
    stage = Stage.SENT if tier is Tier.VISIT else Stage.CHECKING
    return stage, now + chain.rungs[tier].within[stage]


def sent_at(started_at: datetime, acknowledge_by: datetime, within: Mapping[Stage, timedelta]) -> datetime:
    """From when the time to arrive counts: the sending, or the raise from which the time to acknowledge counted."""
    return max(started_at, acknowledge_by - within[Stage.SENT])


def _silence(p: Past) -> Result:
    """What an attempt met of which no more was heard in time."""
    match p.stage:
        case Stage.DIALLED:
            return Result.OUTCOME_UNKNOWN
        case Stage.TALKING | Stage.JUDGING:
            return Result.REACHED if p.identified else Result.ANSWERED_UNVERIFIED
        case Stage.ARRIVED if p.identified:
            return Result.MET
        case Stage.CHECKING | Stage.WATCHING:
            return Result.NO_NEWS
    return Result.NO_ACKNOWLEDGEMENT
