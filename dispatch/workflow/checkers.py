"""Who does a check when its hour has come: of the unit's community officers or grid workers, or of its town's."""

from collections import Counter
from collections.abc import Collection
from typing import NamedTuple

from django.db.models import QuerySet

from dispatch.models import Assignment, User
from dispatch.models.unit import unit_of_id
from dispatch.vocabulary import Role, Tier, UnitKind
from telephony.prepared import prepared

LOCAL = (UnitKind.VILLAGE, UnitKind.TOWN, UnitKind.STATION)


class Checker(NamedTuple):
    """A community officer or grid worker: an officer whose unit is a village, a town or a station."""

    pk: int
    username: str
    unit_id: int


class Checkers:
    """The workers as one turn sees them; what it gives out counts at once."""

    def __init__(self) -> None:
        self._of: dict[int, list[Checker]] = {}
        self._busy: Counter[int] = Counter()

    def choose(self, unit_id: int, case_id: int) -> Checker | None:
        """Whoever did this case's last check; else who has the fewest. None: the unit and its town have nobody."""
        mine = self._workers(unit_id)
        if not mine:
            return None
        before = _last.first(case_id)
        chosen = next((one for one in mine if one.pk == before), None)
        chosen = chosen or min(mine, key=lambda one: (self._busy[one.pk], one.pk))
        self._busy[chosen.pk] += 1
        return chosen

    def _workers(self, unit_id: int) -> list[Checker]:
        """The unit's own; if it has none, those of the town above it."""
        if unit_id not in self._of:
            above = [one.pk for one in unit_of_id.get(unit_id).ancestors() if one.kind in LOCAL]
            found = [Checker(pk, username, of or 0) for pk, username, of in _officers(above)]
            nearest = next((pk for pk in above if any(one.unit_id == pk for one in found)), None)
            self._of[unit_id] = [one for one in found if one.unit_id == nearest]
            self._busy.update(_given([one.pk for one in self._of[unit_id]]))
        return self._of[unit_id]


@prepared
def _officers(units: Collection[int]) -> QuerySet[User, tuple[int, str, int | None]]:
    found = User.objects.filter(is_active=True, role=Role.OFFICER, unit__in=units)
    return found.order_by("pk").values_list("pk", "username", "unit_id")


@prepared
def _given(users: Collection[int]) -> QuerySet[Assignment, int]:
    live = Assignment.objects.filter(user__in=users, attempt__ended_at=None)
    return live.order_by().values_list("user_id", flat=True)


@prepared
def _last(case_id: int) -> QuerySet[Assignment, int]:
    return (
        Assignment.objects.filter(attempt__case=case_id, attempt__tier=Tier.FOLLOW_UP)
        .order_by("-pk")
        .values_list("user_id", flat=True)[:1]
    )
