"""The turn of those who are to be rung into calls: their trunk's second has a place for them, it has a line, they ring.

A carrier counts them as it counts calls, so they are in the same ledger; they go before new calls, since somebody is
on the line who waits for them, and not for ever. See `pace` and `room`.
"""

import logging
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet

from telephony import attendance, clock, lines, pace
from telephony.carrier import CallResult, CarrierError, LegNews, LegState
from telephony.models import Leg
from telephony.prepared import prepared
from telephony.room import Room

logger = logging.getLogger(__name__)
AT_ONCE = 32  # rung in one turn: whoever is asked for them one by one still finds their places held
WAITS = timedelta(seconds=20)  # for a line: nobody holds longer for a voice; hung up on, they are called back
State = Leg.State


def is_anyone_waiting() -> bool:
    """Whether anybody is still to be rung."""
    return _anybody.first() is not None


@prepared
def _anybody() -> QuerySet[Leg, int]:
    return Leg.objects.live().filter(state=State.WANTED).values_list("pk", flat=True)[:1]


def turn(*, now: datetime) -> int:
    """Ring whoever can be rung now, those who lead a call first, and end who has waited too long for a line; how many
    were seen to. Each at most once."""
    if not is_anyone_waiting():
        return 0  # no reason to hold the trunks
    claimed = _claim(now)
    for leg in claimed:
        try:
            _ring(leg, now)
        except Exception:  # the row says that it was asked for: `legs.tend` will see to it
            logger.exception("leg %s could not be rung", leg.pk)
    return len(claimed)


@transaction.atomic
def _claim(now: datetime) -> list[Leg]:
    """Give those who wait their places. Who is given none goes on waiting, or has waited long enough.

    All of them are looked at, one a desk at most: those of a trunk that is full hide nobody else's.
    """
    room = Room(now)
    waiting = Leg.objects.waiting().select_related("call__trunk")
    claimed = list[Leg]()
    for leg in waiting.select_for_update(skip_locked=True, of=("self",)):
        if len(claimed) == AT_ONCE:
            break
        placed = leg.call.is_live and room.take_leg(leg)
        if placed or not leg.call.is_live or leg.begun_at <= now - WAITS:
            leg.state, leg.due_at = State.ASKED, now + attendance.SILENCE
            leg.dialled_at = now if placed else None
            leg.save(update_fields=["state", "dialled_at", "due_at"])
            claimed.append(leg)
    room.save()
    return claimed


def _ring(leg: Leg, now: datetime) -> None:
    """Ask the carrier for a leg whose place has been committed, or end one that has none. Who comes too late for its
    place waits anew."""
    mine = Leg.objects.filter(pk=leg.pk, state=State.ASKED, dialled_at=leg.dialled_at, external_id="")
    carrier = lines.joiner(leg.call)
    if not leg.call.is_live or carrier is None or leg.dialled_at is None:
        in_vain = leg.call.is_live and carrier is not None
        result = CallResult.NOT_PLACED if in_vain else CallResult.CANCELLED
        attendance.hear(LegNews(str(leg.key), LegState.ENDED, result=result), now=now)
        return
    if pace.is_late(leg.dialled_at, clock.now()):
        mine.filter(placed_at=None).update(state=State.WANTED, dialled_at=None, due_at=now)
        return
    try:
        external_id = carrier.join(leg.call.as_dial(), attendance.joint(leg))
    except CarrierError as refusal:
        Leg.objects.filter(pk=leg.pk, placed_at=None).update(placed_at=clock.now())
        if refusal.certain:
            told = LegNews(str(leg.key), LegState.ENDED, result=refusal.result, evidence=refusal.evidence)
            attendance.hear(told, now=now)
        return
    Leg.objects.filter(pk=leg.pk, external_id="").update(external_id=external_id, placed_at=clock.now())
