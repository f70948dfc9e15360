"""Redis emptied, killed and back: work goes on within seconds of its return, nothing is lost or done twice."""

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import redis

from tests.journeys.deployment import (
    Deployment,
    deployed,
    nobody_was_called_twice_at_once,
    until,
)
from tests.ports import free_port
from tests.servers import redis_program

SPEED = 30.0
BEFORE, MEANWHILE = 12, 6  # cases
WITHIN = 8.0  # wall seconds after its return; beat and workers try every two, on a machine that may be busy

MIGRATE = """
from django.core.management import call_command
call_command("migrate", verbosity=0)
from telephony import clock
from tests import factories
factories.centre(clock.now())
"""
OPEN = """
from dispatch.vocabulary import Level
from dispatch.workflow import report
from telephony import clock
from warning_center import intake
from warning_center.models import Source
now = clock.now()
source = Source.objects.select_related("unit").get(code="province")
for n in range({first}, {first} + {many}):
    person = report.Person(number=f"+861900000{{n:04d}}")
    intake.receive(intake.Incoming(
        reference=f"R-{{n}}", issued_at=now, fraud_word="authority", body={{}}, level=Level.HIGH, person=person,
        place=report.Place(lat=21.5, lon=111.0, adcode="440904")), source=source, now=now)
"""
HINT = """
from telephony import tasks
for _ in range(5):
    tasks.connect.delay()
"""
LAST = "SELECT extract(epoch FROM clock_timestamp() - max(kept_at))::float FROM warning_center_pulse WHERE name = %s"
UNTRIED = """
SELECT count(*) FROM dispatch_case WHERE closed_at IS NULL AND NOT EXISTS (
  SELECT FROM dispatch_attempt WHERE case_id = dispatch_case.id AND started_at IS NOT NULL)
"""
OPEN_CASES = "SELECT count(*) FROM dispatch_case WHERE closed_at IS NULL"
TOLD = "SELECT verb || ' ' || (detail->>'promise') FROM dispatch_event WHERE agent = 'watchdog' ORDER BY id"
CUT = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
DIALLED = "SELECT key FROM telephony_call WHERE dialled_at IS NOT NULL"


def test_redis_may_be_emptied_or_die_at_any_moment(tmp_path: Path) -> None:
    port = free_port()
    with deployed(tmp_path, speed=SPEED, redis_url=f"redis://127.0.0.1:{port}/0") as centre:
        centre.commands["redis"] = [
            str(redis_program()),
            "--port",
            str(port),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
        ]
        with redis.Redis(port=port) as broker:
            centre.start("redis")
            centre.start("network")
            centre.python(MIGRATE + OPEN.format(first=0, many=BEFORE) + HINT)
            assert broker.llen("dial"), "hints wait in the broker"
            broker.flushall()
            for name in ("worker-1", "beat-1", "watchdog"):
                centre.start(name)
            until(lambda: centre.ask(UNTRIED) == [0], what="everybody is tried, whatever the broker forgot")

            broker.flushall()
            goes_on(centre)

            centre.kill("redis")
            until(lambda: "broken redis" in centre.ask(TOLD), what="the watchdog has seen that it is gone")
            until(lambda: (centre.ask(LAST, "dispatch")[0] or 0) > 3, what="no round ends any more")
            centre.python(OPEN.format(first=BEFORE, many=MEANWHILE))
            assert centre.ask(UNTRIED) == [MEANWHILE]
            centre.start("redis")
            goes_on(centre)
            until(
                lambda: centre.ask(UNTRIED) == [0],
                what="those who came in meanwhile are called",
                within=WITHIN,
            )
            until(lambda: "mended redis" in centre.ask(TOLD), what="the watchdog has seen that it is back")

            centre.ask(CUT)  # and of the database's connections, while we are at it
            goes_on(centre)
            watchdog = centre.running["watchdog"]
            assert isinstance(watchdog, subprocess.Popen)
            assert watchdog.poll() is None
        told, dialled = centre.ask(TOLD), centre.ask(DIALLED)
        journal = centre.journal.read_text()
        assert centre.ask(OPEN_CASES) == [BEFORE + MEANWHILE]
    assert told.count("broken redis") == told.count("mended redis") == 1
    nobody_was_called_twice_at_once(journal, {str(key) for key in dialled})


def goes_on(centre: Deployment) -> None:
    """A round that began after this moment ends, of each kind."""
    began = time.monotonic()

    def since(name: str) -> Callable[[], bool]:
        return lambda: (centre.ask(LAST, name)[0] or 1e9) < time.monotonic() - began

    for name in ("dispatch", "telephony"):
        until(since(name), what=f"{name} ticks again", within=WITHIN)
