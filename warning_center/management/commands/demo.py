"""`manage.py demo`: play the demonstration, or your own directives, to the end in seconds on a throw-away database."""

import json
import sys
from argparse import ArgumentParser
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import translation

from telephony import clock, lines
from telephony.carriers.simulated import SimulatedCarrier
from warning_center import answers, demonstration, rows, story
from warning_center.answers import Answers
from warning_center.api import problems, serializers
from warning_center.management import blank, staged
from warning_center.models import Directive, Source
from warning_center.play import Arrival, Play, StuckError
from warning_center.standins import Cast
from warning_center.teller import Teller


class Command(BaseCommand):
    help = __doc__ or ""
    requires_system_checks: list[str] = []
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--directives", type=Path, help="JSON array, NDJSON or CSV, one directive a row")
        parser.add_argument("--answers", type=Path, help="how phones and people behave, JSON by reference")
        parser.add_argument("--json", action="store_true", help="one JSON document on standard output")
        parser.add_argument("--lang", choices=["zh", "en"], default="zh")
        parser.add_argument("--seed", type=int, default=1, help="of the bank's luck (1)")

    def handle(self, **options: Any) -> None:
        staged.required()
        translation.activate("zh-hans" if options["lang"] == "zh" else "en")
        faults = _Faults()
        try:
            script = _answers(options["answers"], options["directives"])
            given = _rows(options["directives"])
        except (answers.BadAnswers, rows.BadFile) as fault:
            raise CommandError(str(fault)) from fault
        blank.make()
        arrivals = _arrivals(given, faults)
        cast = Cast(script, seed=options["seed"])
        carrier = lines.carrier("simulated")
        if isinstance(carrier, SimulatedCarrier):
            carrier.behave = cast.behave
        teller = None if options["json"] else Teller(self.stdout)
        play = Play(cast, clock.moving, arrivals)
        try:
            play.run(teller.tell if teller else _nobody)
        except StuckError as stuck:
            raise CommandError(str(stuck)) from stuck
        for arrival in play.refused:
            faults.say(f"row {arrival.row}", "reference", str(problems.changed_directive().detail))
        directives = list(Directive.objects.select_related("case").order_by("pk"))
        if teller:
            teller.success_table()
        else:
            document = story.tell(directives)
            self.stdout.write(json.dumps(document, ensure_ascii=False, indent=1))
        if faults.count:
            sys.exit(1)


def _nobody(now: datetime) -> None:
    """Nobody watches."""


class _Faults:
    """Bad rows, named on standard error by row, field and rule."""

    def __init__(self) -> None:
        self.count = 0

    def say(self, row: object, field: str, rule: str) -> None:
        self.count += 1
        sys.stderr.write(f"{row}: {field}: {rule}\n")


def _answers(path: Path | None, directives: Path | None) -> Answers:
    if path is not None:
        return answers.read(path)
    return Answers() if directives is not None else demonstration.answers()


def _rows(path: Path | None) -> list[rows.Numbered]:
    return list(rows.read(path) if path is not None else enumerate(demonstration.directives(), 1))


def _arrivals(given: list[rows.Numbered], faults: _Faults) -> list[Arrival]:
    """Every good row as an arrival at its own `issued_at`; the centre is loaded at the earliest of them."""
    good = []
    for number, row in given:
        if isinstance(row, ValueError):
            faults.say(f"row {number}", "row", str(row))
            continue
        try:
            source, directive = rows.split_source(row)
            good.append((number, source, serializers.read(directive)))
        except serializers.BadDirective as bad:
            for fault in bad.faults:
                faults.say(f"row {number}", fault.field or "row", f"{fault.rule} ({fault.value!r})")
    start = min((incoming.issued_at for _, _, incoming in good), default=clock.moving())
    clock.moving.set(start)
    demonstration.load(start, people=False)
    sources = {source.code: source for source in Source.objects.select_related("unit")}
    usual = sources[settings.DEMONSTRATION_SOURCE]
    return [
        Arrival(incoming.issued_at, sources.get(source, usual), incoming, number)
        for number, source, incoming in good
    ]
