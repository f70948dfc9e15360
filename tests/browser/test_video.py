"""The video page in two real browsers: the officer's face first, one button, both seen and heard, shown and judged."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from dispatch.models import Attempt, Badge, Case, Event, Operator, User
from dispatch.vocabulary import Disposition, State, Tier
from telephony import exchange, inbox, lines, links, pages, site
from telephony.carrier import CallResult, CallStatus
from telephony.models import Call, Desk, Link, Text, Trunk
from telephony.models.call import PAGE
from telephony.video.relay import Served
from tests import factories
from tests.browser import pair
from tests.factories import START, Centre
from warning_center.demonstration.face import drawn

SECRET = "between the centre and its relay"
NOW = START + timedelta(seconds=20)  # what the clock shows
WITHIN = 20_000  # milliseconds, on a machine that may be busy
DOUBT = "不放心？请挂断后自己拨打 96110 核实"


@pytest.fixture(scope="module")
def two(playwright: Playwright) -> Iterator[tuple[Browser, Browser]]:
    """The operator's browser and the person's: one pair for all."""
    with pair.two(playwright) as both:
        yield both


@pytest.fixture
def ways() -> dict[str, Any]:
    return {"stun": [], "turn": [], "secret": "", "forced": False}


@pytest.fixture
def relay(settings: Settings, ways: dict[str, Any]) -> Iterator[Served]:
    settings.VIDEO = ways
    served = Served(site.relay(SECRET), "127.0.0.1", 0)
    served.start()
    settings.CARRIERS = {
        **settings.CARRIERS,
        "page": {"adapter": "telephony.carriers.page.PageCarrier", "url": served.url, "secret": SECRET},
    }
    lines.forget()
    yield served
    served.stop()
    lines.forget()


@pytest.fixture
def by(place: Centre, relay: Served) -> User:
    """An operator with a badge, at a desk for video calls."""
    by = place.user()
    desk = Desk.objects.filter(operator=None).earliest("pk")
    Operator.objects.create(user=by, desk=desk)
    Badge.objects.create(user=by, name="王建国", number="044127", station="电白分局七迳派出所", face=drawn())
    return by


@pytest.fixture
def attempt(place: Centre, by: User) -> Attempt:
    """The video call of a person whom a voice did not persuade, at that desk."""
    Trunk.objects.update(carries="voice text")
    Trunk.objects.create(
        name="page", carrier="page", carries=PAGE, concurrent=9, per_second=9, priority=2, filled_at=START
    )
    case = factories.judged(factories.directive(place, "A", number=1), Disposition.NOT_PERSUADED, now=NOW)
    Desk.objects.filter(operator=None).update(state=Desk.State.AWAY, lease_until=None, ready_since=None)
    exchange.turn(now=NOW)
    return factories.live(case, Tier.VIDEO)


Open = Callable[..., Page]


@pytest.fixture
def desk(two: tuple[Browser, Browser], live_server: LiveServer, by: User) -> Iterator[Open]:
    """The operator's browser at an address of the centre."""
    made: list[BrowserContext] = []

    def opened(address: str = "/admin/dispatch/badge/video/", language: str = "zh-hans") -> Page:
        client = Client()
        client.force_login(by)
        context = two[0].new_context(viewport={"width": 1280, "height": 800}, locale="zh-CN")
        made.append(context)
        context.grant_permissions(list(pair.LENDS))
        cookies = {"sessionid": client.cookies["sessionid"].value, "django_language": language}
        context.add_cookies([{"name": n, "value": v, "url": live_server.url} for n, v in cookies.items()])
        page = context.new_page()
        page.goto(live_server.url + address)
        return page

    yield opened
    for context in made:
        context.close()


@pytest.fixture
def person(two: tuple[Browser, Browser]) -> Iterator[Open]:
    """The person's phone, at the address in their SMS."""
    made: list[BrowserContext] = []

    def opened(address: str, **given: Any) -> Page:
        made.append(pair.phone(two[1], **given))
        page = made[-1].new_page()
        page.goto(address)
        return page

    yield opened
    for context in made:
        context.close()


def send(page: Page) -> str:
    """The operator announces and sends the link; the address in the SMS."""
    page.get_by_label("我已在电话里告知").check()
    page.get_by_role("button", name="发送链接").click()
    expect(page.get_by_text("链接已发出")).to_be_visible(timeout=WITHIN)
    body = pages.filled(Text.objects.get(message__kind="link"))
    return next(word for word in body.split() if word.startswith("http"))


def heard(case: Case) -> Call:
    """What the centre has fetched from the relay by now."""
    inbox.collect(now=NOW)
    return Call.objects.get(attempt__case=case, attempt__tier=Tier.VIDEO)


def talk(page: Page, phone: Page) -> None:
    """The person presses the one button; both see each other."""
    phone.get_by_role("button", name="接通视频").click()
    assert pair.frames(phone) >= 10
    assert pair.frames(page) >= 10


