"""`manage.py simulate`: a day of the real engine in minutes, with faults, and every promise checked all the way."""

import gc
import json
import sys
from argparse import ArgumentParser
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TextIO

from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.utils import translation
from django.utils.translation import gettext as _

from warning_center import longlived
from warning_center.management import asked as options_asked
from warning_center.management import blank, staged
from warning_center.simulation import drawing, faults, report
from warning_center.simulation.asked import START, Asked
from warning_center.simulation.day import Day

MOST_DIRECTIVES, MOST_HOURS, MOST_OPERATORS = 200_000, 168, 2000
BAR = 40  # characters
REFUSED = options_asked.REFUSED


class Command(BaseCommand):
    help = __doc__ or ""
    requires_system_checks: list[str] = []
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--directives", default="1000", metavar="N", help="of the whole time (1000)")
        parser.add_argument(
            "--hours", default="24", metavar="H", help="in which they come, from 08:00 on (24)"
        )
        parser.add_argument("--operators", default="6", metavar="N", help="desks (6)")
        parser.add_argument("--seed", default="1", metavar="N", help="the same seed, the same day (1)")
        parser.add_argument(
            "--faults", default="all", metavar="NAMES", help=f"all, none, or some of {','.join(faults.KINDS)}"
        )
        parser.add_argument("--database", default="", metavar="URL", help="an empty PostgreSQL to run on")
        parser.add_argument("--html", default="", metavar="FILE", help="where to draw what it came to")
        parser.add_argument("--json", action="store_true", help="one JSON document on standard output")
        parser.add_argument("--lang", choices=["zh", "en"], default="zh")

    def handle(self, **options: Any) -> None:
        with translation.override("zh-hans" if options["lang"] == "zh" else "en"):
            asked = read(options)
            staged.required()
            _prepare(options["database"])
            day = Day(asked)
            with Progress(asked, sys.stderr) as progress:
                day.run(progress.show)
            told = report.document(day)
            if options["html"]:
                Path(options["html"]).write_text(drawing.page(told), encoding="utf-8")
            if options["json"]:
                self.stdout.write(report.written(told))
            else:
                self._say(told)
        if told["violations"]:
            sys.exit(1)

    def _say(self, told: Mapping[str, Any]) -> None:
        for line in drawing.summary(told):
            self.stdout.write(line)
        for violation in told["violations"]:
            self.stdout.write(json.dumps(violation, ensure_ascii=False))


def read(options: Mapping[str, Any]) -> Asked:
    """The options, checked. Raises CommandError, naming option, value and rule."""
    if options["database"] and not options["database"].startswith(("postgres://", "postgresql://")):
        raise options_asked.refused(
            "database", options["database"], _("the address of a PostgreSQL is expected")
        )
    if options["html"] and not Path(options["html"]).absolute().parent.is_dir():
        raise options_asked.refused("html", options["html"], _("its folder is not there"))
    return Asked(
        directives=options_asked.whole("directives", options["directives"], least=1, most=MOST_DIRECTIVES),
        hours=float(options_asked.whole("hours", options["hours"], least=1, most=MOST_HOURS)),
        operators=options_asked.whole("operators", options["operators"], least=1, most=MOST_OPERATORS),
        seed=options_asked.whole("seed", options["seed"], least=0, most=2**63 - 1),
        faults=_faults(options["faults"]),
    )


def _faults(text: str) -> tuple[str, ...]:
    """The names in the order of the program, whatever order they were given in."""
    given = {"all": list(faults.KINDS), "none": []}.get(text, text.split(","))
    if unknown := [name for name in given if name not in faults.KINDS]:
        rule = _("{unknown} is no kind of fault; there are all, none, or a list of {known}")
        raise options_asked.refused(
            "faults", text, rule.format(unknown=unknown[0] or "''", known=", ".join(faults.KINDS))
        )
    return tuple(name for name in faults.KINDS if name in given)


def _prepare(database: str) -> None:
    if database and connection.introspection.table_names():
        raise CommandError(
            _("--database: the database is not empty, and would be filled with invented cases"),
            returncode=REFUSED,
        )
    blank.make()
    longlived.settle()
    gc.set_threshold(50_000, 20, 50)


class Progress:
    """A bar on a terminal; nothing anywhere else."""

    def __init__(self, asked: Asked, out: TextIO) -> None:
        self._asked, self._out, self._shown = asked, out, -1
        self._ends = START + timedelta(hours=asked.hours)

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *ended: object) -> None:
        if self._shown >= 0:
            self._out.write("\n")

    def show(self, now: datetime, acknowledged: int) -> None:
        if not self._out.isatty():
            return
        share = min(1.0, (now - START) / (self._ends - START))
        if (step := int(share * 200)) == self._shown and share < 1:
            return
        self._shown = step
        done = round(share * BAR)
        self._out.write(
            f"\r{'█' * done}{'░' * (BAR - done)} {now.astimezone(START.tzinfo):%m-%d %H:%M} {acknowledged}"
        )
        self._out.flush()
