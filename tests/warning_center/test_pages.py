"""The supervisors' pages: who may, what they say, and that each number opens into exactly its cases."""

import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from dispatch.models import Event, Unit
from dispatch.vocabulary import Disposition, Level, Result, Role, Tier
from dispatch.workflow import closing
from telephony import clock
from tests import factories
from tests.factories import START, Centre
from warning_center.supervision.rollups import keep

SOON = START + timedelta(seconds=20)
Enter = Callable[..., Client]


@pytest.fixture(autouse=True)
def moving(settings: Settings) -> None:
    settings.CLOCK = "telephony.clock.moving"
    clock.moving.set(START + timedelta(days=8))


@pytest.fixture
def place(db: None) -> Centre:
    return factories.centre()


@pytest.fixture
def enter(place: Centre) -> Enter:
    def logged_in(role: Role = Role.SUPERVISOR, unit: Unit | None = None, language: str = "en") -> Client:
        client = Client(headers={"accept-language": language})
        client.force_login(place.user(role, unit))
        return client

    return logged_in


@pytest.fixture
def history(place: Centre) -> Centre:
    """One verified, one defrauded after warning, one false alarm, one void, one open; two counties."""
    saved = factories.directive(place, "A", number=1, amount="10000")
    factories.followed_up(factories.judged(saved, Disposition.PERSUADED, now=SOON))
    lost = factories.directive(place, "B", number=2, level=Level.CRITICAL, place=factories.elsewhere())
    factories.judged(lost, Disposition.NOT_PERSUADED, Tier.VOICE, now=SOON)
    factories.judged(lost, Disposition.PERSUADED, Tier.VISIT, now=SOON + timedelta(minutes=1))
    factories.followed_up(lost, Result.LOSS, checks=1)
    alarm = factories.directive(place, "C", number=3, fraud_word="刷单")
    factories.judged(alarm, Disposition.FALSE_ALARM, now=SOON)
    wrong = factories.directive(place, "D", number=4)
    closing.void(case_id=wrong.pk, by=place.user(Role.SUPERVISOR), why="twice", now=SOON)
    factories.directive(place, "E", number=5)
    keep.keep_up()
    return place


def text(html: str) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", "", html)))


def test_the_sentence_says_what_came_what_was_taken_out_and_what_became_of_the_rest(
    history: Centre, enter: Enter
) -> None:
    said = text(enter().get("/supervision/").content.decode())
    assert "5; less 0 duplicates and 1 approved voids, 4: 1 a success (25.0 %" in said
    assert "1 open, 2 not." in said
    assert "Strict (verified by a person): 1 of 4 (25.0 %" in said
    assert "Defrauded after warning: 1 of 2 (50.0 %" in said


def test_chinese_comes_first(history: Centre, enter: Enter) -> None:
    said = text(enter(language="").get("/supervision/").content.decode())
    assert "收到 5 条，去重 0、经批准作废 1，余 4：成功 1（25.0 %" in said
    assert "1.0 万元" in said


def test_every_number_opens_into_exactly_its_cases(history: Centre, enter: Enter) -> None:
    client = enter()
    html = client.get("/supervision/").content.decode()
    links = set(re.findall(r'<a [^>]*href="(/supervision/cases\?[^"]+)"[^>]*>([\d,]+)</a>', html))
    assert len(links) > 20
    for address, figure in links:
        listed = client.get(unescape(address))
        assert listed.status_code == 200
        number = int(figure.replace(",", ""))
        assert listed.context["directives"] == number, address
        assert len(listed.context["cases"]) == number, address  # here every directive has a case of its own


def test_filters_stand_in_the_address_and_narrow_every_figure(history: Centre, enter: Enter) -> None:
    client = enter()

    def received(query: str) -> int:
        return client.get(f"/supervision/?{query}").context["figures"].parts["received"].n

    assert received("") == 5
    assert received("type=brushing") == 1
    assert received(f"unit={history.other.path}") == 1
    assert received("level=critical") >= 1
    assert received("from=2026-03-03&to=2026-03-09") == 0
    assert received("source=nobody") == 0


