"""A centre at work for a measurement: web, worker, beat and network as processes of their own, its clock at speed 1."""

import contextlib
import json
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg

from tests.bench import cpu
from tests.journeys.deployment import Deployment, deployed, until
from tests.senders import DIRECTIVES

OURS = ("web", "worker-1", "beat-1")  # the network is not ours
FOUND = "from telephony import clock; from tests.bench.directives import found; print(found(clock.now())[1])"
CALLS_OF = """
SELECT d.reference, c.key::text FROM warning_center_directive d
JOIN dispatch_attempt a ON a.case_id = d.case_id JOIN telephony_call c ON c.id = a.call_id
WHERE d.reference = ANY(%s)
"""
KEPT = 1.0  # second; gunicorn ends a connection that has been silent for two
PULSE = "SELECT count(*) FROM warning_center_pulse WHERE name IN ('dispatch', 'telephony')"


@contextlib.contextmanager
def manned(names: tuple[str, ...], founding: str = FOUND) -> Iterator[tuple[Deployment, str]]:
    """The processes of these names, once they answer; and what `founding` printed last: the source's key."""
    with (
        tempfile.TemporaryDirectory(prefix="wc-bench-") as folder,
        deployed(Path(folder), speed=1) as at,
    ):
        at.manage("migrate", "--verbosity", "0")
        key = at.python(founding).split()[-1]
        for name in names:
            at.start(name)
        until(lambda: _answers(at.url), what="the web server answers")
        if "beat-1" in names:
            until(lambda: at.ask(PULSE) == [2], what="the workers tick")
        yield at, key


def _answers(url: str) -> bool:
    place = urlsplit(url)
    try:
        door = HTTPConnection(place.hostname or "", place.port, timeout=5)
        door.request("GET", "/health/live/")
        return door.getresponse().status == 200
    except OSError:
        return False


class Source:
    """Posts to the sources' door on one connection, opened again before the server would end it."""

    def __init__(self, at: Deployment, key: str) -> None:
        place = urlsplit(at.url)
        self._door = HTTPConnection(place.hostname or "", place.port, timeout=120)
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        self._used = time.monotonic()

    def send(self, directive: dict[str, Any]) -> None:
        """One directive; it is stored when this returns."""
        self._post(DIRECTIVES, directive, 201)

    def send_batch(self, directives: list[dict[str, Any]]) -> None:
        """Many in one request; all of them are stored when this returns."""
        answer = self._post(f"{DIRECTIVES}/batch", directives, 200)
        if answer["summary"]["accepted"] != len(directives):
            raise RuntimeError(f"not all were accepted: {answer['summary']}")

    def _post(self, path: str, body: Any, expected: int) -> Any:
        if time.monotonic() - self._used > KEPT:
            self._door.close()
        self._used = time.monotonic()
        self._door.request("POST", path, json.dumps(body), self._headers)
        answer = self._door.getresponse()
        said = answer.read()
        if answer.status != expected:
            raise RuntimeError(f"{answer.status} {said[:500]!r}")
        return json.loads(said)

    def close(self) -> None:
        self._door.close()


def first_dials(at: Deployment, references: list[str]) -> dict[str, datetime]:
    """When each directive's person was first rung: by the network's own journal, on the program's clock."""
    with psycopg.connect(at.env["DATABASE_URL"]) as read:
        whose = {key: reference for reference, key in read.execute(CALLS_OF, [references])}
    dials: dict[str, datetime] = {}
    for line in at.journal.read_text().splitlines():
        said = json.loads(line)
        if said["event"] == "begin" and said["key"] in whose:
            dials.setdefault(whose[said["key"]], datetime.fromisoformat(said["at"]))
    return dials


def await_dials(at: Deployment, references: list[str], within: float) -> dict[str, datetime]:
    """As `first_dials`, once all of them have been rung."""
    until(
        lambda: len(first_dials(at, references)) == len(references), what="everybody is rung", within=within
    )
    return first_dials(at, references)


def spent(at: Deployment) -> tuple[float, float]:
    """Seconds of CPU so far: of our processes, and of the whole PostgreSQL server."""
    pids = [at.running[name].pid for name in OURS if name in at.running]
    return cpu.of_all(pids), cpu.of_cluster(at.env["DATABASE_URL"])


def sleep_until(moment: float) -> None:
    """Wait for a moment of the monotonic clock: directives come when they come."""
    time.sleep(max(0.0, moment - time.monotonic()))


def ago(began: datetime, ended: datetime) -> float:
    """Seconds between two moments."""
    return (ended - began) / timedelta(seconds=1)
