"""What the tests of the line stand on: a clock that moves when told, trunks, calls, what has moved.

Pytest may read this file before Django is set up (when told to run this folder alone), so what knows Django is
imported where it is used.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from pytest_django import Settings

from tests.fakes.puppet import Puppet

if TYPE_CHECKING:
    from telephony.clock import MovingClock
    from tests.telephony.rows import Exchange


@pytest.fixture(autouse=True)
def moving(settings: Settings) -> Iterator[MovingClock]:
    """The program's clock, standing at START, and no adapter left over from another test."""
    from tests.telephony.rows import standing_clock  # noqa: PLC0415

    settings.CLOCK = "telephony.clock.moving"
    with standing_clock() as clock:
        yield clock


@pytest.fixture
def puppet(settings: Settings) -> Puppet:
    """The one carrier there is, which does as it is told."""
    from telephony import lines  # noqa: PLC0415

    settings.CARRIERS = {"puppet": {"adapter": "tests.fakes.puppet.Puppet"}}
    made = lines.carrier("puppet")
    assert isinstance(made, Puppet)
    return made


@pytest.fixture
def exchange(db: None) -> Exchange:
    """Makes trunks and calls."""
    from tests.telephony.rows import Exchange  # noqa: PLC0415

    return Exchange()


@pytest.fixture
def moves() -> Iterator[list[tuple[str, str]]]:
    """The status and result of each call as it was announced, in order."""
    from tests.telephony.rows import announced  # noqa: PLC0415

    with announced() as heard:
        yield heard