def test_dates_that_are_none_are_said_and_the_last_30_days_shown(history: Centre, enter: Enter) -> None:
    answer = enter().get("/supervision/?from=yesterday")
    assert "These are no dates" in answer.content.decode()
    assert answer.context["figures"].parts["received"].n == 5


def test_an_empty_page_says_what_would_appear(place: Centre, enter: Enter) -> None:
    assert "No directive was received" in enter().get("/supervision/").content.decode()


def test_differences_that_chance_explains_are_called_so(history: Centre, enter: Enter) -> None:
    assert "Differences not significant" in enter().get("/supervision/").content.decode()


def test_a_county_sees_its_own_figures_and_cases_only(history: Centre, enter: Enter) -> None:
    client = enter(Role.SUPERVISOR, history.other)
    answer = client.get("/supervision/")
    assert answer.context["figures"].parts["received"].n == 1
    assert "电白区" not in answer.content.decode()
    across = client.get(f"/supervision/cases?unit={history.city.path}&part=received")
    assert across.context["directives"] == 1
    beyond = client.get(f"/supervision/cases?unit={history.county.path}&part=received")
    assert beyond.context["directives"] == 0


def test_a_figure_that_does_not_exist_is_not_found(place: Centre, enter: Enter) -> None:
    assert enter().get("/supervision/cases?part=invented").status_code == 404
    assert enter().get("/supervision/cases?part=money_invented").status_code == 404


def test_persons_are_masked_in_the_lists(history: Centre, enter: Enter) -> None:
    listed = enter().get("/supervision/cases?part=received").content.decode()
    assert "测**" in listed
    assert "测试人" not in listed


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.OFFICER])
@pytest.mark.parametrize("address", ["/supervision/", "/supervision/cases"])
def test_others_are_refused_on_record(place: Centre, enter: Enter, role: Role, address: str) -> None:
    assert enter(role).get(address).status_code == 403
    assert Event.objects.get(verb="refused").why == "supervisors only"


@pytest.mark.parametrize("address", ["/", "/supervision/", "/supervision/cases", "/admin/"])
def test_a_stranger_is_sent_to_the_login(db: None, address: str) -> None:
    answer = Client().get(address, follow=True)
    assert answer.redirect_chain[-1][0].startswith("/login/")


@pytest.mark.parametrize(
    ("role", "home"),
    [
        (Role.OPERATOR, "/admin/dispatch/case/"),
        (Role.SUPERVISOR, "/supervision/"),
        (Role.ADMINISTRATOR, "/supervision/"),
    ],
)
def test_the_front_page_sends_each_role_where_it_works(
    place: Centre, enter: Enter, role: Role, home: str
) -> None:
    answer = enter(role).get("/")
    assert answer.headers["Location"] == home


def test_an_officer_is_shown_the_rest_door(place: Centre, enter: Enter) -> None:
    told = enter(Role.OFFICER).get("/").content.decode()
    assert reverse("api-docs") in told


def test_one_login_serves_all_roles(place: Centre) -> None:
    for role, home in ((Role.OFFICER, "/"), (Role.OPERATOR, "/admin/dispatch/case/")):
        user = place.user(role, password=factories.PASSWORD)
        data = {"username": user.username, "password": factories.PASSWORD}
        answer = Client().post("/login/", data, follow=True)
        assert answer.request["PATH_INFO"] == home


def test_the_language_is_switched_and_kept(place: Centre, enter: Enter) -> None:
    client = enter(language="")
    assert "督导统计" in client.get("/supervision/").content.decode()
    client.post("/language/setlang/", {"language": "en", "next": "/supervision/"})
    assert "Supervision" in client.get("/supervision/").content.decode()


def test_figures_take_the_same_number_of_queries_however_many_cases(
    place: Centre, enter: Enter, django_assert_max_num_queries: Callable[[int], object]
) -> None:
    client = enter()
    counts = []
    for number in (3, 15):
        for more in range(number):
            factories.directive(place, f"{number}-{more}", number=number * 100 + more)
        keep.keep_up()
        with django_assert_max_num_queries(20) as seen:  # type: ignore[attr-defined]
            client.get("/supervision/")
        counts.append(len(seen))
    assert counts[0] == counts[1]
