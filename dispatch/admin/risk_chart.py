"""A risk policy as tables: levels, points for each fact, fraud types. Frozen rows."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from dispatch import drafting, wording
from dispatch.admin import columns
from dispatch.admin.chart import LEVELS
from dispatch.admin.columns import Mark
from dispatch.models.choices import name
from dispatch.vocabulary import FraudType


@dataclass(frozen=True, slots=True)
class Points:
    """A fact and what it adds: each step's size and points."""

    row: str
    about: str
    steps: tuple[tuple[str, int], ...]
    differs: bool


@dataclass(frozen=True, slots=True)
class FraudLine:
    """A fraud type as the policy knows it."""

    row: str
    name: str
    points: int
    called: str
    since: str
    until: str
    loss: str
    differs: bool


@dataclass(frozen=True, slots=True)
class RiskChart:
    """The risk policy as tables."""

    levels: tuple[tuple[Mark, int, int], ...]  # from so many points on; the floor that upstream's level sets
    points: tuple[Points, ...]
    frauds: tuple[FraudLine, ...]
    differs: bool


def risk_chart(document: Mapping[str, Any], built_in: Mapping[str, Any]) -> RiskChart:
    """The tables of a risk policy; what is not as built in says so."""
    changed = drafting.changes(built_in, document, list(drafting.risk_entries(document)))
    rows = {".".join(change.entry.path[:2]) for change in changed}
    levels = tuple(
        (columns.mark(level), document["thresholds"].get(level.code, 0), document["upstream"][level.code])
        for level in LEVELS
    )
    points = tuple(
        Points(f"points.{fact}", wording.fact(fact), _steps(row), f"points.{fact}" in rows)
        for fact, row in _in_order(document["points"], built_in["points"])
    )
    frauds = tuple(
        _fraud(code, document["fraud_types"][code], f"fraud_types.{code}" in rows) for code in FraudType
    )
    return RiskChart(levels, points, frauds, bool(rows))


def _in_order(rows: Mapping[str, Any], usual: Iterable[str]) -> list[tuple[str, Any]]:
    """In the built-in document's order, since a database keeps none; what is new comes last."""
    order = [*usual]
    return sorted(rows.items(), key=lambda item: order.index(item[0]) if item[0] in order else len(order))


def _steps(row: Mapping[str, Any]) -> tuple[tuple[str, int], ...]:
    if "flag" in row:
        return (("", row["flag"]),)
    return tuple((f"{at:,}", points) for at, points in row["steps"])


def _fraud(code: FraudType, row: Mapping[str, Any], differs: bool) -> FraudLine:
    called = _(", ").join((row["zh"], *row.get("aliases", ())))
    loss = columns.yuan(row["loss"]) if row.get("loss") else ""
    return FraudLine(
        f"fraud_types.{code}",
        name(code),
        row["points"],
        called,
        row["from"],
        row.get("until", ""),
        loss,
        differs,
    )
