"""Whom to send: the nearest unit on duty that has room, and then on up the tree."""

from collections.abc import Collection
from dataclasses import dataclass
from math import asin, cos, radians, sin, sqrt

from django.db.models import Count, QuerySet

from dispatch.models import Attempt, Case, Unit
from dispatch.vocabulary import Tier, UnitKind
from telephony.prepared import prepared

EARTH_RADIUS_KM = 6371.0088
NEAREST = 3  # the nearest, the next and the next; then the duty officers


@dataclass(frozen=True, slots=True)
class Place:
    """Where the person was last known to be."""

    lat: float
    lon: float


def distance_km(a: Place, b: Place) -> float:
    """Great-circle distance (haversine, mean Earth radius)."""
    lat_a, lat_b = radians(a.lat), radians(b.lat)
    half = sin((lat_b - lat_a) / 2) ** 2 + cos(lat_a) * cos(lat_b) * sin(radians(b.lon - a.lon) / 2) ** 2
    return 2 * EARTH_RADIUS_KM * asin(sqrt(min(1.0, half)))


def home_of(*, adcode: str, place: Place | None, id_adcode: str, fallback: Unit | None) -> Unit | None:
    """The unit a person belongs to: by the last known place, else by the ID number's first six digits."""
    by_code = _by_adcode(adcode)
    if by_code is None and place is not None:
        counties = Unit.objects.filter(kind=UnitKind.COUNTY, lat__isnull=False, lon__isnull=False)
        by_code = next(iter(_nearest(list(counties), place)), None)
    return by_code or _by_adcode(id_adcode) or fallback


def _by_adcode(code: str) -> Unit | None:
    """The most local unit whose code is this one, or the town's, county's or city's it lies in."""
    if len(code) < 6:
        return None
    codes = list(dict.fromkeys((code, code[:9], code[:6], code[:4] + "00")))
    return min(_areas(codes), key=lambda unit: (codes.index(unit.adcode), unit.path), default=None)


@prepared
def _unit(unit_id: int) -> QuerySet[Unit]:
    return Unit.objects.filter(pk=unit_id)


@prepared
def _areas(codes: Collection[str]) -> QuerySet[Unit]:
    return Unit.objects.exclude(kind=UnitKind.STATION).filter(adcode__in=codes)


class Roster:
    """The units as one turn sees them: each is read once, and the visits it gives out take up room.

    A visit planned for later takes none.
    """

    def __init__(self) -> None:
        self._above: dict[int, list[Unit]] = {}
        self._rooms: dict[tuple[int, UnitKind], dict[Unit, int]] = {}
        self._codes: dict[str, bool] = {}

    def assign(self, case: Case, *, community: bool, ignored: Collection[int]) -> Unit | None:
        """The first unit in the line of those to be sent; if all have ignored this case, the last; None: nowhere."""
        line = self.in_line(case, community=community, ignored=ignored)
        if line:
            return line[0]
        return Unit.objects.filter(pk__in=list(ignored)[-1:]).first()

    def sent(self, unit: Unit | None) -> None:
        """A visit has been given to this unit in this turn."""
        for rooms in self._rooms.values():
            if unit in rooms:
                rooms[unit] -= 1

    def in_line(self, case: Case, *, community: bool, ignored: Collection[int] = ()) -> list[Unit]:
        """Who is still to be asked, in order: the three nearest with room, then the duty officers up the tree.

        For a community visit: the nearest village, then its town (or what stands above it). With no place
        known, and none in the ID number: the duty officer of the source's unit, then up the tree.
        """
        home = case.unit_id or case.fallback_id
        if home is None:
            return []
        above = self._from(home)
        duty = [unit for unit in above if unit.kind in (UnitKind.COUNTY, UnitKind.CITY)]
        if not self._is_placed(case):
            return [unit for unit in duty or above[:1] if unit.pk not in ignored]
        kind = UnitKind.VILLAGE if community else UnitKind.STATION
        asked = list(Unit.objects.filter(pk__in=ignored, kind=kind)) if ignored else []
        near = _nearest(self._free(above[-1], kind), _place_of(case, above))
        if community:
            village = next(iter(asked or near), None)
            line = self._from(village.pk)[:2] if village else above[:1]
        else:
            near = [unit for unit in near if unit.pk not in ignored]
            line = [*near[: max(0, NEAREST - len(asked))], *duty]
        return [unit for unit in line if unit.pk not in ignored]

    def _from(self, unit_id: int) -> list[Unit]:
        """The unit and all above it, up to the root."""
        if unit_id not in self._above:
            self._above[unit_id] = _unit.get(unit_id).ancestors()
        return self._above[unit_id]

    def _is_placed(self, case: Case) -> bool:
        """Whether anything tells where the person is, if only the ID number's first six digits."""
        if case.lat is not None and case.lon is not None:
            return True
        return any(map(self._is_known, (case.adcode, case.target.id_number[:6])))

    def _is_known(self, code: str) -> bool:
        if code not in self._codes:
            self._codes[code] = _by_adcode(code) is not None
        return self._codes[code]

    def _free(self, root: Unit, kind: UnitKind) -> list[Unit]:
        """Units of a kind under the root, on duty and with room for one more visit."""
        if (root.pk, kind) not in self._rooms:
            units = Unit.objects.under(root).filter(kind=kind, on_duty=True)
            at_work = Attempt.objects.live().under(root).filter(tier=Tier.VISIT, started_at__isnull=False)
            busy = dict(at_work.order_by().values_list("unit").annotate(Count("pk")))
            self._rooms[root.pk, kind] = {unit: unit.room - busy.get(unit.pk, 0) for unit in units}
        return [unit for unit, room in self._rooms[root.pk, kind].items() if room > 0]


def _place_of(case: Case, above: list[Unit]) -> Place | None:
    if case.lat is not None and case.lon is not None:
        return Place(case.lat, case.lon)
    known = next((u for u in above if u.lat is not None and u.lon is not None), None)
    return Place(known.lat or 0.0, known.lon or 0.0) if known else None


def _nearest(units: list[Unit], place: Place | None) -> list[Unit]:
    if place is None:
        return sorted(units, key=lambda unit: unit.pk)
    return sorted(
        units, key=lambda unit: (distance_km(place, Place(unit.lat or 0.0, unit.lon or 0.0)), unit.pk)
    )
