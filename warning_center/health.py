"""Whether the centre is well, for machines that ask and for the bar on every page."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest, JsonResponse
from django.utils.crypto import constant_time_compare
from django.utils.functional import SimpleLazyObject
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from redis import RedisError

from telephony import clock
from warning_center import pulses
from warning_center.watchdog import surroundings
from warning_center.watchdog.finding import Round
from warning_center.watchdog.look import PERIODS, ROUND_WITHIN, Moment, look

Seen = TypeVar("Seen")


class Lately(Generic[Seen]):
    """What was seen last, believed for VITALS_KEPT_FOR; of many who ask at once only one looks.

    While that one looks the others are told what was seen before. A look may hang, so they are told it for no
    longer than a look may last.
    """

    def __init__(self, see: Callable[[], Seen]) -> None:
        self._see = see
        self._seen: tuple[float, Seen] | None = None
        self._looking = threading.Lock()
        self._began: float | None = None  # the look that goes on

    def get(self) -> Seen | None:
        """What there is to see now, or was a moment ago. None: nobody knows, a look that was begun does not end."""
        if (seen := self._fresh()) is not None:
            return seen[1]
        if not self._looking.acquire(timeout=self._patience()):
            seen = self._believable()
            return seen[1] if seen else None
        try:
            return (self._fresh() or self._look())[1]
        finally:
            self._looking.release()

    def _look(self) -> tuple[float, Seen]:
        self._began = time.monotonic()
        try:
            seen = self._seen = (self._began, self._see())
        finally:
            self._began = None
        return seen

    def _patience(self) -> float:
        """Seconds to wait for somebody else's look: none if what was seen before will do, else until it should end."""
        if self._believable() is not None:
            return 0.0
        began = self._began
        since = 0.0 if began is None else time.monotonic() - began
        return max(0.0, ROUND_WITHIN - since)

    def _fresh(self) -> tuple[float, Seen] | None:
        return self._younger_than(settings.VITALS_KEPT_FOR)

    def _believable(self) -> tuple[float, Seen] | None:
        return self._younger_than(settings.VITALS_KEPT_FOR + ROUND_WITHIN)

    def _younger_than(self, seconds: float) -> tuple[float, Seen] | None:
        seen = self._seen
        return seen if seen and time.monotonic() - seen[0] < seconds else None


@dataclass(frozen=True, slots=True)
class Vitals:
    """What a page must tell whoever reads it."""

    redis: bool | None  # None: there is none, it is all one process
    ticking: bool  # beats send, and workers end their rounds
    answered: bool = True  # False: the look at them does not end

    @property
    def well(self) -> bool:
        return self.redis is not False and self.ticking


SILENT = Vitals(redis=None, ticking=False, answered=False)


def _look() -> Round:
    return look(Moment(clock.now(), clock.wall(), clock.pace()))


def _vitals() -> Vitals:
    """At most one ping and one query."""
    redis: bool | None = None
    try:
        if settings.REDIS_URL:
            redis = surroundings.broker().value is not None
    except (RedisError, OSError, ValueError):
        redis = False
    try:
        ages: dict[str, float] = {}
        for sign in pulses.signs(clock.wall()):
            ages[sign.name] = min(sign.age, ages.get(sign.name, sign.age))
        allowed = settings.WATCHDOG_ALLOWANCES["pulse"]
        due = pulses.expected().items()
        ticking = all(ages.get(name, float("inf")) <= allowed + PERIODS * period for name, period in due)
    except DatabaseError:  # in a broken transaction, say; the page has its own troubles then
        ticking = False
    return Vitals(redis, ticking)


_rounds, _pages = Lately(_look), Lately(_vitals)


@never_cache
@require_safe
def health(request: HttpRequest) -> JsonResponse:
    """200 while every promise is kept, else 503; what was measured only for who shows the token."""
    seen = _rounds.get()
    if seen is None:
        return JsonResponse({"ok": False, "checks": {}, "fault": "no answer"}, status=503)
    shown = request.headers.get("Authorization", "").removeprefix("Bearer ").strip()
    trusted = bool(settings.HEALTH_TOKEN) and constant_time_compare(shown, settings.HEALTH_TOKEN)
    checks: dict[str, Any] = {f.name: f.plain() if trusted else {"ok": f.ok} for f in seen.findings}
    return JsonResponse({"ok": seen.ok, "checks": checks}, status=200 if seen.ok else 503)


@never_cache
@require_safe
def live(request: HttpRequest) -> JsonResponse:
    """This process answers; nothing else is touched."""
    return JsonResponse({"ok": True})


def on_pages(request: HttpRequest) -> dict[str, Any]:
    """`vitals` in every template; looked at when one of them asks."""
    return {"vitals": SimpleLazyObject(lambda: _pages.get() or SILENT)}
