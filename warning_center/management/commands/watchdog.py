"""`manage.py watchdog`: a process of its own, not through the workers, that says when a promise breaks or mends."""

import json
import signal
import sys
import threading
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import close_old_connections

from dispatch.rules import span
from telephony import clock
from warning_center.watchdog.finding import Finding, Round
from warning_center.watchdog.look import Moment
from warning_center.watchdog.watch import Watch


class Command(BaseCommand):
    """With --once its exit status tells: 0 all is well, 1 something is broken."""

    help = __doc__ or ""
    requires_system_checks = []  # it must start when nothing else does
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="one round, told in full")
        parser.add_argument("--every", default="15s", help="from one round to the next: 15s, 1m (15s)")
        parser.add_argument("--json", action="store_true", help="a line of JSON a round")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            every, watch = span(options["every"]).total_seconds(), Watch()
        except ValueError as fault:
            raise CommandError(str(fault)) from fault
        if every <= 0:
            raise CommandError("--every: one second at least")
        if options["once"]:
            self._once(watch, as_json=options["json"])
        else:
            self._watch(watch, every, as_json=options["json"])

    def _once(self, watch: Watch, *, as_json: bool) -> None:
        seen, _broke, _mended = watch.round(moment())
        for line in [_json(seen)] if as_json else map(told, seen.findings):
            self.stdout.write(line)
        watch.close()
        if not seen.ok:
            sys.exit(1)

    def _watch(self, watch: Watch, every: float, *, as_json: bool) -> None:
        stopping = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stopping.set())
        while not stopping.is_set():
            began = time.monotonic()
            close_old_connections()
            seen, broke, mended = watch.round(moment())
            lines = [_json(seen)] if as_json else [*map(told, broke), *(f"mended  {name}" for name in mended)]
            for line in lines:
                self.stdout.write(line if as_json else f"{clock.wall():%Y-%m-%dT%H:%M:%SZ}  {line}")
            self.stdout.flush()
            stopping.wait(max(0.0, every - (time.monotonic() - began)))
        watch.close()


def moment() -> Moment:
    """Now, by the clocks there are."""
    return Moment(clock.now(), clock.wall(), clock.pace())


def told(finding: Finding) -> str:
    """One finding in a line."""
    measured = "nothing" if finding.measured is None else f"{finding.measured:.3g}"
    words = [
        f"{'ok' if finding.ok else 'BROKEN':6}  {finding.name}: {measured}, allowed {finding.allowance:g}"
    ]
    if finding.fault:
        words.append(finding.fault)
    if finding.offenders:
        words.append(f"oldest {', '.join(finding.offenders)}")
    return "; ".join(words)


def _json(seen: Round) -> str:
    return json.dumps({"ok": seen.ok, "checks": {f.name: f.plain() for f in seen.findings}})
