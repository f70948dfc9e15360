"""The trunk's own process against SIPp, which has its own mind about SIP: as the carrier, and as our phones."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from telephony.carrier import ANNOUNCE, CallKind, CallResult, CallStatus, CarrierError, Dial
from tests.telephony.sipp import Sipp, TrunkProcess, trunk

R = CallResult


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TrunkProcess]:
    with trunk(tmp_path_factory.mktemp("sipp")) as made:
        yield made
        health = made.health()
        assert (health["ok"], health["calls"]) == (True, 0), "a call was leaked"
        for sipp in (made.carrier, made.desks):
            counts = made.settle(sipp, lambda counts: counts["current"] == 0)
            assert (counts["current"], counts["failed"]) == (0, 0), sipp.errors()


def talk(line: TrunkProcess, last: str, *, kind: CallKind = CallKind.VOICE, desk: str = "1001") -> Dial:
    """A call until somebody talks."""
    dial = line.dial(last, kind=kind, desk=desk)
    line.until(dial, CallStatus.TALKING)
    return dial


def said(sipp: Sipp, start: str) -> list[str]:
    """The messages of SIPp's log that begin so, the newest last."""
    found = re.split(r"-{20,}[^\n]*\n", sipp.messages())
    messages = [piece.partition("\n\n")[2].strip() for piece in found]
    return [message for message in messages if message.startswith(start)]


MET = [
    ("0486", R.BUSY, False),
    ("0480", R.OUT_OF_AREA, False),
    ("1480", R.NO_ANSWER, True),
    ("0404", R.INVALID_NUMBER, False),
    ("0408", R.OUT_OF_AREA, False),
    ("1408", R.NO_ANSWER, True),
    ("1603", R.REJECTED, True),
    ("0503", R.CONGESTION, False),
    ("4480", R.OUT_OF_AREA, False),  # after early sound
    ("3000", R.NO_ANSWER, True),  # rings until we cancel
    ("5000", R.CONGESTION, False),  # says nothing at all
    ("2001", R.ANSWERED, True),  # its first answer is lost
    ("2002", R.ANSWERED, True),  # hangs up
    ("9200", R.ANSWERED, True),  # asks who we are, and checks it
    ("9403", R.FAILED_HERE, False),  # asks, and refuses us
]


def test_what_a_call_met(line: TrunkProcess) -> None:
    dials = {last: line.dial(last, desk=f"1{n:03}") for n, (last, _, _) in enumerate(MET, 100)}
    for last in ("2001", "9200"):
        line.until(dials[last], CallStatus.TALKING)
        line.stage.carrier.hang_up(dials[last])
    ends = {last: line.end(dial) for last, dial in dials.items()}
    assert [(last, end.result, end.evidence["rang"]) for last, end in ends.items()] == MET
    assert ends["4480"].evidence["early"] is True
    assert ends["4480"].evidence["q850"] == [20]


def test_each_is_told_where_the_other_is_and_nobody_where_we_are(line: TrunkProcess) -> None:
    dial = talk(line, "2000")
    line.stage.carrier.hang_up(dial)
    assert line.end(dial).result is R.ANSWERED
    invite = said(line.carrier, "INVITE")[-1]
    assert "c=IN IP4 127.0.0.3" in invite
    assert "m=audio 6000 " in invite
    assert 'P-Asserted-Identity: "96110" <sip:96110@carrier.example>' in invite
    first, again = said(line.desks, "INVITE")[-2:]
    assert "c=IN" not in first
    assert "c=IN IP4 127.0.0.2" in again
    assert "m=audio 7000 " in again
    assert "P-Asserted-Identity" not in first


@pytest.mark.parametrize("who", ["desk", "person", "us"])
def test_whoever_hangs_up_both_are_hung_up(line: TrunkProcess, who: str) -> None:
    dial = talk(line, "2002" if who == "person" else "2000", desk="1009" if who == "desk" else "1001")
    if who == "us":
        line.stage.carrier.hang_up(dial)
    end = line.end(dial)
    assert (end.result, end.evidence["by"]) == (R.ANSWERED, who)


def test_a_ringing_call_is_taken_back(line: TrunkProcess) -> None:
    dial = line.dial("3000")
    line.until(dial, CallStatus.RINGING)
    line.stage.carrier.hang_up(dial)
    assert line.end(dial).result is R.CANCELLED


