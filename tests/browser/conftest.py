"""What the browser tests stand on: a served centre whose clock stands still, and pages that are logged in.

Pytest may read this file before Django is set up (when told to run this folder alone), so what knows Django is
imported where it is used.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page
    from pytest_django import Settings
    from pytest_django.live_server_helper import LiveServer

    from dispatch.models import Unit, User
    from dispatch.vocabulary import Role
    from tests.factories import Centre


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
