"""Who is served first when too many wait: one total order, in which nobody is overtaken for ever."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from telephony import calls, exchange
from telephony.carrier import CallKind, CallResult
from telephony.models import Call
from tests.examples import few
from tests.telephony.rows import Exchange
from tests.telephony.samples import START

MINUTE = timedelta(minutes=1)
TICK = 5  # minutes
TICKS = 24  # two hours
HEAD_STARTS = (0, 5, 20, 60)  # minutes, as the built-in chain gives them
LONGEST = max(HEAD_STARTS)

on_the_real_one = settings(
    max_examples=few(10), suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@dataclass(frozen=True, slots=True)
class Wish:
    """A call that somebody books at a tick; times in minutes after START."""

    number: int
    booked: int  # the tick
    begin: int
    head_start: int
    patience: int

    def could_be_dialled(self, minute: int) -> bool:
        return self.begin <= minute < self.begin + self.patience


@dataclass(frozen=True, slots=True)
class Day:
    """Wishes in the order they are booked, so many lines, and how many ticks each call lasts."""

    wishes: tuple[Wish, ...]
    lines: int
    lasts: int

    def coming(self, tick: int) -> list[int]:
        return [n for n, wish in enumerate(self.wishes) if wish.booked == tick]


WISHES = st.builds(
    Wish,
    number=st.integers(1, 9),
    booked=st.integers(0, TICKS),
    begin=st.integers(0, TICK * TICKS),
    head_start=st.sampled_from(HEAD_STARTS),
    patience=st.sampled_from((10, 60, 24 * 60)),
)


def days(most: int) -> st.SearchStrategy[Day]:
    """Fewer lines than calls, always."""
    wishes = st.lists(WISHES, min_size=4, max_size=most).map(
        lambda made: tuple(sorted(made, key=lambda wish: wish.booked))
    )
    return st.builds(Day, wishes, lines=st.integers(1, 3), lasts=st.integers(1, 4))


class Line(Protocol):
    """Something that serves: the model, or the program."""

    def step(self, tick: int) -> list[int]:
        """Book what comes, end what has lasted, and serve; which wishes were served, in order."""


@dataclass
class Model:
    """The queue as the design tells it."""

    day: Day
    waiting: list[int] = field(default_factory=list)
    talking: dict[int, int] = field(default_factory=dict)  # since which tick

    def step(self, tick: int) -> list[int]:
        wishes = self.day.wishes
        self.waiting += self.day.coming(tick)
        self.talking = {n: since for n, since in self.talking.items() if tick < since + self.day.lasts}
        held = {wishes[n].number for n in self.talking}
        able = [n for n in self.waiting if wishes[n].could_be_dialled(tick * TICK)]
        able = [n for n in able if wishes[n].number not in held]
        able.sort(key=lambda n: (wishes[n].begin - wishes[n].head_start, n))
        room = self.day.lines - len(self.talking)
        chosen: dict[int, int] = {}
        for n in able[: room * 2]:  # the matcher looks no further; its next turn does
            if len(chosen) < room:
                chosen.setdefault(wishes[n].number, n)
        served = list(chosen.values())
        self.waiting = [n for n in self.waiting if n not in served]
        self.talking |= dict.fromkeys(served, tick)
        return served


class Program:
    """The same through the real booking, the real matcher and the real table."""

    def __init__(self, day: Day, rows: Exchange) -> None:
        self.day, self.calls = day, dict[int, int]()
        rows.trunk(concurrent=day.lines, per_second=1000, tokens=1000)

    def step(self, tick: int) -> list[int]:
        now = moment(tick * TICK)
        for call in Call.objects.on_line():
            if call.dialled_at and call.dialled_at + self.day.lasts * TICK * MINUTE <= now:
                calls.end(key=str(call.key), result=CallResult.NO_ANSWER, now=now)
        for n in self.day.coming(tick):
            self.calls[booked(self.day.wishes[n]).pk] = n
        return [self.calls[call.pk] for call in exchange.connect(now=now)]


def moment(minute: int) -> datetime:
    return START + minute * MINUTE


def booked(wish: Wish) -> Call:
    call = calls.booking(
        number=f"+8619000002{wish.number:03}",
        kind=CallKind.VOICE,
        at=moment(wish.begin),
        until=moment(wish.begin + wish.patience),
        head_start=wish.head_start * MINUTE,
    )
    calls.book([call])
    return call


def lived(day: Day, line: Line) -> list[list[int]]:
    return [line.step(tick) for tick in range(TICKS + 1)]


def check_that_nobody_is_overtaken_beyond_the_bound(day: Day, served: Sequence[Sequence[int]]) -> None:
    """While it may be dialled and its number is free, a call sees only those go first that the bound allows."""
    done: dict[int, int] = {}  # the tick
    for tick, now in enumerate(served):
        held = {day.wishes[n].number for n, since in done.items() if tick < since + day.lasts}
        held |= {day.wishes[n].number for n in now}
        done |= dict.fromkeys(now, tick)
        for n, waits in enumerate(day.wishes):
            if n in done or waits.booked > tick or waits.number in held:
                continue
            if waits.could_be_dialled(tick * TICK):
                latest = waits.begin + LONGEST - waits.head_start
                assert all(day.wishes[first].begin <= latest for first in now)


@pytest.fixture
def rows(exchange: Exchange) -> Exchange:
    """The fixture, under a name that leaves `exchange` to the module."""
    return exchange


@given(days(most=60))
def test_nobody_is_overtaken_by_a_call_that_may_begin_later_than_the_bound(day: Day) -> None:
    check_that_nobody_is_overtaken_beyond_the_bound(day, lived(day, Model(day)))


@on_the_real_one
@given(day=days(most=20))
def test_the_matcher_serves_as_the_model_does(rows: Exchange, day: Day) -> None:
    with transaction.atomic():
        served = lived(day, Program(day, rows))
        transaction.set_rollback(True)
    assert served == lived(day, Model(day))
    check_that_nobody_is_overtaken_beyond_the_bound(day, served)


@on_the_real_one
@given(wishes=st.lists(WISHES, min_size=2, max_size=20))
def test_the_order_is_total_rank_first_then_who_was_booked_first(rows: Exchange, wishes: list[Wish]) -> None:
    with transaction.atomic():
        made = [booked(wish) for wish in wishes]
        late = moment(TICK * TICKS)
        waiting = [call.pk for call in Call.objects.waiting(late)]
        transaction.set_rollback(True)
    due = [call for call in made if call.until > late]
    assert waiting == [call.pk for call in sorted(due, key=lambda call: (call.rank_at, call.pk))]


def test_under_a_flood_of_critical_calls_a_low_one_waits_for_an_hour_of_them_and_no_more(
    rows: Exchange,
) -> None:
    """Two lines, and every ten minutes four critical calls more than are served: the low one has its turn."""
    rows.trunk(concurrent=2, per_second=1000, tokens=1000)
    low = booked(Wish(0, 0, begin=0, head_start=0, patience=2 * 24 * 60))
    for n in range(100):
        booked(Wish(100 + n, 0, begin=10 * (n // 4), head_start=60, patience=24 * 60))
    before: list[int] = []
    while low.pk not in before:
        now = moment(10 * len(before) // 2)
        for call in exchange.connect(now=now):
            before.append(call.pk)
            calls.end(key=str(call.key), result=CallResult.NO_ANSWER, now=now)
    assert before.index(low.pk) == 4 * 60 // 10  # those that may begin within the hour, and none after
