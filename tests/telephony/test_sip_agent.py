"""Calls of the SIP agent on a clock that is moved: what each side is told, what a call met, what is lost on the way."""

from collections.abc import Iterator
from datetime import timedelta
from random import Random
from typing import Any

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.carrier import CallKind, CallResult, CallStatus, CarrierError
from telephony.sip import sdp
from telephony.sip.fields import has_option, tag_of
from telephony.sip.message import Request, Response
from telephony.sip.transactions import answer_to
from tests.examples import few
from tests.telephony.farends import (
    CARRIER,
    US,
    FarEnd,
    Manner,
    Net,
    Say,
    dial_of,
    refusing,
    sound,
)

R = CallResult
LIMITS = {"desk": 20, "ring": 45, "announcer": 5, "talk": 1800}


@pytest.fixture
def net() -> Iterator[Net]:
    made = Net()
    yield made
    for call in list(made.agent.calls.values()):
        call.hang_up()
    made.run(300)
    assert made.agent.health()["calls"] == 0, "a call was leaked"
    assert made.agent.health()["transactions"] == 0, "a transaction was leaked"
    assert made.agent.board.legs == {}, "a leg was leaked"


def ended(net: Net) -> tuple[CallResult | None, dict[str, object]]:
    """How the one call ended: its only end."""
    (end,) = [update for update in net.news if update.status is CallStatus.ENDED]
    return end.result, dict(end.evidence)


def talking(net: Net, *, kind: CallKind = CallKind.VOICE, **manner: object) -> None:
    """A call in which both are joined."""
    net.carrier.default = Manner(says=(Say(1, 180), Say(2, 200)), **manner)  # type: ignore[arg-type]
    net.place(kind=kind)
    net.run(6)


def media(body: bytes) -> list[tuple[str, int]]:
    return [(m.kind, m.port) for m in sdp.read(body).media]


# ---- Joined


def test_sound_flows_between_the_two_and_never_through_us(net: Net) -> None:
    talking(net, lasts=10)
    desk, person = net.exchange.one(), net.carrier.one()
    assert desk.heard[0] == b""  # asked for an offer
    assert b"a=inactive" in desk.heard[1]  # held meanwhile
    assert b"10.1.1.1" in person.heard[0]  # told where the desk is
    assert b"10.2.2.2" in desk.heard[-1]  # told where the person is
    assert b"a=inactive" not in desk.heard[-1]
    assert all(b"c=IN IP4 10.0.0.9" not in body for body in (*desk.heard, *person.heard))
    net.run(60)
    assert net.told == [("ringing", ""), ("talking", ""), ("ended", "answered")]
    assert ended(net)[1]["by"] == "person"


def test_the_operator_is_there_before_the_person_is_rung(net: Net) -> None:
    net.exchange.default = Manner(says=(Say(4, 200),))
    net.place()
    net.run(3)
    assert net.carrier.got == []
    net.run(3)
    assert set(net.carrier.methods()) == {"INVITE"}


def test_each_description_that_says_something_new_is_a_version_further(net: Net) -> None:
    talking(net)
    owners = [body.split(b"\r\n")[1].split()[1:3] for body in net.exchange.one().heard[1:]]
    assert len({session for session, _ in owners}) == 1
    assert [int(version) for _, version in owners] == [1, 2]


def test_a_picture_is_offered_only_in_a_video_call(net: Net) -> None:
    talking(net)
    assert media(net.carrier.one().heard[0]) == [("audio", 5000), ("video", 0)]


def test_a_video_call_joins_sound_and_picture(net: Net) -> None:
    talking(net, kind=CallKind.VIDEO, body=sound(4000, picture=4002, host="10.2.2.2"), lasts=5)
    assert media(net.carrier.one().heard[0]) == [("audio", 5000), ("video", 5002)]
    assert media(net.exchange.one().heard[-1]) == [("audio", 4000), ("video", 4002)]
    net.run(60)
    assert ended(net)[0] is R.ANSWERED


def test_a_video_call_answered_with_sound_alone_is_audio_only(net: Net) -> None:
    talking(net, kind=CallKind.VIDEO, body=sound(4000, picture=0, host="10.2.2.2"), lasts=5)
    assert media(net.exchange.one().heard[-1]) == [("audio", 4000), ("video", 0)]
    net.run(60)
    assert net.told[-2:] == [("talking", ""), ("ended", "audio_only")]


