"""`manage.py center`: the demonstration centre in one process, which goes on where it was stopped."""

import signal
import sys
import threading
from argparse import ArgumentParser
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import close_old_connections
from django.db.models import Max
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from dispatch.models import Event
from dispatch.models.choices import name
from dispatch.vocabulary import Role
from telephony import clock, lines
from telephony.carriers.simulated import SimulatedCarrier
from warning_center import demonstration, intake, longlived, rows
from warning_center.api import serializers
from warning_center.board import Board
from warning_center.demonstration.video import load_video
from warning_center.models import Source
from warning_center.oneprocess import Engine, KeptClock, Watcher, WebServer, relay
from warning_center.play import Arrival
from warning_center.standins import Cast

LOOK_EVERY = 0.25  # seconds between two looks at what the stand-ins have to do


class Command(BaseCommand):
    help = __doc__ or ""
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--speed", type=float, default=1.0, help="program seconds a second (60: an hour a minute)"
        )
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--lang", choices=["zh", "en"], default="zh")

    def handle(self, **options: Any) -> None:
        if not 0 < options["speed"] <= 3600:
            raise CommandError("--speed: a number above 0 and at most 3600 is expected")
        translation.activate("zh-hans" if options["lang"] == "zh" else "en")
        settings.CLOCK = "telephony.clock.moving"
        call_command("migrate", verbosity=0)
        call_command("collectstatic", interactive=False, verbosity=0)
        arrivals = _arrivals()
        kept = KeptClock(clock.moving, Path(settings.HOME) / "clock")
        recorded = Event.objects.aggregate(last=Max("at"))["last"]
        kept.resume(arrivals[0].at, not_before=recorded, speed=options["speed"])
        cast = Cast(demonstration.answers())
        carrier = lines.carrier("simulated")
        if isinstance(carrier, SimulatedCarrier):
            carrier.behave = cast.behave
        self._run(arrivals, cast, kept, options)

    def _run(self, arrivals: list[Arrival], cast: Cast, kept: KeptClock, options: dict[str, Any]) -> None:
        stopping = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stopping.set())
        try:
            web = WebServer(options["host"], options["port"])
        except OSError as fault:
            raise CommandError(
                f"port {options['port']}: {fault.strerror}; choose another with --port"
            ) from fault
        engine, watcher = Engine(options["speed"]), Watcher()
        video = relay(options["host"], options["port"] + 1)
        load_video(clock.now())
        longlived.settle()
        web.start()
        engine.start()
        watcher.start()
        self._welcome(options)
        board = Board(sys.stdout, terminal=sys.stdout.isatty(), heading=4)
        _show_links(board)
        try:
            while not stopping.wait(LOOK_EVERY):
                now = clock.now()
                _let_in(arrivals, now)
                cast.act(now)
                kept.keep()
                board.show(now)
                close_old_connections()
        finally:
            watcher.stop()
            engine.stop()
            web.stop()
            video.stop()
            kept.keep()
        self.stdout.write(_("Stopped. Started again, every case goes on where it stood."))

    def _welcome(self, options: dict[str, Any]) -> None:
        self.stdout.write(f"{_('Warning Center')}  http://{options['host']}:{options['port']}/")
        for login in demonstration.logins():
            role = name(Role(login.role))
            self.stdout.write(f"  {role}: {login.username} / {login.password}")
        video = reverse("admin:dispatch_video")
        self.stdout.write(
            f"{_('Video page, as operator')}  http://{options['host']}:{options['port']}{video}"
        )
        self.stdout.flush()


def _show_links(board: Board) -> None:
    """Nobody gets the SMS of the simulated carrier: whoever plays the person reads the video link here."""
    carrier = lines.carrier("simulated")
    if isinstance(carrier, SimulatedCarrier):
        carrier.show_text = lambda body: board.note(body) if "/v/" in body else None


def _arrivals() -> list[Arrival]:
    """The demonstration's directives; those that came in before the last stop are known and change nothing."""
    read = [
        (source, serializers.read(directive))
        for source, directive in map(rows.split_source, demonstration.directives())
    ]
    demonstration.load(min(incoming.issued_at for _source, incoming in read))
    sources = {source.code: source for source in Source.objects.select_related("unit")}
    arrivals = [Arrival(incoming.issued_at, sources[source], incoming) for source, incoming in read]
    return sorted(arrivals, key=lambda arrival: arrival.at)


def _let_in(arrivals: list[Arrival], now: datetime) -> None:
    while arrivals and arrivals[0].at <= now:
        arrival = arrivals.pop(0)
        intake.receive(arrival.incoming, source=arrival.source, now=now)
