"""The address of a page as a filter, and a filter as an address: a view can be sent to somebody, or saved."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import cached_property
from urllib.parse import urlencode

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from dispatch.vocabulary import FraudType, Level
from warning_center.supervision.rollups.read import Reading
from warning_center.supervision.statistics import Filter

USUAL_DAYS = 30
NAMES = ("from", "to", "unit", "level", "type", "source", "compare")
_UNIT = re.compile(r"(\d+/)+=?|=")  # `=` at its end: its own, nothing below; alone: what has no unit


@dataclass(frozen=True)
class Asked:
    """A filter, the same as the address has it, and what was wrong with what was asked."""

    wanted: Filter
    query: Mapping[str, str] = field(default_factory=dict)
    wrong: str = ""

    @cached_property
    def reading(self) -> Reading:
        """Its figures."""
        return Reading(self.wanted)

    @cached_property
    def reading_before(self) -> Reading:
        """Those of the period before."""
        return Reading(self.before())

    @property
    def compares(self) -> bool:
        return bool(self.query.get("compare"))

    def before(self) -> Filter:
        """The same filter over as many days right before."""
        since, until = self.wanted.since, self.wanted.until
        if since is None or until is None:
            return self.wanted
        days = until - since + timedelta(days=1)
        return replace(self.wanted, since=since - days, until=until - days)

    def href(self, part: str, **narrower: str) -> str:
        """The list of a figure's cases, under the same filter."""
        return f"{reverse('supervision-cases')}?{self.address(**narrower, part=part)}"

    def deeper(self, unit: str) -> str:
        """The same page of a part of the tree."""
        return f"?{self.address(unit=unit)}"

    def address(self, **changed: str) -> str:
        return urlencode({key: value for key, value in {**self.query, **changed}.items() if value})


def read(given: Mapping[str, str], *, scope: str | None, now: datetime) -> Asked:
    """What somebody who sees the subtree `scope` asks for; days are of the centre's time zone."""
    today = timezone.localtime(now).date()
    asked = {key: given.get(key, "").strip() for key in NAMES}
    wrong = ""
    try:
        until = date.fromisoformat(asked["to"]) if asked["to"] else today
        usual = until - timedelta(days=USUAL_DAYS - 1)
        since = date.fromisoformat(asked["from"]) if asked["from"] else usual
        if since > until:
            raise ValueError
    except (ValueError, OverflowError):
        since, until = today - timedelta(days=USUAL_DAYS - 1), today
        wrong = _("These are no dates, or the first comes after the last; shown are the last 30 days.")
    wanted = Filter(since=since, until=until, scope=scope, source=asked["source"])
    if _UNIT.fullmatch(asked["unit"]):
        path = asked["unit"]
        wanted = replace(wanted, unit=path.removesuffix("="), exactly=path.endswith("="))
    if asked["level"] in {level.code for level in Level}:
        wanted = replace(wanted, level=Level[asked["level"].upper()])
    if asked["type"] in {fraud.value for fraud in FraudType}:
        wanted = replace(wanted, fraud=FraudType(asked["type"]))
    return Asked(wanted, {**asked, "from": since.isoformat(), "to": until.isoformat()}, wrong)
