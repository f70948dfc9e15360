"""How the database reads the queues: off the head of an index, never all of a table, never sorting all that waits."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import QuerySet
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoDbBlocker

from dispatch.admin import queue
from dispatch.models import Case, News, Order, Unit
from dispatch.vocabulary import Role
from telephony.models import Call, Leg, Link, Text
from tests import factories
from tests.crowd import Crowd, Reading, due_moment, explained, filtered, readings
from tests.factories import START

pytestmark = pytest.mark.django_db

ROWS = 12_000
DUE = (0, 100, 5_000, 11_000)
MANY = 1_000  # a sort of fewer is none of everything
OURS = ("dispatch_case", "telephony_call")


@pytest.fixture(scope="module")
def crowded(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[dict[str, Reading]]:
    """What the program reads, by its name, where very many wait; one call in thirty stands in the way."""
    with django_db_blocker.unblock(), transaction.atomic():  # around each test's own
        centre = factories.centre()
        for n in range(20):
            Unit.objects.create(name=f"county {n}", kind="county", adcode=f"44{n:04}", parent=centre.city)
        Crowd(rows=ROWS, held=200, late=200).gather()
        users = centre.user(Role.OPERATOR, centre.city), centre.user(Role.OPERATOR, Unit.objects.latest("pk"))
        yield {**readings(*users), **filtered(*users)}
        transaction.set_rollback(True)


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", ()):
        yield from nodes(below)


def faults_of(sql: str) -> list[str]:
    """What is wrong with the way the database carries this statement out."""
    faults = []
    for node in nodes(explained(sql)["Plan"]):
        read = sum(below["Actual Rows"] * below["Actual Loops"] for below in node.get("Plans", ()))
        if node["Node Type"] == "Seq Scan" and node["Relation Name"] in OURS:
            faults.append(f"reads all of {node['Relation Name']}")
        if node["Node Type"] == "Sort" and read > MANY:
            faults.append(f"sorts {read} rows")
    return [f"{fault}: {sql}" for fault in faults]


def faults_in(read: Reading, due: int) -> list[str]:
    with CaptureQueriesContext(connection) as seen:
        read(due_moment(due))
    selects = [query["sql"] for query in seen if query["sql"].startswith("SELECT")]
    assert selects
    return [fault for sql in selects for fault in faults_of(sql)]


def test_however_many_are_due_the_next_are_read_off_an_index(crowded: dict[str, Reading]) -> None:
    assert [fault for read in crowded.values() for due in DUE for fault in faults_in(read, due)] == []


@pytest.mark.parametrize(
    ("due", "index"),
    [
        (Case.objects.due(START, 4), "dispatch_case_due"),
        (Order.objects.open().filter(due_at__lte=START), "dispatch_order_due"),
        (News.objects.due(START), "dispatch_news_due"),
        (Call.objects.silent(START), "telephony_call_silent"),
        (Leg.objects.silent(START), "telephony_leg_silent"),
        (Text.objects.due(START), "telephony_text_due"),
        (Link.objects.due(START), "telephony_link_due"),
    ],
    ids=lambda given: given if isinstance(given, str) else "",
)
def test_what_each_tick_looks_for_stands_in_an_index(due: QuerySet[Any], index: str) -> None:
    with connection.cursor() as cursor:  # however few rows there are
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off")
    assert index in due.order_by("due_at").explain()


def test_a_count_goes_no_further_than_it_shows(crowded: dict[str, Reading]) -> None:
    assert crowded
    told = [queue.standing(Case.objects.all(), due_moment(due)) for due in (100, 11_000)]
    assert [(str(one["open"]), str(one["late"])) for one in told] == [("999+", "99"), ("999+", "999+")]


@pytest.mark.parametrize(
    ("index", "reading"),
    [
        ("dispatch_case_due", "100 due cases, claimed"),
        ("dispatch_case_risk", "25 of the whole queue"),
        ("telephony_call_rank", "100 waiting calls"),
        ("dispatch_case_by_state", "a tier nobody is in"),
        ("dispatch_case_by_fraud_type", "a type of nobody"),
    ],
)
def test_without_its_index_a_reading_is_found_out(
    crowded: dict[str, Reading], index: str, reading: str
) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"DROP INDEX {index}")
    assert faults_in(crowded[reading], 11_000)
