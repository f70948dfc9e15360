"""The roll-ups made anew from the record, or compared with it: they must be the same."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import Any, TypeVar

from django.db import connection, transaction

from warning_center.models import Cell, Counted, Happening, Stirred, Sweep
from warning_center.supervision.counting import record
from warning_center.supervision.counting.cells import CellKey
from warning_center.supervision.rollups import keep

BATCH = 1000  # chains
ROWS = 5000
K = TypeVar("K", int, tuple[int, date])


class BusyError(RuntimeError):
    """Another keeper is at work."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What a comparison found: how much was compared, what waits to be counted, and every difference, by name."""

    directives: int
    cells: int
    waiting: int
    differences: tuple[str, ...]


def _batches(roots: Iterable[int], size: int) -> Iterator[list[int]]:
    rest = iter(roots)
    while batch := list(islice(rest, size)):
        yield batch


@transaction.atomic
def rebuild() -> int:
    """Make all roll-ups anew; how many directives were counted. Raises BusyError while a keeper works."""
    if not keep.locked():
        raise BusyError("the roll-ups are being kept by another process; try again")
    Sweep.objects.all().delete()
    Stirred.objects.all().delete()
    Counted.objects.all().delete()
    Happening.objects.all().delete()
    Cell.objects.all().delete()
    many: Counter[CellKey] = Counter()
    sums: Counter[CellKey] = Counter()
    counted = 0
    for batch in _batches(record.all_roots(), BATCH):
        rows = keep.fresh(batch)
        keep.save(rows)
        more, larger = keep.gathered(rows.adding())
        many.update(more)
        sums.update(larger)
        counted += len(rows.tallies)
    cells = (
        Cell(
            node=node,
            cut=cut,
            key=key,
            day=day,
            profile=profile,
            n=n,
            total=sums[node, cut, key, day, profile],
        )
        for (node, cut, key, day, profile), n in many.items()
    )
    for some in iter(lambda: list(islice(cells, ROWS)), []):
        Cell.objects.bulk_create(some)
    return counted


def check(*, most: int = 20) -> Checked:
    """Compare the roll-ups with the record, all in one snapshot; up to so many differences in words.

    Chains that have changed since they were last counted are left out, and told.
    """
    alone = not connection.in_atomic_block
    with transaction.atomic():
        if alone and connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        return _compare(most)


def _compare(most: int) -> Checked:
    stirred = record.roots_of(set(Stirred.objects.values_list("case", flat=True)))
    found: list[str] = []
    many: Counter[CellKey] = Counter()
    sums: Counter[CellKey] = Counter()
    directives = 0
    for batch in _batches(record.all_roots(), BATCH):
        kept = keep.kept(batch)
        more, larger = keep.gathered(kept.adding())
        many.update(more)
        sums.update(larger)
        fresh = keep.fresh([root for root in batch if root not in stirred])
        directives += len(fresh.tallies)
        found = [*found, *_differences(kept.but(stirred), fresh)][:most]
    cells = _cells()
    for key in sorted(many.keys() | cells.keys()):
        if cells.get(key) != (many[key], sums[key]) and len(found) < most:
            found.append(f"cell {key}: kept {cells.get(key)}, by its directives {many[key], sums[key]}")
    return Checked(directives, len(cells), len(stirred), tuple(found))


def _differences(kept: keep.Rows, fresh: keep.Rows) -> list[str]:
    """Every row that is not just so in both."""
    return [
        *_unlike("directive", kept.tallies, fresh.tallies),
        *_unlike("day", kept.days, fresh.days),
    ]


def _unlike(name: str, ours: Mapping[K, Any], theirs: Mapping[K, Any]) -> list[str]:
    keys = sorted(key for key in ours.keys() | theirs.keys() if ours.get(key) != theirs.get(key))
    return [f"{name} {key}: kept {ours.get(key)}, by the record {theirs.get(key)}" for key in keys]


def _cells() -> dict[CellKey, tuple[int, int]]:
    rows = Cell.objects.values_list("node", "cut", "key", "day", "profile", "n", "total").iterator()
    return {(node, cut, key, day, profile): (n, total) for node, cut, key, day, profile, n, total in rows}
