"""One centre at two sizes, side by side: a copy of the database is kept while it grows, and every round asks both.

Whatever else the machine does then falls on both alike.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
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
    """Either database and what is to be asked of it, round by round; a round before them has warmed everything up."""
    try:
        for turn in range(many + 1):
            for database in (small, LARGE):
                connection.close()
                connection.settings_dict["NAME"] = database
                connection.ensure_connection()
                for what, ask in asked.items():
                    if turn:
                        yield database, what, ask
                    else:
                        ask()
    finally:
        connection.close()
        connection.settings_dict["NAME"] = LARGE
