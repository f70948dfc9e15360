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
from warning_center.watchdog.look import PERIODS, Moment, look

Seen = TypeVar("Seen")


class Lately(Generic[Seen]):
    """What was seen last, believed for VITALS_KEPT_FOR; of many who ask at once only one looks."""

    def __init__(self, see: Callable[[], Seen]) -> None:
        self._see = see
        self._seen: tuple[float, Seen] | None = None
        self._looking = threading.Lock()

    def get(self) -> Seen:
        """What there is to see now, or was a moment ago."""
        if (seen := self._fresh()) is not None:
            return seen[1]
        first = self._seen is None
        if not self._looking.acquire(blocking=first):
            return self._seen[1] if self._seen else self._see()
        try:
            if (seen := self._fresh()) is None:
                seen = self._seen = (time.monotonic(), self._see())
            return seen[1]
        finally:
            self._looking.release()

    def _fresh(self) -> tuple[float, Seen] | None:
        seen = self._seen
        return seen if seen and time.monotonic() - seen[0] < settings.VITALS_KEPT_FOR else None


@dataclass(frozen=True, slots=True)
class Vitals:
    """What a page must tell whoever reads it."""

    redis: bool | None  # None: there is none, it is all one process
    ticking: bool  # beats send, and workers end their rounds

    @property
    def well(self) -> bool:
        return self.redis is not False and self.ticking


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
    return {"vitals": SimpleLazyObject(_pages.get)}
