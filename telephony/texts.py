"""SMS: written in the caller's transaction, sent afterwards, tried again when the carrier fails."""

import logging
from datetime import datetime, timedelta

from telephony import lines
from telephony.carrier import CarrierError
from telephony.models import Text, Trunk

logger = logging.getLogger(__name__)

LEASE = timedelta(seconds=60)  # who has claimed a text sends it within this time, or another may
TRIES = 5


def write(*, number: str, body: str, now: datetime) -> Text:
    """An SMS that goes out once this transaction has committed. Not saved: the caller saves in bulk."""
    return Text(number=number, body=body, due_at=now)


def send_due(*, now: datetime, limit: int = 100) -> int:
    """Send what is due; how many went out. A text may go out twice if its sender dies in between."""
    trunk = Trunk.objects.filter(enabled=True).order_by("priority", "pk").first()
    if trunk is None:
        return 0
    sent = 0
    for text in list(Text.objects.due(now).defer("number")[:limit]):
        try:
            sent += _send(text, trunk, now)
        except Exception:  # one bad text must not keep the others from going out
            logger.exception("text %s could not be sent", text.pk)
    return sent


def _send(text: Text, trunk: Trunk, now: datetime) -> bool:
    claim = Text.objects.filter(pk=text.pk, due_at=text.due_at)
    if not claim.update(due_at=now + LEASE, tries=text.tries + 1):
        return False
    mine = Text.objects.filter(pk=text.pk, state=Text.State.QUEUED)
    try:
        external_id = lines.carrier(trunk.carrier).send_text(
            key=str(text.key), number=text.number, body=text.body
        )
    except CarrierError:
        if text.tries + 1 >= TRIES:
            mine.update(state=Text.State.FAILED, due_at=None)
        return False
    mine.update(state=Text.State.SENT, due_at=None, sent_at=now, external_id=external_id)
    return True
