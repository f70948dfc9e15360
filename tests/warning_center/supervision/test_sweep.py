"""After an upgrade everything is counted anew by itself, in slices, and the pages say so meanwhile."""

from datetime import timedelta
from decimal import Decimal
from importlib import import_module

import pytest
from django.apps import apps
from django.db.models import F
from django.test import Client
from pytest_django import Settings

from dispatch.models import Case
from dispatch.vocabulary import Role
from dispatch.workflow import orders
from telephony import clock
from tests import factories
from tests.factories import START, Centre
from warning_center import tasks
from warning_center.models import Cell, Counted, Happening, Stirred, Sweep
from warning_center.supervision.rollups import keep, recount, sweep


@pytest.fixture
def place(db: None, settings: Settings) -> Centre:
    settings.CLOCK = "telephony.clock.moving"
    clock.moving.set(START + timedelta(days=1))
    return factories.centre()


def upgraded(place: Centre) -> None:
    """What an older version had counted: no days, no types in columns; all is marked as due by the migration."""
    for number in range(4):
        factories.directive(place, f"R{number}", number=number)
    keep.keep_up()
    Happening.objects.all().delete()
    Cell.objects.filter(cut__startswith="on.").delete()
    Counted.objects.update(fraud="", source="")
    import_module("warning_center.migrations.0006_all_due").mark(apps, None)


def test_slices_count_all_that_was_there_and_then_nothing_is_due(place: Centre) -> None:
    upgraded(place)
    assert recount.check().differences
    assert sweep.under_way() == 0
    assert sweep.step(limit=2) == 2
    assert sweep.under_way() == pytest.approx(40, abs=60)
    factories.directive(place, "NEW", number=9)  # what comes meanwhile is counted as ever
    while Sweep.objects.exists():
        sweep.run(seconds=0)
    assert sweep.under_way() is None
    assert recount.check().differences == ()


def test_a_slice_that_died_is_done_again_and_counts_nothing_twice(place: Centre) -> None:
    upgraded(place)
    sweep.step(limit=3)
    Sweep.objects.update(after=F("after") - 2)
    tasks.sweep.apply()
    tasks.sweep.apply()
    assert not Sweep.objects.exists()
    assert recount.check().differences == ()


def test_the_pages_say_how_far_it_is(place: Centre) -> None:
    upgraded(place)
    client = Client(headers={"accept-language": "en"})
    client.force_login(place.user(Role.SUPERVISOR))
    assert "being counted anew: about 0 % done" in client.get("/supervision/").content.decode()
    sweep.run(seconds=60)
    assert "being counted anew" not in client.get("/supervision/").content.decode()


def test_a_recount_by_hand_leaves_nothing_to_sweep(place: Centre) -> None:
    upgraded(place)
    recount.rebuild()
    assert sweep.under_way() is None


def test_cases_whose_bank_had_answered_late_are_due_after_an_upgrade(place: Centre) -> None:
    late, in_time = (factories.directive(place, f"R{number}", number=number) for number in (1, 2))
    for case, minutes in ((late, 31), (in_time, 29)):
        order = orders.draft(case_id=case.pk, now=START, within=timedelta(minutes=30))
        orders.submit(order_id=order.pk, now=START)
        orders.answer(order_id=order.pk, held=Decimal(0), now=START + timedelta(minutes=minutes))
    keep.keep_up()
    import_module("warning_center.migrations.0007_answered_late").mark(apps, None)
    assert Stirred.objects.get().case == late


def test_a_new_centre_has_nothing_to_count_anew(place: Centre) -> None:
    assert not Case.objects.exists()
    import_module("warning_center.migrations.0006_all_due").mark(apps, None)
    assert sweep.under_way() is None
