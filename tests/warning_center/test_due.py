"""When each part of the program next has something to do; a play on the moving clock does it then."""

from datetime import timedelta

import pytest
from pytest_django import Settings

from dispatch.models import Message, News, Unit
from dispatch.vocabulary import Disposition, Level
from dispatch.workflow import debts
from telephony import clock
from telephony.models import Call, Desk, Leg
from tests import factories
from tests.factories import START, Centre
from warning_center import due
from warning_center.answers import Answers
from warning_center.play import Play
from warning_center.standins import Cast

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def place(settings: Settings) -> Centre:
    settings.CLOCK = "telephony.clock.moving"
    clock.moving.set(START)
    return factories.centre()


@pytest.fixture
def stood_down(place: Centre) -> None:
    """Officers on their way to a person in no danger."""
    Unit.objects.filter(pk=place.station.pk).update(duty_phone="190 0000 9001")
    case = factories.directive(place, "A", number=1, level=Level.CRITICAL)
    factories.judged(case, Disposition.FALSE_ALARM, now=START)


def test_who_is_wanted_on_a_call_what_nobody_has_seen_and_a_word_that_is_owed_are_due_some_time(
    stood_down: None,
) -> None:
    none = due.moments()
    assert (none.legs, none.news, none.debts) == (None, START + 5 * MINUTE, None)
    call, desk = Call.objects.get(dialled_at=START), Desk.objects.all()[0]
    Leg.objects.create(call=call, desk=desk, role=Leg.Role.DESK, begun_at=START, due_at=START + MINUTE)
    Desk.objects.filter(pk=desk.pk).update(state="paused", reason="tea", ready_since=None, owes=call.pk)
    found = due.moments()
    assert (found.legs, found.debts) == (START + MINUTE, START + debts.LOOKS_BACK)
    assert found.debts is not None
    assert debts.settle(now=found.debts) == 1


def test_a_play_goes_on_until_who_had_to_look_has_been_told(stood_down: None) -> None:
    instants = list[object]()
    Play(Cast(Answers()), clock.moving, []).run(instants.append)
    told = Message.objects.filter(kind="unseen").values_list("written_at", "text__number")
    assert list(told) == [(START + 5 * MINUTE, "+8619000009001")]
    assert not News.objects.exclude(due_at=None).exists()
    assert clock.moving() == START + 10 * MINUTE  # the county's turn, which has no telephone
