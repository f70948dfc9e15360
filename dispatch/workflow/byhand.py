"""What an operator sets going by hand in a case: a call now or later, a visit, a text; under the chain's own bars."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from dispatch import policies, record
from dispatch.calling import Calling
from dispatch.chain import Chain
from dispatch.lateness import begun
from dispatch.models import Attempt, Case, Message, User
from dispatch.plan import Facts, Past, Recall, Try, Why
from dispatch.standing import standing
from dispatch.vocabulary import Level, Stage, Tier
from dispatch.wording import sms_body
from dispatch.workflow.desk import at_the_desk, lock_open, not_anothers
from dispatch.workflow.facts import History, chain_facts, histories
from dispatch.workflow.moves import Moves
from dispatch.workflow.refusal import NotAllowedError
from dispatch.workflow.saving import Shared
from dispatch.workflow.turn import advance
from telephony import texts

BY_HAND = Why("by_hand")  # no row of the policy: never written down


@transaction.atomic
def plan_call(*, case_id: int, tier: Tier, by: User, now: datetime, desk: int | None) -> int:
    """A call that may begin now and would rather have this desk; the id of its booking. What was planned makes room.

    Raises NotAllowedError where the chain would plan none: hours, cap, expiry, numbers, or nothing left to say.
    """
    call_id = _plan(case_id, tier, by, now, at=now, desk=desk)
    record.write("rung", now=now, case=_case(case_id), by=by, tier=tier.code)
    return call_id


@transaction.atomic
def call_back(*, case_id: int, at: datetime, by: User, now: datetime, desk: int | None) -> None:
    """The next voice call at that moment, at whichever desk is free then; with `desk` rather at that one.

    Raises NotAllowedError as `plan_call` does, and for a moment that is past or too far for the case's level.
    """
    case = lock_open(case_id)
    soonest, latest = (now + wait for wait in call_back_bounds(case))
    if not soonest <= at <= latest:
        told = {"soonest": soonest, "latest": latest}
        words = {name: f"{timezone.localtime(moment):%m-%d %H:%M}" for name, moment in told.items()}
        raise NotAllowedError("choose a time from {soonest} until {latest}", **words)
    _plan(case_id, Tier.VOICE, by, now, at=at, desk=desk)
    record.write("call_back", now=now, case=case, by=by, starts=at)


def call_back_bounds(case: Case) -> tuple[timedelta, timedelta]:
    """How soon and how late a person may put the next call of a case, by the policy it started under."""
    chain = policies.escalation_rules(case.policy_id).levels[Level(case.level)]
    return chain.call_back_after, chain.call_back_within


@transaction.atomic
def send_station(*, case_id: int, by: User, now: datetime) -> None:
    """Somebody goes to the door now. Raises NotAllowedError if somebody is on the way, or nobody can be sent."""
    case, history, facts, chain = _read(case_id, by, now)
    live = _live(history, Tier.VISIT)
    if live is not None and live.stage != Stage.PLANNED:
        raise NotAllowedError("somebody is on the way already")
    if not facts.can_visit:
        raise NotAllowedError("no place and no station is known")
    stage, due_at = begun(Tier.VISIT, chain, now)
    _carry_out(case, history, live, Try(Tier.VISIT, now, due_at, stage), now)
    record.write("sent", now=now, case=case, by=by)
    advance([case.pk], now=now)


@transaction.atomic
def text(*, case_id: int, by: User, now: datetime) -> None:
    """The SMS of the case's kind of fraud goes out, unless it has just gone. Raises NotAllowedError."""
    at_the_desk(by)
    case = lock_open(case_id)
    use = case.target.numbers.select_related("phone").first()
    if use is None:
        raise NotAllowedError("no number is known")
    if Message.objects.filter(case=case, kind="sms", written_at__gt=now - texts.QUIET).exists():
        raise NotAllowedError("the same words went out less than six hours ago")
    written = texts.write(number=use.phone.number, body=sms_body(case.fraud_type), now=now)
    written.save()
    Message.objects.create(case=case, kind="sms", text=written, written_at=now)
    record.write("messaged", now=now, case=case, by=by, message="sms")


def _plan(case_id: int, tier: Tier, by: User, now: datetime, *, at: datetime, desk: int | None) -> int:
    case, history, facts, chain = _read(case_id, by, now)
    live = _live(history, tier)
    if live is not None and live.stage != Stage.PLANNED:
        raise NotAllowedError("such a call runs already")
    calling = Calling(facts, chain, policies.escalation_rules(case.policy_id).zone)
    others = [p for p in facts.past if p.result is None and p.stage is Stage.PLANNED and p.tier is not tier]
    planned = calling.book(tier, at, others, BY_HAND)
    _must_be_allowed(calling, planned, at, others)
    moves = _carry_out(case, history, live, planned, now, prefers=desk)
    advance([case.pk], now=now)
    call_id = moves.attempts[-1].call_id
    if call_id is None:  # narrows the type: a planned call has a booking
        raise NotAllowedError("no number is known")
    return call_id


def _must_be_allowed(calling: Calling, planned: Try | None, at: datetime, others: list[Past]) -> None:
    if calling.number is None:
        raise NotAllowedError("no number is known")
    if planned is not None and planned.starts_at > at:
        begins = timezone.localtime(planned.starts_at)
        raise NotAllowedError("outside the calling hours: they begin at {at}", at=f"{begins:%m-%d %H:%M}")
    if planned is None and calling.expired(at):
        raise NotAllowedError("too long ago to be helped by telephone")
    if planned is None:
        raise NotAllowedError("this number has been rung often enough in 24 hours")


def _read(case_id: int, by: User, now: datetime) -> tuple[Case, History, Facts, Chain]:
    """The locked case and what the policy knows of it. Raises NotAllowedError if nothing is to be set going in it."""
    at_the_desk(by)
    case = lock_open(case_id)
    not_anothers(case, by, now)
    history = histories([case], now)[case.pk]
    facts = chain_facts(case, history)
    stands = standing(facts.past, facts.level)
    if stands.gone or stands.agreed_at is not None:
        raise NotAllowedError("they have been met: what follows is the follow-up's")
    chain = policies.escalation_rules(case.policy_id).levels[facts.level]
    return case, history, facts, chain


def _live(history: History, tier: Tier) -> Attempt | None:
    return next((a for a in history.attempts if a.tier == tier and a.ended_at is None), None)


def _carry_out(
    case: Case,
    history: History,
    before: Attempt | None,
    planned: Any,
    now: datetime,
    prefers: int | None = None,
) -> Moves:
    """Save what is set going; what was planned in its place is stood down."""
    rules = policies.escalation_rules(case.policy_id)
    moves = Moves(case, history, now)
    if before is not None:
        moves.take(Recall(before.pk), rules)
    moves.take(replace(planned, why=None), rules)
    call = moves.attempts[-1].call
    if call is not None:
        call.mode = ""  # a person speaks, whatever the chain would have played
        call.prefers_id = prefers
    shared = Shared(now)
    shared.add(moves)
    shared.save()
    return moves


def _case(case_id: int) -> Case:
    return Case.objects.get(pk=case_id)
