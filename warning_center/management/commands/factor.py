"""`manage.py factor`: a second factor reset from the machine itself, where no administrator can log in any more."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from dispatch.models import User
from dispatch.workflow.refusal import NotAllowedError
from telephony import clock
from warning_center import factors


class Command(BaseCommand):
    help = "Reset somebody's second factor: they enrol anew at their next login."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(username=options["username"]).first()
        if user is None:
            raise CommandError("nobody is called so")
        try:
            factors.reset(user=user, by=None, agent="command", now=clock.now())
        except NotAllowedError as refusal:
            raise CommandError(str(refusal)) from None
        self.stdout.write(f"{user.get_username()} enrols anew at the next login")
