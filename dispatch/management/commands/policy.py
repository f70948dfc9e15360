"""`manage.py policy explain CASE`: why a case is where it is, step by step, from the record alone."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from dispatch import explain
from dispatch.models import Case
from dispatch.models.choices import name
from dispatch.vocabulary import Level, Outcome, State


class Command(BaseCommand):
    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("act", choices=["explain"])
        parser.add_argument("case", help="a case number, such as 2026-03-000001")
        parser.add_argument("--lang", choices=["zh", "en"], default="zh")

    def handle(self, **options: Any) -> None:
        with translation.override("zh-hans" if options["lang"] == "zh" else "en"):
            self._explain(_case(options["case"]))

    def _explain(self, case: Case) -> None:
        stands = name(Outcome(case.outcome)) if case.outcome else name(State(case.state))
        self.stdout.write(f"{case.number}  {name(Level(case.level))}  {stands}  {case.policy}")
        for step in explain.steps(case):
            self.stdout.write(f"{timezone.localtime(step.at):%m-%d %H:%M:%S}  {step.words}  [{step.who}]")
            if step.row:
                self.stdout.write(f"{'':16}← {step.row}{': ' if step.says else ''}{step.says}")
        if case.due_at:
            due = f"{timezone.localtime(case.due_at):%m-%d %H:%M:%S}"
            self.stdout.write(_("Next look at {due}").format(due=due))


def _case(number: str) -> Case:
    _month, _dash, pk = number.rpartition("-")
    case = Case.objects.select_related("policy").filter(pk=int(pk)).first() if pk.isdigit() else None
    if case is None or case.number != number:
        raise CommandError(f"case: {number!r} is not the number of a case, such as 2026-03-000001")
    return case
