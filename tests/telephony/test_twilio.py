"""Twilio's own ways: what is sent, which failures are certain, what is adopted, whose signature counts."""

import logging
import socket
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from xml.etree import ElementTree

import pytest
import requests
from twilio.request_validator import RequestValidator

from telephony import scripts
from telephony.carrier import CallKind, CallResult, CallStatus, CarrierError
from telephony.carriers.twilio import TwilioCarrier
from telephony.clock import MovingClock
from telephony.practice.phones import Phone
from telephony.practice.records import Call
from tests.telephony.practising import PracticeTwilio, practising
from tests.telephony.samples import KEY, NUMBER, START, a_dial
from tests.telephony.stages import twilio_carrier

R = CallResult
S = CallStatus
HOME = "https://centre.example"


@pytest.fixture
def practice(moving: MovingClock) -> Iterator[PracticeTwilio]:
    with practising(moving) as twilio:
        yield twilio


@pytest.fixture
def carrier(practice: PracticeTwilio) -> TwilioCarrier:
    return twilio_carrier(practice, HOME)


def failure(carrier: TwilioCarrier) -> CarrierError:
    """How placing a call fails."""
    with pytest.raises(CarrierError) as met:
        carrier.place(a_dial())
    return met.value


# ---- What is sent


def test_a_call_is_asked_for_whole(practice: PracticeTwilio, carrier: TwilioCarrier) -> None:
    carrier.place(a_dial())
    (line,) = practice.made_to(NUMBER)
    assert line.one("StatusCallback") == f"{HOME}/telephony/twilio/{KEY}/status"
    assert line.one("AsyncAmdStatusCallback") == f"{HOME}/telephony/twilio/{KEY}/amd"
    assert (line.one("Timeout"), line.one("TimeLimit")) == ("45", "1800")
    assert (line.one("MachineDetection"), line.one("AsyncAmd")) == ("Enable", "true")


def spoken(line: Call) -> tuple[str, str]:
    """What is said, and the room the person is put into."""
    said, dial = ElementTree.fromstring(line.one("Twiml"))  # noqa: S314 - our own
    assert said.get("language") == "zh-CN"
    return said.text or "", dial[0].text or ""


def test_the_person_hears_who_calls_and_waits_in_a_room_of_their_own(
    practice: PracticeTwilio, carrier: TwilioCarrier
) -> None:
    carrier.place(a_dial())
    text, room = spoken(practice.made_to(NUMBER)[0])
    assert "96110" in text
    assert room == KEY


def announced(line: Call) -> tuple[list[str], ElementTree.Element]:
    """What is said before a key may be pressed, and the asking for the key."""
    first = ElementTree.fromstring(line.one("Twiml"))[0]  # noqa: S314 - our own
    return [said.text or "" for said in first], first


def test_an_announcement_is_chosen_by_tag_and_offers_its_keys(practice: PracticeTwilio) -> None:
    carrier = twilio_carrier(practice, HOME, announcements={"loan": "贷款先交钱的都是诈骗。"})
    carrier.place(a_dial(mode="announce", tag="loan"))
    carrier.place(a_dial("+8619000000002", mode="announce", tag="authority"))
    said, gather = announced(practice.made_to(NUMBER)[0])
    assert said[0] == "贷款先交钱的都是诈骗。"
    assert all(key in said[1] for key in ("按1", "按2", "按9"))
    assert (gather.get("action"), gather.get("numDigits")) == (f"{HOME}/telephony/twilio/{KEY}/keys", "1")
    assert "安全账户" in announced(practice.made_to("+8619000000002")[0])[0][0]


def test_a_dialect_and_english_are_spoken_where_there_is_a_text(practice: PracticeTwilio) -> None:
    carrier = twilio_carrier(practice, HOME, languages=["zh-HK", "zh-CN", "en-US", "fr-FR"])
    carrier.place(a_dial(mode="announce", tag="authority"))
    carrier.place(a_dial("+8619000000002", mode="announce", tag="brushing"))
    spoken_in = [
        [said.get("language") for said in announced(practice.made_to(number)[0])[1]]
        for number in (NUMBER, "+8619000000002")
    ]
    assert spoken_in == [["zh-HK", "zh-CN", "en-US"] * 2, ["zh-CN", "zh-HK", "zh-CN", "en-US"]]
    assert "Polly.Hiujin" in practice.made_to(NUMBER)[0].one("Twiml")


