"""Outlines of areas as GeoJSON has them: read and checked, their bounds, whether they hold a place. No Django."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from math import isfinite
from typing import Any

from dispatch.nearness import Box, Place

Ring = tuple[tuple[float, float], ...]  # (longitude, latitude), the last as the first
Outline = tuple[tuple[Ring, ...], ...]  # polygons; of each the outer ring, then its holes
MOST_POINTS = 20_000


class BadOutline(ValueError):
    """What a geometry breaks; a message id for gettext."""


def read(geometry: Any) -> Outline:
    """A GeoJSON Polygon or MultiPolygon (RFC 7946: longitude first, split at the 180th meridian). Raises BadOutline."""
    if not isinstance(geometry, Mapping):
        raise BadOutline("an outline is a GeoJSON Polygon or MultiPolygon")
    given = geometry.get("coordinates")
    match geometry.get("type"):
        case "Polygon":
            polygons: Any = [given]
        case "MultiPolygon":
            polygons = given
        case _:
            raise BadOutline("an outline is a GeoJSON Polygon or MultiPolygon")
    if not isinstance(polygons, list) or not polygons:
        raise BadOutline("an outline has at least one ring")
    outline = tuple(_polygon(polygon) for polygon in polygons)
    if sum(len(ring) for ring in rings(outline)) > MOST_POINTS:
        raise BadOutline("an outline has at most 20,000 points")
    return outline


def _polygon(given: Any) -> tuple[Ring, ...]:
    if not isinstance(given, list) or not given:
        raise BadOutline("an outline has at least one ring")
    return tuple(_ring(ring) for ring in given)


def _ring(given: Any) -> Ring:
    if not isinstance(given, list) or len(given) < 4:
        raise BadOutline("a ring has at least four points")
    ring = tuple(_point(point) for point in given)
    if ring[0] != ring[-1]:
        raise BadOutline("a ring ends where it begins")
    if any(abs(a[0] - b[0]) > 180 for a, b in pairwise(ring)):
        raise BadOutline("an outline is cut at the 180th meridian")
    if not sum(a[0] * b[1] - b[0] * a[1] for a, b in pairwise(ring)):
        raise BadOutline("a ring encloses an area")
    return ring


def _point(given: Any) -> tuple[float, float]:
    if not isinstance(given, list) or len(given) < 2:
        raise BadOutline("a point is a longitude and a latitude")
    lon, lat = given[:2]
    if not all(isinstance(n, int | float) and not isinstance(n, bool) and isfinite(n) for n in (lon, lat)):
        raise BadOutline("a point is a longitude and a latitude")
    if not (-180 <= lon <= 180 and -90 <= lat <= 90):
        raise BadOutline("a longitude is from -180 to 180, a latitude from -90 to 90")
    return float(lon), float(lat)


def plain(outline: Outline) -> dict[str, Any]:
    """As GeoJSON again."""
    polygons = [[[list(point) for point in ring] for ring in polygon] for polygon in outline]
    if len(polygons) == 1:
        return {"type": "Polygon", "coordinates": polygons[0]}
    return {"type": "MultiPolygon", "coordinates": polygons}


def rings(outline: Outline) -> Iterator[Ring]:
    for polygon in outline:
        yield from polygon


def bounds(outlines: Sequence[Outline]) -> Box:
    """The smallest box around them all; none of our outlines lies across the 180th meridian."""
    points = [point for outline in outlines for ring in rings(outline) for point in ring]
    lons, lats = [lon for lon, _ in points], [lat for _, lat in points]
    return Box(min(lats), max(lats), min(lons), max(lons))


def holds(outline: Outline, place: Place) -> bool:
    """Whether a place lies inside: an odd number of edges is crossed on the way east. A hole is outside."""
    inside = False
    for ring in rings(outline):
        for (x1, y1), (x2, y2) in pairwise(ring):
            if (y1 > place.lat) != (y2 > place.lat):
                inside ^= place.lon < (x2 - x1) * (place.lat - y1) / (y2 - y1) + x1
    return inside
