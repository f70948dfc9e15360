"""The practice Twilio's API as Twilio describes it: fields and forms, filters and pages, refusals and their codes."""

import base64
import json
import re
from collections.abc import Iterator
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import ProxyHandler, Request, build_opener

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.clock import MovingClock
from telephony.practice import checks, twiml
from telephony.practice.codes import Refused
from telephony.practice.phones import Phone
from tests.telephony.practising import CALLER, SID, TOKEN, PracticeTwilio, practising
from tests.telephony.samples import NUMBER, START

HEX = "[0-9a-fA-F]{32}"
STAMP = r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d \+0000"
ROOM = '<Response><Dial><Conference endConferenceOnExit="true">room</Conference></Dial></Response>'
CALL = {"To": NUMBER, "From": CALLER, "Twiml": ROOM}
TEXT = {"To": NUMBER, "From": CALLER, "Body": "请勿转账"}
SERVICE = {"MessagingServiceSid": f"MG{'0' * 32}"}

# Every property of Twilio's OpenAPI description (twilio/twilio-oai, spec/json/twilio_api_v2010.json), with its
# pattern, or the type of what is no string; "?" where it may be null.
CALL_SHAPE: dict[str, Any] = {
    "account_sid": f"AC{HEX}",
    "answered_by": "?.+",
    "api_version": "2010-04-01",
    "caller_name": "?.*",
    "date_created": STAMP,
    "date_updated": STAMP,
    "direction": "outbound-api|outbound-dial",
    "duration": r"?\d+",
    "end_time": f"?{STAMP}",
    "forwarded_from": "?.+",
    "from": ".+",
    "from_formatted": ".+",
    "group_sid": f"?GP{HEX}",
    "parent_call_sid": f"?CA{HEX}",
    "phone_number_sid": f"?PN{HEX}",
    "price": r"?-?[\d.]+",
    "price_unit": "[A-Z]{3}",
    "queue_time": r"\d+",
    "sid": f"CA{HEX}",
    "start_time": f"?{STAMP}",
    "status": "queued|ringing|in-progress|completed|busy|failed|no-answer|canceled",
    "subresource_uris": dict,
    "to": ".+",
    "to_formatted": ".+",
    "trunk_sid": f"?TK{HEX}",
    "uri": r"/2010-04-01/Accounts/.+\.json",
}
MESSAGE_SHAPE: dict[str, Any] = {
    "account_sid": f"AC{HEX}",
    "api_version": "2010-04-01",
    "body": ".*",
    "date_created": STAMP,
    "date_sent": f"?{STAMP}",
    "date_updated": STAMP,
    "direction": "outbound-api",
    "error_code": (int, type(None)),
    "error_message": "?.+",
    "from": r"\+\d+",
    "messaging_service_sid": f"?MG{HEX}",
    "num_media": r"\d+",
    "num_segments": r"\d+",
    "price": "?.+",
    "price_unit": "[A-Z]{3}",
    "sid": f"(SM|MM){HEX}",
    "status": "queued|sending|sent|delivered|undelivered|failed",
    "subresource_uris": dict,
    "to": r"\+\d+",
    "uri": r"/2010-04-01/Accounts/.+\.json",
}
CONFERENCE_SHAPE: dict[str, Any] = {
    "account_sid": f"AC{HEX}",
    "api_version": "2010-04-01",
    "call_sid_ending_conference": f"?CA{HEX}",
    "date_created": STAMP,
    "date_updated": STAMP,
    "friendly_name": ".+",
    "reason_conference_ended": "?[a-z-]+",
    "region": "us1",
    "sid": f"CF{HEX}",
    "status": "init|in-progress|completed",
    "subresource_uris": dict,
    "uri": r"/2010-04-01/Accounts/.+\.json",
}
PARTICIPANT_SHAPE: dict[str, Any] = {
    "account_sid": f"AC{HEX}",
    "call_sid": f"CA{HEX}",
    "call_sid_to_coach": f"?CA{HEX}",
    "coaching": bool,
    "conference_sid": f"CF{HEX}",
    "date_created": STAMP,
    "date_updated": STAMP,
    "end_conference_on_exit": bool,
    "hold": bool,
    "label": "?.+",
    "muted": bool,
    "queue_time": r"\d+",
    "start_conference_on_enter": bool,
    "status": "queued|connecting|ringing|connected|complete|failed",
    "uri": r"/2010-04-01/Accounts/.+\.json",
}
RECORDING_SHAPE: dict[str, Any] = {
    "account_sid": f"AC{HEX}",
    "api_version": "2010-04-01",
    "call_sid": f"CA{HEX}",
    "channels": int,
    "conference_sid": f"?CF{HEX}",
    "date_created": STAMP,
    "date_updated": STAMP,
    "duration": r"?\d+",
    "encryption_details": type(None),
    "error_code": (int, type(None)),
    "price": "?.+",
    "price_unit": "?.+",
    "sid": f"RE{HEX}",
    "source": "StartCallRecordingAPI|OutboundAPI|Conference|RecordVerb",
    "start_time": STAMP,
    "status": "in-progress|paused|stopped|processing|completed|absent",
    "track": "inbound|outbound|both",
    "uri": r"/2010-04-01/Accounts/.+\.json",
}
OWN_RECORDING_SHAPE = {
    **{name: what for name, what in RECORDING_SHAPE.items() if name != "track"},
    "media_url": "https://.+",
    "subresource_uris": dict,
}
PAGE_SHAPE: dict[str, Any] = {
    "end": int,
    "first_page_uri": "/2010-04-01/.+",
    "next_page_uri": "?/2010-04-01/.+",
    "page": int,
    "page_size": int,
    "previous_page_uri": "?/2010-04-01/.+",
    "start": int,
    "uri": "/2010-04-01/.+",
}


