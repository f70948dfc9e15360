"""The bar of one's own desk in a browser: it lives, says what the row says, and what is pressed is done."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from dispatch.models import Attempt, Operator, User
from dispatch.vocabulary import Disposition, Tier
from dispatch.workflow import words
from telephony import calls, desks, exchange
from telephony.carrier import CallResult, CallStatus, Update
from telephony.models import Call, Desk
from tests import factories
from tests.factories import START, Centre

NOW = START + timedelta(seconds=20)
QUEUE = "/admin/dispatch/case/"
WITHIN = 20_000  # milliseconds: a few beats, on a machine that may be busy


@pytest.fixture
def seated(place: Centre, enter: Callable[..., Page], page: Page) -> Page:
    """The queue, for an operator with a desk, the only one there is."""
    Desk.objects.all().delete()
    page.clock.install()
    enter(QUEUE)
    expect(page.locator("[data-beat]")).to_have_count(0)
    desk = Desk.objects.create(name="一号坐席", since=START, mode=Desk.Mode.PREVIEW)
    Operator.objects.create(user=User.objects.latest("pk"), desk=desk)
    page.reload()
    return page


def hear(status: CallStatus, result: CallResult | None = None) -> None:
    calls.hear(Update(str(Call.objects.at_desks().get().key), status, result), now=NOW)


def beats(page: Page) -> None:
    """So much time goes by that the desk gives its next sign of life."""
    page.clock.fast_forward(6000)


def shows(page: Page, words: str) -> None:
    expect(page.locator("[data-of=words]")).to_have_text(words, timeout=WITHIN)


def test_an_operator_sits_down_takes_a_call_and_wraps_it_up(place: Centre, seated: Page) -> None:
    page = seated
    shows(page, "离席")
    page.get_by_role("button", name="示闲").click()
    shows(page, "空闲")
    case = factories.directive(place, "A", number=1)
    exchange.connect(now=NOW)
    beats(page)
    shows(page, "待接")
    expect(page.locator("[data-of=case]")).to_have_text(case.number)
    page.get_by_role("button", name="接这个电话").click()
    expect(page.get_by_role("button", name="接这个电话")).to_be_hidden(timeout=WITHIN)
    assert Call.objects.get().status == CallStatus.DIALLING
    hear(CallStatus.TALKING)
    beats(page)
    shows(page, "通话中")
    hear(CallStatus.ENDED, CallResult.ANSWERED)
    beats(page)
    shows(page, "话后处理")
    expect(page.locator("[data-of=owes]")).to_have_text(case.number)
    expect(page.get_by_role("button", name="处理完毕")).to_be_hidden()
    words.judge(
        attempt_id=Attempt.objects.get(tier=Tier.VOICE).pk, disposition=Disposition.PERSUADED, now=NOW
    )
    beats(page)
    page.get_by_role("button", name="处理完毕").click()
    shows(page, "空闲")
    page.locator("[data-act=pause] select").select_option("meal")
    page.get_by_role("button", name="暂停").click()
    shows(page, "暂停")
    expect(page.locator("[data-of=reason]")).to_have_text("就餐")


def test_a_desk_that_was_signed_off_says_so_by_itself(seated: Page) -> None:
    page = seated
    page.get_by_role("button", name="示闲").click()
    shows(page, "空闲")
    desks.away(desk_id=Desk.objects.get().pk, now=NOW)
    beats(page)
    shows(page, "离席")
    expect(page.get_by_role("button", name="示闲")).to_be_visible()
