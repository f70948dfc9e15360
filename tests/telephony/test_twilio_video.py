"""Twilio's video rooms: what the contract does not ask."""

import base64
import json
from collections.abc import Iterator

import pytest

from telephony.carrier import CallResult, CallStatus, CarrierError
from telephony.carriers.twilio.video import TwilioVideoCarrier
from telephony.clock import MovingClock
from tests.telephony.practising import TOKEN
from tests.telephony.samples import KEY, NUMBER, a_dial
from tests.telephony.stages import TwilioVideoStage, twilio_video

R = CallResult


@pytest.fixture
def stage(moving: MovingClock) -> Iterator[TwilioVideoStage]:
    with twilio_video(moving) as made:
        yield made


def test_a_room_that_nobody_joined_in_time_is_no_answer(stage: TwilioVideoStage) -> None:
    stage.behaves(NUMBER, R.NO_ANSWER)
    stage.carrier.place(a_dial())
    stage.forward(400)
    assert [u.result for u in stage.heard(lambda news: news[-1].status is CallStatus.ENDED)][
        -1
    ] is R.NO_ANSWER


def test_twilio_is_told_no_number(stage: TwilioVideoStage) -> None:
    stage.carrier.place(a_dial())
    (asked,) = stage.twilio.door.asked
    assert NUMBER[3:] not in repr(asked.form)
    assert asked.form["UniqueName"] == [KEY]
    assert asked.form["MaxParticipants"] == ["2"]


def test_a_token_lets_one_browser_into_one_room_for_a_while(stage: TwilioVideoStage) -> None:
    token = stage.carrier.pass_for(KEY, "person")  # type: ignore[attr-defined]
    claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    assert claims["grants"] == {"identity": "person", "video": {"room": KEY}}
    assert set(claims) >= {"exp", "iss", "sub"}


def test_a_callback_about_another_room_or_not_signed_is_not_believed(stage: TwilioVideoStage) -> None:
    carrier = stage.carrier
    form = {"RoomName": "another", "StatusCallbackEvent": "participant-connected"}
    with pytest.raises(ValueError, match="another call"):
        carrier.read(key=KEY, form=form, body=b"")  # type: ignore[attr-defined]
    headers = {"X-Twilio-Signature": TOKEN}
    assert not carrier.is_genuine(key=KEY, event="room", headers=headers, form=form, body=b"")  # type: ignore[attr-defined]


def test_a_voice_call_makes_no_room(stage: TwilioVideoStage) -> None:
    with pytest.raises(CarrierError) as refusal:
        TwilioVideoCarrier.place(stage.carrier, a_dial())  # type: ignore[arg-type]
    assert refusal.value.certain
    assert not stage.twilio.switch.video
