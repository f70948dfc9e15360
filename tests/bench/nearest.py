"""How long the nearest station on duty with room takes to find among very many nationwide, and whether it is right.

`NEAREST_POINTS=10000` compares so many places with every geodesic that could be the shortest; by default 300.
"""

import math
import os
import time
from collections.abc import Iterator
from random import Random

from django.db import connection

from dispatch.models import Case, Unit
from dispatch.nearness import LEAST_RATIO, MOST_RATIO, Place, distance_km, geodesic_km
from dispatch.stations import Roster, Wanted
from dispatch.vocabulary import UnitKind
from tests.bench.cpu import pace
from tests.bench.table import Row
from tests.factories import START

STATIONS = int(os.environ.get("NEAREST_STATIONS", "50000"))
POINTS = int(os.environ.get("NEAREST_POINTS", "300"))
TIMED = 300
GOAL = 10.0  # milliseconds
WEST, EAST, SOUTH, NORTH = (
    75.0,
    134.0,
    18.5,
    53.0,
)  # where most of them lie; some lie about the 180th meridian
AT_ONCE = 2_000


_STATIONS = """
INSERT INTO dispatch_unit (name, kind, adcode, code, zone, register, parent_id, path, lat, lon, duty_phone, on_duty,
                           room)
VALUES (%s, 'station', '', '', 'Asia/Shanghai', '', %s, %s, %s, %s, '', %s, 4)
"""


def grow(random: Random) -> tuple[Unit, list[Place]]:
    """Stations in clusters, as towns are; one in twenty is off duty, one in fifty lies about the 180th meridian."""
    root = Unit.objects.create(name="全国", kind=UnitKind.CITY, adcode="000000")
    seats = [(random.uniform(SOUTH, NORTH), random.uniform(WEST, EAST)) for _ in range(STATIONS // 20 + 1)]
    seats += [(random.uniform(-20, 70), random.choice((179.9, -179.9))) for _ in range(len(seats) // 50 + 1)]
    rows, places = [], []
    for n in range(STATIONS):
        lat, lon = random.choice(seats)
        lat, lon = lat + random.gauss(0, 0.1), (lon + random.gauss(0, 0.1) + 180) % 360 - 180
        on_duty = random.random() > 0.05
        rows.append((f"所 {n}", root.pk, f"{root.path}s{n}/", lat, lon, on_duty))
        if on_duty:
            places.append(Place(lat, lon))
    with connection.cursor() as cursor:
        for start in range(0, STATIONS, AT_ONCE):
            cursor.executemany(_STATIONS, rows[start : start + AT_ONCE])
        cursor.execute("ANALYZE")
    return root, places


def measure() -> Iterator[Row]:
    """The time of one choice from the database, objects and all; how many agree with brute force; both distances."""
    random = Random(20260302)
    root, places = grow(random)
    asked = [_somewhere(random, places) for _ in range(max(TIMED, POINTS))]
    _choose(root, asked[0])  # composes the statements
    took, found = [], []
    for place in asked:
        began = time.perf_counter()
        unit = _choose(root, place)
        took.append(1000 * (time.perf_counter() - began))
        found.append(unit)
    worst = max(took[:TIMED])
    yield Row(
        "the nearest station on duty with room",
        f"{STATIONS:,} stations, {TIMED} places; {connection.vendor}",
        tuple(took[:TIMED]),
        "ms",
        pace=pace(),
        ratio=f"worst {worst:.1f} ms",
        goal=f"{GOAL:.0f} ms",
        kept=sorted(took[:TIMED])[TIMED // 2] <= GOAL,
    )
    right = _agree(asked[:POINTS], found[:POINTS], places)
    share = (100 * right / POINTS,)
    yield Row("as brute force finds it", f"{POINTS:,} places", share, "%", goal="all", kept=right == POINTS)
    for what, measured in (("a great circle", distance_km), ("a geodesic", geodesic_km)):
        began = time.perf_counter()
        for place in asked[:TIMED]:
            measured(place, places[0])
        yield Row(what, "one distance", (1e6 * (time.perf_counter() - began) / TIMED,), "µs")


def _somewhere(random: Random, places: list[Place]) -> Place:
    """Mostly where people live, that is about stations; one in ten anywhere."""
    if random.random() < 0.1:
        return Place(random.uniform(SOUTH, NORTH), random.uniform(WEST, EAST))
    near = random.choice(places)
    return Place(near.lat + random.gauss(0, 0.05), (near.lon + random.gauss(0, 0.05) + 180) % 360 - 180)


def _choose(root: Unit, place: Place) -> Unit | None:
    case = Case(lat=place.lat, lon=place.lon, unit=root, place_at=START)
    return Roster(START).assign(case, Wanted(reach_km=3_000))


def _agree(asked: list[Place], found: list[Unit | None], places: list[Place]) -> int:
    """How often the station found is, to the 0.1 km that makes no difference, as near as the nearest of all."""
    vectors = [_vector(place) for place in places]
    right = 0
    for place, unit in zip(asked, found, strict=True):
        x, y, z = _vector(place)
        cosines = [x * a + y * b + z * c for a, b, c in vectors]
        most = math.acos(min(1.0, max(cosines))) * MOST_RATIO / LEAST_RATIO + 1e-7
        left = [one for one, near in zip(places, cosines, strict=True) if near >= math.cos(most)]
        least = min(geodesic_km(place, one) for one in left)
        mine = geodesic_km(place, Place(unit.lat or 0.0, unit.lon or 0.0)) if unit else math.inf
        right += round(mine, 1) <= round(least, 1)
    return right


def _vector(place: Place) -> tuple[float, float, float]:
    lat, lon = math.radians(place.lat), math.radians(place.lon)
    return math.cos(lat) * math.cos(lon), math.cos(lat) * math.sin(lon), math.sin(lat)
