"""The result tables: read and checked; and every row of them met by a call whose news comes over HTTP."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from telephony import calls, exchange, signing, tables
from telephony.carrier import CallResult, CallStatus, fault_of
from telephony.clock import MovingClock
from telephony.models import Call
from telephony.practice.phones import Phone
from telephony.tables import Ending, Row
from tests.telephony.practising import SID, TOKEN, PracticeTwilio, practising
from tests.telephony.rows import Exchange
from tests.telephony.samples import NUMBER, START

SECRET = "between the two of us"
NEVER = 418  # a SIP code of no row


@pytest.fixture
def live(live_server: LiveServer, settings: Settings, moving: MovingClock) -> Iterator[PracticeTwilio]:
    with practising(moving) as practice:
        settings.CARRIERS = {
            "twilio": {
                "adapter": "telephony.carriers.twilio.TwilioCarrier",
                "account_sid": SID,
                "auth_token": TOKEN,
                "caller_id": "+861096110",
                "base_url": practice.url,
                "callback_base": live_server.url,
            },
            "far": {
                "adapter": "telephony.carriers.remote.RemoteCarrier",
                "url": "http://x",
                "secret": SECRET,
            },
        }
        yield practice


# ---- Twilio's endings


def samples(row: Row) -> Iterator[Ending]:
    """An ending for every word, code and machine's ear that a row names."""
    codes: list[int | None] = [None]
    if isinstance(row.sip, tuple):
        codes = [row.sip[0], row.sip[-1]] if len(row.sip) == 100 else list(row.sip)
    for status in row.status:
        for sip in codes:
            for heard in row.heard or ("",):
                yield Ending(status, sip, rang=row.rang, heard=heard)


ENDINGS = [
    (row.result, ending)
    for row in tables.endings()
    for ending in samples(row)
    if tables.of_ending(ending) is row.result
]


def test_every_row_is_the_first_to_fit_some_ending() -> None:
    for row in tables.endings():
        fits = [
            ending for ending in samples(row) if next(r for r in tables.endings() if r.fits(ending)) is row
        ]
        assert fits, row


def phone_of(ending: Ending) -> Phone:
    """A phone that makes a call end so."""
    rings = None if ending.rang is False else 2
    if ending.status == "completed":
        heard = ending.heard or "human"
        return Phone(answered_by=heard, lasts=20)
    return Phone(ending.status, ending.sip, rings=rings, answers=None, lasts=10)


@pytest.mark.parametrize(("result", "ending"), ENDINGS, ids=lambda value: str(value)[:80])
def test_every_ending_is_met_over_http(
    live: PracticeTwilio, moving: MovingClock, result: CallResult, ending: Ending
) -> None:
    cancelled = ending.status == "canceled"
    live.phones[NUMBER] = Phone() if cancelled else phone_of(ending)
    rows = Exchange()
    rows.trunk(carrier="twilio")
    rows.booked()
    assert exchange.turn(now=moving()) == 1
    for seconds in (3, 10, 60):
        moving.forward(timedelta(seconds=seconds))
        if cancelled:
            calls.hang_up(Call.objects.get())
        live.run()
    call = Call.objects.get()
    assert (call.status, call.result, call.unknown) == (CallStatus.ENDED, result, "")


def test_a_code_that_no_row_knows_is_unknown_and_kept_raw(live: PracticeTwilio, moving: MovingClock) -> None:
    live.phones[NUMBER] = Phone("failed", NEVER, rings=None, lasts=1)
    rows = Exchange()
    rows.trunk(carrier="twilio")
    rows.booked()
    exchange.turn(now=moving())
    moving.forward(timedelta(seconds=5))
    live.run()
    call = Call.objects.get()
    assert (call.result, call.unknown) == (
        CallResult.OUTCOME_UNKNOWN,
        "CallStatus=failed SipResponseCode=418",
    )
    assert call.evidence[-1]["SipResponseCode"] == "418"


# ---- Voice services' codes, and announcements

SAID = [
    ({"service": service, "code": code}, result)
    for service in tables.SERVICES
    for code, result in tables.codes(service).items()
] + [
    ({"heard": f"您好，{phrase}，请稍后再拨"}, row.result)
    for row in tables.announcements()
    for phrase in row.phrases
]

