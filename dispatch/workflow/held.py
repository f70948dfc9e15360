"""The rows a word is about, locked; when it was so; and what a word, or a limit moved by it, means for its case."""

from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from dispatch import policies
from dispatch.chain import Rung
from dispatch.models import Attempt, Case, Order
from dispatch.vocabulary import Level, Result, Tier
from dispatch.workflow.refusal import NotAllowedError
from dispatch.workflow.turn import advance
from telephony.prepared import prepared
from telephony.writeback import write_back

_OURS = (Result.NO_ACKNOWLEDGEMENT, Result.CANCELLED)


def lock(attempt_id: int) -> tuple[Case, Attempt]:
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
def _lock_case_for_words(case_id: int) -> QuerySet[Case]:
    return Case.objects.filter(pk=case_id).select_for_update(of=("self",), no_key=True)


@prepared
def _lock_attempt(attempt_id: int) -> QuerySet[Attempt]:
    return Attempt.objects.filter(pk=attempt_id).select_for_update(of=("self",))


def was_so_at(attempt: Attempt, when: datetime | None, now: datetime) -> datetime:
    """The moment a word speaks of: not before the attempt began, not after now."""
    if when is None:
        return now
    return min(max(when, attempt.started_at or when), now).astimezone(now.tzinfo)


def earliest(*times: datetime | None) -> datetime | None:
    """Of the times that are known, the first: told in any order, it comes to the same."""
    return min(filter(None, times), default=None)


def must_have_begun(attempt: Attempt) -> None:
    if attempt.started_at is None:
        raise NotAllowedError("the attempt has not begun")


def ended_by_own_word(attempt: Attempt) -> bool:
    """Whether whoever went there ended it, and not the clock or the centre."""
    return attempt.result not in _OURS or "handed_back" in attempt.evidence


def rung(case: Case, attempt: Attempt) -> Rung:
    rules = policies.escalation_rules(case.policy_id)
    return rules.levels[Level(case.level)].rungs[Tier(attempt.tier)]


def wake(case: Case, now: datetime) -> None:
    if case.is_open:
        advance([case.pk], now=now)


def retime(case: Case, before: datetime | None) -> None:
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


def told(attempt: Attempt) -> dict[str, Any]:
    """An attempt as the record names it."""
    return {
        "attempt": attempt.pk,
        "tier": Tier(attempt.tier).code,
        "result": attempt.result,
        "disposition": attempt.disposition,
        "unit": attempt.unit_id,
    }


def as_told(when: datetime, now: datetime) -> dict[str, str]:
    """For the record: when it was so, where that is not when we heard."""
    return {} if when == now else {"when": when.isoformat()}