def assert_shape(shown: dict[str, Any], shape: dict[str, Any]) -> None:
    """All that is documented, nothing else, each in its form."""
    assert set(shown) == set(shape)
    for name, form in shape.items():
        said = shown[name]
        if not isinstance(form, str):
            assert isinstance(said, form), name
        elif said is None:
            assert form.startswith("?"), name
        else:
            assert isinstance(said, str), name
            assert re.fullmatch(form.removeprefix("?"), said), (name, said)


class Client:
    """Asks the practice Twilio without any SDK."""

    def __init__(self, practice: PracticeTwilio, moving: MovingClock) -> None:
        self.practice, self.moving = practice, moving
        self._open = build_opener(ProxyHandler({})).open

    def ask(
        self,
        method: str,
        what: str,
        form: dict[str, Any] | None = None,
        *,
        query: dict[str, Any] | None = None,
        auth: str | None = f"{SID}:{TOKEN}",
        account: str = SID,
    ) -> tuple[int, Any]:
        """The status and the answer."""
        address = f"{self.practice.url}/2010-04-01/Accounts/{account}/{what}.json"
        if query:
            address += f"?{urlencode(query)}"
        return self.go(method, address, form, auth=auth)

    def go(
        self,
        method: str,
        address: str,
        form: dict[str, Any] | None = None,
        *,
        auth: str | None = f"{SID}:{TOKEN}",
    ) -> tuple[int, Any]:
        body = None if form is None else urlencode(form, doseq=True).encode()
        asked = Request(address, body, method=method)  # noqa: S310 - loopback
        if auth is not None:
            asked.add_header("Authorization", f"Basic {base64.b64encode(auth.encode()).decode()}")
        try:
            with self._open(asked, timeout=10) as answer:
                status, said = answer.status, answer.read()
        except HTTPError as refusal:
            status, said = refusal.code, refusal.read()
            refusal.close()
        return status, json.loads(said) if said else None

    def forward(self, seconds: float) -> None:
        self.moving.forward(timedelta(seconds=seconds))
        self.practice.run()


@pytest.fixture
def client(moving: MovingClock) -> Iterator[Client]:
    with practising(moving) as practice:
        yield Client(practice, moving)


# ---- Shapes


def test_a_call_is_shown_with_every_documented_field_all_its_life(client: Client) -> None:
    status, made = client.ask("POST", "Calls", CALL)
    assert (status, made["status"]) == (201, "queued")
    seen, shown = [made["status"]], made
    for seconds in (0, 3, 10, 60):
        client.forward(seconds)
        status, shown = client.ask("GET", f"Calls/{made['sid']}")
        assert status == 200
        assert_shape(shown, CALL_SHAPE)
        seen.append(shown["status"])
    assert seen == ["queued", "queued", "ringing", "in-progress", "completed"]
    assert shown["duration"] == "52"
    assert parsedate_to_datetime(shown["end_time"]) == START + timedelta(seconds=60)


