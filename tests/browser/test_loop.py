"""The work loop in a browser, key by key over the practice carrier; two browsers, one case; nothing typed is lost."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.test import Client
from playwright.sync_api import Browser, Page, Route, expect
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from dispatch.models import Attempt, Case, Operator, User
from dispatch.vocabulary import Disposition, Level, Tier
from telephony import clock, lines
from telephony.models import Call, Desk
from telephony.practice.phones import Phone
from tests import factories
from tests.factories import PASSWORD, START, Centre
from tests.seats import EVER
from tests.telephony.practising import CALLER, SID, TOKEN, PracticeTwilio, practising

NOW = START + timedelta(seconds=20)
QUEUE = "/admin/dispatch/case/"
WITHIN = 20_000  # milliseconds, on a machine that may be busy
SCREENS = [(1440, 900), (1280, 720)]


@pytest.fixture
def practice(place: Centre, settings: Settings, live_server: LiveServer) -> Iterator[PracticeTwilio]:
    """The practice Twilio carries the centre's calls, and posts its webhooks to the served centre."""
    with practising(clock.moving) as twilio:
        settings.CARRIERS = {
            "twilio": {
                "adapter": "telephony.carriers.twilio.TwilioCarrier",
                "name": "twilio",
                "account_sid": SID,
                "auth_token": TOKEN,
                "caller_id": CALLER,
                "base_url": twilio.url,
                "callback_base": live_server.url,
            }
        }
        settings.PUBLIC_URL = live_server.url
        lines.forget()
        place.trunk.carrier = "twilio"
        place.trunk.save()
        yield twilio
        lines.forget()


@pytest.fixture
def sam(place: Centre) -> User:
    """An operator with a password and the only desk there is, which is away."""
    Desk.objects.all().delete()
    return seated(place, "sam", state="away")


def seated(place: Centre, name: str, **given: object) -> User:
    user = place.user(username=name, password=PASSWORD)
    plain = {"name": f"{name} 号坐席", "since": START, "lease": EVER, "tags": ["video"]}
    Operator.objects.create(user=user, desk=Desk.objects.create(**{**plain, **given}))
    return user


def whole(page: Page) -> None:
    """The page shows everything on its screen: it does not scroll, to neither side."""
    sizes = page.evaluate(
        "(e => [e.scrollWidth - innerWidth, e.scrollHeight - innerHeight])(document.documentElement)"
    )
    assert max(sizes) <= 0, sizes


def stayed(page: Page) -> None:
    """The page has not been loaded anew since it was marked."""
    assert page.evaluate("window.loaded") == 1


