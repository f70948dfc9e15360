"""Whom to send: the nearest on duty with room, or the one in charge; who is passed over, and why, stands in words."""

from datetime import time, timedelta
from random import Random
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from dispatch import policies, wording
from dispatch.admin import proposed
from dispatch.choosing import units_of
from dispatch.manning import Manning
from dispatch.models import Area, Attempt, Case, Event, PolicyVersion, Proposal, Shift, Unit
from dispatch.nearness import Place, box
from dispatch.register.parts import outlined
from dispatch.vocabulary import Level, Outcome, PlaceKind, Result, Role, Tier, UnitKind
from dispatch.workflow import proposing, report, turn
from telephony import calls, exchange
from telephony.carrier import CallResult, CallStatus, Update
from telephony.models import Call, Trunk
from tests.factories import START, Centre, centre, directive, live

pytestmark = pytest.mark.django_db
ROOM = 2
SOON = START + timedelta(seconds=20)
HERE = report.Place(lat=21.55, lon=110.98, adcode="440904", address="某酒店")


def station(at: Centre, name: str, lat: float, lon: float, **given: Any) -> Unit:
    plain = {"kind": UnitKind.STATION, "adcode": "440904", "parent": at.county}
    return Unit.objects.create(**{**plain, "name": name, "lat": lat, "lon": lon, **given})


def sent(case: Case) -> Unit:
    unit = live(case, Tier.VISIT).unit
    assert unit is not None
    return unit


def told(case: Case) -> str:
    """The last visit's line of the record, in English."""
    events = [e for e in Event.objects.filter(case=case, verb="planned") if "choice" in e.detail]
    with translation.override("en"):
        return wording.sentence(events[-1], units_of(events))


def test_the_visits_of_one_turn_do_not_overfill_a_station() -> None:
    at = centre()
    Unit.objects.filter(kind=UnitKind.STATION).update(room=ROOM)
    cases = [directive(at, f"R-{n}", number=n, level=Level.MEDIUM) for n in range(1, 4)]
    Trunk.objects.update(tokens=len(cases))
    exchange.connect(now=START)
    for call in Call.objects.on_line():  # switched off: an officer goes
        calls.hear(Update(str(call.key), CallStatus.ENDED, CallResult.POWERED_OFF), now=SOON)
    assert turn.advance_due(now=SOON) == len(cases)
    given = [Attempt.objects.get(case=case, tier=Tier.VISIT).unit for case in Case.objects.order_by("pk")]
    nearest = given[0]
    assert nearest is not None
    assert nearest.kind == UnitKind.STATION
    assert given.count(nearest) == ROOM
    assert given[-1] not in (None, nearest)


def test_who_is_near_is_the_same_whatever_else_was_looked_for_in_the_same_turn() -> None:
    at, chance = centre(), Random(7)
    for n in range(60):
        station(at, f"S-{n}", 21.5 + chance.uniform(-1, 1), 111 + chance.uniform(-1, 1))
    places = [Place(21.5 + chance.uniform(-1, 1), 111 + chance.uniform(-1, 1)) for _ in range(25)]
    boxes = [box(place, km) for place in places for km in (12.0, 36.0)]
    alone = [set(Manning(START).within(around, UnitKind.STATION)) for around in boxes]
    together = Manning(START)
    with CaptureQueriesContext(connection) as asked:
        assert [set(together.within(around, UnitKind.STATION)) for around in boxes] == alone
    assert len(asked) < len(boxes) / 2


def test_a_station_off_duty_is_passed_over_and_the_record_says_so() -> None:
    at = centre()
    Shift.objects.create(unit=at.station, begins=time(18), ends=time(6))
    other = station(at, "马店河派出所", 21.56, 110.99, room=4)
    Shift.objects.create(unit=other, begins=time(8), ends=time(20))
    case = directive(at, "R", number=1, level=Level.CRITICAL)
    assert sent(case) == other
    assert (
        "马店河派出所: 1.5 km, on duty until 03-02 20:00, 0 of 4 visits; nearer 七迳派出所: off duty"
        in told(case)
    )


