"""How much CPU one directive takes from the REST door to the moment its person's phone is dialled.

One process does all of it, one directive after another: the request read and checked, the case opened and given its
first turn, the hint sent to Redis, the line and the desk found, the carrier asked. The carrier is the simulated one, in
process; nobody answers, and every tenth time the desks are free again.
"""

import json
import time
from collections.abc import Callable, Iterator
from statistics import median

from django.db import connection
from django.test import Client

from dispatch.models import Attempt
from telephony import clock, tasks
from tests.bench import cpu
from tests.bench.directives import directive, found
from tests.bench.table import Row, middle
from tests.senders import DIRECTIVES

DIRECTED, ROUNDS = 100, 5
MOST = 30.0  # ms
DESKS, OFTEN = 30, 10
_OVER = """
UPDATE telephony_call SET status = 'ended', result = 'no_answer', ended_at = dialled_at, due_at = NULL
WHERE status IN ('dialling', 'ringing')
"""
_READY = "UPDATE telephony_desk SET state = 'ready' WHERE state = 'offered'"


def measure(many: int = DIRECTED, rounds: int = ROUNDS) -> Iterator[Row]:
    """The CPU of each round, a directive."""
    send = sender(found(clock.now(), desks=DESKS)[1])
    for n in range(20):
        send(n)
    backend = connection.connection.info.backend_pid
    spent, paces = [], []
    for nth in range(rounds):
        paces.append(cpu.pace())
        python, postgres = time.process_time(), cpu.of_backend(backend)
        for n in range(many):
            send(1_000 * (nth + 1) + n)
        python, postgres = time.process_time() - python, cpu.of_backend(backend) - postgres
        spent.append((1000 * python / many, 1000 * postgres / many))
    dialled = Attempt.objects.filter(call__dialled_at__isnull=False).values("case").distinct().count()
    if dialled != 20 + rounds * many:
        raise RuntimeError(f"{dialled} people of {20 + rounds * many} were dialled")
    yield Row(
        what="CPU from the REST door to the first dial",
        work=f"{rounds} × {many} directives, one after another",
        figures=tuple(map(sum, spent)),
        unit="ms",
        cpu=middle(spent),
        pace=median(paces),
        goal=f"at most {MOST:.0f} ms",
        kept=sum(middle(spent)) <= MOST,
    )


def sender(key: str) -> Callable[[int], None]:
    """Takes the n-th directive from the door to the dial."""
    client, headers = Client(), {"Authorization": f"Bearer {key}"}

    def send(n: int) -> None:
        body = json.dumps(directive(n, clock.now()))
        answer = client.post(DIRECTIVES, body, content_type="application/json", headers=headers)
        if answer.status_code != 201:
            raise RuntimeError(f"{answer.status_code} {answer.content!r}")
        tasks.connect()
        if n % OFTEN == 0:
            with connection.cursor() as cursor:
                cursor.execute(_OVER)
                cursor.execute(_READY)

    return send