def test_a_desk_without_a_picture_makes_no_video_call(net: Net) -> None:
    net.exchange.default = Manner(says=(Say(0.2, 200),), body=sound(5000))
    net.place(kind=CallKind.VIDEO)
    net.run(10)
    assert ended(net) == (R.FAILED_HERE, {"desk": "it offers no picture"})
    assert net.carrier.got == []
    assert net.exchange.methods()[-1] == "BYE"


def test_early_sound_is_heard_at_the_desk(net: Net) -> None:
    early = sound(4000, host="10.2.2.2")
    net.carrier.default = Manner(says=(Say(1, 183, (), early), Say(8, 200, (), early)), lasts=5)
    net.place()
    net.run(4)
    assert b"10.2.2.2" in net.exchange.one().heard[-1]
    net.run(60)
    assert net.exchange.methods().count("INVITE") == 2  # the answer said nothing new
    assert ended(net)[0] is R.ANSWERED
    assert ended(net)[1]["early"] is True


def test_a_desk_whose_sound_moves_when_joined_is_told_to_the_person(net: Net) -> None:
    net.exchange.default = Manner(says=(Say(0.2, 200, (), sound(5000)),), body=sound(5500))
    talking(net)
    assert media(net.carrier.one().heard[-1]) == [("audio", 5500)]


# ---- Who calls


def test_the_number_is_shown_and_asserted_to_the_carrier_alone(net: Net) -> None:
    talking(net)
    out, desk = net.carrier.got[0], net.exchange.got[0]
    assert out.get("from").startswith('"96110" <sip:96110@carrier.example>')
    assert out.get("p-asserted-identity") == '"96110" <sip:96110@carrier.example>'
    assert out.get("privacy") == "none"
    assert desk.get("p-asserted-identity") == ""
    assert "19000000001" not in bytes(desk).decode()


def test_a_carrier_that_does_not_trust_us_is_told_less() -> None:
    net = Net(asserted=False, numbers="national")
    net.place()
    net.run(2)
    assert net.carrier.got[0].get("p-asserted-identity") == ""
    assert net.carrier.got[0].uri == "sip:19000000001@carrier.example;user=phone"


# ---- What a call met


@pytest.mark.parametrize(
    ("manner", "result", "kept"),
    [
        (refusing(486), R.BUSY, {"sip": 486, "rang": False}),
        (refusing(600), R.BUSY, {}),
        (refusing(603, rings=True), R.REJECTED, {"rang": True}),
        (refusing(403), R.FAILED_HERE, {}),
        (refusing(403, rings=True), R.REJECTED, {}),
        (refusing(404), R.INVALID_NUMBER, {}),
        (refusing(480), R.OUT_OF_AREA, {"rang": False}),
        (refusing(480, rings=True), R.NO_ANSWER, {"rang": True}),
        (refusing(408), R.OUT_OF_AREA, {}),
        (refusing(408, rings=True, after=30), R.NO_ANSWER, {}),
        (refusing(607), R.LABELLED_NUISANCE, {}),
        (refusing(302), R.FORWARDED, {}),
        (refusing(503), R.CONGESTION, {"sip": 503}),
        (refusing(499), R.OUTCOME_UNKNOWN, {"sip": 499}),
        (refusing(480, headers=[("reason", "Q.850;cause=1")]), R.INVALID_NUMBER, {"q850": [1]}),
        (refusing(503, headers=[("reason", 'SIP;cause=1, Q.850;cause=17;text="19000000001"')]), R.BUSY, {"q850": [17]}),
        (refusing(480, headers=[("reason", "Q.850;cause=20")]), R.OUT_OF_AREA, {}),
        (Manner(says=(Say(1, 183, (), sound(1)), Say(9, 480))), R.OUT_OF_AREA, {"early": True}),
        (Manner(says=(Say(1, 180),)), R.NO_ANSWER, {"sip": "limit", "rang": True}),
        (Manner(says=(Say(1, 100),)), R.OUT_OF_AREA, {"sip": "limit", "rang": False, "early": False}),
        (Manner(says=(Say(1, 183, (), sound(1)),)), R.OUTCOME_UNKNOWN, {"sip": "limit", "early": True}),
        (Manner(says=()), R.CONGESTION, {"sip": "silence"}),
        (Manner(says=(Say(1, 181), Say(3, 200)), lasts=5), R.FORWARDED, {"forwarded": True}),
    ],
)  # fmt: skip
def test_what_the_carrier_said_in_our_words(
    net: Net, manner: Manner, result: R, kept: dict[str, object]
) -> None:
    net.carrier.default = manner
    net.place()
    net.run(150)
    met, evidence = ended(net)
    assert met is result
    assert evidence.items() >= kept.items()
    assert "19000000001" not in str(evidence)
    assert net.exchange.one().ended == "bye"  # the operator is free again


