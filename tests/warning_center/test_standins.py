"""Stand-ins at desks: one for each line, there however far the clock leaps, and never in a person's place."""

from datetime import datetime, timedelta

import pytest
from pytest_django import Settings

from dispatch.models import Attempt, Operator
from dispatch.vocabulary import Disposition, FraudType, Stage, Tier
from telephony import calls, clock, desks, exchange
from telephony.carrier import CallKind, CallStatus, Update
from telephony.models import Call, Desk, Trunk
from tests import factories
from tests.factories import START, Centre
from tests.seats import taken_seats
from warning_center import demonstration
from warning_center.answers import Answers, parse
from warning_center.standins import LONG, Cast

YEARS = timedelta(days=9 * 365 + 200)


@pytest.fixture(autouse=True)
def home(settings: Settings, tmp_path: object) -> None:
    settings.HOME = tmp_path
    settings.CLOCK = "telephony.clock.moving"
    clock.moving.set(START)


@pytest.mark.django_db
def test_the_demonstration_has_a_ready_desk_for_each_line_and_one_for_its_operator() -> None:
    for _twice in range(2):
        demonstration.load(START)
    lines = sum(Trunk.objects.values_list("concurrent", flat=True))
    assert Desk.objects.free(START).count() == lines
    assert not Desk.objects.free(START).filter(operator__isnull=False).exists()
    own = Operator.objects.get(user__username="operator").desk
    assert (own.state, set(FraudType) <= set(own.tags)) == (Desk.State.AWAY, True)


@pytest.mark.django_db
def test_while_a_person_is_ready_calls_come_to_them_first() -> None:
    demonstration.load(START)
    own = Operator.objects.get(user__username="operator").desk
    desks.sign_in(desk_id=own.pk, now=START)
    desks.ready(desk_id=own.pk, now=START)
    calls.book([a_call(START)])
    exchange.connect(now=START)
    assert Call.objects.get().desk == own


def a_call(at: datetime) -> Call:
    return calls.booking(
        number="+8619000000001",
        kind=CallKind.VOICE,
        at=at,
        until=at + timedelta(hours=1),
        head_start=timedelta(),
        tag=FraudType.LOAN,
    )


@pytest.mark.django_db
def test_stand_ins_stay_at_their_desks_however_far_the_clock_leaps() -> None:
    demonstration.load(START, people=False)
    lines = Desk.objects.count()
    cast = Cast(Answers())
    for years in (1, 2, 3):
        now = START + years * YEARS
        cast.act(now)
        assert Desk.objects.free(now + LONG / 2).count() == lines


@pytest.mark.django_db
def test_no_stand_in_sits_down_at_a_persons_desk_or_speaks_in_their_place() -> None:
    place = factories.centre()
    Desk.objects.all().delete()
    (own,) = taken_seats(1, START)
    Operator.objects.create(user=place.user(), desk=own)
    talks = talk(place)
    cast = Cast(parse({"D-1": {"voice": ["persuaded"]}}))
    cast.act(START + timedelta(days=1))
    assert Attempt.objects.get(pk=talks.pk).stage == Stage.TALKING
    Operator.objects.all().delete()
    cast.act(START + timedelta(days=1))
    assert Attempt.objects.get(pk=talks.pk).disposition == Disposition.PERSUADED


def talk(place: Centre) -> Attempt:
    """A voice call that somebody has answered."""
    case = factories.directive(place, "D-1", number=1)
    attempt = factories.dial(case, now=START)
    assert attempt.call is not None
    calls.hear(Update(str(attempt.call.key), CallStatus.TALKING), now=START)
    return factories.live(case, Tier.VOICE)
