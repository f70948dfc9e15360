"""Numbers of nobody, a moment, and a call to dial."""

from datetime import UTC, datetime

from telephony.carrier import CallKind, Dial

START = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
NUMBER = "+8619000000001"
KEY = "00000000-0000-4000-8000-000000000001"


def a_dial(
    number: str = NUMBER,
    *,
    key: str = KEY,
    kind: CallKind = CallKind.VOICE,
    at: datetime = START,
    external_id: str = "",
    mode: str = "",
    tag: str = "",
) -> Dial:
    return Dial(key, number, kind, at, mode, tag, external_id)
