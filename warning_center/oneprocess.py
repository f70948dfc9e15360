"""The whole centre in one process: web server, relay, Celery worker, beat and watchdog as threads beside each other."""

import secrets
import threading
from datetime import datetime
from pathlib import Path
from typing import Any

from celery.beat import EmbeddedService
from celery.worker import WorkController
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, connection
from waitress.server import create_server

from telephony import clock, site
from telephony.clock import MovingClock
from telephony.video.relay import Served
from warning_center.celery import app
from warning_center.watchdog.look import Moment
from warning_center.watchdog.watch import Watch

WORKERS = 3  # of which slow work (reports) holds one at most
LOOKS_EVERY = 15.0  # seconds between two rounds of the watchdog


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


class Engine:
    """A Celery worker and beat on the in-memory broker; beat ticks often enough for the clock's speed."""

    def __init__(self, speed: float) -> None:
        interval = min(1.0, max(0.1, 1.0 / speed))
        schedule = {name: {**entry, "schedule": interval} for name, entry in app.conf.beat_schedule.items()}
        app.conf.beat_schedule = schedule
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
        self._beat: Any = embedded(
            app, max_interval=interval, thread=True, scheduler_cls=app.conf.beat_scheduler
        )

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
