"""SIP messages, descriptions, challenges and tables: what is read, what is refused, what is written."""

import contextlib
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from telephony.carrier import CallResult, fault_of
from telephony.sip import digest, message, results, sdp
from telephony.sip.digest import Authorizer, Challenge, Credentials
from telephony.sip.fields import Hop, Reason, hop_of, is_loose, reasons_of, tag_of, uri_of
from telephony.sip.message import BadMessage, Request, Response
from telephony.sip.plan import BadPlan, read
from telephony.sip.results import BadTable, Ending, meaning
from tests.telephony.farends import sound

PLAIN = (
    "INVITE sip:bob@biloxi.example SIP/2.0\r\n"
    "v: SIP/2.0/UDP here.example;branch=z9hG4bKa , SIP/2.0/TCP there.example;branch=z9hG4bKb\r\n"
    'f: "Doe, J; <x>" <sip:j@h>;tag=1\r\n'
    "To: <sip:bob@biloxi.example>\r\n"
    "i: x@y\r\n"
    "CSeq: 7 INVITE\r\n"
    "Subject: one\r\n\t two\r\n"
    "Content-Length: 2\r\n\r\nab"
)
TOKENS = st.text("abcdefghijklmnopqrstuvwxyz-0123456789", min_size=1, max_size=12).filter(
    lambda t: t not in message._COMPACT
)
VALUES = st.text(
    st.characters(min_codepoint=32, max_codepoint=0x9FFF, exclude_characters="\x7f\x85\u2028\u2029"),
    max_size=40,
)
ONCE = {"via", "from", "to", "call-id", "cseq", "content-length", "content-type", "max-forwards"}


def asked(text: str = PLAIN) -> Request:
    read_message = message.read(text.encode())
    assert isinstance(read_message, Request)
    return read_message


# ---- Messages


def test_short_names_lists_and_folded_lines_are_read() -> None:
    read_message = asked()
    assert read_message.branch == "z9hG4bKa"
    assert len(read_message.all("via")) == 2
    assert read_message.get("subject") == "one two"
    assert (uri_of(read_message.get("from")), tag_of(read_message.get("from"))) == ("sip:j@h", "1")
    assert (read_message.sequence, read_message.body) == ((7, "INVITE"), b"ab")


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ("SIP/2.0\r\n", "SIP/3.0\r\n"),
        ("INVITE sip:bob@biloxi.example SIP/2.0", "INVITE  sip:bob@biloxi.example SIP/2.0"),
        ("INVITE sip:bob@biloxi.example SIP/2.0", "INVITE <sip:bob@biloxi.example> SIP/2.0"),
        ("INVITE sip:bob@biloxi.example SIP/2.0", "SIP/2.0 99 Low"),
        ("CSeq: 7 INVITE", "CSeq: 7 BYE"),
        ("CSeq: 7 INVITE", "CSeq: 4294967296 INVITE"),
        ("CSeq: 7 INVITE", "CSeq: -7 INVITE"),
        ("i: x@y\r\n", ""),
        ("i: x@y\r\n", "i: x@y\r\nCall-ID: z\r\n"),
        ("Content-Length: 2", "Content-Length: 3"),
        ("Content-Length: 2", "Content-Length: -1"),
        ("Content-Length: 2", "Content-Length: 2\r\nl: 2"),
        ("Subject: one", "Subject one"),
        ("Subject: one", "Sub ject: one"),
        ("Subject: one", "Subject: o\x00ne"),
        ("v: SIP/2.0/UDP here.example", "v: nonsense"),
        ("\r\n\r\nab", "\r\n"),
    ],
)
def test_what_breaks_a_rule_is_refused(was: str, becomes: str) -> None:
    assert was in PLAIN
    with pytest.raises(BadMessage, match=r"\w") as met:
        message.read(PLAIN.replace(was, becomes, 1).encode())
    assert "biloxi" not in str(met.value)


@given(st.binary(max_size=300))
@example(b"\xff\r\n\r\n")
@example(b"SIP/2.0 200 OK\r\n\r\n")
def test_no_bytes_do_more_than_be_refused(data: bytes) -> None:
    with pytest.raises(BadMessage):
        message.read(data)


@given(st.integers(0, len(PLAIN) - 1), st.binary(max_size=3))
def test_a_message_spoilt_anywhere_is_read_or_refused(place: int, spoilt: bytes) -> None:
    data = PLAIN.encode()
    with contextlib.suppress(BadMessage):
        message.read(data[:place] + spoilt + data[place + len(spoilt) :])


@given(st.lists(st.tuples(TOKENS, VALUES)), st.binary(max_size=50), st.integers(100, 699))
def test_what_is_written_is_read_again(more: list[tuple[str, str]], body: bytes, status: int) -> None:
    kept = tuple((name, value.strip()) for name, value in more if name not in ONCE)
    plain = tuple((name, value) for name, value in asked().headers if name != "content-length")
    for made in (
        Request((*plain, *kept), body, method="INVITE", uri="sip:a@b"),
        Response((*plain, *kept), body, status=status, reason="说"),
    ):
        again = message.read(bytes(made))
        assert again.body == body
        assert [h for h in again.headers if h[0] != "content-length"] == list(made.headers)


