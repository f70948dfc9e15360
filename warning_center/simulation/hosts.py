"""The hosts on which parts of the program run, one at a time, each on its host's clock; a part may fail or die."""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any, Protocol

from django.db import close_old_connections, connection

from dispatch import policies
from telephony import clock, lines
from warning_center.simulation.asked import START

Part = Callable[[datetime], Any]
_READS = ("SELECT", "\nSELECT", "BEGIN", "SAVEPOINT", "RELEASE")
_LINES = ("telephony_call", "telephony_desk")


class Died(BaseException):
    """The process is gone: nothing after this is done, nothing in its memory is kept."""


@dataclass(frozen=True, slots=True)
class Host:
    """A machine that runs workers or web servers; its clock is so far ahead of the true time."""

    name: str
    ahead: timedelta = timedelta()


@dataclass(frozen=True, slots=True)
class Ran:
    """What became of a part: its answer, or what it ended with."""

    answer: Any = None
    failed: Exception | None = None
    died: bool = False

    @property
    def well(self) -> bool:
        return self.failed is None and not self.died


class Trouble(Protocol):
    """What may befall a part: told of every statement before and after it, and of every request to the network."""

    def step(self, what: str, now: datetime) -> None:
        """May raise: Died, or an error as the database or the network would raise it."""
        ...


class Overheard(logging.Handler):
    """Errors that the program has swallowed, having logged them."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.errors: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        fault = record.exc_info[1] if record.exc_info else None
        self.errors.append(f"{record.name}: {type(fault).__name__}: {fault}" if fault else record.name)


class Hosts:
    """Runs parts. `now` is the true time; a part sees its host's."""

    def __init__(self, hosts: Sequence[Host], troubles: Sequence[Trouble], luck: Random) -> None:
        self.hosts, self.troubles = hosts, troubles
        self.now = START
        self.overheard = Overheard()
        self.parts = self.deaths = self.failed = 0
        # Statements that may have changed a row, and a row of calls or desks; while they stand, what was read holds.
        self.writes = self.writes_of_lines = 0
        self.failures: list[str] = []
        self._luck, self._inside = luck, False

    @property
    def most_ahead(self) -> timedelta:
        return max(host.ahead for host in self.hosts)

    def any(self, kind: str) -> Host:
        """One of the hosts of a kind, as chance has it."""
        return self._luck.choice([host for host in self.hosts if host.name.startswith(kind)])

    def run(self, kind: str, part: Part, *, refuses: type[Exception] | tuple[()] = ()) -> Ran:
        """Run a part on a host of that kind, with its clock; what it `refuses` with is an answer, too."""
        self.parts += 1
        shown = self.now + self.any(kind).ahead
        clock.moving.set(shown)
        self._inside = True
        try:
            answer = part(shown)
            self.step("end")
            return Ran(answer)
        except Died:
            self.deaths += 1
            _forget()
            return Ran(died=True)
        except refuses as refusal:
            return Ran(answer=refusal)
        except Exception as fault:  # as the web server, and the worker, would
            self.failures.append(f"{type(fault).__name__}: {fault}")
            return Ran(failed=fault)
        finally:
            self._inside = False
            close_old_connections()

    def take_errors(self) -> list[str]:
        """What parts have ended with, or have swallowed, since the last time."""
        taken = [*self.failures, *self.overheard.errors]
        self.failed += len(taken)
        self.failures, self.overheard.errors = [], []
        return taken

    def step(self, what: str) -> None:
        """Something is about to be done outside the process's memory, or has just been."""
        if self._inside:
            for trouble in self.troubles:
                trouble.step(what, self.now)

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Every statement is a step, and every error that is logged is overheard."""
        root = logging.getLogger()
        before, root.handlers = root.handlers, [self.overheard]
        try:
            with connection.execute_wrapper(self._statement):
                yield
        finally:
            root.handlers = before

    def _statement(self, execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        if not sql.startswith(_READS):
            self.writes += 1
            self.writes_of_lines += any(table in sql for table in _LINES)
        if not self._inside or not self.troubles:
            return execute(sql, *rest)
        self.step("statement")
        answer = execute(sql, *rest)
        self.step("stated")
        return answer


def _forget() -> None:
    """What a dead process leaves: nothing in memory, and no transaction that it had just begun."""
    policies.forget()
    lines.forget()
    if connection.vendor == "postgresql":
        connection.close()
    elif connection.connection is not None:  # a database in memory goes with its connection
        connection.connection.rollback()
