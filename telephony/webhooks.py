"""Where carriers call back: one view that verifies, lets the carrier translate, and hears."""

import hashlib
import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Protocol, runtime_checkable
from uuid import UUID

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from telephony import calls, clock, lines, tasks
from telephony.carrier import CallStatus, Update
from telephony.models import Call

logger = logging.getLogger(__name__)


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


@csrf_exempt
@require_POST
def callback(request: HttpRequest, carrier: str, key: UUID, event: str) -> HttpResponse:
    """204: heard, whether or not it moved the call. What is not vouched for, or has been heard before, learns nothing
    but 403; what could not be heard for a fault of ours may come again."""
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
    heard = Call.objects.filter(key=key, trunk__carrier=carrier).values_list("evidence", flat=True).first()
    if heard is None:
        return HttpResponse(status=404)
    seal = seal_of(event, form, body)
    if any(piece.get("seal") == seal for piece in heard):
        logger.warning("refused a callback of %s about call %s: it has been heard before", carrier, key)
        return HttpResponse(status=403)
    try:
        update = replace(line.read(key=str(key), form=form, body=body), seal=seal)
    except ValueError:
        logger.warning("a genuine callback of %s could not be read", carrier)
        return HttpResponse(status=400)
    if calls.hear(update, now=clock.now()) and update.status is CallStatus.ENDED:
        transaction.on_commit(tasks.hints.send)  # its line is free, and its desk may be ready
    return HttpResponse(status=204)


def seal_of(event: str, form: Mapping[str, str], body: bytes) -> str:
    """What tells one letter from all others about the same call: the signature covers the fields in any order, so
    their order makes no other letter."""
    said = "\n".join(f"{name}={form[name]}" for name in sorted(form)).encode() if form else body
    return hashlib.sha256(event.encode() + b"\n" + said).hexdigest()[:24]