def test_a_message_is_shown_with_every_documented_field(client: Client) -> None:
    status, made = client.ask("POST", "Messages", TEXT)
    assert (status, made["status"], made["num_segments"]) == (201, "queued", "1")
    client.forward(10)
    status, shown = client.ask("GET", f"Messages/{made['sid']}")
    assert_shape(shown, MESSAGE_SHAPE)
    assert shown["status"] == "delivered"
    status, listed = client.ask("GET", "Messages", query={"To": NUMBER})
    assert [message["sid"] for message in listed["messages"]] == [made["sid"]]


def test_a_message_waits_for_its_hour_and_may_be_cancelled_until_then(client: Client) -> None:
    hour = (START + timedelta(minutes=10)).isoformat()
    form = {**TEXT, **SERVICE, "ScheduleType": "fixed", "SendAt": hour}
    kept, dropped = (client.ask("POST", "Messages", form)[1]["sid"] for _ in range(2))
    client.forward(300)
    assert client.ask("GET", f"Messages/{kept}")[1]["status"] == "scheduled"
    assert client.ask("POST", f"Messages/{dropped}", {"Status": "canceled"})[1]["status"] == "canceled"
    client.forward(310)
    assert client.ask("GET", f"Messages/{kept}")[1]["status"] == "delivered"
    assert client.ask("GET", f"Messages/{dropped}")[1]["status"] == "canceled"


def test_a_room_its_people_and_its_recordings_are_shown_with_every_documented_field(client: Client) -> None:
    _, call = client.ask("POST", "Calls", CALL)
    client.forward(10)
    desk = {"To": "sip:desk1@pbx.example", "From": CALLER, "Label": "desk", "EndConferenceOnExit": "true"}
    status, person = client.ask("POST", "Conferences/room/Participants", desk)
    assert (status, person["status"]) == (201, "queued")
    assert_shape(person, PARTICIPANT_SHAPE)
    client.forward(10)
    _, listed = client.ask("GET", "Conferences", query={"FriendlyName": "room"})
    (room,) = listed["conferences"]
    assert_shape(room, CONFERENCE_SHAPE)
    assert room["status"] == "in-progress"
    _, people = client.ask("GET", f"Conferences/{room['sid']}/Participants")
    assert [p["status"] for p in people["participants"]] == ["connected", "connected"]
    status, kept = client.ask("POST", f"Calls/{call['sid']}/Recordings", {"RecordingChannels": "dual"})
    assert (status, kept["channels"]) == (201, 2)
    assert_shape(kept, RECORDING_SHAPE)
    _, own = client.ask("GET", f"Recordings/{kept['sid']}")
    assert_shape(own, OWN_RECORDING_SHAPE)
    _, stopped = client.ask("POST", f"Calls/{call['sid']}/Recordings/Twilio.CURRENT", {"Status": "stopped"})
    assert stopped["status"] == "stopped"
    client.ask("DELETE", f"Conferences/{room['sid']}/Participants/desk")
    client.forward(1)
    _, over = client.ask("GET", f"Conferences/{room['sid']}")
    assert over["reason_conference_ended"] == "participant-with-end-conference-on-exit-kicked"
    assert client.ask("GET", f"Calls/{call['sid']}")[1]["status"] == "completed"


# ---- Lists


def test_a_list_is_cut_into_pages_that_lead_to_each_other(client: Client) -> None:
    made = [client.ask("POST", "Calls", CALL)[1]["sid"] for _ in range(5)]
    seen: list[str] = []
    _, page = client.ask("GET", "Calls", query={"PageSize": 2, "To": NUMBER})
    for number in range(3):
        assert_shape({name: said for name, said in page.items() if name != "calls"}, PAGE_SHAPE)
        assert (page["page"], page["page_size"], page["start"]) == (number, 2, 2 * number)
        seen += [call["sid"] for call in page["calls"]]
        if page["next_page_uri"]:
            _, page = client.go("GET", client.practice.url + page["next_page_uri"])
    assert seen == made[::-1]
    assert page["next_page_uri"] is None
    assert page["previous_page_uri"] is not None


def test_a_list_is_filtered_by_number_status_and_time(client: Client) -> None:
    _, first = client.ask("POST", "Calls", CALL)
    client.forward(3600)
    _, second = client.ask("POST", "Calls", {**CALL, "To": "+8619000000000"})
    client.forward(20)

    def found(**query: str) -> list[str]:
        return [call["sid"] for call in client.ask("GET", "Calls", query=query)[1]["calls"]]

    noon = (START + timedelta(minutes=30)).isoformat()
    assert found() == [second["sid"], first["sid"]]
    assert found(To=NUMBER) == [first["sid"]]
    assert found(Status="in-progress") == [second["sid"]]
    assert found(Status="busy") == []
    assert found(From="+861011111111") == []
    assert found(**{"StartTime>": noon}) == [second["sid"]]
    assert found(**{"StartTime<": noon}) == [first["sid"]]
    assert found(StartTime="2026-03-02") == [second["sid"], first["sid"]]
    assert found(**{"StartTime<": "2026-03-01"}) == []
    assert found(**{"EndTime<": noon}) == [first["sid"]]


