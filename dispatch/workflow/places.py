"""Where a case's person is thought to be, and the visit that went somewhere else."""

from dispatch import stations
from dispatch.models import Attempt, Case
from dispatch.vocabulary import Tier, UnitKind

PLACE = ("lat", "lon", "adcode", "address", "unit_id", "fallback_id", "place_at")  # place_at: how old it is


def move(case: Case, other: Case) -> None:
    """The case goes by another case's place from here on; still to be saved."""
    for name in PLACE:
        setattr(case, name, getattr(other, name))
    mark_astray(case)


def mark_astray(case: Case) -> bool | None:
    """The last visit went to the place known before; the policy redirects it if another unit is nearer now.

    None: there was no visit.
    """
    visit = Attempt.objects.filter(case=case, tier=Tier.VISIT).select_related("unit").order_by("-pk").first()
    if visit is None or visit.unit is None:
        return None
    community = visit.unit.kind in (UnitKind.VILLAGE, UnitKind.TOWN)
    if stations.Roster().assign(case, community=community, ignored=()) == visit.unit:
        return False
    visit.astray = True
    visit.save(update_fields=["astray"])
    return True