Post = Callable[[Call, dict[str, str]], None]


@pytest.fixture
def post(live: PracticeTwilio, live_server: LiveServer) -> Post:
    """Post the end of a call as a network does that tells raw codes."""

    def post(call: Call, raw: dict[str, str]) -> None:
        news: dict[str, object] = {
            "key": str(call.key),
            "status": "ended",
            "result": None,
            "external_id": f"far-{call.pk}",
            "at": START.isoformat(),
            "evidence": {},
        }
        body = json.dumps({**news, **raw}).encode()
        path = f"/telephony/far/{call.key}/news"
        signature = signing.sign(SECRET, f"{call.key}/news", body)
        signing.post(live_server.url + path, body, signature, 10)

    return post


def test_every_code_and_every_announcement_is_met_over_http(post: Post) -> None:
    rows = Exchange()
    trunk = rows.trunk(carrier="far", concurrent=len(SAID) + 1)
    for n, (raw, result) in enumerate(SAID):
        call = rows.on_line(f"+86190000{n:05}", trunk=trunk)
        post(call, raw)
        met = Call.objects.get(pk=call.pk)
        assert (met.status, met.result, met.unknown) == (CallStatus.ENDED, result, ""), raw
        assert raw.items() <= met.evidence[-1].items()
    assert len(SAID) > 130


@pytest.mark.parametrize(
    ("raw", "unknown"),
    [
        ({"service": "aliyun", "code": "200999"}, "aliyun 200999"),
        ({"service": "nobody", "code": "1"}, "nobody 1"),
        ({"heard": "你好你好"}, "announcement"),
    ],
)
def test_a_code_that_no_table_knows_is_no_guess(post: Post, raw: dict[str, str], unknown: str) -> None:
    rows = Exchange()
    call = rows.on_line(trunk=rows.trunk(carrier="far"))
    post(call, raw)
    call = Call.objects.get()
    assert (call.result, call.unknown) == (CallResult.OUTCOME_UNKNOWN, unknown)


# ---- The loader


def test_what_was_said_first_of_a_line_that_is_forwarded_counts() -> None:
    assert tables.of_announcement("您拨打的电话正在通话中，已为您呼叫转移") is CallResult.FORWARDED
    assert tables.of_announcement("The subscriber you dialed IS POWERED OFF") is CallResult.POWERED_OFF


def test_every_row_says_whose_fault_it_is_as_we_hold_it() -> None:
    for row in tables.endings():
        assert fault_of(row.result)


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Tables of the test's own."""
    monkeypatch.setattr(tables, "FOLDER", tmp_path)
    for kept in (tables.endings, tables.codes, tables.announcements):
        kept.cache_clear()
    yield tmp_path
    for kept in (tables.endings, tables.codes, tables.announcements):
        kept.cache_clear()


HEAD = 'name = "{}"\nsource = "a page"\n'
ROW = '[[row]]\nstatus = ["busy"]\nresult = "busy"\nfault = "person"\nsource = "a page"\n'


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ('name = "another"\nsource = "x"\n' + ROW, "has its own name and a source"),
        ('name = "twilio"\n' + ROW, "has its own name and a source"),
        (HEAD + ROW.replace('"busy"\nfault', '"engaged"\nfault'), "'engaged' is no result of ours"),
        (HEAD + ROW.replace('"person"', '"carrier"'), "busy is the fault of person, not of carrier"),
        (HEAD + ROW + 'colour = "red"\n', "a row has no colour"),
        (HEAD + ROW + 'sip = "some"\n', "sip is a list of codes, any, or none"),
        (HEAD + ROW + 'sip = ["4xy"]\n', "'4xy' is no SIP code"),
        (HEAD + ROW.replace('source = "a page"', ""), "a row has a status and a source"),
    ],
)
def test_a_table_that_cannot_be_used_is_refused(elsewhere: Path, text: str, wrong: str) -> None:
    (elsewhere / "twilio.toml").write_text(text.replace("{}", "twilio"))
    with pytest.raises(tables.BadTable, match=wrong):
        tables.endings()