@pytest.mark.parametrize(
    ("manner", "unknown"),
    [
        (refusing(499), "SIP 499"),
        (refusing(499, headers=[("reason", "Q.850;cause=126")]), "SIP 499 Q.850 126"),
        (refusing(486), ""),
        (Manner(says=(Say(1, 180), Say(3, 200)), lasts=5), ""),
    ],
)
def test_a_code_that_no_row_has_is_told_raw(net: Net, manner: Manner, unknown: str) -> None:
    net.carrier.default = manner
    net.place()
    net.run(150)
    assert [update.unknown for update in net.news if update.result] == [unknown]


def test_one_that_rings_out_is_cancelled_and_over_when_that_is_done(net: Net) -> None:
    net.carrier.default = Manner(says=(Say(1, 180),))
    net.place()
    net.run(40)
    assert net.told == [("ringing", "")]
    net.run(10)
    cancel = next(request for request in net.carrier.got if request.method == "CANCEL")
    assert cancel.branch == net.carrier.got[0].branch
    assert cancel.get("reason") == "Q.850;cause=19"
    assert list(dict.fromkeys(net.carrier.methods())) == ["INVITE", "CANCEL", "ACK"]
    assert ended(net)[0] is R.NO_ANSWER


def test_a_cancel_nobody_answers_ends_all_the_same(net: Net) -> None:
    net.carrier.default = Manner(says=(Say(1, 180),), cancels=False)
    net.place()
    net.run(60)
    assert net.told == [("ringing", "")]  # the number may still ring
    net.run(60)
    assert ended(net)[0] is R.NO_ANSWER


def test_answered_while_it_is_cancelled_is_hung_up_at_once(net: Net) -> None:
    net.carrier.default = Manner(says=(Say(1, 180), Say(45.225, 200)), cancels=False)
    net.place()
    net.run(80)
    assert [method for method in net.carrier.methods() if method in ("ACK", "BYE")] == ["ACK", "BYE"]
    met, evidence = ended(net)
    assert met is R.NO_ANSWER
    assert evidence["crossed"] is True


def test_nothing_is_cancelled_before_anything_was_heard(net: Net) -> None:
    net.carrier.default = Manner(says=(Say(3, 180),))
    dial = net.place()
    net.run(1)
    net.agent.hang_up(dial)
    net.run(1)
    assert "CANCEL" not in net.carrier.methods()
    net.run(10)
    assert "CANCEL" in net.carrier.methods()
    assert ended(net)[0] is R.CANCELLED


def test_of_several_phones_that_answer_one_is_kept(net: Net) -> None:
    second = Say(2.005, 200, (), sound(4100, host="10.2.2.3"), tag="other")
    net.carrier.default = Manner(
        says=(Say(1, 180), Say(1.5, 180, tag="other"), Say(2, 200), second), lasts=10
    )
    net.place()
    net.run(6)
    byes = [request for request in net.carrier.got if request.method == "BYE"]
    assert [request.get("to").endswith("tag=other") for request in byes] == [True]
    assert {
        request.get("to").rpartition("=")[2] for request in net.carrier.got if request.method == "ACK"
    } >= {"other"}
    assert net.told[-1] == ("talking", "")
    net.run(30)
    assert ended(net)[0] is R.ANSWERED


# ---- Our own side fails


