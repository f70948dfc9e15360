"""What it costs to take the next ones when very many wait, through the program's own code, on a PostgreSQL of its own.

    python -m tests.bench.rank [--rows 1000000] [--times 50]

Due cases as a turn claims them, waiting calls as the matcher does, calls gone silent, a page of the operators' queue.
"""

import argparse
import atexit
import contextlib
import os
import statistics
import sys
import time
from collections.abc import Iterator
from datetime import datetime

if __name__ == "__main__":
    import django

    from tests import servers

    given = contextlib.ExitStack()
    atexit.register(given.close)
    os.environ["DATABASE_URL"] = given.enter_context(servers.postgres())
    os.environ["DJANGO_SETTINGS_MODULE"] = "warning_center.settings"
    django.setup()

from django.core.management import call_command
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from dispatch.models import Unit, User
from dispatch.vocabulary import Role, UnitKind
from tests import factories
from tests.crowd import Crowd, Reading, due_moment, explained, readings

HELD, LATE = 1_000, 5_000
COUNTIES = 50


def timed(read: Reading, now: datetime, times: int) -> tuple[int, list[float]]:
    """How many rows it gave, and the milliseconds of each time as the program sees them, objects and all."""
    rows, took = 0, []
    for _ in range(times):
        with transaction.atomic():
            began = time.perf_counter()
            rows = len(read(now))
            took.append((time.perf_counter() - began) * 1000)
    return rows, took


def inside(read: Reading, now: datetime, times: int) -> list[float]:
    """The milliseconds PostgreSQL itself says it planned and worked, all statements of the reading together."""
    with CaptureQueriesContext(connection) as seen, transaction.atomic():
        read(now)
    selects = [query["sql"] for query in seen if query["sql"].startswith("SELECT")]
    took = []
    for _ in range(times):
        with transaction.atomic():
            told = [explained(sql) for sql in selects]
        took.append(sum(one["Planning Time"] + one["Execution Time"] for one in told))
    return took


def gather(rows: int) -> tuple[User, User]:
    """The crowd, and who looks at the queue: an operator of the whole city, and one of a single county."""
    call_command("migrate", verbosity=0)
    centre = factories.centre()
    for n in range(COUNTIES - 2):  # the centre has two
        Unit.objects.create(name=f"county {n}", kind=UnitKind.COUNTY, adcode=f"44{n:04}", parent=centre.city)
    Crowd(rows=rows, held=HELD, late=LATE).gather()
    return centre.user(Role.OPERATOR, centre.city), centre.user(Role.OPERATOR, Unit.objects.latest("pk"))


def table(rows: int, times: int) -> Iterator[str]:
    began = time.perf_counter()
    users = gather(rows)
    yield (
        f"{rows:,} open cases, {rows:,} booked calls; before these {HELD:,} whose numbers are on the line and "
        f"{LATE:,} that are too late; made in {time.perf_counter() - began:.0f} s. {os.cpu_count()} cores, "
        f"load {os.getloadavg()[0]:.1f}. Milliseconds of {times} times:\n"
    )
    yield "| what is read | due | rows | PostgreSQL: median | worst | with objects: median | worst |"
    yield "|---|---:|---:|---:|---:|---:|---:|"
    for what, read in readings(*users).items():
        for due in (100, 10_000, rows * 9 // 10):
            count, took = timed(read, due_moment(due), times)
            both = (inside(read, due_moment(due), times), took)
            figures = " | ".join(f"{statistics.median(each):.2f} | {max(each):.1f}" for each in both)
            yield f"| {what} | {due:,} | {count} | {figures} |"


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m tests.bench.rank", description=__doc__)
    options.add_argument("--rows", type=int, default=1_000_000)
    options.add_argument("--times", type=int, default=50)
    asked = options.parse_args()
    for line in table(asked.rows, asked.times):
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