def in_view(page: Page) -> None:
    """Nothing runs off a phone's side."""
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_person_sees_the_officer_first_then_both_see_each_other_and_the_case_goes_on(
    attempt: Attempt, desk: Open, person: Open
) -> None:
    page = desk()
    address = send(page)
    phone = person(address)
    expect(phone.get_by_text("王建国").first).to_be_visible(timeout=WITHIN)
    for words in ("044127", "电白分局七迳派出所", DOUBT):
        expect(phone.get_by_text(words).locator("visible=true").first).to_be_visible()
    assert phone.locator("[data-of=face]").evaluate("face => face.complete && face.naturalWidth > 0")
    assert phone.locator("button:visible").count() == 1
    in_view(phone)
    assert heard(attempt.case).status == CallStatus.RINGING
    talk(page, phone)
    in_view(phone)
    assert heard(attempt.case).status == CallStatus.TALKING
    assert pair.way(page) != "relay"

    page.get_by_label("给对方看一张图").fill("收款账户\n6222 **** 1234\n是诈骗账户")
    page.get_by_role("button", name="展示").click()
    expect(phone.locator("[data-of=board]")).to_be_visible(timeout=WITHIN)
    assert phone.locator("[data-of=board]").evaluate("board => board.naturalWidth") == 720

    page.get_by_role("button", name="已核实身份").click()
    expect(page.get_by_text("身份已核实，请给出劝阻结论。")).to_be_visible(timeout=WITHIN)
    page.locator("select[name=disposition]").select_option("persuaded")
    page.get_by_role("button", name="记录在案").click()
    expect(page.get_by_text("劝阻结论已记录。")).to_be_visible(timeout=WITHIN)
    page.get_by_role("button", name="挂断").click()
    expect(phone.get_by_text("通话已结束")).to_be_visible(timeout=WITHIN)
    assert heard(attempt.case).result == CallResult.ANSWERED
    assert Case.objects.get(pk=attempt.case_id).state == State.FOLLOW_UP
    assert Link.objects.get().state == Link.State.OVER


def test_a_camera_that_is_refused_leaves_sound_and_says_that_it_is_enough(
    attempt: Attempt, desk: Open, person: Open
) -> None:
    page = desk()
    phone = person(send(page), lends=("microphone",), small=True)
    phone.get_by_role("button", name="接通视频").click()
    expect(phone.get_by_text("没关系，用声音也可以")).to_be_visible(timeout=WITHIN)
    assert pair.frames(phone) >= 10  # they see the officer all the same
    expect(page.get_by_text("对方没有开摄像头")).to_be_visible(timeout=WITHIN)
    in_view(phone)
    page.get_by_role("button", name="挂断").click()
    expect(phone.get_by_text("通话已结束")).to_be_visible(timeout=WITHIN)
    assert heard(attempt.case).result == CallResult.AUDIO_ONLY


def test_a_second_browser_is_refused_the_first_one_goes_on_and_a_refusal_ends_it(
    attempt: Attempt, desk: Open, person: Open
) -> None:
    address = send(desk())
    first = person(address)
    expect(first.get_by_role("button", name="接通视频")).to_be_visible(timeout=WITHIN)
    second = person(address, language="en-GB")
    expect(second.get_by_text("opened in another browser already")).to_be_visible(timeout=WITHIN)
    assert second.locator("[data-of=face]").get_attribute("src") is None
    first.reload()
    expect(first.get_by_role("button", name="接通视频")).to_be_visible(timeout=WITHIN)
    heard(attempt.case)
    assert Event.objects.filter(case=attempt.case, verb="link_refused").count() == 1
    first.get_by_text("暂不视频").click()
    expect(first.get_by_text("不需要您再做什么")).to_be_visible(timeout=WITHIN)
    assert heard(attempt.case).result == CallResult.REJECTED


def test_an_expired_link_says_so_and_how_to_check(attempt: Attempt, desk: Open, person: Open) -> None:
    address = send(desk())
    links.tend(now=NOW + links.OPENS_WITHIN)
    phone = person(address)
    expect(phone.get_by_text("链接已失效")).to_be_visible(timeout=WITHIN)
    expect(phone.locator("a[href='tel:96110']:visible")).to_have_count(1)
    assert heard(attempt.case).result == CallResult.NO_ANSWER


class TestByTurn:
    """Through coturn, with no other way allowed."""

    @pytest.fixture
    def ways(self, tmp_path: Path) -> Iterator[dict[str, Any]]:
        with pair.coturn(tmp_path) as address:
            yield {"stun": [], "turn": [address], "secret": pair.TURN_SECRET, "forced": True}

    def test_an_operator_rehearses_with_a_phone_by_the_turn_server_alone(
        self, desk: Open, person: Open
    ) -> None:
        page = desk()
        page.get_by_role("button", name="自己试一试摄像头和声音").click()
        address = page.locator("[data-of=link]").get_attribute("href")
        assert address
        phone = person(address, small=True)
        talk(page, phone)
        assert (pair.way(page), pair.way(phone)) == ("relay", "relay")