def test_a_person_who_moves_is_told_to_the_desk(line: TrunkProcess) -> None:
    dial = talk(line, "2003")
    line.settle(line.desks, lambda _: "m=audio 7100 " in said(line.desks, "INVITE")[-1])
    moved = said(line.desks, "INVITE")[-1]
    assert "m=audio 7100 " in moved
    assert "a=sendonly" in moved
    line.stage.carrier.hang_up(dial)
    assert line.end(dial).result is R.ANSWERED


@pytest.mark.parametrize(
    ("last", "result", "picture"), [("2000", R.ANSWERED, 7002), ("2004", R.AUDIO_ONLY, 0)]
)
def test_a_video_call(line: TrunkProcess, last: str, result: CallResult, picture: int) -> None:
    dial = talk(line, last, kind=CallKind.VIDEO, desk="2001")
    line.stage.carrier.hang_up(dial)
    assert line.end(dial).result is result
    assert "m=video 6002 " in said(line.carrier, "INVITE")[-1]
    assert f"m=video {picture} " in said(line.desks, "INVITE")[-1]


def test_a_telephone_makes_no_video_call(line: TrunkProcess) -> None:
    end = line.end(line.dial("2000", kind=CallKind.VIDEO, desk="1001"))
    assert (end.result, end.evidence) == (R.FAILED_HERE, {"desk": "it offers no picture"})


def test_an_announcement_is_played_to_who_answers(line: TrunkProcess) -> None:
    end = line.end(line.dial("2002", mode=ANNOUNCE))
    assert (end.result, end.evidence["by"]) == (R.ANSWERED, "person")
    invite = said(line.desks, "INVITE")[-1]
    assert ";play=loan SIP/2.0" in invite
    assert "c=IN IP4 127.0.0.2" in invite
    assert "c=IN IP4 127.0.0.3" in said(line.carrier, "ACK")[-1]


def test_a_phone_at_its_own_address_is_reached_over_tcp(line: TrunkProcess, tmp_path: Path) -> None:
    phone = Sipp("desks", tmp_path, "-t", "t1")
    phone.listen()
    try:
        dial = talk(line, "2000", desk=f"sip:1001@127.0.0.1:{phone.port};transport=tcp")
        line.stage.carrier.hang_up(dial)
        assert line.end(dial).result is R.ANSWERED
        assert "TCP" in said(phone, "INVITE")[-1]
    finally:
        phone.stop()


def test_nobody_is_rung_for_a_desk_that_does_not_answer(line: TrunkProcess) -> None:
    before = len(said(line.carrier, "INVITE"))
    end = line.end(line.dial("2000", desk="1007"))
    assert (end.result, end.evidence) == (R.FAILED_HERE, {"desk": 486})
    assert len(said(line.carrier, "INVITE")) == before


def test_what_cannot_be_done_is_refused_with_its_reason(line: TrunkProcess) -> None:
    with pytest.raises(CarrierError) as met:
        line.dial("2000", desk="")
    assert (met.value.certain, met.value.result) == (True, R.FAILED_HERE)
    assert "desk" in met.value.evidence


def test_a_trunk_that_dies_in_mid_call_goes_on_with_it(line: TrunkProcess) -> None:
    talks, rings = talk(line, "2000", desk="1011"), line.dial("3000", desk="1012")
    line.until(rings, CallStatus.RINGING)
    line.kill()
    assert b"1900000" not in line.journal.read_bytes()
    line.start()
    end = line.end(rings)
    assert (end.result, end.evidence) == (R.FAILED_HERE, {"trunk": "restarted"})
    found = line.stage.carrier.find(talks)
    assert found is not None
    assert found.status is CallStatus.TALKING
    line.stage.carrier.hang_up(talks)
    assert line.end(talks).result is R.ANSWERED


def test_many_calls_leave_none_behind(line: TrunkProcess) -> None:
    dials = [line.dial(("2002", "0486", "1480")[n % 3], desk=f"1{n:03}") for n in range(200, 224)]
    results = [line.end(dial).result for dial in dials]
    assert [results.count(result) for result in (R.ANSWERED, R.BUSY, R.NO_ANSWER)] == [8, 8, 8]
    assert line.health()["calls"] == 0
