"""Stop-payment orders: submitted and answered by people; the chain drafts them and lets them lapse."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import transaction

from dispatch import policies, record
from dispatch.models import Case, Order, Sum, User
from dispatch.vocabulary import Money, OrderState
from dispatch.workflow.refusal import NotAllowedError
from dispatch.workflow.turn import advance


@dataclass(frozen=True, slots=True)
class Account:
    """Whose money is to be held where, as far as it is known; nothing of it is ever in the record."""

    bank: str = ""
    number: str = ""
    holder: str = ""


@transaction.atomic
def draft_at_the_door(
    *,
    case_id: int,
    now: datetime,
    by: User,
    account: Account,
    amount: Decimal | None = None,
    when: datetime | None = None,
) -> Order:
    """An officer drafts the order, or completes one that nobody has sent yet: who stands there knows better.

    Raises NotAllowedError if an order for something else has gone to the bank.
    """
    case = Case.objects.select_for_update(of=("self",), no_key=True).get(pk=case_id)
    within = policies.escalation_rules(case.policy_id).order_within
    order = draft(case_id=case_id, now=now, within=within, by=by, amount=amount)
    said = {"bank": account.bank, "account": account.number, "holder_name": account.holder, "amount": amount}
    news = {name: word for name, word in said.items() if word and getattr(order, name) != word}
    if news and order.state != OrderState.DRAFTED:
        raise NotAllowedError("the order is {state} already", state=OrderState(order.state))
    for name, word in news.items():
        setattr(order, name, word)
    order.drafted_at = min(order.drafted_at, when or now)
    order.save()
    if news:
        record.write("completed", now=now, case=case, by=by, order=order.kind, fields=sorted(news))
    return order


@transaction.atomic
def draft(
    *, case_id: int, now: datetime, within: timedelta, by: User | None = None, amount: Decimal | None = None
) -> Order:
    """A person drafts an order; if one is open already, that one."""
    case = Case.objects.select_for_update(of=("self",)).get(pk=case_id)
    order = Order.objects.open().filter(case=case, kind=Order.Kind.STOP_PAYMENT).first()
    if order is None:
        order = Order.objects.create(case=case, drafted_at=now, due_at=now + within, amount=amount)
        record.write("ordered", now=now, case=case, by=by, order=order.kind, due=order.due_at)
        _wake(case, now)
    return order


@transaction.atomic
def submit(
    *,
    order_id: int,
    now: datetime,
    by: User | None = None,
    agent: str = "",
    bank: str = "",
    account: str = "",
    holder_name: str = "",
) -> Order:
    """A person sends the order to the bank: which, and which account. Doing it twice does nothing."""
    case, order = _lock(order_id)
    if order.state == OrderState.SUBMITTED:
        return order
    if order.state != OrderState.DRAFTED:
        raise NotAllowedError("the order is {state} already", state=OrderState(order.state))
    order.state, order.submitted_at, order.submitted_by = OrderState.SUBMITTED, now, by
    order.bank, order.account = bank or order.bank, account or order.account
    order.holder_name = holder_name or order.holder_name
    order.save()
    record.write("submitted", now=now, case=case, by=by, agent=agent, order=order.kind)
    return order


@transaction.atomic
def answer(
    *,
    order_id: int,
    held: Decimal,
    now: datetime,
    by: User | None = None,
    agent: str = "",
) -> Order:
    """The bank has answered: so much is held (0: nothing was left).

    An answer that comes after the order has lapsed is a fact all the same, and money: it is kept as late.
    """
    if held < 0:
        raise NotAllowedError("held: a sum is zero or more")
    case, order = _lock(order_id)
    if order.state == OrderState.ANSWERED:
        return order
    if not order.awaits_answer:
        raise NotAllowedError(
            "only a submitted order is answered; this one is {state}", state=OrderState(order.state)
        )
    told = {"order": order.kind, "held": str(held), "late": order.state == OrderState.UNANSWERED or None}
    order.state, order.held, order.ended_at = OrderState.ANSWERED, held, now
    order.save()
    record.write("answered", now=now, case=case, by=by, agent=agent, **told)
    if held:
        Sum.objects.create(
            case=case, kind=Money.PROTECTED, amount=held, at=now, said_by=order.bank or "bank", by=by
        )
    _wake(case, now)
    return order


@transaction.atomic
def lapse_due(*, now: datetime, limit: int = 100) -> int:
    """Orders of closed cases whose deadline has passed end unanswered; open cases see to their own.

    As everywhere the case is locked before its order; one that somebody has locked waits for the next tick.
    """
    due = Order.objects.open().filter(due_at__lte=now)
    closed = Case.objects.filter(closed_at__isnull=False, pk__in=due.values("case"))
    cases = {case.pk: case for case in closed.select_for_update(skip_locked=True, no_key=True)[:limit]}
    late = list(due.filter(case__in=cases).select_for_update(of=("self",)))
    for order in late:
        order.state, order.ended_at = OrderState.UNANSWERED, now
        order.save()
        record.write("lapsed", now=now, case=cases[order.case_id], order=order.kind)
    return len(late)


def _lock(order_id: int) -> tuple[Case, Order]:
    case_id = Order.objects.values_list("case_id", flat=True).get(pk=order_id)
    case = Case.objects.select_for_update(of=("self",)).get(pk=case_id)
    return case, Order.objects.select_for_update(of=("self",)).get(pk=order_id)


def _wake(case: Case, now: datetime) -> None:
    if case.is_open:
        advance([case.pk], now=now)
