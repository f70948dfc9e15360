"""The areas and rosters that hang on units, brought to what a register says; what differs is written anew."""

from collections.abc import Collection, Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar

from dispatch import outlines
from dispatch.duty import Shift as Line
from dispatch.models import Area, Shift, Unit
from dispatch.register.checks import Checked
from dispatch.register.known import Entry
from telephony.writeback import insert

AT_ONCE = 2_000  # rows a statement
T = TypeVar("T")


def write_areas(entries: Sequence[Entry]) -> set[int]:
    """Areas as the files have them; which entries' differed. A file without codes or outlines leaves them alone."""
    spoken = [entry for entry in entries if "codes" in entry.given or entry.outline]
    before: dict[int, list[Area]] = {}
    for some in in_parts(spoken):
        for area in Area.objects.filter(unit__in=[pk_of(entry) for entry in some]):
            before.setdefault(area.unit_id, []).append(area)
    gone: list[int] = []
    new: list[Area] = []
    differed = set()
    for entry in spoken:
        old, wanted = before.get(pk_of(entry), []), _areas(entry)
        kept = [area for area in old if _is_kept(area, entry)]
        if sorted(map(_key, kept)) != sorted(map(_key, wanted)):
            gone += [area.pk for area in kept]
            new += wanted
            differed.add(id(entry))
    for pks in in_parts(gone):
        Area.objects.filter(pk__in=pks).delete()
    for areas in in_parts(new):
        insert(areas)
    return differed


def _is_kept(area: Area, entry: Entry) -> bool:
    """Whether the file speaks of this sort of area."""
    return "codes" in entry.given if area.code else entry.outline is not None


def _areas(entry: Entry) -> list[Area]:
    found = [Area(unit=entry.unit, code=code) for code in entry.given.get("codes", ())]
    if entry.outline:
        found.append(outlined(entry.unit, entry.outline, sketch=bool(entry.given.get("sketch"))))
    return found


def outlined(unit: Unit | None, geometry: dict[str, Any], *, sketch: bool) -> Area:
    """An area with its box; not yet saved. Raises BadOutline."""
    outline = outlines.read(geometry)
    box = outlines.bounds([outline])
    return Area(
        unit=unit,
        outline=outlines.plain(outline),
        sketch=sketch,
        south=box.south,
        north=box.north,
        west=box.west,
        east=box.east,
    )


def _key(area: Area) -> str:
    return f"{area.code} {area.sketch} {area.outline}"


def write_rosters(checked: Checked) -> dict[int, bool]:
    """Rosters as the files have them; by unit, those that differed."""
    wanted = {pk_of(of): lines for of, lines in checked.rosters}
    before: dict[int, list[Shift]] = {pk: [] for pk in wanted}
    for pks in in_parts(wanted):
        for shift in Shift.objects.filter(unit__in=pks):
            before[shift.unit_id].append(shift)
    differ = [pk for pk, lines in wanted.items() if set(lines) != {s.plain() for s in before[pk]}]
    for pks in in_parts(differ):
        Shift.objects.filter(unit__in=pks).delete()
    new = [row(pk, line) for pk in differ for line in wanted[pk]]
    for shifts in in_parts(new):
        insert(shifts)
    return dict.fromkeys(differ, True)


def row(unit_id: int, line: Line) -> Shift:
    """A line of a roster as it is kept."""
    return Shift(
        unit_id=unit_id,
        kind=line.kind,
        days="".join(str(day + 1) for day in sorted(line.days)),
        begins=line.begins,
        ends=line.ends,
        since=line.since,
        until=line.until,
        person=line.person,
        instead_of=line.instead_of,
    )


def in_parts(rows: Collection[T]) -> Iterator[list[T]]:
    """So many at once as one statement takes."""
    left = iter(rows)
    while part := list(islice(left, AT_ONCE)):
        yield part


def pk_of(of: Entry | Unit) -> int:
    unit = of.unit if isinstance(of, Entry) else of
    assert unit is not None  # noqa: S101 - _write_units has made it
    return unit.pk
