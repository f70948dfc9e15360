"""A person names a sum: at risk, lost or protected, with a reason; also after the case has closed."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from dispatch import record
from dispatch.models import Case, Sum, User
from dispatch.vocabulary import Money, Outcome, Result
from dispatch.workflow.desk import at_the_desk
from dispatch.workflow.facts import larger
from dispatch.workflow.refusal import NotAllowedError
from dispatch.workflow.reopening import LOSSES, bad_news
from dispatch.workflow.turn import advance


@transaction.atomic
def say(
    *, case_id: int, kind: Money, amount: Decimal, by: User, why: str, now: datetime, before: bool = False
) -> Sum:
    """Put a sum (in yuan, zero or more) on record. The newest of a kind counts; the same again does nothing.

    What is lost or at risk in an open case is a new fact of its danger, and money lost has moved. A loss is
    taken to have come after the warning unless the person says it was gone `before`: it is then what a check
    would have met, and after the end it opens a new case (`reopening.bad_news`).
    """
    at_the_desk(by)
    if not why.strip():
        raise NotAllowedError("a reason is needed")
    if amount < 0:
        raise NotAllowedError("a sum is zero or more")
    case = Case.objects.select_for_update(of=("self",), no_key=True).get(pk=case_id)
    if case.outcome == Outcome.DUPLICATE:
        raise NotAllowedError("a merged case has no sums of its own")
    newest = case.sums.filter(kind=kind).order_by("-at", "-pk").first()
    if newest is not None and (newest.amount, newest.by_id) == (amount, by.pk):
        return newest
    said = Sum.objects.create(case=case, kind=kind, amount=amount, at=now, said_by=f"role:{by.role}", by=by)
    dangerous = bool(amount) and kind is not Money.PROTECTED
    told = _learn(case, kind, amount, now) if dangerous and case.is_open else None
    record.write(
        "sum", now=now, case=case, by=by, why=why.strip(), kind=kind, amount=str(amount), reported=told
    )
    if dangerous:
        _follow(case, kind, before, by, now)
    return said


def _learn(case: Case, kind: Money, amount: Decimal, now: datetime) -> dict[str, Any]:
    """The sum as a fact of the danger; what is known now, for the record."""
    moved = {"money_moved": 1} if kind is Money.LOST else {}
    case.sizes, case.due_at = larger(case.sizes, {"amount": int(amount), **moved}), now
    case.save(update_fields=["sizes", "due_at"])
    return record.reported(case, issued=case.issued_at)


def _follow(case: Case, kind: Money, before: bool, by: User, now: datetime) -> None:
    if kind is Money.LOST and not before and case.outcome not in LOSSES and _was_warned(case):
        bad_news(case, Result.LOSS, now=now, by=by)
    elif case.is_open:
        advance([case.pk], now=now)


def _was_warned(case: Case) -> bool:
    """Of an open case: they agreed. A closed one has had its say: what is lost now, is lost after it."""
    return not case.is_open or case.agreed_at is not None
