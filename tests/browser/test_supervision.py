"""The supervisors' page in a browser: a number opens its cases, the language and the filter stay, paper is clean."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from dispatch.register.parts import outlined
from dispatch.vocabulary import Disposition, Role
from telephony import clock
from tests import factories
from tests.browser.screens import closed_to_some, runs_off
from tests.factories import START, Centre
from warning_center.models import Screen
from warning_center.supervision.pages import catalogue
from warning_center.supervision.rollups import keep

NOW = START + timedelta(seconds=20)
Enter = Callable[..., Page]
OUTLINE = {"type": "Polygon", "coordinates": [[[110.9, 21.4], [111.4, 21.4], [111.4, 21.8], [110.9, 21.4]]]}


@pytest.fixture
def history(place: Centre) -> Centre:
    for number in range(6):
        case = factories.directive(place, f"R{number}", number=number, amount="10000")
        if number % 2:
            factories.followed_up(factories.judged(case, Disposition.PERSUADED, now=NOW))
    outlined(place.county, OUTLINE, sketch=True).save()
    keep.keep_up()
    clock.moving.set(START + timedelta(days=9))
    return place


def test_a_number_opens_into_its_cases_and_back(history: Centre, enter: Enter) -> None:
    page = enter("/supervision/", Role.SUPERVISOR)
    expect(page.locator(".verdict").first).to_contain_text(
        "收到 6 条，去重 0、经批准作废 0，余 6：成功 3（50.0 %"
    )
    page.locator(".verdict a", has_text="3").first.click()
    expect(page.locator("tbody tr")).to_have_count(3)
    page.get_by_role("link", name="返回统计").click()
    page.wait_for_url(re.compile("/supervision/"))


def test_a_bar_opens_its_cases_too(history: Centre, enter: Enter) -> None:
    page = enter("/supervision/", Role.SUPERVISOR)
    page.locator(".whole .verified").click()
    expect(page.locator("tbody tr")).to_have_count(3)


def test_a_filter_is_sent_with_the_address(history: Centre, enter: Enter) -> None:
    page = enter("/supervision/", Role.SUPERVISOR)
    page.get_by_role("combobox", name="诈骗类型").select_option("brushing")
    page.get_by_role("button", name="查询").click()
    assert "type=brushing" in page.url
    expect(page.get_by_text("没有收到预警指令")).to_be_visible()


def test_the_language_is_switched_in_place(history: Centre, enter: Enter) -> None:
    page = enter("/supervision/?type=authority", Role.SUPERVISOR)
    page.get_by_role("button", name="English").click()
    expect(page.locator(".verdict").first).to_contain_text("6: 3 a success (50.0 %")
    assert "type=authority" in page.url
    page.get_by_role("button", name="中文").click()
    expect(page.locator(".verdict").first).to_contain_text("成功")


def test_paper_shows_figures_and_no_controls(history: Centre, enter: Enter, page: Page) -> None:
    enter("/supervision/", Role.SUPERVISOR)
    page.emulate_media(media="print")
    expect(page.locator(".filters")).to_be_hidden()
    expect(page.locator(".bar")).to_be_hidden()
    expect(page.locator(".figures").first).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_can_be_read_by_day_and_by_night(
    history: Centre, enter: Enter, page: Page, scheme: str
) -> None:
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    enter("/supervision/", Role.SUPERVISOR)
    faint = page.evaluate(CONTRAST)
    assert faint == []


# Text whose contrast against the nearest filled background is below 4.5 : 1 (WCAG 2, 1.4.3).
CONTRAST = """() => {
  const rgb = (c) => (c.match(/[\\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
    .map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (e) => {
    for (; e; e = e.parentElement) {
      const c = rgb(getComputedStyle(e).backgroundColor);
      if (c.length === 3 || c[3] > 0) return c;
    }
    return [255, 255, 255];
  };
  const faint = [];
  for (const e of document.querySelectorAll("body *")) {
    const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    if (!own || !e.checkVisibility() || e.closest("svg, script, option")) continue;
    const [a, b] = [light(rgb(getComputedStyle(e).color)), light(ground(e))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) faint.push(`${e.textContent.trim().slice(0, 20)} ${ratio.toFixed(2)}`);
  }
  return faint;
}"""


LISTS = ("cases?part=received", "happened?cut=on.opened&key=*")
PAGES = ("", "definitions", *(f"by/{slug}" for slug in catalogue.PAGES), *LISTS)
SOME = ("", "by/map", "reports")


@pytest.mark.parametrize(
    ("language", "slugs"),
    [
        ("en", SOME),
        pytest.param("zh-hans", PAGES, marks=pytest.mark.long),
        pytest.param("en", PAGES, marks=pytest.mark.long),
    ],
)
def test_pages_fit_their_screens_draw_their_charts_and_are_open_to_everybody(
    history: Centre, enter: Enter, language: str, slugs: tuple[str, ...]
) -> None:
    page = enter("/supervision/", Role.SUPERVISOR, language=language)
    base = page.url.removesuffix("/supervision/")
    wrong: list[object] = []
    for slug in slugs:
        page.goto(f"{base}/supervision/{slug}")
        for place in page.locator("[data-chart]").all():
            expect(place.locator("svg")).to_have_count(1)
        wrong += runs_off(page)
        wrong += closed_to_some(page)
    assert wrong == []


def test_a_wall_that_hears_nothing_greys_and_says_since_when(history: Centre, enter: Enter) -> None:
    screen = Screen(name="hall", unit=history.city)
    key = screen.renew_key()
    screen.save()
    page = enter("/wallboard/login")
    page.get_by_label("密钥").fill(key)
    page.get_by_role("button").click()
    expect(page.get_by_text("各等级待处置")).to_be_visible()
    expect(page.locator(".stale")).to_be_hidden()
    page.route("**/wallboard/now", lambda route: route.abort())
    expect(page.locator(".stale")).to_contain_text("数据停在 09:00:00", timeout=20_000)
    expect(page.locator("body.stopped")).to_have_count(1)
    page.unroute("**/wallboard/now")
    expect(page.locator(".stale")).to_be_hidden(timeout=20_000)
