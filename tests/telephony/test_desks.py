"""The life of a desk: what moves it, what its call does to it, and what becomes of one nobody sits at."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from pytest_django import DjangoCaptureOnCommitCallbacks

from telephony import calls, desks, exchange
from telephony.carrier import CallResult, CallStatus, CarrierError, Update
from telephony.models import Call, Desk
from telephony.models.desk import LEASE, OFFER, WRAP
from tests.fakes.puppet import Puppet
from tests.seats import taken_seats
from tests.telephony.rows import Exchange
from tests.telephony.samples import NUMBER, START

R, S, State = CallResult, CallStatus, Desk.State
SECOND = timedelta(seconds=1)
LATER = START + 10 * SECOND


@pytest.fixture
def rows(exchange: Exchange, puppet: Puppet) -> Exchange:
    """One trunk, no desks yet; under a name that leaves `exchange` to the module."""
    exchange.trunk(carrier="puppet", desks=0)
    return exchange


def seat(**given: Any) -> Desk:
    """A desk that is ready, with the usual lease and wrap-up."""
    usual = {"lease": LEASE, "lease_until": START + LEASE, "wrap": WRAP}
    return taken_seats(1, START, **{**usual, **given})[0]


def now_of(desk: Desk) -> Desk:
    return Desk.objects.get(pk=desk.pk)


def call_of(desk: Desk) -> Call:
    return Call.objects.at_desks().get(desk=desk)


def hear(call: Call, status: CallStatus, result: CallResult | None = None, *, now: datetime = LATER) -> None:
    calls.hear(Update(str(call.key), status, result), now=now)


def ringing(rows: Exchange, desk: Desk) -> Call:
    """A call that rings for the desk."""
    rows.booked()
    exchange.turn(now=START)
    hear(call_of(desk), S.RINGING, now=START)
    return call_of(desk)


def talking(rows: Exchange, desk: Desk) -> Call:
    call = ringing(rows, desk)
    hear(call, S.TALKING, now=START)
    return call


def offered(rows: Exchange, desk: Desk) -> Call:
    """A call that the desk has been asked to take."""
    rows.booked()
    assert exchange.turn(now=START) == 0
    return call_of(desk)


# ---- Signing in, ready, paused, away


def test_who_signs_in_is_paused_until_they_say_that_they_are_ready(rows: Exchange) -> None:
    desk = Desk.objects.create(name="a", since=START)
    desks.sign_in(desk_id=desk.pk, tags=["video", "loan", "loan"], mode=Desk.Mode.PREVIEW, now=LATER)
    signed = now_of(desk)
    assert (signed.state, signed.reason, signed.since) == (State.PAUSED, desks.SIGNED_IN, LATER)
    assert (signed.tags, signed.mode, signed.lease_until) == (["loan", "video"], "preview", LATER + LEASE)
    desks.ready(desk_id=desk.pk, now=LATER + SECOND)
    assert (now_of(desk).state, now_of(desk).ready_since) == (State.READY, LATER + SECOND)


def test_signing_in_once_more_leaves_the_state_and_renews_the_lease(rows: Exchange) -> None:
    desk = seat(tags=["video"])
    desks.sign_in(desk_id=desk.pk, now=LATER)
    again = now_of(desk)
    assert (again.state, again.tags, again.since) == (State.READY, ["video"], START)
    assert again.lease_until == LATER + LEASE


def test_saying_twice_that_one_is_ready_changes_no_place(rows: Exchange) -> None:
    desk = seat()
    desks.ready(desk_id=desk.pk, now=LATER)
    assert (now_of(desk).since, now_of(desk).ready_since) == (START, START)


def test_after_a_pause_a_desk_stands_at_the_end_of_the_line(rows: Exchange) -> None:
    desk = seat()
    desks.pause(desk_id=desk.pk, reason=" lunch ", now=LATER)
    assert (now_of(desk).state, now_of(desk).reason, now_of(desk).since) == (State.PAUSED, "lunch", LATER)
    desks.ready(desk_id=desk.pk, now=LATER + SECOND)
    assert (now_of(desk).reason, now_of(desk).ready_since) == ("", LATER + SECOND)


def test_a_pause_has_a_reason(rows: Exchange) -> None:
    with pytest.raises(ValueError, match="reason"):
        desks.pause(desk_id=seat().pk, reason=" ", now=LATER)


def test_a_desk_that_is_away_must_sign_in_first(rows: Exchange) -> None:
    desk = seat()
    desks.away(desk_id=desk.pk, now=LATER)
    assert (now_of(desk).state, now_of(desk).lease_until) == (State.AWAY, None)
    with pytest.raises(desks.NotSignedInError):
        desks.ready(desk_id=desk.pk, now=LATER)
    with pytest.raises(desks.NotSignedInError):
        desks.pause(desk_id=desk.pk, reason="lunch", now=LATER)


def test_a_sign_of_life_renews_the_lease_and_never_shortens_it(rows: Exchange) -> None:
    desk = seat()
    desks.heartbeat(desk_id=desk.pk, now=LATER)
    desks.heartbeat(desk_id=desk.pk, now=START)
    assert now_of(desk).lease_until == LATER + LEASE


def test_a_sign_of_life_brings_nobody_back_who_is_away(rows: Exchange) -> None:
    desk = Desk.objects.create(name="a", since=START)
    assert desks.heartbeat(desk_id=desk.pk, now=LATER).state == State.AWAY
    assert now_of(desk).lease_until is None


# ---- With a call


def test_a_desk_does_as_its_call_does(rows: Exchange) -> None:
    desk = seat()
    rows.booked()
    exchange.connect(now=LATER)
    call = call_of(desk)
    assert (now_of(desk).state, now_of(desk).since, call.status) == (State.OFFERED, LATER, S.DIALLING)
    hear(call, S.RINGING)
    assert now_of(desk).state == State.OFFERED
    hear(call, S.TALKING, now=LATER + SECOND)
    hear(call, S.TALKING, now=LATER + 2 * SECOND)
    assert (now_of(desk).state, now_of(desk).since) == (State.TALKING, LATER + SECOND)
    hear(call, S.ENDED, R.ANSWERED, now=LATER + 9 * SECOND)
    assert (now_of(desk).state, now_of(desk).wrap_until) == (State.WRAPPING, LATER + 9 * SECOND + WRAP)


def test_who_is_not_answered_keeps_their_place(rows: Exchange) -> None:
    desk = seat()
    call = ringing(rows, desk)
    hear(call, S.ENDED, R.NO_ANSWER)
    assert (now_of(desk).state, now_of(desk).since, now_of(desk).ready_since) == (State.READY, LATER, START)


def test_a_machine_costs_nobody_their_place(rows: Exchange) -> None:
    desk = seat()
    call = talking(rows, desk)
    hear(call, S.TALKING, R.MACHINE)
    hear(call, S.ENDED, R.ANSWERED)
    assert (now_of(desk).state, now_of(desk).ready_since) == (State.READY, START)


def test_an_answer_of_which_only_the_end_was_heard_is_wrapped_up_too(rows: Exchange) -> None:
    desk = seat()
    hear(ringing(rows, desk), S.ENDED, R.ANSWERED)
    assert now_of(desk).state == State.WRAPPING


def test_without_a_wrap_up_a_desk_is_ready_at_once_at_the_end_of_the_line(rows: Exchange) -> None:
    desk = seat(wrap=timedelta())
    hear(talking(rows, desk), S.ENDED, R.ANSWERED)
    assert (now_of(desk).state, now_of(desk).ready_since) == (State.READY, LATER)


def test_news_that_comes_after_the_end_moves_no_desk(rows: Exchange) -> None:
    desk = seat(wrap=timedelta())
    old = talking(rows, desk)
    hear(old, S.ENDED, R.ANSWERED)
    rows.booked("+8619000000002")
    exchange.connect(now=LATER)
    hear(old, S.TALKING, R.MACHINE)
    hear(old, S.ENDED, R.MACHINE)
    assert now_of(desk).state == State.OFFERED


@pytest.mark.parametrize("answered", [True, False])
def test_a_pause_asked_for_with_a_call_takes_hold_when_it_ends(rows: Exchange, answered: bool) -> None:
    desk = seat()
    call = (talking if answered else ringing)(rows, desk)
    desks.pause(desk_id=desk.pk, reason="lunch", now=START)
    assert now_of(desk).state == (State.TALKING if answered else State.OFFERED)
    hear(call, S.ENDED, R.ANSWERED if answered else R.BUSY)
    after = now_of(desk)
    assert (after.state, after.reason, after.after, after.since) == (State.PAUSED, "lunch", "", LATER)


def test_who_goes_during_a_talk_is_away_when_it_ends(rows: Exchange) -> None:
    desk = seat()
    call = talking(rows, desk)
    desks.away(desk_id=desk.pk, now=START)
    hear(call, S.ENDED, R.ANSWERED)
    assert now_of(desk).state == State.AWAY


@pytest.mark.parametrize("back", [desks.ready, desks.sign_in])
def test_who_thinks_again_during_a_talk_stays(rows: Exchange, back: Any) -> None:
    desk = seat()
    call = talking(rows, desk)
    desks.away(desk_id=desk.pk, now=START)
    back(desk_id=desk.pk, now=START)
    hear(call, S.ENDED, R.ANSWERED)
    assert now_of(desk).state == State.WRAPPING


def test_wrapping_up_ends_when_it_is_done(rows: Exchange) -> None:
    desk = seat()
    hear(talking(rows, desk), S.ENDED, R.ANSWERED)
    for _twice in range(2):
        desks.wrapped_up(desk_id=desk.pk, now=LATER + SECOND)
    assert (now_of(desk).state, now_of(desk).ready_since) == (State.READY, LATER + SECOND)


def test_wrapping_up_ends_at_its_limit(rows: Exchange) -> None:
    desk = seat()
    hear(talking(rows, desk), S.ENDED, R.ANSWERED)
    desks.heartbeat(desk_id=desk.pk, now=LATER)
    assert desks.release_lapsed(now=LATER + WRAP - SECOND) == 0
    assert desks.release_lapsed(now=LATER + WRAP) == 1
    assert (now_of(desk).state, now_of(desk).ready_since) == (State.READY, LATER + WRAP)


# ---- Nobody sits there any more


@pytest.mark.parametrize("state", ["ready", "paused", "wrapping"])
def test_a_desk_of_which_nothing_is_heard_goes_away(rows: Exchange, state: str) -> None:
    desk = seat(wrap=timedelta(hours=1))
    if state == "paused":
        desks.pause(desk_id=desk.pk, reason="lunch", now=START)
    elif state == "wrapping":
        hear(talking(rows, desk), S.ENDED, R.ANSWERED)
    assert desks.release_lapsed(now=START + LEASE - SECOND) == 0
    assert now_of(desk).state == state
    assert desks.release_lapsed(now=START + LEASE) == 1
    assert now_of(desk).state == State.AWAY
    assert desks.release_lapsed(now=START + LEASE) == 0


def test_a_call_that_rings_for_nobody_is_hung_up_as_our_fault(rows: Exchange, puppet: Puppet) -> None:
    desk = seat()
    call = ringing(rows, desk)
    desks.release_lapsed(now=START + LEASE)
    assert (now_of(desk).state, puppet.cut) == (State.AWAY, [str(call.key)])
    hear(call, S.ENDED, R.CANCELLED, now=START + LEASE + SECOND)
    ended = Call.objects.get(pk=call.pk)
    assert (ended.result, ended.desk, now_of(desk).state) == (R.FAILED_HERE, desk, State.AWAY)


def test_hanging_up_is_tried_again_until_the_call_has_ended(rows: Exchange, puppet: Puppet) -> None:
    call = ringing(rows, seat())
    puppet.refuses = CarrierError("a time-out", certain=False)
    for _tick in range(2):
        desks.release_lapsed(now=START + LEASE)
    assert puppet.cut == [str(call.key)] * 2
    hear(call, S.ENDED, R.CANCELLED)
    desks.release_lapsed(now=START + LEASE)
    assert len(puppet.cut) == 2


def test_whoever_answers_before_it_is_hung_up_is_not_left_to_silence(
    rows: Exchange, puppet: Puppet, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    call = ringing(rows, seat())
    desks.release_lapsed(now=START + LEASE)
    with django_capture_on_commit_callbacks(execute=True):
        hear(call, S.TALKING)
    assert puppet.cut == [str(call.key)] * 2
    hear(call, S.ENDED, R.ANSWERED)
    assert Call.objects.get(pk=call.pk).result == R.FAILED_HERE


def test_a_call_whose_desk_has_gone_before_it_was_placed_is_not_placed(
    rows: Exchange, puppet: Puppet
) -> None:
    seat()
    rows.booked()
    (call,) = exchange.connect(now=START)
    desks.release_lapsed(now=START + LEASE)
    calls.dial(call, now=START + LEASE)
    assert puppet.placed == []
    assert Call.objects.get().result == R.FAILED_HERE


def test_who_is_back_before_their_old_call_has_ended_gets_no_new_one_until_then(rows: Exchange) -> None:
    desk, later = seat(), START + LEASE
    call = ringing(rows, desk)
    desks.release_lapsed(now=later)
    desks.sign_in(desk_id=desk.pk, now=later)
    desks.ready(desk_id=desk.pk, now=later)
    rows.booked("+8619000000002")
    assert exchange.connect(now=later) == []
    hear(call, S.ENDED, R.CANCELLED, now=later)
    assert now_of(desk).state == State.READY
    assert len(exchange.connect(now=later)) == 1


def test_a_talk_goes_on_without_a_lease_and_then_the_desk_is_away(rows: Exchange, puppet: Puppet) -> None:
    desk = seat()
    call = talking(rows, desk)
    assert desks.release_lapsed(now=START + 2 * LEASE) == 0
    assert (now_of(desk).state, puppet.cut) == (State.TALKING, [])
    hear(call, S.ENDED, R.ANSWERED, now=START + 2 * LEASE)
    assert now_of(desk).state == State.AWAY


def test_who_is_heard_of_again_during_the_talk_wraps_up_after_it(rows: Exchange) -> None:
    desk = seat()
    call = talking(rows, desk)
    desks.heartbeat(desk_id=desk.pk, now=START + 2 * LEASE)
    hear(call, S.ENDED, R.ANSWERED, now=START + 2 * LEASE)
    assert now_of(desk).state == State.WRAPPING


# ---- The phone at the desk


def test_the_carrier_is_told_where_the_operator_is_rung(rows: Exchange, puppet: Puppet) -> None:
    seat(address="1001")
    rows.booked()
    exchange.turn(now=START)
    assert puppet.desks == ["1001"]


def test_a_desk_whose_address_no_key_opens_hinders_no_call(rows: Exchange, puppet: Puppet) -> None:
    desk = seat()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE telephony_desk SET address = 'gone.AAAA' WHERE id = %s", [desk.pk])
    rows.booked()
    exchange.turn(now=START)
    assert puppet.desks == [""]


# ---- Preview: asked first


@pytest.fixture
def asked(rows: Exchange) -> Desk:
    """A desk that sees each call before it is dialled."""
    return seat(mode=Desk.Mode.PREVIEW)


def test_a_call_is_dialled_once_the_desk_takes_it(
    rows: Exchange,
    asked: Desk,
    puppet: Puppet,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    moves: list[tuple[str, str]],
) -> None:
    call = offered(rows, asked)
    assert (call.status, now_of(asked).lease_until) == (S.BOOKED, START + OFFER)
    with django_capture_on_commit_callbacks(execute=True):
        for _twice in range(2):
            assert desks.accept(desk_id=asked.pk, call_id=call.pk, now=LATER)
    assert puppet.placed == [str(call.key)]
    taken = call_of(asked)
    assert (taken.status, taken.dialled_at, moves) == (S.DIALLING, LATER, [("dialling", "")])
    assert (now_of(asked).state, now_of(asked).lease_until) == (State.OFFERED, LATER + LEASE)


def test_an_offer_nobody_answers_goes_back_to_its_place_and_the_desk_is_away(
    rows: Exchange, asked: Desk
) -> None:
    call = offered(rows, asked)
    desks.heartbeat(desk_id=asked.pk, now=LATER)  # the browser is there, its user is not
    assert desks.release_lapsed(now=START + OFFER - SECOND) == 0
    assert desks.release_lapsed(now=START + OFFER) == 1
    waits = Call.objects.get(pk=call.pk)
    assert (waits.status, waits.desk, waits.rank_at) == (S.BOOKED, None, call.rank_at)
    assert now_of(asked).state == State.AWAY


def test_an_answer_a_little_too_late_keeps_the_desk_but_not_the_call(rows: Exchange, asked: Desk) -> None:
    call = offered(rows, asked)
    assert not desks.accept(desk_id=asked.pk, call_id=call.pk, now=START + OFFER)
    assert Call.objects.get(pk=call.pk).desk is None
    assert (now_of(asked).state, now_of(asked).ready_since) == (State.READY, START)


@pytest.mark.parametrize("why", ["no line", "number on the line", "past its time"])
def test_what_cannot_be_dialled_this_moment_goes_back_to_its_place(
    rows: Exchange, asked: Desk, why: str
) -> None:
    call = offered(rows, asked)
    if why == "no line":
        call_trunk = rows.trunk(desks=0)
        type(call_trunk).objects.update(enabled=False)
    elif why == "number on the line":
        rows.on_line(NUMBER)
    else:
        Call.objects.update(until=LATER)
    assert not desks.accept(desk_id=asked.pk, call_id=call.pk, now=LATER)
    waits = Call.objects.get(pk=call.pk)
    assert (waits.status, waits.desk, now_of(asked).state) == (S.BOOKED, None, State.READY)


def test_a_declined_call_is_offered_to_another_and_not_again_to_the_same(rows: Exchange, asked: Desk) -> None:
    call = offered(rows, asked)
    for done in (True, False):
        assert desks.decline(desk_id=asked.pk, call_id=call.pk, now=LATER) is done
    exchange.connect(now=LATER)
    assert (now_of(asked).state, now_of(asked).ready_since) == (State.READY, LATER)
    other = seat(mode=Desk.Mode.PREVIEW, ready_since=LATER)
    exchange.connect(now=LATER)
    assert call_of(other) == call


def test_who_declined_is_asked_again_once_they_say_that_they_are_ready(rows: Exchange, asked: Desk) -> None:
    call = offered(rows, asked)
    desks.decline(desk_id=asked.pk, call_id=call.pk, now=LATER)
    desks.ready(desk_id=asked.pk, now=LATER)
    exchange.connect(now=LATER)
    assert call_of(asked) == call


def test_of_a_call_it_was_not_asked_about_a_desk_neither_accepts_nor_declines(
    rows: Exchange, asked: Desk
) -> None:
    offered(rows, asked)
    other = rows.booked("+8619000000002")
    assert not desks.accept(desk_id=asked.pk, call_id=other.pk, now=LATER)
    assert not desks.decline(desk_id=asked.pk, call_id=other.pk, now=LATER)
    assert now_of(asked).state == State.OFFERED


@pytest.mark.parametrize("how", ["pause", "away"])
def test_who_goes_instead_of_answering_gives_the_call_back(rows: Exchange, asked: Desk, how: str) -> None:
    call = offered(rows, asked)
    if how == "pause":
        desks.pause(desk_id=asked.pk, reason="lunch", now=LATER)
    else:
        desks.away(desk_id=asked.pk, now=LATER)
    assert Call.objects.get(pk=call.pk).desk is None
    assert now_of(asked).state == (State.PAUSED if how == "pause" else State.AWAY)


def test_a_call_that_is_called_off_while_it_is_offered_frees_its_desk(rows: Exchange, asked: Desk) -> None:
    call = offered(rows, asked)
    assert calls.call_off([call.pk], now=LATER) == 1
    assert not desks.accept(desk_id=asked.pk, call_id=call.pk, now=LATER)
    assert desks.release_lapsed(now=LATER) == 1
    assert (now_of(asked).state, now_of(asked).ready_since) == (State.READY, START)
