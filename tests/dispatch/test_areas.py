"""A call goes only to an operator who may see its case, wherever the case goes."""

from datetime import timedelta

import pytest

from dispatch.models import Attempt, Operator, Unit, User
from dispatch.vocabulary import Level, Tier
from dispatch.workflow import joining, seats, turn
from telephony import calls, exchange
from telephony.carrier import CallStatus, Update
from telephony.keys import pressed
from telephony.models import Call, Desk
from tests import factories
from tests.factories import START, Centre

pytestmark = pytest.mark.django_db
NOW = START + timedelta(seconds=20)


@pytest.fixture
def at() -> Centre:
    centre = factories.centre()
    Desk.objects.all().delete()
    return centre


def ready(at: Centre, unit: Unit | None, **given: object) -> Desk:
    """Somebody of a unit sits down and is ready."""
    user = at.user(unit=unit)
    User.objects.filter(pk=user.pk).update(unit=unit, **given)
    desk = Desk.objects.create(name=f"desk of {user}", since=START)
    Operator.objects.create(user=user, desk=desk)
    seats.ready(by=User.objects.get(pk=user.pk), now=NOW)
    return desk


def led() -> list[Desk | None]:
    """The desks that the calls dialled by now have."""
    exchange.connect(now=NOW)
    return [call.desk for call in Call.objects.on_line().select_related("desk").order_by("dialled_at", "pk")]


def test_the_call_waits_for_who_may_see_the_case(at: Centre) -> None:
    factories.directive(at, "A", number=1)
    ready(at, at.other)
    ready(at, None)
    assert led() == []
    mine = ready(at, at.county)
    assert led() == [mine]


@pytest.mark.parametrize("who", ["city", "administrator"])
def test_who_sees_more_takes_calls_of_all_that(at: Centre, who: str) -> None:
    factories.directive(at, "A", number=1)
    desk = ready(at, at.city) if who == "city" else ready(at, None, is_superuser=True)
    assert led() == [desk]


def test_the_call_of_a_case_that_goes_to_another_county_goes_along(at: Centre) -> None:
    case = factories.directive(at, "A", number=1)
    desk = ready(at, at.other)
    assert led() == []
    assert factories.directive(at, "B", number=1, place=factories.elsewhere(), now=NOW) == case
    turn.advance([case.pk], now=NOW)
    assert led() == [desk]


def test_a_colleague_who_may_not_see_the_case_is_not_on_the_list(at: Centre) -> None:
    factories.directive(at, "A", number=1)
    mine = ready(at, at.county)
    assert led() == [mine]
    ready(at, at.other)
    colleague = ready(at, at.city)
    Desk.objects.update(address="sip:801@desk.example")
    by = Operator.objects.get(desk=mine).user
    assert [pk for pk, _name in joining.colleagues(by=by)] == [colleague.pk]


def test_who_presses_1_is_given_an_officer_who_may_see_the_case(at: Centre) -> None:
    case = factories.directive(at, "A", number=1, level=Level.LOW, fraud_word="brushing")
    exchange.connect(now=START + timedelta(minutes=30))
    call = Attempt.objects.get(case=case, tier=Tier.VOICE).call
    assert call is not None
    calls.hear(Update(str(call.key), CallStatus.TALKING), now=NOW)
    stranger = ready(at, at.other)
    Desk.objects.update(address="sip:801@desk.example")
    assert pressed(call_key=str(call.key), key="1", now=NOW) == "later"
    assert Desk.objects.get(pk=stranger.pk).state == Desk.State.READY
    mine = ready(at, at.county)
    Desk.objects.filter(pk=mine.pk).update(address="sip:802@desk.example")
    assert pressed(call_key=str(call.key), key="1", now=NOW) == "officer"
    assert Call.objects.get(pk=call.pk).desk == mine
