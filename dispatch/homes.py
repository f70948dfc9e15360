"""The unit a person belongs to, by the last known place; and whether that place is another city's."""

from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import QuerySet

from dispatch.manning import COUNTY, in_charge, place_of, within
from dispatch.models import Unit
from dispatch.nearness import Place, nearest
from dispatch.vocabulary import UnitKind
from telephony.prepared import prepared

_AREAS = (UnitKind.VILLAGE, UnitKind.TOWN, UnitKind.COUNTY)  # the most local first


@dataclass(frozen=True, slots=True)
class Home:
    """`elsewhere` is the code of the city the person is in, if it is not the city of who asked."""

    unit: Unit | None
    elsewhere: str = ""


def home_of(
    *, adcode: str, place: Place | None, id_adcode: str, fallback: Unit | None, reach_km: float
) -> Home:
    """By the last known place: its code, the area that holds it, the nearest county; else by the ID number's code.

    A place in a city that hangs in no tree of ours stays with whoever was asked.
    """
    unit = by_adcode(adcode)
    if unit is None and len(adcode) >= COUNTY:
        return Home(fallback, city_of(adcode))
    unit = unit or (_around(place, reach_km) if place else None) or by_adcode(id_adcode) or fallback
    if unit is None or fallback is None or _root(unit) == _root(fallback):
        return Home(unit)
    return Home(unit, city_of(unit.adcode))


def city_of(adcode: str) -> str:
    """The code of the city an administrative code lies in."""
    return f"{adcode[:4]}00"


def is_foreign(adcode: str) -> bool:
    """Whether a code lies in a city that we have no unit of."""
    return len(adcode) >= COUNTY and by_adcode(adcode) is None


def by_adcode(code: str) -> Unit | None:
    """The most local unit whose code is this one, or the town's, county's or city's it lies in."""
    if len(code) < COUNTY:
        return None
    codes = list(dict.fromkeys((code, code[:9], code[:6], city_of(code))))
    return min(_areas(codes), key=lambda unit: (codes.index(unit.adcode), unit.path), default=None)


def _around(place: Place, reach_km: float) -> Unit | None:
    """The most local unit whose outline holds the place; else the nearest county's point within reach."""
    holding = in_charge(_AREAS, "", place)
    if holding:
        return min(holding, key=lambda unit: (_AREAS.index(UnitKind(unit.kind)), unit.pk))
    counties = nearest(place, lambda box: within(box, UnitKind.COUNTY), place_of, want=1, within_km=reach_km)
    return counties[0][1] if counties else None


def _root(unit: Unit) -> str:
    return (unit.path or "").partition("/")[0]


@prepared
def _areas(codes: Collection[str]) -> QuerySet[Unit]:
    return Unit.objects.in_service().exclude(kind=UnitKind.STATION).filter(adcode__in=codes)
