"""A video call's life at the relay: who may open it, how it goes on, how it ends, what is told of it."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.carrier import CallResult, CallStatus
from telephony.video import card, secret
from telephony.video.lobby import KEPT, Forgotten, Full, Known, Lobby
from telephony.video.room import DESK, PERSON, Limits, Room, Shut, Stage
from tests.telephony.relayed import CARD, link

R = CallResult
Act = Callable[[Room, float], object]


def opened(now: float = 10) -> Room:
    room = Room("key", 0)
    room.invite(CARD, 5)
    room.open("first", now)
    return room


def talking(now: float = 20, *, picture: bool = True) -> Room:
    room = opened()
    for side in (PERSON, DESK):
        room.line(side, True, 12)
    room.join(camera=picture, now=15)
    for side in (PERSON, DESK):
        room.flow(side, sound=True, picture=picture, now=now)
    return room


def test_a_link_not_sent_in_time_places_no_call() -> None:
    room = Room("key", 0)
    room.advance(Limits().send)
    assert room.result is R.NOT_PLACED


def test_a_link_not_opened_in_time_is_no_answer() -> None:
    room = Room("key", 0)
    room.invite(CARD, 5)
    room.advance(5 + Limits().open)
    assert room.result is R.NO_ANSWER


def test_opened_and_refused_is_rejected() -> None:
    room = opened()
    room.refuse(20)
    assert (room.stage, room.result) == (Stage.OVER, R.REJECTED)


def test_opened_and_left_without_a_word_is_no_answer_never_a_guess() -> None:
    room = opened()
    room.line(PERSON, True, 11)
    room.line(PERSON, False, 15)
    room.advance(10 + Limits().join)
    assert room.result is R.NO_ANSWER


def test_the_button_alone_is_no_answer_yet_sound_is() -> None:
    room = opened()
    room.join(camera=True, now=15)
    room.flow(PERSON, sound=True, picture=False, now=18)
    assert [news.status for news in room.news[-2:]] == [CallStatus.RINGING, CallStatus.TALKING]


def test_a_talk_seen_by_both_was_answered_whoever_ends_it() -> None:
    ends: list[Act] = [Room.leave, Room.hang_up, Room.cut, Room.refuse]
    for end in ends:
        room = talking()
        end(room, 100)
        assert room.result is R.ANSWERED


def test_sound_alone_is_another_result() -> None:
    room = talking(picture=False)
    room.leave(100)
    assert room.result is R.AUDIO_ONLY
    assert room.told().evidence["camera"] is False


def test_a_picture_that_only_one_of_them_saw_is_sound_alone() -> None:
    room = talking(picture=False)
    room.flow(PERSON, sound=True, picture=True, now=30)
    room.hang_up(100)
    assert room.result is R.AUDIO_ONLY


def test_hung_up_at_once_is_no_talk() -> None:
    room = talking(20)
    room.leave(20 + Limits().short - 1)
    assert room.result is R.HUNG_UP


def test_a_dropped_talk_ends_as_hung_up_after_a_while() -> None:
    room = talking()
    for side in (PERSON, DESK):
        room.flow(side, sound=False, picture=False, now=100)
    room.line(PERSON, False, 101)
    room.advance(100 + Limits().gone - 1)
    assert room.stage is Stage.TALKING
    room.advance(100 + Limits().gone)
    assert room.result is R.HUNG_UP


def test_sound_that_comes_back_in_time_ends_nothing() -> None:
    room = talking()
    for side in (PERSON, DESK):
        room.flow(side, sound=False, picture=False, now=100)
    room.flow(DESK, sound=True, picture=True, now=110)
    room.advance(100 + Limits().gone + 60)
    assert room.stage is Stage.TALKING


def test_the_relays_line_may_break_while_sound_flows() -> None:
    room = talking()
    room.line(PERSON, False, 100)
    room.advance(1000)
    assert room.stage is Stage.TALKING


def test_an_operators_page_that_vanishes_leaves_a_talk_that_was_one() -> None:
    room = talking()
    room.line(DESK, False, 100)
    room.flow(PERSON, sound=False, picture=False, now=100)
    room.advance(200)
    assert room.result is R.ANSWERED


@pytest.mark.parametrize(("there", "result"), [(True, R.FAILED_HERE), (False, R.HUNG_UP)])
def test_a_button_after_which_no_sound_comes_is_ours_unless_they_have_gone(
    there: bool, result: CallResult
) -> None:
    room = opened()
    room.line(PERSON, True, 11)
    room.join(camera=True, now=15)
    room.line(PERSON, there, 20)
    room.advance(15 + Limits().connect)
    assert room.result is result


def test_nobody_but_the_first_browser_opens_it_and_the_try_is_told() -> None:
    room = opened()
    room.open("first", 20)
    with pytest.raises(Shut) as shut:
        room.open("second", 30)
    assert shut.value.why == "used"
    assert room.news[-1].evidence["refused"] == "used"
    assert room.stage is Stage.OPENED


def test_a_link_opened_after_the_end_is_refused_and_told() -> None:
    room = opened()
    room.refuse(20)
    with pytest.raises(Shut, match="over"):
        room.open("first", 30)
    assert (room.news[-1].status, room.news[-1].evidence["refused"]) == (CallStatus.ENDED, "over")


def test_the_officers_card_is_forgotten_with_the_call() -> None:
    room = talking()
    room.hang_up(100)
    assert room.card is None


ACTS: list[Act] = [
    lambda room, at: room.invite(CARD, at),
    lambda room, at: room.open("first", at),
    lambda room, at: room.open("second", at),
    lambda room, at: room.join(camera=True, now=at),
    lambda room, at: room.join(camera=False, now=at),
    Room.refuse,
    Room.leave,
    Room.hang_up,
    Room.cut,
    Room.advance,
    *(
        lambda room, at, s=side, up=up: room.line(s, up, at)
        for side in (PERSON, DESK)
        for up in (True, False)
    ),
    *(
        lambda room, at, s=side, on=on, p=p: room.flow(s, sound=on, picture=p, now=at)
        for side in (PERSON, DESK)
        for on, p in ((True, True), (True, False), (False, False))
    ),
]


@given(st.lists(st.tuples(st.sampled_from(range(len(ACTS))), st.floats(0, 400)), max_size=30))
def test_whatever_happens_news_goes_forward_ends_once_and_time_never_stands(
    lived: list[tuple[int, float]],
) -> None:
    room, now = Room("key", 0.0), 0.0
    for which, after in lived:
        now += after
        room.advance(now)
        try:
            ACTS[which](room, now)
        except Shut:
            assert room.stage is Stage.WAITING or room.news[-1].evidence["refused"]
        due = room.due()
        assert (due is None) == (room.stage is Stage.OVER)
        assert due is None or due[0] >= room.since
    ranks = [news.status.rank for news in room.news]
    assert ranks == sorted(ranks)
    ends = [news for news in room.news if news.result and "refused" not in news.evidence]
    assert len(ends) == (room.stage is Stage.OVER)
    room.advance(now + 10_000)
    assert room.stage is Stage.OVER


def test_a_call_is_placed_once_and_no_more_than_there_is_room() -> None:
    lobby = Lobby(most=1)
    lobby.place("a", 0)
    with pytest.raises(Known):
        lobby.place("a", 1)
    with pytest.raises(Full):
        lobby.place("b", 1)


def test_what_an_earlier_run_knew_is_not_declared_never_placed() -> None:
    before, after = Lobby(), Lobby()
    external_id = before.place("a", 0)
    with pytest.raises(Forgotten):
        after.find("a", external_id)
    assert after.find("a", "") is None


def test_an_hour_after_its_end_nothing_is_known_of_a_call() -> None:
    lobby, (word, hashed) = Lobby(), link()
    lobby.place("a", 0)
    lobby.invite("a", hashed, CARD, 1)
    _, ticket = lobby.open(word, "", 2)
    lobby.cut("a", 3)
    lobby.advance(3 + KEPT)
    assert lobby.find("a", "") is None
    assert lobby.of_ticket(ticket) is None
    with pytest.raises(Shut, match="unknown"):
        lobby.open(word, ticket, 4 + KEPT)


def test_a_ticket_opens_its_own_room_and_no_other() -> None:
    lobby = Lobby()
    for n, key in enumerate("ab", 1):
        lobby.place(key, 0)
        lobby.invite(key, link(n)[1], CARD, 1)
    _, ticket = lobby.open(link(1)[0], "", 2)
    room, another = lobby.open(link(2)[0], ticket, 3)
    assert room.key == "b"
    assert another != ticket
    assert lobby.open(link(1)[0], ticket, 4)[0].key == "a"


@given(st.text(max_size=40))
def test_no_words_but_the_links_own_open_a_room(words: str) -> None:
    lobby, (word, hashed) = Lobby(), link()
    lobby.place("a", 0)
    lobby.invite("a", hashed, CARD, 1)
    if words != word:
        with pytest.raises(Shut, match="unknown"):
            lobby.open(words, "", 2)


@given(st.binary(min_size=16, max_size=40))
def test_a_secret_stands_in_an_address_as_it_is(seed: bytes) -> None:
    assert secret.looks_like_one(secret.of(seed))
    assert len(secret.digest(secret.of(seed))) == 64


@pytest.mark.parametrize(
    "wrong",
    [{"name": " "}, {"badge": ""}, {"station": ""}, {"face": ""}, {"face": "https://elsewhere/face.png"}],
)
def test_a_card_lets_somebody_check_who_it_is(wrong: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="a card has"):
        card.from_wire({**card.to_wire(CARD), **wrong})