@pytest.mark.parametrize(
    ("manner", "kept"),
    [
        (refusing(486), {"desk": 486}),
        (Manner(says=(Say(1, 180),)), {"desk": "limit"}),
        (Manner(says=()), {"desk": "limit"}),
    ],
)
def test_a_desk_that_does_not_answer_is_our_fault_and_nobody_is_rung(
    net: Net, manner: Manner, kept: dict[str, object]
) -> None:
    net.exchange.default = manner
    net.place()
    net.run(120)
    assert ended(net) == (R.FAILED_HERE, kept)
    assert net.carrier.got == []


@pytest.mark.parametrize("desk", ["", "民警", "tel:110", "sip:1001@desk.example"])
def test_a_desk_without_an_address_is_refused_at_once(net: Net, desk: str) -> None:
    with pytest.raises(CarrierError, match="desk") as met:
        net.place(desk=desk)
    assert (met.value.certain, met.value.result) == (True, R.FAILED_HERE)


def test_asked_twice_for_one_call_is_not_certain(net: Net) -> None:
    net.place()
    with pytest.raises(CarrierError, match="twice") as met:
        net.place()
    assert not met.value.certain
    net.run(60)


# ---- Hanging up


@pytest.mark.parametrize("who", ["desk", "person", "us"])
def test_whoever_hangs_up_the_other_side_is_hung_up_too(net: Net, who: str) -> None:
    talking(net)
    desk, person = net.exchange.one(), net.carrier.one()
    if who == "us":
        net.agent.hang_up(dial_of("x"))
    elif who == "desk":
        net.exchange.hang_up(desk)
    else:
        net.carrier.hang_up(person)
    net.run(10)
    assert ended(net)[0] is R.ANSWERED
    assert ended(net)[1]["by"] == who
    assert sorted([desk.ended, person.ended]) == (["bye", "bye"] if who == "us" else ["bye", "hung_up"])


def test_a_desk_that_hangs_up_while_it_rings_takes_the_call_back(net: Net) -> None:
    net.carrier.default = Manner(says=(Say(1, 180),))
    net.place()
    net.run(3)
    net.exchange.hang_up(net.exchange.one())
    net.run(5)
    assert ended(net) == (R.CANCELLED, {"by": "desk"})


def test_whoever_hangs_up_before_they_were_joined_hung_up(net: Net) -> None:
    net.exchange.default = Manner(says=(Say(0.2, 200),), reinvited=100)  # never answers the second INVITE
    net.carrier.default = Manner(says=(Say(1, 180), Say(2, 200)), lasts=1)
    net.place()
    net.run(120)
    assert ended(net)[0] is R.HUNG_UP


def test_no_talk_lasts_longer_than_allowed() -> None:
    net = Net(limits={**LIMITS, "talk": 60})
    talking(net)
    net.run(70)
    assert ended(net) == (
        R.ANSWERED,
        {"sip": "answered", "rang": True, "early": False, "seen": [180], "by": "limit"},
    )


def test_a_far_end_that_answers_no_bye_is_given_up(net: Net) -> None:
    talking(net, answers_bye=False)
    net.agent.hang_up(dial_of("x"))
    net.run(20)
    assert net.told[-1] == ("talking", "")
    net.run(20)
    assert ended(net)[0] is R.ANSWERED


# ---- Inside a call


def test_what_one_side_offers_later_is_offered_to_the_other(net: Net) -> None:
    talking(net)
    desk = net.exchange.one()
    hold = sound(5000, picture=0, more="a=sendonly")
    net.exchange.ask(desk, "INVITE", body=hold)
    net.run(3)
    assert b"a=sendonly" in net.carrier.one().heard[-1]
    assert net.exchange.answers[-1].status == 200
    assert b"10.2.2.2" in net.exchange.answers[-1].body


def test_a_refresh_from_the_far_end_is_answered_with_what_holds(net: Net) -> None:
    talking(net, body=sound(4000, picture=0, host="10.2.2.2"))
    person = net.carrier.one()
    net.carrier.ask(person, "INVITE", ("supported", "timer"), ("session-expires", "120"), body=person.sent)
    net.run(2)
    assert net.carrier.answers[-1].status == 200
    assert net.carrier.answers[-1].get("session-expires") == "120;refresher=uac"
    assert net.exchange.methods().count("INVITE") == 2  # the desk was told nothing
    net.run(90)  # and then they are silent
    assert ended(net)[0] is R.ANSWERED
    assert net.carrier.got[-1].get("reason") == "SIP;cause=408"


