"""The simulated network: its phones, its mischief, and what it remembers. The contract is tested elsewhere."""

from dataclasses import replace
from datetime import timedelta

import pytest

from telephony.carrier import CallResult, CallStatus, CarrierError, Update
from telephony.carriers.simulated import (
    BY_LAST_DIGIT,
    KEPT,
    Behaviour,
    SimulatedCarrier,
    by_last_digit,
    life_of,
)
from telephony.clock import MovingClock
from tests.telephony.samples import NUMBER, START, a_dial

R = CallResult
S = CallStatus
TALK = Behaviour(R.ANSWERED, timedelta(seconds=60))


def network(clock: MovingClock, how: Behaviour = TALK) -> SimulatedCarrier:
    return SimulatedCarrier(clock=clock, behave=lambda _: how)


def news(carrier: SimulatedCarrier, clock: MovingClock, seconds: float = 600) -> list[Update]:
    return carrier.collect(clock.forward(timedelta(seconds=seconds)))


@pytest.mark.parametrize("digit", BY_LAST_DIGIT)
def test_the_last_digit_decides_how_a_phone_behaves(digit: str) -> None:
    dial = a_dial(NUMBER[:-1] + digit)
    life = life_of(dial, by_last_digit(dial))
    assert life[-1].result is BY_LAST_DIGIT[digit].result
    assert [u.at for u in life] == sorted(u.at for u in life if u.at)


def test_news_is_due_at_moments_of_the_programs_clock(moving: MovingClock) -> None:
    carrier = network(moving)
    carrier.place(a_dial())
    assert carrier.next_news_at() == START + timedelta(seconds=2)
    assert carrier.collect(START) == []
    assert [u.status for u in news(carrier, moving, 3)] == [S.RINGING]
    assert [u.status for u in news(carrier, moving, 60)] == [S.TALKING, S.ENDED]
    assert carrier.next_news_at() is None


def test_lost_news_never_comes_but_asking_helps(moving: MovingClock) -> None:
    carrier = network(moving, replace(TALK, lose=True))
    carrier.place(a_dial())
    assert news(carrier, moving) == []
    found = carrier.find(a_dial())
    assert found is not None
    assert found.result is R.ANSWERED


def test_news_may_come_twice(moving: MovingClock) -> None:
    carrier = network(moving, replace(TALK, twice=True))
    carrier.place(a_dial())
    assert [u.status for u in news(carrier, moving)] == [
        *[S.RINGING] * 2,
        *[S.TALKING] * 2,
        *[S.ENDED] * 2,
    ]


def test_late_news_still_says_when_it_happened(moving: MovingClock) -> None:
    carrier = network(moving, replace(TALK, delay=timedelta(seconds=100)))
    carrier.place(a_dial())
    assert news(carrier, moving, 60) == []
    assert [u.at for u in news(carrier, moving)][-1] == START + timedelta(seconds=60)


def test_news_may_come_backwards_but_never_before_it_has_happened(moving: MovingClock) -> None:
    carrier = network(moving, replace(TALK, backwards=True))
    carrier.place(a_dial())
    assert news(carrier, moving, 59) == []
    assert [u.status for u in news(carrier, moving, 1)] == [S.ENDED, S.TALKING, S.RINGING]


def test_a_call_is_not_placed_twice(moving: MovingClock) -> None:
    carrier = network(moving)
    carrier.place(a_dial())
    with pytest.raises(CarrierError) as met:
        carrier.place(a_dial())
    assert not met.value.certain
    assert len(news(carrier, moving)) == 3


def test_a_machine_that_is_hung_up_on_was_a_machine(moving: MovingClock) -> None:
    carrier = network(moving, replace(TALK, result=R.MACHINE))
    carrier.place(a_dial())
    moving.forward(timedelta(seconds=20))
    carrier.hang_up(a_dial())
    assert news(carrier, moving)[-1].result is R.MACHINE


def test_a_network_started_anew_lives_the_calls_we_know_the_ids_of(moving: MovingClock) -> None:
    carrier = network(moving)
    moving.forward(timedelta(minutes=5))
    assert carrier.find(a_dial()) is None
    found = carrier.find(a_dial(external_id="sim-1"))
    assert found is not None
    assert (found.status, found.at) == (S.ENDED, START + timedelta(seconds=60))


def test_old_calls_are_forgotten_and_live_ones_kept(moving: MovingClock) -> None:
    carrier = network(moving)
    for n in range(50):
        carrier.place(a_dial(key=f"old {n}"))
    moving.forward(KEPT + timedelta(minutes=2))
    for n in range(25):
        carrier.place(a_dial(key=f"new {n}", at=moving()))
    assert all(carrier.find(a_dial(key=f"old {n}")) is None for n in range(50))
    assert all(carrier.find(a_dial(key=f"new {n}")) for n in range(25))
