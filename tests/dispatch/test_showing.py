"""The video page in a case: after voice contact alone, announced, under a badge; what it meets leads the chain."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from dispatch.models import Attempt, Badge, Case, Event, Message, Operator, PhoneNumber, User
from dispatch.vocabulary import Disposition, Result, State, Tier
from dispatch.workflow import showing, turn, words
from dispatch.workflow.refusal import NotAllowedError
from telephony import calls, clock, exchange, lines
from telephony.carrier import CallResult, CallStatus, Update
from telephony.models import Call, Desk, Link, Trunk
from telephony.models.call import PAGE
from tests import factories
from tests.factories import START, Centre
from tests.telephony.relayed import CARD
from tests.telephony.test_links import Pages

R = CallResult
D = Disposition
LATER = START + timedelta(minutes=2)
Commits = DjangoCaptureOnCommitCallbacks


@pytest.fixture
def page(settings: Settings, place: Centre) -> Pages:
    settings.CLOCK = "telephony.clock.moving"
    clock.moving.set(START)
    settings.CARRIERS = {**settings.CARRIERS, "page": {"adapter": "tests.telephony.test_links.Pages"}}
    lines.forget()
    Trunk.objects.update(carries="voice text")
    Trunk.objects.create(
        name="page", carrier="page", carries=PAGE, concurrent=9, per_second=9, priority=2, filled_at=START
    )
    made = lines.carrier("page")
    assert isinstance(made, Pages)
    return made


@pytest.fixture
def place(db: None) -> Centre:
    return factories.centre()


@pytest.fixture
def case(place: Centre, page: Pages) -> Case:
    """A person who was reached by voice and not persuaded: a video call is due."""
    return factories.judged(factories.directive(place, "A", number=1), D.NOT_PERSUADED, now=START)


def taken(case: Case) -> Attempt:
    """A desk has taken the video call."""
    exchange.turn(now=LATER)
    return factories.live(case, Tier.VIDEO)


def operator_of(place: Centre, attempt: Attempt, *, badge: bool = True) -> User:
    by = place.user()
    assert attempt.call is not None
    Operator.objects.create(user=by, desk=Desk.objects.get(call=attempt.call))
    if badge:
        Badge.objects.create(user=by, name="王警官", number="044127", station="七迳派出所", face=CARD.face)
    return by


def send(attempt: Attempt, by: User, *, announced: bool = True) -> None:
    showing.send_link(attempt_id=attempt.pk, announced=announced, by=by, now=LATER)


def met(attempt: Attempt, *news: tuple[CallStatus, CallResult | None]) -> Case:
    assert attempt.call is not None
    for status, result in news:
        calls.hear(Update(str(attempt.call.key), status, result), now=LATER)
    turn.advance([attempt.case_id], now=LATER)
    return Case.objects.get(pk=attempt.case_id)


def test_after_a_talk_by_voice_the_operator_sends_the_link(place: Centre, case: Case, page: Pages) -> None:
    attempt = taken(case)
    send(attempt, operator_of(place, attempt))
    message = Message.objects.get(kind="link")
    assert message.case == case
    assert "{link}" in message.text.body
    assert "96110" in message.text.body
    assert Link.objects.get().call_id == attempt.call_id
    assert Event.objects.filter(case=case, verb="link_sent").exists()


def test_it_is_announced_first(place: Centre, case: Case) -> None:
    attempt = taken(case)
    with pytest.raises(NotAllowedError, match="announce the link by voice first"):
        send(attempt, operator_of(place, attempt), announced=False)
    assert not Link.objects.exists()


def not_spoken_to(case: Case) -> None:
    """Nobody was there by voice after all."""
    Attempt.objects.filter(case=case, tier=Tier.VOICE).update(
        result=Result.NO_ANSWER, identified_at=None, disposition="", judged_at=None
    )


def only_a_machine(case: Case) -> None:
    Attempt.objects.filter(case=case, tier=Tier.VOICE).update(
        result=Result.MACHINE, identified_at=None, disposition="", judged_at=None
    )


def the_wrong_one(case: Case) -> None:
    Attempt.objects.filter(case=case, tier=Tier.VOICE).update(disposition=D.WRONG_PERSON)


def at_another_number(case: Case) -> None:
    other = PhoneNumber.objects.create(number="+8619000000077", index="77")
    Attempt.objects.filter(case=case, tier=Tier.VOICE).update(phone=other)


@pytest.mark.parametrize("so", [not_spoken_to, only_a_machine, the_wrong_one, at_another_number])
def test_without_voice_contact_at_that_number_no_link_goes_out(
    place: Centre, case: Case, so: Callable[[Case], None]
) -> None:
    attempt = taken(case)
    so(case)
    with pytest.raises(NotAllowedError, match="first by voice, then the link"):
        send(attempt, operator_of(place, attempt))
    assert not Message.objects.filter(kind="link").exists()


def test_without_a_badge_nobody_could_check_who_it_is(place: Centre, case: Case) -> None:
    attempt = taken(case)
    with pytest.raises(NotAllowedError, match="no badge with a face"):
        send(attempt, operator_of(place, attempt, badge=False))


def test_only_who_leads_the_call_sends_its_link(place: Centre, case: Case) -> None:
    attempt = taken(case)
    with pytest.raises(NotAllowedError, match="not at your desk"):
        send(attempt, place.user())


def test_a_link_goes_out_once(place: Centre, case: Case) -> None:
    attempt = taken(case)
    by = operator_of(place, attempt)
    send(attempt, by)
    with pytest.raises(NotAllowedError, match="has gone out"):
        send(attempt, by)


@pytest.mark.parametrize(
    ("news", "result"),
    [
        ([(CallStatus.ENDED, R.NO_ANSWER)], Result.NO_ANSWER),
        ([(CallStatus.RINGING, None), (CallStatus.ENDED, R.REJECTED)], Result.REJECTED),
        ([(CallStatus.TALKING, None), (CallStatus.ENDED, R.HUNG_UP)], Result.HUNG_UP),
        ([(CallStatus.TALKING, None), (CallStatus.ENDED, R.AUDIO_ONLY)], Result.AUDIO_ONLY),
        ([(CallStatus.ENDED, R.NOT_PLACED)], Result.NOT_PLACED),
    ],
)
def test_a_video_page_not_taken_leads_to_the_door(
    case: Case, news: list[tuple[CallStatus, CallResult | None]], result: Result
) -> None:
    attempt = taken(case)
    after = met(attempt, *news)
    assert Attempt.objects.get(pk=attempt.pk).result == result
    assert after.state == State.VISIT


def test_joined_is_not_reached_before_a_person_says_so(place: Centre, case: Case) -> None:
    attempt = taken(case)
    after = met(attempt, (CallStatus.TALKING, None), (CallStatus.ENDED, R.ANSWERED))
    assert (after.state, Attempt.objects.get(pk=attempt.pk).result) == (State.VIDEO, "")
    by = operator_of(place, attempt)
    words.identify(attempt_id=attempt.pk, by=by, now=LATER)
    words.judge(attempt_id=attempt.pk, disposition=D.PERSUADED, by=by, now=LATER)
    assert Attempt.objects.get(pk=attempt.pk).result == Result.REACHED
    assert Case.objects.get(pk=case.pk).state == State.FOLLOW_UP


def test_who_tries_to_open_it_as_well_stands_in_the_record(place: Centre, case: Case) -> None:
    attempt = taken(case)
    assert attempt.call is not None
    refused = Update(str(attempt.call.key), CallStatus.RINGING, evidence={"refused": "used"})
    calls.hear(refused, now=LATER)
    assert Event.objects.get(case=case, verb="link_refused").detail["opened"] == "used"


def test_a_phone_that_takes_no_video_call_gets_the_page(place: Centre, page: Pages) -> None:
    Trunk.objects.exclude(carries=PAGE).update(carries="voice video text")
    case = factories.directive(place, "A", number=1)
    talk = factories.answer(case, now=START)
    by = operator_of(place, talk)
    showing.by_page(attempt_id=talk.pk, by=by, now=START)
    words.judge(attempt_id=talk.pk, disposition=D.NOT_PERSUADED, now=START, agent="test")
    assert talk.call is not None
    calls.hear(Update(str(talk.call.key), CallStatus.ENDED, R.ANSWERED), now=START)
    video = taken(case)
    assert video.call is not None
    assert video.call.route == PAGE
    assert page.placed == [str(video.call.key)]


def test_where_no_trunk_carries_video_it_goes_by_the_page_to_who_has_talked_with_them(case: Case) -> None:
    booked = factories.live(case, Tier.VIDEO).call
    voice = Attempt.objects.select_related("call").get(case=case, tier=Tier.VOICE).call
    assert booked is not None
    assert voice is not None
    assert (booked.route, booked.prefers_id) == (PAGE, voice.desk_id)


def test_a_video_call_that_is_booked_already_changes_its_way(place: Centre, case: Case) -> None:
    booked = factories.live(case, Tier.VIDEO)
    Call.objects.filter(attempt=booked).update(route="")
    showing.by_page(attempt_id=booked.pk, by=place.user(), now=START)
    assert Call.objects.get(attempt=booked).route == PAGE


def test_without_a_relay_nobody_is_promised_the_page(place: Centre, case: Case) -> None:
    Trunk.objects.filter(carries=PAGE).update(enabled=False)
    with pytest.raises(NotAllowedError, match="no trunk carries"):
        showing.by_page(attempt_id=factories.live(case, Tier.VIDEO).pk, by=place.user(), now=START)


def test_a_rehearsal_reaches_nobody(place: Centre, case: Case, page: Pages) -> None:
    by = operator_of(place, taken(case))
    made = showing.rehearse(by=by, wall=0, now=START)
    assert made.address.startswith("https://v.example/v/")
    assert not Link.objects.exists()
    assert not Message.objects.filter(kind="link").exists()
