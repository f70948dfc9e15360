"""The life of a call: what moves it, what does not, and what happens when nobody says anything."""

from datetime import datetime, timedelta
from itertools import permutations

import pytest
from django.db import transaction
from pytest_django import DjangoCaptureOnCommitCallbacks

from telephony import calls, handset, numbers
from telephony.carrier import CallResult, CallStatus, CarrierError, Dial, Update
from telephony.clock import MovingClock
from telephony.models import Call
from tests.fakes.puppet import Puppet
from tests.seats import taken_seats
from tests.telephony.rows import Exchange
from tests.telephony.samples import NUMBER, START

R = CallResult
S = CallStatus


@pytest.fixture
def call(exchange: Exchange, puppet: Puppet) -> Call:
    return exchange.on_line(trunk=exchange.trunk(carrier="puppet"))


def now_of(call: Call) -> Call:
    return Call.objects.get(pk=call.pk)


def said(call: Call, status: CallStatus, result: CallResult | None = None, after: float = 0) -> Update:
    return Update(str(call.key), status, result, "id-1", START + timedelta(seconds=after))


# ---- Booked


def test_a_booking_is_due_when_it_may_begin_and_ranks_by_its_head_start(exchange: Exchange) -> None:
    call = exchange.booked(head_start=timedelta(minutes=20))
    assert (call.status, call.due_at) == (S.BOOKED, START)
    assert call.rank_at == START - timedelta(minutes=20)


def test_a_call_is_called_off_only_while_it_is_booked(exchange: Exchange) -> None:
    booked, dialling = exchange.booked(), exchange.on_line("+8619000000002")
    assert calls.call_off([booked.pk, dialling.pk], now=START) == 1
    assert (now_of(booked).status, now_of(booked).result) == (S.ENDED, R.CANCELLED)
    assert now_of(dialling).status == S.DIALLING


def test_a_raise_moves_booked_calls_forward(exchange: Exchange) -> None:
    call = exchange.booked()
    calls.hurry([call.pk], timedelta(minutes=60))
    assert now_of(call).rank_at == START - timedelta(minutes=60)


def test_a_booked_call_hears_no_news(exchange: Exchange) -> None:
    call = exchange.booked()
    assert not calls.hear(said(call, S.RINGING), now=START)
    assert now_of(call).status == S.BOOKED


def test_what_never_rang_does_not_count_against_a_number(exchange: Exchange) -> None:
    for result in (R.BUSY, R.CONGESTION, R.FAILED_HERE, R.NO_ANSWER):
        calls.end(key=str(exchange.on_line().key), result=result, now=START)
    index = numbers.index(NUMBER)
    rung = calls.rung_since([index], START - timedelta(hours=24))
    assert list(rung[index].values()) == [START, START]


def test_what_is_booked_counts_against_a_number_already(exchange: Exchange) -> None:
    call = exchange.booked()
    index = numbers.index(NUMBER)
    assert calls.rung_since([index], START - timedelta(hours=24)) == {index: {call.pk: START}}


# ---- Dialled


def test_the_carriers_id_is_kept(call: Call, puppet: Puppet) -> None:
    calls.dial(call, now=START)
    assert now_of(call).external_id == f"puppet-{call.key}"


def test_a_certain_refusal_ends_the_call(call: Call, puppet: Puppet, moves: list[tuple[str, str]]) -> None:
    puppet.refuses = CarrierError("no", certain=True, result=R.INVALID_NUMBER, evidence={"code": 21211})
    calls.dial(call, now=START)
    assert (now_of(call).status, now_of(call).result) == (S.ENDED, R.INVALID_NUMBER)
    assert now_of(call).evidence[0]["code"] == 21211
    assert moves == [("ended", "invalid_number")]


def test_a_doubtful_refusal_leaves_the_call_on_the_line(call: Call, puppet: Puppet) -> None:
    puppet.refuses = CarrierError("a time-out", certain=False)
    calls.dial(call, now=START)
    assert now_of(call).status == S.DIALLING


@pytest.mark.parametrize("meanwhile", [{"asked": 1}, {"status": "ringing"}])
def test_a_call_that_has_been_asked_about_or_moved_is_not_placed_any_more(
    call: Call, puppet: Puppet, meanwhile: dict[str, object]
) -> None:
    """Its worker stood still so long that another has asked: placing it now could ring a number twice."""
    Call.objects.update(**meanwhile)
    calls.dial(call, now=START)
    assert puppet.placed == []


def test_a_trunk_whose_carrier_has_gone_ends_its_calls_as_our_fault(
    exchange: Exchange, puppet: Puppet
) -> None:
    call = exchange.on_line(trunk=exchange.trunk(carrier="gone"))
    calls.dial(call, now=START)
    assert now_of(call).result == R.FAILED_HERE


# ---- Heard


HISTORY = [(S.RINGING, None, 2), (S.TALKING, None, 8), (S.ENDED, R.ANSWERED, 60)]
MACHINE = [*HISTORY[:2], (S.TALKING, R.MACHINE, 12), HISTORY[2]]


