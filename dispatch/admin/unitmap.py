"""The offline map of a subtree: outlines, and stations with whether they are on duty and have room. Frozen rows."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from dispatch import atlas, outlines
from dispatch.manning import Manning, place_of
from dispatch.models import Area, Unit
from dispatch.vocabulary import UnitKind

Outlined = tuple[Area, outlines.Outline]
WIDTH = 760
NAME = 200  # pixels that a long name takes
MOST = 600  # stations; of more only the counties are drawn


@dataclass(frozen=True, slots=True)
class Region:
    """A unit's outline with its name, which may stand at `x`, `y`; a sketch says so."""

    pk: int
    name: str
    path: str
    x: float
    y: float
    sketch: bool


@dataclass(frozen=True, slots=True)
class Spot:
    """A station on the map, and its line in the table beneath."""

    pk: int
    name: str
    x: float
    y: float
    state: str  # on, full, off
    word: str
    visits: int
    room: int
    until: datetime | None
    phone: str

    @property
    def at_the_edge(self) -> bool:
        """Whether its name has no room on the right."""
        return self.x > WIDTH - NAME


@dataclass(frozen=True, slots=True)
class Drawing:
    """The whole map; `left_out` is how many stations it has no room for."""

    width: float
    height: float
    regions: tuple[Region, ...]
    spots: tuple[Spot, ...]
    scale_km: int
    scale_px: float
    left_out: int

    @property
    def has_sketches(self) -> bool:
        return any(region.sketch for region in self.regions)


def draw(units: QuerySet[Unit], now: datetime) -> Drawing:
    """Counties (or what else has an outline) and stations of these units, those closed left out."""
    standing = units.filter(closed_at=None)
    areas = outlined(standing.filter(kind__in=(UnitKind.CITY, UnitKind.COUNTY)))
    stations = list(standing.filter(kind=UnitKind.STATION).order_by("path")[: MOST + 1])
    left_out = standing.filter(kind=UnitKind.STATION).count() if len(stations) > MOST else 0
    shown = [] if left_out else stations
    sheet = atlas.atlas([outline for _, outline in areas], map(place_of, shown), width=WIDTH)
    manning = Manning(now)
    manning.read(shown)
    km, px = sheet.scale()
    return Drawing(
        sheet.width,
        sheet.height,
        regions(areas, sheet),
        tuple(_spot(unit, manning, sheet) for unit in shown),
        km,
        px,
        left_out,
    )


def outlined(units: QuerySet[Unit]) -> list[Outlined]:
    """The outlines of these units."""
    areas = Area.objects.filter(code="", unit__in=units).select_related("unit")
    return [(area, outlines.read(area.outline)) for area in areas]


def regions(areas: Iterable[Outlined], sheet: atlas.Atlas) -> tuple[Region, ...]:
    """Them as a map shows them."""
    return tuple(_region(area, outline, sheet) for area, outline in areas)


def _region(area: Area, outline: outlines.Outline, sheet: atlas.Atlas) -> Region:
    x, y = sheet.point(atlas.middle(outline))
    return Region(area.unit_id, area.unit.name, sheet.path(outline), x, y, area.sketch)


def _spot(unit: Unit, manning: Manning, sheet: atlas.Atlas) -> Spot:
    state = "off" if not manning.is_on(unit) else "on" if manning.has_room(unit) else "full"
    words = {"on": _("on duty"), "full": _("no room"), "off": _("off duty")}
    until = manning.until(unit) if state != "off" else None
    x, y = sheet.point(place_of(unit))
    visits = manning.visits(unit)
    return Spot(unit.pk, unit.name, x, y, state, words[state], visits, unit.room, until, unit.duty_phone)
