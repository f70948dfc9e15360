"""Carriers' callbacks through the real views: who is let in, what is heard, whole calls end to end."""

import json
import logging
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.db import OperationalError
from django.test import Client
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer
from twilio.request_validator import RequestValidator

from telephony import calls, exchange, signing
from telephony.carrier import CallResult, CallStatus, Update
from telephony.carriers import remote
from telephony.clock import MovingClock
from telephony.models import Call
from telephony.practice.phones import Phone
from tests.telephony.practising import PracticeTwilio, practising
from tests.telephony.rows import Exchange
from tests.telephony.samples import NUMBER, START

HOME = "https://centre.example"
TOKEN = "practice-token"
SECRET = "between the two of us"


@pytest.fixture(autouse=True)
def carriers(settings: Settings) -> None:
    settings.CARRIERS = {
        "twilio": {
            "adapter": "telephony.carriers.twilio.TwilioCarrier",
            "account_sid": "AC" + "0" * 32,
            "auth_token": TOKEN,
            "previous_auth_token": "the old one",
            "caller_id": "+861096110",
            "callback_base": HOME,
        },
        "far": {"adapter": "telephony.carriers.remote.RemoteCarrier", "url": "http://x", "secret": SECRET},
        "simulated": {"adapter": "telephony.carriers.simulated.SimulatedCarrier"},
    }


def post(
    client: Client, key: object, form: dict[str, str], *, token: str = TOKEN, event: str = "status"
) -> int:
    """Post a form as Twilio would; the status of the answer."""
    path = f"/telephony/twilio/{key}/{event}"
    signature = RequestValidator(token).compute_signature(HOME + path, form) if token else ""
    return client.post(path, form, headers={"X-Twilio-Signature": signature}).status_code


def post_json(
    client: Client, call: Call, update: Update, *, carrier: str = "far", secret: str = SECRET
) -> int:
    """Post news as the simulated network would; the status of the answer."""
    body = json.dumps(remote.update_to_wire(update)).encode()
    headers = {signing.SIGNATURE: signing.sign(secret, f"{call.key}/news", body)}
    path = f"/telephony/{carrier}/{call.key}/news"
    return client.post(path, body, content_type="application/json", headers=headers).status_code


@pytest.fixture
def call(exchange: Exchange) -> Call:
    return exchange.on_line(trunk=exchange.trunk(carrier="twilio"))


def test_signed_news_is_heard(client: Client, call: Call) -> None:
    assert post(client, call.key, {"CallStatus": "ringing", "CallSid": "CA1"}) == 204
    call = Call.objects.get()
    assert (call.status, call.external_id) == (CallStatus.RINGING, "CA1")


def test_news_needs_no_csrf_token(call: Call) -> None:
    assert post(Client(enforce_csrf_checks=True), call.key, {"CallStatus": "ringing"}) == 204


def test_news_signed_with_the_old_token_is_heard(client: Client, call: Call) -> None:
    assert post(client, call.key, {"CallStatus": "ringing"}, token="the old one") == 204


@pytest.mark.parametrize("token", ["", "another"])
def test_news_that_is_not_signed_is_refused_and_the_refusal_is_logged(
    client: Client, call: Call, caplog: pytest.LogCaptureFixture, token: str
) -> None:
    with caplog.at_level(logging.WARNING, logger="telephony.webhooks"):
        assert post(client, call.key, {"CallStatus": "completed", "To": NUMBER}, token=token) == 403
    assert Call.objects.get().status == CallStatus.DIALLING
    assert "refused a callback in the name of twilio" in caplog.text
    assert NUMBER[3:] not in caplog.text


def test_a_call_nobody_knows_is_not_found_but_only_by_who_is_genuine(client: Client, call: Call) -> None:
    nobodys = uuid.uuid4()
    assert post(client, nobodys, {"CallStatus": "ringing"}) == 404
    assert post(client, nobodys, {"CallStatus": "ringing"}, token="another") == 403


def test_a_carrier_tells_of_its_own_calls_only(client: Client, exchange: Exchange) -> None:
    call = exchange.on_line(trunk=exchange.trunk(carrier="twilio"))
    ended = Update(str(call.key), CallStatus.ENDED, CallResult.BUSY)
    assert post_json(client, call, ended) == 404
    assert Call.objects.get().status == CallStatus.DIALLING


