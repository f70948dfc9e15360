"""The community's page and the map in a browser: a sitting by pointer, and nothing wider than the screen."""

from collections.abc import Callable
from datetime import timedelta

from playwright.sync_api import Page, expect

from dispatch.models import Attempt, Unit
from dispatch.register.parts import outlined
from dispatch.vocabulary import Disposition, Level, Role, Tier, UnitKind
from dispatch.workflow import turn
from telephony import clock
from tests import factories
from tests.browser.screens import runs_off
from tests.factories import START, Centre

NOW = START + timedelta(days=1, minutes=5)
Enter = Callable[..., Page]


def checks(place: Centre, *numbers: int, level: Level = Level.HIGH) -> list[Attempt]:
    found = []
    for number in numbers:
        case = factories.directive(place, f"R{number}", number=number, level=level)
        case = factories.judged(case, Disposition.PERSUADED, now=START + timedelta(minutes=1))
        turn.advance([case.pk], now=NOW)
        found.append(factories.live(case, Tier.FOLLOW_UP))
    return found


def test_a_sitting_of_two_results_and_a_list_to_print(place: Centre, enter: Enter) -> None:
    village = Unit.objects.get(kind=UnitKind.VILLAGE, parent=place.county)
    one, two = checks(place, 1, 2)
    checks(place, 3, level=Level.MEDIUM)
    clock.moving.set(NOW)
    page = enter("/community/", Role.OFFICER, village)
    row = page.locator(f"#check-{two.pk}")
    row.get_by_label("上门").check()
    row.get_by_label("结果").select_option("not_found")
    page.locator(f"#check-{one.pk}").get_by_label("结果").select_option("no_loss")
    page.get_by_role("button", name="登记所选结果").click()
    expect(page.get_by_text("已登记 2 条结果。")).to_be_visible()
    assert [Attempt.objects.get(pk=a.pk).result for a in (one, two)] == ["no_loss", "not_found"]
    assert runs_off(page) == []
    page.get_by_role("button", name="打印名单").click()
    expect(page.get_by_role("heading", name="七迳村回访名单")).to_be_visible()
    assert runs_off(page) == []


def test_the_map_and_a_unit_s_page_fit_their_screens(place: Centre, enter: Enter) -> None:
    square = [[110.8, 21.4], [111.2, 21.4], [111.2, 21.7], [110.8, 21.7], [110.8, 21.4]]
    outlined(place.county, {"type": "Polygon", "coordinates": [square]}, sketch=True).save()
    page = enter("/admin/dispatch/unit/map/", Role.ADMINISTRATOR)
    expect(page.get_by_role("img", name="派出所分布图")).to_be_visible()
    assert runs_off(page) == []
    page.goto(page.url.replace("map/", f"{place.station.pk}/change/"))
    expect(page.get_by_role("heading", name="值班表")).to_be_visible()
    page.set_viewport_size({"width": 1280, "height": 900})
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280
