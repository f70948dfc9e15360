"""The small centre whose figures are asked for. Pytest may read this before Django is set up (see the browser's)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.factories import Centre


@pytest.fixture
def place(db: None) -> Centre:
    from tests import factories  # noqa: PLC0415

    return factories.centre()
