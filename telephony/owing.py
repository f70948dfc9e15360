"""A desk whose operator still owes a word about a talk: it goes on wrapping up, however long, until the word is said.

What the word is, and whether it has been said, whoever books the calls knows: the line is only told.
"""

from datetime import datetime

from django.db import transaction

from telephony.models import Desk
from telephony.writeback import write_back


@transaction.atomic
def owe(*, desk_id: int, call_id: int, now: datetime) -> None:
    """What came of this call, just over, is still to be said at this desk: it is not ready before that."""
    desk = _lock(desk_id)
    desk.owes = call_id
    if desk.state == Desk.State.READY:
        desk.enter(Desk.State.WRAPPING, now)
    write_back([desk], Desk.MOVES)


@transaction.atomic
def paid(*, desk_id: int, call_id: int) -> bool:
    """It has been said: the wrap-up ends in its own time. Whether the desk owed it; of another call nothing changes."""
    desk = _lock(desk_id)
    if desk.owes != call_id:
        return False
    desk.owes = None
    write_back([desk], Desk.MOVES)
    return True


def _lock(desk_id: int) -> Desk:
    return Desk.objects.filter(pk=desk_id).defer("address").select_for_update(no_key=True).get()
