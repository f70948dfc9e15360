"""The pages that show the REST doors: their scripts come from here, and what they want from outside is stopped."""

from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Request, expect
from pytest_django.live_server_helper import LiveServer


@pytest.mark.parametrize("page_name", ["docs", "redoc"])
def test_the_pages_show_the_doors_and_nothing_leaves_the_machine(
    transactional_db: None, live_server: LiveServer, browser: Browser, page_name: str
) -> None:
    """Redoc's script wants its maker's logo from outside: the page's policy stops it before it is sent."""
    page = browser.new_page()
    outside: list[Request] = []
    page.on("request", lambda one: outside.append(one) if _is_outside(one) else None)
    page.goto(f"{live_server.url}/api/v1/{page_name}/")
    shown = page.get_by_text("Send one directive").locator("visible=true").first
    expect(shown).to_be_visible(timeout=60_000)
    page.wait_for_load_state("networkidle")
    assert {one.failure for one in outside} <= {"csp"}
    page.close()


def _is_outside(request: Request) -> bool:
    return urlsplit(request.url).hostname not in (None, "127.0.0.1", "localhost")
