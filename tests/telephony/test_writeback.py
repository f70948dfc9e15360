"""Writing rows back: the columns asked for, of the rows given, whatever their types."""

from datetime import timedelta

import pytest
from django.db import DataError, IntegrityError, connection
from django.test.utils import CaptureQueriesContext

from telephony.carrier import CallStatus
from telephony.models import Call
from telephony.writeback import insert, write_back
from tests.telephony.rows import Exchange


@pytest.fixture
def booked(exchange: Exchange) -> list[Call]:
    return [exchange.booked(f"+861900000000{n}") for n in range(3)]


def test_only_these_columns_of_these_rows_are_written_in_one_statement(
    booked: list[Call], exchange: Exchange
) -> None:
    trunk = exchange.trunk()
    first, second, third = booked
    first.avoid, first.trunk, first.until = [trunk.pk, 7], trunk, first.until + timedelta(hours=1)
    second.avoid, second.trunk, second.tag = [], None, "not asked for"
    third.avoid = [1]
    with CaptureQueriesContext(connection) as seen:
        write_back([first, second], ["avoid", "trunk", "until"])
    assert len(seen) == 1
    kept = [Call.objects.get(pk=call.pk) for call in booked]
    assert [call.avoid for call in kept] == [[trunk.pk, 7], [], []]
    assert [call.trunk for call in kept] == [trunk, None, None]
    assert [call.until for call in kept] == [first.until, second.until, third.until]
    assert kept[1].tag == ""


def test_nothing_is_written_of_nothing(db: None) -> None:
    with CaptureQueriesContext(connection) as seen:
        write_back([], ["avoid"])
    assert not seen.captured_queries


def test_what_the_database_refuses_is_refused(booked: list[Call]) -> None:
    booked[0].status = CallStatus.ENDED
    with pytest.raises(IntegrityError, match="telephony_call_live_has_due_at"):
        write_back(booked, ["status", "due_at"])


def test_however_many_new_rows_each_learns_its_own_id(booked: list[Call], exchange: Exchange) -> None:
    trunk = exchange.trunk()
    made = [
        Call(
            number=f"+86190000010{n:02d}", number_index=f"i{n}", kind="voice", trunk=trunk, avoid=[n, {"a": "“京”\n"}],
            rank_at=booked[0].rank_at, booked_for=booked[0].booked_for, until=booked[0].until, due_at=booked[0].due_at,
        )
        for n in range(50)
    ]  # fmt: skip
    insert(made)
    for call in made:
        kept = Call.objects.get(key=call.key)
        assert (kept.pk, kept.number, kept.number_index) == (call.pk, call.number, call.number_index)
        assert (kept.avoid, kept.until, kept.trunk, kept.desk) == (call.avoid, call.until, trunk, None)


def test_what_is_too_long_is_refused_not_cut(booked: list[Call]) -> None:
    for call in booked:
        call.tag = "x" * 33
    with pytest.raises(DataError):
        write_back(booked, ["tag"])
