"""The relay on its socket: what a phone is given, what strangers are refused, what the centre is told."""

import json
from base64 import b64decode
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.request import HTTPErrorProcessor, ProxyHandler, Request, build_opener

import pytest

from telephony import site
from telephony.carrier import CallKind, CallResult, CarrierError
from telephony.carriers.page import PageCarrier
from telephony.clock import MovingClock
from telephony.signing import sign
from telephony.video.lobby import Lobby
from telephony.video.relay import Relay, Served
from telephony.video.turn import Ways, credentials
from tests.telephony.relayed import CARD, SECRET, link
from tests.telephony.samples import KEY, NUMBER, a_dial

R = CallResult
WORD, HASH = link()


class _AsItIs(HTTPErrorProcessor):
    """A refusal is an answer too."""

    def http_response(self, request: Any, response: Any) -> Any:
        return response


_browser = build_opener(ProxyHandler({}), _AsItIs())


@pytest.fixture
def served(moving: MovingClock) -> Iterator[Served]:
    relay = Relay(
        Lobby(), site.site(), secret=SECRET, ways=Ways(), now=lambda: moving().timestamp(),
        wall=lambda: moving().timestamp(),
    )  # fmt: skip
    made = Served(relay, "127.0.0.1", 0)
    made.start()
    yield made
    made.stop()


@pytest.fixture
def carrier(served: Served, moving: MovingClock) -> PageCarrier:
    return PageCarrier(clock=moving, url=served.url, secret=SECRET)


@pytest.fixture
def invited(carrier: PageCarrier) -> PageCarrier:
    carrier.place(a_dial(kind=CallKind.VIDEO))
    carrier.invite(KEY, HASH, CARD)
    return carrier


def ask(served: Served, path: str, body: object = None, **headers: str) -> Any:
    """One request of a browser; what it got."""
    data = None if body is None else json.dumps(body).encode()
    with _browser.open(Request(served.url + path, data, headers), timeout=5) as answer:  # noqa: S310
        answer.words = answer.read().decode()
        return answer


def open_it(served: Served, cookie: str = "", origin: str = "", word: str = WORD) -> Any:
    headers = {"Origin": origin or served.url, **({"Cookie": cookie} if cookie else {})}
    return ask(served, "/open", {"secret": word}, **headers)


def cookie_of(answer: Any) -> str:
    return str(answer.headers["Set-Cookie"]).partition(";")[0]


def stood(carrier: PageCarrier) -> list[tuple[str, Any]]:
    return [(u.status.value, u.evidence.get("refused")) for u in carrier.collect(carrier.clock())]


def test_a_preview_of_the_link_uses_nothing_up(served: Served, invited: PageCarrier) -> None:
    for _ in range(3):
        assert ask(served, f"/v/{WORD}").status == 200
    assert open_it(served).status == 200


def test_the_page_says_nothing_of_anybody_before_it_is_opened(served: Served, invited: PageCarrier) -> None:
    right, wrong = ask(served, f"/v/{WORD}"), ask(served, f"/v/{link(2)[0]}")
    assert right.words == wrong.words
    for personal in (NUMBER[3:], CARD.name, CARD.badge, CARD.station, KEY):
        assert personal not in right.words


def test_who_opens_it_sees_the_officer_and_nothing_else(served: Served, invited: PageCarrier) -> None:
    told = json.loads(open_it(served).words)
    assert told == {
        "card": {"name": CARD.name, "badge": CARD.badge, "station": CARD.station, "face": CARD.face}
    }


def test_the_first_browser_may_load_it_anew_and_a_second_one_is_refused_on_record(
    served: Served, invited: PageCarrier
) -> None:
    cookie = cookie_of(open_it(served))
    assert open_it(served, cookie).status == 200
    second = open_it(served)
    assert (second.status, json.loads(second.words)) == (410, {"why": "used"})
    assert open_it(served, "ticket=guessed").status == 410
    assert stood(invited) == [
        ("dialling", None), ("ringing", None), ("ringing", "used"), ("ringing", "used"),
    ]  # fmt: skip


def test_a_link_that_is_over_opens_for_nobody_on_record(served: Served, invited: PageCarrier) -> None:
    cookie = cookie_of(open_it(served))
    invited.hang_up(a_dial(kind=CallKind.VIDEO))
    assert json.loads(open_it(served, cookie).words) == {"why": "over"}
    assert stood(invited)[-2:] == [("ended", None), ("ended", "over")]


def test_a_link_nobody_opened_in_time_is_over(
    served: Served, invited: PageCarrier, moving: MovingClock
) -> None:
    moving.forward(timedelta(seconds=served.relay.lobby.limits.open + 1))
    assert json.loads(open_it(served).words) == {"why": "over"}
    found = invited.find(a_dial(kind=CallKind.VIDEO))
    assert found is not None
    assert found.result is R.NO_ANSWER


