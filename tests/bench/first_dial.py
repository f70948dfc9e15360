"""How long from a directive's arrival to the first ring, at a large city's load, in processes as they are deployed."""

import itertools
import random
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from queue import SimpleQueue

from tests.bench import cpu
from tests.bench.directives import directive
from tests.bench.manned import OURS, Source, ago, await_dials, manned, sleep_until, spent
from tests.bench.table import Row, percentile
from tests.journeys.deployment import Deployment

AN_HOUR, SECONDS, HANDS, IDLE = 13_000, 60.0, 4, 10.0
MOST = 1.0  # second, at the 99th percentile


def measure(an_hour: int = AN_HOUR, seconds: float = SECONDS) -> Iterator[Row]:
    """The time from the first byte sent to the ring, of all directives; and what all processes spent on each."""
    with manned((*OURS, "network")) as (at, key):
        _send_all(at, key, [0.5 * n for n in range(10)], itertools.count(9_000_000))
        idle = spent(at)
        time.sleep(IDLE)  # the span measured: what they spend while nothing comes in
        idle = _less(spent(at), idle)
        pace, before = cpu.pace(), spent(at)
        began = time.monotonic()
        sent = _send_all(at, key, list(_arrivals(an_hour, seconds)), itertools.count(1))
        dials = await_dials(at, list(sent), within=60)
        lasted = time.monotonic() - began
        used = _less(spent(at), before)
    waits = [ago(sent[reference], dials[reference]) for reference in sent]
    work = f"{len(sent)} directives in {seconds:.0f} s ({an_hour:,} an hour), lines free"
    each = tuple(1000 * part / len(sent) for part in used)
    for share in (0.5, 0.99):
        found = percentile(waits, share)
        goal, kept = (f"at most {MOST:.0f} s", found <= MOST) if share > 0.9 else ("", None)
        yield Row(f"directive to first dial, p{100 * share:.0f}", work, (found,), "s", goal=goal, kept=kept)
    busy = tuple(1000 * (a - b * lasted / IDLE) / len(sent) for a, b in zip(used, idle, strict=True))
    yield Row(
        what="CPU a directive, all processes, the calls' news and redials too",
        work=f"{work}; idle they spend {1000 * sum(idle) / IDLE:.0f} ms a second, which is not counted",
        figures=(sum(busy),),
        unit="ms",
        cpu=(busy[0], busy[1]),
        pace=pace,
        ratio=f"{sum(each):.0f} ms with the idle time",
    )


def _less(a: tuple[float, float], b: tuple[float, float]) -> tuple[float, float]:
    return a[0] - b[0], a[1] - b[1]


def _arrivals(an_hour: int, seconds: float) -> Iterator[float]:
    """Seconds from the beginning, at random as telephone calls come (exponential gaps), the same every time."""
    chance, at = random.Random(an_hour), 0.0
    while (at := at + chance.expovariate(an_hour / 3600)) < seconds:
        yield at


def _send_all(at: Deployment, key: str, arrivals: list[float], numbers: Iterator[int]) -> dict[str, datetime]:
    """Send one directive at each of these seconds from now; when each was sent, by its reference."""
    began = time.monotonic()
    sources: SimpleQueue[Source] = SimpleQueue()
    for _ in range(HANDS):
        sources.put(Source(at, key))

    def send(after: float) -> tuple[str, datetime]:
        sleep_until(began + after)
        source, now = sources.get(), at.now()
        given = directive(next(numbers), now)
        source.send(given)
        sources.put(source)
        return given["reference"], now

    with ThreadPoolExecutor(HANDS) as hands:
        return dict(hands.map(send, arrivals))
