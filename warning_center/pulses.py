"""Signs of life: written by beats, ticks and queues into the database, read by the watchdog and the pages."""

import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import DateTimeField, Func, Value

from warning_center.models import Pulse

BEAT = "beat"
HOST = socket.gethostname()[:128]
REST = 2.0  # seconds in which one process writes one pulse once
MOST = 200  # pulses read at a time, the newest first
FORGOTTEN_AFTER = timedelta(days=1)  # hosts come and go


@dataclass(frozen=True, slots=True)
class Sign:
    """One pulse: how long ago it was kept, and how far its host's clock was ahead of the database's, in seconds."""

    name: str
    host: str
    age: float
    ahead: float


class Writer:
    """Writes pulses, each at most every REST seconds."""

    def __init__(self) -> None:
        self._written: dict[str, float] = {}

    def write(self, name: str, *, wall: datetime) -> None:
        """Keep a pulse of this host: one statement, or none if it has just been kept. May raise DatabaseError."""
        now = time.monotonic()
        if now - self._written.get(name, -REST) < REST:
            return
        keep(name, host=HOST, wall=wall)
        self._written[name] = now


writer = Writer()


def keep(name: str, *, host: str, wall: datetime) -> None:
    """Write a pulse over the one before; `wall` is what the host's own clock shows."""
    pulse = Pulse(name=name, host=host, at=wall)
    pulse.kept_at = _database_clock(wall)
    Pulse.objects.bulk_create(
        [pulse], update_conflicts=True, unique_fields=["name", "host"], update_fields=["at", "kept_at"]
    )


def signs(wall: datetime) -> list[Sign]:
    """The newest pulses, in one query; their age is told by the database's clock."""
    rows = Pulse.objects.annotate(clock=_database_clock(wall)).order_by("-kept_at")
    return [
        Sign(name, host, (clock - kept_at).total_seconds(), (at - kept_at).total_seconds())
        for name, host, at, kept_at, clock in rows.values_list("name", "host", "at", "kept_at", "clock")[
            :MOST
        ]
    ]


def forget(wall: datetime) -> None:
    """Drop the pulses of hosts long gone."""
    Pulse.objects.filter(kept_at__lt=wall - FORGOTTEN_AFTER).delete()


def expected() -> dict[str, float]:
    """Every pulse there must be, and the seconds between two of them at best: beat's own, and each scheduled task's."""
    return {BEAT: 1.0, **{name: _period(entry) for name, entry in settings.CELERY_BEAT_SCHEDULE.items()}}


def _period(entry: Mapping[str, Any]) -> float:
    schedule = entry["schedule"]
    if isinstance(schedule, timedelta):
        return schedule.total_seconds()
    return float(schedule) if isinstance(schedule, int | float) else FORGOTTEN_AFTER.total_seconds()


def _database_clock(wall: datetime) -> Any:
    """The time at the database: its own clock's, or this machine's where the database is a file on it."""
    if connection.vendor == "postgresql":
        return Func(function="clock_timestamp", output_field=DateTimeField())
    return Value(wall, output_field=DateTimeField())
