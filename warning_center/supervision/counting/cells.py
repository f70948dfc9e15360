"""The cells that marks add to: a unit and all above it, a cut, a key, a day, a profile. No Django."""

from collections.abc import Iterable, Iterator
from datetime import date

from warning_center.supervision.counting.marks import Mark

NOWHERE = 0  # the node of what has no unit
CellKey = tuple[int, str, str, date, str]  # node, cut, key, day, profile


def spread(path: str, day: date, kept: Iterable[tuple[Mark, str]]) -> Iterator[tuple[CellKey, Mark]]:
    """Each mark with the profile kept beside it, once for each unit of the path."""
    nodes = [int(pk) for pk in path.split("/") if pk] or [NOWHERE]
    for mark, profile in kept:
        for node in nodes:
            yield (node, mark.cut, mark.key, day, profile), mark
