"""Celery's door to the case: whatever is due takes its turn."""

from celery import shared_task

from dispatch.workflow import debts, orders, turn, unseen
from telephony import clock

BATCH = 100


@shared_task(ignore_result=True)
def tick() -> None:
    """All that is due now, batch by batch."""
    now = clock.now()
    while turn.advance_due(now=now, limit=BATCH):
        pass
    orders.lapse_due(now=now)
    debts.settle(now=now)
    unseen.press_due(now=now)
