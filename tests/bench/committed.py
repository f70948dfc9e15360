"""How many directives a second are stored for good, each with its case and its first steps, one by one and in batches.

Through the REST door of a real web server (two processes), nothing else running; and once through `intake.receive`
in this process, without the door.
"""

import itertools
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from statistics import median

from django.db import connection

from telephony import clock
from tests.bench import cpu
from tests.bench.directives import directive, found
from tests.bench.manned import Source, manned
from tests.bench.table import Row, middle
from tests.journeys.deployment import Deployment
from warning_center import intake
from warning_center.api import serializers
from warning_center.models import Directive

MANY, ROUNDS, HANDS = 200, 3, 2


def measure(many: int = MANY, rounds: int = ROUNDS) -> Iterator[Row]:
    """One by one, in batches of 100, and past the door."""
    with manned(("web",)) as (at, key):
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

    def send(share: list[int]) -> None:
        source = Source(at, key)
        for n in share:
            source.send(directive(n, at.now()))
        source.close()

    _shared(send, numbers)


def in_batches(at: Deployment, key: str, numbers: list[int], size: int = 100) -> None:
    """A hundred in a request."""
    source = Source(at, key)
    for first in range(0, len(numbers), size):
        source.send_batch([directive(n, at.now()) for n in numbers[first : first + size]])
    source.close()


def in_batches_at_once(at: Deployment, key: str, numbers: list[int]) -> None:
    """A hundred in a request, HANDS requests at once."""
    _shared(lambda share: in_batches(at, key, share), numbers)


def _shared(send: Callable[[list[int]], None], numbers: list[int]) -> None:
    with ThreadPoolExecutor(HANDS) as hands:
        list(hands.map(send, [numbers[n::HANDS] for n in range(HANDS)]))


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