@pytest.mark.parametrize("updates", [True, False])
def test_a_session_is_refreshed_in_time_when_that_is_ours(net: Net, updates: bool) -> None:
    timed = (("session-expires", "90;refresher=uac"), ("require", "timer"))
    net.carrier.default = Manner(says=(Say(1, 180), Say(2, 200, timed)), updates=updates)
    net.place()
    net.run(6)
    net.run(50)
    assert net.carrier.methods()[-1 if updates else -2] == ("UPDATE" if updates else "INVITE")
    assert net.told[-1] == ("talking", "")


def test_a_longer_session_is_asked_for_when_the_far_end_wants_it(net: Net) -> None:
    first: list[Request] = []

    def too_small(request: Request) -> Response | None:
        if request.method == "INVITE" and not first:
            first.append(request)
            return answer_to(request, 422, ("min-se", "3600"), tag="a", source=US)
        return None

    net.carrier.on_request = too_small
    talking(net)
    asked = [r.get("session-expires") for r in net.carrier.got if r.method == "INVITE"]
    assert asked[:2] == ["1800", "3600"]
    assert net.told[-1] == ("talking", "")


def test_too_short_a_session_is_refused(net: Net) -> None:
    talking(net)
    net.carrier.ask(net.carrier.one(), "UPDATE", ("session-expires", "20"))
    net.run(1)
    assert (net.carrier.answers[-1].status, net.carrier.answers[-1].get("min-se")) == (422, "90")


@pytest.mark.parametrize(
    ("method", "headers", "status"),
    [
        ("INFO", (), 405),
        ("OPTIONS", (), 200),
        ("INVITE", (("require", "replaces"),), 420),
        ("UPDATE", (), 200),
    ],
)
def test_what_else_is_asked_inside_a_call(
    net: Net, method: str, headers: tuple[tuple[str, str], ...], status: int
) -> None:
    talking(net)
    net.carrier.ask(net.carrier.one(), method, *headers)
    net.run(1)
    assert net.carrier.answers[-1].status == status
    assert net.told[-1] == ("talking", "")


def test_two_offers_that_cross_are_both_refused_and_ours_is_made_again(net: Net) -> None:
    crossed: list[Request] = []

    def cross(request: Request) -> Response | None:
        if request.method != "INVITE" or not tag_of(request.get("to")) or crossed:
            return None
        crossed.append(request)
        net.exchange.ask(net.exchange.one(), "INVITE", body=sound(5600))
        return answer_to(request, 491, source=US)

    net.exchange.on_request = cross
    talking(net)
    assert [answer.status for answer in net.exchange.answers] == [491]
    net.run(5)
    assert [request.method for request in net.exchange.got].count(
        "INVITE"
    ) == 3  # the first, the refused, once more
    assert b"10.2.2.2" in net.exchange.one().heard[-1]
    assert net.told[-1] == ("talking", "")


# ---- Announcements


ANNOUNCED: dict[str, Any] = {"announcer": "sip:annc@10.0.0.3;play=file:///{tag}.wav"}


def test_an_announcement_is_joined_to_who_answers(net: Net) -> None:
    net = Net(**ANNOUNCED)
    net.announcer.default = Manner(says=(Say(0.1, 200),), body=sound(6000, host="10.3.3.3"), lasts=20)
    net.carrier.default = Manner(says=(Say(1, 180), Say(2, 200)))
    net.place(desk="", mode="announce", tag="loan")
    net.run(10)
    assert net.announcer.got[0].uri == "sip:annc@10.0.0.3;play=file:///loan.wav"
    assert b"10.2.2.2" in net.announcer.one().heard[0]  # told where the person is
    assert b"10.3.3.3" in net.carrier.one().heard[-1]  # in the ACK
    assert net.exchange.got == []
    net.run(60)
    assert ended(net)[0] is R.ANSWERED
    assert ended(net)[1]["by"] == "announcer"


def test_without_an_announcer_the_trunk_says_that_it_cannot(net: Net) -> None:
    with pytest.raises(CarrierError, match="announced") as met:
        net.place(desk="", mode="announce")
    assert (met.value.certain, met.value.result) == (True, R.FAILED_HERE)
    assert "SIP_ANNOUNCER" in str(met.value.evidence)


