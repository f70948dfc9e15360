"""The practice Twilio by hand: `manage.py practice_carrier`."""

import argparse
import signal
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from telephony import clock
from telephony.practice import phones
from telephony.practice.door import CONTROL, Door
from telephony.practice.switch import Switch

HANDS = 16
EPILOGUE = f"""{phones.table()}

Any well-formed account id (AC and 32 hexadecimal digits) with any token is taken, and signs the webhooks.
A script is JSON: {{number: phone, or [phone, ...]}}; a phone is {{"like": "22", "lasts": 5, ...}}. One may be
posted to {CONTROL} while it serves. The table stands at / too."""


class Command(BaseCommand):
    """Serve until told to stop; it rings nobody and keeps nothing."""

    requires_system_checks = []  # it stands apart: no database, no pages
    help = "Run the practice Twilio: its REST API, TwiML and signed webhooks on loopback; it rings nobody."

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        raw = argparse.RawDescriptionHelpFormatter
        made = super().create_parser(prog_name, subcommand, epilog=EPILOGUE.replace("%", "%%"), **kwargs)
        made.formatter_class = raw
        return made

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="where to listen (127.0.0.1)")
        parser.add_argument("--port", type=int, default=8950, help="0 for any free one (8950)")
        parser.add_argument("--script", type=Path, help="JSON: how numbers behave, call by call")
        parser.add_argument(
            "--mischief",
            default="",
            help=f"how likely, as lost=0.1,error=0.05; of: {', '.join(phones.LIKELY)}",
        )
        parser.add_argument("--seed", type=int, default=0, help="of the mischief (0)")

    def handle(self, *args: Any, **options: Any) -> None:
        switch = Switch(clock.now, phones=_phones(options), hands=HANDS, seed=options["seed"])
        host, port = options["host"], options["port"]
        if not 0 <= port <= 65535:
            raise CommandError(f"--port {port}: a port is a number from 0 to 65535")
        try:
            door = Door(switch, (host, port))
        except OSError as fault:
            raise CommandError(f"cannot listen on {host}:{port}: {fault.strerror or fault}") from fault
        with door:
            signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
            switch.start()
            self.stdout.write(f"listening on {door.url}")
            self.stdout.write(phones.table())
            self.stdout.flush()
            try:
                door.serve_forever()
            except KeyboardInterrupt:
                self.stdout.write("stopped")
            finally:
                switch.stop()


def _phones(options: dict[str, Any]) -> phones.Directory:
    try:
        script = phones.read_script(options["script"].read_text()) if options["script"] else {}
    except (OSError, ValueError) as fault:
        raise CommandError(f"the script cannot be used: {fault}") from fault
    return phones.Directory(script, _likely(options["mischief"]), options["seed"])


def _likely(said: str) -> dict[str, float]:
    likely = {}
    for piece in filter(None, said.split(",")):
        word, _, number = piece.partition("=")
        try:
            likely[word.strip()] = float(number)
        except ValueError:
            likely[word.strip()] = -1
        if word.strip() not in phones.LIKELY or not 0 <= likely[word.strip()] <= 1:
            raise CommandError(f"--mischief {piece}: say word=0.1 with one of {', '.join(phones.LIKELY)}")
    return likely
