"""What the browser tests stand on: Chromium, a served centre whose clock stands still, pages that are logged in.

Pytest may read this file before Django is set up (when told to run this folder alone), so what knows Django is
imported where it is used.
"""

from __future__ import annotations

from contextlib import ExitStack
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import sync_playwright

from tests.browser.chromium import FLAGS, SHELL, WHOLE
from tests.installed import needed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, BrowserContext, Page, Playwright, Request, WebError
    from pytest_django import Settings
    from pytest_django.live_server_helper import LiveServer

    from dispatch.models import Unit, User
    from dispatch.vocabulary import Role
    from tests.factories import Centre


# For this folder, not for the session: while Playwright runs, its event loop counts as running in this thread, and a
# test of an async view beside it would fail. The folder's tests run together, so it starts once in a worker.
@pytest.fixture(scope="package")
def playwright() -> Iterator[Playwright]:
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as started:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")  # the ORM beside that loop, in tests alone
        yield started


@pytest.fixture(scope="package")
def browsers(playwright: Playwright) -> Iterator[Callable[[str], Browser]]:
    """The browser of a program, begun when it is first asked for."""
    begun: dict[str, Browser] = {}
    with ExitStack() as closing:

        def of(program: str) -> Browser:
            if program not in begun:
                begun[program] = playwright.chromium.launch(executable_path=program, args=list(FLAGS))
                closing.callback(begun[program].close)
            return begun[program]

        yield of


@pytest.fixture(scope="module")
def browser(request: pytest.FixtureRequest, browsers: Callable[[str], Browser]) -> Browser:
    whole = getattr(request.module, "NEEDS_WHOLE_CHROMIUM", False)
    return browsers(needed(*(WHOLE if whole else SHELL)))


@pytest.fixture(scope="module")
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A browser in Chinese for a file's tests: what it has fetched is kept, as it would be on a desk."""
    with browser.new_context(locale="zh-CN", timezone_id="Asia/Shanghai") as made:
        yield made


@pytest.fixture
def page(context: BrowserContext, live_server: LiveServer) -> Iterator[Page]:
    """A new page that remembers nothing. A script's error, or a request that leaves this machine, fails the test."""
    wrong: list[str] = []

    def watch(request: Request) -> None:
        host = urlsplit(request.url).hostname
        if host not in (None, "127.0.0.1", "localhost"):
            wrong.append(f"asked for {request.url}")

    def erred(error: WebError) -> None:
        wrong.append(f"script error: {error.error}")

    context.on("request", watch)
    context.on("weberror", erred)
    page = context.new_page()
    yield page
    tell = context.new_cdp_session(page)
    tell.send("Storage.clearDataForOrigin", {"origin": live_server.url, "storageTypes": "all"})
    for other in context.pages:
        other.close()
    context.clear_cookies()
    context.remove_listener("request", watch)
    context.remove_listener("weberror", erred)
    assert not wrong, wrong


@pytest.fixture(autouse=True)
def moving(settings: Settings) -> None:
    from telephony import clock  # noqa: PLC0415
    from tests.factories import START  # noqa: PLC0415

    settings.CLOCK = "telephony.clock.moving"
    clock.moving.set(START + timedelta(seconds=20))


@pytest.fixture
def place(transactional_db: None) -> Centre:
    from tests import factories  # noqa: PLC0415

    return factories.centre()


@pytest.fixture
def enter(place: Centre, live_server: LiveServer, page: Page) -> Callable[..., Page]:
    """The page with a user, or somebody of a role, logged in, at an address; in Chinese unless told otherwise."""
    from django.test import Client  # noqa: PLC0415

    def logged_in(
        address: str,
        role: Role | None = None,
        unit: Unit | None = None,
        language: str = "zh-hans",
        user: User | None = None,
    ) -> Page:
        client = Client()
        client.force_login(user or place.user(role, unit))
        cookie = client.cookies["sessionid"].value
        page.context.add_cookies(
            [
                {"name": "sessionid", "value": cookie, "url": live_server.url},
                {"name": "django_language", "value": language, "url": live_server.url},
            ]
        )
        page.goto(live_server.url + address)
        return page

    return logged_in
