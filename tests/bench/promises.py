"""Timers kept by plain Celery `eta` tasks on Redis beside ours, with one worker of each killed halfway.

Each side keeps as many timers, some of which come due within the measurement. `visibility_timeout` is 60 s, as a
centre that must not lose a killed worker's work for an hour would set it. A promise is kept if what was promised
happens once, and within LATEST of its time.
"""

import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import redis

from telephony.clock import wall
from tests.bench.manned import manned
from tests.bench.table import Row
from tests.journeys.deployment import ROOT, Deployment, until

TIMERS, DUE = 3_000, 300
FIRST, LAST = timedelta(seconds=90), timedelta(seconds=110)  # from the beginning: when those come due
KILLED_AT = 30.0
LATEST = timedelta(seconds=5)
PATIENCE = timedelta(seconds=60)  # after the last has come due: what has not happened by then counts as never
PROCESSES = ("web", "worker-1", "worker-2", "beat-1")
WORKER = ["celery", "-A", "tests.bench.plain", "worker", "-P", "threads", "-c", "2", "-l", "INFO", "-n"]

FILL = "from tests.bench.population import Population; Population().grow({many}); print('made')"
ARM = """
WITH armed AS (
  UPDATE dispatch_attempt SET stage = 'dialled', starts_at = %(now)s, started_at = %(now)s,
         due_at = %(now)s + %(first)s + (id - 1) * %(apart)s
  WHERE id <= %(due)s RETURNING case_id, due_at)
UPDATE dispatch_case c SET due_at = a.due_at FROM armed a WHERE c.id = a.case_id RETURNING c.id
"""
SETTLED = """
SELECT case_id || ' ' || extract(epoch FROM at) FROM dispatch_event WHERE verb = 'settled' AND case_id <= %s
"""
SIZE = """
SELECT (pg_total_relation_size('dispatch_attempt') + pg_relation_size('dispatch_case_due')
        + pg_relation_size('dispatch_case_risk'))::bigint
"""


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of the promises: kept once and in time, done again, late, never; and bytes a timer, by place."""

    once: int
    twice: int
    late: int
    never: int
    broker: float
    workers: float
    database: float


def measure(timers: int = TIMERS, due: int = DUE) -> Iterator[Row]:
    """Both at the same time, on the same machine."""
    with manned(PROCESSES, FILL.format(many=timers)) as (at, _made), plain(at) as theirs:
        size = at.ask(SIZE)[0] / timers
        times = _times(wall(), due)
        broker, workers = theirs.promise(times, timers)
        began, now, apart = wall(), at.now(), (LAST - FIRST) / due
        with psycopg.connect(at.env["DATABASE_URL"], autocommit=True) as write:
            write.execute(ARM, {"now": now, "first": FIRST, "apart": apart, "due": due})
        time.sleep(KILLED_AT)  # the moment of the kill is part of what is measured
        at.kill("worker-1")
        at.start("worker-1")
        theirs.kill_one()
        # Until the last timer's patience is over: what has not been kept by then counts as never.
        time.sleep(max(0.0, (began + LAST + PATIENCE - wall()).total_seconds()))
        ours = _judge({n: now + FIRST + (n - 1) * apart for n in range(1, due + 1)}, at.ask(SETTLED, due))
        plainly = _judge(times, theirs.kept())
    yield from _rows("ours", Kept(*ours, 0, 0, size), timers, due)
    yield from _rows("plain Celery", Kept(*plainly, broker, workers, 0), timers, due)


def _times(now: datetime, due: int) -> dict[int, datetime]:
    """When each of plain Celery's promises comes due; enqueueing them takes a while, so they begin later."""
    return {
        n: now + FIRST + timedelta(seconds=10) + (n - 1) * (LAST - FIRST) / due for n in range(1, due + 1)
    }


def _judge(promised: Mapping[int, datetime], done: list[str]) -> tuple[int, int, int, int]:
    """How many were kept, done more than once, late, and never done; `done` are numbers with seconds."""
    when: dict[int, list[float]] = {}
    for line in done:
        number, at = line.split()
        when.setdefault(int(number), []).append(float(at))
    verdicts = Counter(_verdict(time.timestamp(), when.get(n, [])) for n, time in promised.items())
    return verdicts["once"], verdicts["twice"], verdicts["late"], verdicts["never"]