def test_no_script_is_longer_than_twilio_takes(practice: PracticeTwilio) -> None:
    """The practice Twilio refuses what is longer than 4,000 characters."""
    carrier = twilio_carrier(practice, HOME, languages=["zh-CN", "zh-HK", "en-US"])
    for tag in scripts.built_in().announcements:
        carrier.place(a_dial(mode="announce", tag=tag))
    assert len(practice.made_to(NUMBER)) == len(scripts.built_in().announcements)


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("", "announcement.other is missing"),
        ('[announcement.other]\nen-US = "x"', "has no text in zh-CN"),
        ("[colour]\n", "announcement.other is missing"),
    ],
)
def test_scripts_that_cannot_be_spoken_are_refused(text: str, wrong: str) -> None:
    with pytest.raises(scripts.BadScript, match=wrong):
        scripts.read(text)


def test_the_number_shown_is_the_one_the_call_was_given(
    practice: PracticeTwilio, carrier: TwilioCarrier
) -> None:
    dial = replace(a_dial(), caller="+8675596110")
    carrier.place(dial)
    assert practice.made_to(NUMBER)[0].caller == "+8675596110"
    assert carrier.find(dial) is not None  # and so it is looked for


# ---- What is asked again


class Flaky:
    """A door that fails so many times first."""

    def __init__(self, practice: PracticeTwilio, failures: int, how: str) -> None:
        self.carrier = twilio_carrier(practice, HOME, timeout=2)
        self.pauses: list[float] = []
        http = self.carrier._client.http_client
        http.pause = self.pauses.append
        self.left, self.how = failures, how
        self.send, http.session.send = http.session.send, self._send

    def _send(self, request: Any, **how: Any) -> Any:
        if self.left:
            self.left -= 1
            if self.how == "down":
                raise requests.ConnectionError("down")
            answer = requests.Response()
            answer.status_code, answer._content = 503, b"{}"
            return answer
        return self.send(request, **how)


@pytest.mark.parametrize("how", ["down", "busy"])
def test_a_question_is_asked_again_after_a_while_that_is_drawn(practice: PracticeTwilio, how: str) -> None:
    flaky = Flaky(practice, 0, how)
    external_id = flaky.carrier.place(a_dial())
    flaky.left = 2
    assert flaky.carrier.find(a_dial(external_id=external_id)) is not None
    first, second = flaky.pauses
    assert 0.2 <= first <= 0.6
    assert 0.4 <= second <= 1.2
    flaky.left = 3
    with pytest.raises(CarrierError):
        flaky.carrier.find(a_dial(external_id=external_id))


@pytest.mark.parametrize("how", ["down", "busy"])
def test_a_call_and_a_text_are_never_asked_for_again(practice: PracticeTwilio, how: str) -> None:
    for ask in (lambda c: c.place(a_dial()), lambda c: c.send_text(key=KEY, number=NUMBER, body="x")):
        flaky = Flaky(practice, 1, how)
        with pytest.raises(CarrierError):
            ask(flaky.carrier)
        assert (flaky.left, flaky.pauses) == (0, [])
    assert practice.requests == []


def test_hanging_up_is_asked_again(practice: PracticeTwilio) -> None:
    flaky = Flaky(practice, 0, "busy")
    external_id = flaky.carrier.place(a_dial())
    flaky.left = 1
    flaky.carrier.hang_up(a_dial(external_id=external_id))
    assert practice.made_to(NUMBER)[0].status == "canceled"


def test_a_text_that_was_taken_without_an_answer_is_found(
    practice: PracticeTwilio, carrier: TwilioCarrier
) -> None:
    sent = carrier.send_text(key=KEY, number=NUMBER, body="请勿转账")
    assert carrier.find_text(number=NUMBER, body="请勿转账", since=START) == sent
    assert carrier.find_text(number=NUMBER, body="别的", since=START) is None
    assert carrier.find_text(number=NUMBER, body="请勿转账", since=START + timedelta(hours=1)) is None


def test_a_video_call_is_refused_before_anything_is_asked(
    practice: PracticeTwilio, carrier: TwilioCarrier
) -> None:
    with pytest.raises(CarrierError) as met:
        carrier.place(a_dial(kind=CallKind.VIDEO))
    assert (met.value.certain, met.value.result) == (True, R.FAILED_HERE)
    assert practice.requests == []


def test_a_text_goes_out_in_our_name(practice: PracticeTwilio, carrier: TwilioCarrier) -> None:
    carrier.send_text(key=KEY, number=NUMBER, body="请勿转账")
    (text,) = practice.switch.messages.values()
    assert (text.to, text.sender, text.body) == (NUMBER, practice.caller_id, "请勿转账")


