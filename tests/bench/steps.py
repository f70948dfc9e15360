"""How many whole steps a second, whatever else is open; and what the same rows cost, written by hand-made SQL.

A step: the case is claimed and its history read, the policy decides, the state machine moves, the attempt is ended,
the next one with its call or its visit is written, with the record, an assessment where one is due, and the case.
"""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any

from dispatch.tasks import BATCH
from dispatch.vocabulary import Level
from dispatch.workflow.turn import SHARE
from tests.bench import cpu
from tests.bench.population import MIX, Population, written
from tests.bench.table import Row, middle
from tests.factories import START

ROOT = Path(__file__).resolve().parents[2]
SIZES = tuple(int(size) for size in os.environ.get("STEPS", "10000 100000 1000000").split())
# In each round two whole batches for each of two processes: a backlog is measured, not its last few. (Of 10,000 open,
# seven rounds of three ways leave some; all that are due are high.)
DUE = 4 * (BATCH - (Level.HIGH - min(Level)) * (BATCH // SHARE))
ROUNDS = 7
LEAST, FLAT, DEAREST = 1_500, 0.8, 4.0  # steps a second; 1M beside 10k; CPU beside the hand-made


@dataclass
class Took:
    """What the rounds of one way of working took."""

    rates: list[float] = field(default_factory=list)
    spent: list[tuple[float, float]] = field(default_factory=list)  # ms of CPU a step: ours, the database's
    paces: list[float] = field(default_factory=list)

    @property
    def cpu(self) -> tuple[float, float]:
        return middle(self.spent)


class Stepper:
    """A process that takes turns when told."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        self.backend: int = self.read()["backend"]

    def go(self, now: datetime) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{now.isoformat()}\n")
        self.process.stdin.flush()

    def read(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"the process that takes turns has ended: {self.process.wait()}")
        said: dict[str, Any] = json.loads(line)
        return said


@contextmanager
def stepper(kind: str) -> Iterator[Stepper]:
    """A process of its own: `ours` or `handmade`."""
    command = [sys.executable, "-m", "tests.bench.stepper", kind]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        try:
            yield Stepper(process)
        finally:
            assert process.stdin is not None
            process.stdin.close()
            process.wait(30)


def measure(sizes: tuple[int, ...] = SIZES, due: int = DUE, rounds: int = ROUNDS) -> Iterator[Row]:
    """Rows for each size: one process, two processes, hand-made."""
    people = Population()
    one_process: dict[int, float] = {}
    with ExitStack() as held:
        first, second = held.enter_context(stepper("ours")), held.enter_context(stepper("ours"))
        hand = held.enter_context(stepper("handmade"))
        ways = {"one process": [first], "two processes": [first, second], "hand-made SQL": [hand]}
        people.grow(sizes[0])
        for way in ways.values():  # once without looking: plans and policies are read
            _round(way, people, due // 10)
        for size in sizes:
            people.grow(size)
            took = {name: Took() for name in ways}
            for _ in range(rounds):
                effects = {name: _round(way, people, due, took[name]) for name, way in ways.items()}
                _must_be_the_same(effects)
            rows = list(_rows(f"{size:,} open, {due:,} due", took))
            one_process[size] = rows[0].median
            yield from rows
    smallest, largest = one_process[sizes[0]], one_process[sizes[-1]]
    yield Row(
        what="steps a second with the most open beside the fewest, one process",
        work=f"{sizes[-1]:,} beside {sizes[0]:,} open",
        figures=(largest / smallest,),
        unit="of it",
        goal=f"at least {FLAT}",
        kept=largest / smallest >= FLAT,
    )


def _rows(work: str, took: dict[str, Took]) -> Iterator[Row]:
    hand = took["hand-made SQL"]
    for name, each in took.items():
        ratio, goal, kept = "", "", None
        if name == "one process":
            # Round by round, side by side: what else the machine does falls on both.
            dearer = median(
                sum(ours) / sum(theirs) for ours, theirs in zip(each.spent, hand.spent, strict=True)
            )
            ratio, goal, kept = f"{dearer:.1f} × hand-made CPU", f"at most {DEAREST:.0f} ×", dearer <= DEAREST
        if name == "two processes":
            goal, kept = f"at least {LEAST:,}/s", median(each.rates) >= LEAST
        yield Row(
            f"whole steps, {name}",
            work,
            tuple(each.rates),
            "/s",
            each.cpu,
            median(each.paces),
            ratio,
            goal,
            kept,
        )


def _round(way: list[Stepper], people: Population, due: int, took: Took | None = None) -> Counter[str]:
    """Make cases due and let the processes give them their turn; what rows that has written."""
    database_url = os.environ["DATABASE_URL"]
    people.make_due(due, START)
    before, pace = written(database_url), cpu.pace()
    spent = sum(cpu.of_backend(each.backend) for each in way)
    for each in way:
        each.go(START)
    said = [each.read() for each in way]
    spent = sum(cpu.of_backend(each.backend) for each in way) - spent
    steps = sum(one["steps"] for one in said)
    if steps != due:
        raise RuntimeError(f"{steps} of {due} cases took their turn")
    if took is not None:
        took.rates.append(steps / max(one["seconds"] for one in said))
        took.spent.append((1000 * sum(one["cpu"] for one in said) / steps, 1000 * spent / steps))
        took.paces.append(pace)
    after = written(database_url)
    return Counter({key: after[key] - before[key] for key in after | before if after[key] != before[key]})


def _must_be_the_same(effects: dict[str, Counter[str]]) -> None:
    """The limit is none unless it writes the same rows."""
    seen = list(effects.values())
    if any(one != seen[0] for one in seen):
        raise RuntimeError(f"not the same rows ({MIX} of a hundred): {effects}")
