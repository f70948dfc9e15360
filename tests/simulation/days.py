"""Small simulated days on the tests' own PostgreSQL, run to their end or to the first broken promise."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction

from dispatch import policies
from warning_center.simulation.asked import Asked
from warning_center.simulation.day import Day
from warning_center.simulation.violations import Broken


def played(*, until_broken: bool = False, **asked: object) -> Day:
    """A day of so many directives, and what became of it."""
    policies.forget()
    given = {"directives": 25, "hours": 1.0, "operators": 4, "seed": 1, **asked}
    day = Day(Asked(**given), Broken(most=1) if until_broken else None)  # type: ignore[arg-type]
    day.run(lambda now, acknowledged: None)
    return day


@contextmanager
def without(table: str, constraint: str) -> Iterator[None]:
    """The database does not hold this promise any more, as long as the block lasts."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = %s", [constraint])
        known = cursor.fetchone()
        cursor.execute("SELECT indexdef FROM pg_indexes WHERE indexname = %s", [constraint])
        index = cursor.fetchone()
        if known:
            cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {constraint}")
        else:
            assert index, f"no {constraint}"
            cursor.execute(f"DROP INDEX {constraint}")
    try:
        yield
    finally:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "TRUNCATE dispatch_event, dispatch_case, telephony_call, warning_center_directive CASCADE"
            )
            cursor.execute(
                f"ALTER TABLE {table} ADD CONSTRAINT {constraint} {known[0]}" if known else index[0]
            )