def test_the_sdk_writes_no_log(carrier: TwilioCarrier, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        carrier.place(a_dial())
        carrier.find(a_dial())
    assert NUMBER[3:] not in caplog.text


# ---- Which failures are certain


@pytest.mark.parametrize(
    ("status", "code", "result"),
    [
        (400, 21211, R.INVALID_NUMBER),
        (400, 21214, R.INVALID_NUMBER),
        (400, 21217, R.INVALID_NUMBER),
        (400, 21210, R.FAILED_HERE),
        (400, 21215, R.FAILED_HERE),
        (401, 20003, R.FAILED_HERE),
        (403, 20403, R.FAILED_HERE),
        (404, 20404, R.FAILED_HERE),
        (429, 20429, R.CONGESTION),
        (429, 22005, R.CONGESTION),
    ],
)
def test_a_refusal_before_acceptance_is_certain(
    practice: PracticeTwilio, carrier: TwilioCarrier, status: int, code: int, result: CallResult
) -> None:
    practice.phones[NUMBER] = Phone(refuse=(status, code))
    fault = failure(carrier)
    assert (fault.certain, fault.result) == (True, result)
    assert fault.evidence == {"http_status": status, "code": code}
    assert practice.made_to(NUMBER) == []


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504])
def test_a_breakdown_is_not_certain_even_before_acceptance(
    practice: PracticeTwilio, carrier: TwilioCarrier, status: int
) -> None:
    practice.phones[NUMBER] = Phone(refuse=(status, status))
    assert not failure(carrier).certain


@pytest.mark.parametrize("happens", ["error", "cut", "silence"])
def test_a_call_accepted_and_not_confirmed_may_well_ring(practice: PracticeTwilio, happens: str) -> None:
    carrier = twilio_carrier(practice, HOME, timeout=0.3)
    practice.phones[NUMBER] = Phone(after_accepting=happens)
    assert not failure(carrier).certain
    assert len(practice.made_to(NUMBER)) == 1  # and it is not asked for a second time
    assert practice.requests == ["POST Calls"]


def test_a_door_that_nobody_opens_is_certain(practice: PracticeTwilio) -> None:
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))  # bound, not listening: a connection is refused
        closed = f"http://127.0.0.1:{taken.getsockname()[1]}"
        fault = failure(twilio_carrier(practice, HOME, base_url=closed))
    assert (fault.certain, fault.result) == (True, R.CONGESTION)


def test_an_account_twilio_does_not_know_is_our_own_fault(practice: PracticeTwilio) -> None:
    fault = failure(twilio_carrier(practice, HOME, account_sid="nobody"))
    assert (fault.certain, fault.result) == (True, R.FAILED_HERE)


def test_a_failure_does_not_quote_the_number(practice: PracticeTwilio, carrier: TwilioCarrier) -> None:
    practice.phones[NUMBER] = Phone(refuse=(400, 21211))
    fault = failure(carrier)
    seen = f"{fault} {fault.evidence} {fault.__cause__}"
    assert practice.caller_id not in seen
    assert NUMBER[3:] not in seen
    assert fault.__suppress_context__


def test_asking_when_twilio_is_down_is_a_fault_and_not_a_none(
    practice: PracticeTwilio, carrier: TwilioCarrier
) -> None:
    carrier = twilio_carrier(practice, HOME, account_sid="nobody")
    for dial in (a_dial(), a_dial(external_id="CA1")):
        with pytest.raises(CarrierError):
            carrier.find(dial)


# ---- Finding


def test_a_call_twilio_does_not_know_by_its_id_is_certainly_unknown(carrier: TwilioCarrier) -> None:
    assert carrier.find(a_dial(external_id="CA" + "0" * 32)) is None


def test_two_calls_that_could_be_ours_are_not_guessed_between(
    practice: PracticeTwilio, carrier: TwilioCarrier
) -> None:
    carrier.place(a_dial())
    carrier.place(a_dial())
    with pytest.raises(CarrierError) as met:
        carrier.find(a_dial())
    assert not met.value.certain
    assert met.value.evidence == {"calls": 2}


@pytest.mark.parametrize("seconds", [-600, 600])
def test_a_call_of_another_time_is_not_adopted(
    practice: PracticeTwilio, carrier: TwilioCarrier, moving: MovingClock, seconds: int
) -> None:
    moving.set(START + timedelta(seconds=seconds))
    carrier.place(a_dial())
    assert carrier.find(a_dial()) is None


