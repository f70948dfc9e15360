"""`manage.py plan`: how many operators and lines call so great a share of high-risk directives in so short a time."""

import json
from argparse import ArgumentParser
from datetime import datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import translation
from django.utils.translation import gettext as _

from dispatch import policies
from dispatch.chain import Rules
from dispatch.models import PolicyVersion
from dispatch.models.choices import name
from telephony import clock
from warning_center import planned, traffic
from warning_center.management import asked
from warning_center.planning.load import Measured, Quantity, compose
from warning_center.planning.staffing import Plan, plan

DAYS = "30"


class Command(BaseCommand):
    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--directives-per-hour", metavar="N", help="in the hour to plan for")
        parser.add_argument(
            "--share", action="append", metavar="LEVEL=SHARE", help="of a level among them; may be repeated"
        )
        parser.add_argument("--within", default="60s", metavar="TIME", help="from when it may begin (60s)")
        parser.add_argument("--target", default="0.9", metavar="SHARE", help="of the calls (0.9)")
        parser.add_argument(
            "--level", default="high", help="this level and those above are to keep it (high)"
        )
        parser.add_argument("--answered", metavar="SHARE", help="of calls that somebody answers")
        parser.add_argument("--ring", metavar="TIME", help="from dialling to the answer or the end")
        parser.add_argument("--talk", metavar="TIME", help="of an answered call")
        parser.add_argument("--wrap", metavar="TIME", help="after an answered call")
        parser.add_argument("--at", metavar="HOUR", help="of the day: who may be called then (0 to 23)")
        parser.add_argument(
            "--patience", metavar="TIME", help="waiting calls are given up on after, in the mean"
        )
        parser.add_argument("--away", metavar="SHARE", help="of paid time not spent at the desk")
        parser.add_argument("--blocked", default="0.01", metavar="SHARE", help="may find no line free (0.01)")
        parser.add_argument("--from-record", action="store_true", help="measure what is not given")
        parser.add_argument("--days", metavar="N", help=f"of the record, up to now ({DAYS})")
        parser.add_argument("--unit", default="", metavar="ADCODE", help="only this unit's subtree")
        parser.add_argument("--lang", choices=["zh", "en"], default="zh")
        parser.add_argument("--json", action="store_true", help="one JSON document on standard output")

    def handle(self, **options: Any) -> None:
        with translation.override("zh-hans" if options["lang"] == "zh" else "en"):
            told = _plan(options, clock.now())
            if options["json"]:
                self.stdout.write(json.dumps(planned.document(told), ensure_ascii=False, indent=1))
                return
            for line in planned.lines(told):
                self.stdout.write(line)


def _plan(options: dict[str, Any], now: datetime) -> Plan:
    given, aim = asked.given(options), asked.aim(options)
    at = given.values.get(Quantity.AT)
    measured = _measured(options, None if at is None else int(at), now)
    load = compose(given, _rules(now), measured)
    if not any(aim.binds(level) for level in load.calls):
        rule = _("at that hour nobody of {level} and above is called").format(level=name(aim.level))
        raise asked.refused("level", aim.level.code, rule)
    return plan(load, aim)


def _measured(options: dict[str, Any], at: int | None, now: datetime) -> Measured | None:
    if not options["from_record"]:
        for option in ("days", "unit"):
            if options[option]:
                raise asked.refused(option, options[option], _("goes with --from-record only"))
        return None
    days = asked.whole("days", options["days"] or DAYS, least=1, most=3660)
    window = traffic.Window(now - timedelta(days=days), now, asked.unit(options["unit"]))
    try:
        return traffic.measure(window, at)
    except traffic.NothingRecordedError as nothing:
        raise CommandError(
            _(
                "--from-record: no call is on record in these {days} days; say --days, or give the load"
            ).format(days=days),
            returncode=asked.REFUSED,
        ) from nothing


def _rules(now: datetime) -> Rules:
    """The escalation policy in force."""
    return policies.escalation_rules(policies.current(PolicyVersion.Kind.ESCALATION, now).pk)
