"""Where a case's person is thought to be, the visit that went somewhere else, the city they are away in."""

from datetime import datetime, timedelta
from typing import Any

from dispatch import homes, nearness, policies, record, stations
from dispatch.chain import Rules
from dispatch.models import Attempt, Case, Event, Proposal, Unit
from dispatch.vocabulary import Level, PlaceKind, Tier, UnitKind
from dispatch.workflow.report import Place

# What a case knows of it; place_at: how old it is.
PLACE = (
    "lat", "lon", "adcode", "address", "unit_id", "fallback_id", "place_at", "place_kind", "place_accuracy",
)  # fmt: skip


def beats(place: Place, at: datetime, case: Case, lasts: timedelta) -> bool:
    """Whether a place known at a moment replaces the one a case goes by.

    The newer one does; but a registered address only where nothing else is known, or what is known is stale.
    """
    if not place:
        return False
    if case.place_at is None:
        return True
    registered, was_registered = (kind == PlaceKind.REGISTERED for kind in (place.kind, case.place_kind))
    if registered and not was_registered:
        return at > case.place_at + lasts
    if was_registered and not registered:
        return at >= case.place_at - lasts
    return at >= case.place_at


def take(case: Case, place: Place, at: datetime) -> None:
    """The case goes by this place from here on; still to be saved."""
    case.lat, case.lon, case.adcode, case.address = place.lat, place.lon, place.adcode, place.address
    case.place_kind, case.place_accuracy = place.kind or "", place.accuracy
    case.place_at = at


def settle(case: Case, rules: Rules, *, fallback: Unit | None = None) -> homes.Home:
    """The unit a case belongs to by its place; still to be saved."""
    spot = nearness.Place(case.lat, case.lon) if case.lat is not None and case.lon is not None else None
    home = homes.home_of(
        adcode=case.adcode,
        place=spot,
        id_adcode=case.target.id_number[:6],
        fallback=fallback or case.fallback,
        reach_km=rules.reach_km,
    )
    case.unit = home.unit
    return home


def propose_hand_over(case: Case, home: homes.Home, *, now: datetime, agent: str) -> None:
    """If the person is in another city, the record of a saved case says so, and to whom it might go; once a city.

    Where that city has units here the case is theirs already; else a shift lead is asked, by the board.
    """
    if not home.elsewhere:
        return
    told = Event.objects.filter(case=case, verb="hand_over_proposed", detail__city=home.elsewhere)
    if not told.exists():
        if is_foreign := homes.is_foreign(case.adcode):
            _ask_the_lead(case, home.elsewhere, now)
        theirs = home.unit.ancestors()[-1] if home.unit and not is_foreign else None
        unit = theirs.pk if theirs else None
        record.write("hand_over_proposed", now=now, case=case, agent=agent, city=home.elsewhere, unit=unit)


def _ask_the_lead(case: Case, city: str, now: datetime) -> None:
    """One undecided proposal a case: what somebody has proposed stands, the place's own goes by the newest."""
    waiting = Proposal.objects.filter(case=case, decided_at=None)
    if not waiting.filter(by=None).update(to=city, at=now) and not waiting.exists():
        Proposal.objects.create(case=case, to=city, at=now)


def move(case: Case, other: Case, now: datetime) -> None:
    """The case goes by another case's place from here on; still to be saved."""
    put(case, {name: getattr(other, name) for name in PLACE}, now)


def put(case: Case, before: dict[str, Any], now: datetime) -> None:
    """The case goes by what was known of a place; still to be saved."""
    for name in PLACE:
        if name in before:
            setattr(case, name, before[name])
    mark_astray(case, now)


def mark_astray(case: Case, now: datetime) -> bool | None:
    """The last visit went to the place known before; the policy redirects it if another unit is nearer now.

    None: there was no visit.
    """
    visit = Attempt.objects.filter(case=case, tier=Tier.VISIT).select_related("unit").order_by("-pk").first()
    if visit is None or visit.unit is None:
        return None
    if stations.Roster(now).assign(case, _as_before(case, visit)) == visit.unit:
        return False
    visit.astray = True
    visit.save(update_fields=["astray"])
    return True


def _as_before(case: Case, visit: Attempt) -> stations.Wanted:
    """What was asked of who was sent."""
    rules = policies.escalation_rules(case.policy_id)
    community = visit.unit is not None and visit.unit.kind in (UnitKind.VILLAGE, UnitKind.TOWN)
    rung = rules.levels[Level(case.level)].rungs[Tier.VISIT]
    return stations.Wanted(community, rung.first, rules.reach_km, rules.place_lasts)
