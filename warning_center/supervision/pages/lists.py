"""What the pages offer to choose from, and the directives behind a figure, as frozen rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.utils.translation import gettext as _

from dispatch.admin import columns
from dispatch.admin.access import within
from dispatch.admin.columns import Mark
from dispatch.models import Case, Unit
from dispatch.models.choices import name
from dispatch.vocabulary import FraudType, Level, Outcome, State, UnitKind
from warning_center.models import Counted, Happening, Source
from warning_center.supervision.counting import marks, profile
from warning_center.supervision.counting.happening import SUMS
from warning_center.supervision.pages import keys
from warning_center.supervision.rollups.read import ANY

AREAS = (UnitKind.CITY, UnitKind.COUNTY, UnitKind.TOWN)


@dataclass(frozen=True, slots=True)
class Line:
    """A directive in a list, its person masked. `standing` is as counted, `since` as the case stands now."""

    pk: int
    number: str
    reference: str
    mark: Mark
    person: str
    fraud: str
    unit: str
    standing: str
    since: str
    received_at: datetime
    closed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Choices:
    """A filter's choices: values and words."""

    units: tuple[tuple[str, str], ...]
    sources: tuple[tuple[str, str], ...]
    levels: tuple[tuple[str, str], ...]
    types: tuple[tuple[str, str], ...]


def choices(scope: str | None) -> Choices:
    """What somebody who sees the subtree `scope` may filter by."""
    areas = Unit.objects.filter(kind__in=AREAS).order_by("path")
    if scope is not None:
        areas = areas.filter(path__startswith=scope) if scope else areas.none()
    indent = {UnitKind.CITY: "", UnitKind.COUNTY: "　", UnitKind.TOWN: "　　"}
    return Choices(
        units=tuple((unit.path or "", f"{indent[UnitKind(unit.kind)]}{unit.name}") for unit in areas),
        sources=tuple(Source.objects.order_by("code").values_list("code", "name")),
        levels=tuple((level.code, name(level)) for level in reversed(Level)),
        types=tuple((fraud.value, name(fraud)) for fraud in FraudType),
    )


def above(path: str, scope: str | None) -> list[tuple[str, str]]:
    """The units above the one with this path that may be seen, from the top, and it itself: paths and names."""
    ids = [int(pk) for pk in path.split("/") if pk]
    units = Unit.objects.filter(pk__in=ids).order_by("path").values_list("path", "name") if ids else ()
    return [(path or "", name) for path, name in units if within(path, scope)]


def lines(directives: Sequence[Counted], *, now: datetime) -> list[Line]:
    """A page of a figure's directives, each with the case that decides for it; as it stands in the figure."""
    wanted = Case.objects.filter(pk__in={row.case_id for row in directives})
    cases = {case.pk: case for case in wanted.select_related("target", "unit")}
    return [_line(row, cases[row.case_id], now) for row in directives]


@dataclass(frozen=True, slots=True)
class DayLine:
    """A case's day in a list, its person masked; `since` as the case stands now."""

    pk: int
    day: date
    number: str
    mark: Mark
    person: str
    fraud: str
    unit: str
    times: str
    since: str


def day_lines(days: Sequence[Happening], cut: str, key: str, *, now: datetime) -> list[DayLine]:
    """A page of what is behind a figure of a period: each case once a day, and how often, or how much."""
    wanted = Case.objects.filter(pk__in={row.case_id for row in days})
    cases = {case.pk: case for case in wanted.select_related("target", "unit")}
    return [_day_line(row, cases[row.case_id], _size(row, cut, key), now) for row in days]


def _size(row: Happening, cut: str, key: str) -> str:
    total = sum(m.total for m in marks.parse(row.marks) if m.cut == cut and key in (ANY, m.key))
    return keys.signed(Decimal(total) / 100) if cut in SUMS else str(total)


def _day_line(row: Happening, case: Case, times: str, now: datetime) -> DayLine:
    return DayLine(
        pk=case.pk,
        day=row.day,
        number=case.number,
        mark=columns.mark(case.level),
        person=columns.person(case, now),
        fraud=columns.fraud(case),
        unit=str(case.unit or "–"),
        times=times,
        since=_since(case),
    )


def _since(case: Case) -> str:
    return name(Outcome(case.outcome)) if case.outcome else name(State(case.state))


def _line(row: Counted, case: Case, now: datetime) -> Line:
    standing = profile.parse(row.profile)
    return Line(
        pk=case.pk,
        number=case.number,
        reference=row.directive.reference,
        mark=columns.mark(case.level),
        person=columns.person(case, now),
        fraud=columns.fraud(case),
        unit=str(case.unit or "–"),
        standing=name(standing.outcome) if standing.outcome else _("open"),
        since=_since(case),
        received_at=row.received_at,
        closed_at=case.closed_at,
    )
