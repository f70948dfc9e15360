"""The centre as it is deployed: PostgreSQL, Redis, web, workers, beats and the network, each a process of its own."""

import contextlib
import json
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import requests

from tests.journeys import nursery
from tests.journeys.nursery import Forked, Nursery
from tests.ports import free_port

ROOT = nursery.ROOT
START = "2026-03-02T09:00:00+08:00"  # a Monday morning, when everybody may be called
READY_WITHIN = 60.0  # wall seconds
STARTED_ANEW = ("web",)  # as it is deployed; a worker, a beat and the network are in `test_redis_gone.py`

# By the program's clock as it is once the rows are read: a case woken a moment ago waits for its turn, and how long is
# asked elsewhere.
STANDING_STILL = """
SELECT id || ' ' || state || ' ' || due_at FROM dispatch_case c
WHERE closed_at IS NULL AND due_at > %s::timestamptz + (clock_timestamp() - %s::timestamptz) * %s AND NOT EXISTS (
  SELECT FROM dispatch_attempt WHERE case_id = c.id AND ended_at IS NULL AND due_at >= c.due_at) AND NOT EXISTS (
  SELECT FROM dispatch_order WHERE case_id = c.id AND ended_at IS NULL AND due_at >= c.due_at)
"""


@dataclass
class Deployment:
    """Running processes by name; any of them may be killed and is started again as it was.

    Where there is a nursery, all but the web server come from it, and that too when it is started again: what matters
    then is what it finds, and thirty starts would cost most of a minute of imports.
    """

    env: dict[str, str]
    url: str
    journal: Path
    commands: dict[str, list[str]] = field(default_factory=dict)
    running: dict[str, subprocess.Popen[bytes] | Forked] = field(default_factory=dict)
    log: Path = Path(os.devnull)
    nursery: Nursery | None = None
    _asking: psycopg.Connection[Any] | None = None

    def start(self, name: str) -> None:
        if self.nursery and (name in self.running or name not in STARTED_ANEW):
            self.running[name] = self.nursery.start(self.commands[name])
            return
        with self.log.open("ab") as out:
            self.running[name] = subprocess.Popen(
                self.commands[name], cwd=ROOT, env=self.env, stdout=out, stderr=out, start_new_session=True
            )

    def kill(self, name: str) -> None:
        """Signal 9 to the process and all it has begun; nobody is told."""
        process = self.running[name]
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def stop(self) -> None:
        for name in self.running:
            self.kill(name)
        if self.nursery:
            self.nursery.close()
        if self._asking:
            self._asking.close()

    def manage(self, *words: str) -> str:
        """Run one of manage.py's commands to its end; what it printed."""
        command = [sys.executable, "manage.py", *words]
        done = subprocess.run(command, cwd=ROOT, env=self.env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout

    def ask(self, query: str, *values: object) -> list[Any]:
        """The first column of a query on the deployed database."""
        if (
            self._asking is None
        ):  # kept: to connect costs more than most questions, and some are asked all the time
            self._asking = psycopg.connect(self.env["DATABASE_URL"], autocommit=True)
        return [row[0] for row in self._asking.execute(query, values).fetchall()]

    def standing_still(self) -> list[str]:
        """Open cases that nothing will move, with what is known of them."""
        return self.ask(STANDING_STILL, START, self.env["CLOCK_ANCHOR"], float(self.env["CLOCK_SPEED"]))

    def now(self) -> datetime:
        """What the deployed program's clock shows."""
        anchor = datetime.fromisoformat(self.env["CLOCK_ANCHOR"])
        passed = datetime.now(UTC) - anchor  # noqa: TID251  the tests' own clock
        return datetime.fromisoformat(START) + passed * float(self.env["CLOCK_SPEED"])

    def python(self, code: str) -> str:
        """Run a few lines inside the deployed program; what they printed."""
        return self.manage("shell", "--no-imports", "-c", code)


def until(holds: Callable[[], object], *, what: str, within: float = READY_WITHIN) -> None:
    """Wait for a state of the outside world, looking often; fails by its deadline."""
    deadline = time.monotonic() + within
    pause = 0.05
    while not holds():
        assert time.monotonic() < deadline, f"not within {within:.0f} s: {what}"
        time.sleep(pause)  # other processes, which tell nobody when they get there


@contextlib.contextmanager
def deployed(
    folder: Path,
    *,
    speed: float,
    mischief: tuple[str, ...] = (),
    redis_url: str | None = None,
    copy_of: str = "",
) -> Iterator[Deployment]:
    """A centre on a fresh database of the tests' own PostgreSQL, its clock `speed` times as fast.

    The database is a copy of one that is migrated, and all runs; a copy of none is empty, and nothing runs yet.
    """
    web, network = free_port(), free_port()
    url = f"http://127.0.0.1:{web}"
    with _database(copy_of or "template1") as database_url:
        env = {
            **{k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"},
            "DATABASE_URL": database_url,
            "REDIS_URL": redis_url or os.environ["REDIS_URL"].rsplit("/", 1)[0] + "/7",
            "WARNING_CENTER_HOME": str(folder),
            "CLOCK": "telephony.clock.scaled",
            "CLOCK_START": START,
            "CLOCK_ANCHOR": time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime()),
            "CLOCK_SPEED": str(speed),
            "PUBLIC_URL": url,
            "NETWORK_URL": f"http://127.0.0.1:{network}",
            "NETWORK_SECRET": secrets.token_hex(16),
        }
        journal = folder / "journal.jsonl"
        centre = Deployment(env=env, url=url, journal=journal, log=folder / "log")
        celery = [sys.executable, "-m", "celery", "-A", "warning_center"]
        worker = [*celery, "worker", "-P", "threads", "-c", "2", "--without-mingle", "--without-gossip", "-n"]
        beat = [*celery, "beat", "--max-interval", "1", "-s"]
        serve = [
            sys.executable,
            "-m",
            "gunicorn",
            "warning_center.wsgi",
            "--preload",
            "--threads",
            "4",
            "-w",
            "2",
            "-b",
        ]
        carrier = ["manage.py", "carrier", "--port", str(network), "--journal", str(journal), *mischief]
        centre.commands = {
            "network": [sys.executable, *carrier],
            "web": [*serve, f"127.0.0.1:{web}"],
            "worker-1": [*worker, "one@%h"],
            "worker-2": [*worker, "two@%h"],
            "beat-1": [*beat, str(folder / "beat-1"), "--pidfile="],
            "beat-2": [*beat, str(folder / "beat-2"), "--pidfile="],
            "watchdog": [sys.executable, "manage.py", "watchdog", "--every", "1s"],
        }
        try:
            if copy_of:
                _man(centre)
            yield centre
        finally:
            centre.stop()


def _man(centre: Deployment) -> None:
    with centre.log.open("ab") as out:
        centre.nursery = Nursery(centre.env, out)
    for name in centre.commands.keys() - {"watchdog"}:
        centre.start(name)
    until(lambda: _answers(centre.url), what="the web server answers")


def nobody_was_called_twice_at_once(journal: str, known: set[str]) -> None:
    """By the network's own record, which knows nothing of our database."""
    lines = [json.loads(line) for line in journal.splitlines()]
    begun = [line for line in lines if line["event"] == "begin"]
    assert begun
    assert [line for line in begun if line["violation"]] == []
    placed = [line["key"] for line in begun]
    assert len(placed) == len(set(placed)), "a call was placed twice"
    assert set(placed) <= known, "the network carried a call that no case knows"


def _answers(url: str) -> bool:
    try:
        return requests.get(f"{url}/api/v1/directives/none", timeout=5).status_code == 401
    except requests.RequestException:
        return False


@contextlib.contextmanager
def _database(copy_of: str) -> Iterator[str]:
    """A copy of that database beside the tests' own."""
    server, _, _ = os.environ["DATABASE_URL"].rpartition("/")
    name = f"deployed_{secrets.token_hex(4)}"
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {copy_of}")
        try:
            yield f"{server}/{name}"
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
