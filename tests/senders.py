"""A source and what it posts, as it does: over HTTP, with its key."""

import json
from typing import Any

from django.test import Client

from tests.factories import START, Centre
from warning_center.models import Source

DIRECTIVES = "/api/v1/directives"


def row(reference: str = "A-1", **given: Any) -> dict[str, Any]:
    """A whole, good directive about nobody; the series 190 0000 xxxx is invented."""
    plain = {
        "reference": reference,
        "issued_at": START.isoformat(),
        "fraud_type": "authority",
        "level": "high",
        "phone": "190 0000 0001",
    }
    return {**plain, **given}


class Sender:
    """Posts with one source's key and asks for answers in English."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.key = source.renew_key()
        source.save()

    def post(self, body: Any, path: str = DIRECTIVES, **headers: str) -> Any:
        text = body if isinstance(body, (str, bytes)) else json.dumps(body)
        return Client().post(path, text, content_type="application/json", headers=self._headers(headers))

    def batch(self, rows: Any) -> Any:
        return self.post(rows, f"{DIRECTIVES}/batch")

    def get(self, reference: str, **headers: str) -> Any:
        return Client().get(f"{DIRECTIVES}/{reference}", headers=self._headers(headers))

    def _headers(self, more: dict[str, str]) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}", "Accept-Language": "en", **more}


def sender(at: Centre) -> Sender:
    return Sender(at.source)


def another(at: Centre, code: str = "bank") -> Sender:
    """A second source."""
    return Sender(Source.objects.create(code=code, name=code, unit=at.city))
