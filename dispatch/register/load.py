"""Bringing the units to what a register says: only what differs is written, what it no longer has is closed."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction

from dispatch import record
from dispatch.flaw import Flaw
from dispatch.models import Unit, User
from dispatch.register.checks import Checked, check
from dispatch.register.files import Fault, Sheet
from dispatch.register.known import Entry, Known
from dispatch.register.parts import in_parts, pk_of, write_areas, write_rosters
from telephony.writeback import insert, write_back

FIELDS = ("code", "adcode", "name", "lat", "lon", "duty_phone", "room", "zone", "on_duty")


@dataclass(frozen=True, slots=True)
class Change:
    """What a load does to one unit: `added`, `changed` (and in what), `closed`, `reopened`."""

    verb: str
    name: str
    fields: tuple[str, ...] = ()


@dataclass
class Loaded:
    """What was done, or with `faults` that nothing was."""

    changes: list[Change] = field(default_factory=list)
    same: int = 0
    faults: list[Fault] = field(default_factory=list)

    def count(self, verb: str) -> int:
        return sum(change.verb == verb for change in self.changes)


class _DryRun(Exception):
    """Undoes everything."""


def load(
    sheets: Sequence[Sheet],
    *,
    now: datetime,
    by: User | None = None,
    agent: str = "",
    register: str = "",
    dry_run: bool = False,
) -> Loaded:
    """Load files, all or nothing. Each is a register of its own, called by its name, unless `register` names them all.

    A unit that stood in a register and does so no more is closed. A dry run does everything and undoes it.
    """
    loaded = Loaded(faults=[fault for sheet in sheets for fault in sheet.faults])
    if loaded.faults:
        return loaded
    try:
        with transaction.atomic():
            _load(sheets, loaded, _Names(sheets, register), now)
            if loaded.faults or dry_run:
                raise _DryRun
            _tell(loaded, sheets, now, by, agent)
    except _DryRun:
        pass
    return loaded


@dataclass
class _Names:
    """What the register of a file's rows is called."""

    sheets: Sequence[Sheet]
    given: str

    def of(self, file: str) -> str:
        return (self.given or file)[:64]

    def all(self) -> set[str]:
        """Of files that have units; one with rosters alone speaks of no unit's being there."""
        return {self.of(s.name) for s in self.sheets if any(not row.is_shift for row in s.rows)}


def _load(sheets: Sequence[Sheet], loaded: Loaded, names: _Names, now: datetime) -> None:
    known = Known.all()
    checked = check((row for sheet in sheets for row in sheet.rows), known)
    loaded.faults += checked.faults
    if loaded.faults:
        return
    differ = {id(entry): tuple(_differs(entry, names)) for entry in checked.entries}
    _write_units(checked.entries, names, differ)
    areas = write_areas(checked.entries)
    rosters = write_rosters(checked)
    for entry in checked.entries:
        also = (*differ[id(entry)], *(("area",) if id(entry) in areas else ()))
        _note(loaded, entry, also, rosters.pop(pk_of(entry), False))
    for unit_id in rosters:
        loaded.changes.append(Change("changed", known.by_id[unit_id].name, ("roster",)))
    _close(known, checked, names, loaded, now)


def _note(loaded: Loaded, entry: Entry, fields: tuple[str, ...], roster: bool) -> None:
    unit, told = entry.unit, (*fields, *(("roster",) if roster else ()))
    assert unit is not None  # noqa: S101 - _write_units has made it
    if entry.is_new:
        loaded.changes.append(Change("added", unit.name))
    elif "closed" in told:
        loaded.changes.append(Change("reopened", unit.name, tuple(f for f in told if f != "closed")))
    elif shown := tuple(field for field in told if field != "register"):
        loaded.changes.append(Change("changed", unit.name, shown))
    else:
        loaded.same += 1


# units


def _differs(entry: Entry, names: _Names) -> Iterator[str]:
    """The fields in which a known unit is not as the file says."""
    unit = entry.unit
    if unit is None:
        entry.is_new = True
        return
    for name in FIELDS:
        if name in entry.given and getattr(unit, name) != entry.given[name]:
            yield name
    if unit.register != names.of(entry.row.file):
        yield "register"
    if unit.closed_at is not None:
        yield "closed"


def _write_units(entries: Sequence[Entry], names: _Names, differ: dict[int, tuple[str, ...]]) -> None:
    """Parents stand before what hangs under them, so each depth is written in a few statements."""
    for kind in dict.fromkeys(entry.kind for entry in entries):
        new = [entry for entry in entries if entry.kind is kind and entry.unit is None]
        for entry in new:
            above = entry.parent.unit if isinstance(entry.parent, Entry) else entry.parent
            entry.unit = Unit(kind=kind, adcode=entry.adcode, parent=above)
            _take(entry, names)
        units = [entry.unit for entry in new if entry.unit]
        for some in in_parts(units):
            insert(some)
            for unit in some:
                unit.path = f"{unit.parent.path if unit.parent else ''}{unit.pk}/"
            write_back(some, ["path"])
    changed = [entry for entry in entries if differ[id(entry)]]
    for entry in changed:
        _take(entry, names)
        if entry.unit:
            entry.unit.closed_at = None
    for units in in_parts([entry.unit for entry in changed if entry.unit]):
        write_back(units, [*FIELDS, "register", "closed_at"])


def _take(entry: Entry, names: _Names) -> None:
    for name in FIELDS:
        if name in entry.given:
            setattr(entry.unit, name, entry.given[name])
    if entry.unit:
        entry.unit.register = names.of(entry.row.file)


# what is no more


def _close(known: Known, checked: Checked, names: _Names, loaded: Loaded, now: datetime) -> None:
    """Close what stood in these registers and does so no more; not while something in service hangs under it."""
    stays = {pk_of(entry) for entry in checked.entries}
    gone = [
        unit
        for unit in known.by_id.values()
        if unit.register in names.all() and unit.pk not in stays and unit.closed_at is None
    ]
    going = {unit.pk for unit in gone}
    above = {unit.parent_id for unit in Unit.objects.in_service().exclude(pk__in=going)}
    for unit in gone:
        if unit.pk in above:
            rule = Flaw("the files have it no more, but units in service hang under it", "code")
            loaded.faults.append(Fault(unit.register, 0, "code", unit.code or unit.adcode, rule))
        unit.closed_at = now
        loaded.changes.append(Change("closed", unit.name))
    for units in in_parts(gone):
        write_back(units, ["closed_at"])


def _tell(loaded: Loaded, sheets: Iterable[Sheet], now: datetime, by: User | None, agent: str) -> None:
    """One line for the load, and one for each unit that it changed; what is new is counted only."""
    what = ", ".join(sheet.name for sheet in sheets)
    counts: dict[str, Any] = {verb: loaded.count(verb) for verb in ("added", "changed", "closed", "reopened")}
    who: dict[str, Any] = {"now": now, "by": by, "agent": agent}
    lines = [record.line("loaded", what=what, **counts, **who)] if any(counts.values()) else []
    lines += [
        record.line("changed", what="unit", name=one.name, fields=", ".join(one.fields) or one.verb, **who)
        for one in loaded.changes
        if one.verb != "added"
    ]
    for events in in_parts(lines):
        insert(events)