@pytest.mark.parametrize("manner", [refusing(404), Manner(says=())])
def test_an_announcer_that_fails_leaves_nobody_in_silence(manner: Manner) -> None:
    net = Net(**ANNOUNCED)
    net.announcer.default = manner
    net.carrier.default = Manner(says=(Say(1, 180), Say(2, 200)))
    net.place(desk="", mode="announce")
    net.run(10)
    assert net.carrier.one().ended == "bye"
    net.run(90)
    assert ended(net)[0] is R.FAILED_HERE


# ---- Ways out


def challenged(end: FarEnd, *, right: bool = True, algorithm: str = "SHA-256") -> list[str]:
    """Ask who we are of every request; the answers that came."""
    answers: list[str] = []

    def ask(request: Request) -> Response | None:
        if request.method in ("ACK", "CANCEL"):
            return None
        said = request.get("proxy-authorization")
        if said and right:
            answers.extend([] if said in answers else [said])
            return None
        said = f'Digest realm="c", nonce="n{len(answers)}", qop="auth", algorithm={algorithm}'
        return answer_to(request, 407, ("proxy-authenticate", said), tag="c", source=US)

    end.on_request = ask
    return answers


def test_a_challenge_is_answered_and_the_nonce_counted() -> None:
    net = Net(user="u", password="p")
    answers = challenged(net.carrier)
    talking(net)
    net.agent.hang_up(dial_of("x"))
    net.run(5)
    assert ended(net)[0] is R.ANSWERED
    assert ["nc=00000001" in said for said in answers] == [True, False]
    assert "nc=00000002" in answers[1]  # the BYE vouches for itself without being asked
    assert net.carrier.methods().count("BYE") == 1
    (ack,) = [request for request in net.carrier.got if request.method == "ACK" and request.sequence[0] == 2]
    assert ack.get("proxy-authorization") == answers[0]


@pytest.mark.parametrize("known", [True, False])
def test_refused_credentials_are_our_fault(known: bool) -> None:
    given: dict[str, Any] = {"user": "u", "password": "wrong"} if known else {}
    net = Net(**given)
    challenged(net.carrier, right=False)
    net.place()
    net.run(60)
    assert ended(net)[0] is R.FAILED_HERE
    assert net.carrier.methods().count("INVITE") == (2 if known else 1)


def test_a_way_that_is_too_busy_rests_and_the_next_one_is_taken() -> None:
    net = Net(trunk="10.0.0.1,10.0.0.4")
    net.carrier.default = refusing(503, headers=[("retry-after", "30")], after=0.1)
    net.spare.default = Manner(says=(Say(1, 180), Say(2, 200)), lasts=3)
    net.place()
    net.run(30)
    assert ended(net)[0] is R.ANSWERED
    net.place(key="00000000-0000-4000-8000-000000000002")
    net.run(1)
    assert len(net.carrier.calls) == 1
    net.run(40)
    net.place(key="00000000-0000-4000-8000-000000000003")
    net.run(1)
    assert len(net.carrier.calls) == 2


def test_a_way_that_is_gone_is_passed_over_once_that_is_known() -> None:
    net = Net(trunk="10.0.0.1,10.0.0.4", ping=30)
    net.gone.add(CARRIER)
    net.run(70)
    assert net.agent.health()["ways"]["10.0.0.1:5060"]["answers"] is False
    assert net.agent.health()["ways"]["10.0.0.4:5060"]["answers"] is True
    net.spare.default = refusing(486)
    net.place()
    net.run(5)
    assert ended(net)[0] is R.BUSY
    net.gone.clear()
    net.run(60)
    assert net.agent.health()["ways"]["10.0.0.1:5060"]["answers"] is True


def test_who_wants_reliable_progress_gets_it(net: Net) -> None:
    def insists(request: Request) -> Response | None:
        if request.method == "INVITE" and not has_option(request, "supported", "100rel"):
            return answer_to(request, 421, ("require", "100rel"), tag="a", source=US)
        return None

    net.carrier.on_request = insists
    reliable = (("require", "100rel"), ("rseq", "7"))
    net.carrier.default = Manner(says=(Say(1, 180, reliable), Say(1.2, 180, reliable), Say(4, 200)), lasts=3)
    net.place()
    net.run(3)
    (prack,) = [request for request in net.carrier.got if request.method == "PRACK"]
    assert prack.get("rack") == "7 2 INVITE"
    net.run(30)
    assert ended(net)[0] is R.ANSWERED
    acks = {request.sequence[0] for request in net.carrier.got if request.method == "ACK"}
    assert acks == {1, 2}  # of the refusal, and of the answer


