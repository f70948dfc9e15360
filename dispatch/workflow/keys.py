"""What a key pressed during an announcement means for its case: a person, at once; never that anybody was reached."""

from dataclasses import replace
from datetime import datetime

from django.db import transaction

from dispatch import policies, record
from dispatch.calling import Calling
from dispatch.chain import Rules
from dispatch.models import Attempt, Case
from dispatch.plan import Try, Why
from dispatch.vocabulary import Level, Result, Stage, Tier
from dispatch.workflow import closing, evidence, held, orders
from dispatch.workflow.facts import History, chain_facts, histories, larger
from dispatch.workflow.moves import Moves
from dispatch.workflow.saving import Shared
from telephony import attendance
from telephony.carrier import CallResult, CallStatus
from telephony.keys import ASKS_FOR_SOMEBODY, HAVE_TRANSFERRED, OFFICER
from telephony.models import Call

MONEY_MOVED = "money_moved"  # a sign of the risk policy
CALL_BACK = Why("call_back")


@transaction.atomic
def pressed(call: Call, key: str, outcome: str, *, now: datetime) -> None:
    """Write the key down. Who asks for somebody puts the case at the front: it takes its turn at the next tick.

    "I have transferred" is a new fact, and drafts a stop-payment order, once; where no officer could be had in the
    same call the case is critical. It submits nothing, judges nothing and reaches nobody: the scammer may have pressed
    it. Order of locks: call, case.
    """
    attempt = Attempt.objects.filter(call=call).values_list("pk", "case_id").first()
    if attempt is None or key not in ASKS_FOR_SOMEBODY:
        return
    attempt_id, case_id = attempt
    case = Case.objects.select_for_update(of=("self",)).get(pk=case_id)
    moved = key == HAVE_TRANSFERRED and case.is_open
    told = None
    if moved:
        case.sizes = larger(case.sizes, {MONEY_MOVED: 1})
        alone = outcome != OFFICER
        told = record.reported(case, issued=case.issued_at)
        if alone:
            told["level"] = Level.CRITICAL.code
        if alone and case.level < Level.CRITICAL:
            closing.raise_to(case, Level.CRITICAL, now=now, agent="line")
    if case.is_open:
        case.due_at = now
        case.save(update_fields=["sizes", "level", "due_at"])
    detail = {"attempt": attempt_id, "key": key, "came": outcome, "reported": told}
    record.write("key_pressed", now=now, case=case, agent="line", **detail)
    if moved:
        orders.draft(case_id=case.pk, now=now, within=policies.escalation_rules(case.policy_id).order_within)


def call_moved(call: Call, *, now: datetime) -> None:
    """An announcement on which somebody asked for an officer is over, and none has spoken with them: an operator
    calls back at once, ahead of every call that waits, under the chain's own bars.

    Runs inside the transaction that moved the call, after its attempt has been moved with it.
    """
    key = _asked(call)
    if not key:
        return
    attempt = Attempt.objects.filter(call=call).first()
    if attempt is None or attempt.ended_at not in (None, now):
        return  # settled by the clock or a person before
    case = Case.objects.select_for_update(of=("self",)).get(pk=attempt.case_id)
    if not case.is_open:
        return
    if attempt.ended_at is None:  # nobody of ours was there to judge it
        evidence.end(attempt, Result.ANSWERED_UNVERIFIED, now, line=call.evidence)
        attempt.save()
        record.write("met", now=now, case=case, agent="line", **held.told(attempt))
    case.due_at = now
    _call_back(case, attempt, key, now)
    case.save(update_fields=["due_at"])


def _asked(call: Call) -> str:
    """The key that asked for an officer, the graver one, on a call that is over without one; "" if there is none."""
    answered = call.desk_id is not None and call.result == CallResult.ANSWERED
    spoke = answered and attendance.took_part(call)
    if call.status != CallStatus.ENDED or spoke or call.result == CallResult.MACHINE:
        return ""
    return max((key for key in call.pressed if key in ASKS_FOR_SOMEBODY), default="")


def _call_back(case: Case, asked: Attempt, key: str, now: datetime) -> None:
    """Book the call, unless one is planned or may not be made."""
    history, rules = histories([case], now)[case.pk], policies.escalation_rules(case.policy_id)
    planned = _planned(case, history, rules, asked, now)
    if planned is None:
        return
    moves = Moves(case, history, now)
    moves.take(planned, rules)
    attempt = moves.attempts[-1]
    attempt.asked = key
    if attempt.call is not None:  # narrows the type
        attempt.call.mode = ""  # a person speaks, whatever the chain would have played
        attempt.call.rank(rules.call_back)
    shared = Shared(now)
    shared.add(moves)
    shared.save()


def _planned(case: Case, history: History, rules: Rules, asked: Attempt, now: datetime) -> Try | None:
    if any(a.tier == Tier.VOICE and a.ended_at is None for a in history.attempts):
        return None
    facts = chain_facts(case, history)
    calling = Calling(facts, rules.levels[facts.level], rules.zone)
    others = [p for p in facts.past if p.result is None and p.stage is Stage.PLANNED]
    planned = calling.book(Tier.VOICE, now, others, CALL_BACK)
    if planned is None or planned.starts_at > now:
        return None
    known = asked.phone_id in facts.numbers and asked.phone_id not in calling.wrong
    return replace(planned, number=asked.phone_id if known else planned.number)
