"""SMS: written in the caller's transaction, sent afterwards, tried again when the carrier fails, then followed."""

import logging
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet

from telephony import health, lines, numbers, pages
from telephony.carrier import CarrierError, FindsTexts, TextNews, TextState
from telephony.models import Text, Trunk
from telephony.prepared import prepared

logger = logging.getLogger(__name__)

LEASE = timedelta(seconds=60)  # who has claimed a text sends it within this time, or another may
TRIES = 5
BLIND = TRIES - 1  # the one at which a text in doubt goes out though its carrier cannot say whether it has it
QUIET = timedelta(hours=6)  # the same words are not sent again to the same number within this time
State = Text.State
_RANK = {State.QUEUED: 0, State.SENT: 1, State.FAILED: 2, State.UNDELIVERED: 2, State.DELIVERED: 3}


def write(*, number: str, body: str, now: datetime) -> Text:
    """An SMS that goes out once this transaction has committed. Not saved: the caller saves in bulk."""
    return Text(number=number, number_index=numbers.index(number), body=body, due_at=now)


def send_due(*, now: datetime, limit: int = 100) -> int:
    """Send what is due; how many went out. One the carrier may have taken is looked for before it is sent again."""
    trunks = health.trusted([trunk for trunk in _trunks() if trunk.can("text")], now)
    if not trunks:
        return 0
    sent = 0
    for text in _due(now, limit):
        try:
            sent += _send(text, trunks[text.tries % len(trunks)], now)
        except Exception:  # one bad text must not keep the others from going out
            logger.exception("text %s could not be sent", text.pk)
    return sent


@prepared
def _trunks() -> QuerySet[Trunk]:
    return Trunk.objects.filter(enabled=True).order_by("priority", "pk")


@prepared
def _due(now: datetime, most: int) -> QuerySet[Text]:
    return Text.objects.due(now).defer("number")[:most]


def _send(text: Text, trunk: Trunk, now: datetime) -> bool:
    # The claim is a doubt already: whoever dies once the carrier has the text has left written where to look for it.
    doubt = {} if text.doubted_at else {"doubted_at": now, "trunk": trunk}
    claim = Text.objects.filter(pk=text.pk, due_at=text.due_at)
    if not claim.update(due_at=now + LEASE, tries=text.tries + 1, **doubt):
        return False
    mine, no_doubt = Text.objects.filter(pk=text.pk, state=State.QUEUED), dict.fromkeys(doubt)
    if _was_just_said(text, now):
        mine.update(state=State.QUIET, due_at=None, **no_doubt)
        return False
    try:
        external_id = _ask(text, trunk)
    except CarrierError as fault:
        if fault.certain and no_doubt:
            mine.update(**no_doubt)
        if text.tries + 1 >= TRIES:
            mine.update(state=State.FAILED, due_at=None)
        return False
    mine.update(state=State.SENT, due_at=None, sent_at=now, external_id=external_id, doubted_at=None)
    return True


def _ask(text: Text, trunk: Trunk) -> str:
    """Have it sent; the carrier's id. Where it may have been taken before, that one is adopted. Raises CarrierError."""
    body = pages.filled(text)
    if text.doubted_at is not None and text.trunk is not None:
        found = _found(text, text.trunk, text.doubted_at, body)
        if found is not None:
            return found
        if text.trunk != trunk:
            Text.objects.filter(pk=text.pk).update(trunk=trunk)  # from here on it may be this one that has it
    return lines.carrier(trunk.carrier).send_text(key=str(text.key), number=text.number, body=body)


def _found(text: Text, trunk: Trunk, since: datetime, body: str) -> str | None:
    """The id of one in doubt, if that carrier has it and can be asked. Raises CarrierError while it does not say.

    Near the end the text is sent once without knowing: twice is better than never.
    """
    try:
        carrier = lines.carrier(trunk.carrier)
        if isinstance(carrier, FindsTexts):
            return carrier.find_text(number=text.number, body=body, since=since)
    except CarrierError:
        if text.tries + 1 != BLIND:
            raise
    return None


def _was_just_said(text: Text, now: datetime) -> bool:
    """Whether these very words have just gone to this number. No two links are the same words."""
    if pages.LINK in text.body:
        return False
    said = Text.objects.filter(number_index=text.number_index, sent_at__gt=now - QUIET, body=text.body)
    return bool(text.number_index) and said.exclude(pk=text.pk).exclude(state=State.UNDELIVERED).exists()


@transaction.atomic
def hear(news: TextNews, *, now: datetime, seal: str = "") -> bool:
    """Take one piece of a carrier's news of a text; whether it moved it. News never takes it back."""
    text = Text.objects.select_for_update(of=("self",)).defer("number").filter(key=news.key).first()
    if text is None or (seal and any(piece.get("seal") == seal for piece in text.evidence)):
        return False
    text.evidence = [*text.evidence, {**news.evidence, "heard_at": now.isoformat(), "seal": seal}]
    text.external_id = text.external_id or news.external_id
    moved = news.state is not None and _RANK[State(news.state)] > _RANK.get(State(text.state), 9)
    if moved and news.state is not None:
        text.state, text.due_at = State(news.state), None
        text.sent_at = text.sent_at or (now if news.state is not TextState.FAILED else None)
        text.delivered_at = now if news.state is TextState.DELIVERED else None
    text.save(update_fields=["evidence", "external_id", "state", "due_at", "sent_at", "delivered_at"])
    return moved
