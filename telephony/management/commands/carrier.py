"""The simulated network as a process of its own: `manage.py carrier`."""

import os
import signal
import sys
from argparse import ArgumentParser
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TextIO

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from telephony import clock
from telephony.door import Door, Post
from telephony.network import Mischief, Network, Script, read_script

LIKELY = ("lose", "twice", "late", "backwards")


class Command(BaseCommand):
    """Serve until told to stop. CARRIERS must name the carrier as a RemoteCarrier: its secret is shared."""

    requires_system_checks = []  # it stands apart: no database, no pages
    help = "Run the simulated telephone network as a process of its own; it rings nobody."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--carrier", default="simulated", help="its name in CARRIERS (simulated)")
        parser.add_argument("--host", default="127.0.0.1", help="where to listen (127.0.0.1)")
        parser.add_argument("--port", type=int, default=8900, help="0 for any free one (8900)")
        parser.add_argument("--callback", help="where news goes (PUBLIC_URL/telephony/CARRIER)")
        parser.add_argument("--script", type=Path, help="JSON: {number: [word or word@seconds, ...]}")
        parser.add_argument("--journal", type=Path, help="where each call's begin and end are appended")
        parser.add_argument("--seed", type=int, default=0, help="of the mischief (0)")
        for word in LIKELY:
            parser.add_argument(
                f"--{word}", type=float, default=0, help="how likely a call's news is so, 0 to 1"
            )

    def handle(self, *args: Any, **options: Any) -> None:
        name = options["carrier"]
        secret = settings.CARRIERS.get(name, {}).get("secret")
        if not secret:
            raise CommandError(f"CARRIERS has no {name!r} with a secret: a network of its own needs one")
        callback = options["callback"] or f"{settings.PUBLIC_URL}/telephony/{name}"
        script = _script(options)
        with ExitStack() as held:
            journal = _journal(options["journal"], held)
            network = Network(clock=clock.now, script=script, journal=journal)
            door = held.enter_context(Door((options["host"], options["port"]), network, secret))
            post = Post(network, callback=callback, secret=secret)
            post.start()
            held.callback(post.stop)
            signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
            self.stdout.write(f"listening on http://{options['host']}:{door.server_port}")
            self.stdout.flush()
            try:
                door.serve_forever()
            except KeyboardInterrupt:
                self.stdout.write("stopped")


def _script(options: dict[str, Any]) -> Script:
    try:
        words = read_script(options["script"].read_text()) if options["script"] else {}
    except (OSError, ValueError) as fault:
        raise CommandError(f"the script cannot be used: {fault}") from fault
    return Script(words, Mischief(**{word: options[word] for word in LIKELY}), options["seed"])


def _journal(path: Path | None, held: ExitStack) -> TextIO:
    try:
        return held.enter_context((path or Path(os.devnull)).open("a"))
    except OSError as fault:
        raise CommandError(f"the journal cannot be written: {fault}") from fault
