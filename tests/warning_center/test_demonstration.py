"""The demonstration: each reported event is played by the real program and ends as it was reported."""

import json
import os
import re
import stat
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.hashers import verify_password

from dispatch import identity
from dispatch.models import Operator, Unit, User
from dispatch.vocabulary import Level, Role, UnitKind
from telephony.models import Trunk
from warning_center import demonstration
from warning_center.models import Source

START = datetime.fromisoformat("2026-03-02T08:30:00+08:00")
ZHANG, HOTEL, LU, COUPLE = "MM-20260302-001", "MM-20260302-002", "YK-20260302-001", "NC-20260302-001"
ZHENG, XIAMEN, HANGZHOU, NANSHAN = (
    "SZ-20260302-001",
    "XM-20260302-001",
    "HZ-20260302-001",
    "SZ-20260302-002",
)
CASHIER, YU, FALSE_ALARM = "NC-20260302-002", "YK-20260302-002", "MM-20260302-003"
VILLAGE, NEXT_STATION, SCREEN, RELAPSE, STUDENT = (f"MM-20260302-{n:03d}" for n in range(4, 9))

# The reference that opened the chain: each of its cases as outcome, levels, and the units that went to the door.
TABLE: dict[str, list[tuple[str, list[str], list[str]]]] = {
    ZHANG: [("verified", ["high", "critical"], ["七迳派出所"])],
    LU: [("verified", ["critical"], ["芝英派出所"])],
    COUPLE: [("verified", ["high"], ["莲塘派出所"])],
    ZHENG: [("already_transferred", ["critical"], ["莲花派出所"])],
    XIAMEN: [("verified", ["high"], ["筼筜派出所"])],
    HANGZHOU: [("verified", ["critical"], ["古荡派出所"])],
    NANSHAN: [("defrauded_after_warning", ["critical"], ["粤海派出所"])],
    CASHIER: [("already_transferred", ["critical"], ["湖坊派出所"])],
    YU: [("unconfirmed", ["medium"], [])],
    FALSE_ALARM: [("false_alarm", ["medium"], [])],
    VILLAGE: [("unconfirmed", ["low"], ["柏桥村"])],
    NEXT_STATION: [("unconfirmed", ["medium"], ["站前派出所"])],
    SCREEN: [("verified", ["high"], [])],
    RELAPSE: [("relapsed", ["medium"], []), ("verified", ["critical"], ["七迳派出所"])],
    STUDENT: [("unconfirmed", ["low"], [])],
}

Row = dict[str, Any]


class Told:
    """The document of one played demonstration, by story."""

    def __init__(self, document: Row) -> None:
        self.document = document
        self.case_of = {row["reference"]: row["case"] for row in document["directives"]}

    def chain(self, reference: str) -> list[Row]:
        """The case a directive came to, and those that follow from it."""
        number = self.case_of[reference]
        chain: list[Row] = []
        for case in self.document["cases"]:
            if case["case"] == number or (chain and case["previous"] == chain[-1]["case"]):
                chain.append(case)
        return chain

    def attempts(self, reference: str, tier: str) -> list[Row]:
        return [a for case in self.chain(reference) for a in case["attempts"] if a["tier"] == tier]

    def events(self, reference: str, verb: str) -> list[Row]:
        return [e for case in self.chain(reference) for e in case["events"] if e["verb"] == verb]


def at(row: Row, key: str = "at") -> datetime:
    return datetime.fromisoformat(row[key])


