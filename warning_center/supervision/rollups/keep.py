"""Counting anew what has changed: the one writer of the roll-ups, which anybody may call at any time, twice too.

The database notes each changed case in `Stirred`, in the transaction that changes it. A note is taken away in the
transaction that counts its chain anew, so nothing is lost and nothing counted twice. One keeper works at a time.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence

from django.db import connection, transaction
from django.utils import timezone

from warning_center.models import Cell, Counted, Stirred
from warning_center.supervision import definitions
from warning_center.supervision.counting import record
from warning_center.supervision.counting.count import CellKey, Tally, count

LOCK = 20260309  # of PostgreSQL's advisory locks; SQLite has one writer anyway
FIELDS = ("directive", "root", "case", "received_at", "day", "path", "profile", "marks")

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


def fresh(roots: Collection[int]) -> list[Tally]:
    """The directives of these chains as the record has them now."""
    rules, zone = definitions.built_in(), timezone.get_default_timezone()
    return [tally for chain in record.read(roots) for tally in count(chain, rules, zone)]


def kept(roots: Collection[int]) -> list[Tally]:
    """The same as they were last counted."""
    rows = Counted.objects.filter(root__in=roots).order_by("directive")
    return [Tally(*row) for row in rows.values_list(*FIELDS)]


def recount(roots: Collection[int]) -> None:
    """Bring these chains' rows up to the record, and the cells by what changed."""
    old = {tally.directive: tally for tally in kept(roots)}
    new = {tally.directive: tally for tally in fresh(roots)}
    changed = [pk for pk, tally in new.items() if old.get(pk) != tally]
    add([new[pk] for pk in changed], take=[old[pk] for pk in changed if pk in old])
    save([new[pk] for pk in changed])


def save(tallies: Iterable[Tally]) -> None:
    rows = [
        Counted(
            directive_id=t.directive, root=t.root, case_id=t.case, received_at=t.received_at, day=t.day,
            path=t.path, profile=t.profile, marks=t.marks,
        )
        for t in tallies
    ]  # fmt: skip
    Counted.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["directive"],
        update_fields=["root", "case", "received_at", "day", "path", "profile", "marks"],
        batch_size=500,
    )


def add(tallies: Sequence[Tally], *, take: Sequence[Tally] = ()) -> None:
    """Add what these make to the cells, and take away what those made."""
    many, sums = gathered(tallies)
    less, fewer = gathered(take)
    many.subtract(less)
    sums.subtract(fewer)
    moved = sorted(key for key in many.keys() | sums.keys() if many[key] or sums[key])
    with connection.cursor() as cursor:
        cursor.executemany(_ADD, [(*key, many[key], sums[key]) for key in moved])
    Cell.objects.filter(n=0).delete()


def gathered(tallies: Iterable[Tally]) -> tuple[Counter[CellKey], Counter[CellKey]]:
    """The cells that these make: how many in each, and the sums."""
    many: Counter[CellKey] = Counter()
    sums: Counter[CellKey] = Counter()
    for tally in tallies:
        many.update(tally.cells())
        sums.update(tally.totals())
    return many, sums
