"""What a key pressed during an announcement means for its case: a person, at once; never that anybody was reached."""

from datetime import datetime

from django.db import transaction

from dispatch import policies, record
from dispatch.models import Attempt, Case
from dispatch.workflow import orders
from dispatch.workflow.facts import larger
from telephony.keys import ASKS_FOR_SOMEBODY, HAVE_TRANSFERRED
from telephony.models import Call

MONEY_MOVED = "money_moved"  # a sign of the risk policy


@transaction.atomic
def pressed(call: Call, key: str, outcome: str, *, now: datetime) -> None:
    """Write the key down. Who asks for somebody puts the case at the front: it takes its turn at the next tick.

    "I have transferred" is a new fact, and drafts a stop-payment order, once. It submits nothing, judges nothing and
    reaches nobody: the scammer may have pressed it. Order of locks: call, case.
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
        told = record.reported(case, issued=case.issued_at)
    if case.is_open:
        case.due_at = now
        case.save(update_fields=["sizes", "due_at"])
    detail = {"attempt": attempt_id, "key": key, "came": outcome, "reported": told}
    record.write("key_pressed", now=now, case=case, agent="line", **detail)
    if moved:
        orders.draft(case_id=case.pk, now=now, within=policies.escalation_rules(case.policy_id).order_within)
