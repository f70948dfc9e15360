"""Each figure of each page is the length of its list, under any filter; and what was gamed can be seen."""

import random
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from html import unescape

import pytest
from django.test import Client
from pytest_django import Settings

from dispatch.models import Case, Unit
from dispatch.vocabulary import Disposition, FraudType, Level, Outcome, Role
from dispatch.workflow import closing, report, words
from telephony import clock
from tests import factories
from tests.factories import START, Centre
from tests.supervision import gaming
from warning_center.models import Directive, SavedView
from warning_center.supervision import rates, statistics
from warning_center.supervision.pages import catalogue
from warning_center.supervision.rollups import keep
from warning_center.supervision.rollups.read import Reading
from warning_center.supervision.statistics import Filter

Enter = Callable[..., Client]
LINKS = re.compile(r'<a [^>]*href="(/supervision/cases\?[^"]+)"[^>]*>(?:[^<\d]*)([\d,]+)</a>')
MANY = re.compile("cut=(visit|order|promise|time|money)")  # of one case there may be several


@pytest.fixture(autouse=True)
def moving(settings: Settings) -> None:
    settings.CLOCK = "telephony.clock.moving"
    clock.moving.set(START + timedelta(days=13))


@pytest.fixture
def enter(place: Centre) -> Enter:
    def logged_in(unit: Unit | None = None, role: Role = Role.SUPERVISOR, language: str = "en") -> Client:
        client = Client(headers={"accept-language": language})
        client.force_login(place.user(role, unit))
        return client

    return logged_in


@pytest.fixture
def lived(place: Centre) -> Centre:
    life = gaming.Lives(place, random.Random(11))
    for _ in range(60):
        life.step()
    keep.keep_up()
    return place


def pages() -> list[str]:
    return [
        "/supervision/",
        "/supervision/definitions",
        *(f"/supervision/by/{slug}" for slug in catalogue.PAGES),
    ]


def test_every_figure_of_every_page_is_the_length_of_its_list(lived: Centre, enter: Enter) -> None:
    client = enter()
    seen: dict[str, int] = {}
    for page in pages():
        for query in (
            "",
            random.Random(page).choice((f"?unit={lived.county.path}", "?type=authority", "?level=high")),
        ):
            html = client.get(f"{page}{query}").content.decode()
            for address, figure in LINKS.findall(html):
                seen.setdefault(unescape(address), int(figure.replace(",", "")))
    assert len(seen) > 200
    for address in random.Random(5).sample(sorted(seen), 60):
        figure = seen[address]
        listed = client.get(address).context["directives"]
        assert listed == figure or (MANY.search(address) and 0 < listed <= figure), address


@pytest.mark.parametrize("seed", [21])
def test_under_any_filter_the_roll_ups_tell_what_the_record_does(place: Centre, seed: int) -> None:
    chance = random.Random(seed)
    life = gaming.Lives(place, chance)
    for _ in range(50):
        life.step()
    keep.keep_up()
    units = ["", *Unit.objects.values_list("path", flat=True)]
    for _ in range(15):
        since = (START + timedelta(days=chance.randint(-1, 6))).date()
        wanted = Filter(
            since=since,
            until=since + timedelta(days=chance.randint(0, 9)),
            scope=chance.choice([None, place.city.path, place.county.path]),
            unit=chance.choice(units) or "",
            exactly=chance.random() < 0.2,
            level=chance.choice([None, None, *Level]),
            fraud=chance.choice([None, None, *FraudType]),
            source=chance.choice(["", "", "province", "nobody"]),
        )
        rows, reading = statistics.read(wanted), Reading(wanted)
        reading.ask("", "fraud", "source", "hour", "money.lost")
        for part in (
            "received",
            "counted",
            "succeeded",
            "pending",
            "failed",
            "void",
            "duplicate",
            "tried_visit",
        ):
            assert rates.count(reading.whole(), part) == rates.count(rows, part), (part, wanted)
            assert reading.behind(part, "", "").count() == rates.count(rows, part), (part, wanted)
        types = {key: rates.count(some, "counted") for key, some in reading.cut("fraud").items()}
        for fraud, some in statistics.by_fraud(rows):
            assert types.get(fraud.value, 0) == rates.count(some, "counted"), wanted
        hours = sum(rates.count(some, "received") for some in reading.cut("hour").values())
        assert hours == rates.count(rows, "received"), wanted
        assert sum(rates.count(some, "received") for some in reading.below().values()) == rates.count(
            rows, "received"
        )
        if wanted.scope and (wanted.unit or "").startswith(wanted.scope):
            lines = {
                line.key.removesuffix("="): line.rows
                for line in statistics.by_unit(rows, wanted.unit or wanted.scope)
            }
            paths = dict(Unit.objects.values_list("pk", "path"))
            kept = {paths.get(pk, ""): rates.count(some, "received") for pk, some in reading.below().items()}
            assert kept == {key: rates.count(some, "received") for key, some in lines.items()}, wanted


def test_a_county_sees_nothing_of_another_on_any_page(lived: Centre, enter: Enter) -> None:
    client = enter(lived.other)
    for page in pages():
        html = client.get(page).content.decode()
        assert "电白区" not in html, page
        for query in (f"?unit={lived.county.path}",):
            html = client.get(f"{page}{query}").content.decode()
            assert not [n for _, n in LINKS.findall(html) if int(n.replace(",", ""))], (page, query)
    theirs = client.get("/supervision/cases?part=received").context["cases"]
    assert {line.unit for line in theirs} <= {unit.name for unit in Unit.objects.under(lived.other)}


