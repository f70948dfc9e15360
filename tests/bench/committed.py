"""How many directives a second are stored for good, each with its case and its first steps, one by one and in batches.

Through the REST door of a real web server (two processes), nothing else running; and once through `intake.receive`
in this process, without the door.
"""

import itertools
import json
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlsplit

from django.db import connection

from telephony import clock
from tests.bench import cpu
from tests.bench.directives import directive, found
from tests.bench.table import Row, middle
from tests.journeys.deployment import Deployment, deployed, until
from tests.senders import DIRECTIVES
from warning_center import intake
from warning_center.api import serializers
from warning_center.models import Directive

MANY, ROUNDS, HANDS = 200, 3, 2
FOUND = "from telephony import clock; from tests.bench.directives import found; print(found(clock.now())[1])"


def measure(many: int = MANY, rounds: int = ROUNDS) -> Iterator[Row]:
    """One by one, in batches of 100, and past the door."""
    with (
        tempfile.TemporaryDirectory(prefix="wc-bench-") as folder,
        deployed(Path(folder), speed=1, manned=False) as at,
    ):
        at.manage("migrate", "--verbosity", "0")
        key = at.python(FOUND).split()[-1]
        at.start("web")
        until(lambda: _answers(at.url), what="the web server answers")
        numbers = itertools.count()
        one_by_one(at, key, [next(numbers) for _ in range(50)])
        ways: dict[str, Callable[[Deployment, str, list[int]], None]] = {
            f"one by one, {HANDS} senders": one_by_one,
            "in batches of 100, one sender": in_batches,
            f"in batches of 100, {HANDS} senders": in_batches_at_once,
        }
        for name, send in ways.items():
            yield _measured(
                name, at, key, send, [[next(numbers) for _ in range(many)] for _ in range(rounds)]
            )
        stored = at.ask("SELECT count(*) FROM warning_center_directive")[0]
        if stored != (sent := next(numbers)):
            raise RuntimeError(f"{stored} of {sent} directives were stored")
    yield _past_the_door(many, rounds)


def _measured(
    name: str,
    at: Deployment,
    key: str,
    send: Callable[[Deployment, str, list[int]], None],
    rounds: list[list[int]],
) -> Row:
    rates, spent, paces = [], [], []
    url = at.env["DATABASE_URL"]
    for numbers in rounds:
        paces.append(cpu.pace())
        web, database = cpu.of_all([at.running["web"].pid]), cpu.of_cluster(url)
        began = time.perf_counter()
        send(at, key, numbers)
        rates.append(len(numbers) / (time.perf_counter() - began))
        web, database = cpu.of_all([at.running["web"].pid]) - web, cpu.of_cluster(url) - database
        spent.append((1000 * web / len(numbers), 1000 * database / len(numbers)))
    work = f"{len(rounds)} × {len(rounds[0])} through the REST door"
    return Row(f"directives committed, {name}", work, tuple(rates), "/s", middle(spent), median(paces))


def one_by_one(at: Deployment, key: str, numbers: list[int]) -> None:
    """Each directive a request, on a connection that stays open; HANDS at once."""
    shares = [numbers[n::HANDS] for n in range(HANDS)]
    with ThreadPoolExecutor(HANDS) as hands:
        list(
            hands.map(
                lambda share: _send(at, key, [(DIRECTIVES, _directive(at, n), 201) for n in share]), shares
            )
        )


def in_batches(at: Deployment, key: str, numbers: list[int], size: int = 100) -> None:
    """A hundred in a request."""
    groups = [numbers[n : n + size] for n in range(0, len(numbers), size)]
    _send(at, key, [(f"{DIRECTIVES}/batch", [_directive(at, n) for n in group], 200) for group in groups])


def in_batches_at_once(at: Deployment, key: str, numbers: list[int]) -> None:
    """A hundred in a request, HANDS requests at once."""
    shares = [numbers[n::HANDS] for n in range(HANDS)]
    with ThreadPoolExecutor(HANDS) as hands:
        list(hands.map(lambda share: in_batches(at, key, share), shares))


def _directive(at: Deployment, n: int) -> dict[str, Any]:
    return directive(n, at.now())


def _send(at: Deployment, key: str, posts: list[tuple[str, Any, int]]) -> None:
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    place = urlsplit(at.url)
    with_door = HTTPConnection(place.hostname or "", place.port, timeout=120)
    for path, body, expected in posts:
        with_door.request("POST", path, json.dumps(body), headers)
        answer = with_door.getresponse()
        said = answer.read()
        if answer.status != expected or b'"refused": 1' in said:
            raise RuntimeError(f"{answer.status} {said[:500]!r}")
    with_door.close()


def _answers(url: str) -> bool:
    place = urlsplit(url)
    try:
        door = HTTPConnection(place.hostname or "", place.port, timeout=5)
        door.request("GET", "/health/live/")
        return door.getresponse().status == 200
    except OSError:
        return False


def _past_the_door(many: int, rounds: int) -> Row:
    """`intake.receive` itself, in this process."""
    source, _key = found(clock.now())
    numbers = itertools.count()

    def receive() -> None:
        now = clock.now()
        intake.receive(serializers.read(directive(next(numbers), now)), source=source, now=now)

    for _ in range(20):
        receive()
    backend = connection.connection.info.backend_pid
    rates, spent, paces = [], [], []
    for _ in range(rounds):
        paces.append(cpu.pace())
        python, database, began = time.process_time(), cpu.of_backend(backend), time.perf_counter()
        for _ in range(many):
            receive()
        rates.append(many / (time.perf_counter() - began))
        python, database = time.process_time() - python, cpu.of_backend(backend) - database
        spent.append((1000 * python / many, 1000 * database / many))
    if Directive.objects.count() != 20 + rounds * many:
        raise RuntimeError("not every directive was stored")
    work = f"{rounds} × {many} in one process"
    return Row("directives committed, past the door", work, tuple(rates), "/s", middle(spent), median(paces))
