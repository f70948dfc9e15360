"""A colleague goes instead: who may be chosen, who may choose, and of two sayings the later one."""

from datetime import date, time, timedelta
from itertools import permutations

import pytest

from dispatch.models import Assignment, Attempt, Event, Shift, Unit, User
from dispatch.vocabulary import Role, ShiftKind
from telephony import clock
from tests.devices import PLACE, Device
from tests.factories import START, Centre


def colleague(at: Centre, name: str, unit: Unit | None = None) -> User:
    return at.user(Role.OFFICER, unit or at.station, last_name=name[0], first_name=name[1:], username=name)


def names(told: list[dict[str, str]]) -> list[str]:
    return [one["name"] for one in told]


def test_a_colleague_goes_instead_and_every_phone_of_the_unit_hears_it(
    at: Centre, officer: Device, visit: Attempt
) -> None:
    wang, cursor = colleague(at, "王警官"), officer.get("changes").json()["cursor"]
    (chosen,) = officer.get("colleagues").json()["officers"]
    officer.post(f"visits/{visit.pk}/acknowledge")
    said = officer.post(f"visits/{visit.pk}/reassign", {"officer": chosen["id"], "why": "在处警"}).json()
    assert (said["officer"]["id"], said["next"], said["mine"]) == (wang.pk, "set_out", True)
    assert [one["kind"] for one in officer.changes(cursor)["changes"]] == ["acknowledged", "given", "added"]
    event = Event.objects.get(verb="assigned")
    assert (event.by, event.detail["to"]) == (officer.user, "王警官")
    assert Attempt.objects.get(pk=visit.pk).note == "在处警"
    assert Device(wang).get("visits").json()[0]["officer"]["id"] == wang.pk


def test_colleagues_are_those_whom_the_roster_names(at: Centre, officer: Device) -> None:
    for name in ("王警官", "李警官"):
        colleague(at, name)
    colleague(at, "外所人", Unit.objects.get(name="石鼓派出所"))
    assert len(officer.get("colleagues").json()["officers"]) == 2
    day = Shift.objects.create(unit=at.station, begins=time(8), ends=time(20), person="李警官")
    Shift.objects.create(unit=at.station, begins=time(20), ends=time(8), person="王警官")
    (on_duty,) = officer.get("colleagues").json()["officers"]
    assert on_duty["id"] == User.objects.get(username="李警官").pk
    Shift.objects.create(
        unit=at.station, kind=ShiftKind.STAND_IN, person="王警官", instead_of=day.person,
        since=date(2026, 3, 2), until=date(2026, 3, 2),
    )  # fmt: skip
    (on_duty,) = officer.get("colleagues").json()["officers"]
    assert on_duty["id"] == User.objects.get(username="王警官").pk


def test_a_supervisor_chooses_among_units_on_duty(at: Centre, officer: Device) -> None:
    Unit.objects.filter(name="石鼓派出所").update(on_duty=False)
    assert officer.get("colleagues").json()["units"] == []
    units = Device(at.user(Role.SUPERVISOR)).get("colleagues").json()["units"]
    assert names(units) == ["七迳派出所", "七迳村", "石鼓村"]


@pytest.mark.parametrize("who", ["of another station", "who left", "at the desk"])
def test_nobody_else_can_be_sent(at: Centre, officer: Device, visit: Attempt, who: str) -> None:
    other = Unit.objects.get(name="石鼓派出所") if who == "of another station" else at.station
    chosen = colleague(at, "某警官", other)
    User.objects.filter(pk=chosen.pk).update(
        is_active=who != "who left", role=Role.OPERATOR if who == "at the desk" else Role.OFFICER
    )
    answer = officer.post(f"visits/{visit.pk}/reassign", {"officer": chosen.pk, "why": "试试"})
    assert (answer.status_code, Assignment.objects.count()) == (409, 0)


@pytest.mark.parametrize("body", [{}, {"officer": 1, "unit": 1}])
def test_it_is_either_a_colleague_or_a_unit(officer: Device, visit: Attempt, body: dict[str, int]) -> None:
    answer = officer.post(f"visits/{visit.pk}/reassign", {**body, "why": "试试"})
    assert [error["field"] for error in answer.json()["errors"]] == ["officer"]


def test_at_the_door_a_colleague_may_still_take_over(at: Centre, officer: Device, visit: Attempt) -> None:
    officer.post(f"visits/{visit.pk}/arrive", PLACE)
    body = {"officer": colleague(at, "王警官").pk, "why": "换班"}
    assert officer.post(f"visits/{visit.pk}/reassign", body).status_code == 200


def test_of_two_sayings_the_later_one_holds_however_they_come(
    at: Centre, officer: Device, visit: Attempt
) -> None:
    clock.moving.set(START + timedelta(minutes=1))
    sayings = [(10, colleague(at, "王警官").pk), (50, colleague(at, "李警官").pk)]
    for order in permutations(sayings):
        Assignment.objects.all().delete()
        for seconds, who in order:
            body = {"officer": who, "why": "换人", "at": (START + timedelta(seconds=seconds)).isoformat()}
            assert officer.post(f"visits/{visit.pk}/reassign", body).status_code == 200
        assert Assignment.objects.get().user_id == sayings[1][1]
