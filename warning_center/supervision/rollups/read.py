"""Reading figures from the roll-ups: of a filter, the profiles that occur, how many directives have each, the sums."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache, reduce
from operator import or_

from django.db.models import Count, Q, QuerySet, Sum

from dispatch.models import Unit
from warning_center.models import Cell, Counted
from warning_center.supervision import rates
from warning_center.supervision.counting import marks, profile
from warning_center.supervision.counting.cells import NOWHERE
from warning_center.supervision.counting.profile import Profile
from warning_center.supervision.statistics import Filter

ANY = "*"  # any key of a cut
OR = "|"  # between several operators: a team
COLUMNS = ("", "fraud", "source")  # cuts whose keys a directive has as columns, the whole among them


@dataclass(frozen=True, slots=True)
class Some:
    """So many directives that stand alike, and what their marks sum up to."""

    standing: Profile
    directives: int
    total: int = 0
    parts: frozenset[str] = frozenset()

    def holds(self, part: str) -> bool:
        """Whether these belong to a part."""
        return part in self.parts


Rows = tuple[Some, ...]
Found = dict[str, dict[str, tuple[int, int]]]  # by key and profile: how many, and the sum


def token(cut: str, key: str) -> str:
    """What stands in the marks of every row that a key of a cut counts; `ANY` at its end leaves the rest open."""
    return f"~{cut}={key.removesuffix(ANY)}" if key.endswith(ANY) else f"~{cut}={key} "


@lru_cache(maxsize=4096)
def parts_of(code: str) -> frozenset[str]:
    """Every part that a profile belongs to: each predicate is asked once."""
    standing = profile.parse(code)
    return frozenset(part for part, holds in rates.PARTS.items() if holds(standing))


class Reading:
    """One filter's figures; what several of them need is asked once."""

    def __init__(self, wanted: Filter) -> None:
        self.wanted = wanted
        self._read: dict[str, dict[str, Rows]] = {}
        self._below: dict[int, Rows] | None = None

    def whole(self) -> Rows:
        """All directives of the filter."""
        return self.cut("").get("", ())

    def cut(self, cut: str) -> dict[str, Rows]:
        """The directives of the filter by the keys of a cut. A cut of many marks may count one more than once."""
        if cut not in self._read:
            self.ask(cut)
        return self._read[cut]

    def ask(self, *cuts: str) -> None:
        """Read several cuts at once: two queries at most."""
        wanted = [cut for cut in cuts if cut not in self._read]
        self._read.update({cut: {} for cut in wanted})
        if self.nodes is None:
            return
        stored = {cut: how for cut in wanted if (how := self._as_cells(cut)) is not None}
        for cut, found in self._cells(stored, self.nodes).items():
            self._read[cut] = _rows(found)
        if self.wanted.exactly:
            for cut, below in self._cells(stored, self.children).items():
                whole = {
                    key: {row.standing.code: (row.directives, row.total) for row in rows}
                    for key, rows in self._read[cut].items()
                }
                self._read[cut] = _rows(_less(whole, below))
        told = [cut for cut in wanted if cut not in stored]
        for cut, found in {**self._columns(told), **self._marks(told)}.items():
            self._read[cut] = _rows(found)

    def below(self) -> dict[int, Rows]:
        """By the units next below the chosen one; what is its own stands under its own id, nobody's under 0."""
        if self._below is None:
            self._below = self._by_unit()
        return self._below

    def _by_unit(self) -> dict[int, Rows]:
        if self.nodes is None:
            return {}
        here = self.nodes[0] if self.base else NOWHERE
        found = {} if self.wanted.exactly else self._by_node(self.children)
        whole = {row.standing.code: (row.directives, row.total) for row in self.whole()}
        own = _less({"": whole}, {"": _plus(found.values())})[""]
        return {node: rows for node, some in [*found.items(), (here, own)] if (rows := _some(some))}

    def behind(self, part: str, cut: str, key: str) -> "QuerySet[Counted]":
        """Exactly the directives of a figure, the newest first: those for which the same predicate holds."""
        if self.nodes is None:
            return Counted.objects.none()
        holds = rates.PARTS[part]
        codes = [
            code
            for code in self._window(self.nodes, "").values_list("profile", flat=True).distinct()
            if holds(profile.parse(code)) and self._level(profile.parse(code))
        ]
        rows = self._listed().filter(profile__in=codes)
        if cut:
            keys = key.split(OR) if cut == "operator" else [key]
            rows = rows.filter(reduce(or_, (Q(marks__contains=token(cut, one)) for one in keys)))
        return rows.order_by("-day", "-directive")

    # where

    @cached_property
    def base(self) -> str | None:
        """The path of the subtree that is asked for and may be seen; None is everything, "" is nothing."""
        unit, scope = self.wanted.unit, self.wanted.scope
        if scope is None:
            return unit or None
        if self.wanted.exactly and not unit:  # what has no unit is in nobody's subtree
            return ""
        if unit and scope.startswith(unit) and unit != scope and self.wanted.exactly:
            return ""
        if scope == "" or (unit and not unit.startswith(scope) and not scope.startswith(unit)):
            return ""
        return max(unit, scope, key=len)

    @cached_property
    def nodes(self) -> list[int] | None:
        """The nodes that add up to the subtree; None: nothing may be seen."""
        if self.base == "":
            return None
        if self.base is None and self.wanted.exactly:
            return [NOWHERE]
        if self.base is None:
            return [*Unit.objects.filter(parent=None).order_by("path").values_list("pk", flat=True), NOWHERE]
        return [int(self.base.rstrip("/").rsplit("/", 1)[-1])]

    @cached_property
    def children(self) -> list[int]:
        """The units next below, in the tree's order; of everything, its roots."""
        if self.base is None:
            return [node for node in self.nodes or [] if node != NOWHERE]
        below = Unit.objects.filter(parent__in=self.nodes or []).order_by("path")
        return list(below.values_list("pk", flat=True))

    # from the cells

    def _window(self, nodes: Sequence[int], *cuts: str) -> "QuerySet[Cell]":
        cells = Cell.objects.filter(node__in=nodes, cut__in=cuts)
        if self.wanted.since:
            cells = cells.filter(day__gte=self.wanted.since)
        if self.wanted.until:
            cells = cells.filter(day__lte=self.wanted.until)
        return cells

    def _as_cells(self, cut: str) -> tuple[str, str] | None:
        """The cut, and the key of it, whose cells tell this cut under this filter; None: none are as fine."""
        pairs = (("fraud", self.wanted.fraud), ("source", self.wanted.source))
        narrow = [(name, str(value)) for name, value in pairs if value]
        if not narrow:
            return cut, ""
        return narrow[0] if len(narrow) == 1 and cut in ("", narrow[0][0]) else None

    def _cells(self, stored: Mapping[str, tuple[str, str]], nodes: Sequence[int]) -> dict[str, Found]:
        """Cuts as they are stored (`_as_cells`): by key and profile how many, and the sum."""
        found: dict[str, Found] = {cut: defaultdict(dict) for cut in stored}
        cells = self._window(nodes, *{cut for cut, _key in stored.values()})
        if len(narrow := {key for _cut, key in stored.values()}) == 1 and "" not in narrow:
            cells = cells.filter(key__in=narrow)
        sums = (
            cells.order_by().values_list("cut", "key", "profile").annotate(many=Sum("n"), size=Sum("total"))
        )
        for name, key, code, many, size in sums:
            if not self._level(profile.parse(code)):
                continue
            for cut, (stored_as, only) in stored.items():
                if name == stored_as and only in ("", key):
                    found[cut][key if cut else ""][code] = (many, size)
        return found

    def _by_node(self, nodes: Sequence[int]) -> dict[int, dict[str, tuple[int, int]]]:
        """The whole of each of these parts of the tree, however fine the filter."""
        if (stored := self._as_cells("")) is None:
            return self._by_path(nodes)
        cells = self._window(nodes, stored[0])
        if stored[1]:
            cells = cells.filter(key=stored[1])
        found: dict[int, dict[str, tuple[int, int]]] = {node: {} for node in nodes}
        sums = cells.order_by().values_list("node", "profile").annotate(many=Sum("n"), size=Sum("total"))
        for node, code, many, size in sums:
            if self._level(profile.parse(code)):
                found[node][code] = (many, size)
        return found

    def _level(self, standing: Profile) -> bool:
        return self.wanted.level is None or standing.level is self.wanted.level

    # from the directives

    def _listed(self) -> "QuerySet[Counted]":
        wanted, rows = self.wanted, Counted.objects.all()
        if wanted.since:
            rows = rows.filter(day__gte=wanted.since)
        if wanted.until:
            rows = rows.filter(day__lte=wanted.until)
        if wanted.exactly:
            rows = rows.filter(path=self.base or "")
        elif self.base:
            rows = rows.filter(path__startswith=self.base)
        if wanted.fraud:
            rows = rows.filter(fraud=wanted.fraud)
        if wanted.source:
            rows = rows.filter(source=wanted.source)
        return rows

    def _columns(self, cuts: Collection[str]) -> dict[str, Found]:
        """Those of the cuts whose keys are columns: added up by the database."""
        found: dict[str, Found] = {cut: defaultdict(dict) for cut in cuts if cut in COLUMNS}
        if not found:
            return {}
        rows = self._listed().order_by().values_list("profile", "fraud", "source")
        for code, fraud, source, n in rows.annotate(n=Count("pk")):
            if self._level(profile.parse(code)):
                keys = {"": "", "fraud": fraud, "source": source}
                for cut, some in found.items():
                    had, _ = some[keys[cut]].get(code, (0, 0))
                    some[keys[cut]][code] = (had + n, 0)
        return found

    def _marks(self, cuts: Collection[str]) -> dict[str, Found]:
        """The other cuts, from each directive's marks: of these only what is asked for is taken apart."""
        found: dict[str, Found] = {cut: defaultdict(dict) for cut in cuts if cut not in COLUMNS}
        if not found:
            return {}
        asked = marks.of_cuts(found)
        for code, stored in self._listed().values_list("profile", "marks"):
            if not self._level(profile.parse(code)):
                continue
            for total, cut, key in asked.findall(stored):
                some = found[cut][key]
                kept = marks.kept(cut, code)
                n, size = some.get(kept, (0, 0))
                some[kept] = (n + 1, size + int(total or 0))
        return found

    def _by_path(self, nodes: Sequence[int]) -> dict[int, dict[str, tuple[int, int]]]:
        """The whole of each of these units, all below them with them: from the directives, in one query."""
        found: dict[int, dict[str, tuple[int, int]]] = {node: {} for node in nodes}
        rows = self._listed().order_by().values_list("path", "profile").annotate(n=Count("pk"))
        for path, code, n in rows:
            if self._level(profile.parse(code)):
                for node in {int(pk) for pk in path.split("/") if pk} & found.keys():
                    had, _ = found[node].get(code, (0, 0))
                    found[node][code] = (had + n, 0)
        return found


