"""Counting anew what has changed: the one writer of the roll-ups, which anybody may call at any time, twice too.

The database notes each changed case in `Stirred`, in the transaction that changes it. A note is taken away in the
transaction that counts its chain anew, so nothing is lost and nothing counted twice. One keeper works at a time.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from django.db import connection, transaction
from django.utils import timezone

from warning_center.models import Cell, Counted, Happening, Stirred
from warning_center.supervision import definitions
from warning_center.supervision.counting import happening, record
from warning_center.supervision.counting.cells import CellKey
from warning_center.supervision.counting.count import Tally, count

LOCK = 20260309  # of PostgreSQL's advisory locks; SQLite has one writer anyway
FIELDS = ("directive", "root", "case", "received_at", "day", "path", "fraud", "source", "profile", "marks")
DAY_FIELDS = ("case", "root", "day", "path", "level", "fraud", "source", "marks")

_TAKE = """
DELETE FROM warning_center_stirred WHERE id IN (SELECT id FROM warning_center_stirred ORDER BY id LIMIT %s)
RETURNING case_id
"""
_ADD = """
INSERT INTO warning_center_cell (node, cut, key, day, profile, n, total) VALUES (%s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (node, cut, day, key, profile) DO UPDATE
SET n = warning_center_cell.n + excluded.n, total = warning_center_cell.total + excluded.total
"""


@transaction.atomic
def keep(*, limit: int = 1000) -> int:
    """Count anew the chains of up to so many notes; how many notes were taken. 0 too while another keeper works."""
    if not locked():
        return 0
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, [limit])
        cases = [case for (case,) in cursor.fetchall()]
    if cases:
        recount(record.roots_of(set(cases)))
    return len(cases)


def keep_up(*, rounds: int = 20) -> int:
    """Take notes until there are none, or for so many rounds; how many were taken."""
    taken = 0
    for _ in range(rounds):
        now = keep()
        taken += now
        if not now:
            break
    return taken


def behind() -> int:
    """How many notes wait."""
    return Stirred.objects.count()


def locked() -> bool:
    """Whether this transaction may write the roll-ups: at most one may."""
    if connection.vendor != "postgresql":
        return True
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        return bool(cursor.fetchone()[0])


class Adds(Protocol):
    """What makes cells."""

    def cells(self) -> Counter[CellKey]: ...
    def totals(self) -> Counter[CellKey]: ...


@dataclass(frozen=True, slots=True)
class Rows:
    """What is counted of some chains: their directives by id, their cases' days by case and day."""

    tallies: Mapping[int, Tally]
    days: Mapping[tuple[int, date], happening.Happening]

    def adding(self) -> list[Adds]:
        return [*self.tallies.values(), *self.days.values()]

    def but(self, roots: Collection[int]) -> "Rows":
        """Those of other chains."""
        return Rows(
            {key: row for key, row in self.tallies.items() if row.root not in roots},
            {key: row for key, row in self.days.items() if row.root not in roots},
        )

    def without(self, other: "Rows") -> "Rows":
        """Those that the other does not have just so."""
        return Rows(
            {key: row for key, row in self.tallies.items() if other.tallies.get(key) != row},
            {key: row for key, row in self.days.items() if other.days.get(key) != row},
        )


def fresh(roots: Collection[int]) -> Rows:
    """These chains as the record has them now."""
    rules, zone = definitions.built_in(), timezone.get_default_timezone()
    chains = record.read(roots)
    return Rows(
        {tally.directive: tally for chain in chains for tally in count(chain, rules, zone)},
        {(day.case, day.day): day for chain in chains for day in happening.happened(chain, zone)},
    )


def kept(roots: Collection[int]) -> Rows:
    """The same as they were last counted."""
    rows = Counted.objects.filter(root__in=roots).order_by("directive").values_list(*FIELDS)
    days = Happening.objects.filter(root__in=roots).order_by("case", "day").values_list(*DAY_FIELDS)
    return Rows(
        {row[0]: Tally(*row) for row in rows},
        {(row[0], row[2]): happening.Happening(*row) for row in days},
    )


def recount(roots: Collection[int]) -> None:
    """Bring these chains' rows up to the record, and the cells by what changed."""
    old, new = kept(roots), fresh(roots)
    come, gone = new.without(old), old.without(new)
    add(come.adding(), take=gone.adding())
    for case, day in gone.days.keys() - new.days.keys():
        Happening.objects.filter(case=case, day=day).delete()
    save(come)


def save(rows: Rows) -> None:
    """Write them, in the place of those that were there."""
    Counted.objects.bulk_create(
        [
            Counted(
                directive_id=t.directive, root=t.root, case_id=t.case, received_at=t.received_at, day=t.day,
                path=t.path, fraud=t.fraud, source=t.source, profile=t.profile, marks=t.marks,
            )
            for t in rows.tallies.values()
        ],
        update_conflicts=True,
        unique_fields=["directive"],
        update_fields=[*FIELDS[1:]],
        batch_size=500,
    )  # fmt: skip
    Happening.objects.bulk_create(
        [
            Happening(
                case_id=d.case, root=d.root, day=d.day, path=d.path, level=d.level, fraud=d.fraud,
                source=d.source, marks=d.marks,
            )
            for d in rows.days.values()
        ],
        update_conflicts=True,
        unique_fields=["case", "day"],
        update_fields=[name for name in DAY_FIELDS if name not in ("case", "day")],
        batch_size=500,
    )  # fmt: skip


def add(rows: Iterable[Adds], *, take: Iterable[Adds] = ()) -> None:
    """Add what these make to the cells, and take away what those made."""
    many, sums = gathered(rows)
    less, fewer = gathered(take)
    many.subtract(less)
    sums.subtract(fewer)
    moved = sorted(key for key in many.keys() | sums.keys() if many[key] or sums[key])
    with connection.cursor() as cursor:
        cursor.executemany(_ADD, [(*key, many[key], sums[key]) for key in moved])
    Cell.objects.filter(n=0).delete()


def gathered(rows: Iterable[Adds]) -> tuple[Counter[CellKey], Counter[CellKey]]:
    """The cells that these make: how many in each, and the sums."""
    many: Counter[CellKey] = Counter()
    sums: Counter[CellKey] = Counter()
    for row in rows:
        many.update(row.cells())
        sums.update(row.totals())
    return many, sums
