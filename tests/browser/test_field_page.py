"""The officers' page in a browser: a visit from taking it to the report, without signal and back; nothing is lost."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from dispatch.field import changes
from dispatch.models import Attempt, Event, Order, Photo, User, Written
from dispatch.vocabulary import Level, Role, Tier
from dispatch.workflow import desk
from telephony import clock
from tests import factories
from tests.devices import picture
from tests.factories import PASSWORD, Centre

WITHIN = 30_000  # milliseconds, on a machine that may be busy
SCREEN = {"width": 360, "height": 740}
SHOTS = os.environ.get("FIELD_SHOTS", "")  # a folder: look at every screen


@pytest.fixture
def officer(place: Centre, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> User:
    monkeypatch.setattr(changes, "LASTS", 2.0)  # no line outlives its test
    settings.PHOTOS = tmp_path
    settings.CLOCK = "telephony.clock.wall"  # the page's times are by the phone's clock
    return place.user(Role.OFFICER, place.station, password=PASSWORD)


@pytest.fixture
def visit(place: Centre, officer: User) -> Attempt:
    case = factories.directive(place, "A-1", number=1, level=Level.CRITICAL, name="测试人", now=clock.now())
    return factories.live(case, Tier.VISIT)


@pytest.fixture(params=["zh-CN", "en"] if SHOTS else ["zh-CN"])
def phone(request: pytest.FixtureRequest, browser: Browser) -> Iterator[BrowserContext]:
    """A small phone that stands near the address; a script's error fails the test."""
    wrong: list[str] = []
    with browser.new_context(
        locale=request.param, timezone_id="Asia/Shanghai", viewport=SCREEN, has_touch=True,  # type: ignore[arg-type]
        geolocation={"latitude": 21.551, "longitude": 110.981, "accuracy": 20}, permissions=["geolocation"],
    ) as context:  # fmt: skip
        context.on("weberror", lambda error: wrong.append(str(error.error)))
        yield context
    assert wrong == []


def english(page: Page) -> bool:
    return page.evaluate("document.documentElement.lang") == "en"


def say(page: Page, chinese: str, in_english: str) -> str:
    return in_english if english(page) else chinese


def deed(page: Page) -> Locator:
    return page.locator("#deed button")


def shot(page: Page, name: str) -> None:
    """Nothing runs off the screen; and the picture of it, if it was asked for."""
    assert page.evaluate("document.documentElement.scrollWidth") <= SCREEN["width"]
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}-{page.evaluate('document.documentElement.lang')}.png")


def sign_in(page: Page, address: str, user: User) -> None:
    page.goto(f"{address}/field/")
    page.locator("[name=username]").fill(user.username)
    page.locator("[name=password]").fill(PASSWORD)
    shot(page, "1-sign-in")
    page.locator("form button").click()
    expect(page.locator(".bar")).to_be_visible(timeout=WITHIN)


def test_a_visit_goes_its_way_without_signal_and_back(
    live_server: LiveServer, phone: BrowserContext, officer: User, visit: Attempt
) -> None:
    page = phone.new_page()
    sign_in(page, live_server.url, officer)
    expect(page.locator(".card")).to_have_count(1, timeout=WITHIN)
    shot(page, "2-list")
    page.evaluate("navigator.serviceWorker.ready")
    _turn_the_language_and_back(page)
    page.locator(".card").click()
    expect(page.locator(".place")).to_contain_text("某酒店 502", timeout=WITHIN)
    shot(page, "3-visit")

    phone.set_offline(True)
    expect(page.locator(".off")).to_be_visible(timeout=WITHIN)
    for chinese, in_english in (("接收", "Take it"), ("出发", "Set out"), ("到达", "Arrived")):
        expect(deed(page)).to_contain_text(say(page, chinese, in_english))
        deed(page).click()
    expect(deed(page)).to_contain_text(say(page, "反馈", "Report"), timeout=WITHIN)
    expect(page.locator(".waits")).to_have_text(say(page, "待传 3", "3 to send"))
    shot(page, "4-offline")
    _draft_an_order(page)
    _photograph(page)
    deed(page).click()
    page.locator("[name=note]").fill("答应不转")
    shot(page, "5-report")

    page.reload()  # the page itself comes without signal, and what was typed stands there again
    expect(page.locator("[name=note]")).to_have_value("答应不转", timeout=WITHIN)
    page.locator("[name=identified]").check()
    page.locator("[value='disposition:persuaded']").check()
    page.locator("[name='door:chats']").check()
    page.locator("form .deed").click()
    expect(page.locator(".done").last).to_be_visible(timeout=WITHIN)
    page.locator(".bar .waits").click()
    expect(page.locator(".queue li")).to_have_count(8, timeout=WITHIN)
    shot(page, "6-queue")
    assert Written.objects.count() == 0

    phone.set_offline(False)
    expect(page.locator(".queue li")).to_have_count(0, timeout=2 * WITHIN)
    expect(page.locator(".on")).to_be_visible()
    now = Attempt.objects.get(pk=visit.pk)
    assert (now.disposition, now.note, now.judged_by) == ("persuaded", "答应不转", officer)
    assert now.evidence["doorstep"]["chats"]["is"] is True
    known = [now.acknowledged_at, now.set_out_at, now.arrived_at, now.identified_at, now.ended_at]
    assert all(known)
    assert known == sorted(filter(None, known))
    assert (Order.objects.get().account, Photo.objects.count()) == ("6222 0000 1111", 1)
    assert Written.objects.count() == len({one.key for one in Written.objects.all()}) == 8


