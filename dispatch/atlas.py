"""A map of one's own outlines and places in pixels: no tiles, nothing from outside. No Django."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import cos, floor, log10, radians

from dispatch.nearness import Box, Place, distance_km
from dispatch.outlines import Outline, bounds, rings

EDGE = 24.0  # pixels around


@dataclass(frozen=True, slots=True)
class Atlas:
    """From degrees to pixels: north is up, and a kilometre is as long across as up at the middle of the map."""

    box: Box
    width: float
    height: float

    @property
    def _scale(self) -> tuple[float, float]:
        """Pixels a degree, across and up."""
        up = (self.height - 2 * EDGE) / max(self.box.north - self.box.south, 1e-6)
        across = (self.width - 2 * EDGE) / max(self.box.east - self.box.west, 1e-6)
        return across, up

    def point(self, place: Place) -> tuple[float, float]:
        """Where a place is shown."""
        across, up = self._scale
        x = EDGE + (place.lon - self.box.west) * across
        y = self.height - EDGE - (place.lat - self.box.south) * up
        return round(x, 1), round(y, 1)

    def path(self, outline: Outline) -> str:
        """An outline as the `d` of an SVG path; holes stay holes under the even-odd rule."""
        drawn = []
        for ring in rings(outline):
            points = [self.point(Place(lat, lon)) for lon, lat in ring[:-1]]
            drawn.append("M" + "L".join(f"{x} {y}" for x, y in points) + "Z")
        return "".join(drawn)

    def scale(self) -> tuple[int, float]:
        """A round number of kilometres, and how many pixels it is long: at most a third of the map."""
        middle = (self.box.south + self.box.north) / 2
        whole = distance_km(Place(middle, self.box.west), Place(middle, self.box.east))
        most = max(whole / 3, 1.0)
        power = 10 ** floor(log10(most))
        km = max(int(next(n for n in (5, 2, 1) if n * power <= most) * power), 1)
        return km, round(km / max(whole, 1e-6) * (self.width - 2 * EDGE), 1)


def atlas(outlines: Sequence[Outline], places: Iterable[Place], *, width: float) -> Atlas:
    """A map that holds all of these, of a given width. With nothing to show it shows nothing."""
    boxes = [bounds(outlines)] if outlines else []
    boxes += [Box(p.lat, p.lat, p.lon, p.lon) for p in places]
    if not boxes:
        return Atlas(Box(0.0, 0.0, 0.0, 0.0), width, width / 2)
    box = Box(
        min(b.south for b in boxes),
        max(b.north for b in boxes),
        min(b.west for b in boxes),
        max(b.east for b in boxes),
    )
    if box.north - box.south < 0.01 or box.east - box.west < 0.01:  # one place alone stands in the middle
        box = Box(box.south - 0.05, box.north + 0.05, box.west - 0.05, box.east + 0.05)
    middle = radians((box.south + box.north) / 2)
    tall = (box.north - box.south) / ((box.east - box.west) * max(cos(middle), 0.01))
    return Atlas(box, width, round((width - 2 * EDGE) * min(max(tall, 0.3), 1.6) + 2 * EDGE, 1))


def middle(outline: Outline) -> Place:
    """Where a name may stand: the middle of the largest ring's points."""
    ring = max(rings(outline), key=len)[:-1]
    return Place(sum(lat for _, lat in ring) / len(ring), sum(lon for lon, _ in ring) / len(ring))
