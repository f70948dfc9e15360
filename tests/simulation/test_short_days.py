"""Short days with every fault: nothing that must hold is broken, everything ends, and what the report says adds up."""

from typing import Any

import pytest

from dispatch.models import Case
from tests.simulation.days import played
from warning_center.models import Directive
from warning_center.simulation import faults, report

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def moving(settings: Any) -> None:
    settings.CLOCK = "telephony.clock.moving"
    settings.REDIS_URL = ""


@pytest.mark.parametrize("seed", [11, 12, 13])
def test_a_short_day_with_every_fault_keeps_every_promise(seed: int) -> None:
    day = played(seed=seed, directives=12, faults=tuple(faults.KINDS))
    told = report.document(day)
    assert told["violations"] == []
    assert told["open"] == Case.objects.open().count() == 0
    assert told["directives"]["acknowledged"] == Directive.objects.count() == 12
    assert sum(told["arrivals"]) == 12
    assert sum(told["outcomes"].values()) == Case.objects.count()
    assert told["steps"]["processes_died"] == told["faults"]["dying"] > 0
