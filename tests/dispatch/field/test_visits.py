"""The officers' door: who sees which visit, what of the person, and that every step may be sent again."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client

from dispatch.models import Attempt, Case, DeviceToken, Event, Unit, User
from dispatch.vocabulary import Disposition, Level, Result, Role, Stage, Tier
from dispatch.workflow import turn
from telephony import clock
from tests import factories
from tests.devices import FIELD, PLACE, Device, post
from tests.factories import PASSWORD, START, Centre


def now_of(visit: Attempt) -> Attempt:
    return Attempt.objects.get(pk=visit.pk)


def check_of(at: Centre) -> Attempt:
    """A check of the follow-up that is due with a village."""
    case = factories.directive(at, "C-1", number=5, level=Level.HIGH)
    case = factories.judged(case, Disposition.PERSUADED, now=START)
    check = factories.live(case, Tier.FOLLOW_UP)
    clock.moving.set(check.due_at or START)
    turn.advance([case.pk], now=clock.now())
    return Attempt.objects.get(pk=check.pk)


# ---- signing in


def test_a_token_is_shown_once_and_kept_as_a_hash(officer: Device) -> None:
    token = DeviceToken.objects.get()
    assert token.expires_at - token.created_at == timedelta(minutes=30)
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM dispatch_devicetoken")
        assert officer.token not in str(cursor.fetchall())
    assert Event.objects.get(verb="signed_in").by == officer.user


def test_a_token_ends_after_half_an_hour(officer: Device) -> None:
    clock.moving.forward(timedelta(minutes=29))
    assert officer.get("visits").status_code == 200
    clock.moving.forward(timedelta(minutes=1))
    assert officer.get("visits").status_code == 401
    assert officer.sign_in().status_code == 201


def test_a_token_ends_when_it_is_revoked(officer: Device) -> None:
    assert officer.delete("token").status_code == 204
    assert officer.get("visits").status_code == 401
    assert Event.objects.filter(verb="signed_out", by=officer.user).count() == 1


def test_a_token_ends_with_its_user(officer: Device) -> None:
    officer.user.is_active = False
    officer.user.save()
    assert officer.get("visits").status_code == 401


def test_a_wrong_password_is_refused_and_that_is_recorded(officer: Device) -> None:
    answer = officer.sign_in(password="wrong")
    assert (answer.status_code, answer["Content-Type"]) == (401, "application/problem+json")
    assert Event.objects.get(verb="refused").why == "wrong name or password"


def test_an_old_token_does_not_stand_in_the_way_of_signing_in(officer: Device) -> None:
    body = {"username": officer.user.username, "password": PASSWORD, "device": "phone 7"}
    assert post(f"{FIELD}/token", body, Authorization="Bearer wd_old").status_code == 201


@pytest.mark.parametrize(
    "given", [{"device": ""}, {"username": None}, {"username": "a\x00"}, {"password": []}]
)
def test_signing_in_names_what_is_missing(officer: Device, given: dict[str, Any]) -> None:
    answer = officer.sign_in(**given)
    assert answer.status_code == 400
    assert [error["field"] for error in answer.json()["errors"]] == list(given)


def test_passwords_cannot_be_guessed_by_trying(officer: Device) -> None:
    codes = [officer.sign_in(username="somebody", password=str(n)).status_code for n in range(12)]
    assert codes[:10] == [401] * 10
    assert codes[10:] == [429, 429]


@pytest.mark.parametrize("role", [Role.OPERATOR])
def test_who_does_not_work_in_the_field_gets_no_token(at: Centre, role: Role) -> None:
    user = at.user(role, password=PASSWORD)
    answer = post(f"{FIELD}/token", {"username": user.username, "password": PASSWORD, "device": "phone"})
    assert answer.status_code == 403
    assert Event.objects.get(verb="refused").by == user


def test_who_leaves_the_field_is_refused_at_once(officer: Device) -> None:
    User.objects.filter(pk=officer.user.pk).update(role=Role.OPERATOR)
    assert officer.get("visits").status_code == 403
    assert Event.objects.get(verb="refused").by == officer.user


def test_a_token_has_to_expire(at: Centre) -> None:
    plain = {"user": at.user(Role.OFFICER), "device": "phone", "digest": "x", "created_at": START}
    with pytest.raises(IntegrityError, match="dispatch_devicetoken_expires"), transaction.atomic():
        DeviceToken.objects.create(**plain, expires_at=START)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("get", "visits"),
        ("get", "visits/1"),
        ("post", "visits/1/acknowledge"),
        ("post", "visits/1/arrive"),
        ("post", "visits/1/report"),
        ("delete", "token"),
    ],
)
def test_without_a_token_every_address_is_closed(db: None, method: str, path: str) -> None:
    answer = getattr(Client(), method)(f"{FIELD}/{path}")
    assert (answer.status_code, answer["Content-Type"]) == (401, "application/problem+json")


def test_a_sources_key_does_not_open_the_officers_door(at: Centre) -> None:
    key = at.source.renew_key()
    at.source.save()
    assert Client().get(f"{FIELD}/visits", headers={"Authorization": f"Bearer {key}"}).status_code == 401


# ---- seeing


def test_an_officer_sees_the_stations_visits_riskiest_first(
    officer: Device, at: Centre, visit: Attempt
) -> None:
    factories.directive(
        at,
        "A-2",
        number=2,
        level=Level.CRITICAL,
        signs={"on_call_seconds": 5400, "money_moved": 1, "screen_shared": 1},
    )
    listed = officer.get("visits").json()
    assert len(listed) == 2
    assert listed[1]["id"] == visit.pk
    assert listed[0]["score"] > listed[1]["score"]
    assert (listed[1]["tier"], listed[1]["stage"], listed[1]["mine"]) == ("visit", "sent", True)


def test_the_list_is_masked_and_writes_no_view(officer: Device, visit: Attempt) -> None:
    person = officer.get("visits").json()[0]["person"]
    assert (person["opened"], person["name"], person["phones"]) == (False, "测**", ["190****0001"])
    assert "502" not in json.dumps(person)
    assert (person["lat"], person["lon"]) == (None, None)
    assert not Event.objects.filter(verb="viewed").exists()


def test_opening_ones_own_visit_shows_the_person_and_writes_it_down(officer: Device, visit: Attempt) -> None:
    person = officer.get(f"visits/{visit.pk}").json()["person"]
    assert (person["name"], person["phones"], person["lat"]) == ("测试人", ["+8619000000001"], 21.55)
    assert person["address"] == "电白区某酒店 502 室"
    viewed = Event.objects.get(verb="viewed")
    assert (viewed.by, viewed.case_id, viewed.detail["attempt"]) == (officer.user, visit.case_id, visit.pk)
    assert "测试人" not in str(viewed.detail)


def test_the_county_sees_its_stations_visit_masked(at: Centre, visit: Attempt) -> None:
    county = Device(at.user(Role.SUPERVISOR, at.county))
    assert [one["id"] for one in county.get("visits").json()] == [visit.pk]
    person = county.get(f"visits/{visit.pk}").json()["person"]
    assert (person["opened"], person["name"]) == (False, "测**")
    assert not Event.objects.filter(verb="viewed").exists()


def test_an_ended_visit_is_masked_again(officer: Device, visit: Attempt) -> None:
    officer.post(f"visits/{visit.pk}/report", {"result": "not_there"})
    assert officer.get(f"visits/{visit.pk}").json()["person"]["opened"] is False


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("get", "", None),
        ("post", "/acknowledge", None),
        ("post", "/arrive", {}),
        ("post", "/report", {"disposition": "persuaded", "note": "当面谈过"}),
    ],
)
def test_another_stations_visit_is_not_there(
    at: Centre, visit: Attempt, method: str, path: str, body: Any
) -> None:
    stranger = Device(at.user(Role.OFFICER, Unit.objects.get(name="石鼓派出所")))
    assert stranger.get("visits").json() == []
    told = [body] if method == "post" else []
    answer = getattr(stranger, method)(f"visits/{visit.pk}{path}", *told)
    missing = getattr(stranger, method)(f"visits/999999{path}", *told)
    assert (answer.status_code, answer.json()) == (404, missing.json())
    assert now_of(visit).stage == Stage.SENT
    assert Event.objects.get(verb="refused").by == stranger.user


def test_calls_and_planned_visits_are_no_visits(officer: Device, at: Centre, visit: Attempt) -> None:
    officer.post(f"visits/{visit.pk}/report", {"result": "not_there"})
    again = factories.live(visit.case, Tier.VISIT)
    assert again.stage == Stage.PLANNED
    assert officer.get("visits").json() == []
    assert officer.get(f"visits/{again.pk}").status_code == 404
    call = factories.live(visit.case, Tier.VOICE)
    assert Device(at.user(Role.SUPERVISOR)).get(f"visits/{call.pk}").status_code == 404


def test_nobody_without_a_unit_sees_anything(at: Centre, visit: Attempt) -> None:
    user = at.user(Role.ADMINISTRATOR, password=PASSWORD)
    device = Device(user)
    User.objects.filter(pk=user.pk).update(unit=None)
    assert device.get("visits").status_code == 403


def test_the_list_takes_few_queries(officer: Device, at: Centre, django_assert_max_num_queries: Any) -> None:
    for n in range(10):
        factories.directive(at, f"A-{n}", number=n, level=Level.CRITICAL)
    with django_assert_max_num_queries(6):
        assert len(officer.get("visits").json()) == 10


# ---- acting


def test_a_visit_goes_its_way_to_the_report(officer: Device, visit: Attempt) -> None:
    said = officer.post(f"visits/{visit.pk}/acknowledge").json()
    assert (said["stage"], said["acknowledged_at"]) == ("acknowledged", "2026-03-02T09:00:00+08:00")
    clock.moving.forward(timedelta(minutes=10))
    assert officer.post(f"visits/{visit.pk}/arrive", PLACE).json()["stage"] == "arrived"
    clock.moving.forward(timedelta(minutes=15))
    report = {"disposition": "persuaded", "note": "同住的儿子在场", "evidence": {"app_removed": True}}
    said = officer.post(f"visits/{visit.pk}/report", report).json()
    assert (said["result"], said["disposition"], said["late"]) == ("met", "persuaded", False)
    assert said["person"]["opened"] is False
    attempt, case = now_of(visit), Case.objects.get(pk=visit.case_id)
    assert (attempt.judged_by, attempt.note) == (officer.user, "同住的儿子在场")
    word = {"word": "persuaded", "at": clock.now().isoformat(), "by": officer.user.pk}
    assert attempt.evidence == {"metres_away": 152, "app_removed": True, "said": [word]}
    assert case.agreed_at == clock.now()


def test_what_an_officer_writes_is_not_readable_in_the_database(officer: Device, visit: Attempt) -> None:
    officer.post(f"visits/{visit.pk}/report", {"result": "not_there", "note": "邻居李某说去了银行"})
    with connection.cursor() as cursor:
        cursor.execute("SELECT note, evidence::text FROM dispatch_attempt WHERE id = %s", [visit.pk])
        assert "李某" not in str(cursor.fetchone())
    assert not Event.objects.filter(detail__icontains="李某").exists()


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("acknowledge", None),
        ("arrive", PLACE),
        ("arrive", None),
        ("report", {"result": "not_there", "note": "无人"}),
        ("report", {"disposition": "not_persuaded", "note": "不听劝", "evidence": {"app_removed": False}}),
    ],
)
def test_a_step_sent_again_is_taken_once_and_answered_the_same(
    officer: Device, visit: Attempt, path: str, body: Any
) -> None:
    first = officer.post(f"visits/{visit.pk}/{path}", body, **{"Idempotency-Key": "key-00000001"})
    events, attempts = Event.objects.count(), Attempt.objects.count()
    clock.moving.forward(timedelta(minutes=3))
    again = officer.post(f"visits/{visit.pk}/{path}", body, **{"Idempotency-Key": "key-00000001"})
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json() == again.json()
    assert (Event.objects.count(), Attempt.objects.count()) == (events, attempts)


def test_steps_already_taken_may_be_sent_again_after_the_end(officer: Device, visit: Attempt) -> None:
    for path, body in [
        ("acknowledge", None),
        ("arrive", {}),
        ("report", {"disposition": "persuaded", "note": "当面谈过"}),
    ]:
        assert officer.post(f"visits/{visit.pk}/{path}", body).status_code == 200
    events = Event.objects.count()
    for path, body in [
        ("acknowledge", None),
        ("arrive", {}),
        ("report", {"disposition": "persuaded", "note": "当面谈过"}),
    ]:
        assert officer.post(f"visits/{visit.pk}/{path}", body).status_code == 200
    assert Event.objects.count() == events


def test_a_visit_that_has_ended_cannot_be_taken_and_the_answer_says_what_is_true(
    officer: Device, visit: Attempt
) -> None:
    late = START + timedelta(minutes=3)
    clock.moving.set(late)
    turn.advance([visit.case_id], now=late)  # nobody acknowledged within two minutes
    answer = officer.post(f"visits/{visit.pk}/acknowledge")
    assert (answer.status_code, answer["Content-Type"]) == (409, "application/problem+json")
    said = answer.json()
    assert "the visit has ended" in said["detail"]
    assert said["visit"]["result"] == "no_acknowledgement"


def test_another_judgement_of_the_same_visit_is_a_conflict(officer: Device, visit: Attempt) -> None:
    officer.post(f"visits/{visit.pk}/report", {"disposition": "persuaded", "note": "当面谈过"})
    answer = officer.post(f"visits/{visit.pk}/report", {"disposition": "not_persuaded", "note": "当面谈过"})
    assert answer.status_code == 409
    assert answer.json()["visit"]["disposition"] == "persuaded"


def test_a_late_report_is_kept_once_and_says_that_it_was_late(officer: Device, visit: Attempt) -> None:
    turn.advance([visit.case_id], now=START + timedelta(minutes=3))
    for _ in range(2):
        answer = officer.post(f"visits/{visit.pk}/report", {"result": "not_there", "note": "无人"})
        assert (answer.status_code, answer.json()["late"]) == (200, True)
    assert now_of(visit).result == Result.NO_ACKNOWLEDGEMENT
    assert now_of(visit).note == "无人"
    assert Event.objects.get(verb="late_result").by == officer.user


def test_a_late_judgement_is_heard(officer: Device, visit: Attempt) -> None:
    turn.advance([visit.case_id], now=START + timedelta(minutes=3))
    clock.moving.set(START + timedelta(minutes=4))
    assert (
        officer.post(
            f"visits/{visit.pk}/report", {"disposition": "persuaded", "note": "当面谈过"}
        ).status_code
        == 200
    )
    assert Case.objects.get(pk=visit.case_id).agreed_at is not None


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, ["result"]),
        ({"result": "not_there", "disposition": "persuaded"}, ["result"]),
        ({"result": "met"}, ["result"]),
        ({"result": "cancelled"}, ["result"]),
        ({"result": "no_loss"}, ["result"]),
        ({"result": "gone fishing"}, ["result"]),
        ({"disposition": "verified"}, ["disposition"]),
        ({"disposition": "persuaded"}, ["note"]),
        ({"disposition": "persuaded", "note": " "}, ["note"]),
        ({"disposition": "persuaded", "note": "x" * 2001}, ["note"]),
        ({"disposition": "persuaded", "note": "\x00"}, ["note"]),
        ({"disposition": "persuaded", "evidence": {"app removed": True}}, ["evidence"]),
        ({"disposition": "persuaded", "evidence": {"app_removed": "perhaps"}}, ["evidence.app_removed"]),
        ({"disposition": "persuaded", "evidence": [1]}, ["evidence"]),
    ],
)
def test_a_report_that_says_nothing_we_know_is_refused(
    officer: Device, visit: Attempt, body: Any, fields: list[str]
) -> None:
    answer = officer.post(f"visits/{visit.pk}/report", body)
    assert answer.status_code == 400
    assert [error["field"] for error in answer.json()["errors"]] == fields
    assert now_of(visit).ended_at is None


@pytest.mark.parametrize("body", [[], "x", {"lat": 91, "lon": 0}, {"lat": "nan", "lon": 0}, {"lat": 21.5}])
def test_a_place_that_is_none_is_refused(officer: Device, visit: Attempt, body: Any) -> None:
    assert officer.post(f"visits/{visit.pk}/arrive", body).status_code == 400
    assert now_of(visit).stage == Stage.SENT


# ---- checks


def test_a_due_check_is_listed_and_reported(at: Centre) -> None:
    check = check_of(at)
    assert check.unit is not None
    device = Device(at.user(Role.OFFICER, check.unit))
    assert [(one["tier"], one["stage"]) for one in device.get("visits").json()] == [("follow_up", "checking")]
    answer = device.post(
        f"visits/{check.pk}/report", {"result": "no_loss", "evidence": {"spoke_on_phone": True}}
    )
    assert (answer.status_code, answer.json()["result"]) == (200, "no_loss")
    assert device.post(f"visits/{check.pk}/report", {"result": "no_loss"}).status_code == 200


def test_a_check_is_not_acknowledged_and_ends_with_a_result(at: Centre) -> None:
    check = check_of(at)
    device = Device(at.user(Role.OFFICER, check.unit))
    assert device.post(f"visits/{check.pk}/acknowledge").status_code == 409
    assert device.post(f"visits/{check.pk}/report", {"disposition": "persuaded"}).status_code == 400