# ---- Strangers, texts


@pytest.mark.parametrize(
    ("method", "status"), [("INVITE", 403), ("OPTIONS", 200), ("REGISTER", 405), ("SUBSCRIBE", 405)]
)
def test_nobody_can_call_in(net: Net, method: str, status: int) -> None:
    said = Request(
        (("via", f"SIP/2.0/UDP {CARRIER};branch=z9hG4bKq"), ("from", "<sip:a@b>;tag=1"), ("to", "<sip:c@d>"),
         ("call-id", "q"), ("cseq", f"1 {method}")), method=method, uri="sip:96110@10.0.0.9",
    )  # fmt: skip
    net.carrier._send(said)
    net.run(1)
    assert net.carrier.answers[0].status == status


def test_a_bye_of_a_call_nobody_knows_is_told_so(net: Net) -> None:
    said = Request(
        (("via", f"SIP/2.0/UDP {CARRIER};branch=z9hG4bKr"), ("from", "<sip:a@b>;tag=1"), ("to", "<sip:c@d>;tag=2"),
         ("call-id", "r"), ("cseq", "9 BYE")), method="BYE", uri="sip:96110@10.0.0.9",
    )  # fmt: skip
    net.carrier._send(said)
    net.run(1)
    assert net.carrier.answers[-1].status == 481


def test_a_text_goes_out_as_a_message(net: Net) -> None:
    heard: list[int | None] = []
    net.agent.send_text("+8619000000001", "请勿转账", heard.append)
    net.run(1)
    assert heard == [202]
    assert net.carrier.got[0].body.decode() == "请勿转账"


# ---- A trunk that dies


def test_a_talk_goes_on_over_a_restart(net: Net) -> None:
    talking(net)
    net.restart()
    net.run(5)
    found = net.agent.find(dial_of("x"))
    assert found is not None
    assert found.status is CallStatus.TALKING
    assert "UPDATE" in net.carrier.methods()  # asked whether they are still there
    assert "UPDATE" in net.exchange.methods()
    net.carrier.hang_up(net.carrier.one())
    net.run(10)
    assert ended(net)[0] is R.ANSWERED
    assert net.exchange.one().ended == "bye"


def test_a_talk_that_ended_meanwhile_is_found_to_be_over(net: Net) -> None:
    talking(net)
    net.carrier.hang_up(net.carrier.one())
    net.restart(after=60)
    net.carrier.on_request = lambda r: answer_to(r, 481, source=US) if r.method in ("UPDATE", "BYE") else None
    net.run(60)
    assert ended(net)[0] is R.ANSWERED
    assert net.exchange.one().ended == "bye"


def test_what_rang_when_the_trunk_died_is_taken_back(net: Net) -> None:
    net.carrier.default = Manner(says=(Say(1, 180),))
    net.place()
    net.run(5)
    net.restart()
    net.run(5)
    assert net.carrier.methods()[-2:] == ["CANCEL", "ACK"]
    assert net.carrier.methods().count("INVITE") == 2  # of before: nobody is rung anew
    assert net.exchange.one().ended == "bye"
    assert ended(net) == (R.FAILED_HERE, {"trunk": "restarted"})


def test_answered_while_the_trunk_was_dead_is_hung_up(net: Net) -> None:
    net.carrier.default = Manner(says=(Say(1, 180), Say(5, 200)))
    net.place()
    net.run(4)
    net.restart(after=3)
    net.run(10)
    assert net.carrier.one().ended == "bye"
    assert ended(net)[0] is R.FAILED_HERE


def test_without_its_journal_the_trunk_knows_no_such_call(net: Net) -> None:
    talking(net)
    net.restart(knows=False)
    assert net.agent.find(dial_of("x")) is None
    net.run(5)
    net.carrier.hang_up(net.carrier.one())
    net.run(5)
    assert net.carrier.answers[-1].status == 481
    net.agent.hang_up(dial_of("x"))


