"""How far apart two places are, and which of very many are nearest: exact, from a few looks into boxes. No Django."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from heapq import heappop, heappush
from math import asin, cos, degrees, radians, sin, sqrt
from typing import TypeVar

from geographiclib.geodesic import Geodesic

EARTH_RADIUS_KM = 6371.0088
# A geodesic of WGS 84 by the great circle on a sphere of the mean radius. The ellipsoid's radii of curvature go from
# 6335.4 km (the meridian at the equator) to 6399.6 km (at the poles), so the ratio stays within 0.9944 and 1.0045.
LEAST_RATIO, MOST_RATIO = 0.994, 1.005
NARROWEST_KM, WIDER = 12.0, 3.0
WHOLE_EARTH_KM = 20_040.0

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Place:
    """A point in degrees, WGS 84."""

    lat: float
    lon: float


@dataclass(frozen=True, slots=True)
class Box:
    """All places between two parallels and two meridians. `west` above `east`: it lies across the 180th."""

    south: float
    north: float
    west: float
    east: float

    def holds(self, place: Place) -> bool:
        if not self.south <= place.lat <= self.north:
            return False
        if self.west <= self.east:
            return self.west <= place.lon <= self.east
        return place.lon >= self.west or place.lon <= self.east

    def wider(self) -> "Box":
        """Three times as high and as broad, with itself in the middle; itself where that would leave the map."""
        high, broad = self.north - self.south, self.east - self.west
        wide = Box(self.south - high, self.north + high, self.west - broad, self.east + broad)
        is_on_the_map = wide.south > -90 and wide.north < 90 and -180 <= wide.west <= wide.east < 180
        return wide if is_on_the_map else self

    def covers(self, other: "Box") -> bool:
        """Whether the other lies within it; False for one across the 180th, which nobody need know."""
        if self.west > self.east or other.west > other.east:
            return False
        upright = self.south <= other.south and other.north <= self.north
        return upright and self.west <= other.west and other.east <= self.east


def distance_km(a: Place, b: Place) -> float:
    """Great-circle distance (haversine, mean Earth radius): within 0.6 % of the geodesic, at a fiftieth of its cost."""
    lat_a, lat_b = radians(a.lat), radians(b.lat)
    half = sin((lat_b - lat_a) / 2) ** 2 + cos(lat_a) * cos(lat_b) * sin(radians(b.lon - a.lon) / 2) ** 2
    return 2 * EARTH_RADIUS_KM * asin(sqrt(min(1.0, half)))


def geodesic_km(a: Place, b: Place) -> float:
    """The shortest way along the ellipsoid (WGS 84; Karney 2013)."""
    metres: float = Geodesic.WGS84.Inverse(a.lat, a.lon, b.lat, b.lon, Geodesic.DISTANCE)["s12"]
    return metres / 1000


def box(place: Place, km: float) -> Box:
    """A box that holds every place within so many kilometres, and a little more."""
    reach = km / LEAST_RATIO / EARTH_RADIUS_KM
    tall = degrees(reach)
    south, north = place.lat - tall, place.lat + tall
    if south <= -90 or north >= 90:  # a pole lies within, and with it every meridian
        return Box(max(-90.0, south), min(90.0, north), -180.0, 180.0)
    wide = degrees(asin(min(1.0, sin(reach) / cos(radians(place.lat))))) * (1 + 1e-9) + 1e-9
    return Box(south, north, _wrapped(place.lon - wide), _wrapped(place.lon + wide))


def _wrapped(lon: float) -> float:
    return (lon + 180.0) % 360.0 - 180.0 if not -180.0 <= lon <= 180.0 else lon


def by_distance(place: Place, among: Iterable[T], where: Callable[[T], Place]) -> Iterator[tuple[float, T]]:
    """With their geodesic kilometres, the nearest first; a geodesic is drawn only where the rough one cannot tell."""
    rough = sorted(((distance_km(place, where(one)), n, one) for n, one in enumerate(among)), key=_first)
    known: list[tuple[float, int, T]] = []
    for about, n, one in rough:
        while known and known[0][0] <= about * LEAST_RATIO:
            km, _, nearest = heappop(known)
            yield km, nearest
        heappush(known, (geodesic_km(place, where(one)), n, one))
    while known:
        km, _, nearest = heappop(known)
        yield km, nearest


def _first(one: tuple[float, int, T]) -> tuple[float, int]:
    return one[:2]


def nearest(
    place: Place,
    look: Callable[[Box], Iterable[T]],
    where: Callable[[T], Place],
    *,
    good: Callable[[T], bool] = lambda one: True,
    want: int = 1,
    slack_km: float = 0.0,
    within_km: float = WHOLE_EARTH_KM,
) -> list[tuple[float, T]]:
    """Everything up to the `want`-th good one, the nearest first, in geodesic kilometres.

    `look` gives what lies in a box (more does no harm). The boxes grow until one surely holds the answer, up to
    `within_km`. With `slack_km` also what is no more than so much farther than the last wanted one.
    """
    km = min(NARROWEST_KM, within_km)
    while True:
        found = _up_to(place, look(box(place, km)), where, good, want, slack_km, km)
        if found is not None:
            return found
        if km >= within_km:
            among = by_distance(place, look(box(place, km)), where)
            return [one for one in among if one[0] <= within_km]
        km = min(km * WIDER, within_km)


def _up_to(
    place: Place,
    among: Iterable[T],
    where: Callable[[T], Place],
    good: Callable[[T], bool],
    want: int,
    slack_km: float,
    sure_km: float,
) -> list[tuple[float, T]] | None:
    """The answer if what lies within `sure_km` settles it."""
    found: list[tuple[float, T]] = []
    last, left = sure_km - slack_km, want
    for km, one in by_distance(place, among, where):
        if km > sure_km or (left == 0 and km > last + slack_km):
            break
        found.append((km, one))
        if left and good(one):
            left -= 1
            last = km if left == 0 else last
        if left == 0 and not slack_km:  # the next one need not even be measured
            break
    return found if left == 0 and last + slack_km <= sure_km else None
