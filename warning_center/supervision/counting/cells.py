"""The cells that marks add to: a unit and all above it, a cut, a key, a day, a profile. No Django."""

from abc import abstractmethod
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date

from warning_center.supervision.counting.marks import Mark

NOWHERE = 0  # the node of what has no unit
CellKey = tuple[int, str, str, date, str]  # node, cut, key, day, profile


class Spread:
    """What adds to cells: a directive as it counts, a case's day."""

    __slots__ = ()

    @abstractmethod
    def spread(self) -> Iterator[tuple[CellKey, Mark]]:
        """Each mark with each cell it adds to."""

    def cells(self) -> Counter[CellKey]:
        """What it adds to each cell: how many."""
        return Counter(key for key, _ in self.spread())

    def totals(self) -> Counter[CellKey]:
        """What it adds to each cell's sum."""
        sums: Counter[CellKey] = Counter()
        for key, mark in self.spread():
            sums[key] += mark.total
        return sums


def spread(path: str, day: date, kept: Iterable[tuple[Mark, str]]) -> Iterator[tuple[CellKey, Mark]]:
    """Each mark with the profile kept beside it, once for each unit of the path."""
    nodes = [int(pk) for pk in path.split("/") if pk] or [NOWHERE]
    for mark, profile in kept:
        for node in nodes:
            yield (node, mark.cut, mark.key, day, profile), mark
