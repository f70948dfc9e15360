"""The keys a called person presses while an announcement is spoken: 1 an officer, 2 the money has gone, 9 once more.

A key is nobody's word: whoever holds the phone may have pressed it. It never says that the person was reached.
"""

from datetime import datetime

from django.db import transaction

from telephony import calls, legs
from telephony.carrier import ANNOUNCE, CallStatus, Update
from telephony.models import Call, Desk
from telephony.signals import key_pressed

OFFICER_NOW, HAVE_TRANSFERRED, REPEAT = "1", "2", "9"
ASKS_FOR_SOMEBODY = (OFFICER_NOW, HAVE_TRANSFERRED)
OFFICER, LATER, GONE, AGAIN = "officer", "later", "gone", "again"  # what comes of it
MOST = 8  # keys kept of one call


@transaction.atomic
def pressed(*, call_key: str, key: str, now: datetime, seal: str = "") -> str:
    """A key has been pressed; what comes of it: OFFICER (somebody is being rung), LATER (nobody is free), GONE (the
    same, and they say that they have transferred), AGAIN.

    Who asks for somebody is given the ready desk that knows their kind of fraud, else the longest ready one: the
    announcement becomes that operator's call. Raises LookupError for a call nobody knows.
    """
    known = Call.objects.filter(key=call_key).values_list("tag", "area").first()
    if known is None:
        raise LookupError(call_key)
    desk = _free_desk(*known, now) if key in ASKS_FOR_SOMEBODY else None
    calls.hear(Update(call_key, CallStatus.TALKING, evidence={"Digits": key}, seal=seal), now=now)
    call = Call.objects.select_for_update(of=("self",)).get(key=call_key)
    call.pressed = (call.pressed + key)[:MOST]
    later = GONE if key == HAVE_TRANSFERRED else LATER
    outcome = AGAIN if key not in ASKS_FOR_SOMEBODY else OFFICER if call.desk_id else later
    if desk is not None and call.status == CallStatus.TALKING and call.mode == ANNOUNCE:
        outcome = OFFICER
        call.mode, call.desk = "", desk
        desk.enter(Desk.State.OFFERED, now)
        desk.enter(Desk.State.TALKING, now)
        desk.save()
    call.save(update_fields=["pressed", "mode", "desk"])
    legs.want(call, now)
    key_pressed.send(sender=Call, call=call, key=key, outcome=outcome, now=now)
    return outcome


def _free_desk(tag: str, area: str, now: datetime) -> Desk | None:
    """Locked: a ready desk with a phone of its own, that serves the part of the centre the call belongs to."""
    free = Desk.objects.free(now).exclude(address="")
    locked = free.select_for_update(skip_locked=True, of=("self",), no_key=True)
    ready = [desk for desk in locked if desk.serves(area)]
    return min(ready, key=lambda desk: (tag not in desk.tags, desk.ready_since, desk.pk), default=None)