def test_a_page_that_does_not_exist_is_not_found(place: Centre, enter: Enter) -> None:
    assert enter().get("/supervision/by/league-table").status_code == 404
    assert enter().get("/supervision/cases?cut=name&key=x").status_code == 404


def test_closing_early_voiding_reopening_and_marking_duplicates_show(place: Centre, enter: Enter) -> None:
    chief = place.user(Role.SUPERVISOR, username="brushes-up")
    hasty = place.user(Role.OPERATOR, username="hasty")
    now = START + timedelta(minutes=1)
    early = factories.directive(place, "EARLY", number=1)
    call = factories.answer(early, now=now)
    words.judge(
        attempt_id=call.pk, disposition=Disposition.PERSUADED, now=now + timedelta(seconds=9), by=hasty
    )
    failing = factories.directive(place, "VOID", number=2)
    closing.void(case_id=failing.pk, by=chief, why="was no use", now=now)
    again = factories.judged(factories.directive(place, "AGAIN", number=3), Disposition.FALSE_ALARM, now=now)
    factories.directive(place, "AGAIN-2", number=3, now=now + timedelta(days=1))
    assert Case.objects.filter(previous=again).exists()
    factories.directive(place, "LOSING", number=4)
    for reference, number in (("ID ALONE", ""), ("MERGES", "+8619000000004")):
        person = report.Person(number=number, id_number=gaming.id_number(1), name="测试人")
        factories.directive(place, reference, person=person, now=now)
    assert Case.objects.filter(outcome=Outcome.DUPLICATE).count() == 1
    keep.keep_up()
    html = enter().get("/supervision/").content.decode()
    told = re.sub(r"\s+", " ", re.sub("<[^>]*>", "", html))
    assert "7; less 1 duplicates and 1 approved voids, 5: 0 a success" in told
    assert "opened again 1" in told
    assert "agreed after a brief talk 1" in told
    doubts = {sheet.slug: sheet for sheet in enter().get("/supervision/by/doubts").context["sheets"]}
    assert [value.text for value in doubts["voids"].rows[0]][:2] == ["brushes-up", "1"]
    for slug, share in (("duplicate-source", "14.3 %"), ("void-unit", "14.3 %")):
        assert [value.text for value in doubts[slug].rows[0]][1:4] == ["7", "1", share]
    assert {one.reference for one in enter().get("/supervision/cases?part=duplicate").context["cases"]} == {
        "LOSING"
    }
    talks = next(s for s in enter().get("/supervision/by/operator").context["sheets"] if s.slug == "talks")
    assert [value.text for value in talks.rows[0]] == ["hasty", "1", "0:00:09", "0:00:09", "0:00:09"]
    assert [c.reference for c in enter().get(talks.rows[0][1].href).context["cases"]] == ["EARLY"]
    ended = enter().get("/supervision/cases?part=ended_voice").context["directives"]
    assert ended == enter().get("/supervision/by/funnel").context["sheets"][0].rows[0][4].number
    listed = enter().get("/supervision/cases?part=again").context["cases"]
    assert [line.reference for line in listed] == ["AGAIN"]


def test_a_team_opens_into_the_cases_of_all_its_operators(place: Centre, enter: Enter) -> None:
    now = START + timedelta(minutes=1)
    for number in range(2):
        call = factories.answer(factories.directive(place, f"R{number}", number=number), now=now)
        by = place.user(Role.OPERATOR, place.county)
        words.judge(attempt_id=call.pk, disposition=Disposition.PERSUADED, now=now, by=by)
    keep.keep_up()
    team = enter().get("/supervision/by/operator").context["sheets"][0].rows[0]
    assert [value.text for value in team[:2]] == ["电白区", "2"]
    assert enter().get(team[1].href).context["directives"] == 2


def test_a_view_is_kept_under_a_name_and_is_ones_own(place: Centre, enter: Enter) -> None:
    mine, other = enter(), enter()
    kept = {
        "name": "贷款",
        "page": "unit",
        "address": "type=loan&scope=&evil=1",
        "back": "/supervision/by/unit",
    }
    answer = mine.post("/supervision/views/save", kept)
    assert answer.headers["Location"] == "/supervision/by/unit"
    view = SavedView.objects.get()
    assert view.address == "type=loan"
    assert "贷款" in mine.get("/supervision/").content.decode()
    other.post("/supervision/views/drop", {"view": view.pk})
    assert SavedView.objects.exists()
    mine.post("/supervision/views/drop", {"view": view.pk, "back": "https://elsewhere.example/"})
    assert not SavedView.objects.exists()


def test_every_page_takes_a_handful_of_queries_however_many_units_and_cases(
    place: Centre,
    enter: Enter,
    django_assert_max_num_queries: Callable[[int], AbstractContextManager[object]],
) -> None:
    client = enter()
    for number in range(8):
        factories.directive(place, f"R{number}", number=number)
    factories.directive(place, "R8", number=8, place=factories.elsewhere())
    keep.keep_up()
    assert Directive.objects.count() == 9
    for page in pages():
        with django_assert_max_num_queries(25):
            client.get(page)