def test_a_full_station_is_passed_over_and_of_two_as_near_the_less_busy_goes() -> None:
    at = centre()
    as_near = station(at, "乙", 21.5501, 110.98)
    cases = [directive(at, f"R{n}", number=n, level=Level.CRITICAL) for n in range(3)]
    assert [sent(case) for case in cases] == [at.station, as_near, at.station]
    Unit.objects.filter(pk__in=[at.station.pk, as_near.pk]).update(room=2)
    last = [directive(at, f"L{n}", number=10 + n, level=Level.CRITICAL) for n in range(2)]
    assert sent(last[0]) == as_near
    assert sent(last[1]).name == "石鼓派出所"
    assert "nearer 七迳派出所: no room; nearer 乙: no room" in told(last[1])


def test_a_closed_station_is_sent_nowhere() -> None:
    at = centre()
    Unit.objects.filter(pk=at.station.pk).update(closed_at=START)
    assert sent(directive(at, "R", number=1, level=Level.CRITICAL)).name == "石鼓派出所"


def by_area(at: Centre) -> None:
    document = policies.built_in(PolicyVersion.Kind.ESCALATION)
    visit = {**document["every"]["visit"], "first": "jurisdiction"}
    PolicyVersion.objects.create(
        kind=PolicyVersion.Kind.ESCALATION,
        version=2,
        document={**document, "every": {**document["every"], "visit": visit}},
        starts_at=START - timedelta(days=1),
    )
    policies.current(PolicyVersion.Kind.ESCALATION, START)


@pytest.mark.parametrize("by_outline", [True, False])
def test_with_jurisdiction_first_the_station_in_charge_goes_though_another_is_nearer(
    by_outline: bool,
) -> None:
    at = centre()
    by_area(at)
    own = station(at, "辖区所", 21.6, 111.05)
    square = [[110.97, 21.54], [110.99, 21.54], [110.99, 21.56], [110.97, 21.56], [110.97, 21.54]]
    if by_outline:
        outlined(own, {"type": "Polygon", "coordinates": [square]}, sketch=False).save()
    else:
        Area.objects.create(unit=own, code="440904")
    case = directive(at, "R", number=1, level=Level.CRITICAL)
    assert sent(case) == own
    assert "nearer 七迳派出所: not its area" in told(case)
    Unit.objects.filter(pk=own.pk).update(on_duty=False)
    assert sent(directive(at, "S", number=2, level=Level.CRITICAL)) == at.station


def test_nobody_is_sent_by_a_sketch() -> None:
    at = centre()
    by_area(at)
    square = [[110.9, 21.5], [111.1, 21.5], [111.1, 21.6], [110.9, 21.6], [110.9, 21.5]]
    outlined(
        station(at, "草图所", 21.6, 111.05), {"type": "Polygon", "coordinates": [square]}, sketch=True
    ).save()
    assert sent(directive(at, "R", number=1, level=Level.CRITICAL)) == at.station


def test_who_does_not_acknowledge_is_told_who_goes_instead_up_to_the_city() -> None:
    at = centre()
    case = directive(at, "R", number=1, level=Level.CRITICAL)
    asked, now = [sent(case)], START
    for _ in range(3):
        now += timedelta(minutes=3)
        turn.advance_due(now=now)
        asked.append(sent(case))
    assert [unit.name for unit in asked] == ["七迳派出所", "石鼓派出所", "电白区", "茂名市"]
    passed = [e.detail for e in Event.objects.filter(case=case, verb="passed_on").order_by("pk")]
    assert [one["unit"] for one in passed] == [unit.pk for unit in asked[1:]]
    assert [one["passed_by"] for one in passed] == [[u.pk for u in asked[:n]] for n in (1, 2, 3)]
    assert Attempt.objects.filter(case=case, result=Result.NO_ACKNOWLEDGEMENT).count() == 3
    assert "茂名市: the duty officer, no station being left in reach" in told(case)


def test_a_person_away_in_another_county_gets_its_station() -> None:
    at = centre()
    place = report.Place(lat=21.83, lon=110.78, adcode="440981")
    case = directive(at, "R", number=1, level=Level.CRITICAL, place=place)
    assert (case.unit, sent(case).name) == (at.other, "石鼓派出所")
    assert not Event.objects.filter(verb="hand_over_proposed").exists()


