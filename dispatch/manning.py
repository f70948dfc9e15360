"""Which units are where, who of them is on duty and how busy: each read once, as one turn sees it."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

from django.db.models import Count, Exists, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from dispatch import duty, outlines
from dispatch.models import Area, Attempt, Shift, Unit
from dispatch.nearness import Box, Place
from dispatch.vocabulary import Tier, UnitKind
from telephony.prepared import prepared

COUNTY = 6  # digits of a county's code
Look = Callable[[str, float, float, float, float], list[Unit]]


class Manning:
    """Units at one moment. Visits that are given out count from then on; one planned for later does not."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self._rosters: dict[int, list[duty.Shift]] = {}
        self._visits: Counter[int] = Counter()
        self._looked: dict[UnitKind, list[tuple[Box, list[Unit]]]] = {}

    def read(self, units: Iterable[Unit]) -> None:
        """Look up the rosters and the visits of all these at once."""
        new = [unit.pk for unit in units if unit.pk not in self._rosters]
        if not new:
            return
        self._read_rosters(new, new)
        for unit_id in _at_work(new):
            self._visits[unit_id] += 1

    def within(self, box: Box, kind: UnitKind) -> list[Unit]:
        """The units of a kind in a box, those closed left out, read with their visits in one look.

        A look is mostly its round trips, so only those that have a roster cost another, and one for a second case
        looks around: cases that are due together are mostly neighbours.
        """
        return [unit for unit in self._around(box, kind) if box.holds(place_of(unit))]

    def _around(self, box: Box, kind: UnitKind) -> list[Unit]:
        looked = self._looked.setdefault(kind, [])
        for known, units in looked:
            if known.covers(box):
                return units
        is_another_s = bool(looked) and not box.covers(looked[-1][0])
        asked = box.wider() if is_another_s else box
        found = _in_halves(asked, kind, _manned_in_box)
        looked.append((asked, found))
        new = [unit for unit in found if unit.pk not in self._rosters]
        self._read_rosters([unit.pk for unit in new], [unit.pk for unit in new if vars(unit)["has_roster"]])
        for unit in new:
            self._visits[unit.pk] += vars(unit)["at_work"]
        return found

    def _read_rosters(self, units: Iterable[int], listed: Collection[int]) -> None:
        """The rosters of these units; only those of `listed` can have one."""
        self._rosters.update({pk: [] for pk in units})
        for shift in _shifts(listed):
            self._rosters[shift.unit_id].append(shift.plain())

    def is_on(self, unit: Unit) -> bool:
        """Whether somebody is on duty there: by the roster, if there is one, unless the unit is switched off."""
        self.read([unit])
        return unit.on_duty and duty.is_on(self._rosters[unit.pk], ZoneInfo(unit.zone), self.now)

    def until(self, unit: Unit) -> datetime | None:
        """When the duty there ends; None if the roster knows of no end."""
        self.read([unit])
        return duty.until(self._rosters[unit.pk], ZoneInfo(unit.zone), self.now)

    def visits(self, unit: Unit) -> int:
        """Visits under way."""
        self.read([unit])
        return self._visits[unit.pk]

    def has_room(self, unit: Unit) -> bool:
        return self.visits(unit) < unit.room

    def sent(self, unit: Unit) -> None:
        """A visit has been given to this unit just now."""
        self.read([unit])
        self._visits[unit.pk] += 1


def within(box: Box, kind: UnitKind) -> list[Unit]:
    """The units of a kind in a box, those closed left out."""
    return _in_halves(box, kind, _in_box)


def _in_halves(box: Box, kind: UnitKind, look: Look) -> list[Unit]:
    if box.west <= box.east:
        return look(kind, box.south, box.north, box.west, box.east)
    halves = ((box.west, 180.0), (-180.0, box.east))
    return [unit for west, east in halves for unit in look(kind, box.south, box.north, west, east)]


def place_of(unit: Unit) -> Place:
    """Where it stands; only for units with a place."""
    return Place(unit.lat or 0.0, unit.lon or 0.0)


def in_charge(kinds: Collection[UnitKind], code: str, place: Place | None) -> list[Unit]:
    """The units in whose area a code, or else a place, lies: the longest code first, then outlines that hold it.

    What carries the code of a town or village is its own, whether or not that is listed.
    """
    codes = [code[:length] for length in (12, 9, 6) if len(code) >= length]
    by_code = sorted(_areas_by_code(codes, kinds), key=lambda area: (-len(area.code), area.unit_id))
    found = [area.unit for area in by_code]
    found += _units_by_code([code for code in codes if len(code) > COUNTY], kinds)
    if place is not None:
        found += [area.unit for area in _areas_around(place.lat, place.lon, kinds) if _holds(area, place)]
    return list({unit.pk: unit for unit in found}.values())


def _holds(area: Area, place: Place) -> bool:
    return outlines.holds(outlines.read(area.outline), place)


@prepared
def _in_box(kind: str, south: float, north: float, west: float, east: float) -> QuerySet[Unit]:
    strip = Unit.objects.in_service().filter(kind=kind, lat__gte=south, lat__lte=north)
    return strip.filter(lon__gte=west, lon__lte=east).order_by()


@prepared
def _manned_in_box(kind: str, south: float, north: float, west: float, east: float) -> QuerySet[Unit]:
    strip = Unit.objects.in_service().filter(kind=kind, lat__gte=south, lat__lte=north)
    theirs = Attempt.objects.live().filter(unit=OuterRef("pk"), tier=Tier.VISIT, started_at__isnull=False)
    visits = theirs.order_by().values("unit").annotate(n=Count("pk")).values("n")
    roster = Exists(Shift.objects.filter(unit=OuterRef("pk")).order_by())
    boxed = strip.filter(lon__gte=west, lon__lte=east)
    return boxed.annotate(at_work=Coalesce(Subquery(visits), 0), has_roster=roster).order_by()


@prepared
def _shifts(units: Collection[int]) -> QuerySet[Shift]:
    return Shift.objects.filter(unit__in=units).order_by("pk")


@prepared
def _at_work(units: Collection[int]) -> QuerySet[Attempt, int]:
    sent = Attempt.objects.live().filter(unit__in=units, tier=Tier.VISIT, started_at__isnull=False)
    return sent.order_by().values_list("unit_id", flat=True)


@prepared
def _areas_by_code(codes: Collection[str], kinds: Collection[str]) -> QuerySet[Area]:
    found = Area.objects.filter(code__in=codes, unit__kind__in=kinds, unit__closed_at=None)
    return found.select_related("unit").order_by()


@prepared
def _units_by_code(codes: Collection[str], kinds: Collection[str]) -> QuerySet[Unit]:
    return Unit.objects.in_service().filter(adcode__in=codes, kind__in=kinds).order_by("-adcode", "pk")


@prepared
def _areas_around(lat: float, lon: float, kinds: Collection[str]) -> QuerySet[Area]:
    drawn = Area.objects.filter(code="", sketch=False, unit__kind__in=kinds, unit__closed_at=None)
    boxed = drawn.filter(south__lte=lat, north__gte=lat, west__lte=lon, east__gte=lon)
    return boxed.select_related("unit").order_by("unit")