@pytest.mark.parametrize(("language", "screen"), [("zh-hans", SCREENS[0]), ("en", SCREENS[1])])
def test_the_whole_loop_goes_by_keys_without_a_reload(
    place: Centre,
    practice: PracticeTwilio,
    sam: User,
    page: Page,
    live_server: LiveServer,
    language: str,
    screen: tuple[int, int],
    settings: Settings,
) -> None:
    factories.enrolled(sam)
    settings.SECOND_FACTOR = "required" if language == "en" else "off"
    first = factories.directive(place, "A", number=1, level=Level.CRITICAL, amount="48000")
    second = factories.directive(place, "B", number=2, level=Level.HIGH)
    practice.phones["+8619000000001"] = Phone(lasts=30)
    page.set_viewport_size({"width": screen[0], "height": screen[1]})
    page.context.add_cookies([{"name": "django_language", "value": language, "url": live_server.url}])
    page.goto(f"{live_server.url}/login/")
    page.locator("[name=username]").fill("sam")
    page.locator("[name=password]").fill(PASSWORD)
    page.keyboard.press("Enter")
    if language == "en":  # where a second factor is asked for
        page.locator("[name=code]").fill(factories.one_time_code(sam, clock.wall()))
        page.keyboard.press("Enter")
    page.wait_for_url(re.compile(QUEUE))
    page.evaluate("window.loaded = 1")
    seat = page.locator("#seat")
    page.keyboard.press("r")
    expect(seat).to_have_attribute("data-seat", "ready", timeout=WITHIN)
    page.keyboard.press("n")
    page.wait_for_url(re.compile(rf"/{first.pk}/change/"))
    expect(page.locator("#toast")).to_be_visible()
    assert Case.objects.get(pk=first.pk).holder == sam
    whole(page)
    page.keyboard.press("c")
    expect(page.locator("#talk .talk.own")).to_be_visible(timeout=WITHIN)
    call = Call.objects.on_line().get()
    assert call.desk == sam.operator.desk
    clock.moving.forward(timedelta(seconds=12))  # it rings, and somebody answers
    practice.run()
    expect(page.locator("form.word")).to_be_visible(timeout=WITHIN)
    whole(page)
    expect(page.locator("#talk")).to_contain_text(
        "话机" if language == "zh-hans" else "use the key of your phone"
    )
    with page.expect_response(re.compile("/hang_up/")):
        page.keyboard.press("0")  # the operator hangs up
    practice.run()
    expect(seat).to_have_attribute("data-seat", "wrapping", timeout=WITHIN)
    page.keyboard.press("n")
    expect(page.locator("#toast.bad")).to_contain_text(first.number)  # what came of it?
    for key in ("1", "p", "Enter"):
        page.keyboard.press(key)
    expect(page.locator("#talk .talk")).to_have_count(0, timeout=WITHIN)
    attempt = Attempt.objects.get(call=call)
    assert (attempt.disposition, attempt.judged_by) == (Disposition.PERSUADED, sam)
    assert attempt.identified_at is not None
    page.keyboard.press("n")
    page.wait_for_url(re.compile(rf"/{second.pk}/change/"))
    assert Case.objects.get(pk=second.pk).holder == sam
    assert Case.objects.get(pk=first.pk).holder is None
    stayed(page)
    assert practice.answers_to("forged") == []


def test_a_key_that_is_quicker_than_the_answer_waits_for_it(
    place: Centre, sam: User, enter: Callable[..., Page], page: Page
) -> None:
    case = factories.directive(place, "A", number=1)
    enter(QUEUE, user=sam)
    held: list[Route] = []
    page.route("**/desk/ready/", lambda route: held.append(route))  # noqa: PLW0108  Playwright marks what it calls
    with page.expect_request("**/desk/ready/"):
        for key in ("r", "n", "n"):  # twice is once
            page.keyboard.press(key)
    assert not Case.objects.filter(holder=sam).exists()
    held.pop().continue_()
    page.wait_for_url(re.compile(rf"/{case.pk}/change/"))
    assert Case.objects.get(pk=case.pk).holder == sam


def test_what_was_meant_for_a_case_that_has_gone_is_not_done_to_the_next(
    place: Centre, sam: User, enter: Callable[..., Page], page: Page
) -> None:
    low = factories.directive(place, "A", number=1, level=Level.LOW)
    urgent = factories.directive(place, "B", number=2, level=Level.CRITICAL)
    enter(f"{QUEUE}{low.pk}/change/", user=sam)
    held: list[Route] = []
    page.route("**/case/next/", lambda route: held.append(route))  # noqa: PLW0108
    with page.expect_request("**/case/next/"):
        for key in ("n", "c"):
            page.keyboard.press(key)
    held.pop().continue_()
    page.wait_for_url(re.compile(rf"/{urgent.pk}/change/"))
    expect(page.locator("#toast.bad")).to_contain_text("再按一次", timeout=WITHIN)
    assert not Call.objects.on_line().exists()


