"""The signals of the house: a call has moved, a key has been pressed."""

from django.dispatch import Signal

call_moved = Signal()
"""Sent inside the transaction that moved the call, with `call` (a telephony.models.Call) and `now`.

The call's status says how far it has come; once it is ENDED its result says what it met.
"""

key_pressed = Signal()
"""Sent inside the transaction that took a key, with `call`, `key` (a character), `outcome` (telephony.keys), `now`."""