@pytest.mark.parametrize(("history", "result"), [(HISTORY, R.ANSWERED), (MACHINE, R.MACHINE)])
def test_the_same_history_ends_the_same_in_any_order_and_however_often(
    exchange: Exchange,
    puppet: Puppet,
    history: list[tuple[CallStatus, CallResult | None, float]],
    result: CallResult,
) -> None:
    trunk = exchange.trunk(carrier="puppet")
    ends = set()
    for order in permutations(history):
        with transaction.atomic():
            call = exchange.on_line(trunk=trunk)
            for status, met, after in [*order, *order]:
                calls.hear(said(call, status, met, after), now=START + timedelta(seconds=90))
            ended = now_of(call)
            ends.add((ended.status, ended.result, ended.answered_at, ended.ended_at, ended.due_at))
            Call.objects.all().delete()
    seconds = timedelta(seconds=1)
    assert ends == {(S.ENDED, result, START + 8 * seconds, START + 60 * seconds, None)}


def test_news_moves_a_call_forward_and_puts_off_the_asking(call: Call, moves: list[tuple[str, str]]) -> None:
    later = START + timedelta(seconds=10)
    assert calls.hear(said(call, S.RINGING), now=later)
    assert now_of(call).due_at == later + calls.SILENCE
    assert not calls.hear(said(call, S.DIALLING), now=later)
    assert moves == [("ringing", "")]


def test_still_talking_is_news(call: Call, moves: list[tuple[str, str]]) -> None:
    for _ in range(2):
        assert calls.hear(said(call, S.TALKING, after=8), now=START + timedelta(seconds=20))
    assert now_of(call).answered_at == START + timedelta(seconds=8)
    assert moves == [("talking", "")] * 2


def test_news_without_a_time_happened_when_it_was_heard(call: Call) -> None:
    calls.hear(Update(str(call.key), S.TALKING), now=START + timedelta(seconds=5))
    calls.hear(Update(str(call.key), S.ENDED, R.ANSWERED), now=START + timedelta(seconds=9))
    assert now_of(call).answered_at == START + timedelta(seconds=5)
    assert now_of(call).ended_at == START + timedelta(seconds=9)


def test_an_end_without_a_result_is_not_guessed_at(call: Call) -> None:
    calls.hear(Update(str(call.key), S.ENDED), now=START)
    assert now_of(call).result == R.OUTCOME_UNKNOWN


def test_the_first_end_stands(call: Call) -> None:
    calls.hear(said(call, S.ENDED, R.BUSY), now=START)
    assert not calls.hear(said(call, S.ENDED, R.NO_ANSWER), now=START)
    assert now_of(call).result == R.BUSY
    assert [piece["result"] for piece in now_of(call).evidence] == ["busy", "no_answer"]


def test_a_carriers_words_do_not_overwrite_ours(call: Call) -> None:
    calls.hear(
        Update(str(call.key), S.RINGING, evidence={"status": "raw", "SipResponseCode": "180"}), now=START
    )
    (piece,) = now_of(call).evidence
    assert (piece["status"], piece["SipResponseCode"]) == ("ringing", "180")


def test_news_of_a_call_nobody_booked_is_no_news(db: None, call: Call) -> None:
    nobody = Update("00000000-0000-4000-8000-00000000ffff", S.ENDED, R.BUSY)
    assert not calls.hear(nobody, now=START)


