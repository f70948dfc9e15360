"""The units that are known, those of the database and those of the files, found by what a file calls them."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from dispatch.models import Unit
from dispatch.register.files import Row
from dispatch.vocabulary import UnitKind

# Which kinds a unit may hang under.
ABOVE: dict[UnitKind, tuple[UnitKind, ...]] = {
    UnitKind.CITY: (),
    UnitKind.COUNTY: (UnitKind.CITY,),
    UnitKind.TOWN: (UnitKind.COUNTY,),
    UnitKind.VILLAGE: (UnitKind.TOWN, UnitKind.COUNTY),
    UnitKind.STATION: (UnitKind.COUNTY, UnitKind.CITY, UnitKind.TOWN),
}


@dataclass
class Entry:
    """One unit as the files have it: what they give for it, the row that does, and the unit it is, if it is known."""

    row: Row
    given: dict[str, Any]
    outline: dict[str, Any] | None = None
    unit: Unit | None = None
    parent: "Entry | Unit | None" = None
    kind: UnitKind = UnitKind.STATION
    adcode: str = ""
    is_new: bool = False

    @property
    def code(self) -> str:
        return str(self.given.get("code", "")) or (self.unit.code if self.unit else "")


@dataclass
class Known:
    """Units by code, and areas by administrative code."""

    by_code: dict[str, Unit] = field(default_factory=dict)
    by_adcode: dict[tuple[str, str], list[Unit]] = field(default_factory=dict)  # kind, code
    by_id: dict[int, Unit] = field(default_factory=dict)

    @classmethod
    def all(cls) -> "Known":
        """Every unit of the database, the closed ones too."""
        known = cls()
        for unit in Unit.objects.order_by("pk"):
            known.by_id[unit.pk] = unit
            if unit.code:
                known.by_code[unit.code] = unit
            known.by_adcode.setdefault((unit.kind, unit.adcode), []).append(unit)
        return known

    def match(self, code: str, kind: UnitKind | None, adcode: str, name: str) -> Unit | None:
        """The unit a row means: by its code; else the only one of its kind there, or the one of its name."""
        if code in self.by_code:
            return self.by_code[code]
        if kind is None:
            return None
        there = [u for u in self.by_adcode.get((kind, adcode), ()) if not (code and u.code)]
        named = [unit for unit in there if unit.name == name]
        if named:
            return named[0]
        return there[0] if len(there) == 1 and not code else None

    def area(self, adcode: str) -> Unit | None:
        """The town, county, city or village of an administrative code."""
        for kind in (UnitKind.COUNTY, UnitKind.TOWN, UnitKind.CITY, UnitKind.VILLAGE):
            if found := self.by_adcode.get((kind, adcode)):
                return found[0]
        return None

    def called(self, text: str) -> Unit | None:
        """By code, or by the administrative code of an area."""
        return self.by_code.get(text) or self.area(text)


def parents(kind: UnitKind, adcode: str) -> Iterable[str]:
    """The administrative codes of what a unit hangs under where its row does not say."""
    match kind:
        case UnitKind.CITY:
            return ()
        case UnitKind.COUNTY:
            return (f"{adcode[:4]}00",)
        case UnitKind.VILLAGE:
            return (adcode[:9], adcode[:6])
        case UnitKind.TOWN:
            return (adcode[:6],)
    return (adcode[:6], f"{adcode[:4]}00")
