"""Celery's door to the figures and to the pulses: each beat, each task that ends well, each queue that answers."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

from celery import Task, shared_task
from celery.beat import PersistentScheduler
from celery.exceptions import Ignore
from celery.signals import task_success
from django.conf import settings
from django.db import DatabaseError, close_old_connections

from telephony import clock
from warning_center import pulses
from warning_center.supervision import reports
from warning_center.supervision.rollups import keep
from warning_center.supervision.rollups import sweep as sweeping

logger = logging.getLogger(__name__)
REPORTS = 3  # in one round: its queue still answers in time
SWEEPS_FOR = 8.0  # seconds
slow = threading.Lock()


@shared_task(ignore_result=True)
def answer() -> None:
    """Nothing to do: that a worker took this from its queue is the answer."""


@shared_task(ignore_result=True)
def count() -> None:
    """What has changed is counted anew for the supervisors' pages."""
    keep.keep_up()


@shared_task(ignore_result=True)
def report() -> None:
    """The reports that are due are made, once, a few in a round."""
    with _slowly():
        reports.make_due(now=clock.now(), most=REPORTS)


@shared_task(ignore_result=True)
def sweep() -> None:
    """After an upgrade: some more of everything is counted anew."""
    with _slowly():
        sweeping.run(seconds=SWEEPS_FOR)


@contextmanager
def _slowly() -> Iterator[None]:
    """One slow thing at a time in a process: the other threads stay free. Who finds another at work leaves no pulse."""
    if not slow.acquire(blocking=False):
        raise Ignore
    try:
        yield
    finally:
        slow.release()


@task_success.connect
def ended_well(sender: Task[Any, Any], **_: Any) -> None:
    """Keep the pulse of each entry of the schedule that this task was."""
    delivered = cast("dict[str, str] | None", sender.request.delivery_info)
    queue = delivered.get("routing_key") if delivered else None
    schedule: dict[str, Any] = settings.CELERY_BEAT_SCHEDULE
    for name, entry in schedule.items():
        if entry["task"] == sender.name and entry["options"].get("queue", queue) == queue:
            _write(name)


class Scheduler(PersistentScheduler):
    """Beat's own; it says that it lives, even when no broker takes what it sends."""

    def tick(self, *given: Any, **named: Any) -> Any:
        until_next = super().tick(*given, **named)
        close_old_connections()
        _write(pulses.BEAT)
        return until_next


def _write(name: str) -> None:
    try:
        pulses.writer.write(name, wall=clock.wall())
    except DatabaseError as fault:  # the pulse stays away, and that is what the watchdog sees
        logger.warning("the pulse of %s was not kept: %s", name, type(fault).__name__)
