"""The migrated database, made once: every worker's, and every deployment's, is a copy of it.

To migrate takes seconds, to copy what has been migrated takes a moment.
"""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import psycopg
from django.core.management import call_command
from django.db import connection

ROOT = Path(__file__).resolve().parent.parent
LOCK = 96110


def migrated() -> str:
    """Its name, which changes with the migrations. Whoever asks first makes it, others wait until it is there."""
    server, _, _ = os.environ["DATABASE_URL"].rpartition("/")
    name = f"migrated_{_digest()}"
    with psycopg.connect(f"{server}/postgres", autocommit=True) as at:
        at.execute("SELECT pg_advisory_lock(%s)", [LOCK])  # until this connection ends
        known = at.execute("SELECT datallowconn FROM pg_database WHERE datname = %s", [name]).fetchone()
        if known != (False,):
            at.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")  # whoever began it did not end it
            at.execute(f"CREATE DATABASE {name}")
            _migrate(name)
            # Only a database that nobody is in can be copied; and this is what says that it is whole.
            at.execute(f"ALTER DATABASE {name} WITH ALLOW_CONNECTIONS false")
    return name


def _migrate(name: str) -> None:
    usual = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = name
    try:
        call_command("migrate", verbosity=0)
    finally:
        connection.close()
        connection.settings_dict["NAME"] = usual


def _digest() -> str:
    whole = hashlib.sha256()
    for path in _migrations():
        whole.update(path.read_bytes())
    return whole.hexdigest()[:12]


def _migrations() -> Iterator[Path]:
    for room in ("dispatch", "telephony", "warning_center"):
        yield from sorted((ROOT / room / "migrations").glob("*.py"))
