"""The nearest of very many: the same as drawing every geodesic, wherever on Earth, and in few looks."""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from random import Random

import pytest
from geographiclib.geodesic import Geodesic
from hypothesis import given
from hypothesis import strategies as st

from dispatch import nearness
from dispatch.nearness import Box, Place, box, distance_km, geodesic_km, nearest

PLACES = st.builds(Place, st.floats(-90, 90), st.floats(-180, 180))
STATIONS = 36


class Among:
    """Stations in order of latitude, as an index has them; how many looks were taken."""

    def __init__(self, stations: Iterable[Place]) -> None:
        self.stations = sorted(stations, key=lambda place: place.lat)
        self.lats = [place.lat for place in self.stations]
        self.looks = 0

    def look(self, box: Box) -> list[Place]:
        self.looks += 1
        strip = self.stations[bisect_left(self.lats, box.south) : bisect_right(self.lats, box.north)]
        return [place for place in strip if box.holds(place)]


def itself(place: Place) -> Place:
    return place


def anywhere(random: Random) -> Place:
    """Evenly over the sphere."""
    return Place(math.degrees(math.asin(random.uniform(-1, 1))), random.uniform(-180, 180))


def vector(place: Place) -> tuple[float, float, float]:
    lat, lon = math.radians(place.lat), math.radians(place.lon)
    return math.cos(lat) * math.cos(lon), math.cos(lat) * math.sin(lon), math.sin(lat)


def by_force(place: Place, stations: list[Place], vectors: list[tuple[float, float, float]]) -> list[Place]:
    """All stations as near as the nearest: geodesics decide between those that the great circle cannot tell apart."""
    x, y, z = vector(place)
    nearness_of = [x * a + y * b + z * c for a, b, c in vectors]  # the cosine of the angle between
    angle = math.acos(max(-1.0, min(1.0, max(nearness_of))))
    most = angle * nearness.MOST_RATIO / nearness.LEAST_RATIO + 1e-7
    left = [
        one for one, near in zip(stations, nearness_of, strict=True) if near >= math.cos(min(most, math.pi))
    ]
    if len(left) == 1:
        return left
    kms = [geodesic_km(place, one) for one in left]
    return [one for one, km in zip(left, kms, strict=True) if km <= min(kms) + 1e-9]


def around(random: Random, place: Place, km: float) -> Place:
    reach = km / 111
    lat = max(-90.0, min(90.0, place.lat + random.uniform(-reach, reach)))
    lon = place.lon + random.uniform(-reach, reach) / max(math.cos(math.radians(lat)), 0.05)
    return Place(lat, (lon + 180) % 360 - 180)


def between(a: Place, b: Place) -> Place:
    """The middle of the great circle: about as far from the one as from the other, where borders are."""
    x, y, z = (sum(pair) for pair in zip(vector(a), vector(b), strict=True))
    return Place(math.degrees(math.atan2(z, math.hypot(x, y))), math.degrees(math.atan2(y, x)))


@pytest.mark.parametrize("points", [1_500, pytest.param(10_000, marks=pytest.mark.long)])
def test_of_many_places_each_finds_the_station_that_brute_force_finds(points: int) -> None:
    """Anywhere on Earth; about the 180th meridian; in the middle of two stations; in the country around one."""
    random = Random(20260302)
    seats = [Place(21.66, 110.92), Place(71.3, -179.9), Place(-16.8, 179.95), Place(43.8, 87.6)]
    stations = [around(random, random.choice(seats), 120) for _ in range(STATIONS)]
    stations += [Place(90, 0), Place(-90, 0), Place(0, 180), Place(0, -180)]
    among, vectors = Among(stations), [vector(one) for one in stations]
    wrong = []
    for n in range(points):
        match n % 8:
            case 0:
                place = anywhere(random)
            case 1 | 2:
                place = around(random, random.choice(seats[1:3]), 60)
            case 3 | 4:
                place = between(*random.sample(stations[:STATIONS], 2))
            case _:
                place = around(random, random.choice(stations), 30)
        found = nearest(place, among.look, itself)
        if found[0][1] not in by_force(place, stations, vectors):
            wrong.append(place)
    assert wrong == []
    assert among.looks <= 6 * points


@given(PLACES, PLACES)
def test_the_rough_distance_stays_within_its_bounds_of_the_geodesic(a: Place, b: Place) -> None:
    rough, exact = distance_km(a, b), geodesic_km(a, b)
    assert rough * nearness.LEAST_RATIO - 1e-6 <= exact <= rough * nearness.MOST_RATIO + 1e-6


@given(PLACES, st.floats(0.01, 20_040), st.floats(0, 360), st.floats(0, 1))
def test_a_box_holds_every_place_within_its_reach(place: Place, km: float, way: float, share: float) -> None:
    there = Geodesic.WGS84.Direct(place.lat, place.lon, way, km * 1000 * share)
    assert box(place, km).holds(Place(there["lat2"], there["lon2"]))


@given(PLACES, st.lists(PLACES, min_size=1, max_size=12), st.integers(1, 4))
def test_as_many_good_ones_as_are_wanted_come_the_nearest_first(
    place: Place, stations: list[Place], want: int
) -> None:
    good = set(stations[::2])
    found = nearest(place, Among(stations).look, itself, good=good.__contains__, want=want)
    kms = [km for km, _ in found]
    assert kms == sorted(kms)
    ordered = sorted(geodesic_km(place, one) for one in stations if one in good)
    got = [km for km, one in found if one in good]
    assert got[:want] == pytest.approx(ordered[:want])


@given(PLACES, st.lists(PLACES, min_size=1, max_size=8), st.floats(1, 15_000))
def test_nothing_beyond_the_reach_is_found(place: Place, stations: list[Place], reach: float) -> None:
    found = nearest(place, Among(stations).look, itself, want=len(stations), within_km=reach)
    within = [one for one in stations if geodesic_km(place, one) <= reach]
    assert sorted(map(repr, within)) == sorted(repr(one) for _, one in found)


def test_those_as_near_as_makes_no_difference_come_along() -> None:
    place, near, as_near = Place(21.55, 110.98), Place(21.56, 110.98), Place(21.5605, 110.98)
    found = nearest(place, Among([near, as_near, Place(21.6, 110.98)]).look, itself, slack_km=0.1)
    assert [one for _, one in found] == [near, as_near]


@pytest.mark.parametrize(
    ("a", "b", "km"),
    [
        (Place(21.662991, 110.925439), Place(22.543527, 114.057939), 336.85),  # Maoming, Shenzhen
        (Place(0, 179.5), Place(0, -179.5), 111.32),
        (Place(90, 0), Place(-90, 0), 20003.93),
    ],
)
def test_the_geodesic_is_that_of_wgs_84(a: Place, b: Place, km: float) -> None:
    assert geodesic_km(a, b) == pytest.approx(km, abs=0.01 if km != 336.85 else 1)


@given(PLACES, PLACES, st.floats(0.01, 2_000), st.floats(0.01, 2_000), PLACES)
def test_what_a_covered_box_holds_its_cover_holds_and_a_wider_box_covers(
    place: Place, other: Place, km: float, more: float, there: Place
) -> None:
    inner, outer = box(place, km), box(other, more)
    for cover in (outer, outer.wider(), inner.wider()):
        if cover.covers(inner) and inner.holds(there):
            assert cover.holds(there)
    if inner.west <= inner.east:
        assert inner.wider().covers(inner)
