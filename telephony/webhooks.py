"""Where carriers call back: one view that verifies, lets the carrier translate, and hears."""

import logging
from collections.abc import Mapping
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
    """204: heard, whether or not it moved the call. What is not vouched for learns nothing but 403."""
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
    if not Call.objects.filter(key=key, trunk__carrier=carrier).exists():
        return HttpResponse(status=404)
    try:
        update = line.read(key=str(key), form=form, body=body)
    except ValueError:
        logger.warning("a genuine callback of %s could not be read", carrier)
        return HttpResponse(status=400)
    if calls.hear(update, now=clock.now()) and update.status is CallStatus.ENDED:
        transaction.on_commit(tasks.hints.send)  # its line is free, and its desk may be ready
    return HttpResponse(status=204)
