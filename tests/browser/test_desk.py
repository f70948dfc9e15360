"""The desk in a browser: an operator works a case through, by pointer and by key; live parts are live."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from dispatch.models import Attempt, Case, Event
from dispatch.vocabulary import Disposition, Level, Role, State
from dispatch.workflow import report
from telephony import clock
from telephony.carrier import CallResult
from tests import factories
from tests.browser.screens import runs_off
from tests.factories import START, Centre

NOW = START + timedelta(seconds=20)
Enter = Callable[..., Page]

QUEUE = "/admin/dispatch/case/"


def test_an_operator_takes_a_case_and_gives_the_disposition(place: Centre, enter: Enter) -> None:
    case = factories.directive(place, "A", number=1)
    attempt = factories.answer(case, now=NOW)
    page = enter(QUEUE)
    page.get_by_role("link", name=re.compile("测")).click()
    page.get_by_role("button", name="接管").click()
    expect(page.get_by_text("案件已由您接管。")).to_be_visible()
    page.get_by_label("已核实身份").check()
    page.locator("form.word [data-pick=P]").check()
    page.get_by_role("button", name="确定").click()
    expect(page.get_by_text("劝阻结论已记录。")).to_be_visible()
    assert Attempt.objects.get(pk=attempt.pk).disposition == Disposition.PERSUADED
    assert Case.objects.get(pk=case.pk).state == State.FOLLOW_UP


def test_the_eye_shows_the_number_once(place: Centre, enter: Enter) -> None:
    case = factories.directive(place, "A", number=1)
    page = enter(f"{QUEUE}{case.pk}/change/")
    assert "+8619000000001" not in page.content()
    page.get_by_label("查看理由").select_option("call")
    page.get_by_role("button", name="查看").click()
    expect(page.get_by_text("+8619000000001")).to_be_visible()
    page.reload()
    assert "+8619000000001" not in page.content()
    assert Event.objects.filter(verb="viewed").count() == 1


def test_keys_do_what_their_buttons_say(place: Centre, enter: Enter) -> None:
    case = factories.directive(place, "A", number=1)
    page = enter(QUEUE)
    page.keyboard.press("/")
    page.keyboard.type(case.number)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(rf"/{case.pk}/change/"))
    page.keyboard.press("m")
    page.keyboard.type("家属已到场")
    page.keyboard.press("Enter")
    expect(page.get_by_text("备注：家属已到场")).to_be_visible()


def test_a_key_ticks_a_danger_sign_and_the_note_raises_the_level(place: Centre, enter: Enter) -> None:
    case = factories.directive(place, "A", number=1, level=Level.HIGH)
    page = enter(f"{QUEUE}{case.pk}/change/")
    page.keyboard.press("5")
    page.keyboard.press("6")  # the first key has put the cursor into the note, where a digit is a digit
    expect(page.get_by_label("资金已转出")).to_be_checked()
    expect(page.get_by_label("备注", exact=True)).to_have_value("6")
    page.keyboard.press("Enter")
    expect(page.get_by_text("备注：资金已转出 6")).to_be_visible()
    assert Case.objects.get(pk=case.pk).sizes["money_moved"] == 1


def test_a_case_is_taken_given_back_and_a_sum_named_by_key(place: Centre, enter: Enter) -> None:
    case = factories.directive(place, "A", number=1)
    page = enter(f"{QUEUE}{case.pk}/change/")
    page.keyboard.press("t")
    page.get_by_role("button", name="交还").wait_for()
    page.keyboard.press("g")
    expect(page.get_by_text("案件已交还。")).to_be_visible()
    page.keyboard.press("y")
    page.locator("select[name=kind]").select_option("protected")
    page.locator("details[open] input[name=amount]").fill("2500")
    page.get_by_placeholder("何人所述，如何得知").fill("银行柜员")
    page.keyboard.press("Enter")
    expect(page.get_by_text("金额已记录。")).to_be_visible()
    assert Case.objects.get(pk=case.pk).sums.get().amount == 2500


def test_a_fold_out_stays_open_while_the_page_freshens(place: Centre, enter: Enter, page: Page) -> None:
    case = factories.directive(place, "A", number=1)
    factories.unanswered(case, CallResult.BUSY, now=NOW)
    page.clock.install()
    enter(f"{QUEUE}{case.pk}/change/")
    page.locator("#results summary").click()
    expect(page.locator("#results pre")).to_contain_text('"result": "busy"')
    page.locator("h1").click()
    page.clock.fast_forward(11000)
    expect(page.locator("#results pre")).to_be_visible()


def test_a_new_case_appears_without_reloading(place: Centre, enter: Enter, page: Page) -> None:
    page.clock.install()
    enter(QUEUE)
    expect(page.get_by_text("这里没有案件")).to_be_visible()
    case = factories.directive(place, "A", number=1, level=Level.CRITICAL)
    page.clock.fast_forward(6000)
    expect(page.get_by_text(case.number)).to_be_attached()


def test_what_somebody_points_at_does_not_move(place: Centre, enter: Enter, page: Page) -> None:
    first = factories.directive(place, "A", number=1)
    page.clock.install()
    enter(QUEUE)
    page.locator("#queue").hover()
    factories.directive(place, "B", number=2, level=Level.CRITICAL)
    page.clock.fast_forward(6000)
    expect(page.locator("#counts b").first).to_have_text("2")
    expect(page.locator("#queue .about")).to_have_count(1)
    page.mouse.move(0, 0)
    page.clock.fast_forward(6000)
    expect(page.locator("#queue .about")).to_have_count(2)
    assert first.is_open


def test_the_page_says_since_when_it_is_stale(
    place: Centre, enter: Enter, page: Page, live_server: LiveServer
) -> None:
    page.clock.install()
    enter(QUEUE)
    page.route(f"{live_server.url}{QUEUE}", lambda route: route.abort())
    page.clock.fast_forward(6000)
    expect(page.get_by_role("status").filter(has_text="数据停在")).to_be_visible()
    page.unroute(f"{live_server.url}{QUEUE}")
    page.clock.fast_forward(6000)
    expect(page.locator("[data-stale]")).to_be_hidden()


def test_a_broken_promise_is_marked_and_red_is_kept_for_it(place: Centre, enter: Enter) -> None:
    case = factories.directive(place, "A", number=1, level=Level.CRITICAL)
    factories.unanswered(case, CallResult.BUSY, now=NOW)
    clock.moving.set(NOW + timedelta(minutes=4))
    page = enter(QUEUE)
    broken = page.locator(".broken").first
    expect(broken).to_contain_text("✗")
    expect(page.locator(".level-4").first).to_contain_text("▲▲ 紧急")
    colours = page.evaluate(
        "['.broken', '.level-4'].map(s => getComputedStyle(document.querySelector(s)).color)"
    )
    assert colours == ["rgb(179, 32, 28)", "rgb(179, 32, 28)"]


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_nothing_runs_off_the_side(place: Centre, enter: Enter, page: Page, language: str) -> None:
    case = factories.directive(place, "A", number=1, level=Level.CRITICAL, signs={"money_moved": True})
    factories.unanswered(case, CallResult.BUSY, now=NOW)
    factories.answer(case, now=NOW + timedelta(seconds=30))
    enter(QUEUE, Role.SUPERVISOR, language=language)
    for address in (page.url, f"{page.url}{case.pk}/change/", page.url.replace(QUEUE, "/supervision/")):
        page.goto(address)
        assert page.locator("html").get_attribute("lang") == language
        page.locator(".case details").evaluate_all("all => all.forEach(one => one.open = true)")
        assert runs_off(page) == []


# The parts of the page that a desk's screen shows whole: nobody has to scroll to one of them.
PARTS = (
    "#head", "#talk", "#now", "#told", "#script", "#papers", "#why", "#ladder", "form.word", ".acts", ".left .card",
)  # fmt: skip


def test_the_case_fits_a_desk_screen_without_scrolling(place: Centre, enter: Enter, page: Page) -> None:
    spouse = report.Related("配偶", "+8619000000009", "测家人")
    case = factories.directive(
        place,
        "A",
        number=1,
        level=Level.CRITICAL,
        amount="48000",
        contacts=(spouse,),
        signs={"money_moved": True},
    )
    factories.answer(case, now=NOW)
    page.set_viewport_size({"width": 1440, "height": 900})
    enter(f"{QUEUE}{case.pk}/change/")
    assert page.evaluate("document.documentElement.scrollHeight") <= 900
    assert page.evaluate(CUT, list(PARTS)) == []


# Which of these parts are missing, or reach beyond the screen or the column that they stand in.
CUT = """(parts) => parts.filter((part) => {
  const one = document.querySelector(part);
  if (!one) return true;
  const box = one.getBoundingClientRect();
  const column = one.closest(".left, .middle, .right")?.getBoundingClientRect();
  return box.bottom > innerHeight + 1 || (column && box.bottom > column.bottom + 1);
})"""
