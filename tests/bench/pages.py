"""How long the supervisors' pages take on the server, with ten times as many closed cases, beside the plain queries."""

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
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
ROUNDS, PLAIN_ROUNDS = 25, 5
MOST, RATIO = 200, 1.2  # milliseconds; the largest size's time by the smallest's
Asked = dict[str, Callable[[], object]]


@dataclass
class Times:
    """Milliseconds, with the fewest cases and with the most; what stands at the same place was asked together."""

    fewest: list[float] = field(default_factory=list)
    most: list[float] = field(default_factory=list)


def measure() -> Iterator[Row]:
    """A row a page: its time with the most cases, and how much longer that is than with the fewest."""
    settings.ALLOWED_HOSTS = ["testserver"]
    past = Past()
    fewest, largest = sorted(SIZES)
    past.grow(fewest)
    pages, plain = _asked()
    with beside.kept() as small:
        past.grow(largest)
        times = _times(small, pages, ROUNDS)
        times.update(_times(small, plain, PLAIN_ROUNDS))
    for name, taken in times.items():
        ratio = beside.ratio(taken.fewest, taken.most)
        ours = not name.startswith("plain")
        yield Row(
            f"page {name}" if ours else name,
            f"{largest:,} closed cases, {past.a_day:,} a day; 30 days",
            tuple(taken.most),
            "ms",
            ratio=f"{ratio:.2f} × the time at {fewest:,} ({median(taken.fewest):.0f} ms)",
            goal=f"{MOST} ms, {RATIO} ×" if ours else "",
            kept=median(taken.most) <= MOST and ratio <= RATIO if ours else None,
        )


def _asked() -> tuple[Asked, Asked]:
    """The pages by their names, and the plain queries, asked after them: their weight would fall on a page."""
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
    asked: Asked = {name: _get(client, address) for name, address in pages.items()}
    wanted = Filter(since=until - timedelta(days=29), until=until)
    plain: Asked = {
        "plain count of the record": lambda: statistics.read(wanted),
        "plain sums of the record": lambda: statistics.money(wanted),
    }
    return asked, plain


def _times(small: str, asked: Asked, many: int) -> dict[str, Times]:
    """What each took, by its name: with the fewest cases and with the most, pair by pair."""
    taken = {name: Times() for name in asked}
    for database, name, ask in beside.rounds(small, asked, many):
        began = time.perf_counter()
        ask()
        one = taken[name]
        (one.most if database == LARGE else one.fewest).append(1000 * (time.perf_counter() - began))
    return taken


def _get(client: Client, address: str) -> Callable[[], object]:
    def get() -> object:
        answer = client.get(address)
        assert answer.status_code == 200, address
        return answer.content

    return get
