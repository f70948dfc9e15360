"""Whole calls with those of ours who join them, over the practice Twilio: keys, operators, colleagues, supervisors."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from dispatch.models import Event, Operator, User
from dispatch.vocabulary import Role
from telephony import (
    addresses,
    attendance,
    calls,
    desks,
    dialling,
    exchange,
    handset,
    keys,
    legs,
    pace,
    ringing,
)
from telephony.carrier import ANNOUNCE, CallResult, CallStatus, Dial, Joint, LegNews, LegState, Way
from telephony.carriers.twilio import TwilioCarrier
from telephony.clock import MovingClock
from telephony.models import Call, Desk, Leg, Trunk
from telephony.models.desk import LEASE
from telephony.practice.phones import Phone
from telephony.signals import key_pressed
from tests.factories import entered
from tests.seats import taken_seats
from tests.telephony.carried import what_is_wrong
from tests.telephony.practising import SID, TOKEN, PracticeTwilio, practising
from tests.telephony.rows import Exchange
from tests.telephony.samples import NUMBER, START

SECOND = "+8619000001777"
PHONE, OTHER, CHIEF = "+861080100001", "+861080200001", "sip:chief@pbx.example"
State = Desk.State


@pytest.fixture
def practice(live_server: LiveServer, settings: Settings, moving: MovingClock) -> Iterator[PracticeTwilio]:
    with practising(moving) as twilio:
        settings.CARRIERS = {
            "twilio": {
                "adapter": "telephony.carriers.twilio.TwilioCarrier",
                "account_sid": SID,
                "auth_token": TOKEN,
                "caller_id": "+861096110",
                "base_url": twilio.url,
                "callback_base": live_server.url,
            }
        }
        for phone in (PHONE, OTHER, CHIEF):
            twilio.phones[phone] = Phone(lasts=600)
        twilio.phones[NUMBER] = Phone(lasts=600)
        Exchange().trunk(carrier="twilio", desks=0)
        yield twilio


def seat(address: str = PHONE, **given: object) -> Desk:
    """A desk that is ready and rings there."""
    usual = {"lease": LEASE, "lease_until": START + timedelta(hours=1), "wrap": timedelta(seconds=30)}
    return taken_seats(1, START, **{**usual, "address": address, **given})[0]


def working(desk: Desk, role: Role) -> Client:
    """The browser of whoever sits there."""
    user = User.objects.create_user(f"user{desk.pk}", role=role, is_superuser=role is Role.SUPERVISOR)
    Operator.objects.create(user=user, desk=desk)
    return entered(user)


def press(browser: Client, what: str, **given: object) -> None:
    browser.post(reverse("admin:dispatch_desk_act", args=[what]), given)


def state_of(desk: Desk) -> tuple[str, str]:
    kept = Desk.objects.get(pk=desk.pk)
    return kept.state, kept.reason


Run = Callable[[float], None]


@pytest.fixture
def run(practice: PracticeTwilio, moving: MovingClock) -> Run:
    """Let so many seconds go by, one after the other, as the tick does."""

    def run(seconds: float) -> None:
        for _ in range(int(seconds)):
            moving.forward(timedelta(seconds=1))
            practice.run()
            legs.tend(now=moving())

    return run


@pytest.fixture
def dial(practice: PracticeTwilio, moving: MovingClock, run: Run) -> Callable[..., Call]:
    def dial(seconds: float = 0, **given: Any) -> Call:
        Exchange().booked(**given)
        assert exchange.turn(now=moving()) == 1
        run(seconds)
        return Call.objects.get()

    return dial


# ---- The operator


def test_the_operator_is_rung_when_the_person_answers_and_both_are_in_one_room(
    practice: PracticeTwilio, dial: Callable[..., Call], run: Run
) -> None:
    desk = seat()
    call = dial(30)
    (leg,) = Leg.objects.all()
    assert (leg.desk, leg.role, leg.state) == (desk, Leg.Role.DESK, Leg.State.TALKING)
    (room,) = practice.switch.conferences.values()
    assert (room.name, room.status, len(room.people)) == (str(call.key), "in-progress", 2)
    assert state_of(desk) == (State.TALKING, "")
    assert set(practice.answers_to("status")) == {204}


def test_when_the_operator_hangs_up_the_call_is_over_and_what_was_said_is_written(
    practice: PracticeTwilio, dial: Callable[..., Call], run: Run
) -> None:
    desk = seat()
    practice.phones[PHONE] = Phone(lasts=40)
    dial(60)
    call = Call.objects.get()
    assert (call.status, call.result) == (CallStatus.ENDED, CallResult.ANSWERED)
    assert state_of(desk)[0] == State.WRAPPING
    assert Leg.objects.get().state == Leg.State.ENDED


@pytest.mark.parametrize(
    "phone",
    [
        Phone("busy", 486, rings=None, lasts=2),
        Phone("no-answer", 487, answers=None, lasts=60),
        Phone("failed", 404, rings=None, lasts=1),
        Phone(refuse=(400, 21211)),
    ],
)
def test_an_operators_phone_that_does_not_answer_pauses_the_desk_and_costs_no_attempt(
    practice: PracticeTwilio, dial: Callable[..., Call], phone: Phone
) -> None:
    desk = seat()
    practice.phones[PHONE] = phone
    call = dial(60)
    assert (call.status, call.result) == (CallStatus.ENDED, CallResult.FAILED_HERE)
    assert state_of(desk) == (State.PAUSED, attendance.UNANSWERED)


def test_a_desk_without_a_phone_is_not_rung(practice: PracticeTwilio, dial: Callable[..., Call]) -> None:
    desk = seat("")
    dial(20)
    assert not Leg.objects.exists()
    assert state_of(desk)[0] == State.TALKING


def test_a_machine_rings_nobody_for_long(practice: PracticeTwilio, dial: Callable[..., Call]) -> None:
    desk = seat()
    practice.phones[NUMBER] = Phone(answered_by="machine_start", lasts=600)
    call = dial(40)
    assert (call.status, call.result) == (CallStatus.ENDED, CallResult.MACHINE)
    assert Leg.objects.get().state == Leg.State.ENDED
    assert state_of(desk)[0] == State.READY


def test_a_leg_whose_news_is_lost_is_asked_about(
    practice: PracticeTwilio, dial: Callable[..., Call], run: Run
) -> None:
    seat()
    practice.phones[PHONE] = Phone(lasts=600, news="lost")
    dial(30)
    assert Leg.objects.get().state == Leg.State.ASKED
    run(60)
    assert Leg.objects.get().state == Leg.State.TALKING


@pytest.mark.parametrize("lags", [1, 2])
def test_who_talks_is_missed_only_when_the_carrier_twice_knows_nothing_of_them(
    practice: PracticeTwilio, dial: Callable[..., Call], run: Run, monkeypatch: pytest.MonkeyPatch, lags: int
) -> None:
    """To end the leg of who leads is to hang up on the person: a list that lags once must not."""
    seat()
    dial(30)
    asked: list[Joint] = []
    find = TwilioCarrier.find_joint

    def lagging(self: TwilioCarrier, dial: Dial, leg: Joint) -> LegNews | None:
        asked.append(leg)
        return None if len(asked) <= lags else find(self, dial, leg)

    monkeypatch.setattr(TwilioCarrier, "find_joint", lagging)
    run(attendance.SILENCE.total_seconds() * 3)
    assert len(asked) >= 2
    assert (Leg.objects.get().state == Leg.State.TALKING) is (lags == 1)
    assert Call.objects.get().is_live is (lags == 1)


def test_a_leg_that_was_asked_for_without_an_answer_is_found_in_its_room(
    practice: PracticeTwilio, dial: Callable[..., Call], run: Run
) -> None:
    seat()
    practice.phones[PHONE] = Phone(lasts=600, news="lost", after_accepting="error")
    dial(30)
    assert Leg.objects.get().external_id == ""
    run(60)
    leg = Leg.objects.get()
    assert (leg.state, leg.external_id) == (Leg.State.TALKING, practice.made_to(PHONE)[0].sid)
    assert len(practice.made_to(PHONE)) == 1


def test_a_leg_whose_end_nobody_told_does_not_keep_the_desk_from_its_next_call(
    practice: PracticeTwilio, dial: Callable[..., Call], run: Run, moving: MovingClock
) -> None:
    seat(wrap=timedelta())
    practice.phones[PHONE] = Phone(lasts=600, news="lost")
    practice.phones[NUMBER] = Phone(lasts=15)
    dial(25)
    assert Leg.objects.get().ended_at is None
    Exchange().booked("+8619000000000", at=moving())
    exchange.turn(now=moving())
    run(15)
    first, second = Leg.objects.order_by("pk")
    assert (first.state, first.result) == (Leg.State.ENDED, CallResult.OUTCOME_UNKNOWN)
    assert second.call.number == "+8619000000000"
    assert set(practice.answers_to("status")) == {204}


def test_news_of_a_leg_comes_in_any_order_and_twice_and_ends_the_same(
    practice: PracticeTwilio, dial: Callable[..., Call]
) -> None:
    seat()
    practice.phones[PHONE] = Phone(lasts=20, news="backwards")
    dial(60)
    leg = Leg.objects.get()
    assert (leg.state, leg.result) == (Leg.State.ENDED, "answered")
    assert not attendance.hear(LegNews(str(leg.key), LegState.TALKING), now=START)
    assert Leg.objects.get().state == Leg.State.ENDED


# ---- What the trunk carries


@pytest.fixture
def carried(practice: PracticeTwilio) -> Callable[..., None]:
    """Alter what the trunk carries."""

    def carried(**limits: int) -> None:
        Trunk.objects.update(**limits)

    return carried


def numbers(many: int) -> list[str]:
    return [f"+861900000100{n}" for n in range(many)]


def test_a_leg_takes_its_turn_in_the_trunks_second_and_goes_before_new_calls(
    practice: PracticeTwilio, carried: Callable[..., None], moving: MovingClock
) -> None:
    carried(per_second=1)
    seat()
    practice.phones[NUMBER] = Phone(rings=0, answers=0.4, lasts=600)
    Exchange().booked()
    for number in numbers(3):
        Exchange().booked(number, mode=ANNOUNCE)
    for _ in range(45):
        moving.forward(timedelta(seconds=0.1))
        practice.run()
        legs.tend(now=moving())
        exchange.turn(now=moving())
    asked = [(call.to in numbers(3), call.to) for call in practice.switch.calls.values()]
    assert asked[:2] == [(False, NUMBER), (False, PHONE)]
    assert len(asked) > 3
    assert what_is_wrong(practice.switch, [], {SID: (1, 100)}) == []


def test_who_leads_a_call_is_rung_before_who_listens(
    practice: PracticeTwilio, carried: Callable[..., None], dial: Callable[..., Call], moving: MovingClock
) -> None:
    carried(per_second=1)
    listener = seat(CHIEF, state=State.PAUSED, reason="meeting")
    call = dial(30, mode=ANNOUNCE)
    desk = seat()
    Leg.objects.create(
        call=call, desk=listener, role=Leg.Role.SUPERVISOR, way=Way.LISTEN, begun_at=moving(), due_at=START
    )
    Leg.objects.create(call=call, desk=desk, role=Leg.Role.DESK, begun_at=moving(), due_at=moving())
    assert [legs.tend(now=moving()), legs.tend(now=moving())] == [1, 0]
    assert practice.made_to(PHONE)
    assert not practice.made_to(CHIEF)


def test_an_operators_call_takes_two_lines_and_no_later_call_takes_the_one_it_waits_for(
    practice: PracticeTwilio, carried: Callable[..., None], moving: MovingClock
) -> None:
    carried(concurrent=3)
    seat(), seat(OTHER)
    first, second = (Exchange().booked(number, head_start=timedelta(hours=1)) for number in numbers(2))
    later = Exchange().booked(numbers(3)[2], mode=ANNOUNCE)
    assert exchange.connect(now=moving()) == [first]
    calls.end(key=str(first.key), result=CallResult.BUSY, now=moving())
    assert [c.pk for c in exchange.connect(now=moving())] == [second.pk, later.pk]


def test_a_leg_waits_until_a_line_is_free(
    practice: PracticeTwilio, carried: Callable[..., None], dial: Callable[..., Call], run: Run
) -> None:
    carried(concurrent=1)
    practice.phones[NUMBER] = Phone(lasts=600, presses="1")
    desk = seat()
    call = dial(25, mode=ANNOUNCE)
    assert (call.desk, Leg.objects.get().state) == (desk, Leg.State.WANTED)
    assert not practice.made_to(PHONE)
    carried(concurrent=2)
    run(10)
    assert Leg.objects.get().state == Leg.State.TALKING


def test_who_would_wait_too_long_for_an_operators_line_is_hung_up_on_and_the_desk_takes_calls_on(
    practice: PracticeTwilio,
    carried: Callable[..., None],
    dial: Callable[..., Call],
    run: Run,
    moving: MovingClock,
) -> None:
    carried(concurrent=1)
    practice.phones[NUMBER] = Phone(lasts=600, presses="1")
    desk = seat()
    dial(20, mode=ANNOUNCE)
    until = Leg.objects.get().begun_at + ringing.WAITS
    run((until - moving()).total_seconds() - 1)
    assert (Call.objects.get().status, Leg.objects.get().state) == (CallStatus.TALKING, Leg.State.WANTED)
    run(3)
    call, leg = Call.objects.get(), Leg.objects.get()
    assert (leg.state, leg.result, leg.dialled_at) == (Leg.State.ENDED, CallResult.NOT_PLACED, None)
    assert (call.status, call.result) == (CallStatus.ENDED, CallResult.FAILED_HERE)
    assert state_of(desk) == (State.READY, "")
    assert not practice.made_to(PHONE)


def test_a_colleague_for_whom_no_line_is_free_in_time_is_ready_again(
    practice: PracticeTwilio,
    carried: Callable[..., None],
    dial: Callable[..., Call],
    run: Run,
    moving: MovingClock,
) -> None:
    carried(concurrent=2)
    seat()
    call, second = dial(20), seat(OTHER)
    legs.bring(call_id=call.pk, desk_id=second.pk, role=Leg.Role.COLLEAGUE, now=moving())
    run(ringing.WAITS.total_seconds())
    assert Leg.objects.get(desk=second).result == CallResult.NOT_PLACED
    assert (Call.objects.get().status, state_of(second)) == (CallStatus.TALKING, (State.READY, ""))


def test_those_who_wait_for_a_full_trunk_do_not_hide_those_of_another(
    practice: PracticeTwilio,
    carried: Callable[..., None],
    moving: MovingClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ringing, "AT_ONCE", 2)
    carried(concurrent=1)
    free = Exchange().trunk(carrier="twilio", desks=0)
    full = Trunk.objects.exclude(pk=free.pk).get()
    calls_ = [Exchange().on_line(number, trunk=full) for number in numbers(3)]
    calls_.append(Exchange().on_line(NUMBER, trunk=free))
    for call in calls_:
        Leg.objects.create(
            call=call,
            desk=seat(),
            role=Leg.Role.DESK,
            begun_at=moving.forward(timedelta(seconds=1)),
            due_at=START,
        )
    assert ringing.turn(now=moving()) == 1
    assert [leg.call.trunk for leg in Leg.objects.exclude(state=Leg.State.WANTED)] == [free]


def test_who_comes_too_late_for_its_place_waits_anew_and_asks_for_nothing(
    practice: PracticeTwilio, dial: Callable[..., Call], moving: MovingClock
) -> None:
    call = dial(30, mode=ANNOUNCE)
    Leg.objects.create(call=call, desk=seat(), role=Leg.Role.DESK, begun_at=START, due_at=START)
    long_ago = moving() - pace.IN_TIME - timedelta(seconds=1)
    assert ringing.turn(now=long_ago) == 1  # whoever decided it then asks only now
    leg = Leg.objects.get()
    assert (leg.state, leg.dialled_at, practice.made_to(PHONE)) == (Leg.State.WANTED, None, [])
    assert ringing.turn(now=moving()) == 1
    assert practice.made_to(PHONE)


# ---- Keys


@pytest.fixture
def pressed() -> Iterator[list[tuple[str, str]]]:
    """Which keys were announced, and what came of them."""
    heard: list[tuple[str, str]] = []

    def hear(sender: object, key: str, outcome: str, **_: object) -> None:
        heard.append((key, outcome))

    key_pressed.connect(hear)
    yield heard
    key_pressed.disconnect(hear)


@pytest.mark.parametrize("key", ["1", "2"])
def test_who_asks_for_somebody_is_joined_to_a_ready_desk_in_the_same_call(
    practice: PracticeTwilio, dial: Callable[..., Call], pressed: list[tuple[str, str]], key: str
) -> None:
    seat(OTHER, tags=[])
    desk = seat(tags=["loan"])
    practice.phones[NUMBER] = Phone(lasts=600, presses=key)
    call = dial(40, mode=ANNOUNCE, tag="loan")
    assert pressed == [(key, keys.OFFICER)]
    assert (call.desk, call.mode, call.pressed, call.status) == (desk, "", key, CallStatus.TALKING)
    assert state_of(desk)[0] == State.TALKING
    (room,) = practice.switch.conferences.values()
    assert len(room.people) == 2


def test_when_nobody_is_free_they_are_told_so_and_the_call_ends(
    practice: PracticeTwilio, dial: Callable[..., Call], pressed: list[tuple[str, str]]
) -> None:
    practice.phones[NUMBER] = Phone(lasts=600, presses="1")
    call = dial(60, mode=ANNOUNCE, tag="loan")
    assert pressed == [("1", keys.LATER)]
    assert (call.status, call.result, call.desk) == (CallStatus.ENDED, CallResult.ANSWERED, None)


def test_nine_says_it_again_and_another_key_does_too(
    practice: PracticeTwilio, dial: Callable[..., Call], pressed: list[tuple[str, str]]
) -> None:
    practice.phones[NUMBER] = Phone(lasts=60, presses="95")
    call = dial(80, mode=ANNOUNCE, tag="loan")
    assert pressed == [("9", keys.AGAIN), ("5", keys.AGAIN)]
    assert call.pressed == "95"
    assert call.result == CallResult.ANSWERED


def test_a_key_that_is_posted_again_does_nothing(
    practice: PracticeTwilio,
    dial: Callable[..., Call],
    pressed: list[tuple[str, str]],
    live_server: LiveServer,
) -> None:
    call = dial(10, mode=ANNOUNCE)
    url = f"{live_server.url}/telephony/twilio/{call.key}/keys"
    form = {"CallSid": call.external_id, "Digits": "2", "CallStatus": "in-progress"}
    assert practice.send(url, form, token="forged") == 403
    assert practice.send(url, form) == 200
    assert practice.send(url, form) == 403
    assert pressed == [("2", keys.GONE)]
    assert Call.objects.get().pressed == "2"


# ---- Colleagues, supervisors, recordings


def test_a_colleague_comes_in_and_leads_once_the_first_one_goes(
    practice: PracticeTwilio, dial: Callable[..., Call], run: Run, moving: MovingClock
) -> None:
    first = seat()
    call = dial(20)
    second = seat(OTHER)
    legs.bring(call_id=call.pk, desk_id=second.pk, role=Leg.Role.COLLEAGUE, now=moving())
    assert state_of(second) == (State.PAUSED, attendance.HELPING)
    run(15)
    assert {p.end_on_exit for p in practice.switch.conferences[_room(practice)].people.values()} == {
        True,
        False,
    }
    practice.switch.hang_up(practice.made_to(PHONE)[0])
    run(3)
    call = Call.objects.get()
    assert (call.status, call.desk) == (CallStatus.TALKING, second)
    assert state_of(first)[0] == State.WRAPPING
    assert state_of(second)[0] == State.TALKING
    practice.switch.hang_up(practice.made_to(OTHER)[0])
    run(3)
    assert Call.objects.get().status == CallStatus.ENDED
    assert state_of(second)[0] == State.WRAPPING


@pytest.mark.parametrize("role", [Leg.Role.COLLEAGUE, Leg.Role.SUPERVISOR])
def test_whose_phone_is_in_anothers_call_is_given_none_until_that_is_over(
    practice: PracticeTwilio, dial: Callable[..., Call], run: Run, moving: MovingClock, role: Leg.Role
) -> None:
    """Ready or not: who picked up would hear nobody."""
    seat()
    call = dial(20)
    second = seat(OTHER)
    way = Way.LISTEN if role is Leg.Role.SUPERVISOR else Way.TALK
    legs.bring(call_id=call.pk, desk_id=second.pk, role=role, way=way, now=moving())
    run(15)
    desks.ready(desk_id=second.pk, now=moving())
    own = Exchange().booked(SECOND, at=moving())
    assert exchange.turn(now=moving()) == 0
    with pytest.raises(dialling.CannotDialError, match=dialling.CannotDialError.BUSY):
        dialling.dial(call_id=own.pk, desk_id=second.pk, now=moving())
    for phone in (PHONE, OTHER):
        practice.switch.hang_up(practice.made_to(phone)[0])
        run(3)
    desks.ready(desk_id=second.pk, now=moving())
    assert exchange.turn(now=moving()) == 1
    assert Call.objects.get(pk=own.pk).desk == second


def test_a_call_whose_operators_phone_turns_out_to_be_in_another_is_ended_and_no_news_is_lost(
    practice: PracticeTwilio, dial: Callable[..., Call], run: Run, moving: MovingClock
) -> None:
    seat()
    call = dial(20)
    second = seat(OTHER)
    own = Exchange().booked(SECOND, at=moving())
    practice.phones[SECOND] = Phone(lasts=600)
    assert exchange.turn(now=moving()) == 1
    Leg.objects.create(call=call, desk=second, role=Leg.Role.SUPERVISOR, begun_at=moving(), due_at=moving())
    run(30)
    assert (Call.objects.get(pk=own.pk).status, Call.objects.get(pk=own.pk).result) == (
        CallStatus.ENDED,
        CallResult.FAILED_HERE,
    )
    assert set(practice.answers_to("status")) == {204}


def test_who_has_a_call_of_their_own_listens_to_none(
    practice: PracticeTwilio, dial: Callable[..., Call], moving: MovingClock
) -> None:
    seat()
    call = dial(20)
    busy = seat(OTHER, state=State.OFFERED)
    with pytest.raises(legs.CannotJoinError, match="on a call"):
        legs.bring(call_id=call.pk, desk_id=busy.pk, role=Leg.Role.SUPERVISOR, way=Way.LISTEN, now=moving())


def _room(practice: PracticeTwilio) -> str:
    (sid,) = practice.switch.conferences
    return sid


def test_a_colleague_who_goes_first_is_ready_again_and_the_call_goes_on(
    practice: PracticeTwilio, dial: Callable[..., Call], run: Run, moving: MovingClock
) -> None:
    seat()
    call = dial(20)
    second = seat(OTHER)
    legs.bring(call_id=call.pk, desk_id=second.pk, role=Leg.Role.COLLEAGUE, now=moving())
    run(15)
    practice.switch.hang_up(practice.made_to(OTHER)[0])
    run(3)
    assert Call.objects.get().status == CallStatus.TALKING
    assert state_of(second)[0] == State.READY


def test_a_supervisor_listens_unheard_and_whispers_to_the_operator_alone(
    practice: PracticeTwilio, dial: Callable[..., Call], run: Run, moving: MovingClock
) -> None:
    working(seat(), Role.OPERATOR)
    call = dial(20)
    chief = seat(CHIEF, state=State.PAUSED, reason="meeting")
    lead = working(chief, Role.SUPERVISOR)
    assert lead.get(reverse("admin:dispatch_board")).content.count(b"data-hear") == 2
    press(lead, "listen", call=call.pk)
    run(15)
    person = practice.switch.conferences[_room(practice)].people[practice.made_to(CHIEF)[0].sid]
    assert (person.muted, person.coaching, person.end_on_exit) == (True, False, False)
    assert b"<b>\xe2\x9c\x93 listens</b>" in lead.get(reverse("admin:dispatch_board")).content
    press(lead, "whisper", call=call.pk)
    assert (person.muted, person.coaching, person.coaches) == (False, True, practice.made_to(PHONE)[0].sid)
    practice.switch.hang_up(practice.made_to(CHIEF)[0])
    run(3)
    assert Call.objects.get().status == CallStatus.TALKING
    assert state_of(chief) == (State.PAUSED, "meeting")


def test_an_operator_is_muted_heard_again_and_hangs_up_from_the_page(
    practice: PracticeTwilio, dial: Callable[..., Call], run: Run
) -> None:
    desk = seat()
    sam, eve = (
        working(desk, Role.OPERATOR),
        working(seat(OTHER, state=State.PAUSED, reason="meal"), Role.OPERATOR),
    )
    dial(20)
    person = practice.switch.conferences[_room(practice)].people[practice.made_to(PHONE)[0].sid]
    for what, muted in (("mute", True), ("mute", True), ("unmute", False)):
        press(sam, what)
        assert (person.muted, Leg.objects.get().muted) == (muted, muted)
    press(eve, "mute")  # nobody's talk but one's own
    press(eve, "hang_up")
    assert not person.muted
    press(sam, "hang_up")
    run(3)
    call = Call.objects.get()
    assert (call.status, call.result) == (CallStatus.ENDED, CallResult.ANSWERED)
    assert state_of(desk)[0] == State.WRAPPING
    press(sam, "hang_up")
    told = Event.objects.filter(by__operator__desk=desk).order_by("pk").values_list("verb", flat=True)
    assert list(told) == ["desk_muted", "desk_muted", "desk_unmuted", "desk_hung_up", "refused"]
    assert Event.objects.filter(verb="refused").count() == 3


def test_who_hangs_up_beside_a_colleague_leaves_the_call_to_them(
    practice: PracticeTwilio, dial: Callable[..., Call], run: Run, moving: MovingClock
) -> None:
    first = seat()
    call = dial(20)
    second = seat(OTHER)
    legs.bring(call_id=call.pk, desk_id=second.pk, role=Leg.Role.COLLEAGUE, now=moving())
    run(15)
    handset.put_down(desk_id=first.pk, now=moving())
    run(3)
    call = Call.objects.get()
    assert (call.status, call.desk) == (CallStatus.TALKING, second)


def test_whom_nobody_can_ring_is_not_brought_in(
    practice: PracticeTwilio, dial: Callable[..., Call], moving: MovingClock
) -> None:
    first = seat()
    call = dial(20)
    mute, away = seat(""), seat(OTHER, state=State.AWAY, lease_until=None, ready_since=None)
    for desk in (first, mute, away):
        with pytest.raises(legs.CannotJoinError):
            legs.bring(call_id=call.pk, desk_id=desk.pk, role=Leg.Role.COLLEAGUE, now=moving())
    calls.end(key=str(call.key), result=CallResult.ANSWERED, now=moving())
    with pytest.raises(legs.CannotJoinError):
        legs.bring(call_id=call.pk, desk_id=seat(CHIEF).pk, role=Leg.Role.COLLEAGUE, now=moving())


def test_a_recording_begins_with_its_notice_and_its_state_is_kept(
    practice: PracticeTwilio, dial: Callable[..., Call], run: Run
) -> None:
    seat()
    call = dial(20)
    sid = legs.record(call_id=call.pk)
    run(2)
    assert practice.answers_to("announce") == [200]
    assert practice.switch.recordings[sid].channels == 2
    practice.switch.hang_up(practice.made_to(NUMBER)[0])
    run(2)
    told = [piece["RecordingStatus"] for piece in Call.objects.get().evidence if "RecordingSid" in piece]
    assert told == ["in-progress", "completed"]


# ---- Where a desk is rung


@pytest.mark.parametrize(
    ("said", "kept", "shown"),
    [
        ("190 0000 0001", "+8619000000001", "190****0001"),
        (" sip:desk.1@pbx.example:5060 ", "sip:desk.1@pbx.example:5060", "sip:****@pbx.example:5060"),
        ("", "", ""),
    ],
)
def test_a_desk_has_a_number_or_a_sip_address_and_shows_neither(
    db: None, said: str, kept: str, shown: str
) -> None:
    desk = seat("")
    desks.register(desk_id=desk.pk, address=said)
    assert Desk.objects.get(pk=desk.pk).address == kept
    assert desks.phone_of(desk.pk) == shown


@pytest.mark.parametrize("said", ["12", "sip:nobody", "sip:a b@c", "somewhere", "sip:a@c?x=y"])
def test_what_cannot_be_rung_is_no_address(said: str) -> None:
    with pytest.raises(addresses.BadAddress) as wrong:
        addresses.normalise(said)
    assert said not in str(wrong.value) or said == "12"
