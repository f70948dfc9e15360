"""`manage.py policy`: explain why a case is where it is; replay recorded cases under another policy."""

import json
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from dispatch import explain, policies
from dispatch.models import Case
from dispatch.models.choices import name
from dispatch.replay import candidates, differences, trial
from dispatch.vocabulary import Level, Outcome, State
from telephony import clock

SAYS_EVERY = 500  # cases


class Command(BaseCommand):
    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        acts = parser.add_subparsers(dest="act", required=True)
        explains = acts.add_parser("explain", help="why a case is where it is, step by step")
        explains.add_argument("case", help="a case number, such as 2026-03-000001")
        replays = acts.add_parser(
            "replay", help="what a candidate policy would have changed in recorded cases"
        )
        replays.add_argument("--candidate", type=Path, required=True, metavar="FILE", help="TOML or JSON")
        replays.add_argument(
            "--kind", choices=[kind.value for kind in policies.JUDGING], default="escalation"
        )
        replays.add_argument("--days", type=_days, default=30, help="opened in so many days (30)")
        replays.add_argument(
            "--until", type=date.fromisoformat, metavar="DATE", help="the last of them (today)"
        )
        replays.add_argument("--unit", default="", metavar="ADCODE", help="only this unit's subtree")
        replays.add_argument("--json", action="store_true", help="one JSON document on standard output")
        for act in (explains, replays):
            act.add_argument("--lang", choices=["zh", "en"], default="zh")

    def handle(self, **options: Any) -> None:
        with translation.override("zh-hans" if options["lang"] == "zh" else "en"):
            if options["act"] == "explain":
                self._explain(_case(options["case"]))
            else:
                self._replay(options)

    def _replay(self, options: dict[str, Any]) -> None:
        now = clock.now()
        candidate = candidates.read(options["candidate"], options["kind"])
        cases = candidates.window(days=options["days"], until=options["until"], unit=options["unit"], now=now)
        told = trial.compare(cases, candidate, now=now, watch=self._progress(cases.count()))
        if options["json"]:
            self.stdout.write(json.dumps(differences.document(told), ensure_ascii=False, indent=1))
            return
        for line in differences.lines(told):
            self.stdout.write(line)

    def _progress(self, total: int) -> Callable[[int], None]:
        def watch(done: int) -> None:
            if done % SAYS_EVERY == 0:
                self.stderr.write(_("Replayed {done} of {total} cases").format(done=done, total=total))

        return watch

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


def _days(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 3660:
        raise ArgumentTypeError(f"{text!r} is not a number of days from 1 to 3660")
    return int(text)


def _case(number: str) -> Case:
    _month, _dash, pk = number.rpartition("-")
    case = Case.objects.select_related("policy").filter(pk=int(pk)).first() if pk.isdigit() else None
    if case is None or case.number != number:
        raise CommandError(f"case: {number!r} is not the number of a case, such as 2026-03-000001")
    return case