def test_an_answer_to_a_call_nobody_knows_of_is_hung_up_at_once(net: Net) -> None:
    net.carrier.default = Manner(says=(Say(1, 180), Say(5, 200)))
    net.place()
    net.run(4)
    net.restart(knows=False)
    net.run(10)
    assert net.carrier.one().ended == "bye"
    assert net.carrier.methods().count("BYE") == 1


@hypothesis.settings(max_examples=few(40))
@given(st.integers(0, 600), st.sampled_from([0.5, 5.0, 40.0]))
def test_whenever_the_trunk_dies_the_call_ends_once_and_everyone_is_hung_up(
    tenths: int, after: float
) -> None:
    net = Net()
    net.carrier.default = Manner(says=(Say(1, 180), Say(6, 200)), lasts=20)
    net.place()
    net.run(tenths / 10)
    net.restart(after=after)
    net.run(2200)
    ends = [update for update in net.news if update.status is CallStatus.ENDED]
    assert len(ends) == 1
    assert net.agent.health()["calls"] == net.agent.health()["transactions"] == 0
    for end in (net.exchange, net.carrier):
        assert all(held.ended for held in end.calls.values() if held.final in (0, 200))


# ---- What the network does to it


@hypothesis.settings(max_examples=few(40))
@given(st.integers(0, 10_000), st.sampled_from([0.05, 0.2, 0.4]))
def test_whatever_is_lost_a_call_ends_once_and_nothing_is_leaked(seed: int, odds: float) -> None:
    chance = Random(seed)
    net = Net(loses=lambda: chance.random() < odds, seed=seed)
    net.carrier.default = Manner(says=(Say(1, 180), Say(3, 200)), lasts=20)
    net.place()
    net.run(400)
    net.loses = lambda: False
    net.run(2000)
    ends = [update for update in net.news if update.status is CallStatus.ENDED]
    assert len(ends) == 1
    ranks = [update.status.rank for update in net.news]
    assert ranks == sorted(set(ranks))
    assert net.agent.health()["calls"] == net.agent.health()["transactions"] == 0
    if ends[0].result is R.ANSWERED:
        assert ("talking", "") in net.told


@hypothesis.settings(max_examples=few(40))
@given(st.integers(0, 10_000))
def test_a_fifth_lost_hinders_no_call_that_would_have_been_answered(seed: int) -> None:
    chance = Random(seed)
    net = Net(loses=lambda: chance.random() < 0.1, seed=seed)
    net.carrier.default = Manner(says=(Say(1, 180), Say(3, 200)), lasts=40)
    net.place()
    net.run(200)
    assert ("talking", "") in net.told


def test_many_calls_at_once_leave_nothing_behind() -> None:
    net = Net()
    manners = [
        Manner(says=(Say(1, 180), Say(3, 200)), lasts=9),
        refusing(486),
        refusing(480),
        Manner(says=(Say(1, 180),)),
    ]
    for n in range(100):
        net.carrier.manners[f"+86190000{n:05}"] = [manners[n % 4]]
        net.place(f"+86190000{n:05}", key=f"00000000-0000-4000-8000-{n:012}", desk=f"{2000 + n}")
        net.run(0.2)
    net.run(200)
    results = [u.result for u in net.news if u.status is CallStatus.ENDED]
    assert {r: results.count(r) for r in set(results)} == {
        R.ANSWERED: 25, R.BUSY: 25, R.OUT_OF_AREA: 25, R.NO_ANSWER: 25,
    }  # fmt: skip
    assert net.agent.health()["calls"] == net.agent.health()["transactions"] == len(net.agent.board.legs) == 0
    assert all(held.ended for end in net.ends.values() for held in end.calls.values() if held.final == 200)


def test_a_call_that_ended_is_told_for_an_hour() -> None:
    net = Net()
    net.carrier.default = refusing(486)
    dial = net.place()
    net.run(60)
    found = net.agent.find(dial)
    assert found is not None
    assert found.result is R.BUSY
    for n in (2, 3):
        net.now += timedelta(hours=2)
        net.place(key=f"00000000-0000-4000-8000-00000000000{n}")
        net.run(60)
    assert net.agent.find(dial) is None