def test_a_machine_on_the_line_is_hung_up_on_after_the_commit(
    call: Call, puppet: Puppet, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    with django_capture_on_commit_callbacks() as left:
        calls.hear(said(call, S.TALKING, R.MACHINE), now=START)
    assert (now_of(call).status, now_of(call).result) == (S.TALKING, "")
    assert puppet.cut == []
    for cut in left:
        cut()
    assert puppet.cut == [str(call.key)]


def test_a_machine_that_cannot_be_hung_up_on_loses_no_news(
    call: Call, puppet: Puppet, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    puppet.refuses = CarrierError("down", certain=False)
    with django_capture_on_commit_callbacks(execute=True):
        calls.hear(said(call, S.TALKING, R.MACHINE), now=START)
    assert now_of(call).status == S.TALKING


def test_only_a_call_on_the_line_is_hung_up(call: Call, exchange: Exchange, puppet: Puppet) -> None:
    calls.hang_up(exchange.booked("+8619000000002"))
    calls.hang_up(call)
    assert puppet.cut == [str(call.key)]


# ---- Asked after


def silent(at: datetime = START + calls.SILENCE, times: int = 1) -> datetime:
    """Let the carriers be asked so many times, each when it is due."""
    for n in range(times):
        calls.tend(now=at + n * calls.SILENCE)
    return at


def test_only_a_silent_call_is_asked_about(call: Call, puppet: Puppet) -> None:
    assert calls.tend(now=START + calls.SILENCE - timedelta(seconds=1)) == 0
    assert calls.tend(now=START + calls.SILENCE) == 1
    assert calls.tend(now=START + calls.SILENCE) == 0


def test_what_the_carrier_tells_when_asked_is_heard(call: Call, puppet: Puppet) -> None:
    puppet.found = said(call, S.ENDED, R.NO_ANSWER, 45)
    silent()
    assert (now_of(call).result, now_of(call).ended_at) == (R.NO_ANSWER, START + timedelta(seconds=45))


def test_a_call_the_carrier_does_not_know_failed_here_but_only_when_it_says_so_twice(
    call: Call, puppet: Puppet
) -> None:
    silent()
    assert now_of(call).status == S.DIALLING
    silent(START + 2 * calls.SILENCE)
    assert (now_of(call).status, now_of(call).result) == (S.ENDED, R.FAILED_HERE)


def test_a_carrier_that_gives_no_answer_leaves_the_outcome_unknown(call: Call, puppet: Puppet) -> None:
    puppet.found = CarrierError("down", certain=False, evidence={"http_status": 503})
    silent(times=calls.ASKED_IN_VAIN - 1)
    assert now_of(call).status == S.DIALLING
    silent(START + calls.ASKED_IN_VAIN * calls.SILENCE)
    assert now_of(call).result == R.OUTCOME_UNKNOWN
    assert now_of(call).evidence[-1]["http_status"] == 503


def test_a_talk_is_not_given_up_while_it_may_last(call: Call, puppet: Puppet) -> None:
    """The carrier's door may be closed for minutes; whoever answered must not be rung beside the talk."""
    calls.hear(said(call, S.TALKING), now=START)
    puppet.found = CarrierError("down", certain=False)
    silent(times=calls.ASKED_IN_VAIN + 3)
    assert now_of(call).status == S.TALKING
    silent(START + calls.LONGEST + calls.SILENCE)
    assert now_of(call).result == R.OUTCOME_UNKNOWN


@pytest.mark.parametrize("by_the_desk", [False, True])
def test_a_talk_the_carrier_has_forgotten_is_given_up_when_it_cannot_last_or_was_ended_here(
    call: Call, puppet: Puppet, by_the_desk: bool
) -> None:
    """Its process came back without its memory; the two may talk on."""
    (desk,) = taken_seats(1, START, state="talking")
    Call.objects.filter(pk=call.pk).update(desk=desk)
    calls.hear(said(call, S.TALKING), now=START)
    silent(times=calls.NOT_KNOWN + 2)
    assert now_of(call).status == S.TALKING
    over = START + (calls.LONGEST if not by_the_desk else 6 * calls.SILENCE)
    if by_the_desk:
        handset.put_down(desk_id=desk.pk, now=over)
    silent(over + calls.SILENCE)
    assert now_of(call).result == R.OUTCOME_UNKNOWN


@pytest.mark.parametrize("status", [S.DIALLING, S.RINGING])
@pytest.mark.parametrize("pushed", [False, True])
def test_a_call_that_rings_on_and_on_is_hung_up(call: Call, puppet: Puppet, status: S, pushed: bool) -> None:
    puppet.found = said(call, status)
    step = timedelta(seconds=30)
    for n in range(int(calls.RINGS / step)):
        assert now_of(call).is_live
        if pushed:  # so that there is never a silence
            calls.hear(said(call, status), now=START + n * step)
        calls.tend(now=START + n * step)
    calls.tend(now=START + calls.RINGS)
    assert now_of(call).result == R.OUTCOME_UNKNOWN
    assert puppet.cut == [str(call.key)]


def test_news_in_between_begins_the_asking_anew(call: Call, puppet: Puppet) -> None:
    puppet.found = CarrierError("down", certain=False)
    silent(times=calls.ASKED_IN_VAIN - 1)
    calls.hear(said(call, S.RINGING), now=START)
    silent(START + 5 * calls.SILENCE)
    assert now_of(call).status == S.RINGING


def test_a_call_known_as_another_is_not_adopted(call: Call, exchange: Exchange, puppet: Puppet) -> None:
    calls.hear(said(call, S.ENDED, R.CONGESTION), now=START)
    redial = exchange.on_line(trunk=call.trunk)
    puppet.found = Update(str(redial.key), S.ENDED, R.CONGESTION, "id-1")
    silent()
    assert (now_of(redial).status, now_of(redial).external_id) == (S.DIALLING, "")


def test_one_bad_call_does_not_keep_the_others_from_being_asked_about(
    call: Call, exchange: Exchange, puppet: Puppet, moving: MovingClock, caplog: pytest.LogCaptureFixture
) -> None:
    other = exchange.on_line("+8619000000002", trunk=call.trunk)
    heard: list[str] = []

    def find(dial: Dial) -> Update | None:
        heard.append(dial.key)
        raise RuntimeError("a bug") if dial.key == str(call.key) else CarrierError("down", certain=False)

    puppet.find = find  # type: ignore[method-assign]
    silent()
    assert set(heard) == {str(call.key), str(other.key)}
    assert NUMBER[3:] not in caplog.text


def test_a_carrier_is_asked_by_one_worker_only(call: Call, puppet: Puppet) -> None:
    stale = now_of(call)
    assert calls.tend(now=START + calls.SILENCE) == 1
    assert not calls._ask(stale, START + calls.SILENCE)
