"""What the centre stands on: its database and Redis, the clocks of its hosts, the pulses of its processes."""

import time
from datetime import datetime, timedelta
from functools import cached_property
from urllib.request import ProxyHandler, build_opener

import redis
from django.conf import settings
from django.db import connection
from redis.backoff import NoBackoff
from redis.retry import Retry

from warning_center import pulses
from warning_center.pulses import Sign
from warning_center.watchdog.finding import Measured

LATELY = 600.0  # seconds: a host that has been silent for longer tells nothing about its clock
REDIS_WITHIN = 1.0  # seconds
NETWORK_WITHIN = 2.0
_opener = build_opener(ProxyHandler({}))  # they are near: no proxy of the environment stands between


def database() -> Measured:
    """Seconds until the database answers."""
    began = time.monotonic()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        answered = cursor.fetchone() == (1,)
    return Measured(time.monotonic() - began if answered else None)


def broker() -> Measured:
    """Seconds until Redis answers, once and without trying again; 0 where everything is one process."""
    if not settings.REDIS_URL:
        return Measured(0.0)
    began = time.monotonic()
    once = redis.Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=REDIS_WITHIN,
        socket_connect_timeout=REDIS_WITHIN,
        retry=Retry(NoBackoff(), 0),
    )
    with once as connected:
        answered = connected.ping()
    return Measured(time.monotonic() - began if answered else None)


def networks() -> dict[str, str]:
    """The carriers that are processes of their own beside us, and where each tells how it is."""
    told = {
        name: str(entry["url"]).rstrip("/") for name, entry in settings.CARRIERS.items() if entry.get("url")
    }
    return {name: f"{url}/health" for name, url in told.items()}


def network(address: str) -> Measured:
    """Seconds until such a process says that it is well. Raises OSError if it says that it is not, or nothing."""
    began = time.monotonic()
    with _opener.open(address, timeout=NETWORK_WITHIN) as answer:
        answer.read()
    return Measured(time.monotonic() - began)


class Pulses:
    """The signs of life, read once a round; `wall` is what this machine's clock shows now."""

    def __init__(self, wall: datetime) -> None:
        self._wall, self._since = wall, time.monotonic()

    @cached_property
    def signs(self) -> list[Sign]:
        return pulses.signs(self._wall)

    def age(self, name: str) -> Measured:
        """Seconds since the last pulse of that name, from whichever host; None if there never was one."""
        last = min(
            (sign for sign in self.signs if sign.name == name), key=lambda sign: sign.age, default=None
        )
        return Measured(None) if last is None else Measured(last.age, ((last.host, last.age),))

    def apart(self) -> Measured:
        """The seconds by which the clock of a host, this one among them, and the database's are apart."""
        away = {sign.host: abs(sign.ahead) for sign in self.signs if sign.age <= LATELY}
        away[pulses.HOST] = abs(self._ahead())
        return Measured(max(away.values()), tuple(away.items()))

    def _ahead(self) -> float:
        if connection.vendor != "postgresql":
            return 0.0
        with connection.cursor() as cursor:
            cursor.execute("SELECT clock_timestamp()")
            shown: datetime = cursor.fetchone()[0]
        passed = timedelta(seconds=time.monotonic() - self._since)
        return (self._wall + passed - shown).total_seconds()
