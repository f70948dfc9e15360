"""The policies' pages in a browser: read, drafted by keys, mended where a row is refused."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from dispatch import policies
from dispatch.models import PolicyVersion
from dispatch.vocabulary import Role, Tier
from tests import factories
from tests.browser.screens import runs_off
from tests.factories import START, Centre

Enter = Callable[..., Page]
Kind = PolicyVersion.Kind


def address(kind: Kind, page: str = "change") -> str:
    return f"/admin/dispatch/policyversion/{policies.current(kind, START).pk}/{page}/"


def test_a_chief_drafts_is_refused_by_row_mends_it_and_publishes(place: Centre, enter: Enter) -> None:
    page = enter(address(Kind.ESCALATION), Role.ADMINISTRATOR)
    page.keyboard.press("n")
    field = page.locator("[name='high.voice.silent.again']")
    field.fill("3小时 3小时")
    page.get_by_role("button", name="检查").click()
    page.get_by_role("link", name="high.voice.silent").click()
    expect(page.locator("td[id='high.voice.silent']")).to_contain_text("最后一次再试已在过期之后")
    expect(page.locator("[name='high.voice.silent.again']")).to_have_value("3小时 3小时")
    page.locator("[name='high.voice.silent.again']").fill("45秒")
    page.get_by_role("button", name="检查").click()
    expect(page.get_by_text("检查通过，将有以下变化")).to_be_visible()
    page.get_by_label("理由").fill("夜班")
    page.get_by_role("button", name="发布").click()
    expect(page.get_by_text("第 2 版自")).to_be_visible()
    expect(page.locator("td[id='high.voice.silent']")).to_contain_text("45 秒后再试")
    expect(page.locator("td[id='high.voice.silent']")).to_contain_text("内置默认")


@pytest.mark.parametrize("kind", Kind)
def test_a_sheet_that_nobody_touched_changes_nothing(place: Centre, enter: Enter, kind: Kind) -> None:
    page = enter(address(kind, "next"), Role.ADMINISTRATOR)
    page.get_by_role("button", name="检查").click()
    expect(page.get_by_text("检查通过，没有变化")).to_be_visible()


def test_a_step_of_a_case_leads_to_the_row_it_went_by(place: Centre, enter: Enter) -> None:
    case = factories.directive(place, "A", number=1)
    assert factories.live(case, Tier.VOICE).level == case.level
    page = enter(f"/admin/dispatch/case/{case.pk}/change/")
    page.get_by_role("link", name="high.starts").first.click()
    expect(page.locator("td[id='high.starts']")).to_be_in_viewport()


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_nothing_runs_off_the_side(place: Centre, enter: Enter, page: Page, language: str) -> None:
    enter("/admin/", Role.ADMINISTRATOR, language=language)
    assert page.locator("html").get_attribute("lang") == language
    for kind in Kind:
        for what in ("change", "next"):
            page.goto(page.url.split("/admin/")[0] + address(kind, what))
            assert runs_off(page) == []
