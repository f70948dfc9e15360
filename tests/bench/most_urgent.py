"""How long the most urgent waits who comes in, or is found, behind a thousand that wait already."""

import itertools
from collections.abc import Iterator
from statistics import median

from dispatch.vocabulary import Level
from tests.bench.directives import directive
from tests.bench.manned import OURS, Source, ago, await_dials, manned
from tests.bench.table import Row
from tests.journeys.deployment import Deployment

BACKLOG, ROUNDS = 1_000, 5
PER_SECOND = 5  # calls: a line is free every fifth of a second, and somebody waits for it
MOST = 1.0
LINES = "UPDATE telephony_trunk SET enabled = %s, per_second = %s, tokens = 0, filled_at = %s RETURNING 1"
WAITING = "SELECT count(*) FROM telephony_call WHERE status = 'booked'"


def measure(backlog: int = BACKLOG, rounds: int = ROUNDS) -> Iterator[Row]:
    """The lines are busy and the most urgent comes in; the lines come back, and the most urgent is among them."""
    numbers = itertools.count(1)
    with manned((*OURS, "network")) as (at, key):
        source = Source(at, key)
        _lines(at, on=False)
        for _ in range(backlog // 100):
            now = at.now()
            source.send_batch([directive(next(numbers), now, level=Level(1 + n % 3)) for n in range(100)])
        waiting = at.ask(WAITING)[0]
        if waiting < backlog * 0.9:
            raise RuntimeError(f"only {waiting} calls wait")
        comes_in, comes_back = [], []
        for _ in range(rounds):
            _lines(at, on=True)
            comes_in.append(_arrives(at, source, next(numbers)))
            _lines(at, on=False)
            comes_back.append(_is_found(at, source, next(numbers)))
            _lines(at, on=False)
        source.close()
    work = f"{backlog:,} wait for lines that take {PER_SECOND} calls a second"
    yield _row("most urgent to dial: comes in behind a backlog", work, comes_in)
    yield _row("most urgent to dial: the last of a backlog when the lines come back", work, comes_back)


def _row(what: str, work: str, waits: list[float]) -> Row:
    return Row(what, work, tuple(waits), "s", goal=f"at most {MOST:.0f} s", kept=median(waits) <= MOST)


def _arrives(at: Deployment, source: Source, n: int) -> float:
    now = at.now()
    given = directive(n, now, level=Level.CRITICAL)
    source.send(given)
    return ago(now, await_dials(at, [given["reference"]], within=60)[given["reference"]])


def _is_found(at: Deployment, source: Source, n: int) -> float:
    given = directive(n, at.now(), level=Level.CRITICAL)
    source.send(given)
    now = at.now()
    _lines(at, on=True)
    return ago(now, await_dials(at, [given["reference"]], within=60)[given["reference"]])


def _lines(at: Deployment, *, on: bool) -> None:
    at.ask(LINES, on, PER_SECOND, at.now())
