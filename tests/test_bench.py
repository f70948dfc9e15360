"""The measurements themselves: the limit writes the rows that the program writes, and the table tells no tales."""

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from dispatch.workflow import turn
from tests.bench.closed import Past
from tests.bench.handmade import Hand
from tests.bench.population import Population, written
from tests.bench.table import Row, middle, percentile
from tests.factories import START
from warning_center.supervision.rollups import recount

DUE = 100
numbers = st.lists(st.floats(0, 1e6), min_size=1)


def _address() -> str:
    at: dict[str, Any] = connection.settings_dict
    return f"postgres://{at['USER']}:{at['PASSWORD']}@{at['HOST']}:{at['PORT']}/{at['NAME']}"


def _steps(take_turn: Callable[[], int]) -> int:
    steps = 0
    while took := take_turn():
        steps += took
    return steps


@pytest.mark.django_db(transaction=True)
def test_the_program_and_hand_made_sql_write_the_same_rows_for_the_same_cases() -> None:
    people = Population()
    people.grow(10 * DUE)
    hand = Hand(_address())
    effects = []
    ways: list[Callable[[], int]] = [lambda: turn.advance_due(now=START), lambda: hand.advance_due(START)]
    for take_turn in ways:
        people.make_due(DUE, START)
        before = written(_address())
        assert _steps(take_turn) == DUE
        after = written(_address())
        effects.append(Counter({key: after[key] - before[key] for key in after | before}))
    hand.connection.close()
    assert +effects[0] == +effects[1]
    assert effects[0]["record settled"] == effects[0]["attempt 1 planned"] - effects[0]["assessment 69"] > 0


@given(numbers, st.floats(0.01, 1))
def test_no_more_than_the_rest_lies_above_a_percentile(values: list[float], share: float) -> None:
    found = percentile(values, share)
    assert found in values
    assert sum(value <= found for value in values) >= share * len(values)
    assert sum(value < found for value in values) < share * len(values)


@given(
    st.lists(st.tuples(st.floats(0, 1e3), st.floats(0, 1e3)), min_size=1).filter(lambda pairs: len(pairs) % 2)
)
def test_the_middle_pair_has_as_many_dearer_as_cheaper(pairs: list[tuple[float, float]]) -> None:
    found = sum(middle(pairs))
    assert sum(sum(pair) < found for pair in pairs) <= len(pairs) // 2
    assert sum(sum(pair) > found for pair in pairs) <= len(pairs) // 2


def test_a_row_comes_through_the_pipe_as_it_was() -> None:
    row = Row("steps", "10 open", (1.0, 2.0, 4.0), "/s", (0.5, 0.25), 50.0, "2 ×", "at least 3/s", kept=False)
    assert Row.from_json(json.loads(json.dumps(row.as_json()))) == row
    assert (
        row.line() == "| steps | 10 open | 2 /s | 1 – 4 | 0.50 + 0.25 | 50 | 2 × | at least 3/s: **missed** |"
    )


@pytest.mark.django_db(transaction=True)
def test_a_copied_past_is_counted_as_the_record_says() -> None:
    past = Past(a_day=20, days=4)
    past.grow(240)
    found = recount.check()
    assert found.directives == 240
    assert found.differences == ()