# ---- Refusals


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"To": None}, 21201),
        ({"To": ""}, 21201),
        ({"To": "abc"}, 21211),
        ({"To": "+12"}, 21211),
        ({"To": "+86190000000019999999"}, 21211),
        ({"To": "sip:nobody"}, 21211),
        ({"From": None}, 21213),
        ({"From": "the centre"}, 21212),
        ({"Twiml": None}, 21205),
        ({"Url": "not an address"}, 21205),
        ({"Url": "ftp://centre.example/x"}, 21205),
        ({"Twiml": None, "ApplicationSid": "AP1"}, 21218),
        ({"Twiml": "<Response"}, 12100),
        ({"Twiml": "<Response><Shout/></Response>"}, 12200),
        ({"Twiml": "<Say>hello</Say>"}, 12200),
        ({"Twiml": f"<Response><Say>{'x' * 4000}</Say></Response>"}, 20001),
        ({"StatusCallback": "http://a_b.example/"}, 21609),
        ({"StatusCallbackEvent": ["initiated", "evaporated"]}, 21626),
        ({"StatusCallbackMethod": "BREW"}, 21209),
        ({"Method": "PUT"}, 21209),
        ({"Timeout": "soon"}, 21208),
        ({"Timeout": "601"}, 21208),
        ({"TimeLimit": "0"}, 20001),
        ({"MachineDetection": "maybe"}, 20001),
        ({"MachineDetectionTimeout": "2"}, 20001),
        ({"MachineDetectionSpeechThreshold": "999"}, 20001),
        ({"MachineDetectionSpeechEndThreshold": "5001"}, 20001),
        ({"MachineDetectionSilenceTimeout": "10001"}, 20001),
        ({"AsyncAmd": "yes"}, 20001),
        ({"AsyncAmdStatusCallback": "nowhere"}, 21609),
        ({"Record": "perhaps"}, 20001),
        ({"RecordingChannels": "stereo"}, 20001),
        ({"RecordingTrack": "all"}, 20001),
        ({"Trim": "all"}, 20001),
        ({"SendDigits": "12x"}, 21206),
        ({"Byoc": "BY1"}, 20001),
    ],
)
def test_a_call_twilio_would_refuse_is_refused_with_its_code(
    client: Client, changed: dict[str, Any], code: int
) -> None:
    form = {name: said for name, said in {**CALL, **changed}.items() if said is not None}
    status, said = client.ask("POST", "Calls", form)
    assert (status, said["code"], said["status"]) == (400, code, 400)
    assert set(said) == {"code", "message", "more_info", "status"}
    assert said["more_info"] == f"https://www.twilio.com/docs/errors/{code}"
    assert client.practice.made_to(NUMBER) == []


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"To": None}, 21604),
        ({"To": "abc"}, 21211),
        ({"From": None}, 21603),
        ({"From": "警"}, 21212),
        ({"Body": None}, 21602),
        ({"Body": "长" * 1601}, 21617),
        ({"StatusCallback": "nowhere"}, 21609),
        ({"MediaUrl": "nowhere"}, 21620),
        ({"ValidityPeriod": "36001"}, 20001),
        ({"MessagingServiceSid": "MG1"}, 20001),
        ({"SendAt": "soon"}, 20001),
        ({"ScheduleType": "fixed", "SendAt": "2026-03-02T02:00:00Z"}, 35118),
        ({"ScheduleType": "fixed", **SERVICE}, 35111),
        ({"ScheduleType": "fixed", **SERVICE, "SendAt": "2020-01-01T00:00:00Z"}, 35114),
        ({"ScheduleType": "fixed", **SERVICE, "SendAt": "2036-01-01T00:00:00Z"}, 35114),
    ],
)
def test_a_message_twilio_would_refuse_is_refused_with_its_code(
    client: Client, changed: dict[str, Any], code: int
) -> None:
    form = {name: said for name, said in {**TEXT, **changed}.items() if said is not None}
    status, said = client.ask("POST", "Messages", form)
    assert (status, said["code"]) == (400, code)


