"""Where carriers call back: one view that verifies, lets the carrier translate, and has the news heard."""

import hashlib
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol, runtime_checkable
from uuid import UUID

from django.db import models, transaction
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from telephony import attendance, calls, clock, keys, lines, tasks, texts
from telephony.carrier import CallStatus, Dial, LegNews, TextNews, Update
from telephony.models import Call, Leg, Text

logger = logging.getLogger(__name__)
CALL = "call"  # the kind of news of a carrier that tells of calls alone


@runtime_checkable
class CallsBack(Protocol):
    """A carrier that posts its news to us."""

    def is_genuine(
        self, *, key: str, event: str, headers: Mapping[str, str], form: Mapping[str, str], body: bytes
    ) -> bool:
        """Whether this carrier sent it: to `<carrier>/<key>/<event>` under our address."""
        ...

    def read(self, *, key: str, form: Mapping[str, str], body: bytes) -> Update:
        """A genuine callback in our words. Raises ValueError."""
        ...


@runtime_checkable
class TellsMore(Protocol):
    """One that tells of legs, texts and keys too, and is told what to do next."""

    def kind(self, event: str) -> str:
        """Which of call, leg, text, keys, notice, note an address is for; "" for none of them."""
        ...

    def read_leg(self, *, key: str, form: Mapping[str, str]) -> LegNews: ...
    def read_text(self, *, key: str, form: Mapping[str, str]) -> TextNews: ...
    def read_key(self, form: Mapping[str, str]) -> str: ...
    def answer(self, outcome: str, dial: Dial) -> str: ...
    def kept(self, form: Mapping[str, str]) -> Mapping[str, object]: ...


@dataclass(frozen=True, slots=True)
class Heard:
    """A genuine letter: which carrier's, about what, saying what, and what tells it from all others."""

    line: Any  # CallsBack, or TellsMore for all kinds but call
    key: str
    form: Mapping[str, str]
    body: bytes
    seal: str
    now: datetime


@csrf_exempt
@require_POST
def callback(request: HttpRequest, carrier: str, key: UUID, event: str) -> HttpResponse:
    """204: heard, whether or not it moved anything; 200 with what is to be done next. What is not vouched for, or has
    been heard before, learns nothing but 403; what could not be heard for a fault of ours may come again."""
    try:
        line = lines.carrier(carrier)
    except lines.NoSuchCarrier:
        return HttpResponse(status=404)
    if not isinstance(line, CallsBack):
        return HttpResponse(status=404)
    body, form = request.body, request.POST.dict()
    if not line.is_genuine(key=str(key), event=event, headers=request.headers, form=form, body=body):
        logger.warning("refused a callback in the name of %s: its signature is missing or wrong", carrier)
        return HttpResponse(status=403)
    kind = line.kind(event) if isinstance(line, TellsMore) else CALL
    rows = ROWS.get(kind)
    heard = rows(key, carrier).values_list("evidence", flat=True).first() if rows else None
    if heard is None:
        return HttpResponse(status=404)
    seal = seal_of(event, form, body)
    if kind != NOTICE and any(piece.get("seal") == seal for piece in heard):
        logger.warning("refused a callback of %s about %s %s: it has been heard before", carrier, kind, key)
        return HttpResponse(status=403)
    try:
        return HEARS[kind](Heard(line, str(key), form, body, seal, clock.now()))
    except ValueError:
        logger.warning("a genuine callback of %s could not be read", carrier)
        return HttpResponse(status=400)


def seal_of(event: str, form: Mapping[str, str], body: bytes) -> str:
    """What tells one letter from all others about the same row: the signature covers the fields in any order, so
    their order makes no other letter."""
    said = "\n".join(f"{name}={form[name]}" for name in sorted(form)).encode() if form else body
    return hashlib.sha256(event.encode() + b"\n" + said).hexdigest()[:24]


def _call(letter: Heard) -> HttpResponse:
    update = replace(letter.line.read(key=letter.key, form=letter.form, body=letter.body), seal=letter.seal)
    if calls.hear(update, now=letter.now) and update.status in (CallStatus.TALKING, CallStatus.ENDED):
        transaction.on_commit(
            tasks.hints.send
        )  # its operator is to be rung; or its line is free, its desk ready
    return HttpResponse(status=204)


def _leg(letter: Heard) -> HttpResponse:
    attendance.hear(letter.line.read_leg(key=letter.key, form=letter.form), now=letter.now, seal=letter.seal)
    return HttpResponse(status=204)


def _text(letter: Heard) -> HttpResponse:
    texts.hear(letter.line.read_text(key=letter.key, form=letter.form), now=letter.now, seal=letter.seal)
    return HttpResponse(status=204)


def _keys(letter: Heard) -> HttpResponse:
    key = letter.line.read_key(letter.form)
    outcome = (
        keys.pressed(call_key=letter.key, key=key, now=letter.now, seal=letter.seal) if key else keys.AGAIN
    )
    return _told(letter, outcome)


def _notice(letter: Heard) -> HttpResponse:
    return _told(letter, NOTICE)


def _note(letter: Heard) -> HttpResponse:
    """What moves nothing is kept beside the rest."""
    calls.keep(letter.key, {**letter.line.kept(letter.form), "seal": letter.seal}, now=letter.now)
    return HttpResponse(status=204)


def _told(letter: Heard, outcome: str) -> HttpResponse:
    call = Call.objects.get(key=letter.key)
    return HttpResponse(letter.line.answer(outcome, call.as_dial()), content_type="text/xml; charset=utf-8")


def _calls(key: UUID, carrier: str) -> "models.QuerySet[Any]":
    return Call.objects.filter(key=key, trunk__carrier=carrier)


def _legs(key: UUID, carrier: str) -> "models.QuerySet[Any]":
    return Leg.objects.filter(key=key, call__trunk__carrier=carrier)


def _texts(key: UUID, carrier: str) -> "models.QuerySet[Any]":
    return Text.objects.filter(key=key)


NOTICE = "notice"
HEARS: Mapping[str, Callable[[Heard], HttpResponse]] = {
    CALL: _call, "leg": _leg, "text": _text, "keys": _keys, NOTICE: _notice, "note": _note,
}  # fmt: skip
ROWS: Mapping[str, Callable[[UUID, str], "models.QuerySet[Any]"]] = {
    CALL: _calls, "keys": _calls, NOTICE: _calls, "note": _calls, "leg": _legs, "text": _texts,
}  # fmt: skip
