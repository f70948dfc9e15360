"""How the practice Twilio lives a call: our TwiML followed, keys posted, all webhooks signed, mischief as written."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone

import pytest
from twilio.request_validator import RequestValidator

from telephony.clock import MovingClock
from telephony.practice import post, rooms
from telephony.practice.phones import BY_DIGITS, Directory, Phone, by_digits, table
from telephony.practice.records import Call, stamp
from tests.telephony.our_side import OurSide, our_side
from tests.telephony.practising import CALLER, SID, TOKEN, PracticeTwilio, practising
from tests.telephony.samples import NUMBER, START

Place = Callable[..., Call]
LIED = [word for true in ("initiated", "ringing", "in-progress", "completed") for word in ("busy", true)]


@pytest.fixture
def ours() -> Iterator[OurSide]:
    with our_side() as server:
        yield server


@pytest.fixture
def practice(moving: MovingClock) -> Iterator[PracticeTwilio]:
    with practising(moving) as twilio:
        yield twilio


@pytest.fixture
def place(practice: PracticeTwilio, ours: OurSide, moving: MovingClock) -> Place:
    """Place a call that tells all and fetches /start, and live through it."""

    def place(*steps: float, phone: Phone | None = None, document: str = "", **more: str) -> Call:
        practice.phones[NUMBER] = phone or Phone()
        ours.documents["/start"] = f"<Response>{document}</Response>"
        fields = {
            "Url": [f"{ours.url}/start"],
            "StatusCallback": [f"{ours.url}/status"],
            "StatusCallbackEvent": ["initiated", "ringing", "answered", "completed"],
            **{name: [said] for name, said in more.items()},
        }
        switch = practice.switch
        call = Call(SID, TOKEN, NUMBER, CALLER, fields, switch.phones.next(NUMBER), moving())
        switch.place(call)
        practice.run()
        for seconds in steps:
            moving.forward(timedelta(seconds=seconds))
            practice.run()
        return call

    return place


def test_every_step_is_told_once_in_order_and_signed(place: Place, ours: OurSide) -> None:
    call = place(3, 10, 60, document="<Pause length='600'/>")
    assert ours.said("/status", "CallStatus") == ["initiated", "ringing", "in-progress", "completed"]
    assert ours.said("/status", "SequenceNumber") == ["0", "1", "2", "3"]
    assert ours.said("/status", "SipResponseCode")[-1] == "200"
    assert ours.said("/status", "CallDuration")[-1] == "52"
    assert all(ours.genuine)
    assert call.status == "completed"


def test_only_the_end_is_told_unless_more_is_asked_for(place: Place, ours: OurSide) -> None:
    place(60, phone=Phone("busy", 486, rings=None, lasts=3), StatusCallbackEvent="")
    assert ours.said("/status", "CallStatus") == ["busy"]


def test_what_is_said_takes_its_time_and_then_the_call_ends(place: Place, moving: MovingClock) -> None:
    call = place(60, document=f"<Say>{'x' * 80}</Say><Pause length='3'/><Play>http://x/y.mp3</Play>")
    assert call.ended == START + timedelta(seconds=8 + 10 + 3 + 3)


def test_a_key_is_posted_and_its_answer_followed(place: Place, ours: OurSide) -> None:
    ours.documents["/key"] = "<Response><Hangup/></Response>"
    document = "<Gather numDigits='1' action='/key'><Say>press</Say></Gather><Pause length='100'/>"
    call = place(20, phone=Phone(presses="2"), document=document)
    assert ours.said("/key", "Digits") == ["2"]
    assert (call.status, all(ours.genuine)) == ("completed", True)


def test_without_a_key_the_next_verb_has_its_turn(place: Place, ours: OurSide) -> None:
    call = place(60, document="<Gather timeout='4' action='/key'><Say>press</Say></Gather><Hangup/>")
    assert ours.said("/key", "Digits") == []
    assert call.ended == START + timedelta(seconds=8 + 1 + 4)


def test_a_machine_presses_no_keys(place: Place, ours: OurSide) -> None:
    place(60, phone=Phone(presses="1", answered_by="machine_start"), document="<Gather action='/key'/>")
    assert ours.said("/key", "Digits") == []


def test_a_redirect_is_followed_with_its_method(place: Place, ours: OurSide) -> None:
    ours.documents["/on"] = "<Response><Pause length='2'/></Response>"
    call = place(60, document="<Redirect method='GET'>/on</Redirect>")
    assert ours.said("/on", "CallSid") == [call.sid]
    assert call.ended == START + timedelta(seconds=10)
    assert all(ours.genuine)


def test_documents_that_lead_to_each_other_for_ever_come_to_an_end(place: Place) -> None:
    assert place(300, document="<Redirect>/start</Redirect>", phone=Phone(lasts=10000)).status == "completed"


def test_another_phone_is_rung_and_the_action_hears_how_it_went(
    place: Place, ours: OurSide, practice: PracticeTwilio
) -> None:
    document = (
        "<Dial action='/after' callerId='+861012345'>"
        "<Number statusCallback='/nowhere'>+8619000000002</Number></Dial>"
    )
    call = place(30, document=document, phone=Phone(lasts=600))
    assert ours.said("/after", "DialCallStatus") == ["busy"]
    (child,) = [leg for leg in practice.switch.calls.values() if leg.parent == call.sid]
    assert (child.caller, child.direction, child.status) == ("+861012345", "outbound-dial", "busy")


def test_who_has_asked_for_it_hears_of_each_mute(
    place: Place, ours: OurSide, practice: PracticeTwilio
) -> None:
    room = (
        f"<Dial><Conference statusCallback='{ours.url}/room' statusCallbackEvent='mute'>r</Conference></Dial>"
    )
    person = place(10, document=room, phone=Phone(lasts=600)).as_participant
    assert person is not None
    for muted in (True, True, False):
        rooms.alter(practice.switch, person, muted=muted, hold=False)
    practice.run()
    assert ours.said("/room", "StatusCallbackEvent") == ["participant-mute", "participant-unmute"]
    assert ours.said("/room", "Muted") == ["true", "false"]


def test_who_ends_the_room_takes_the_others_along(
    place: Place, ours: OurSide, practice: PracticeTwilio
) -> None:
    events = f"statusCallback='{ours.url}/room' statusCallbackEvent='start end join leave'"
    room = f"<Dial><Conference endConferenceOnExit='true' {events}>r</Conference></Dial>"
    first = place(10, document=room, phone=Phone(lasts=20))
    second = place(10, document=room, phone=Phone(lasts=600))
    assert ours.said("/room", "StatusCallbackEvent") == [
        "participant-join",
        "participant-join",
        "conference-start",
        "participant-leave",
        "participant-leave",
        "conference-end",
    ]
    assert (first.status, second.status) == ("completed", "completed")
    assert second.ended == first.ended


@pytest.mark.parametrize("heard", ["human", "machine_end_beep", "fax", "unknown"])
def test_detection_in_the_background_tells_who_answered(place: Place, ours: OurSide, heard: str) -> None:
    more = {"MachineDetection": "Enable", "AsyncAmd": "true", "AsyncAmdStatusCallback": f"{ours.url}/amd"}
    place(30, phone=Phone(answered_by=heard), document="<Pause length='60'/>", **more)
    assert ours.said("/amd", "AnsweredBy") == [heard]
    assert ours.said("/amd", "MachineDetectionDuration") == ["3200"]
    assert ours.said("/amd", "CallStatus") == [""]


def test_detection_in_the_foreground_comes_before_any_twiml(place: Place, ours: OurSide) -> None:
    place(30, phone=Phone(answered_by="fax"), MachineDetection="Enable", document="<Pause length='2'/>")
    assert ours.said("/start", "AnsweredBy") == ["fax"]
    place(30, phone=Phone(detects=50), MachineDetection="Enable", MachineDetectionTimeout="5")
    assert ours.said("/start", "AnsweredBy")[-1] == "unknown"


def test_nobody_talks_longer_than_the_limit(place: Place) -> None:
    call = place(600, phone=Phone(lasts=500), document="<Pause length='600'/>", TimeLimit="30")
    assert call.ended == START + timedelta(seconds=38)


def test_nobody_rings_longer_than_the_time_allowed(place: Place, ours: OurSide) -> None:
    call = place(600, phone=Phone(answers=90, lasts=200), Timeout="20")
    assert (call.status, call.sip, call.ended) == ("no-answer", 487, START + timedelta(seconds=20))


def test_a_recording_is_told_of_when_it_begins_and_ends(place: Place, ours: OurSide) -> None:
    more = {
        "Record": "true",
        "RecordingStatusCallback": f"{ours.url}/recording",
        "RecordingStatusCallbackEvent": "in-progress completed",
    }
    place(60, document="<Pause length='5'/>", **more)
    assert ours.said("/recording", "RecordingStatus") == ["in-progress", "completed"]
    assert ours.said("/recording", "RecordingDuration") == ["0", "5"]
    assert ours.said("/status", "RecordingSid")[-1].startswith("RE")


# ---- Mischief


@pytest.mark.parametrize(
    ("news", "words", "genuine"),
    [
        ("lost", [], []),
        ("twice", ["initiated"] * 2 + ["ringing"] * 2 + ["in-progress"] * 2 + ["completed"] * 2, [True] * 8),
        ("backwards", ["completed", "in-progress", "ringing", "initiated"], [True] * 4),
        ("forged", LIED, [False, True] * 4),
        ("altered", LIED, [False, True] * 4),
    ],
)  # fmt: skip
def test_mischief_is_done_as_it_is_written(
    place: Place, ours: OurSide, news: str, words: list[str], genuine: list[bool]
) -> None:
    place(*[1] * 70, phone=Phone(news=news), document="<Pause length='600'/>")
    came = zip(ours.came, ours.genuine, strict=True)
    told = [(form["CallStatus"], good) for (where, form), good in came if where == "/status"]
    assert told == list(zip(words, genuine, strict=True))


def test_late_and_replayed_news_comes_after_its_time(place: Place, ours: OurSide) -> None:
    place(1, phone=Phone("busy", 486, rings=None, lasts=0, news="late"))
    assert ours.came == []
    place(200)
    assert sorted(ours.said("/status", "CallStatus"))[:2] == ["busy", "completed"]
    ours.came.clear()
    place(1, 60, phone=Phone("busy", 486, rings=None, lasts=0, news="replayed"))
    assert ours.said("/status", "CallStatus") == ["initiated", "busy", "initiated", "busy"]


def test_the_same_seed_draws_the_same_mischief() -> None:
    likely = {"lost": 0.3, "twice": 0.3, "cut": 0.2}
    numbers = [f"+86190000000{n:02}" for n in range(50)]
    drawn = [[Directory(likely=likely, seed=s).next(n) for n in numbers] for s in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]
    assert len({phone.news for phone in drawn[0]}) >= 3


def test_every_ending_in_the_table_is_said_and_met() -> None:
    for digits, (phone, words) in BY_DIGITS.items():
        assert f"…{digits:>2}  {words}" in table()
        assert by_digits(f"+861900000{digits:0>2}" if len(digits) == 2 else f"+86190000005{digits}") == phone


def test_times_are_told_in_utc_whatever_the_clock_shows() -> None:
    at = datetime(2026, 3, 2, 9, 0, tzinfo=timezone(timedelta(hours=8)))
    assert stamp(at) == "Mon, 02 Mar 2026 01:00:00 +0000"


# ---- Signatures


@pytest.mark.parametrize("address", ["https://x.example/a", "https://x.example:8443/a?b=c&d=%E4%B8%AD"])
def test_a_signature_is_the_sdks_own(address: str) -> None:
    form = {"Digits": "1", "From": "+1", "空": "値", "empty": ""}
    assert post.sign(TOKEN, address, form) == RequestValidator(TOKEN).compute_signature(address, form)