def test_a_call_of_another_caller_is_not_adopted(practice: PracticeTwilio, carrier: TwilioCarrier) -> None:
    carrier.place(a_dial())
    practice.made_to(NUMBER)[0].caller = "+861011111111"
    assert carrier.find(a_dial()) is None


def test_a_clock_that_runs_ahead_of_twilios_still_adopts(carrier: TwilioCarrier, moving: MovingClock) -> None:
    moving.set(START - timedelta(seconds=4))
    carrier.place(a_dial(at=START))
    assert carrier.find(a_dial(at=START)) is not None


def test_a_machine_is_found_out_by_asking_too(
    practice: PracticeTwilio, carrier: TwilioCarrier, moving: MovingClock
) -> None:
    practice.phones[NUMBER] = Phone(answered_by="machine_end_beep")
    dial = a_dial(external_id=carrier.place(a_dial()))
    moving.forward(timedelta(seconds=30))
    found = carrier.find(dial)
    assert found is not None
    assert (found.status, found.result) == (S.TALKING, R.MACHINE)


def test_a_new_word_on_a_call_is_asked_about_again(practice: PracticeTwilio, carrier: TwilioCarrier) -> None:
    dial = a_dial(external_id=carrier.place(a_dial()))
    practice.made_to(NUMBER)[0].status = "evaporated"
    with pytest.raises(CarrierError) as met:
        carrier.find(dial)
    assert met.value.evidence == {"CallStatus": "evaporated"}


def test_hanging_up_when_twilio_is_down_is_a_fault(practice: PracticeTwilio) -> None:
    carrier = twilio_carrier(practice, HOME, account_sid="nobody")
    with pytest.raises(CarrierError):
        carrier.hang_up(a_dial(external_id="CA1"))


# ---- Callbacks


def test_evidence_is_raw_and_without_the_number(carrier: TwilioCarrier) -> None:
    form = {
        "CallSid": "CA1",
        "CallStatus": "evaporated",
        "To": NUMBER,
        "Called": NUMBER,
        "CalledCity": "重庆",
        "Timestamp": "Mon, 02 Mar 2026 01:00:07 +0000",
        "SequenceNumber": "1",
    }
    update = carrier.read(key=KEY, form=form, body=b"")
    assert update.evidence == {
        "CallStatus": "evaporated",
        "Timestamp": "Mon, 02 Mar 2026 01:00:07 +0000",
        "SequenceNumber": "1",
    }
    assert (update.external_id, update.at) == ("CA1", datetime(2026, 3, 2, 1, 0, 7, tzinfo=UTC))


def genuine(carrier: TwilioCarrier, form: dict[str, str], signature: str, event: str = "status") -> bool:
    headers = {"X-Twilio-Signature": signature} if signature else {}
    return carrier.is_genuine(key=KEY, event=event, headers=headers, form=form, body=b"")


def signed(token: str, form: dict[str, str], home: str = HOME) -> str:
    address = f"{home}/telephony/twilio/{KEY}/status"
    made: str = RequestValidator(token).compute_signature(address, form)
    return made


def test_only_what_twilio_signed_for_this_very_address_is_genuine(practice: PracticeTwilio) -> None:
    carrier = twilio_carrier(practice, HOME)
    form = {"CallStatus": "completed", "CalledCity": ""}
    right = signed(practice.token, form)
    assert genuine(carrier, form, right)
    assert not genuine(carrier, form, "")
    assert not genuine(carrier, form, signed("another", form))
    assert not genuine(carrier, {**form, "CallStatus": "busy"}, right)
    assert not genuine(carrier, form, right, event="amd")
    assert not genuine(carrier, form, signed(practice.token, form, "https://elsewhere.example"))


def test_the_token_before_the_last_still_opens_while_tokens_turn(practice: PracticeTwilio) -> None:
    form = {"CallStatus": "completed"}
    carrier = twilio_carrier(practice, HOME, previous_auth_token="the old one")
    assert genuine(carrier, form, signed("the old one", form))
    assert genuine(carrier, form, signed(practice.token, form))
    assert not genuine(carrier, form, signed("", form))


def test_without_a_previous_token_the_empty_one_opens_nothing(practice: PracticeTwilio) -> None:
    form = {"CallStatus": "completed"}
    assert not genuine(twilio_carrier(practice, HOME), form, signed("", form))