@given(st.lists(st.binary(max_size=60), min_size=1, max_size=4), st.lists(st.integers(1, 40), min_size=1))
def test_a_stream_is_cut_where_messages_end(bodies: list[bytes], cuts: list[int]) -> None:
    sent = [bytes(Response(asked().headers, body, status=200)) for body in bodies]
    stream, rest, got = b"\r\n\r\n".join(sent), b"", []
    turn = 0
    while stream:
        size = cuts[turn % len(cuts)]
        rest, stream, turn = rest + stream[:size], stream[size:], turn + 1
        while True:
            whole, rest = message.frame(rest)
            if not whole:
                break
            got.append(whole)
    assert got == sent


def test_a_stream_that_cannot_be_cut_is_given_up() -> None:
    with pytest.raises(BadMessage):
        message.frame(PLAIN.replace("Content-Length: 2\r\n", "").encode())
    with pytest.raises(BadMessage):
        message.frame(b"x" * 70_000)


@pytest.mark.parametrize(
    ("uri", "hop"),
    [
        ("sip:a@10.0.0.1", Hop("10.0.0.1")),
        ("sip:10.0.0.1:5070;transport=TCP", Hop("10.0.0.1", 5070, "tcp")),
        ("sip:a;b@[2001:db8::1]:5062;lr", Hop("2001:db8::1", 5062)),
        ("sip:a@b.example;maddr=10.0.0.2?Subject=x", Hop("10.0.0.2")),
    ],
)
def test_where_an_address_leads(uri: str, hop: Hop) -> None:
    assert hop_of(uri) == hop


@pytest.mark.parametrize("uri", ["tel:110", "sip:", "sip:a@b:99999", "a@b", "sip:a@b:x"])
def test_what_is_no_address(uri: str) -> None:
    with pytest.raises(ValueError, match="not a"):
        hop_of(uri)


def test_routes_are_loose_or_strict() -> None:
    assert is_loose("<sip:p.example;lr>")
    assert is_loose("<sip:u@p.example:5070;transport=tcp;lr=on>;x")
    assert not is_loose("<sip:p.example>;lr")


def test_causes_are_kept_and_their_texts_are_not() -> None:
    said = asked(
        PLAIN.replace("Subject: one\r\n\t two", 'Reason: Q.850;cause=17;text="190, 0000", SIP;cause=486, x')
    )
    assert reasons_of(said) == [Reason("Q.850", 17), Reason("SIP", 486)]


# ---- Descriptions


def test_a_description_passes_through_as_ours() -> None:
    said = sdp.read(sound(4000, picture=4002))
    again = sdp.write(said, owner=5, version=2, host="10.9.9.9").decode()
    assert "o=- 5 2 IN IP4 10.9.9.9" in again
    assert sdp.read(again.encode()) == said


@pytest.mark.parametrize(
    "body", [b"", b"x", b"v=0\r\ns=-\r\n", b"v=0\r\no=x\r\nm=audio x RTP/AVP 0\r\n", b"\xff"]
)
def test_what_is_no_description(body: bytes) -> None:
    with pytest.raises(sdp.BadDescription):
        sdp.read(body)


@given(st.booleans(), st.booleans(), st.booleans())
def test_an_answer_has_the_offers_media_in_their_places(offered: bool, answered: bool, refused: bool) -> None:
    offer = sdp.read(sound(1, picture=2 if offered else None))
    said = sdp.read(sound(3, picture=(0 if refused else 4) if answered else None))
    answer = sdp.answering(said, offer)
    assert [m.kind for m in answer.media] == [m.kind for m in offer.media]
    assert answer.has_picture == (offered and answered and not refused)
    assert sdp.answering(answer, offer) == answer
    assert not sdp.answering(said, sdp.sound_alone(offer)).has_picture


def test_held_is_neither_sent_nor_heard() -> None:
    held = sdp.held(sdp.read(sound(1, picture=2, more="a=sendrecv")))
    assert [("a=inactive" in m.lines, "a=sendrecv" in m.lines) for m in held.media] == [(True, False)] * 2


# ---- Who we are


RFC7616 = ("7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", "http-auth@example.org", "Circle of Life")
CNONCE = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"


