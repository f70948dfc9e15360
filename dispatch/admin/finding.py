"""Finding cases by what somebody typed: a case number, a phone number or an ID number, through the keyed index."""

import re

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from dispatch import identity
from dispatch.models import Case
from telephony import numbers, sealing

_CASE = re.compile(r"(\d{4}-\d{2})-0*(\d{1,12})")


def find(text: str, cases: QuerySet[Case]) -> list[Case] | str:
    """The cases, or why there are none. What was typed is never repeated."""
    plain = text.strip()
    if match := _CASE.fullmatch(plain):
        found = [case for case in cases.filter(pk=int(match[2])) if case.number.startswith(match[1])]
    elif (targets := _targets(plain)) is not None:
        found = list(cases.filter(**targets).distinct())
    else:
        return _("Not a case number, a phone number or an ID number.")
    return found or _("No case of yours has it.")


def _targets(plain: str) -> dict[str, str] | None:
    try:
        return {"target__id_index": sealing.index("id", identity.read(plain).number)}
    except identity.BadIdNumber:
        pass
    try:
        return {"target__phones__index": numbers.index(numbers.normalise(plain))}
    except numbers.BadNumber:
        return None
