"""Celery's door to the line: what waits is dialled; what is due is heard, freed, asked after and sent."""

import logging
import time
from datetime import timedelta
from typing import Any

from celery import shared_task
from kombu.exceptions import OperationalError

from telephony import calls, clock, desks, exchange, inbox, legs, links, ringing, texts

logger = logging.getLogger(__name__)
AT_ONCE = 8  # calls
SOONEST = timedelta(milliseconds=100)  # from one hint of a trunk's to the next
REST = 30.0  # seconds without hints after the broker failed to take one


@shared_task(ignore_result=True)
def tick() -> None:
    """One round: the news that waits, desks nobody sits at, calls, legs and links gone silent, texts."""
    now = clock.now()
    inbox.collect(now=now)
    desks.release_lapsed(now=now)
    calls.tend(now=now)
    legs.tend(now=now)
    links.tend(now=now)
    texts.send_due(now=now)


@shared_task(ignore_result=True)
def connect() -> None:
    """Dial what waits, a few at a time: while one worker rings a slow carrier, others take what is left.

    Beat ticks; a hint says that a call has been booked, or that a desk is ready, or that a trunk which had begun as
    many calls as it may in a second can begin another: the tick alone would come too late for every other second.
    """
    rung = ringing.turn(now=clock.now())
    dialled = many = exchange.turn(now=clock.now(), limit=AT_ONCE)
    while many == AT_ONCE:  # fewer: for whoever is left there is no line or no desk
        dialled += (many := exchange.turn(now=clock.now(), limit=AT_ONCE))
    wait = None
    if rung or dialled or ringing.is_anyone_waiting():
        wait = exchange.until_next(now=clock.now())
    if wait is not None:
        hints.send(after=max(SOONEST, wait / clock.pace()))


class Hints:
    """Hints to the workers, sent after a commit. A broker that is down is left alone for a while."""

    def __init__(self) -> None:
        self._rests_until = 0.0

    def send(self, *, after: timedelta = timedelta()) -> None:
        """Say that a call can be dialled now, or so much later. Never fails, and waits for no broker."""
        if time.monotonic() < self._rests_until:
            return
        try:
            delay = after.total_seconds()
            later: dict[str, Any] = {"countdown": delay} if delay else {}
            connect.apply_async(retry=False, expires=delay + 5, **later)
        except OperationalError:
            self._rests_until = time.monotonic() + REST
            logger.warning("the broker took no hint; the tick will find the calls")


hints = Hints()
