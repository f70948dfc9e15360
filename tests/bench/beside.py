"""One centre at two sizes, side by side: a copy of the database is kept while it grows, and every round asks both.

Whatever else the machine does then falls on both alike.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from statistics import median
from typing import TypeVar

import psycopg
from django.db import connection
from psycopg import sql

LARGE = connection.settings_dict["NAME"]  # the database that grows
T = TypeVar("T")


@contextmanager
def kept() -> Iterator[str]:
    """A copy of the database as it stands now, as long as the block lasts; its name."""
    server = os.environ["DATABASE_URL"].rpartition("/")[0]
    copy = f"{LARGE}_before"
    connection.close()
    with psycopg.connect(f"{server}/postgres", autocommit=True) as postgres:
        names = [sql.Identifier(copy), sql.Identifier(LARGE)]
        postgres.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(*names))
        try:
            yield copy
        finally:
            postgres.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(names[0]))


def rounds(
    small: str, asked: Mapping[str, Callable[[], T]], many: int
) -> Iterator[tuple[str, str, Callable[[], T]]]:
    """Each question to one database and at once to the other, round by round, the other first in every second one.

    Both stay connected; a round before them has warmed everything up.
    """
    connection.close()
    connected = {}
    try:
        for database in (small, LARGE):
            connection.settings_dict["NAME"] = database
            connection.connection = None
            connection.connect()
            connected[database] = connection.connection
        for turn in range(many + 1):
            for what, ask in asked.items():
                for database in (small, LARGE) if turn % 2 else (LARGE, small):
                    connection.connection = connected[database]
                    if turn:
                        yield database, what, ask
                    else:
                        ask()
    finally:
        connection.connection = None
        connection.settings_dict["NAME"] = LARGE
        for one in connected.values():
            one.close()


def ratio(small: Sequence[float], large: Sequence[float]) -> float:
    """How much longer the large one takes: the median of what the pairs say, each asked within a moment."""
    return median(after / before for before, after in zip(small, large, strict=True))