def test_two_browsers_that_press_at_once_get_two_cases(
    place: Centre, sam: User, browser: Browser, live_server: LiveServer
) -> None:
    factories.directive(place, "A", number=1, level=Level.CRITICAL)
    factories.directive(place, "B", number=2, level=Level.CRITICAL)
    users = [sam, seated(place, "lin", state="away")]
    contexts = [browser.new_context() for _ in users]
    pages = []
    for user, context in zip(users, contexts, strict=True):
        client = Client()
        client.force_login(user)
        context.add_cookies(
            [{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}]
        )
        page = context.new_page()
        page.goto(live_server.url + QUEUE)
        pages.append(page)
    for page in pages:  # both are on their way before either is answered
        page.evaluate("document.querySelector('[data-key=N]').click()")
    for page in pages:
        page.wait_for_url(re.compile("/change/"))
    held = set(Case.objects.values_list("holder", flat=True))
    assert held == {user.pk for user in users}
    assert len({page.url for page in pages}) == 2
    pages[0].goto(live_server.url + QUEUE)
    for user in users:
        expect(pages[0].locator("#queue tbody")).to_contain_text(user.username)
    for context in contexts:
        context.close()


def test_nothing_typed_is_lost_and_the_help_sheet_lists_the_keys(
    place: Centre, enter: Callable[..., Page], page: Page
) -> None:
    case = factories.directive(place, "A", number=1)
    enter(f"{QUEUE}{case.pk}/change/")
    page.route("**/act/note/", lambda route: route.abort())
    page.keyboard.press("m")
    page.keyboard.type("儿子在路上")
    page.keyboard.press("Enter")
    expect(page.locator("#toast.bad")).to_be_visible()
    expect(page.get_by_label("备注", exact=True)).to_have_value("儿子在路上")
    page.reload()
    page.keyboard.press("m")
    expect(page.get_by_label("备注", exact=True)).to_have_value("儿子在路上")
    page.unroute("**/act/note/")
    page.keyboard.press("Enter")
    expect(page.get_by_text("备注：儿子在路上")).to_be_visible()
    assert page.evaluate("Object.keys(sessionStorage).length") == 0
    page.keyboard.press("l")
    page.get_by_placeholder("理由（将留痕）").fill("儿子在家")
    page.locator("[name=level]").evaluate("one => one.append(new Option('9', '9', true, true))")
    page.keyboard.press("Enter")
    expect(page.locator("#toast.bad")).to_be_visible()  # refused: the form stands as it was
    expect(page.get_by_placeholder("理由（将留痕）")).to_have_value("儿子在家")
    page.locator("h1").click()
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_contain_text("下一件")
    page.keyboard.press("Escape")
    expect(page.locator("#keys")).to_be_hidden()


def test_a_new_critical_case_slides_in_and_sounds_once_unless_switched_off(
    place: Centre, enter: Callable[..., Page], page: Page
) -> None:
    factories.directive(place, "A", number=1, level=Level.MEDIUM)
    page.clock.install()
    enter(QUEUE)
    case = factories.directive(place, "B", number=2, level=Level.CRITICAL)
    page.clock.fast_forward(6000)
    expect(page.locator("#queue tbody tr").first).to_have_id(f"case-{case.pk}")
    expect(page.locator("#queue tr.new")).to_have_count(1)
    expect(page.locator("body")).to_have_attribute("data-sounded", "1")
    page.keyboard.press("b")
    other = factories.directive(place, "C", number=3, level=Level.CRITICAL)
    page.clock.fast_forward(6000)
    expect(page.locator(f"#case-{other.pk}")).to_be_visible(timeout=WITHIN)
    expect(page.locator("body")).to_have_attribute("data-sounded", "1")


def test_a_countdown_goes_on_by_itself_and_says_when_the_promise_breaks(
    place: Centre, enter: Callable[..., Page], page: Page
) -> None:
    case = factories.directive(place, "A", number=1, level=Level.CRITICAL)
    assert factories.live(case, Tier.VISIT).due_at == START + timedelta(minutes=2)
    page.clock.install()
    enter(QUEUE)
    page.route(f"**{QUEUE}", lambda route: route.abort())
    promise = page.locator("#queue tbody tr td:nth-child(6)")
    expect(promise).to_contain_text("01:4")
    page.clock.run_for(50_000)
    expect(promise.locator(".near")).to_be_visible()
    page.clock.run_for(70_000)
    expect(promise.locator(".broken")).to_contain_text("✗")
    expect(promise).to_contain_text("+00:")
    expect(page.locator("[data-stale]")).to_be_visible()
