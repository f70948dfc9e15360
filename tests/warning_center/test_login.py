"""The second factor, where it is asked for: enrolled at the first login, asked for at each, no code twice."""

import re
from datetime import timedelta
from urllib.parse import quote

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from dispatch.models import Event, User
from dispatch.vocabulary import Role
from telephony import clock
from tests import factories
from tests.factories import PASSWORD, Centre
from warning_center import factors
from warning_center.models import Factor

CODE, QUEUE = "/login/code/", "/admin/dispatch/case/"
STEP = timedelta(seconds=30)


@pytest.fixture(autouse=True)
def required(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.SECOND_FACTOR = "required"
    settings.CLOCK = "telephony.clock.moving"
    clock.moving.set(factories.START)
    monkeypatch.setattr(clock, "wall", clock.moving)  # the machine's clock is moved too


@pytest.fixture
def place(db: None) -> Centre:
    return factories.centre()


def half_way(user: User, page: str = QUEUE) -> Client:
    """The password was right, and nobody is logged in."""
    client = Client(headers={"accept-language": "en"})
    given = {"username": user.username, "password": PASSWORD, "next": page}
    answer = client.post("/login/", given)
    assert (answer.status_code, answer["Location"]) == (302, CODE)
    assert client.get(page)["Location"].startswith("/admin/login/")
    return client


def tells(client: Client, code: str) -> str:
    """Where the code leads: an address, or the words of the page."""
    answer = client.post(CODE, {"code": code})
    return str(answer["Location"]) if answer.status_code == 302 else answer.content.decode()


def verbs(user: User) -> list[str]:
    return list(Event.objects.filter(by=user).order_by("pk").values_list("verb", flat=True))


def test_a_phone_is_enrolled_once_and_its_codes_are_asked_for_from_then_on(place: Centre) -> None:
    sam = place.user(username="sam", password=PASSWORD)
    client = half_way(sam)
    page = client.get(CODE).content.decode()
    assert "<svg" in page
    factor = Factor.objects.get(user=sam)
    assert factor.secret in page
    assert client.get(CODE).content.decode().count(factor.secret) == 1  # the same until it is enrolled
    assert "not right" in tells(client, "000000")
    shown = tells(client, factories.one_time_code(sam, clock.wall()))
    codes = re.findall(r"<code class=\"num\">([0-9a-z]{5}-[0-9a-z]{5})</code>", shown)
    assert len(set(codes)) == 10
    assert not any(code in str(Factor.objects.values()) for code in codes)
    assert client.get(QUEUE).status_code == 200
    client = half_way(sam)
    page = client.get(CODE).content.decode()
    assert "<svg" not in page
    assert factor.secret not in page
    assert "serves once" in tells(
        client, factories.one_time_code(sam, clock.wall())
    )  # the one of a moment ago
    clock.moving.forward(STEP)
    assert tells(client, factories.one_time_code(sam, clock.wall())) == QUEUE
    assert client.get(QUEUE).status_code == 200
    assert tells(half_way(sam), codes[3].upper().replace("-", " ")) == QUEUE  # without the phone, once
    assert "serves once" in tells(half_way(sam), codes[3])
    assert verbs(sam) == ["refused", "factor_enrolled", "refused", "factor_recovered", "refused"]


def test_wrong_codes_cost_a_wait_that_doubles_and_a_right_one_ends_it(place: Centre) -> None:
    sam = place.user(username="sam", password=PASSWORD)
    factories.enrolled(sam)
    client = half_way(sam)
    waits = []
    for _ in range(9):
        said = tells(client, "12345x")
        waits.append(re.findall(r"Try again in ([0-9:]+)", said))
        if waits[-1]:
            assert "Try again" in tells(client, factories.one_time_code(sam, clock.wall()))  # not looked at
            minutes, seconds = map(int, waits[-1][0].split(":"))
            clock.moving.forward(timedelta(minutes=minutes, seconds=seconds))
            client = half_way(sam)
    assert waits == [[], [], *([w] for w in ("00:30", "01:00", "02:00", "04:00", "08:00", "15:00", "15:00"))]
    assert tells(client, factories.one_time_code(sam, clock.wall())) == QUEUE
    factor = Factor.objects.get()
    assert (factor.failures, factor.locked_until) == (0, None)


def test_an_administrator_resets_what_was_lost_and_nobody_else_does(
    place: Centre, settings: Settings
) -> None:
    sam, root = (
        place.user(username="sam", password=PASSWORD),
        place.user(username="root", is_superuser=True),
    )
    office, chief = place.user(Role.ADMINISTRATOR), place.user(Role.SUPERVISOR)
    for user in (sam, root):
        factories.enrolled(user)
    settings.SECOND_FACTOR = "off"
    doors = {
        user: reverse("admin:warning_center_factor_reset", args=[user.factor.pk]) for user in (sam, root)
    }
    client = Client()
    for by, whose, status in ((chief, sam, 403), (office, root, 302), (office, sam, 302), (office, sam, 404)):
        client.force_login(by)
        assert client.post(doors[whose]).status_code == status
    client.force_login(office)
    page = client.get(reverse("admin:warning_center_factor_changelist")).content.decode()
    assert (doors[root] in page, doors[sam] in page) == (True, False)
    assert [verbs(user) for user in (chief, office)] == [["refused"], ["refused", "factor_reset"]]
    settings.SECOND_FACTOR = "required"
    assert "<svg" in half_way(sam).get(CODE).content.decode()
    call_command("factor", "root", verbosity=0)
    with pytest.raises(CommandError, match="have not enrolled"):
        call_command("factor", "root")


def test_a_reset_ends_the_open_sessions_of_whose_it_was(place: Centre) -> None:
    sam, eve = (place.user(username=name, password=PASSWORD) for name in ("sam", "eve"))
    browsers = {}
    for user in (sam, eve):
        factories.enrolled(user)
        browsers[user] = half_way(user)
        assert tells(browsers[user], factories.one_time_code(user, clock.wall())) == QUEUE
    factors.reset(user=sam, by=place.user(Role.ADMINISTRATOR), now=clock.now())
    assert [browsers[user].get(QUEUE).status_code for user in (sam, eve)] == [302, 200]


def test_no_other_session_goes_around_it_and_officers_are_not_asked(place: Centre) -> None:
    sam = place.user(username="sam", password=PASSWORD)
    client = Client()
    client.force_login(sam)  # of before it was asked for
    answer = client.get(QUEUE)
    assert (answer.status_code, answer["Location"]) == (302, f"/login/?next={quote(QUEUE, safe='')}")
    assert "_auth_user_id" not in client.session
    client = half_way(sam)
    clock.moving.forward(timedelta(minutes=11))
    assert client.get(CODE)["Location"] == "/login/"
    assert Client().get(CODE)["Location"] == "/login/"
    officer = place.user(Role.OFFICER, username="wang", password=PASSWORD)
    client = Client()
    assert client.post("/login/", {"username": officer.username, "password": PASSWORD})["Location"] == "/"
    assert client.get("/").status_code == 200
