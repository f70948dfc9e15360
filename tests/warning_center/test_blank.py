"""A throw-away database is what the migrations make."""

import re
from collections.abc import Iterator

import pytest
from django.core.management import call_command
from django.db import connections
from pytest_django import DjangoDbBlocker

from warning_center.management import blank

MADE_BY_MIGRATIONS_ALONE = "django_migrations"


@pytest.fixture
def aliases(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[tuple[str, str]]:
    both = ("at once", "step by step")
    for alias in both:
        connections.databases[alias] = {"ENGINE": "telephony.sqlite3", "NAME": ":memory:"}
        connections.configure_settings(connections.databases)
    try:
        with django_db_blocker.unblock():
            yield both
    finally:
        for alias in both:
            connections[alias].close()
            del connections[alias]
            del connections.databases[alias]


def schema(alias: str) -> dict[str, list[str]]:
    """Of each table, index and trigger what it says; of a table line by line, since columns are added at its end."""
    with connections[alias].cursor() as cursor:
        cursor.execute(
            "SELECT name, type, sql FROM sqlite_master WHERE tbl_name != %s", [MADE_BY_MIGRATIONS_ALONE]
        )
        return {
            name: sorted(_columns(sql)) if kind == "table" else [_plain(sql or "")]
            for name, kind, sql in cursor.fetchall()
        }


def _columns(sql: str) -> list[str]:
    """What stands between the commas that no other brackets enclose."""
    parts, depth = [""], 0
    for sign in sql[sql.index("(") + 1 : sql.rindex(")")]:
        depth += {"(": 1, ")": -1}.get(sign, 0)
        if sign == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += sign
    return [_plain(part) for part in parts]


def _plain(sql: str) -> str:
    words = re.sub(r"\s+", " ", sql.replace('"', "")).strip()
    return words.replace("NOT NULL DEFAULT ''", "DEFAULT '' NOT NULL")


def test_it_is_the_same_as_one_that_took_every_migration(aliases: tuple[str, str]) -> None:
    at_once, step_by_step = aliases
    blank.make(at_once)
    call_command("migrate", database=step_by_step, verbosity=0)
    made, migrated = schema(at_once), schema(step_by_step)
    assert made.keys() == migrated.keys()
    for name, lines in migrated.items():
        assert made[name] == lines, name
    assert any("append-only" in lines[0] for lines in made.values())