def test_a_person_away_in_another_city_is_proposed_to_be_handed_over_once() -> None:
    at = centre()
    place = report.Place(lat=39.9, lon=116.4, adcode="110101", address="北京")
    person = report.Person(number="+8619000000001", id_number="440904197902140026")
    case = directive(at, "R", person=person, level=Level.CRITICAL, place=place)
    directive(at, "S", person=person, level=Level.CRITICAL, place=place)
    event = Event.objects.get(case=case, verb="hand_over_proposed")
    assert event.detail["city"] == "110100"
    assert case.unit == at.city
    # its duty officer: no station of ours is near, wherever the ID number is from
    assert sent(case) == at.city
    with translation.override("en"):
        assert wording.sentence(event) == "The person is in another city, 110100: hand the case over?"


def test_the_lead_is_asked_about_a_person_in_another_city_by_the_newest_place() -> None:
    at = centre()
    place = report.Place(lat=39.9, lon=116.4, adcode="110101", address="北京")
    case = directive(at, "R", number=1, place=place)
    proposal = Proposal.objects.get(case=case)
    assert (proposal.to, proposal.by) == ("110100", None)
    place = report.Place(lat=38.8, lon=115.5, adcode="130602", address="保定")
    directive(at, "S", number=1, place=place, now=SOON)
    assert Proposal.objects.get(case=case).to == "130600"
    (shown,) = proposed.waiting(at.city.path, SOON)
    assert (shown.to, shown.who) == ("130600", "")
    lead = at.user(Role.SUPERVISOR)
    assert proposing.accept(proposal_id=proposal.pk, by=lead, now=SOON).outcome == Outcome.HANDED_OVER


def test_a_city_of_ours_that_is_not_the_source_s_is_named() -> None:
    at = centre()
    plain = {"lat": 29.08, "lon": 119.65}
    jinhua = Unit.objects.create(name="金华市", kind=UnitKind.CITY, adcode="330700", **plain)
    theirs = Unit.objects.create(
        name="永康所", kind=UnitKind.STATION, adcode="330700", parent=jinhua, **plain
    )
    case = directive(at, "R", number=1, level=Level.CRITICAL, place=report.Place(29.1, 119.6, "330700"))
    assert sent(case) == theirs
    assert Event.objects.get(case=case, verb="hand_over_proposed").detail["unit"] == jinhua.pk
    assert not Proposal.objects.exists()  # it is theirs already


def test_a_far_station_is_not_sent() -> None:
    at = centre()
    case = directive(at, "R", number=1, level=Level.CRITICAL, place=report.Place(lat=30.0, lon=110.98))
    assert sent(case) == at.city


def test_a_stale_place_says_so() -> None:
    at = centre()
    place = report.Place(**{**_plain(HERE), "accuracy": 1500})
    case = directive(
        at, "R", number=1, level=Level.CRITICAL, place=place, issued_at=START - timedelta(hours=30)
    )
    assert told(case).endswith("the place: ± 1,500 m, 30 hours old, stale)")


def _plain(place: report.Place) -> dict[str, Any]:
    return {name: getattr(place, name) for name in ("lat", "lon", "adcode", "address", "kind", "accuracy")}


@pytest.mark.parametrize(
    ("known", "told_later", "hours", "replaced"),
    [
        (PlaceKind.HOTEL, PlaceKind.REGISTERED, 1, False),  # a hotel beats a registered address
        (PlaceKind.HOTEL, PlaceKind.REGISTERED, 30, True),  # unless it is stale
        (None, PlaceKind.REGISTERED, 1, False),
        (PlaceKind.HOTEL, PlaceKind.POSITION, 1, True),
        (PlaceKind.REGISTERED, PlaceKind.REGISTERED, 1, True),
        (PlaceKind.REGISTERED, PlaceKind.HOTEL, -1, True),  # though it is older
        (PlaceKind.POSITION, PlaceKind.HOTEL, -1, False),
    ],
)
def test_the_newer_place_counts_but_a_registered_address_only_where_nothing_better_is_known(
    known: PlaceKind | None, told_later: PlaceKind, hours: int, replaced: bool
) -> None:
    at, later = centre(), START + timedelta(hours=max(hours, 0))
    first = report.Place(**{**_plain(HERE), "kind": known})
    case = directive(at, "A", number=1, level=Level.HIGH, place=first)
    second = report.Place(lat=21.83, lon=110.78, adcode="440981", kind=told_later)
    directive(
        at, "B", number=1, level=Level.HIGH, place=second, now=later, issued_at=START + timedelta(hours=hours)
    )
    case = Case.objects.get(pk=case.pk)
    assert (case.unit == at.other) is replaced
    assert (case.place_kind == told_later) is (replaced or known == told_later)
