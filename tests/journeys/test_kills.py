"""Kills with signal 9 at random moments: no case lost, nobody called twice at once, all go on."""

import random
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.journeys.deployment import (
    START,
    Deployment,
    deployed,
    nobody_was_called_twice_at_once,
    until,
)

DIRECTIVES = 40
SPEED = 30.0
SEED = 20260302
VICTIMS = ("web", "worker-1", "worker-2", "beat-1", "beat-2")
LEVELS = ("critical", "high", "medium", "low")

KEY = """
from telephony import clock
from warning_center import demonstration
from warning_center.models import Source
demonstration.load(clock.now(), people=False)
source = Source.objects.get(code="national")
print(source.renew_key())
source.save()
"""
LATE = "SELECT count(*) FROM dispatch_case WHERE closed_at IS NULL AND due_at < %s"
UNTRIED = """
SELECT count(*) FROM dispatch_case WHERE closed_at IS NULL AND NOT EXISTS (
  SELECT FROM dispatch_attempt WHERE case_id = dispatch_case.id AND started_at IS NOT NULL)
"""
REFERENCES = "SELECT reference FROM warning_center_directive"
CASES = "SELECT count(*) FROM dispatch_case"
DIALLED = "SELECT key FROM telephony_call WHERE dialled_at IS NOT NULL"


@pytest.mark.parametrize("kills", [8, pytest.param(20, marks=pytest.mark.long)])
def test_kills_lose_no_case_and_call_nobody_twice_at_once(tmp_path: Path, migrated: str, kills: int) -> None:
    chance = random.Random(SEED)
    with deployed(
        tmp_path,
        speed=SPEED,
        mischief=("--lose", "0.1", "--twice", "0.1", "--late", "0.1"),
        copy_of=migrated,
    ) as centre:
        key = centre.python(KEY).split()[-1]
        acknowledged: set[str] = set()
        source = threading.Thread(target=_send_all, args=(centre, key, acknowledged))
        source.start()
        for _ in range(kills):
            _after(chance.uniform(0.2, 1.0))
            victim = chance.choice(VICTIMS)
            centre.kill(victim)
            centre.start(victim)
        source.join(120)
        assert not source.is_alive()
        until(lambda: _late(centre) == 0, what="every case goes on")
        until(lambda: centre.ask(UNTRIED) == [0], what="everybody is tried")
        journal = centre.journal.read_text()
        references, dialled = centre.ask(REFERENCES), centre.ask(DIALLED)
        assert centre.ask(CASES) == [DIRECTIVES]
        assert centre.standing_still() == []
    assert len(acknowledged) == DIRECTIVES
    assert sorted(references) == sorted(acknowledged)
    nobody_was_called_twice_at_once(journal, {str(key) for key in dialled})


def _late(centre: Deployment) -> int:
    """Open cases more than 10 wall seconds overdue."""
    count: int = centre.ask(LATE, centre.now() - timedelta(seconds=10 * SPEED))[0]
    return count


def _after(seconds: float) -> None:
    """The random moment of a kill: nothing is waited for but time itself."""
    threading.Event().wait(seconds)


def _send_all(centre: Deployment, key: str, acknowledged: set[str]) -> None:
    """A source that repeats a directive until it is acknowledged, as a source must."""
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {key}"
        for n in range(DIRECTIVES):
            directive = _directive(n)
            for _ in range(200):
                if _accepted(session, centre, directive):
                    acknowledged.add(str(directive["reference"]))
                    break
                _after(0.1)
            _after(0.1)


def _directive(n: int) -> dict[str, Any]:
    return {
        "reference": f"K-{n:03d}",
        "issued_at": START,
        "fraud_type": "authority",
        "level": LEVELS[n % 4],
        "phone": f"190000{n:04d}{n % 10}"[:11],
        "location": {"lat": 21.5, "lon": 111.0, "adcode": "440904"},
    }


def _accepted(session: requests.Session, centre: Deployment, directive: dict[str, Any]) -> bool:
    try:
        answer = session.post(f"{centre.url}/api/v1/directives", json=directive, timeout=10)
    except requests.RequestException:
        return False
    if answer.status_code in (200, 201):
        return True
    if answer.status_code >= 500:
        return False
    pytest.fail(f"{answer.status_code} {answer.text[:500]}")