@pytest.mark.parametrize(
    ("algorithm", "said", "cnonce", "right"),
    [  # RFC 2617 3.5; RFC 7616 3.9.1
        (
            "",
            ("dcd98b7102dd2f0e8b11d0f600bfb0c093", "testrealm@host.com", "Circle Of Life"),
            "0a4f113b",
            "6629fae49393a05397450978507c4ef1",
        ),
        ("MD5", RFC7616, CNONCE, "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", RFC7616, CNONCE, "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_the_answers_of_the_rfcs(algorithm: str, said: tuple[str, str, str], cnonce: str, right: str) -> None:
    nonce, realm, password = said
    asked_for = Challenge(
        "authorization", realm, nonce, algorithm, session=False, qop=True, opaque="", stale=False
    )
    made = digest.answer(asked_for, Credentials("Mufasa", password), "GET", "/dir/index.html", 1, cnonce)
    assert f'response="{right}"' in made


def challenge(*lines: str) -> Response:
    return Response((*asked().headers, *(("www-authenticate", line) for line in lines)), status=401)


def test_the_first_challenge_we_can_answer_is_answered() -> None:
    who = Authorizer(Credentials("u", "p"), lambda: "c")
    told = challenge(
        'Basic realm="x"',
        'Digest realm="r", nonce="n", algorithm=SHA-512-256',
        'Digest realm="r, s", nonce="n\\"2", algorithm=MD5',
    )
    assert who.take(told, answered=False)
    ((name, said),) = who.headers("INVITE", "sip:a@b")
    assert name == "authorization"
    assert 'realm="r, s"' in said
    assert 'nonce="n\\"2"' in said
    assert "nc=" not in said


def test_who_asks_again_refuses_us_unless_the_nonce_was_too_old() -> None:
    who = Authorizer(Credentials("u", "p"), lambda: "c")
    assert who.take(challenge('Digest realm="r", nonce="1", qop="auth-int,auth"'), answered=False)
    assert not who.take(challenge('Digest realm="r", nonce="2", qop="auth"'), answered=True)
    assert who.take(challenge('Digest realm="r", nonce="2", qop="auth", stale=TRUE'), answered=True)
    counts = [
        dict([who.headers("BYE", "sip:a@b")[0]])["authorization"].partition("nc=")[2][:8] for _ in range(3)
    ]
    assert counts == ["00000001", "00000002", "00000003"]


def test_a_password_is_in_no_text_of_ours() -> None:
    assert "secret" not in repr(Credentials("u", "secret"))


# ---- The table


@pytest.mark.parametrize("row", results.rows(), ids=lambda row: f"{row.result}")
def test_every_row_has_its_source_and_can_be_met(row: results.Row) -> None:
    assert any(word in row.source for word in ("RFC", "Q.850"))
    for answer in sorted(row.answers, key=str):
        for cause in row.causes or {None}:
            facts = {"joined": True, **row.facts}
            ending = Ending(answer, () if cause is None else (cause,), **facts)
            if next(r for r in results.rows() if r.fits(ending)) is row:
                return
    pytest.fail("a row before it takes all that it is for")


@given(st.integers(300, 699), st.lists(st.integers(1, 127)), st.booleans(), st.booleans())
def test_any_refusal_means_something_and_never_an_answer(
    status: int, causes: list[int], rang: bool, early: bool
) -> None:
    met = meaning(Ending(status, tuple(causes), rang, early))
    assert met not in (CallResult.ANSWERED, CallResult.CANCELLED, CallResult.MACHINE)
    assert fault_of(met)


@pytest.mark.parametrize(
    "text",
    [
        '[[row]]\nanswer = [486]\nresult = "busy"\nfault = "person"',
        '[[row]]\nanswer = [486]\nresult = "engaged"\nfault = "person"\nsource = "RFC"',
        '[[row]]\nanswer = [486]\nresult = "busy"\nfault = "ours"\nsource = "RFC"',
        '[[row]]\nanswer = ["9xx"]\nresult = "busy"\nfault = "person"\nsource = "RFC"',
        '[[row]]\nanswer = [486]\nresult = "busy"\nfault = "person"\nsource = "RFC"\nwhen = 1',
        '[[row]]\nresult = "busy"\nfault = "person"\nsource = "RFC"',
    ],
)
def test_a_table_that_says_less_or_more_is_refused(text: str) -> None:
    with pytest.raises(BadTable, match="row 1"):
        results.read(text)


def test_the_table_lies_beside_the_program() -> None:
    assert Path(results.TABLE).is_file()


# ---- The plan


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"trunk": "10.0.0.1 or so"},
        {"trunk": "10.0.0.1:0"},
        {"trunk": "10.0.0.1", "announcer": "x"},
        {"trunk": "a", "colour": "red"},
    ],
)
def test_a_plan_that_cannot_be_used_is_refused(said: dict[str, str]) -> None:
    with pytest.raises(BadPlan):
        read(said)


@pytest.mark.parametrize(
    ("number", "shown"),
    [("+8619000000001", "19000000001"), ("+861065432100", "01065432100"), ("+4930123456", "+4930123456")],
)
def test_numbers_as_they_are_dialled_in_the_country(number: str, shown: str) -> None:
    plan = read({"trunk": "10.0.0.1", "numbers": "national"})
    assert plan.person(number) == f"sip:{shown}@10.0.0.1;user=phone"
    assert read({"trunk": "10.0.0.1"}).person(number) == f"sip:{number}@10.0.0.1;user=phone"
