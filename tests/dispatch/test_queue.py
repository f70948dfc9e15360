"""The queue: what its filters let through, how far it counts, what its rows tell; however odd the address."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from dispatch.admin import columns, queue
from dispatch.models import Case, User
from dispatch.vocabulary import Disposition, Level, Role, Tier
from dispatch.workflow import desk, reserving
from telephony import clock
from telephony.carrier import CallResult
from tests import factories
from tests.factories import START, Centre

SOON = START + timedelta(seconds=20)
QUEUE = "/admin/dispatch/case/"


@pytest.fixture(autouse=True)
def moving(settings: Settings) -> None:
    settings.CLOCK = "telephony.clock.moving"
    clock.moving.set(SOON)


@pytest.fixture
def place(db: None) -> Centre:
    return factories.centre()


@pytest.fixture
def user(place: Centre) -> User:
    return place.user(Role.OPERATOR)


@pytest.fixture
def listed(user: User) -> Callable[[str], set[str]]:
    """The numbers of the cases that a queue shows."""
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)

    def shown(query: str) -> set[str]:
        page = client.get(QUEUE + query)
        assert page.status_code == 200
        return {row.case.number for row in page.context["rows"]}

    return shown


def test_each_filter_lets_its_cases_through(
    place: Centre, user: User, listed: Callable[[str], set[str]]
) -> None:
    loan = factories.directive(place, "A", number=1, level=Level.MEDIUM, fraud_word="loan")
    critical = factories.directive(place, "B", number=2, level=Level.CRITICAL)
    there = factories.directive(place, "C", number=3, place=factories.elsewhere())
    reserving.next_case(by=user, scope=None, now=SOON)
    agreed = factories.judged(factories.directive(place, "D", number=4), Disposition.PERSUADED, now=SOON)
    found = {
        "": {loan, critical, there, agreed},
        "?level=4": {critical},
        "?type=loan": {loan},
        "?state=follow_up": {agreed},
        f"?unit={place.other.pk}": {there},
        f"?unit={place.other.pk}&level=4": set(),
        "?mine=1": {critical},
        "?level=9&state=x&type=&unit=zz&closed=2&page=-1": {loan, critical, there, agreed},
    }
    for query, cases in found.items():
        assert listed(query) == {case.number for case in cases}, query
    clock.moving.set(START + timedelta(minutes=3))
    assert listed("?overdue=1") == {critical.number}  # nobody has acknowledged its visit
    clock.moving.set(SOON + reserving.HOLD)
    assert listed("?mine=1") == set()  # the reservation has lapsed


def test_a_row_tells_who_is_on_it(place: Centre, user: User, listed: Callable[[str], set[str]]) -> None:
    case = factories.directive(place, "A", number=1)
    factories.dial(case, now=SOON)
    by = user

    def told() -> str:
        (row,) = queue.rows(list(queue.with_all(Case.objects.all())), by, SOON)
        return row.line.on_it

    assert told().startswith("desk ")
    colleague = place.user(first_name="晓", last_name="林")
    desk.take(case_id=case.pk, by=colleague, now=SOON)
    assert told() == str(colleague.get_full_name())


def test_a_count_ends_where_it_need_not_be_exact() -> None:
    assert [str(queue.Count(many)) for many in (0, 214, 999, 1000)] == ["0", "214", "999", "999+"]


def test_a_promise_is_green_then_amber_then_broken(place: Centre) -> None:
    case = factories.directive(place, "A", number=1, level=Level.CRITICAL)
    factories.unanswered(case, CallResult.BUSY, now=SOON)
    due = factories.live(case, Tier.VISIT).due_at
    assert due is not None
    tones = [columns.moment("", due, due - timedelta(seconds=left)).tone for left in (61, 60, 0, -1)]
    assert tones == ["well", "near", "near", "broken"]


@given(st.dictionaries(st.sampled_from([*queue.FILTERS, "page", "target__in", "x"]), st.text(max_size=12)))
def test_whatever_stands_in_the_address_is_read_and_written_again_the_same(query: dict[str, str]) -> None:
    asked = queue.Asked.of(query)
    assert 1 <= asked.page <= queue.MOST_COUNTED // queue.PAGE
    written = dict(pair.split("=") for pair in asked.address()[1:].split("&") if pair)
    again = queue.Asked.of({**written, "target__in": written.get("target__in", "").replace("%2C", ",")})
    assert (again.given, again.targets) == (asked.given, asked.targets)


@given(st.integers(0, 10**7))
def test_how_long_ago_is_said_in_one_unit_that_grows(seconds: int) -> None:
    said = columns.ago(START - timedelta(seconds=seconds), START)
    sizes = [(5, "刚刚"), (60, "秒前"), (3600, "分钟前"), (86400, "小时前")]
    expected = next((word for most, word in sizes if seconds < most), ":")
    assert expected in said
