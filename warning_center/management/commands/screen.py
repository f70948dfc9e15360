"""`manage.py screen`: a wallboard's login, made, given a new key, or shut out."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from dispatch import record
from dispatch.models import Unit
from telephony import clock
from warning_center.models import Screen


class Command(BaseCommand):
    help = "Make a wallboard's login of a unit, or give it a new key: shown this once. --off shuts it out."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name")
        parser.add_argument("--unit", help="the administrative code of the unit it shows")
        parser.add_argument("--off", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        screen = Screen.objects.filter(name=options["name"]).first()
        if screen is None:
            unit = Unit.objects.filter(adcode=options["unit"] or "").order_by("path").first()
            if unit is None or options["off"]:
                raise CommandError("there is no such screen; make one with --unit and a known code")
            screen = Screen(name=options["name"], unit=unit)
        screen.enabled = not options["off"]
        key = screen.renew_key()
        screen.save()
        record.write(
            "key_renewed", now=clock.now(), agent="command", screen=screen.name, off=options["off"] or None
        )
        self.stdout.write("shut out" if options["off"] else key)
