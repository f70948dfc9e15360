"""`manage.py relay`: it stands alone, without a database, and says what is missing."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from telephony.carrier import CallKind, CallStatus
from telephony.carriers.page import PageCarrier
from telephony.clock import MovingClock
from tests.telephony.relayed import CARD, SECRET, link
from tests.telephony.samples import KEY, a_dial

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[str]:
    """The address of a relay in a process of its own, whose database nobody would find."""
    env = {k: v for k, v in os.environ.items() if k not in ("REDIS_URL", "DJANGO_SETTINGS_MODULE")}
    nowhere = {"DATABASE_URL": "postgres://nobody:x@127.0.0.1:9/none", "WARNING_CENTER_HOME": str(tmp_path)}
    process = subprocess.Popen(
        [sys.executable, "manage.py", "relay", "--port", "0"],
        cwd=ROOT,
        env={**env, **nowhere, "RELAY_SECRET": SECRET},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        yield process.stdout.readline().removeprefix("listening on ").strip()
    finally:
        process.terminate()
        assert process.wait(20) == 0
        assert process.stdout is not None
        process.stdout.close()


def test_it_serves_a_call_with_no_database(alone: str, moving: MovingClock) -> None:
    carrier = PageCarrier(clock=moving, url=alone, secret=SECRET)
    carrier.place(a_dial(kind=CallKind.VIDEO))
    carrier.invite(KEY, link()[1], CARD)
    assert [update.status for update in carrier.collect(moving())] == [CallStatus.DIALLING]


def test_it_does_not_begin_without_the_secret(settings: Settings) -> None:
    settings.RELAY_SECRET = ""
    with pytest.raises(CommandError, match="RELAY_SECRET"):
        call_command("relay")


def test_it_does_not_begin_with_a_turn_server_that_would_let_nobody_in(settings: Settings) -> None:
    settings.RELAY_SECRET = SECRET
    settings.VIDEO = {**settings.VIDEO, "turn": ["turn:127.0.0.1:3478"]}
    with pytest.raises(CommandError, match="VIDEO_TURN_SECRET"):
        call_command("relay")
