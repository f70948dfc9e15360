"""`manage.py recount`: the supervisors' roll-ups made anew from the record, or compared with it."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from warning_center.supervision.rollups import keep, recount


class Command(BaseCommand):
    help = (
        "Make the roll-ups anew from the record; with --check compare them with it, and fail if they differ."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="change nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["check"]:
            self.stdout.write(f"{recount.rebuild()} directives counted")
            return
        keep.keep_up()
        found = recount.check()
        for difference in found.differences:
            self.stdout.write(difference)
        told = f"{found.directives} directives, {found.cells} cells, {found.waiting} chains not yet counted"
        if found.differences:
            raise CommandError(f"the roll-ups differ from the record: {told}")
        self.stdout.write(f"the same as the record: {told}")