@pytest.mark.parametrize("name", ["nobody", "simulated"])
def test_a_carrier_that_does_not_call_back_has_no_address(client: Client, call: Call, name: str) -> None:
    assert client.post(f"/telephony/{name}/{call.key}/status").status_code == 404


def test_news_is_posted_and_not_fetched(client: Client, call: Call) -> None:
    assert client.get(f"/telephony/twilio/{call.key}/status").status_code == 405


def test_news_that_comes_again_is_refused_logged_and_changes_nothing(
    client: Client, call: Call, moves: list[tuple[str, str]], caplog: pytest.LogCaptureFixture
) -> None:
    said = {"CallStatus": "busy", "SipResponseCode": "486"}
    assert post(client, call.key, said) == 204
    with caplog.at_level(logging.WARNING, logger="telephony.webhooks"):
        assert post(client, call.key, said) == 403
        assert post(client, call.key, dict(reversed(said.items()))) == 403  # signed as before
    assert moves == [("ended", "busy")]
    assert len(Call.objects.get().evidence) == 1
    assert caplog.text.count("it has been heard before") == 2


def test_news_that_says_the_same_of_another_moment_is_heard(
    client: Client, call: Call, moves: list[tuple[str, str]]
) -> None:
    for order in ("0", "1"):
        assert post(client, call.key, {"CallStatus": "ringing", "SequenceNumber": order}) == 204
    assert moves == [("ringing", ""), ("ringing", "")]


