"""What a call's news, and the keys pressed on it, mean for its case."""

from datetime import datetime
from typing import Any

from dispatch.workflow import debts, keys, showing, words
from telephony.models import Call


def call_moved(sender: type[Call], call: Call, now: datetime, **_: Any) -> None:
    """Heard inside the transaction that moved the call."""
    words.call_moved(call, now=now)
    debts.call_moved(call, now=now)
    keys.call_moved(call, now=now)
    showing.call_moved(call, now=now)


def key_pressed(sender: type[Call], call: Call, key: str, outcome: str, now: datetime, **_: Any) -> None:
    """Heard inside the transaction that took the key."""
    keys.pressed(call, key, outcome, now=now)
