"""Whom to send: the nearest unit on duty that has room, or the one in charge; then on up the tree; and why."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from dispatch import homes
from dispatch.chain import Rules
from dispatch.manning import Manning, in_charge, place_of
from dispatch.models import Case, Unit
from dispatch.models.unit import unit_of_id
from dispatch.nearness import Place, nearest
from dispatch.vocabulary import First, Level, Tier, UnitKind

NEAREST = 3  # stations: the nearest, the next and the next; then the duty officers
TIE_KM = 0.1  # as near as makes no difference: the less busy one goes
MOST_TOLD = 3  # nearer ones that are explained


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a policy asks of whoever is sent."""

    community: bool = False
    first: First = First.DISTANCE
    reach_km: int = 100
    place_lasts: timedelta = timedelta(hours=24)


def wanted(rules: Rules, level: Level, tier: Tier) -> Wanted:
    """What a policy asks of whoever is sent in a tier; a check is the village's unless it is the station's."""
    rung = rules.levels[level].rungs[tier]
    community = rung.community if tier is Tier.VISIT else not rung.police
    return Wanted(community, rung.first, rules.reach_km, rules.place_lasts)


@dataclass(frozen=True, slots=True)
class Looked:
    """A unit that was thought of; `why` is empty if it can be sent."""

    unit: Unit
    km: float | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """Whom to send (None: nowhere), and what the record tells of it: codes, ids and kilometres, no place."""

    unit: Unit | None
    told: dict[str, Any] = field(default_factory=dict)


