"""What the pages offer to choose from, and the cases behind a figure, as frozen rows."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from dispatch.admin import columns
from dispatch.admin.columns import Mark
from dispatch.models import Case, Unit
from dispatch.models.choices import name
from dispatch.vocabulary import FraudType, Level, Outcome, State, UnitKind
from warning_center.models import Source

AREAS = (UnitKind.CITY, UnitKind.COUNTY, UnitKind.TOWN)


@dataclass(frozen=True, slots=True)
class CaseLine:
    """A case in a list, its person masked."""

    pk: int
    number: str
    mark: Mark
    person: str
    fraud: str
    unit: str
    standing: str
    opened_at: datetime
    closed_at: datetime | None
    directives: int


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


def cases(directives: Mapping[int, int], *, now: datetime) -> list[CaseLine]:
    """Cases, the newest first, each with how many of the figure's directives it stands for."""
    rows = (
        Case.objects.filter(pk__in=directives.keys())
        .select_related("target", "unit")
        .order_by("-opened_at", "-pk")
    )
    return [
        CaseLine(
            pk=case.pk,
            number=case.number,
            mark=columns.mark(case.level),
            person=columns.person(case, now),
            fraud=columns.fraud(case),
            unit=str(case.unit or "–"),
            standing=name(Outcome(case.outcome)) if case.outcome else name(State(case.state)),
            opened_at=case.opened_at,
            closed_at=case.closed_at,
            directives=directives[case.pk],
        )
        for case in rows
    ]


def newest_first(pks: Iterable[int]) -> list[int]:
    """Case ids in the order of the list: a page of them is cut before anything is read."""
    return sorted(pks, reverse=True)
