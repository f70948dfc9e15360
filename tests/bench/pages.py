"""How long the supervisors' pages take on the server, with ten times as many closed cases, beside the plain queries."""

import os
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from statistics import median

from django.conf import settings
from django.test import Client

from dispatch.models import User
from dispatch.vocabulary import Role
from tests.bench import beside
from tests.bench.beside import LARGE
from tests.bench.closed import LATEST, Past
from tests.bench.table import Row
from warning_center.supervision import statistics
from warning_center.supervision.pages import catalogue
from warning_center.supervision.statistics import Filter

SIZES = tuple(int(size) for size in os.environ.get("PAGES", "100000 1000000").split())
ROUNDS = 15
MOST, RATIO = 200, 1.2  # milliseconds; the largest size's time by the smallest's


def measure() -> Iterator[Row]:
    """A row a page: its time with the most cases, and how much longer that is than with the fewest."""
    settings.ALLOWED_HOSTS = ["testserver"]
    past = Past()
    fewest, largest = sorted(SIZES)
    past.grow(fewest)
    asked = _asked()
    with beside.kept() as small:
        past.grow(largest)
        times = _times(small, asked)
    for name, taken in times[LARGE].items():
        before = median(times[small][name])
        ratio = median(taken) / before
        plain = name.startswith("plain")
        yield Row(
            f"page {name}" if not plain else name,
            f"{largest:,} closed cases, {past.a_day:,} a day; 30 days",
            tuple(taken),
            "ms",
            ratio=f"{ratio:.2f} × the time at {fewest:,} ({before:.0f} ms)",
            goal="" if plain else f"{MOST} ms, {RATIO} ×",
            kept=None if plain else median(taken) <= MOST and ratio <= RATIO,
        )


def _asked() -> dict[str, Callable[[], object]]:
    """The pages by their names, and the plain queries."""
    client = Client()
    client.force_login(User.objects.filter(role=Role.SUPERVISOR).earliest("pk"))
    until = (LATEST - timedelta(days=2)).date()
    days = f"from={until - timedelta(days=29)}&to={until}"
    pages = {
        "overview": f"/supervision/?{days}",
        "overview, compared": f"/supervision/?{days}&compare=1",
        "overview, one type": f"/supervision/?{days}&type=loan",
        "overview, a type of a source": f"/supervision/?{days}&type=loan&source=source1",
        "hour, one type": f"/supervision/by/hour?{days}&type=loan",
        "definitions": f"/supervision/definitions?{days}",
        "cases, all": f"/supervision/cases?{days}&part=received",
        "cases, defrauded": f"/supervision/cases?{days}&part=defrauded_after_warning",
        **{slug: f"/supervision/by/{slug}?{days}" for slug in catalogue.PAGES},
    }
    asked: dict[str, Callable[[], object]] = {name: _get(client, address) for name, address in pages.items()}
    wanted = Filter(since=until - timedelta(days=29), until=until)
    asked["plain count of the record"] = lambda: statistics.read(wanted)
    asked["plain sums of the record"] = lambda: statistics.money(wanted)
    return asked


def _times(small: str, asked: dict[str, Callable[[], object]]) -> dict[str, dict[str, list[float]]]:
    """What each took, with the fewest cases and with the most, by the database."""
    taken: dict[str, dict[str, list[float]]] = {one: {name: [] for name in asked} for one in (small, LARGE)}
    for database, name, ask in beside.rounds(small, asked, ROUNDS):
        began = time.perf_counter()
        ask()
        taken[database][name].append(1000 * (time.perf_counter() - began))
    return taken


def _get(client: Client, address: str) -> Callable[[], object]:
    def get() -> object:
        answer = client.get(address)
        assert answer.status_code == 200, address
        return answer.content

    return get
