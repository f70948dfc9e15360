"""The map by county: each figure by name and number, opening into its cases; no county is dropped."""

from datetime import timedelta

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from dispatch.models import Unit
from dispatch.register.parts import outlined
from dispatch.vocabulary import Disposition, Role, UnitKind
from telephony import clock
from tests import factories
from tests.factories import START, Centre
from warning_center.supervision import rates
from warning_center.supervision.pages import counties
from warning_center.supervision.pages.sheet import Map, Plot
from warning_center.supervision.rates import Rate
from warning_center.supervision.rollups import keep

SQUARE = {"type": "Polygon", "coordinates": [[[110.9, 21.4], [111.4, 21.4], [111.4, 21.8], [110.9, 21.4]]]}


@pytest.fixture(autouse=True)
def moving(settings: Settings) -> None:
    settings.CLOCK = "telephony.clock.moving"
    clock.moving.set(START + timedelta(days=9))


@pytest.fixture
def place(db: None) -> Centre:
    """Two directives in a county with an outline, one in a county without."""
    here = factories.centre()
    outlined(here.county, SQUARE, sketch=True).save()
    for number in range(2):
        case = factories.directive(here, f"R{number}", number=number)
        if number:
            factories.followed_up(
                factories.judged(case, Disposition.PERSUADED, now=START + timedelta(seconds=20))
            )
    factories.directive(here, "R9", number=9, place=factories.elsewhere())
    keep.keep_up()
    return here


@pytest.fixture
def client(place: Centre) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(place.user(Role.SUPERVISOR))
    return client


def shown(client: Client, query: str = "") -> Map:
    found: Map = client.get(f"/supervision/by/map{query}").context["sheets"][0].map
    return found


def named(plots: tuple[Plot, ...]) -> dict[str, tuple[str, str]]:
    return {plot.name.text: (plot.rate, plot.n.text) for plot in plots}


def test_each_county_carries_its_figure_and_those_without_an_outline_are_listed_beside(
    place: Centre, client: Client
) -> None:
    told = shown(client)
    assert named(told.plots) == {"电白区": ("50.0 %", "1 / 2")}
    assert named(told.beside) == {"高州市": ("0.0 %", "0 / 1")}
    assert told.has_sketches
    for plot in (*told.plots, *told.beside):
        assert client.get(plot.n.href).context["directives"] == plot.n.number


def test_a_county_opens_into_its_own_parts(place: Centre, client: Client) -> None:
    deeper = shown(client).plots[0].name.href
    page = client.get(f"/supervision/by/map{deeper}")
    (sheet,) = page.context["sheets"]
    assert sum(row[1].number for row in sheet.rows) == 2
    assert set(named(sheet.map.beside)) == {"电白区: its own"}
    assert [name for _href, name in page.context["above"]] == ["all", "茂名市", "电白区"]


def test_who_sees_everything_sees_the_counties_of_the_only_city_and_what_has_no_unit(place: Centre) -> None:
    everything = Client(headers={"accept-language": "en"})
    everything.force_login(place.user(Role.ADMINISTRATOR, is_superuser=True))
    told = shown(everything)
    assert set(named(told.plots)) | set(named(told.beside)) == {"电白区", "高州市"}
    lost = everything.get("/supervision/cases?part=received&unit==")
    assert lost.context["directives"] == 0


def test_with_two_cities_it_shows_the_cities(place: Centre) -> None:
    Unit.objects.create(name="湛江市", kind=UnitKind.CITY, adcode="440800", lat=21.2, lon=110.4)
    everything = Client(headers={"accept-language": "en"})
    everything.force_login(place.user(Role.ADMINISTRATOR, is_superuser=True))
    assert set(named(shown(everything).beside)) == {"茂名市"}


def test_a_county_from_which_nothing_came_keeps_its_place(place: Centre, client: Client) -> None:
    outlined(place.other, SQUARE, sketch=False).save()
    told = shown(client, "?type=brushing")
    assert {plot.stands for plot in told.plots} == {"none"}
    assert set(named(told.plots)) == {"电白区", "高州市"}


def test_without_any_outline_the_page_says_how_to_load_them(place: Centre, client: Client) -> None:
    place.county.areas.all().delete()
    html = client.get("/supervision/by/map").content.decode()
    assert "manage.py units FILE" in html
    assert "电白区" in html


@given(st.integers(0, 300), st.integers(0, 300), st.integers(0, 3000), st.integers(0, 3000))
def test_a_pattern_says_more_than_same_only_where_the_intervals_do_not_meet(
    a: int, b: int, c: int, d: int
) -> None:
    one, whole = Rate("", "", a, a + b), Rate("", "", c, c + d)
    said = counties.stands(one, whole)
    if not one.n or not whole.n:
        assert said == "none"
    elif rates.differ([one, whole]):
        assert said == ("above" if a * whole.n > c * one.n else "below")
    else:
        assert said == "same"
