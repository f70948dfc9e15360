"""The whole centre in one process: web server, relay, Celery worker, beat and watchdog as threads beside each other."""

import secrets
import threading
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from celery.beat import EmbeddedService
from celery.worker import WorkController
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, connection
from kombu.transport.memory import Channel
from waitress.server import create_server

from telephony import clock, site
from telephony.clock import MovingClock
from telephony.video.relay import Served
from warning_center.celery import app
from warning_center.tasks import Scheduler
from warning_center.watchdog.look import Moment
from warning_center.watchdog.watch import Watch

WORKERS = 3  # of which slow work (reports) holds one at most
LOOKS_EVERY = 15.0  # seconds between two rounds of the watchdog
FASTEST = 0.1  # of an entry's period
ANSWERS = "queue:"  # entries by which a queue says that it is read
MOST_WAITING = 3  # messages in one queue


class WebServer:
    """Waitress in a thread."""

    def __init__(self, host: str, port: int) -> None:
        Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)
        self._server: Any = create_server(
            get_wsgi_application(), host=host, port=port, threads=8, clear_untrusted_proxy_headers=True
        )
        self._thread = threading.Thread(target=self._server.run, name="web", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._server.close()
        self._server.task_dispatcher.shutdown()
        self._thread.join(timeout=5)


def relay(host: str, port: int) -> Served:
    """The video page's relay in a thread, on that port or any other; the centre knows it from now on."""
    secret = secrets.token_urlsafe(32)
    served = Served(site.relay(secret), host, port)
    try:
        served.start()
    except OSError:
        served.stop()
        served = Served(site.relay(secret), host, 0)
        served.start()
    settings.CARRIERS["page"] = {
        "adapter": "telephony.carriers.page.PageCarrier",
        "url": served.url,
        "secret": secret,
    }
    return served


class Patient(Scheduler):
    """A beat that adds nothing to a queue which is not being emptied.

    A machine may be slower than the clock it is asked for. Were every tick sent all the same, each would be too old
    by the time it is read, and be discarded: nothing would be dialled any more, however hard the worker works.
    That a queue is read at all is asked of it all the same: seldom, and a full one must answer too.
    """

    def apply_entry(self, entry: Any, producer: Any = None) -> None:
        route = app.amqp.router.route(dict(entry.options), entry.task)
        waiting = Channel.queues.get(route["queue"].name)
        if entry.name.startswith(ANSWERS) or waiting is None or waiting.qsize() < MOST_WAITING:
            super().apply_entry(entry, producer=producer)


def paced(schedule: Mapping[str, dict[str, Any]], speed: float) -> dict[str, dict[str, Any]]:
    """The same schedule for a clock of that speed; what says that a queue is read goes by the machine's clock."""
    faster = min(1.0, max(FASTEST, 1.0 / speed))
    paces = {name: 1.0 if name.startswith(ANSWERS) else faster for name in schedule}
    return {name: {**entry, "schedule": entry["schedule"] * paces[name]} for name, entry in schedule.items()}


class Engine:
    """A Celery worker and beat on the in-memory broker; beat ticks often enough for the clock's speed."""

    def __init__(self, speed: float) -> None:
        schedule = paced(settings.CELERY_BEAT_SCHEDULE, speed)
        app.conf.beat_schedule = schedule
        soonest = min(entry["schedule"] for entry in schedule.values())
        self._worker: Any = WorkController(
            app=app,
            pool="threads",
            concurrency=WORKERS,
            without_heartbeat=True,
            without_mingle=True,
            without_gossip=True,
            hostname="center@localhost",
        )
        self._worker_thread = threading.Thread(target=self._worker.start, name="worker", daemon=True)
        embedded: Any = EmbeddedService  # its stubs know whole seconds only
        self._beat: Any = embedded(app, max_interval=soonest, thread=True, scheduler_cls=Patient)

    def start(self) -> None:
        self._worker_thread.start()
        self._beat.start()

    def stop(self) -> None:
        self._beat.stop()
        self._worker.stop()
        self._worker_thread.join(timeout=10)


class Watcher:
    """The watchdog in a thread. What breaks and mends is in the record; the first round waits for the first ticks."""

    def __init__(self, every: float = LOOKS_EVERY) -> None:
        self._every, self._watch = every, Watch()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watchdog", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join(timeout=10)

    def _run(self) -> None:
        while not self._stopping.wait(self._every):
            close_old_connections()
            self._watch.round(Moment(clock.now(), clock.wall(), clock.pace()))
        connection.close()


class KeptClock:
    """Keeps the moving clock's time in a file, so that a stopped program goes on where it stood."""

    def __init__(self, clock: MovingClock, path: Path) -> None:
        self.clock, self.path = clock, path

    def resume(self, start: datetime, *, not_before: datetime | None, speed: float) -> None:
        """Run on from the kept time; never from before what has been recorded already."""
        kept = datetime.fromisoformat(self.path.read_text()) if self.path.exists() else start
        self.clock.set(max(filter(None, (kept, not_before))), speed=speed)

    def keep(self) -> None:
        draft = self.path.with_suffix(".draft")
        draft.write_text(self.clock().isoformat())
        draft.replace(self.path)
