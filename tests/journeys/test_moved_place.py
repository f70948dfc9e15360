"""A visit follows the person: a hotel learnt of later beats the address somebody is already driving to."""

from dataclasses import replace
from datetime import timedelta

import pytest

from dispatch.models import Attempt, Case
from dispatch.vocabulary import Disposition, Level, Result, Tier
from dispatch.workflow import report, words
from tests import factories
from tests.factories import START, Centre

SOON = START + timedelta(minutes=10)
HOTEL = report.Place(lat=21.551, lon=110.981, adcode="440904", address="电白区某酒店 502 室")


@pytest.fixture
def place(db: None) -> Centre:
    return factories.centre()


def at_home(place: Centre) -> Case:
    """A critical case: somebody is sent to the address in Gaozhou at once, and is on the way."""
    case = factories.directive(place, "A-1", number=1, level=Level.CRITICAL, place=factories.elsewhere())
    assert went(case) == [("石鼓派出所", "")]
    words.acknowledge(attempt_id=factories.live(case, Tier.VISIT).pk, now=START, agent="test")
    return case


def at_the_hotel(place: Centre) -> Case:
    return factories.directive(place, "A-2", number=1, level=Level.CRITICAL, place=HOTEL, now=SOON)


def went(case: Case) -> list[tuple[str, str]]:
    visits = Attempt.objects.filter(case=case, tier=Tier.VISIT).select_related("unit").order_by("pk")
    return [(visit.unit.name, visit.result) for visit in visits if visit.unit]


def test_visit_on_its_way_to_the_old_place_is_recalled_and_the_nearest_to_the_new_one_goes(
    place: Centre,
) -> None:
    case = at_home(place)
    assert at_the_hotel(place) == case
    assert went(case) == [("石鼓派出所", "cancelled"), ("七迳派出所", "")]
    assert factories.live(case, Tier.VISIT).started_at == SOON
    assert factories.judged(case, Disposition.PERSUADED, Tier.VISIT, now=SOON).agreed_at == SOON


def test_visit_at_the_door_is_not_recalled_but_the_next_one_goes_to_the_new_place_at_once(
    place: Centre,
) -> None:
    case = at_home(place)
    visit = factories.live(case, Tier.VISIT)
    words.arrive(attempt_id=visit.pk, now=START + timedelta(minutes=5), agent="test")
    at_the_hotel(place)
    assert went(case) == [("石鼓派出所", "")]
    later = SOON + timedelta(minutes=2)
    words.record_result(attempt_id=visit.pk, result=Result.NOT_THERE, now=later, agent="test")
    assert went(case) == [("石鼓派出所", "not_there"), ("七迳派出所", "")]
    assert factories.live(case, Tier.VISIT).started_at == later


def test_planned_second_visit_leaves_for_the_new_place_without_waiting_for_its_hour(place: Centre) -> None:
    case = at_home(place)
    visit = factories.live(case, Tier.VISIT)
    words.record_result(attempt_id=visit.pk, result=Result.NOT_THERE, now=START, agent="test")
    assert factories.live(case, Tier.VISIT).starts_at == START + timedelta(minutes=30)
    at_the_hotel(place)
    assert went(case) == [("石鼓派出所", "not_there"), ("石鼓派出所", "cancelled"), ("七迳派出所", "")]
    assert factories.live(case, Tier.VISIT).started_at == SOON


def test_visit_goes_on_when_the_same_station_is_nearest_to_the_new_place(place: Centre) -> None:
    case = at_home(place)
    nearby = replace(factories.elsewhere(), lat=21.831, address="高州市某小区门口")
    factories.directive(place, "A-2", number=1, level=Level.CRITICAL, place=nearby, now=SOON)
    assert went(case) == [("石鼓派出所", "")]


def test_an_older_place_redirects_nobody(place: Centre) -> None:
    case = at_home(place)
    factories.directive(place, "A-0", number=1, place=HOTEL, now=SOON, issued_at=START - timedelta(hours=1))
    assert went(case) == [("石鼓派出所", "")]
