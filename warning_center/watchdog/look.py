"""One round of the watchdog: every check, one after the other, none of them able to hold up the round."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from django.conf import settings
from django.db import DatabaseError, connection, transaction

from warning_center import pulses
from warning_center.watchdog import surroundings
from warning_center.watchdog.finding import UNSEEN, Finding, Measured, Round, judge
from warning_center.watchdog.promises import PROMISES
from warning_center.watchdog.surroundings import Pulses

logger = logging.getLogger(__name__)
STATEMENT_WITHIN = 2.0  # seconds, each
ROUND_WITHIN = 8.0  # seconds: what has not been looked at by then is broken
PERIODS = 3  # of a pulse may be missed, beside its allowance


@dataclass(frozen=True, slots=True)
class Moment:
    """When a round begins: by the program's clock, by the machine's, and how much faster the first one runs."""

    now: datetime
    wall: datetime
    pace: float = 1.0


@dataclass(frozen=True, slots=True)
class Check:
    """A promise and how to measure it."""

    name: str
    measure: Callable[[], Measured]
    allowance: float


def look(moment: Moment) -> Round:
    """Look at every promise once. Only reads, some two dozen short statements; whatever is gone, it does not raise."""
    ends = time.monotonic() + ROUND_WITHIN
    database, *others = _in_database(moment)
    findings: list[Finding] = []
    try:
        with _reading():
            findings.append(_found(database))
            findings += [_found(check, ends) for check in others if findings[0].measured is not None]
    except DatabaseError as fault:  # it was never there, or it went in between
        logger.warning("the database does not answer: %s", type(fault).__name__)
    findings = findings or [Finding(database.name, None, database.allowance, fault="unreachable")]
    seen = {finding.name for finding in findings}
    findings += [Finding(c.name, None, c.allowance, fault=UNSEEN) for c in others if c.name not in seen]
    redis = Check("redis", surroundings.broker, settings.WATCHDOG_ALLOWANCES["redis"])
    beside = [
        Check(
            f"carrier_{name}", partial(surroundings.network, address), settings.WATCHDOG_ALLOWANCES["carrier"]
        )
        for name, address in surroundings.networks().items()
    ]
    return Round((*findings, *map(_found, (redis, *beside))))


def names() -> list[str]:
    """Every promise that is looked at."""
    fixed = [name for name in settings.WATCHDOG_ALLOWANCES if name not in ("pulse", "carrier")]
    beside = [f"carrier_{name}" for name in surroundings.networks()]
    return [*fixed, *beside, *(f"pulse_{name}" for name in pulses.expected())]


def _in_database(moment: Moment) -> Iterator[Check]:
    """What is read in the database, the database itself first."""
    allowed = settings.WATCHDOG_ALLOWANCES
    signs = Pulses(moment.wall)
    yield Check("database", surroundings.database, allowed["database"])
    yield Check("clocks", signs.apart, allowed["clocks"])
    for name, period in pulses.expected().items():
        yield Check(f"pulse_{name}", partial(signs.age, name), allowed["pulse"] + PERIODS * period)
    for name, promise in PROMISES.items():
        yield Check(name, partial(promise, moment.now), allowed[name] * max(1.0, moment.pace))


def _found(check: Check, ends: float | None = None) -> Finding:
    """The check's finding; a fault of any kind is one too."""
    if ends is not None and time.monotonic() > ends:
        return Finding(check.name, None, check.allowance, fault="no time left")
    try:
        with transaction.atomic() if connection.in_atomic_block else nullcontext():
            return judge(check.name, check.measure(), check.allowance)
    except Exception as fault:  # whatever it is, the promise is not known to be kept
        logger.warning("%s could not be measured: %s", check.name, type(fault).__name__)
        return Finding(check.name, None, check.allowance, fault=type(fault).__name__)


@contextmanager
def _reading() -> Iterator[None]:
    """Statements that end in time. SQLite is left alone: a transaction there would keep writers out."""
    if connection.vendor != "postgresql":
        yield
        return
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL statement_timeout = {int(STATEMENT_WITHIN * 1000)}")
        yield
        with connection.cursor() as cursor:
            cursor.execute(
                "SET LOCAL statement_timeout = DEFAULT"
            )  # for the transaction around, if there is one