@pytest.mark.parametrize(
    "auth", [None, "", "nobody:x", f"{SID}:", f"AC{'0' * 31}:x", f"AC{'g' * 32}:x", f"AC{'1' * 32}:x"]
)
def test_who_shows_no_account_of_theirs_is_told_to_authenticate(client: Client, auth: str | None) -> None:
    for method, form in (("GET", None), ("POST", CALL)):
        status, said = client.ask(method, "Calls", form, auth=auth)
        assert (status, said["code"], said["message"]) == (401, 20003, "Authenticate")


def test_any_well_formed_account_with_any_token_is_taken(client: Client) -> None:
    other = f"AC{'aB' * 16}"
    status, made = client.ask("POST", "Calls", CALL, auth=f"{other}:whatever", account=other)
    assert (status, made["account_sid"]) == (201, other)
    assert client.ask("GET", f"Calls/{made['sid']}")[0] == 404  # but not another's


@pytest.mark.parametrize(
    "what",
    [
        "Calls/CA1",
        f"Calls/CA{'0' * 32}",
        f"Calls/SM{'0' * 32}",
        f"Messages/CA{'0' * 32}",
        f"Recordings/RE{'0' * 32}",
        "Conferences/nowhere/Participants",
        "Nothing",
    ],
)
def test_what_is_not_there_is_not_found(client: Client, what: str) -> None:
    status, said = client.ask("GET", what)
    assert (status, said["code"]) == (404, 20404)
    assert f"/{what}.json was not found" in said["message"]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"PageSize": 0}, 20001),
        ({"PageSize": "all"}, 20001),
        ({"PageSize": 1001}, 20007),
        ({"Page": -1}, 20001),
        ({"Status": "dead"}, 20001),
        ({"StartTime": "noon"}, 20001),
    ],
)
def test_a_list_is_not_asked_for_in_just_any_words(client: Client, query: dict[str, Any], code: int) -> None:
    client.ask("POST", "Calls", CALL)
    status, said = client.ask("GET", "Calls", query=query)
    assert (status, said["code"]) == (400, code)


def test_a_call_is_ended_and_changed_only_while_it_can_be(client: Client) -> None:
    _, call = client.ask("POST", "Calls", CALL)
    where = f"Calls/{call['sid']}"
    assert client.ask("POST", where, {"Status": "paused"})[1]["code"] == 20001
    assert client.ask("POST", where, {"Twiml": ROOM})[1]["code"] == 21220  # it only rings
    client.forward(10)
    assert client.ask("POST", where, {"Status": "canceled"})[1]["code"] == 21220
    assert client.ask("POST", where, {"Twiml": "<Response><Hangup/></Response>"})[0] == 200
    client.forward(1)
    assert client.ask("GET", where)[1]["status"] == "completed"
    assert client.ask("POST", where, {"Status": "completed"})[1]["code"] == 21220
    assert client.ask("DELETE", where) == (204, None)


def test_a_method_nobody_has_heard_of_is_refused(client: Client) -> None:
    assert client.ask("PUT", "Calls")[1]["code"] == 20004


def test_a_script_is_given_while_it_serves_and_a_wrong_one_changes_nothing(client: Client) -> None:
    where = f"{client.practice.url}/practice/phones"
    said = json.dumps({NUMBER: [{"like": "2"}, {"lasts": 9, "presses": "2"}]}).encode()
    with client._open(Request(where, said, {"Content-Type": "application/json"})) as answer:  # noqa: S310
        assert answer.status == 200
    assert client.practice.phones.next(NUMBER).word == "busy"
    assert client.practice.phones.next(NUMBER) == Phone(lasts=9, presses="2")
    for wrong in (
        "[]",
        "{",
        '{"1": {"colour": "red"}}',
        '{"1": {"like": "x"}}',
        '{"1": {"lasts": "long"}}',
        '{"1": []}',
    ):
        with pytest.raises(HTTPError) as refusal:
            client._open(Request(where, wrong.encode()))  # noqa: S310
        assert refusal.value.code == 400
        refusal.value.close()


# ---- Whatever comes in


@given(st.text(max_size=60))
def test_no_text_breaks_the_reading_of_twiml(text: str) -> None:
    code = 0
    try:
        twiml.read(text)
    except Refused as refusal:
        code = refusal.code
    assert code in (0, 12100, 12200)


@given(st.text(max_size=40))
def test_a_number_is_plain_once_it_has_been_made_plain(text: str) -> None:
    assert checks.plain(checks.plain(text)) == checks.plain(text)
    assert isinstance(checks.is_url(text), bool)