def test_a_letter_that_could_not_be_heard_may_come_again(
    client: Client, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(*args: object, **named: object) -> bool:
        raise OperationalError("the database has gone")

    with monkeypatch.context() as patch:
        patch.setattr("telephony.calls.hear", down)
        with pytest.raises(OperationalError):
            post(client, call.key, {"CallStatus": "ringing"})
    assert post(client, call.key, {"CallStatus": "ringing"}) == 204


def test_the_networks_news_is_heard(client: Client, exchange: Exchange) -> None:
    call = exchange.on_line(trunk=exchange.trunk(carrier="far"))
    ended = Update(str(call.key), CallStatus.ENDED, CallResult.FORWARDED, "sim-1", START)
    assert post_json(client, call, ended, secret="another") == 403
    assert post_json(client, call, ended) == 204
    call = Call.objects.get()
    assert (call.result, call.ended_at, call.external_id) == (CallResult.FORWARDED, START, "sim-1")


def test_genuine_rubbish_is_refused_and_moves_nothing(client: Client, exchange: Exchange) -> None:
    call = exchange.on_line(trunk=exchange.trunk(carrier="far"))
    anothers = Update(str(uuid.uuid4()), CallStatus.ENDED, CallResult.BUSY)
    assert post_json(client, call, anothers) == 400
    assert Call.objects.get().status == CallStatus.DIALLING


# ---- From end to end: booked, matched, dialled by the real SDK over HTTP, and back through the real views


@pytest.fixture
def practice(live_server: LiveServer, settings: Settings, moving: MovingClock) -> Iterator[PracticeTwilio]:
    with practising(moving) as twilio:
        entry = {"base_url": twilio.url, "callback_base": live_server.url, "timeout": 5}
        settings.CARRIERS = {"twilio": {**settings.CARRIERS["twilio"], **entry}}
        yield twilio


Live = Callable[..., Call]


@pytest.fixture
def live(practice: PracticeTwilio, moving: MovingClock) -> Live:
    """Book a call, let it be dialled, and live through it in steps of so many seconds."""

    def live(*steps: float, mischief: Phone | None = None) -> Call:
        practice.phones[NUMBER] = mischief or Phone()
        rows = Exchange()
        rows.trunk(carrier="twilio")
        rows.booked()
        assert exchange.turn(now=moving()) == 1
        for seconds in steps:
            moving.forward(timedelta(seconds=seconds))
            practice.run()
        return Call.objects.get()

    return live


def test_a_call_lives_from_booking_to_its_end(
    live: Live, practice: PracticeTwilio, moves: list[tuple[str, str]]
) -> None:
    call = live(3, 10, 60)
    assert (call.status, call.result) == (CallStatus.ENDED, CallResult.ANSWERED)
    assert (call.answered_at, call.ended_at) == (START + timedelta(seconds=8), START + timedelta(seconds=60))
    assert call.external_id == practice.made_to(NUMBER)[0].sid
    lived = [("dialling", ""), ("ringing", ""), ("talking", ""), ("ended", "answered")]
    assert list(dict.fromkeys(moves)) == lived  # news that comes again says that it is still so
    assert set(practice.answers) == {204}
    assert NUMBER[3:] not in json.dumps(call.evidence)


@pytest.mark.parametrize(
    ("phone", "result"),
    [
        (Phone("busy", 486, rings=None, lasts=5), CallResult.BUSY),
        (Phone("no-answer", 487, lasts=45), CallResult.NO_ANSWER),
        (Phone("failed", 480, rings=None, lasts=5), CallResult.OUT_OF_AREA),
        (Phone("failed", 404, rings=None, lasts=5), CallResult.INVALID_NUMBER),
        (Phone("failed", 503, rings=None, lasts=5), CallResult.CONGESTION),
        (Phone(news="twice"), CallResult.ANSWERED),
        (Phone(news="backwards"), CallResult.ANSWERED),
        (Phone(news="backwards", answered_by="machine_start"), CallResult.MACHINE),
        (Phone(early=True), CallResult.ANSWERED),
        (Phone(refuse=(400, 21211)), CallResult.INVALID_NUMBER),
        (Phone(refuse=(429, 20429)), CallResult.CONGESTION),
        (Phone("busy", 486, rings=None, lasts=5, after_accepting="error"), CallResult.BUSY),
        (Phone(after_accepting="cut"), CallResult.ANSWERED),
    ],
)
def test_whatever_befalls_it_a_call_ends_as_it_ended(
    live: Live, phone: Phone, result: CallResult, moves: list[tuple[str, str]]
) -> None:
    call = live(3, 10, 60, mischief=phone)
    assert (call.status, call.result) == (CallStatus.ENDED, result)
    assert moves[-1] == ("ended", result)


def test_the_same_history_ends_the_same_in_any_order(live: Live) -> None:
    call = live(3, 10, 60, mischief=Phone(news="backwards"))
    assert (call.answered_at, call.ended_at) == (START + timedelta(seconds=8), START + timedelta(seconds=60))


def test_a_machine_is_hung_up_on_and_the_call_is_live_until_it_is(
    live: Live, practice: PracticeTwilio, moving: MovingClock, moves: list[tuple[str, str]]
) -> None:
    call = live(3, 10, mischief=Phone(answered_by="machine_start", lasts=600))
    assert practice.requests[-1] == f"POST Calls/{call.external_id}"
    assert moves[-2:] == [("talking", ""), ("ended", "machine")]
    assert (call.status, call.result, call.ended_at) == (CallStatus.ENDED, CallResult.MACHINE, moving())


def test_a_machine_that_could_not_be_hung_up_on_is_tried_again(
    live: Live, practice: PracticeTwilio, moving: MovingClock
) -> None:
    practice.switch.deaf = True
    call = live(3, 10, mischief=Phone(answered_by="machine_start", lasts=600))
    assert call.status == CallStatus.TALKING
    practice.switch.deaf = False
    moving.forward(calls.SILENCE)
    calls.tend(now=moving())
    practice.run()
    assert Call.objects.get().result == CallResult.MACHINE


def test_a_call_whose_news_is_lost_is_asked_about(live: Live, moving: MovingClock) -> None:
    call = live(3, 60, mischief=Phone("busy", 486, rings=None, lasts=5, news="lost"))
    assert call.status == CallStatus.DIALLING
    moving.forward(calls.SILENCE)
    assert calls.tend(now=moving()) == 1
    assert Call.objects.get().result == CallResult.BUSY


def test_a_call_accepted_and_never_confirmed_is_adopted(
    live: Live, practice: PracticeTwilio, moving: MovingClock
) -> None:
    call = live(3, mischief=Phone(after_accepting="error", news="lost", lasts=600))
    assert (call.status, call.external_id) == (CallStatus.DIALLING, "")
    moving.forward(calls.SILENCE)
    calls.tend(now=moving())
    call = Call.objects.get()
    assert (call.status, call.external_id) == (CallStatus.TALKING, practice.made_to(NUMBER)[0].sid)
    assert len(practice.made_to(NUMBER)) == 1
