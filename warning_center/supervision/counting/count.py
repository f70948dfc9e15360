"""A chain as counted: of each directive its day, the case that decides, how it stands, its marks. No Django."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo

from warning_center.supervision.counting import cells, profile
from warning_center.supervision.counting import marks as cuts
from warning_center.supervision.counting.cells import CellKey
from warning_center.supervision.counting.life import Chain, Told
from warning_center.supervision.counting.marks import Mark
from warning_center.supervision.definitions import Definitions

FOREVER = datetime(9999, 12, 31, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Tally(cells.Spread):
    """One directive as it counts. `path`, `profile`, `marks` are as stored."""

    directive: int
    root: int
    case: int
    received_at: datetime
    day: date
    path: str
    fraud: str
    source: str
    profile: str
    marks: str

    def spread(self) -> Iterator[tuple[CellKey, Mark]]:
        found = cuts.parse(self.marks)
        return cells.spread(self.path, self.day, ((m, cuts.kept(m.cut, self.profile)) for m in found))


def count(chain: Chain, rules: Definitions, zone: tzinfo) -> list[Tally]:
    """Every directive of a chain: as it stood when its watch ended, or as it stands, if that moment is to come."""
    return [_tally(chain, told, rules, zone) for told in chain.told]


def _tally(chain: Chain, told: Told, rules: Definitions, zone: tzinfo) -> Tally:
    frozen = told.received_at + rules.watch
    life, standing = profile.stands(chain, told, frozen, rules.brief)
    found = cuts.marks(chain, told, frozen, life, standing, zone)
    _, latest = profile.stands(chain, told, FOREVER, rules.brief)
    if latest.outcome is not standing.outcome:
        found.append(Mark("later", str(latest.outcome or "open")))
    return Tally(
        directive=told.pk,
        root=chain.root,
        case=life.pk,
        received_at=told.received_at,
        day=told.received_at.astimezone(zone).date(),
        path=life.path,
        fraud=life.fraud.value,
        source=told.source,
        profile=standing.code,
        marks=cuts.joined(found),
    )
