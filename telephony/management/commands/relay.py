"""The relay of the video page as a process of its own: `manage.py relay`."""

import signal
import sys
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from telephony import site
from telephony.video.relay import Served


class Command(BaseCommand):
    """Serve until told to stop. It holds no database and calls nobody; what it knows is gone when it ends."""

    requires_system_checks = []  # it stands apart: no database, no pages of ours
    help = "Serve the person's video page and carry its signals; may stand outside, and is asked from inside."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="where to listen (127.0.0.1)")
        parser.add_argument("--port", type=int, default=8902, help="0 for any free one (8902)")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.RELAY_SECRET:
            raise CommandError("RELAY_SECRET is not set: the relay and the centre share one")
        if settings.VIDEO["turn"] and not settings.VIDEO["secret"]:
            raise CommandError("VIDEO_TURN needs VIDEO_TURN_SECRET, coturn's static-auth-secret")
        served = Served(site.relay(settings.RELAY_SECRET), options["host"], options["port"])
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))

        def ready() -> None:
            self.stdout.write(f"listening on {served.url}")
            self.stdout.flush()

        try:
            served.run(ready)
        except OSError as fault:
            raise CommandError(f"cannot listen on {options['host']}:{options['port']}: {fault}") from fault
        except KeyboardInterrupt:
            self.stdout.write("stopped")