def _turn_the_language_and_back(page: Page) -> None:
    mine = page.locator(".bar .name")
    before, other = ("我的任务", "My work") if not english(page) else ("My work", "我的任务")
    for word in (other, before):
        page.locator(".bar button[lang]").click()
        expect(mine).to_have_text(word)


def _draft_an_order(page: Page) -> None:
    page.get_by_role("button", name=say(page, "紧急止付", "Stop payment")).click()
    page.locator("[name=account]").fill("6222 0000 1111")
    page.locator("[name=amount]").fill("5000")
    shot(page, "7-order")
    page.locator("form .deed").click()


def _photograph(page: Page) -> None:
    page.get_by_role("button", name=say(page, "照片", "Photo")).click()
    page.locator("input[type=file]").set_input_files(
        {"name": "x.jpg", "mimeType": "image/jpeg", "buffer": picture(400, 300)}
    )
    expect(deed(page)).to_be_visible(timeout=WITHIN)
    expect(page.locator(".waits")).to_have_text(say(page, "待传 5", "5 to send"), timeout=WITHIN)


@pytest.mark.parametrize("phone", ["zh-CN"], indirect=True)
def test_a_raise_slides_over_the_top_and_has_to_be_seen(
    live_server: LiveServer, phone: BrowserContext, place: Centre, officer: User
) -> None:
    case = factories.directive(place, "R-1", number=2, level=Level.HIGH, now=clock.now())
    factories.sent(case, now=clock.now())
    page = phone.new_page()
    sign_in(page, live_server.url, officer)
    expect(page.locator(".card")).to_contain_text("高危", timeout=WITHIN)
    boss = place.user(Role.SUPERVISOR)
    desk.set_level(case_id=case.pk, level=Level.CRITICAL, by=boss, why="正在转账", now=clock.now())
    expect(page.locator(".urgent")).to_contain_text("案件已升级", timeout=WITHIN)
    expect(page.locator(".card")).to_contain_text("紧急")
    shot(page, "8-raised")
    page.locator(".urgent button").click()
    expect(page.locator(".urgent")).to_have_count(0, timeout=WITHIN)
    expect(page.locator(".waits")).to_have_count(0, timeout=WITHIN)
    assert Event.objects.get(verb="seen").by == officer


@pytest.mark.parametrize("phone", ["zh-CN"], indirect=True)
def test_signing_out_leaves_nothing_on_the_phone(
    live_server: LiveServer, phone: BrowserContext, officer: User, visit: Attempt
) -> None:
    page = phone.new_page()
    sign_in(page, live_server.url, officer)
    page.locator(".card").click()
    expect(page.locator(".place")).to_contain_text("某酒店 502", timeout=WITHIN)
    stored = page.evaluate(_EVERYTHING)
    assert stored["rows"] > 2
    assert not re.search("测试人|某酒店|19000000001|wd_|wr_", stored["text"])
    page.locator(".bar button").nth(1).click()
    page.get_by_role("button", name="退出登录").click()
    expect(page.locator("[name=password]")).to_be_visible(timeout=WITHIN)
    assert page.evaluate(_EVERYTHING)["rows"] == 0


# All that stands in the phone's store, as whoever finds the phone would read it.
_EVERYTHING = """async () => {
  const db = await new Promise((resolve) => {
    const r = indexedDB.open("field"); r.onsuccess = () => resolve(r.result);
  });
  let rows = 0, text = JSON.stringify(localStorage);
  for (const name of db.objectStoreNames) {
    const all = await new Promise((resolve) => {
      const r = db.transaction(name).objectStore(name).getAll(); r.onsuccess = () => resolve(r.result);
    });
    rows += all.length;
    for (const row of all) text += row.id + (row.sealed ? new TextDecoder("latin1").decode(row.sealed) : "");
    for (const row of all) text += row.sealed ? new TextDecoder("utf-8").decode(row.sealed) : "";
  }
  for (const name of await caches.keys())
    for (const request of await (await caches.open(name)).keys())
      text += request.url.includes("/api/") ? "测试人 kept by the worker" : "";
  db.close();
  return { rows, text };
}"""
