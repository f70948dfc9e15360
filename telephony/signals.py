"""The one signal of the house: a call has moved."""

from django.dispatch import Signal

call_moved = Signal()
"""Sent inside the transaction that moved the call, with `call` (a telephony.models.Call) and `now`.

The call's status says how far it has come; once it is ENDED its result says what it met.
"""
