"""Reading what happened in a period from the roll-ups: how many cases, and how often or how much."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import date
from functools import cached_property

from django.db.models import QuerySet, Sum

from warning_center.models import Cell, Happening
from warning_center.supervision.counting import marks
from warning_center.supervision.rollups.read import Reading, token
from warning_center.supervision.statistics import Filter

Sizes = tuple[int, int]  # cases, each once a day; the totals of their marks
ByDay = dict[str, dict[str, dict[date, Sizes]]]  # cut, key, day


class Happened:
    """What happened in a filter's days, whenever the directive was received."""

    def __init__(self, wanted: Filter) -> None:
        self.wanted = wanted
        self._where = Reading(wanted)
        self._read: ByDay = {}

    def ask(self, *cuts: str) -> None:
        """Read several cuts at once: one query."""
        wanted = [cut for cut in cuts if cut not in self._read]
        self._read |= {cut: {} for cut in wanted}
        if not wanted or self._where.nodes is None:
            return
        narrow = self.wanted.fraud or self.wanted.source or self.wanted.exactly
        self._read |= self._told(wanted) if narrow else self._cells(wanted, self._where.nodes)

    def days(self, cut: str) -> dict[str, dict[date, Sizes]]:
        """A cut by key and day."""
        if cut not in self._read:
            self.ask(cut)
        return self._read[cut]

    def whole(self, cut: str) -> dict[str, Sizes]:
        """A cut by key, all days together."""
        return {key: added(by_day.values()) for key, by_day in self.days(cut).items()}

    def behind(self, cut: str, key: str) -> "QuerySet[Happening]":
        """Exactly the cases' days that a figure counts, the newest first."""
        return self._rows.filter(marks__contains=token(cut, key)).order_by("-day", "-case")

    @cached_property
    def _rows(self) -> "QuerySet[Happening]":
        wanted, rows = self.wanted, Happening.objects.all()
        if self._where.nodes is None:
            return rows.none()
        if wanted.since:
            rows = rows.filter(day__gte=wanted.since)
        if wanted.until:
            rows = rows.filter(day__lte=wanted.until)
        if wanted.exactly:
            rows = rows.filter(path=self._where.base or "")
        elif self._where.base:
            rows = rows.filter(path__startswith=self._where.base)
        narrow = {"level": wanted.level, "fraud": wanted.fraud, "source": wanted.source}
        return rows.filter(**{name: value for name, value in narrow.items() if value})

    def _cells(self, cuts: Collection[str], nodes: Sequence[int]) -> ByDay:
        cells = Cell.objects.filter(node__in=nodes, cut__in=cuts)
        if self.wanted.since:
            cells = cells.filter(day__gte=self.wanted.since)
        if self.wanted.until:
            cells = cells.filter(day__lte=self.wanted.until)
        if self.wanted.level:
            cells = cells.filter(profile=marks.level_code(self.wanted.level))
        found = _empty(cuts)
        sums = cells.order_by().values_list("cut", "key", "day").annotate(many=Sum("n"), size=Sum("total"))
        for cut, key, day, many, size in sums:
            found[cut][key][day] = (many, size)
        return found

    def _told(self, cuts: Collection[str]) -> ByDay:
        found = _empty(cuts)
        asked = marks.of_cuts(cuts)
        for day, stored in self._rows.values_list("day", "marks"):
            for size, cut, key in asked.findall(stored):
                n, total = found[cut][key].get(day, (0, 0))
                found[cut][key][day] = (n + 1, total + int(size or 0))
        return found


def _empty(cuts: Collection[str]) -> ByDay:
    return {cut: defaultdict(dict) for cut in cuts}


def added(many: Collection[Sizes]) -> Sizes:
    """Several of them together."""
    return sum(n for n, _ in many), sum(total for _, total in many)
