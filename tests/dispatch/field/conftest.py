"""A small centre whose clock stands still, one station's officer with a phone, and a critical visit for them.

Pytest may read this file before Django is set up (when told to run this folder alone), so what knows Django is
imported where it is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_django import Settings

    from dispatch.models import Attempt
    from tests.devices import Device
    from tests.factories import Centre


@pytest.fixture
def at(db: None, settings: Settings) -> Centre:
    from django.core.cache import cache  # noqa: PLC0415

    from telephony import clock  # noqa: PLC0415
    from tests import factories  # noqa: PLC0415

    settings.CLOCK = "telephony.clock.moving"
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    cache.clear()  # of tries to sign in
    clock.moving.set(factories.START)
    return factories.centre()


@pytest.fixture
def officer(at: Centre) -> Device:
    from dispatch.vocabulary import Role  # noqa: PLC0415
    from tests.devices import Device  # noqa: PLC0415

    return Device(at.user(Role.OFFICER, at.station))


@pytest.fixture
def visit(at: Centre) -> Attempt:
    """The station is sent to a critical case's door."""
    from dispatch.vocabulary import Level, Stage, Tier  # noqa: PLC0415
    from tests import factories  # noqa: PLC0415

    case = factories.directive(at, "A-1", number=1, level=Level.CRITICAL, name="测试人")
    attempt = factories.live(case, Tier.VISIT)
    assert (attempt.unit, attempt.stage) == (at.station, Stage.SENT)
    return attempt
