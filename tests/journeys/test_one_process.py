"""`make run`'s one process: it starts with nothing, shows its pages, stops cleanly and goes on where it stood."""

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import requests

from tests.journeys.deployment import ROOT, until
from tests.ports import free_port
from warning_center import pulses

SPEED = 300


@contextlib.contextmanager
def centre(home: Path, port: int) -> Iterator[subprocess.Popen[str]]:
    env = {k: v for k, v in os.environ.items() if k not in ("DATABASE_URL", "REDIS_URL")}
    command = [
        sys.executable,
        "manage.py",
        "center",
        "--speed",
        str(SPEED),
        "--port",
        str(port),
        "--lang",
        "en",
    ]
    with (home / "out").open("a") as out:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**env, "WARNING_CENTER_HOME": str(home)},
            stdout=out,
            stderr=out,
            text=True,
        )
        try:
            yield process
        finally:
            process.kill()
            process.wait()


def _page(port: int) -> bool:
    try:
        return requests.get(f"http://127.0.0.1:{port}/admin/login/", timeout=5).ok
    except requests.RequestException:
        return False


def _cases(home: Path) -> dict[int, int]:
    """Each case's number of lines in the record."""
    with contextlib.closing(sqlite3.connect(home / "center.sqlite3", timeout=20)) as database:
        return dict(
            database.execute(
                "SELECT case_id, count(*) FROM dispatch_event WHERE case_id > 0 GROUP BY case_id"
            )
        )


def _pulses(home: Path) -> set[str]:
    with contextlib.closing(sqlite3.connect(home / "center.sqlite3", timeout=20)) as database:
        return {name for (name,) in database.execute("SELECT name FROM warning_center_pulse")}


def _shown(home: Path) -> datetime:
    return datetime.fromisoformat((home / "clock").read_text())


def test_it_stops_cleanly_and_goes_on_where_it_stood(tmp_path: Path) -> None:
    port = free_port()
    with centre(tmp_path, port) as process:
        until(lambda: _page(port), what="the admin's login page is there")
        until(lambda: len(_cases(tmp_path)) >= 2, what="two cases are open")
        until(lambda: _pulses(tmp_path) == pulses.expected().keys(), what="beat, ticks and queue are alive")
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
    stopped_at, before = _shown(tmp_path), _cases(tmp_path)
    with centre(tmp_path, port) as process:
        until(lambda: _page(port), what="it is there again")
        until(lambda: sum(_cases(tmp_path).values()) > sum(before.values()) + 5, what="the cases go on")
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
    after = _cases(tmp_path)
    assert before.keys() <= after.keys()
    assert _shown(tmp_path) > stopped_at
    said = (tmp_path / "out").read_text()
    assert "Traceback" not in said
    assert said.count("operator: operator / ") == 2
    env = {k: v for k, v in os.environ.items() if k not in ("DATABASE_URL", "REDIS_URL")}
    command = [sys.executable, "manage.py", "recount", "--check"]
    env["WARNING_CENTER_HOME"] = str(tmp_path)
    checked = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert checked.stdout.startswith("the same as the record"), checked.stdout + checked.stderr
