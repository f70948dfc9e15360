"""The life of a link: written, told to the relay, sent by SMS, opened, over. Never a number or a name in it.

Rows come first, the relay after; a link the relay has not taken is told again until it expires. Locks: call, link.
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import uuid4

from django.db import transaction

from telephony import calls, lines, texts
from telephony.carrier import CallKind, CallResult, CallStatus, CarrierError, Dial
from telephony.models import Call, Link, Text
from telephony.pages import Invites, page_of, secret_of
from telephony.video import card as cards
from telephony.video import secret
from telephony.video.card import Card

logger = logging.getLogger(__name__)
OPENS_WITHIN = timedelta(minutes=5)
JOINS_WITHIN = timedelta(minutes=4)  # after opening; a little longer than the relay waits
AGAIN = timedelta(seconds=3)  # until the relay is told once more
State = Link.State


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """A call without a row: its page's address, and how the operator's browser comes to it."""

    address: str
    line: str
    token: str


class CannotInviteError(Exception):
    """No link can go out for this call; the message says why, in English."""


def write(*, call_id: int, card: Card, body: str, now: datetime) -> Text:
    """A call's one link, and the text that carries it: `body` with pages.LINK where the address goes. It goes out after
    commit. Raises CannotInviteError."""
    call = Call.objects.select_for_update(of=("self",)).select_related("trunk").get(pk=call_id)
    if page_of(call) is None:
        raise CannotInviteError("this call does not go by the page")
    if call.status != CallStatus.DIALLING:
        raise CannotInviteError("this call does not wait for a link")
    if Link.objects.filter(call=call).exists():
        raise CannotInviteError("its link has gone out")
    text = texts.write(number=call.number, body=body, now=now)
    text.save()
    link = Link.objects.create(
        call=call,
        text=text,
        secret_hash=secret.digest(secret_of(call)),
        card=cards.to_wire(card),
        written_at=now,
        expires_at=now + OPENS_WITHIN,
        due_at=now + AGAIN,
    )
    transaction.on_commit(partial(_tell, link.pk, now))
    return text


def rehearse(*, card: Card, wall: float, now: datetime) -> Rehearsal:
    """A room that no call and nobody's number stands behind. Raises CannotInviteError, CarrierError."""
    page = next((made for _, made in lines.every() if isinstance(made, Invites)), None)
    if page is None:
        raise CannotInviteError("there is no relay")
    key, word = str(uuid4()), secret.made()
    page.place(Dial(key, "", CallKind.VIDEO, now))
    page.invite(key, secret.digest(word), card)
    return Rehearsal(address=page.address(word), **page.desk(key, wall))


def tend(*, now: datetime, limit: int = 100) -> int:
    """Tell the relay what it has not taken; declare expired what nobody opened. How many were seen to."""
    due = list(Link.objects.due(now)[:limit])
    for link in due:
        try:
            _see_to(link, now)
        except Exception:  # one bad link must not keep the others waiting
            logger.exception("link %s could not be seen to", link.pk)
    return len(due)


def _see_to(link: Link, now: datetime) -> None:
    if link.state == State.WANTED and now < link.expires_at:
        _tell(link.pk, now)
        return
    call = Call.objects.select_related("trunk").defer("number").get(pk=link.call_id)
    if not calls.end(key=str(call.key), result=CallResult.NO_ANSWER, now=now, evidence={"link": "expired"}):
        _over(link, now)  # its call had ended, and nobody told us
    calls.leave(call)


def _tell(pk: int, now: datetime) -> None:
    """Tell the relay, outside any transaction; perhaps more than once, which does nothing more."""
    link = Link.objects.select_related("call__trunk").defer("call__number").get(pk=pk)
    page = page_of(link.call)
    if page is None or link.state != State.WANTED:
        return
    waiting = Link.objects.filter(pk=pk, state=State.WANTED)
    try:
        page.invite(str(link.call.key), link.secret_hash, cards.from_wire(link.card))
    except CarrierError as fault:
        logger.warning("the relay did not take link %s: %s", pk, fault)
        waiting.update(due_at=min(now + AGAIN, link.expires_at))
        return
    waiting.update(state=State.SENT, due_at=link.expires_at)


def call_moved(sender: type[Call], call: Call, now: datetime, **_: Any) -> None:
    """Heard inside the transaction that moved a call: its link is opened, or over."""
    if call.kind != CallKind.VIDEO:
        return
    link = Link.objects.select_for_update(of=("self",)).filter(call=call, ended_at=None).first()
    if link is None:
        return
    if call.status == CallStatus.ENDED:
        _over(link, now)
    elif call.status == CallStatus.RINGING and link.state != State.OPENED:
        link.state, link.opened_at, link.due_at = State.OPENED, now, now + JOINS_WITHIN
        link.save(update_fields=["state", "opened_at", "due_at"])
    elif call.status == CallStatus.TALKING:
        link.state, link.opened_at = State.OPENED, link.opened_at or now
        link.due_at = (call.answered_at or now) + calls.LONGEST + JOINS_WITHIN
        link.save(update_fields=["state", "opened_at", "due_at"])


def _over(link: Link, now: datetime) -> None:
    link.state, link.card, link.ended_at, link.due_at = State.OVER, {}, now, None
    link.save(update_fields=["state", "card", "ended_at", "due_at"])
