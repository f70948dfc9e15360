"""The script beside a case, the board of the shift, manual entry: in a browser, by key, live, in both languages."""

import re
from collections.abc import Callable
from datetime import timedelta

from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from dispatch.models import Case, Event, Operator, User
from dispatch.vocabulary import Role
from telephony.models import Desk
from tests import factories
from tests.browser.screens import runs_off
from tests.factories import START, Centre
from tests.seats import taken_seats

NOW = START + timedelta(seconds=20)
BOARD = "/admin/dispatch/operator/board/"
Enter = Callable[..., Page]


def seat(user: User) -> Operator:
    Desk.objects.filter(operator=None).delete()
    (desk,) = taken_seats(1, NOW, name="一号坐席")
    return Operator.objects.create(user=user, desk=desk)


def test_the_script_follows_keys_and_a_mark_is_sent_without_leaving_the_page(
    place: Centre, enter: Enter
) -> None:
    case = factories.directive(place, "A", number=1)
    factories.answer(case, now=NOW)
    page = enter(f"/admin/dispatch/case/{case.pk}/change/")
    script = page.locator("#script")
    page.keyboard.press("s")  # on a small screen it is folded
    expect(script.locator("[data-tab=first_contact]").get_by_text("世上没有“安全账户”")).to_be_visible()
    page.keyboard.press("]")
    expect(script.locator("select[name=situation]")).to_have_value("busy_again")
    expect(script.get_by_text("请先挂掉另一个电话")).to_be_visible()
    page.keyboard.press("[")
    script.get_by_role("radio").nth(1).check()
    page.locator("h1").first.click()
    page.evaluate("window.stayed = true")
    page.keyboard.press("+")
    expect(script.locator("[data-of=mark]")).to_contain_text("已记录")
    assert page.evaluate("window.stayed")
    told = Event.objects.get(verb="script_marked").detail
    assert (told["helped"], told["situation"]) == (True, "first_contact")
    assert told["sentence"]
    assert runs_off(page) == []


def in_english(page: Page) -> None:
    """The same page once more, in the other language."""
    home = "/".join(page.url.split("/")[:3])
    page.context.add_cookies([{"name": "django_language", "value": "en", "url": home}])
    page.reload()
    assert page.locator("html").get_attribute("lang") == "en"


def test_a_lead_pauses_a_desk_by_key_and_the_board_is_live_and_says_when_it_stands_still(
    place: Centre, enter: Enter, page: Page, live_server: LiveServer
) -> None:
    Desk.objects.all().delete()
    page.clock.install()
    enter(BOARD, Role.SUPERVISOR)
    expect(page.get_by_text("无人签入")).to_be_visible()
    sam = seat(place.user(username="sam"))
    factories.answer(factories.directive(place, "A", number=1), now=NOW)
    page.clock.fast_forward(6000)
    expect(page.locator("#board-seated")).to_contain_text("一号坐席")
    assert runs_off(page) == []
    page.locator(f"[data-pick='{sam.pk}']").click()
    page.keyboard.type("培训")
    page.keyboard.press("Enter")
    expect(page.locator("#board-seated")).to_contain_text("培训")
    assert Desk.objects.get(pk=sam.desk_id).after == "paused"
    in_english(page)
    assert runs_off(page) == []
    page.route(f"{live_server.url}{BOARD}", lambda route: route.abort())
    page.clock.fast_forward(6000)
    expect(page.get_by_role("status").filter(has_text="These data stand since")).to_be_visible()


def test_a_walk_in_is_entered_by_keyboard_alone(place: Centre, enter: Enter) -> None:
    page = enter("/entry/")
    assert runs_off(page) == []
    in_english(page)
    page.keyboard.type("123")  # the cursor stands in the phone
    page.keyboard.press("Enter")
    expect(page.locator(".faults")).to_contain_text("123")
    expect(page.locator("#phone")).to_have_value("123")
    assert runs_off(page) == []
    page.locator("#phone").fill("19000000001")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.type("测试人")
    page.keyboard.press("Tab")
    page.keyboard.type("false police")  # the type, by its first letters
    page.keyboard.press("Tab")
    page.keyboard.type("30000")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/case/\d+/change/"))
    case = Case.objects.get()
    assert case.fraud_type == "authority"
    expect(page.locator("ul.messagelist")).to_contain_text(case.number)
