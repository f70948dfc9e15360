"""A device's tokens: short ones renewed by one that is good once; shown twice, all of them end; any can be ended."""

from datetime import timedelta

import pytest
from django.db import connection
from django.urls import reverse
from pytest_django import Settings

from dispatch.models import Event, RefreshToken, User
from dispatch.vocabulary import Role
from telephony import clock
from tests.devices import Device
from tests.factories import Centre, entered


def test_a_token_is_renewed_until_the_shift_ends(officer: Device) -> None:
    for _hour in range(11):
        clock.moving.forward(timedelta(hours=1))
        assert officer.get("visits").status_code == 401
        officer.pair = officer.renew().json()
        assert officer.get("visits").status_code == 200
    clock.moving.forward(timedelta(hours=1))
    assert officer.renew().status_code == 401
    assert officer.sign_in().status_code == 201


def test_neither_token_can_be_read_in_the_database(officer: Device) -> None:
    officer.pair |= {"older": officer.pair["refresh_token"], **officer.renew().json()}
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM dispatch_devicetoken")
        stored = str(cursor.fetchall())
        cursor.execute("SELECT * FROM dispatch_refreshtoken")
        stored += str(cursor.fetchall())
    assert not any(officer.pair[name] in stored for name in ("token", "refresh_token", "older"))


def test_a_renewal_whose_answer_was_lost_is_asked_for_again(officer: Device) -> None:
    first = officer.renew("my own word")
    again = officer.renew("my own word")
    assert (first.status_code, first.json()) == (201, again.json())
    officer.pair = again.json()
    assert officer.get("visits").status_code == 200
    assert not Event.objects.filter(verb="refused").exists()


def test_a_refresh_token_shown_twice_ends_all_tokens_of_its_device(officer: Device) -> None:
    stolen = officer.pair["refresh_token"]
    other = Device(officer.user)
    officer.pair = officer.renew("the officer").json()
    assert officer.renew("the thief", stolen).status_code == 401
    assert officer.get("visits").status_code == 401
    assert officer.renew("the officer, later").status_code == 401
    assert other.get("visits").status_code == 200
    refused = Event.objects.get(verb="refused")
    assert (refused.by, refused.why) == (officer.user, "refresh token shown twice")


def test_an_answer_is_given_again_only_until_it_was_used(officer: Device) -> None:
    old = officer.pair["refresh_token"]
    officer.pair = officer.renew("the word").json()
    officer.pair = officer.renew("the next").json()
    assert officer.renew("the word", old).status_code == 401
    assert officer.get("visits").status_code == 401


def test_signing_out_ends_the_refresh_token_too(officer: Device) -> None:
    assert officer.delete("token").status_code == 204
    assert officer.renew().status_code == 401
    assert RefreshToken.objects.get().revoked_at == clock.now()


def test_who_leaves_gets_no_next_token(officer: Device) -> None:
    User.objects.filter(pk=officer.user.pk).update(is_active=False)
    assert officer.renew().status_code == 401


def test_a_lost_phone_is_ended_from_another(officer: Device) -> None:
    lost = Device(officer.user)
    theirs = [one["id"] for one in officer.get("devices").json()]
    assert len(theirs) == 2
    assert officer.delete(f"devices/{theirs[0]}").status_code == 204
    assert (lost.get("visits").status_code, lost.renew().status_code) == (401, 401)
    assert officer.get("visits").status_code == 200


@pytest.mark.parametrize(("role", "over", "answer"), [
    (Role.SUPERVISOR, "county", 204),
    (Role.SUPERVISOR, "other", 404),
    (Role.OFFICER, "county", 404),
])  # fmt: skip
def test_only_supervisors_above_end_anothers_device(
    at: Centre, officer: Device, role: Role, over: str, answer: int
) -> None:
    (theirs,) = officer.get("devices").json()
    chief = Device(at.user(role, getattr(at, over)))
    assert chief.delete(f"devices/{theirs['id']}").status_code == answer
    assert (officer.get("visits").status_code == 401) == (answer == 204)
    assert Event.objects.filter(verb="refused", why="another's device").exists() == (answer == 404)


def test_where_a_second_factor_is_asked_for_a_password_opens_this_door_to_officers_alone(
    at: Centre, officer: Device, settings: Settings
) -> None:
    chiefs = [Device(at.user(role)) for role in (Role.SUPERVISOR, Role.ADMINISTRATOR)]
    chiefs.append(Device(at.user(Role.OFFICER, is_superuser=True)))
    assert [chief.get("visits").status_code for chief in chiefs] == [200] * 3
    settings.SECOND_FACTOR = "required"
    assert [chief.get("visits").status_code for chief in chiefs] == [403] * 3
    assert [chief.sign_in().status_code for chief in chiefs] == [403] * 3
    assert Event.objects.filter(verb="refused", why="no field work").count() == 6
    assert (officer.get("visits").status_code, officer.sign_in().status_code) == (200, 201)


def test_tries_to_renew_are_counted(officer: Device) -> None:
    codes = [officer.renew("same word", "wr_nobody").status_code for _ in range(12)]
    assert codes == [401] * 10 + [429] * 2


def test_who_is_above_them_signs_a_lost_phone_out_in_the_admin(at: Centre, officer: Device) -> None:
    officer.pair |= officer.renew().json()
    page = reverse("admin:dispatch_refreshtoken_changelist")
    door = reverse("admin:dispatch_refreshtoken_end", args=[RefreshToken.objects.get(used_at=None).pk])
    for role, unit, status in (
        (Role.OPERATOR, at.city, 403),
        (Role.SUPERVISOR, at.other, 404),
        (Role.SUPERVISOR, at.county, 302),
        (Role.SUPERVISOR, at.county, 404),
    ):
        browser = entered(at.user(role, unit))
        shown = browser.get(page)
        assert (shown.status_code == 200 and door in shown.content.decode()) is (status == 302)
        assert browser.post(door).status_code == status
    assert officer.get("visits").status_code == 401
    assert officer.renew("another word").status_code == 401
    assert Event.objects.filter(verb="signed_out").count() == 1
