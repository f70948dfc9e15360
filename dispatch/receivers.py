"""What a call's news means for its case."""

from datetime import datetime
from typing import Any

from dispatch.workflow import words
from telephony.models import Call


def call_moved(sender: type[Call], call: Call, now: datetime, **_: Any) -> None:
    """Heard inside the transaction that moved the call."""
    words.call_moved(call, now=now)