def _some(found: Mapping[str, tuple[int, int]]) -> Rows:
    return tuple(
        Some(profile.parse(code), n, total, parts_of(code)) for code, (n, total) in sorted(found.items()) if n
    )


def _rows(found: Mapping[str, Mapping[str, tuple[int, int]]]) -> dict[str, Rows]:
    return {key: rows for key, some in sorted(found.items()) if (rows := _some(some))}


def _plus(many: Iterable[Mapping[str, tuple[int, int]]]) -> dict[str, tuple[int, int]]:
    added: dict[str, tuple[int, int]] = {}
    for some in many:
        for code, (n, total) in some.items():
            had = added.get(code, (0, 0))
            added[code] = (had[0] + n, had[1] + total)
    return added


def _less(
    found: Mapping[str, Mapping[str, tuple[int, int]]], taken: Mapping[str, Mapping[str, tuple[int, int]]]
) -> Found:
    return {
        key: {
            code: (
                n - taken.get(key, {}).get(code, (0, 0))[0],
                total - taken.get(key, {}).get(code, (0, 0))[1],
            )
            for code, (n, total) in some.items()
        }
        for key, some in found.items()
    }


def together(groups: Iterable[Rows]) -> Rows:
    """Several groups as one."""
    return tuple(row for rows in groups for row in rows)
