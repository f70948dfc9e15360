"""The wall: what stands on it, of whom it may be seen, and that its login opens nothing else."""

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import get_resolver
from pytest_django import Settings

from dispatch.models import Event, Operator
from dispatch.vocabulary import Disposition, Level, Outcome, Role
from telephony import clock, desks
from telephony.models import Desk
from tests import factories
from tests.factories import START, Centre
from tests.test_house import OPEN_TO_ALL, _addresses, _concrete
from warning_center.models import Screen
from warning_center.supervision.rollups import keep
from warning_center.supervision.wallboard import board

NOW = START + timedelta(minutes=10)


@pytest.fixture(autouse=True)
def moving(settings: Settings) -> None:
    settings.CLOCK = "telephony.clock.moving"
    clock.moving.set(NOW)


def logged_in(place: Centre) -> Client:
    screen = Screen(name="hall", unit=place.city)
    key = screen.renew_key()
    screen.save()
    client = Client(headers={"accept-language": "en"})
    assert client.post("/wallboard/login", {"key": key}).headers["Location"] == "/wallboard/"
    return client


def test_the_wall_tells_what_waits_who_is_there_and_what_is_late(place: Centre) -> None:
    factories.directive(place, "A", number=1, level=Level.CRITICAL, amount="30000")
    factories.directive(place, "B", number=2)
    told = factories.judged(
        factories.directive(place, "C", number=3), Disposition.PERSUADED, now=START + timedelta(seconds=20)
    )
    ended = factories.followed_up(told)
    assert ended.outcome == Outcome.VERIFIED
    assert ended.closed_at is not None
    keep.keep_up()
    seen = board.look(place.city, now=NOW)
    assert (seen.urgent, seen.oldest, seen.verified) == (1, "0:10:00", 0)
    assert seen.late >= 1
    assert {row.level: row.unreached for row in seen.waiting} == {4: 1, 3: 1, 2: 0, 1: 0}
    assert ("at risk", "¥30,000") in seen.sums or ("涉险", "3.0 万元") in seen.sums
    assert sum(spot.visits for spot in seen.map.spots) + seen.map.elsewhere == 1
    assert board.look(place.city, now=ended.closed_at).verified == 1
    assert board.look(place.other, now=NOW).urgent == 0


def test_operators_stand_on_it_by_their_state(place: Centre) -> None:
    desk = Desk.objects.create(name="01", since=START)
    Operator.objects.create(user=place.user(Role.OPERATOR), desk=desk)
    assert board.look(place.city, now=NOW).dots == ()
    desks.sign_in(desk_id=desk.pk, now=NOW)
    desks.ready(desk_id=desk.pk, now=NOW)
    assert [(dot.name, dot.state) for dot in board.look(place.city, now=NOW).dots] == [("01", "ready")]
    assert board.look(place.other, now=NOW).dots == ()


def test_a_screen_sees_the_wall_and_no_person(place: Centre) -> None:
    factories.directive(place, "A", number=1)
    client = logged_in(place)
    for address in ("/wallboard/", "/wallboard/now"):
        html = client.get(address).content.decode()
        assert "Queue by level" in html
        assert "测" not in html
        assert "1900" not in html


def test_its_login_opens_nothing_else(place: Centre) -> None:
    client = logged_in(place)
    for path, name in _addresses(get_resolver()):
        if name in OPEN_TO_ALL or name in ("wallboard", "wallboard-now"):
            continue
        answer = client.get(_concrete(path))
        assert answer.status_code in (301, 302, 401, 403, 404, 405), path
        if answer.status_code in (301, 302):
            assert "login" in answer["Location"] or answer["Location"] == "/", path


def test_a_wrong_key_is_refused_on_record_and_a_shut_out_screen_sees_no_more(place: Centre) -> None:
    client = Client()
    assert client.post("/wallboard/login", {"key": "wb_guess"}).status_code == 403
    assert Event.objects.get(verb="refused").why == "unknown key"
    assert client.get("/wallboard/").headers["Location"] == "/wallboard/login"
    client = logged_in(place)
    call_command("screen", "hall", off=True)
    assert client.get("/wallboard/").status_code == 302
    with pytest.raises(CommandError):
        call_command("screen", "nowhere")


def test_whoever_was_logged_in_is_logged_out_by_a_screens_key(place: Centre) -> None:
    screen = Screen(name="hall", unit=place.city)
    key = screen.renew_key()
    screen.save()
    client = Client()
    client.force_login(place.user(Role.SUPERVISOR))
    client.post("/wallboard/login", {"key": key})
    assert client.get("/supervision/").status_code == 302
