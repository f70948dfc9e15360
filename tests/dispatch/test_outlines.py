"""Outlines: what is no outline is refused by its rule, what lies inside is inside, and the map keeps places apart."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch import atlas, outlines
from dispatch.nearness import Place
from warning_center import demonstration

SQUARE = [[110, 21], [112, 21], [112, 23], [110, 23], [110, 21]]
DEGREES = "a longitude is from -180 to 180, a latitude from -90 to 90"
HOLE = [[110.5, 21.5], [111, 21.5], [111, 22], [110.5, 22], [110.5, 21.5]]


def polygon(*rings: Any) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": list(rings)}


def test_a_hole_is_outside() -> None:
    outline = outlines.read(polygon(SQUARE, HOLE))
    assert outlines.holds(outline, Place(22.5, 111.5))
    assert not outlines.holds(outline, Place(21.7, 110.7))
    assert not outlines.holds(outline, Place(24, 111))


def test_an_outline_comes_out_as_it_went_in() -> None:
    many = {"type": "MultiPolygon", "coordinates": [[SQUARE, HOLE], [[[0, 0], [1, 0], [1, 1], [0, 0]]]]}
    assert outlines.plain(outlines.read(many)) == many
    assert outlines.plain(outlines.read(polygon(SQUARE))) == polygon(SQUARE)


@pytest.mark.parametrize(
    ("given", "rule"),
    [
        (None, "an outline is a GeoJSON Polygon or MultiPolygon"),
        ({"type": "Point", "coordinates": [1, 2]}, "an outline is a GeoJSON Polygon or MultiPolygon"),
        (polygon(), "an outline has at least one ring"),
        ({"type": "Polygon", "coordinates": None}, "an outline has at least one ring"),
        (polygon(SQUARE[:3]), "a ring has at least four points"),
        (polygon(SQUARE[:4]), "a ring ends where it begins"),
        (polygon([[0, 0], [1, 1], [2, 2], [0, 0]]), "a ring encloses an area"),
        (polygon([[179, 0], [-179, 0], [-179, 1], [179, 0]]), "an outline is cut at the 180th meridian"),
        (polygon([[21, 110], [21, 111], [22, 111], [21, 110]]), DEGREES),
        (polygon([["a", 0], [1, 0], [1, 1], ["a", 0]]), "a point is a longitude and a latitude"),
        (polygon([[float("nan"), 0], [1, 0], [1, 1], [0, 0]]), "a point is a longitude and a latitude"),
    ],
)  # fmt: skip
def test_what_is_no_outline_is_refused_by_its_rule(given: Any, rule: str) -> None:
    with pytest.raises(outlines.BadOutline) as bad:
        outlines.read(given)
    assert str(bad.value) == rule


@given(st.floats(110.001, 111.999), st.floats(21.001, 22.999))
def test_what_is_in_the_square_is_in_its_outline_and_on_the_map(lon: float, lat: float) -> None:
    outline, place = outlines.read(polygon(SQUARE)), Place(lat, lon)
    assert outlines.holds(outline, place)
    sheet = atlas.atlas([outline], [], width=400)
    x, y = sheet.point(place)
    assert atlas.EDGE <= x <= sheet.width - atlas.EDGE
    assert atlas.EDGE <= y <= sheet.height - atlas.EDGE


def test_north_is_up_and_east_is_right() -> None:
    sheet = atlas.atlas([], [Place(21, 110), Place(23, 112)], width=400)
    south_west, north_east = sheet.point(Place(21, 110)), sheet.point(Place(23, 112))
    assert south_west[0] < north_east[0]
    assert south_west[1] > north_east[1]
    km, pixels = sheet.scale()
    assert km == 50
    assert 0 < pixels <= 400 / 3


def test_a_map_of_nothing_and_of_one_place_is_a_map_all_the_same() -> None:
    assert atlas.atlas([], [], width=400).width == 400
    x, y = (alone := atlas.atlas([], [Place(21, 110)], width=400)).point(Place(21, 110))
    assert (x, y) == pytest.approx((alone.width / 2, alone.height / 2), abs=0.2)


def test_the_demonstration_s_sketches_hold_the_places_of_their_county() -> None:
    here = Path(demonstration.__file__).parent
    features = json.loads((here / "outlines.json").read_text())["features"]
    sketches = {one["properties"]["adcode"]: outlines.read(one["geometry"]) for one in features}
    units = json.loads((here / "units.json").read_text())["units"]
    for row in (one for one in units if one["adcode"][:6] in sketches):
        place = Place(row["lat"], row["lon"])
        holding = [code for code, sketch in sketches.items() if outlines.holds(sketch, place)]
        assert holding == [row["adcode"][:6]], row["name"]
