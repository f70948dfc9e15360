"""The matcher: who gets a line first, how many at once, and never two calls to one number."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, connections, transaction
from pytest_django import Settings

from telephony import calls, exchange, lines, pace
from telephony.carrier import CallResult, CallStatus
from telephony.carriers.simulated import SimulatedCarrier
from telephony.clock import MovingClock
from telephony.models import Call, Trunk
from tests.fakes.puppet import Puppet
from tests.telephony.rows import Exchange
from tests.telephony.samples import NUMBER, START

Rows = Exchange
MINUTE = timedelta(minutes=1)


def number(n: int) -> str:
    return f"+8619000001{n:03}"


@pytest.fixture
def rows(exchange: Exchange) -> Exchange:
    """The fixture, under a name that leaves `exchange` to the module."""
    return exchange


def test_the_earliest_rank_goes_first(rows: Rows) -> None:
    rows.trunk(tokens=2, per_second=2)
    low = rows.booked(number(1), at=START - 10 * MINUTE)
    critical = rows.booked(number(2), head_start=60 * MINUTE)
    medium = rows.booked(number(3), head_start=5 * MINUTE)
    assert [c.pk for c in exchange.connect(now=START)] == [critical.pk, low.pk]
    assert [c.pk for c in exchange.connect(now=START + MINUTE)] == [medium.pk]


def test_time_alone_brings_everybody_to_the_front(rows: Rows) -> None:
    rows.trunk(tokens=1, per_second=1)
    old = rows.booked(number(1), at=START - 61 * MINUTE, until=START + MINUTE)
    rows.booked(number(2), head_start=60 * MINUTE)
    assert [c.pk for c in exchange.connect(now=START)] == [old.pk]


def test_what_is_dialled_is_marked_and_announced(rows: Rows, moves: list[tuple[str, str]]) -> None:
    trunk = rows.trunk()
    call = rows.booked()
    exchange.connect(now=START)
    call.refresh_from_db()
    assert (call.status, call.trunk, call.dialled_at) == (CallStatus.DIALLING, trunk, START)
    assert call.due_at == START + calls.SILENCE
    assert moves == [("dialling", "")]


@pytest.mark.parametrize("minutes", [-1, 60])
def test_a_call_is_dialled_neither_early_nor_late(rows: Rows, minutes: int) -> None:
    rows.trunk()
    rows.booked()
    assert exchange.connect(now=START + minutes * MINUTE) == []


def test_a_number_on_the_line_is_not_dialled_again(rows: Rows) -> None:
    trunk = rows.trunk()
    rows.on_line(trunk=trunk)
    rows.booked()
    other = rows.booked(number(1))
    assert [c.pk for c in exchange.connect(now=START)] == [other.pk]


def test_a_number_booked_twice_is_dialled_once(rows: Rows) -> None:
    rows.trunk()
    first = rows.booked(head_start=MINUTE)
    rows.booked()
    assert [c.pk for c in exchange.connect(now=START)] == [first.pk]
    calls.end(key=str(first.key), result=CallResult.BUSY, now=START)
    assert len(exchange.connect(now=START)) == 1


def test_the_database_refuses_two_live_calls_to_one_number(rows: Rows) -> None:
    trunk = rows.trunk()
    rows.on_line(trunk=trunk)
    with pytest.raises(IntegrityError, match="number_index"), transaction.atomic():
        rows.on_line(trunk=trunk)


# ---- Trunks


def test_a_trunk_carries_so_many_calls_at_once(rows: Rows) -> None:
    rows.trunk(concurrent=2)
    for n in range(3):
        rows.booked(number(n))
    assert len(exchange.connect(now=START)) == 2
    assert exchange.connect(now=START + MINUTE) == []
    calls.end(key=str(Call.objects.on_line()[0].key), result=CallResult.BUSY, now=START)
    assert len(exchange.connect(now=START + MINUTE)) == 1


def test_a_trunk_takes_so_many_calls_a_second_and_no_more_in_any_second(
    rows: Rows, puppet: Puppet, moving: MovingClock
) -> None:
    rows.trunk(carrier="puppet", concurrent=100, per_second=2, tokens=2)
    for n in range(9):
        rows.booked(number(n))
    dialled = []
    for after in (0, 0, 0.5, 0.5, 0.25, 0.75, 9):
        now = moving.forward(timedelta(seconds=after))
        dialled.append(exchange.turn(now=now))
    assert dialled == [2, 0, 0, 2, 0, 2, 2]


def test_a_call_holds_its_place_in_the_second_until_its_carrier_has_been_asked(
    rows: Rows, puppet: Puppet, moving: MovingClock
) -> None:
    rows.trunk(carrier="puppet", concurrent=100, per_second=2, tokens=2)
    for n in range(4):
        rows.booked(number(n))
    slow = exchange.connect(now=START)
    assert len(slow) == 2
    moving.forward(timedelta(seconds=5))  # whoever took them has not asked yet
    assert exchange.connect(now=moving()) == []
    for call in slow:
        calls.dial(call, now=moving())
    assert exchange.connect(now=moving.forward(timedelta(seconds=0.9))) == []
    assert len(exchange.connect(now=moving.forward(timedelta(seconds=0.1)))) == 2


def test_who_has_died_holds_no_place_for_ever_and_who_comes_late_asks_for_nothing(
    rows: Rows, puppet: Puppet, moving: MovingClock
) -> None:
    rows.trunk(carrier="puppet", per_second=1)
    for n in range(2):
        rows.booked(number(n))
    (late,) = exchange.connect(now=START)
    assert len(exchange.connect(now=moving.forward(pace.HELD_FOR))) == 1
    calls.dial(late, now=moving())
    assert puppet.placed == []
    assert Call.objects.get(pk=late.pk).result == CallResult.FAILED_HERE


def test_a_slow_trunk_still_takes_a_call_now_and_then(rows: Rows) -> None:
    rows.trunk(per_second=0.1, tokens=0)
    rows.booked()
    assert exchange.connect(now=START + timedelta(seconds=9)) == []
    assert len(exchange.connect(now=START + timedelta(seconds=10))) == 1


def test_a_clock_that_goes_back_earns_no_tokens(rows: Rows) -> None:
    rows.trunk(per_second=1, tokens=0, filled_at=START + MINUTE)
    rows.booked()
    assert exchange.connect(now=START + timedelta(seconds=30)) == []
    assert Trunk.objects.get().filled_at == START + MINUTE


def test_trunks_are_taken_by_priority_and_filled_one_after_the_other(rows: Rows) -> None:
    second = rows.trunk(priority=2)
    first = rows.trunk(priority=1, concurrent=1)
    rows.trunk(priority=0, enabled=False)
    for n in range(2):
        rows.booked(number(n))
    assert [c.trunk for c in exchange.connect(now=START)] == [first, second]


def test_a_trunk_that_has_just_failed_a_call_is_avoided_if_another_is_free(rows: Rows) -> None:
    first, second = rows.trunk(priority=1), rows.trunk(priority=2, concurrent=1)
    for n in range(2):
        rows.booked(number(n), avoid=[first.pk])
    assert [c.trunk for c in exchange.connect(now=START)] == [second, first]


def test_without_a_trunk_nothing_is_dialled(rows: Rows) -> None:
    rows.booked()
    assert exchange.turn(now=START) == 0
    assert exchange.trunk_count() == 1


@pytest.mark.parametrize("wrong", [{"concurrent": 0}, {"per_second": 0}, {"carries": ""}])
def test_the_database_refuses_a_trunk_that_carries_nothing(rows: Rows, wrong: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError, match="telephony_trunk_ca"), transaction.atomic():
        rows.trunk(**wrong)


# ---- A turn


def test_a_turn_dials_what_it_matched(rows: Rows) -> None:
    rows.trunk()
    rows.booked()
    assert exchange.turn(now=START) == 1
    assert Call.objects.get().external_id.startswith("sim-")


def test_one_bad_call_does_not_keep_the_others_from_being_dialled(
    rows: Rows, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.CARRIERS = {**settings.CARRIERS, "bad": {"adapter": "tests.fakes.puppet.NoCarrierAtAll"}}
    rows.trunk(carrier="bad", priority=1, concurrent=1)
    rows.trunk(priority=2)
    bad, good = rows.booked(number(1), head_start=MINUTE), rows.booked(number(2))
    assert exchange.turn(now=START) == 2
    assert Call.objects.get(pk=good.pk).external_id
    assert not Call.objects.get(pk=bad.pk).external_id
    assert number(1)[3:] not in caplog.text


def test_a_number_no_key_opens_keeps_no_other_waiting(rows: Rows, caplog: pytest.LogCaptureFixture) -> None:
    rows.trunk()
    bad, good = rows.booked(number(1), head_start=MINUTE), rows.booked(number(2))
    with connection.cursor() as cursor:
        cursor.execute("UPDATE telephony_call SET number = 'lost.AAAA' WHERE id = %s", [bad.pk])
    assert exchange.turn(now=START) == 2
    assert Call.objects.get(pk=good.pk).external_id
    assert calls.tend(now=START + calls.SILENCE) == 1


def together(count: int, act: Callable[[], object]) -> None:
    """Let so many threads act at once, each over its own connection; their faults are raised here."""
    faults: list[Exception] = []
    ready = threading.Barrier(count)

    def run() -> None:
        try:
            ready.wait(10)
            act()
        except Exception as fault:
            faults.append(fault)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not faults


@pytest.mark.django_db(transaction=True)
def test_many_exchanges_at_once_dial_every_number_once() -> None:
    """Each number is booked three times, and six matchers take turns until nothing more can be dialled."""
    rows = Exchange()
    rows.trunk(concurrent=1000, per_second=1000, tokens=1000)
    for n in range(60):
        rows.booked(number(n % 20))
    simulated = lines.carrier("simulated")
    assert isinstance(simulated, SimulatedCarrier)
    together(6, lambda: [exchange.turn(now=START, limit=3) for _ in range(10)])
    on_line = Call.objects.on_line()
    assert len({c.number_index for c in on_line}) == len(on_line) == len(simulated._lives) == 20


@pytest.mark.parametrize("status", ["dialling", "ended"])
def test_the_database_refuses_a_call_whose_due_time_does_not_fit(rows: Rows, status: str) -> None:
    """On the line it has a time to be asked after; once ended it has none, and a result."""
    call = rows.booked(NUMBER)
    wrong = {"due_at": None} if status == "dialling" else {"ended_at": START, "result": ""}
    with pytest.raises(IntegrityError, match="telephony_call_live_has_due_at"), transaction.atomic():
        Call.objects.filter(pk=call.pk).update(status=status, **wrong)