class Roster:
    """The units as one turn sees them: each is read once, and the visits it gives out take up room.

    A visit planned for later takes none.
    """

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.manning = Manning(now)
        self._above: dict[int, list[Unit]] = {}
        self._codes: dict[str, bool] = {}

    def assign(self, case: Case, want: Wanted, ignored: Collection[int] = ()) -> Unit | None:
        """The first unit in the line of those to be sent; if all have ignored this case, the last; None: nowhere."""
        return self.choose(case, want, ignored).unit

    def choose(self, case: Case, want: Wanted, ignored: Collection[int] = ()) -> Choice:
        """Whom to send, with the reasons."""
        line, looked = self._line(case, want, ignored)
        if not line:
            last = Unit.objects.filter(pk__in=list(ignored)[-1:]).first()
            return Choice(last, self._told(case, want, last, "last", looked))
        why = "" if any(one.unit == line[0] for one in looked) else "duty"
        return Choice(line[0], self._told(case, want, line[0], why, looked))

    def again(self, unit: Unit) -> Choice:
        """The unit that went before goes again."""
        return Choice(unit, {"sent": {"unit": unit.pk, "why": "same"}})

    def sent(self, unit: Unit | None) -> None:
        """A visit has been given to this unit in this turn."""
        if unit is not None:
            self.manning.sent(unit)

    def in_line(self, case: Case, want: Wanted, ignored: Collection[int] = ()) -> list[Unit]:
        """Who is still to be asked, in order: the three nearest with room, then the duty officers up the tree.

        For a community visit: the nearest village, then its town (or what stands above it). With no place
        known, and none in the ID number, or in another city: the duty officer of the source's unit, then up the tree.
        """
        return self._line(case, want, ignored)[0]

    def _line(self, case: Case, want: Wanted, ignored: Collection[int]) -> tuple[list[Unit], list[Looked]]:
        home = _home(case)
        if home is None:
            return [], []
        above = self._from(home)
        duty = [unit for unit in above if unit.kind in (UnitKind.COUNTY, UnitKind.CITY)]
        looked: list[Looked] = []
        if not self._is_placed(case):
            line = duty or above[:1]
        elif want.community:
            looked = self._around(case, above, UnitKind.VILLAGE, want, (), 1)
            line = self._community(looked, ignored) or above[:1]
        else:
            looked = self._around(case, above, UnitKind.STATION, want, ignored, NEAREST)
            asked = Unit.objects.filter(pk__in=ignored, kind=UnitKind.STATION).count() if ignored else 0
            near = [one.unit for one in looked if not one.why]
            line = [*near[: max(0, NEAREST - asked)], *duty]
        return [unit for unit in line if unit.pk not in ignored], looked

    def _community(self, looked: Iterable[Looked], ignored: Collection[int]) -> list[Unit]:
        """The village that was asked already, else the nearest; and what stands above it."""
        asked = list(Unit.objects.filter(pk__in=ignored, kind=UnitKind.VILLAGE)) if ignored else []
        village = next(iter(asked), None) or next((one.unit for one in looked if not one.why), None)
        return self._from(village)[:2] if village else []

    def _around(
        self,
        case: Case,
        above: list[Unit],
        kind: UnitKind,
        want: Wanted,
        ignored: Collection[int],
        many: int,
    ) -> list[Looked]:
        """Units of a kind in the order they would be sent, up to so many that can be, each with what speaks against
        it."""
        root, place = above[-1], _place_of(case, above)
        if place is None:
            units = list(Unit.objects.in_service().under(root).filter(kind=kind).order_by("pk"))
            self.manning.read(units)
            return [Looked(unit, None, self._against(unit, ignored)) for unit in units]

        def look(box: Any) -> list[Unit]:
            return [unit for unit in self.manning.within(box, kind) if root.holds(unit)]

        found = nearest(
            place,
            look,
            place_of,
            good=lambda unit: not self._against(unit, ignored),
            want=many,
            slack_km=TIE_KM,
            within_km=want.reach_km,
        )
        found.sort(key=lambda one: (round(one[0], 1), self.manning.visits(one[1]), one[1].pk))
        looked = [Looked(unit, km, self._against(unit, ignored)) for km, unit in found]
        return self._in_charge_first(case, place, kind, looked, ignored) if _by_area(want) else looked

    def _in_charge_first(
        self, case: Case, place: Place, kind: UnitKind, looked: list[Looked], ignored: Collection[int]
    ) -> list[Looked]:
        exact = place if case.lat is not None else None
        own = [unit for unit in in_charge((kind,), case.adcode, exact) if unit.kind == kind]
        known = {one.unit.pk: one for one in looked}
        first = [known.get(unit.pk) or Looked(unit, None, self._against(unit, ignored)) for unit in own]
        return first + [one for one in looked if one.unit not in own]

    def _against(self, unit: Unit, ignored: Collection[int]) -> str:
        """Why a unit cannot be sent; "" if it can."""
        if unit.pk in ignored:
            return "asked"
        if not self.manning.is_on(unit):
            return "off_duty"
        return "" if self.manning.has_room(unit) else "full"

    def _told(
        self, case: Case, want: Wanted, sent: Unit | None, why: str, looked: list[Looked]
    ) -> dict[str, Any]:
        """What the record keeps of a choice."""
        told: dict[str, Any] = {"place": self._place_told(case, want)}
        if sent is None:
            return told
        mine = next((one for one in looked if one.unit == sent), Looked(sent))
        told["sent"] = self._one_told(mine, why)
        nearer = looked if why == "duty" else [one for one in looked if _is_nearer(one, mine)]
        told["nearer"] = [
            {"unit": one.unit.pk, "km": _tenths(one.km), "why": one.why or "charge"}
            for one in nearer[:MOST_TOLD]
        ]
        return told

    def _one_told(self, one: Looked, why: str) -> dict[str, Any]:
        until = self.manning.until(one.unit)
        return {
            "unit": one.unit.pk,
            "km": _tenths(one.km),
            "until": until.isoformat() if until else None,
            "visits": self.manning.visits(one.unit),
            "room": one.unit.room,
            "why": why,
        }

    def _place_told(self, case: Case, want: Wanted) -> dict[str, Any]:
        """How the place is known, how old and how exact it is."""
        age = self.now - case.place_at if case.place_at else None
        return {
            "kind": case.place_kind,
            "exact": case.lat is not None,
            "metres": case.place_accuracy,
            "age": int(age.total_seconds()) if age else None,
            "stale": bool(age and age > want.place_lasts),
        }

    def _from(self, unit: Unit) -> list[Unit]:
        """The unit and all above it, up to the root."""
        if unit.pk not in self._above:
            self._above[unit.pk] = unit.ancestors()
        return self._above[unit.pk]

    def _is_placed(self, case: Case) -> bool:
        """Whether anything tells where the person is, if only the ID number's code; and it is a place of ours."""
        if case.adcode and not self._is_known(case.adcode):
            return False
        if case.lat is not None and case.lon is not None:
            return True
        return any(map(self._is_known, (case.adcode, case.target.id_number[:6])))

    def _is_known(self, code: str) -> bool:
        if code not in self._codes:
            self._codes[code] = homes.by_adcode(code) is not None
        return self._codes[code]


def _home(case: Case) -> Unit | None:
    """The unit whose case it is: the source's while nobody knows where the person is."""
    if case.unit_id is None and case.fallback_id is not None:
        return unit_of_id.get(case.fallback_id)
    return case.unit


def _by_area(want: Wanted) -> bool:
    return want.first is First.JURISDICTION and not want.community


def _is_nearer(one: Looked, sent: Looked) -> bool:
    return one.unit != sent.unit and one.km is not None and (sent.km is None or one.km < sent.km)


def _tenths(km: float | None) -> float | None:
    return None if km is None else round(km, 1)


def _place_of(case: Case, above: list[Unit]) -> Place | None:
    if case.lat is not None and case.lon is not None:
        return Place(case.lat, case.lon)
    known = next((u for u in above if u.lat is not None and u.lon is not None), None)
    return place_of(known) if known else None
