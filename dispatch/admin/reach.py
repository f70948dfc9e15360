"""How far a reader reaches: rows cut to their units, and cases named, with an address where they may open them."""

from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse

from dispatch.admin.access import within
from dispatch.models import Case


@dataclass(frozen=True, slots=True)
class Link:
    """A case; without an address the reader may not open it."""

    number: str
    address: str


def of_units(rows: QuerySet[Any, Any], scope: str | None, path: str) -> QuerySet[Any, Any]:
    """Rows whose unit, at the end of `path`, lies in a scope."""
    if scope is None:
        return rows
    return rows.filter(**{f"{path}__startswith": scope}) if scope else rows.none()


def link(case: Case, scope: str | None) -> Link:
    """A case as this reader may see it."""
    mine = within(case.unit.path if case.unit else "", scope)
    return Link(case.number, reverse("admin:dispatch_case_change", args=[case.pk]) if mine else "")