def words(attempts: list[Row]) -> list[str]:
    return [a["disposition"] or a["result"] for a in attempts]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    home = tmp_path_factory.mktemp("home")
    played = subprocess.run(
        [sys.executable, "manage.py", "demo", "--json"],
        cwd=settings.BASE_DIR,
        env={**os.environ, "WARNING_CENTER_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert played.returncode == 0, played.stderr
    return Told(json.loads(played.stdout))


@pytest.mark.parametrize("reference", TABLE)
def test_event_ends_as_it_was_reported(told: Told, reference: str) -> None:
    chain = told.chain(reference)
    assert {case["state"] for case in chain} == {"closed"}
    shown = [(case["outcome"], case["levels"], _went(case)) for case in chain]
    assert shown == TABLE[reference]


def _went(case: Row) -> list[str]:
    """Who was at the door, each once. Those who did not take the visit, or were stood down, did not go."""
    went = [
        a["station"]
        for a in case["attempts"]
        if a["tier"] == "visit" and a["result"] not in (None, "no_acknowledgement", "cancelled")
    ]
    return list(dict.fromkeys(went))


def test_every_directive_is_accepted_and_every_level_shows(told: Told) -> None:
    assert list(told.case_of) == [row["reference"] for row in demonstration.directives()]
    assert len(set(told.case_of.values())) == len(TABLE)
    assert {level for case in told.document["cases"] for level in case["levels"]} == {
        level.code for level in Level
    }


# Maoming: the line is busy again and again; a second directive brings the hotel; the station goes


def test_second_directive_joins_and_moves_the_place_to_the_hotel(told: Told) -> None:
    (case,) = told.chain(ZHANG)
    assert case["directives"] == [ZHANG, HOTEL]
    (joined,) = told.events(ZHANG, "joined")
    (visit,) = told.attempts(ZHANG, "visit")
    assert visit["station"] == "七迳派出所"  # in Dianbai, where the hotel is; she lives in Maonan
    assert at(visit, "started_at") == at(joined)
    assert words([visit]) == ["persuaded"]


def test_busy_line_is_dialled_again_and_again_until_the_station_is_there(told: Told) -> None:
    calls = told.attempts(ZHANG, "voice")
    assert words(calls) == ["busy"] * 21  # and twenty redials, as the chain's table allows
    (arrived,) = told.events(ZHANG, "arrived")
    assert at(calls[-1], "started_at") > at(arrived) - timedelta(minutes=2)


# Yongkang, Nanchang


def test_officer_is_at_the_door_half_an_hour_after_the_directive(told: Told) -> None:
    (case,) = told.chain(LU)
    (arrived,) = told.events(LU, "arrived")
    assert timedelta(minutes=25) <= at(arrived) - at(case, "opened_at") <= timedelta(minutes=30)
    assert set(words(told.attempts(LU, "voice"))) == {"busy"}  # he was on the phone with the scammer


def test_couple_believes_neither_voice_nor_video_but_the_door(told: Told) -> None:
    (row,) = [row for row in demonstration.directives() if row["reference"] == COUPLE]
    assert row["source"] == "nanchang-bank"
    assert row["amount"] == 1_000_000
    assert "儿子" in [contact["relation"] for contact in row["contacts"]]
    assert words(told.attempts(COUPLE, "voice")) == ["not_persuaded"]
    assert words(told.attempts(COUPLE, "video")) == ["rejected"]
    assert words(told.attempts(COUPLE, "visit")) == ["persuaded"]


# Shenzhen, and the cashier of Nanchang: the money is gone


@pytest.mark.parametrize("reference", [ZHENG, CASHIER])
def test_money_already_gone_drafts_the_order_before_anybody_calls(told: Told, reference: str) -> None:
    (case,) = told.chain(reference)
    verbs = [event["verb"] for event in case["events"]]
    assert verbs.index("ordered") < verbs.index("planned")
    assert told.events(reference, "ordered")[0]["at"] == case["opened_at"]
    assert [order["state"] for order in case["orders"]] == ["answered"]
    assert words(told.attempts(reference, "visit")) == ["already_transferred"]
    assert not told.attempts(reference, "follow_up")


def test_bank_answers_within_the_twelve_minutes_of_shenzhen(told: Told) -> None:
    (case,) = told.chain(ZHENG)
    (answered,) = told.events(ZHENG, "answered")
    assert at(answered) - at(case, "opened_at") <= timedelta(minutes=12)


def test_cashier_lost_five_payments(told: Told) -> None:
    (row,) = [row for row in demonstration.directives() if row["reference"] == CASHIER]
    assert (row["amount"], row["signs"]["payments"]) == (5_470_000, 5)


# Xiamen, Hangzhou, Nanshan


def test_the_husband_on_the_phone_ends_nothing_and_somebody_goes_to_the_door(told: Told) -> None:
    (call,) = told.attempts(XIAMEN, "voice")
    (visit,) = told.attempts(XIAMEN, "visit")
    assert (call["result"], call["disposition"]) == ("answered_by_other", None)
    assert visit["started_at"] == call["ended_at"]


def test_man_of_79_is_reached_on_the_sixth_call(told: Told) -> None:
    (row,) = [row for row in demonstration.directives() if row["reference"] == HANGZHOU]
    assert row["age"] == 79
    assert words(told.attempts(HANGZHOU, "voice")) == ["no_answer"] * 5 + ["persuaded"]
    assert told.events(HANGZHOU, "told")  # the officers on their way hear of it, and go on


def test_woman_warned_thirteen_times_by_phone_and_ten_at_the_door_still_loses_her_money(told: Told) -> None:
    (case,) = told.chain(NANSHAN)
    assert len(told.attempts(NANSHAN, "voice")) == 13
    assert len(told.attempts(NANSHAN, "visit")) == 10
    assert words(told.attempts(NANSHAN, "follow_up")) == ["refused", "loss"]
    assert [order["kind"] for order in case["orders"]] == ["stop_payment"]


# The bank counter of Yongkang, and the quiet ones


def test_charity_money_stops_at_the_bank_counter(told: Told) -> None:
    (row,) = [row for row in demonstration.directives() if row["reference"] == YU]
    assert (row["source"], row["amount"]) == ("jinhua-bank", 14_888)
    assert words(told.attempts(YU, "voice")) == ["persuaded"]
    assert words(told.attempts(YU, "follow_up")) == ["no_news"]


def test_false_alarm_sends_nobody(told: Told) -> None:
    assert [a["tier"] for a in told.chain(FALSE_ALARM)[0]["attempts"]] == ["voice"]


def test_village_goes_the_last_kilometre(told: Told) -> None:
    assert words(told.attempts(VILLAGE, "voice")) == ["no_answer", "machine", "no_answer"]
    assert [visit["station"] for visit in told.attempts(VILLAGE, "visit")] == ["柏桥村"]


def test_next_station_goes_when_the_first_does_not_acknowledge(told: Told) -> None:
    first, second = told.attempts(NEXT_STATION, "visit")
    assert (first["station"], first["result"]) == ("良光派出所", "no_acknowledgement")
    assert (second["station"], second["disposition"]) == ("站前派出所", "persuaded")
    assert second["started_at"] == first["ended_at"]


def test_relapse_in_the_watch_opens_a_critical_case(told: Told) -> None:
    first, second = told.chain(RELAPSE)
    assert second["previous"] == first["case"]
    assert second["opened_at"] == first["closed_at"]
    assert words(told.attempts(RELAPSE, "follow_up")) == ["relapse", "no_loss", "no_loss", "no_loss"]


# What is invented is seen to be; what is public is right


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
