"""Trunks by how their calls go: they rest after faults in a row, return slowly, and show one person one number."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony import calls, exchange, health
from telephony.carrier import CallResult, CallStatus, CarrierError, Update
from telephony.clock import MovingClock
from telephony.models import Call, Trunk
from tests.fakes.puppet import Puppet
from tests.telephony.rows import Exchange
from tests.telephony.samples import START

R = CallResult
FIRST, SECOND = "+861096110", "+862096110"


def number(n: int) -> str:
    return f"+8619000002{n:03}"


class Line:
    """Two trunks of one carrier, the first taken first; calls over them that end as they are told."""

    def __init__(self, rows: Exchange, moving: MovingClock) -> None:
        self.rows, self.moving, self.calls = rows, moving, 0
        self.first = rows.trunk(carrier="puppet", name="first", priority=1)
        self.second = rows.trunk(carrier="puppet", name="second", priority=2)

    def call(self) -> Call:
        """One more call is booked and dialled, a second after the last."""
        self.calls += 1
        call = self.rows.booked(number(self.calls), at=self.moving.forward(timedelta(seconds=1)))
        exchange.turn(now=self.moving())
        return Call.objects.get(pk=call.pk)

    def end(self, call: Call, result: CallResult) -> None:
        calls.hear(Update(str(call.key), CallStatus.ENDED, result), now=self.moving())

    def goes(self, result: CallResult) -> Trunk | None:
        """Over which trunk a call goes that ends so."""
        call = self.call()
        self.end(call, result)
        return call.trunk

    def stand(self, trunk: Trunk) -> Trunk:
        return Trunk.objects.get(pk=trunk.pk)


@pytest.fixture
def line(exchange: Exchange, puppet: Puppet, moving: MovingClock) -> Line:
    return Line(exchange, moving)


@pytest.fixture(autouse=True)
def commits(transactional_db: None) -> None:
    """What follows a commit follows it."""


def test_faults_in_a_row_give_a_trunk_a_rest_and_the_next_takes_over(line: Line) -> None:
    went = [line.goes(R.CONGESTION) for _ in range(health.MOST)]
    assert went == [line.first] * health.MOST
    assert line.goes(R.ANSWERED) == line.second
    rests = line.stand(line.first)
    assert rests.rests_until is not None
    assert rests.rests_until > line.moving()


def test_faults_that_are_not_in_a_row_are_forgiven(line: Line) -> None:
    for _ in range(5):
        for result in (R.CONGESTION, R.FAILED_HERE, R.BUSY):
            assert line.goes(result) == line.first
    assert line.stand(line.first).faults == 0


def test_a_fault_of_a_certain_refusal_counts_too(line: Line, puppet: Puppet) -> None:
    puppet.refuses = CarrierError("full", certain=True, result=R.CONGESTION)
    for _ in range(health.MOST):
        assert line.call().trunk == line.first
    puppet.refuses = None
    assert line.goes(R.ANSWERED) == line.second


def test_what_says_nothing_of_a_trunk_counts_neither_way(line: Line) -> None:
    for _ in range(health.MOST - 1):
        line.goes(R.CONGESTION)
    for result in (R.OUTCOME_UNKNOWN, R.CANCELLED):
        line.goes(result)
    assert line.stand(line.first).faults == health.MOST - 1
    line.goes(R.CONGESTION)
    assert line.stand(line.first).rests_until is not None


def test_after_its_rest_a_trunk_is_trusted_with_one_call_then_with_twice_as_many_each_time(
    line: Line,
) -> None:
    for _ in range(health.MOST):
        line.goes(R.CONGESTION)
    line.moving.forward(health.REST)
    probe = line.call()
    assert probe.trunk == line.first
    assert line.call().trunk == line.second  # one at once, no more
    line.end(probe, R.ANSWERED)
    assert [line.call().trunk for _ in range(3)] == [line.first, line.first, line.second]


def test_a_fault_on_its_return_sends_it_back_to_rest_for_longer(line: Line) -> None:
    for _ in range(health.MOST):
        line.goes(R.CONGESTION)
    line.moving.forward(health.REST)
    assert line.goes(R.CONGESTION) == line.first
    again = line.stand(line.first)
    assert again.rests_until == line.moving() + 2 * health.REST


def test_all_is_forgiven_once_it_carries_all_again(line: Line) -> None:
    for _ in range(health.MOST):
        line.goes(R.CONGESTION)
    line.moving.forward(health.REST)
    for _ in range(6):
        line.goes(R.ANSWERED)
    well = line.stand(line.first)
    assert (well.faults, well.rests_until, well.trust) == (0, None, None)


def test_where_no_trunk_is_well_all_are_asked(line: Line) -> None:
    Trunk.objects.update(faults=9, rests_until=line.moving() + timedelta(hours=1), trust=1)
    assert [line.call().trunk for _ in range(3)] == [line.first] * 3


@pytest.mark.parametrize("other", ["text", "page", "video"])
def test_a_trunk_that_carries_nothing_of_the_kind_bars_no_resting_one(line: Line, other: str) -> None:
    """Neither while it rests, nor with all its lines from then on."""
    Trunk.objects.filter(pk=line.second.pk).update(carries=other)
    rests_until = line.moving() + timedelta(seconds=2)
    Trunk.objects.filter(pk=line.first.pk).update(faults=health.MOST, rests_until=rests_until, trust=1)
    assert [line.call().trunk for _ in range(4)] == [line.first] * 4


def test_a_number_that_one_resting_trunk_alone_may_show_is_shown_by_it(line: Line) -> None:
    Trunk.objects.filter(pk=line.first.pk).update(callers=FIRST)
    Trunk.objects.filter(pk=line.second.pk).update(callers=SECOND)
    first = line.call()
    line.end(first, R.BUSY)
    rests_until = line.moving() + timedelta(minutes=5)
    Trunk.objects.filter(pk=line.first.pk).update(faults=health.MOST, rests_until=rests_until, trust=1)
    assert redial(line, first, line.moving()).trunk == line.first


def test_a_desk_that_went_is_not_held_against_the_trunk(line: Line) -> None:
    for _ in range(health.MOST):
        call = line.call()
        Call.objects.filter(pk=call.pk).update(dropped_at=line.moving())
        line.end(call, R.CANCELLED)
    assert line.stand(line.first).faults == 0


def test_a_call_that_waited_too_long_in_here_is_not_held_against_the_trunk(line: Line) -> None:
    for _ in range(health.MOST):
        line.rows.booked(number(99), at=line.moving.forward(timedelta(seconds=1)))
        (call,) = exchange.connect(now=line.moving())
        line.moving.forward(timedelta(minutes=1))
        calls.dial(call, now=line.moving())
        assert Call.objects.get(pk=call.pk).result == R.FAILED_HERE
    assert line.stand(line.first).faults == 0


@given(st.lists(st.sampled_from([R.CONGESTION, R.ANSWERED]), max_size=12))
def test_a_trunk_that_is_trusted_with_less_is_never_trusted_with_nothing(results: list[CallResult]) -> None:
    trunk = Trunk(pk=1, concurrent=8, trust=None)
    other = Trunk(pk=2, concurrent=8, trust=None)
    for result in results:
        trunk.trust = 1 if result is R.CONGESTION else trunk.trust and min(8, trunk.trust * 2)
        assert 1 <= health.most(trunk, [trunk, other]) <= 8
        assert health.most(trunk, [trunk]) == 8


# ---- One number for one person


def redial(line: Line, first: Call, at: datetime) -> Call:
    call = line.rows.booked(first.number, at=at, avoid=[first.trunk_id])
    exchange.turn(now=at)
    return Call.objects.get(pk=call.pk)


def test_a_retry_over_another_trunk_shows_the_same_number(line: Line) -> None:
    Trunk.objects.filter(pk=line.first.pk).update(callers=FIRST)
    Trunk.objects.filter(pk=line.second.pk).update(callers=f"{SECOND} {FIRST}")
    call = line.call()
    assert (call.trunk, call.caller) == (line.first, FIRST)
    line.end(call, R.CONGESTION)
    again = redial(line, call, line.moving.forward(timedelta(seconds=10)))
    assert (again.trunk, again.caller) == (line.second, FIRST)
    assert line.call().caller == FIRST  # somebody else, over the first


def test_a_trunk_that_may_not_show_the_number_does_not_take_the_retry(line: Line) -> None:
    Trunk.objects.filter(pk=line.first.pk).update(callers=FIRST)
    Trunk.objects.filter(pk=line.second.pk).update(callers=SECOND)
    call = line.call()
    line.end(call, R.CONGESTION)
    again = redial(line, call, line.moving.forward(timedelta(seconds=10)))
    assert (again.trunk, again.caller) == (line.first, FIRST)


def test_when_nobody_may_show_the_number_any_more_another_is_shown(line: Line) -> None:
    Trunk.objects.filter(pk=line.first.pk).update(callers=FIRST)
    Trunk.objects.filter(pk=line.second.pk).update(callers=SECOND)
    call = line.call()
    line.end(call, R.BUSY)
    Trunk.objects.filter(pk=line.first.pk).update(enabled=False)
    again = redial(line, call, line.moving.forward(timedelta(seconds=10)))
    assert (again.trunk, again.caller) == (line.second, SECOND)


def test_the_carrier_is_told_which_number_to_show(line: Line, puppet: Puppet) -> None:
    Trunk.objects.update(callers=FIRST)
    call = line.call()
    assert call.as_dial().caller == FIRST
    assert line.moving() > START
