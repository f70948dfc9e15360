"""The adapter of the network that is a process of its own: what is certain, and what is in our words."""

import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from telephony import signing
from telephony.carrier import CallResult, CallStatus, CarrierError, Update
from telephony.carriers import remote
from telephony.carriers.remote import RemoteCarrier
from telephony.clock import MovingClock
from telephony.door import Door
from tests.telephony.samples import KEY, NUMBER, START, a_dial
from tests.telephony.stages import SECRET, RemoteStage, serving

NEWS = Update(KEY, CallStatus.ENDED, CallResult.BUSY, "sim-1", START, {"raw": 1})


def carrier(url: str, **given: Any) -> RemoteCarrier:
    return RemoteCarrier(**{"clock": lambda: START, "url": url, "secret": SECRET, "timeout": 5, **given})


def failure(made: RemoteCarrier) -> CarrierError:
    with pytest.raises(CarrierError) as met:
        made.place(a_dial())
    assert NUMBER[3:] not in f"{met.value} {met.value.evidence}"
    return met.value


@contextmanager
def answering(status: int, body: bytes = b"{}") -> Iterator[str]:
    """A server that gives one answer to everything."""

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's word
            """Nothing."""

    with serving(ThreadingHTTPServer(("127.0.0.1", 0), Answer)) as url:
        yield url


@pytest.mark.parametrize(
    ("status", "certain", "result"),
    [
        (400, True, CallResult.FAILED_HERE),
        (403, True, CallResult.FAILED_HERE),
        (404, True, CallResult.FAILED_HERE),
        (409, False, CallResult.CONGESTION),  # asked for before
        (429, True, CallResult.CONGESTION),
        (500, False, CallResult.CONGESTION),
        (503, False, CallResult.CONGESTION),
    ],
)
def test_which_refusals_are_certain(status: int, certain: bool, result: CallResult) -> None:
    with answering(status) as url:
        fault = failure(carrier(url))
    assert (fault.certain, fault.result, fault.evidence) == (certain, result, {"http_status": status})


def test_an_answer_that_cannot_be_read_is_not_certain() -> None:
    with answering(200, b"<html>") as url:
        assert not failure(carrier(url)).certain


def test_a_network_that_says_nothing_may_have_made_the_call() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        fault = failure(carrier(f"http://127.0.0.1:{silent.getsockname()[1]}", timeout=0.2))
    assert not fault.certain


def test_a_network_that_is_not_there_is_certain() -> None:
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        fault = failure(carrier(f"http://127.0.0.1:{taken.getsockname()[1]}"))
    assert (fault.certain, fault.result) == (True, CallResult.CONGESTION)


def test_who_does_not_know_the_secret_is_refused(moving: MovingClock) -> None:
    with serving(Door(("127.0.0.1", 0), RemoteStage(moving).network, SECRET)) as url:
        assert failure(carrier(url, secret="another")).evidence == {"http_status": 403}
        assert carrier(url).place(a_dial())


def test_words_come_back_as_they_went() -> None:
    assert remote.update_from_wire(remote.update_to_wire(NEWS)) == NEWS
    bare = Update(KEY, CallStatus.RINGING)
    assert remote.update_from_wire(remote.update_to_wire(bare)) == bare
    strange = Update(KEY, CallStatus.ENDED, CallResult.OUTCOME_UNKNOWN, unknown="SIP 499")
    assert remote.update_from_wire(remote.update_to_wire(strange)) == strange
    dial = a_dial(external_id="sim-1", mode="announce", tag="loan", at=START + timedelta(microseconds=5))
    assert remote.dial_from_wire(remote.dial_to_wire(dial)) == dial


@pytest.mark.parametrize(
    "wrong", [{"status": "flying"}, {"result": "guessed"}, {"at": "noon"}, {"key": None}]
)
def test_what_is_not_in_our_words_is_refused(wrong: dict[str, object]) -> None:
    said = {**remote.update_to_wire(NEWS), **wrong}
    if wrong == {"key": None}:
        del said["key"]
    with pytest.raises(ValueError, match=r"\w"):
        remote.update_from_wire(said)


def test_a_signature_fits_one_body_at_one_address() -> None:
    made = carrier("http://x")
    body = b'{"key": "1"}'

    def genuine(signature: str, *, key: str = KEY, event: str = "news", said: bytes = body) -> bool:
        headers = {signing.SIGNATURE: signature} if signature else {}
        return made.is_genuine(key=key, event=event, headers=headers, form={}, body=said)

    right = signing.sign(SECRET, f"{KEY}/news", body)
    assert genuine(right)
    assert not genuine("")
    assert not genuine("é")
    assert not genuine(right, event="other")
    assert not genuine(right, key=KEY[:-1] + "2")
    assert not genuine(right, said=body + b" ")
    assert not genuine(signing.sign("another", f"{KEY}/news", body))
