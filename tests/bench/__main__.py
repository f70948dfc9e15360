"""The measurements, each in a database and a process of its own, and one table of them all.

python -m tests.servers --durable -- python -m tests.bench [QUESTION ...]
"""

import argparse
import contextlib
import json
import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg

from tests.bench.table import HEAD, RULE, Row, lines

ROOT = Path(__file__).resolve().parents[2]
QUESTIONS = (
    "steps",
    "committed",
    "budget",
    "first_dial",
    "most_urgent",
    "promises",
    "pages",
    "queue_page",
    "nearest",
)


@contextlib.contextmanager
def database(server: str, template: str) -> Iterator[str]:
    """A copy of the migrated database, as long as the block lasts."""
    name = f"bench_{secrets.token_hex(4)}"
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        try:
            yield f"{server}/{name}"
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def ask(question: str, environment: dict[str, str]) -> Iterator[Row]:
    """The rows of one question, as they come."""
    command = [sys.executable, "-m", "tests.bench.question", question]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            yield Row.from_json(json.loads(line))
    if process.returncode:
        raise SystemExit(f"{question} failed")


def clock() -> dict[str, str]:
    """The program's clock shows a Monday morning, when everybody may be called, whatever the hour is here."""
    anchor = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime())
    return {"CLOCK": "telephony.clock.scaled", "CLOCK_ANCHOR": anchor}


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    options.add_argument("questions", nargs="*", choices=[*QUESTIONS, []], help="by default all")
    asked = options.parse_args().questions or QUESTIONS
    server = os.environ["DATABASE_URL"].rpartition("/")[0]
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="wc-bench-") as home, database(server, "template1") as empty:
        environment = {**os.environ, "WARNING_CENTER_HOME": home, "DATABASE_URL": empty, **clock()}
        Path(home, "static").mkdir()
        migrate = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
        subprocess.run(migrate, cwd=ROOT, env=environment, check=True)
        for question in asked:
            began = time.monotonic()
            say(f"{question}\n{HEAD}\n{RULE}")
            with database(server, empty.rpartition("/")[2]) as url:
                for row in ask(question, {**environment, "DATABASE_URL": url}):
                    rows.append(row)
                    say(row.line())
            say(f"{question}: {time.monotonic() - began:.0f} s, load {os.getloadavg()[0]:.1f}\n")
    say(f"{os.cpu_count()} cores\n")
    for line in lines(rows):
        say(line)


if __name__ == "__main__":
    main()