def _verdict(promised: float, done: list[float]) -> str:
    if not done:
        return "never"
    if len(done) > 1:
        return "twice"
    return "late" if done[0] > promised + LATEST.total_seconds() else "once"


def _rows(who: str, kept: Kept, timers: int, due: int) -> Iterator[Row]:
    work = f"{due} of {timers:,} timers come due; a worker is killed"
    told = f"twice {kept.twice}, late {kept.late}, never {kept.never}"
    goal, met = ("all, none twice", kept.once == due) if who == "ours" else ("", None)
    yield Row(
        f"promises kept once and in time, {who}", work, (kept.once,), f"of {due}", None, None, told, goal, met
    )
    total = kept.broker + kept.workers + kept.database
    places = f"broker {kept.broker:,.0f}, workers {kept.workers:,.0f}, database {kept.database:,.0f}"
    yield Row(f"bytes a timer, {who}", f"{timers:,} timers", (total,), "bytes", ratio=places)


class Plain:
    """Plain Celery: its broker, its two workers, its line in the database."""

    def __init__(self, at: Deployment, environment: dict[str, str]) -> None:
        self.environment, self.url = environment, at.env["DATABASE_URL"]
        self.log = at.log.with_name("plain.log")
        self.broker = redis.Redis.from_url(environment["PLAIN_BROKER"])
        self.workers = [self._start(name) for name in ("one@%h", "two@%h")]
        until(self._are_up, what="plain Celery's workers are ready")

    def _start(self, name: str) -> "subprocess.Popen[bytes]":
        with self.log.open("ab") as out:
            return subprocess.Popen(
                [sys.executable, "-m", *WORKER, name],
                cwd=ROOT,
                env=self.environment,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )

    def _are_up(self) -> bool:
        return self.log.read_text(errors="replace").count(" ready.") >= len(self.workers)

    def promise(self, times: Mapping[int, datetime], timers: int) -> tuple[float, float]:
        """Enqueue a task for each of these times, and far ones up to `timers`; bytes each in broker and workers."""
        memory, held = self._memory(), sum(_resident(worker.pid) for worker in self.workers)
        far = {n: wall() + timedelta(hours=1) for n in range(len(times) + 1, timers + 1)}
        subprocess.run(
            [sys.executable, "-m", "tests.bench.plainly"],
            cwd=ROOT,
            env=self.environment,
            input="\n".join(f"{n} {at.isoformat()}" for n, at in {**times, **far}.items()),
            text=True,
            check=True,
        )
        until(lambda: not self.broker.llen("celery"), what="plain Celery's workers have taken all tasks")
        return (
            (self._memory() - memory) / timers,
            (sum(_resident(worker.pid) for worker in self.workers) - held) / timers,
        )

    def _memory(self) -> int:
        told: Any = self.broker.info("memory")
        return int(told["used_memory"])

    def kill_one(self) -> None:
        """Signal 9, and another in its place."""
        self.workers[0].kill()
        self.workers[0].wait()
        self.workers[0] = self._start("one@%h")

    def kept(self) -> list[str]:
        with psycopg.connect(self.url) as read:
            rows = read.execute("SELECT number || ' ' || extract(epoch FROM at) FROM plain_kept").fetchall()
        return [row[0] for row in rows]

    def stop(self) -> None:
        for worker in self.workers:
            worker.kill()
            worker.wait()
        self.broker.close()


@contextmanager
def plain(at: Deployment) -> Iterator[Plain]:
    """Plain Celery on a Redis database of its own."""
    broker = os.environ["REDIS_URL"].rsplit("/", 1)[0] + "/8"
    with redis.Redis.from_url(broker) as emptied:
        emptied.flushdb()
    with psycopg.connect(at.env["DATABASE_URL"], autocommit=True) as write:
        write.execute("CREATE TABLE plain_kept (number int, at timestamptz)")
    theirs = Plain(at, {**os.environ, "PLAIN_BROKER": broker, "PLAIN_DATABASE": at.env["DATABASE_URL"]})
    try:
        yield theirs
    finally:
        theirs.stop()


def _resident(pid: int) -> int:
    """Bytes of memory a process holds."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")
