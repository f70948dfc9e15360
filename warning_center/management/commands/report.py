"""`manage.py report`: a daily, weekly or monthly report as PDF, into a file, or those that are due, kept."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from dispatch.models import Unit
from telephony import clock
from warning_center.models import Report
from warning_center.supervision import reports
from warning_center.supervision.rollups import keep


class Command(BaseCommand):
    help = "Make the reports that are due; or one, of the newest period that has ended, into a file."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--kind", choices=Report.Kind.values)
        parser.add_argument("--unit", help="its administrative code; a city or a county")
        parser.add_argument("--to", type=Path, help="the file to write")

    def handle(self, *args: Any, **options: Any) -> None:
        now = clock.now()
        keep.keep_up()
        if not options["kind"]:
            self.stdout.write(f"{reports.make_due(now=now)} reports made")
            return
        units = Unit.objects.filter(kind__in=reports.OF_UNITS, adcode=options["unit"] or "")
        if not options["to"] or (unit := units.first()) is None:
            raise CommandError("name a city's or county's code with --unit, and a file with --to")
        kind = Report.Kind(options["kind"])
        since, until = reports.last(kind, timezone.localtime(now).date())
        options["to"].write_bytes(reports.draw(kind, unit, since, until, now=now))
        self.stdout.write(str(options["to"]))
