"""A candidate policy from a file, and the window of cases it is tried on."""

import json
import tomllib
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from dispatch import policies
from dispatch.chain import BadRules
from dispatch.models import Case, PolicyVersion, Unit
from dispatch.models.case import CaseQuerySet
from dispatch.risk import BadRiskRules
from dispatch.vocabulary import UnitKind

REFUSED = 2  # exit status


def read(path: Path, kind: str) -> policies.Policy:
    """The policy in a TOML or JSON file. Raises CommandError that names each faulty row, one a line."""
    document = _document(path)
    try:
        return policies.read(PolicyVersion.Kind(kind), document)
    except (BadRules, BadRiskRules) as bad:
        told = "\n".join(f"{path}: {flaw}" for flaw in bad.flaws)
        raise CommandError(told, returncode=REFUSED) from bad


def _document(path: Path) -> Mapping[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
        document = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except (OSError, ValueError, RecursionError) as fault:
        raise CommandError(f"{path}: {fault}", returncode=REFUSED) from fault
    if not isinstance(document, Mapping):
        raise CommandError(f"{path}: " + _("a policy is a table of rows"), returncode=REFUSED)
    return document


def window(*, days: int, until: date | None, unit: str, now: datetime) -> CaseQuerySet:
    """The cases opened in the last `days` days up to `now`, or to the end of `until`, in a unit's subtree.

    Raises CommandError for a code that no unit has, and for a window without cases: then it says what to do.
    """
    end = now if until is None else timezone.make_aware(datetime.combine(until + timedelta(days=1), time()))
    cases = _under(unit)
    found = cases.filter(opened_at__gte=end - timedelta(days=days), opened_at__lt=end)
    if found.exists():
        return found
    newest = cases.aggregate(at=Max("opened_at"))["at"]
    if newest is None:
        raise CommandError(_("There is no case to replay yet: take directives in first."))
    raise CommandError(
        _("No case was opened in these {days} days. The newest is of {day}: try --until {day}").format(
            days=days, day=timezone.localtime(newest).date()
        )
    )


def _under(adcode: str) -> CaseQuerySet:
    cases: CaseQuerySet = Case.objects.all()
    if not adcode:
        return cases
    unit = Unit.objects.exclude(kind=UnitKind.STATION).filter(adcode=adcode).order_by("path").first()
    if unit is None:
        raise CommandError(_("unit: {code} is no unit's administrative code").format(code=adcode))
    return cases.under(unit)
