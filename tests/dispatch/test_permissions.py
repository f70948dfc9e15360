"""Every button of the admin by every role, posted by hand: who may not gets 403, and the record has a line of it."""

from collections.abc import Iterator

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from dispatch.admin import acts, operators
from dispatch.admin.access import CHIEFS, DESK
from dispatch.models import Event, PolicyVersion
from dispatch.vocabulary import Role
from telephony import clock
from tests import factories
from tests.factories import START, Centre

SUPERVISING = set(operators.SUPERVISING)


@pytest.fixture(autouse=True)
def moving(settings: Settings) -> None:
    settings.CLOCK = "telephony.clock.moving"
    clock.moving.set(START)


@pytest.fixture
def place(db: None) -> Centre:
    return factories.centre()


def buttons(pk: int) -> Iterator[tuple[str, tuple[Role, ...]]]:
    """The address of everything that can be pressed, and who may press it."""
    for what, act in acts.ACTS.items():
        yield reverse("admin:dispatch_case_act", args=[pk, what]), act.roles
    for what in operators.ACTS:
        yield reverse("admin:dispatch_desk_act", args=[what]), CHIEFS if what in SUPERVISING else DESK
    for page in ("dispatch_case_next", "dispatch_case_find", "dispatch_case_changelist"):
        yield reverse(f"admin:{page}"), DESK
    yield reverse("admin:dispatch_case_person", args=[pk]), DESK


def lists() -> Iterator[tuple[str, tuple[Role, ...]]]:
    """Where a row of each list is added, and who may add one."""
    for model, door in admin.site._registry.items():
        roles = getattr(door, "added_by", ())
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}_add"
        yield reverse(name), tuple(roles)


@pytest.mark.parametrize("role", Role)
def test_who_may_not_press_a_button_gets_403_and_a_line_of_the_record(place: Centre, role: Role) -> None:
    case = factories.directive(place, "A", number=1)
    user = place.user(role)
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    wrong = []
    for address, roles in (*buttons(case.pk), *lists()):
        before = Event.objects.filter(verb="refused", by=user).count()
        status = client.post(address).status_code
        refused = Event.objects.filter(verb="refused", by=user).count() > before
        barred = status == 403
        if barred != (role not in roles) or (barred and not refused):
            wrong.append((address, status, refused))
    assert wrong == []


def test_who_is_nobody_is_sent_to_the_login(place: Centre) -> None:
    case = factories.directive(place, "A", number=1)
    for address, _roles in (*buttons(case.pk), *lists()):
        assert Client().post(address).status_code == 302, address


def test_what_is_refused_changes_nothing(place: Centre) -> None:
    case = factories.directive(place, "A", number=1)
    client = Client(headers={"accept-language": "en"})
    client.force_login(place.user(Role.OFFICER))
    before = PolicyVersion.objects.count()
    for address, _roles in buttons(case.pk):
        answer = client.post(address, {"why": "x", "reason": "meal", "text": "x"})
        assert "your role may not do this" in answer.content.decode()
    told = Event.objects.exclude(verb="refused").values_list("verb", flat=True)
    assert "noted" not in told
    assert "viewed" not in told
    assert PolicyVersion.objects.count() == before
