"""The one clock. Named in the settings as CLOCK, read at the doors only, and passed on as `now`."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache

from django.conf import settings
from django.utils.module_loading import import_string


def now() -> datetime:
    """The program's time, aware, in UTC."""
    return _clock(settings.CLOCK)()


@cache
def _clock(name: str) -> Callable[[], datetime]:
    made: Callable[[], datetime] = import_string(name)
    return made


def wall() -> datetime:
    """The machine's own clock."""
    return datetime.now(UTC)


class MovingClock:
    """A clock that can be set, run at another speed, or stand still. One for the whole program."""

    def __init__(self) -> None:
        self._shown = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
        self._since = 0.0
        self._speed = 0.0

    @property
    def speed(self) -> float:
        return self._speed

    def __call__(self) -> datetime:
        if not self._speed:
            return self._shown
        return self._shown + timedelta(seconds=(time.monotonic() - self._since) * self._speed)

    def set(self, shown: datetime, *, speed: float = 0.0) -> None:
        """Show `shown` from here on, running at `speed` program seconds a second (0: standing still)."""
        self._shown, self._since, self._speed = shown, time.monotonic(), speed

    def forward(self, span: timedelta) -> datetime:
        """Move a standing clock on; what it shows then."""
        self._shown += span
        return self._shown


moving = MovingClock()


def scaled() -> datetime:
    """A clock several processes share: it showed CLOCK_START at CLOCK_ANCHOR and runs CLOCK_SPEED times as fast."""
    passed = wall() - settings.CLOCK_ANCHOR
    shown: datetime = settings.CLOCK_START + passed * settings.CLOCK_SPEED
    return shown


def pace() -> float:
    """How many program seconds pass in one of the machine's; 1 for a clock that stands still."""
    clock = _clock(settings.CLOCK)
    if clock is moving:
        return moving.speed or 1.0
    speed: float = settings.CLOCK_SPEED if clock is scaled else 1.0
    return speed