@pytest.mark.parametrize("word", ["", "short", "x" * 22, "../health"])
def test_a_guessed_link_learns_nothing(served: Served, invited: PageCarrier, word: str) -> None:
    answer = open_it(served, word=word)
    assert (answer.status, json.loads(answer.words)) == (410, {"why": "unknown"})


def test_another_sites_page_cannot_open_it(served: Served, invited: PageCarrier) -> None:
    assert open_it(served, origin="https://elsewhere.example").status == 403
    assert open_it(served).status == 200


def test_the_cookie_is_out_of_reach_of_scripts_and_of_other_sites(
    served: Served, invited: PageCarrier
) -> None:
    said = open_it(served).headers["Set-Cookie"].lower()
    assert "httponly" in said
    assert "samesite=strict" in said


def test_the_page_tells_no_other_where_it_was_and_loads_from_here_alone(served: Served) -> None:
    headers = ask(served, f"/v/{WORD}").headers
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cache-Control"] == "no-store"
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "noindex" in headers["X-Robots-Tag"]


@pytest.mark.parametrize(
    ("language", "words"), [("zh-CN,zh;q=0.9", "接通视频"), ("en-GB", "Start the video"), ("", "接通视频")]
)
def test_the_page_speaks_the_phones_language(served: Served, language: str, words: str) -> None:
    assert words in ask(served, f"/v/{WORD}", **{"Accept-Language": language}).words


def test_its_files_are_served_and_no_others(served: Served) -> None:
    assert "class Peer" in ask(served, "/s/peer.js").words
    assert ask(served, "/s/settings.py").status == 404


@pytest.mark.parametrize("what", ["place", "find", "cut", "invite", "news"])
def test_only_the_centre_comes_in_by_its_door(served: Served, invited: PageCarrier, what: str) -> None:
    body = {"key": KEY}
    assert ask(served, f"/inside/{what}", body).status == 403
    other = sign(SECRET, "inside/other", json.dumps(body).encode())
    assert ask(served, f"/inside/{what}", body, **{"X-Signature": other}).status == 403


def test_the_relay_is_told_no_number(served: Served, carrier: PageCarrier) -> None:
    carrier.place(a_dial(kind=CallKind.VIDEO))
    carrier.find(a_dial(kind=CallKind.VIDEO))
    rooms = served.relay.lobby.rooms
    assert list(rooms) == [KEY]
    assert NUMBER[3:] not in repr(rooms[KEY])


def test_a_call_of_before_the_relay_began_anew_is_no_certain_failure(carrier: PageCarrier) -> None:
    with pytest.raises(CarrierError) as refusal:
        carrier.find(a_dial(kind=CallKind.VIDEO, external_id=f"earlier.{KEY}"))
    assert not refusal.value.certain


def test_a_voice_call_does_not_go_by_the_page(carrier: PageCarrier) -> None:
    with pytest.raises(CarrierError) as refusal:
        carrier.place(a_dial())
    assert refusal.value.certain


def test_a_relay_that_is_gone_costs_a_moment_and_no_news(moving: MovingClock) -> None:
    nobody = PageCarrier(clock=moving, url="http://127.0.0.1:9", secret=SECRET)
    assert nobody.collect(moving()) == []
    with pytest.raises(CarrierError) as refusal:
        nobody.place(a_dial(kind=CallKind.VIDEO))
    assert refusal.value.certain


def test_whoever_watches_sees_counts_alone(served: Served, invited: PageCarrier) -> None:
    open_it(served, word=link(9)[0])
    assert json.loads(ask(served, "/health").words) == {"ok": True, "calls": 1, "turned_away": 1}


def test_an_unsigned_request_raises_as_a_certain_refusal(served: Served, moving: MovingClock) -> None:
    stranger = PageCarrier(clock=moving, url=served.url, secret="another")
    with pytest.raises(CarrierError) as refusal:
        stranger.place(a_dial(kind=CallKind.VIDEO))
    assert refusal.value.certain


def test_turns_credentials_are_for_one_call_and_for_a_while() -> None:
    name, word = credentials("secret", "person1", until=1433895918)
    assert name == "1433895918:person1"
    assert len(b64decode(word)) == 20
    assert credentials("secret", "person1", until=1433895919)[1] != word
    told = Ways(stun=["stun:s:1"], turn=["turn:s:1"], secret="secret", forced=True).told("person1", until=5)
    assert told["iceTransportPolicy"] == "relay"
    assert "secret" not in json.dumps(told)
