"""The officers' page in a browser: a visit from taking it to the report, without signal and back; nothing is lost."""

import os
import re
from collections.abc import Iterator
from decimal import Decimal
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

# What is typed is sealed and written within moments of the key, not within the key itself.
KEPT = """async (ending) => {
  const opening = indexedDB.open("field");
  await new Promise((resolve) => { opening.onsuccess = resolve; });
  const end = performance.now() + 30_000;
  for (let names = []; !names.some((name) => name.endsWith(ending)) && performance.now() < end;) {
    const asking = opening.result.transaction("kept").objectStore("kept").getAllKeys();
    names = await new Promise((resolve) => { asking.onsuccess = () => resolve(asking.result); });
  }
  opening.result.close();
}"""
NEEDS_WHOLE_CHROMIUM = True  # a shell without signal once let a write through
WITHIN = 30_000  # milliseconds, on a machine that may be busy
SCREEN = {"width": 360, "height": 740}
# Seconds of the keystroke-level model (Card, Moran and Newell 1980): to point, to think. Their 0.28 s for a key is an
# average typist's at a desk; 20 words a minute is what novices do on a soft keyboard (MacKenzie and Zhang 2001).
POINT, THINK, KEY = 1.1, 1.35, 60 / (20 * 5)
ACCOUNT = "6222000011112222333"  # as long as they get; read off a receipt in groups of four
WITHIN_SECONDS = 30
SHOTS = os.environ.get("FIELD_SHOTS", "")  # a folder: look at every screen


@pytest.fixture
def officer(place: Centre, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> User:
    monkeypatch.setattr(changes, "LASTS", 2.0)  # no line outlives its test
    settings.PHOTOS = tmp_path
    place.user(Role.OFFICER, place.station, username="王警官")
    return place.user(Role.OFFICER, place.station, password=PASSWORD)


@pytest.fixture
def visit(place: Centre, officer: User) -> Attempt:
    case = factories.directive(
        place, "A-1", number=1, level=Level.CRITICAL, name="测试人", amount="5000", now=clock.now()
    )
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
    # The centre's clock shows another year than the phone's.
    expect(page.locator(".card time")).to_have_text(say(page, "刚刚", "just now"))
    expect(page.locator(".card .left")).to_have_text(re.compile(r"^\d+:\d\d"))
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
    assert _draft_an_order(page) <= WITHIN_SECONDS
    _photograph(page)
    _give_it_to_a_colleague(page)
    deed(page).click()
    page.locator("[name=note]").fill("答应不转")
    page.evaluate(KEPT, ":report")
    shot(page, "5-report")

    page.reload()  # the page itself comes without signal, and what was typed stands there again
    expect(page.locator("[name=note]")).to_have_value("答应不转", timeout=WITHIN)
    page.locator("[name=identified]").check()
    page.locator("[value='disposition:persuaded']").check()
    page.locator("[name='door:chats']").check()
    page.locator("form .deed").click()
    expect(page.locator(".done").last).to_be_visible(timeout=WITHIN)
    page.locator(".bar .waits").click()
    expect(page.locator(".queue li")).to_have_count(9, timeout=WITHIN)
    shot(page, "6-queue")
    assert Written.objects.count() == 0

    phone.set_offline(False)
    expect(page.locator(".queue li")).to_have_count(0, timeout=2 * WITHIN)
    expect(page.locator(".on")).to_be_visible()
    now = Attempt.objects.get(pk=visit.pk)
    assert (now.disposition, now.note, now.judged_by) == ("persuaded", "换班\n答应不转", officer)
    assert now.assignment.user.username == "王警官"
    assert now.evidence["doorstep"]["chats"]["is"] is True
    known = [now.acknowledged_at, now.set_out_at, now.arrived_at, now.identified_at, now.ended_at]
    assert all(known)
    assert known == sorted(filter(None, known))
    order = Order.objects.get()
    assert (order.account, order.bank, order.amount) == (ACCOUNT, "中国建设银行", Decimal(5000))
    assert Photo.objects.count() == 1
    assert Written.objects.count() == len({one.key for one in Written.objects.all()}) == 9


def _turn_the_language_and_back(page: Page) -> None:
    mine = page.locator(".bar .name")
    before, other = ("我的任务", "My work") if not english(page) else ("My work", "我的任务")
    for word in (other, before):
        page.locator(".bar button[lang]").click()
        expect(mine).to_have_text(word)


def _draft_an_order(page: Page) -> float:
    """From the visit's page to the drafted order; the seconds it takes by what the page saw of taps and keys."""
    page.evaluate("""() => {
      window.pressed = { taps: 0, keys: 0 };
      addEventListener("pointerdown", () => { window.pressed.taps += 1; }, true);
      addEventListener("keydown", () => { window.pressed.keys += 1; }, true);
    }""")
    page.get_by_role("button", name=say(page, "紧急止付", "Stop payment")).tap()
    page.keyboard.type(ACCOUNT)  # into the field that waits for it
    page.locator(".chip", has_text=say(page, "建行", "CCB")).tap()
    expect(page.locator("[name=amount]")).to_have_value("5000")  # as it was reported
    shot(page, "7-order")
    page.locator("form .deed").tap()
    pressed = page.evaluate("window.pressed")
    assert pressed == {"taps": 3, "keys": len(ACCOUNT)}
    groups = -(-len(ACCOUNT) // 4)
    thoughts = groups + len(("to stop it", "which bank", "is that the sum", "is it all right"))
    return float(pressed["taps"] * (POINT + KEY) + pressed["keys"] * KEY + thoughts * THINK)


def _give_it_to_a_colleague(page: Page) -> None:
    page.get_by_role("button", name=say(page, "换人前往", "Somebody else goes")).click()
    page.locator("[name=to]").select_option(label="王警官")
    page.locator("[name=why]").fill("换班")
    shot(page, "9-reassign")
    page.locator("form .deed").click()
    expect(page.locator(".waits")).to_have_text(say(page, "待传 6", "6 to send"), timeout=WITHIN)


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
