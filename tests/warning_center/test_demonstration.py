"""The demonstration: each reported event is played by the real program and ends as it was reported."""

import json
import re
import stat
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.hashers import verify_password

from dispatch import identity
from dispatch.models import Operator, Unit, User
from dispatch.vocabulary import Role, UnitKind
from telephony.models import Trunk
from warning_center import demonstration
from warning_center.models import Source

START = datetime.fromisoformat("2026-03-02T08:30:00+08:00")

Row = dict[str, Any]


def test_people_and_numbers_are_seen_to_be_invented() -> None:
    rows = demonstration.directives()
    phones = [row["phone"] for row in rows]
    phones += [contact["phone"] for row in rows for contact in row.get("contacts", [])]
    phones += [unit["duty_phone"] for unit in _units()]
    assert all(re.fullmatch(r"190 0000 \d{4}", phone) for phone in phones)
    for row in rows:
        holder = identity.read(row["id_number"])
        assert holder.check_agrees
        assert row["id_number"][14:17] in (
            "997",
            "998",
        )  # kept for people over a hundred: nobody has this one
        assert (holder.sex, holder.age_on(START.date())) == (row["sex"], row["age"])


def test_directives_come_on_one_morning_from_known_sources_about_known_places() -> None:
    rows = demonstration.directives()
    issued = [datetime.fromisoformat(row["issued_at"]) for row in rows]
    assert issued == sorted(issued)
    assert issued[0] == START
    assert issued[-1] <= START.replace(hour=12, minute=0)
    counties = {unit["adcode"] for unit in _units() if unit["kind"] == "county"}
    assert {row["location"]["adcode"] for row in rows} <= counties
    assert {row["id_number"][:6] for row in rows} <= counties
    sources = {source["code"] for source in _document()["sources"]}
    assert {row["source"] for row in rows} <= sources


def test_each_county_has_a_station_and_maomings_have_villages() -> None:
    units = _units()
    for county in (unit["adcode"] for unit in units if unit["kind"] == "county"):
        below = [unit["kind"] for unit in units if unit["adcode"].startswith(county)]
        assert below.count("station") == 1
        assert (below.count("village") >= 3) == county.startswith("4409")


def _document() -> Row:
    path = Path(demonstration.__file__).parent / "units.json"
    document: Row = json.loads(path.read_text(encoding="utf-8"))
    return document


def _units() -> list[Row]:
    units: list[Row] = _document()["units"]
    return units


# Loading


@pytest.fixture
def home(settings: Any, tmp_path: Path) -> Path:
    settings.HOME = tmp_path / "home"
    return tmp_path / "home"


@pytest.mark.django_db
def test_loading_twice_is_as_good_as_once_and_keeps_what_people_changed(home: Path) -> None:
    demonstration.load(START)
    Trunk.objects.filter(name="移动中继").update(concurrent=7)
    Unit.objects.filter(adcode="440904103", kind=UnitKind.STATION).update(name="七迳中心派出所")
    before = [list(model.objects.order_by("pk").values()) for model in (Unit, Trunk, Source, User)]
    kept = (home / "logins.json").read_text()
    demonstration.load(START + timedelta(days=1))
    assert [list(model.objects.order_by("pk").values()) for model in (Unit, Trunk, Source, User)] == before
    assert (home / "logins.json").read_text() == kept


@pytest.mark.django_db
def test_one_login_a_role_with_a_password_only_its_owner_can_read(home: Path) -> None:
    demonstration.load(START)
    logins = demonstration.logins()
    assert [login.role for login in logins] == [
        Role.OPERATOR,
        Role.OFFICER,
        Role.SUPERVISOR,
        Role.ADMINISTRATOR,
    ]
    assert stat.S_IMODE((home / "logins.json").stat().st_mode) == 0o600
    for login in logins:
        user = User.objects.get(username=login.username)
        assert user.check_password(login.password)
        assert user.role == login.role
        assert user.is_staff == (login.role is not Role.OFFICER)
        assert user.is_superuser == (login.role is Role.ADMINISTRATOR)
        place = ("七迳派出所", "电白区") if login.role is Role.OFFICER else ("茂名市", None)
        assert user.unit is not None
        assert (user.unit.name, user.unit.parent and user.unit.parent.name) == place


@pytest.mark.django_db
def test_a_drawn_password_is_hashed_in_full_by_its_first_login(home: Path, settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]
    demonstration.load(START)
    password = demonstration.logins()[0].password
    kept = User.objects.get(username="operator").password
    assert verify_password(password, kept) == (True, True)  # right, and to be hashed anew


@pytest.mark.django_db
def test_passwords_outlive_the_database_and_are_never_in_it(home: Path) -> None:
    demonstration.load(START)
    logins = demonstration.logins()
    Operator.objects.all().delete()  # as if the database were another
    User.objects.all().delete()
    demonstration.load(START)
    assert demonstration.logins() == logins
    assert User.objects.get(username="operator").check_password(logins[0].password)
    assert not {login.password for login in logins} & set(User.objects.values_list("password", flat=True))


@pytest.mark.django_db
def test_nobody_can_log_in_where_only_the_centre_is_loaded(home: Path) -> None:
    loaded = demonstration.load(START, people=False)
    assert loaded.city.name == "茂名市"
    assert not User.objects.exists()
    assert not (home / "logins.json").exists()
    assert all(source.key_digest is None for source in loaded.sources.values())
