"""Rows of a register against their rules: each cell by itself, then what they say of one another."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from dispatch import outlines
from dispatch.duty import Shift
from dispatch.flaw import Flaw
from dispatch.models import Unit
from dispatch.register.cells import LENGTHS, READ, BadCell
from dispatch.register.files import Fault, Row
from dispatch.register.known import ABOVE, Entry, Known, parents
from dispatch.vocabulary import ShiftKind, UnitKind


@dataclass
class Checked:
    """What may be loaded, if there is no fault: units with parents first, and rosters by the unit they are of."""

    entries: list[Entry] = field(default_factory=list)
    rosters: list[tuple[Entry | Unit, list[Shift]]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)


def check(rows: Iterable[Row], known: Known) -> Checked:
    """Judge every row; all faults are told, not only the first."""
    return _Check(known).run(list(rows))


class _Check:
    def __init__(self, known: Known) -> None:
        self.known = known
        self.checked = Checked()
        self.by_code: dict[str, Entry] = {}
        self.areas: dict[str, Entry] = {}
        self.by_unit: dict[int, Entry] = {}
        self.places: dict[tuple[UnitKind, str, str], Entry] = {}

    def run(self, rows: list[Row]) -> Checked:
        for row in rows:
            if not row.is_shift and (given := self._cells(row)) is not None:
                self._enter(row, given)
        for entry in self.checked.entries:
            self._hang(entry)
        self._names_differ()
        self.checked.entries.sort(key=lambda entry: _DEPTH[entry.kind])
        self._rosters([row for row in rows if row.is_shift])
        return self.checked

    def wrong(self, text: str, row: Row, column: str, value: Any, **blanks: Any) -> None:
        self.checked.faults.append(
            Fault(row.file, row.number, column, str(value), Flaw(text, column, **blanks))
        )

    def _cells(self, row: Row) -> dict[str, Any] | None:
        """The cells as values; None if any breaks its rule."""
        given, sound = {}, True
        for column, text in row.cells.items():
            if column == "adcode" and not text:
                continue
            if column == "kind" and not text:
                continue
            try:
                given[column] = READ[column](text)
            except BadCell as bad:
                self.wrong(str(bad), row, column, text)
                sound = False
        apart = ("lat" in given) != ("lon" in given) or (given.get("lat") is None) != (
            given.get("lon") is None
        )
        if sound and apart:
            self.wrong("lat and lon come together or not at all.", row, "lat", row.cells.get("lat", ""))
            sound = False
        return given if sound else None

    # units

    def _enter(self, row: Row, given: dict[str, Any]) -> None:
        code, kind, adcode = given.get("code", ""), given.get("kind"), given.get("adcode", "")
        unit = self.known.match(code, kind, adcode, given.get("name", ""))
        entry = Entry(row, given, unit=unit)
        if unit is None and (kind is None or not adcode or "name" not in given):
            self.wrong("a new unit has a kind, an administrative code and a name", row, "code", code)
            return
        entry.kind = UnitKind(unit.kind) if unit else UnitKind(str(kind))
        entry.adcode = adcode or (unit.adcode if unit else "")
        if unit and kind and kind != unit.kind:
            self.wrong("a unit stays what it is: {kind}", row, "kind", kind, kind=UnitKind(unit.kind))
        if adcode and len(adcode) not in LENGTHS[entry.kind]:
            self.wrong("the code of a {kind} is longer or shorter", row, "adcode", adcode, kind=entry.kind)
            return
        if row.geometry is not None:
            try:
                entry.outline = outlines.plain(outlines.read(row.geometry))
            except outlines.BadOutline as bad:
                self.wrong(str(bad), row, "geometry", _type_of(row.geometry))
        self._place(entry)
        self._once(entry)

    def _place(self, entry: Entry) -> None:
        has = entry.unit is not None and entry.unit.lat is not None
        stands = entry.given["lat"] is not None if "lat" in entry.given else has
        if entry.kind in (UnitKind.STATION, UnitKind.VILLAGE) and not stands:
            self.wrong("a {kind} has a place", entry.row, "lat", "", kind=entry.kind)

    def _once(self, entry: Entry) -> None:
        """A unit stands in the files once."""
        name = entry.given.get("name") or (entry.unit.name if entry.unit else "")
        key = (entry.kind, entry.adcode, "" if entry.kind is not UnitKind.STATION else entry.code or name)
        before = (
            self.by_code.get(entry.code)
            or (self.by_unit.get(entry.unit.pk) if entry.unit else None)
            or self.places.get(key)
        )
        if before is not None:
            self.wrong(
                "the unit stands in row {n} already",
                entry.row,
                "code",
                entry.code or entry.adcode,
                n=before.row.number,
            )
            return
        if entry.code:
            self.by_code[entry.code] = entry
        if entry.unit:
            self.by_unit[entry.unit.pk] = entry
        if entry.kind is not UnitKind.STATION:
            self.areas[entry.adcode] = entry
        self.places[key] = entry
        self.checked.entries.append(entry)

    def _hang(self, entry: Entry) -> None:
        """What it hangs under: as the row says, else by its administrative code."""
        said = entry.given.get("parent", "")
        if entry.unit and not said:
            entry.parent = self.known.by_id.get(entry.unit.parent_id or 0)
            return
        names = (said,) if said else tuple(parents(entry.kind, entry.adcode))
        entry.parent = next((found for found in map(self._called, names) if found), None)
        if entry.parent is None and names:
            self.wrong(
                "there is no unit {names} to hang under", entry.row, "parent", said, names=", ".join(names)
            )
            return
        if entry.parent is not None and _kind(entry.parent) not in ABOVE[entry.kind]:
            self.wrong("a {kind} does not hang there", entry.row, "parent", said, kind=entry.kind)
        if entry.unit and _unit(entry.parent) != self.known.by_id.get(entry.unit.parent_id or 0):
            self.wrong(
                "a unit keeps its place in the tree: it would move out of people's sight",
                entry.row,
                "parent",
                said,
            )

    def _called(self, text: str) -> Entry | Unit | None:
        found = self.by_code.get(text) or self.areas.get(text)
        if found is None:
            unit = self.known.called(text)
            return (self.by_unit.get(unit.pk) or unit) if unit else None
        return found

    def _names_differ(self) -> None:
        """Beside one another no two have one name."""
        taken: dict[tuple[int, str], int] = {}
        for unit in self.known.by_id.values():
            if unit.pk not in self.by_unit and unit.parent_id:
                taken[id(self.known.by_id[unit.parent_id]), unit.name] = 0
        for entry in self.checked.entries:
            above = _unit(entry.parent) or entry.parent
            name = entry.given.get("name") or (entry.unit.name if entry.unit else "")
            if above is None:
                continue
            if (id(above), name) in taken:
                self.wrong("beside it another unit has this name", entry.row, "name", name)
            taken[id(above), name] = entry.row.number

    # rosters

    def _rosters(self, rows: list[Row]) -> None:
        found: dict[int, tuple[Entry | Unit, list[Shift]]] = {}
        for row in rows:
            given = self._cells(row)
            if given is None:
                continue
            of = self._called(given["unit"])
            if of is None:
                self.wrong("there is no such unit", row, "unit", given["unit"])
                continue
            if (shift := self._shift(row, given)) is not None:
                found.setdefault(id(of), (of, []))[1].append(shift)
        self.checked.rosters = list(found.values())

    def _shift(self, row: Row, given: dict[str, Any]) -> Shift | None:
        shift = Shift(
            kind=given.get("shift", ShiftKind.REGULAR),
            days=frozenset(int(day) - 1 for day in given.get("days", "")),
            begins=given.get("begins"),
            ends=given.get("ends"),
            since=given.get("since"),
            until=given.get("until"),
            person=given.get("person", ""),
            instead_of=given.get("instead_of", ""),
        )
        broken = list(rules_broken(shift))
        for flaw in broken:
            self.wrong(flaw.text, row, flaw.row, row.cells.get(flaw.row, ""))
        return None if broken else shift


def rules_broken(shift: Shift) -> Iterator[Flaw]:
    """What is wrong with a line of a roster; each flaw names its field."""
    if (shift.begins is None) != (shift.ends is None):
        yield Flaw("a shift begins and ends, or has no hours at all", "begins")
    if shift.since and shift.until and shift.until < shift.since:
        yield Flaw("the last day is not before the first", "until")
    if shift.kind is not ShiftKind.REGULAR and not (shift.since and shift.until):
        yield Flaw("a holiday and a stand-in have a first and a last day", "since")
    match shift.kind:
        case ShiftKind.REGULAR if shift.begins is None:
            yield Flaw("a regular shift has hours", "begins")
        case ShiftKind.STAND_IN if shift.begins is not None:
            yield Flaw("a stand-in takes over the hours of whom they stand in for", "begins")
        case ShiftKind.STAND_IN if not shift.instead_of:
            yield Flaw("a stand-in stands in for somebody", "instead_of")
    if shift.kind is not ShiftKind.STAND_IN and shift.instead_of:
        yield Flaw("only a stand-in stands in for somebody", "instead_of")


def _type_of(geometry: Any) -> str:
    return str(geometry.get("type", "")) if isinstance(geometry, dict) else ""


_DEPTH = {
    UnitKind.CITY: 0,
    UnitKind.COUNTY: 1,
    UnitKind.TOWN: 2,
    UnitKind.VILLAGE: 3,
    UnitKind.STATION: 3,
}


def _kind(above: Entry | Unit) -> UnitKind:
    return UnitKind(above.kind)


def _unit(above: Entry | Unit | None) -> Unit | None:
    return above.unit if isinstance(above, Entry) else above
