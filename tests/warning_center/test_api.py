"""The sources' door: what is taken in and how, what is refused and why, how a directive stands."""

import json
import logging
import os
import subprocess
import sys
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest_django import DjangoAssertNumQueries, Settings

from dispatch.identity import check_digit
from dispatch.models import Case, Contact, Event, Target
from dispatch.vocabulary import Disposition, FraudType, Level, Tier
from telephony import clock
from tests import factories, senders
from tests.examples import few
from tests.factories import START, Centre
from tests.senders import DIRECTIVES, Sender, row
from warning_center.api import serializers
from warning_center.models import Directive


@pytest.fixture
def at(db: None, settings: Settings) -> Centre:
    settings.CLOCK = "telephony.clock.moving"
    clock.moving.set(START)
    return factories.centre()


@pytest.fixture
def source(at: Centre) -> Sender:
    return senders.sender(at)


def fields_of(answer: Any) -> list[str]:
    return [error["field"] for error in answer.json()["errors"]]


# ---- taken in


def test_directive_opens_a_case(source: Sender) -> None:
    answer = source.post(row())
    case = Case.objects.get()
    assert answer.status_code == 201
    said = answer.json()
    assert (said["reference"], said["answer"], said["case"], said["previous"]) == (
        "A-1",
        "accepted",
        case.number,
        None,
    )
    assert (said["state"], said["level"], said["outcome"]) == ("voice", "high", None)
    assert said["newest"]["case"] == case.number
    assert said["notes"] == []


def test_the_same_again_is_unchanged_and_changes_nothing(source: Sender) -> None:
    source.post(row(name="", location={"lat": None, "address": ""}))
    events = Event.objects.count()
    answer = source.post(row(phone="190 0000 0001", occupation=None))
    assert (answer.status_code, answer.json()["answer"]) == (200, "unchanged")
    assert (Directive.objects.count(), Case.objects.count(), Event.objects.count()) == (1, 1, events)


def test_the_same_reference_with_another_content_is_a_conflict(source: Sender) -> None:
    source.post(row())
    answer = source.post(row(level="critical"))
    assert answer.status_code == 409
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["type"] == "urn:warning-center:problem:changed-directive"
    assert Case.objects.get().level == Level.HIGH
    assert Event.objects.get(verb="refused").agent == "source:province"


def test_a_second_directive_about_the_person_joins_their_case(source: Sender) -> None:
    first = source.post(row())
    second = source.post(row("A-2", level="critical"))
    assert (second.status_code, second.json()["answer"]) == (201, "joined")
    assert second.json()["case"] == first.json()["case"]
    assert second.json()["level"] == "critical"


def test_two_sources_may_use_one_reference(source: Sender, at: Centre) -> None:
    assert source.post(row()).status_code == 201
    assert senders.another(at).post(row(phone="19000000002")).status_code == 201


def test_every_field_arrives_normalised(source: Sender) -> None:
    answer = source.post(
        row(
            phone="＋８６ 190-0000-0001",
            name="  测试　人 ",
            id_number=_with_check("44090419780315001"),
            age=47,
            sex="男",
            occupation="会计",
            fraud_type="冒充公检法",
            level="紧急",
            location={"lat": "21.55", "lon": 110.98, "adcode": 440904, "address": "某酒店 502 室"},
            amount="283.50",
            signs={"on_call_seconds": "5400", "screen_shared": "是", "money_moved": False},
            contacts=[{"relation": "配偶", "name": "测试二", "phone": "19000000009"}],
        )
    )
    assert answer.status_code == 201, answer.json()
    case, target, contact = Case.objects.get(), Target.objects.get(), Contact.objects.get()
    assert (target.name, target.sex, target.birth_year, target.occupation) == (
        "测试 人",
        "male",
        1978,
        "会计",
    )
    assert target.numbers.get().phone.number == "+8619000000001"
    assert (case.lat, case.lon, case.adcode, case.address) == (21.55, 110.98, "440904", "某酒店 502 室")
    assert (case.fraud_type, case.level) == (FraudType.AUTHORITY, Level.CRITICAL)
    assert case.sizes["on_call_seconds"] == 5400
    assert (case.sizes["screen_shared"], "money_moved" in case.sizes) == (1, False)
    assert (contact.relation, contact.number) == ("配偶", "+8619000000009")
    assert answer.json()["notes"] == []


def test_the_id_number_alone_is_enough_and_tells_sex_and_year_of_birth(source: Sender) -> None:
    answer = source.post(row(phone=None, id_number=_with_check("44090419780315002")))
    target = Target.objects.get()
    assert answer.status_code == 201
    assert (target.sex, target.birth_year) == ("female", 1978)


@pytest.mark.parametrize(
    ("given", "note"),
    [
        ({"issued_at": "2026-03-02T09:00:00"}, "issued_at names no zone"),
        ({"issued_at": (START + timedelta(hours=2)).isoformat()}, "issued_at lies in the future"),
        ({"fraud_type": "某种新骗术"}, "the fraud type is not known here"),
        ({"id_number": "440904197803150010"}, "check digit"),
        ({"id_number": "440904197813450018"}, "no possible date of birth"),
        ({"id_number": "440904197803150017", "age": 20}, "the age does not agree"),
        ({"id_number": "440904197803150017", "sex": "女"}, "the sex does not agree"),
        ({"amount": 12.345}, "rounded"),
        ({"batch_no": 7}, "batch_no is not a field we know"),
        ({"signs": {"voice_changed": True}}, "signs.voice_changed is not a field we know"),
        ({"location": {"floor": 5}}, "location.floor is not a field we know"),
    ],
)
def test_what_is_odd_is_accepted_with_a_note(source: Sender, given: dict[str, Any], note: str) -> None:
    answer = source.post(row(**given))
    assert answer.status_code == 201, answer.json()
    assert any(note in said for said in answer.json()["notes"]), answer.json()["notes"]


def test_a_time_without_a_zone_is_the_centres(source: Sender) -> None:
    source.post(row(issued_at="2026-03-02T09:00:00"))
    assert Directive.objects.get().issued_at == START


def test_a_source_whose_clock_runs_ahead_postpones_nothing(source: Sender) -> None:
    source.post(row(issued_at=(START + timedelta(days=400)).isoformat()))
    assert Case.objects.get().issued_at == START


def test_an_unknown_word_is_kept_as_it_came(source: Sender) -> None:
    source.post(row(fraud_type="某种新骗术", batch_no=7))
    kept = json.loads(Directive.objects.get().body)
    assert (kept["fraud_type"], kept["batch_no"]) == ("某种新骗术", 7)
    assert Case.objects.get().fraud_type == FraudType.OTHER


def test_signs_we_do_not_know_count_for_nothing(source: Sender) -> None:
    source.post(row(signs={"agreed_before": 1, "amount": 10**9}))
    assert not {"agreed_before", "amount"} & Case.objects.get().sizes.keys()


def test_personal_data_is_not_readable_in_the_database(source: Sender) -> None:
    source.post(row(name="测试人", location={"address": "某酒店 502 室"}))
    with connection.cursor() as cursor:
        cursor.execute("SELECT body FROM warning_center_directive")
        assert "测试人" not in cursor.fetchone()[0]


# ---- refused

REFUSED = [
    ({"reference": None}, ["reference"]),
    ({"reference": "a b"}, ["reference"]),
    ({"reference": "x" * 65}, ["reference"]),
    ({"reference": True}, ["reference"]),
    ({"issued_at": ""}, ["issued_at"]),
    ({"issued_at": "yesterday"}, ["issued_at"]),
    ({"issued_at": "2026-03-02"}, ["issued_at"]),
    ({"issued_at": "0001-01-01T00:00:00Z"}, ["issued_at"]),
    ({"issued_at": 1772413200}, ["issued_at"]),
    ({"fraud_type": " "}, ["fraud_type"]),
    ({"fraud_type": ["authority"]}, ["fraud_type"]),
    ({"level": "urgent"}, ["level"]),
    ({"level": 4}, ["level"]),
    ({"phone": "12345"}, ["phone"]),
    ({"phone": {"number": "19000000001"}}, ["phone"]),
    ({"phone": None}, ["phone"]),
    ({"phone": "1٣٠٠٠٠٠٠٠٠١"}, ["phone"]),
    ({"id_number": "4409"}, ["id_number"]),
    ({"age": -1}, ["age"]),
    ({"age": 151}, ["age"]),
    ({"age": "old"}, ["age"]),
    ({"age": True}, ["age"]),
    ({"sex": "unknown"}, ["sex"]),
    ({"name": 5}, ["name"]),
    ({"name": "\x1b[2J"}, ["name"]),
    ({"occupation": "x" * 65}, ["occupation"]),
    ({"location": "here"}, ["location"]),
    ({"location": {"lat": 21.5}}, ["location.lon"]),
    ({"location": {"lat": 91, "lon": 181}}, ["location.lat", "location.lon"]),
    ({"location": {"lat": True, "lon": "nan"}}, ["location.lat", "location.lon"]),
    ({"location": {"adcode": "4409"}}, ["location.adcode"]),
    ({"amount": -1}, ["amount"]),
    ({"amount": "1e15"}, ["amount"]),
    ({"amount": "all of it"}, ["amount"]),
    ({"amount": True}, ["amount"]),
    ({"signs": [1]}, ["signs"]),
    ({"signs": {"on_call_seconds": -5}}, ["signs.on_call_seconds"]),
    (
        {"signs": {"money_moved": "perhaps", "pooled_accounts": 1.5}},
        ["signs.money_moved", "signs.pooled_accounts"],
    ),
    ({"contacts": {"phone": "19000000002"}}, ["contacts"]),
    ({"contacts": [{"relation": "son"}]}, ["contacts[0].phone"]),
    ({"contacts": [{"phone": "19000000002"}, {"phone": "1"}]}, ["contacts[1].phone"]),
    ({"name": "a\x00b"}, ["name"]),
    ({"remark": "a\x00b"}, ["remark"]),
    ({"remark": "\ud800"}, ["remark"]),
    ({"name": "\ud800"}, ["name"]),
    ({"remark": "x" * 40_000}, [""]),
    ({"remark": [[[[[[[[[["deep"]]]]]]]]]]}, [""]),
    ({"age": 200, "level": "urgent", "remark": "\x00"}, ["age", "level", "remark"]),
]


@pytest.mark.parametrize(("given", "fields"), REFUSED)
def test_each_bad_field_is_named(source: Sender, given: dict[str, Any], fields: list[str]) -> None:
    answer = source.post(row(**given))
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    assert sorted(fields_of(answer)) == sorted(fields)
    assert all(error["rule"] for error in answer.json()["errors"])
    assert not Directive.objects.exists()


def test_a_bad_value_is_echoed_cut_short_and_never_logged(
    source: Sender, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        answer = source.post(row(phone="13900000" + "1" * 30, level="u" * 500))
    told = {error["field"]: error["value"] for error in answer.json()["errors"]}
    assert told["phone"] == "13900000" + "1" * 30
    assert told["level"] == "u" * 100
    ours = [record.getMessage() for record in caplog.records if not record.name.startswith("django.db")]
    assert not any("13900000" in line for line in ours)
    event = Event.objects.get(verb="refused")
    assert event.detail == {"fields": ["level", "phone"]}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'"directive"',
        b"null",
        b'{"amount": NaN}',
        b'{"amount": 1e400}',
        b'{"amount": -Infinity}',
        b"\xff\xfe",
        b"[" * 60_000,
        b'{"a":' * 9_000,
        b'{"reference": ' + b"9" * 5_000 + b"}",
        b'{"\\u0000": 1, "\\ud800": 2}',
    ],
)
def test_no_body_is_an_error_of_ours(source: Sender, body: bytes) -> None:
    answer = source.post(body)
    assert answer.status_code == 400
    assert answer.json()["status"] == 400


def test_a_body_too_large_is_not_read(source: Sender) -> None:
    assert source.post(row(remark="x" * 70_000)).status_code == 413
    assert source.batch([row(remark="x" * 3_000_000)]).status_code == 413


def test_refusals_speak_the_askers_language(source: Sender) -> None:
    chinese = source.post(row(issued_at=None), **{"Accept-Language": "zh-CN"})
    english = source.post(row(issued_at=None))
    assert english.json()["errors"][0]["rule"] == "This field is required."
    assert chinese.json()["errors"][0]["rule"] != "This field is required."


def test_the_same_fault_is_told_to_each_in_their_language(source: Sender) -> None:
    """A rule with a figure in it, which a serializer puts into words but once."""
    bad = row(name="长" * 65, age=151)
    told = [
        source.post(bad, **{"Accept-Language": asked}).json()["errors"] for asked in ("en", "zh-CN", "en")
    ]
    assert told[0] == told[2]
    assert all(ours["rule"] != theirs["rule"] for ours, theirs in zip(*told[:2], strict=True))


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
_NAMES = st.sampled_from([*serializers.DirectiveSerializer._declared_fields, "other"])


@given(st.dictionaries(_NAMES, _JSON))
@settings(max_examples=few(300), suppress_health_check=[HealthCheck.too_slow])
def test_whatever_comes_is_read_or_refused(given_fields: dict[str, Any]) -> None:
    try:
        serializers.read({**row(), **given_fields})
    except serializers.BadDirective as bad:
        told = json.dumps([fault.as_json() for fault in bad.faults], ensure_ascii=False)
    else:
        told = "read"
    assert told.encode() != b"[]"


@given(_JSON)
@settings(max_examples=few(100))
def test_a_row_of_any_kind_is_read_or_refused(anything: Any) -> None:
    with pytest.raises(serializers.BadDirective):
        serializers.read(anything)


def test_a_csv_row_is_read_like_any_other() -> None:
    read = serializers.read(
        {
            "reference": "7",
            "issued_at": "2026-03-02 09:00:00+08:00",
            "fraud_type": "刷单",
            "phone": "19000000001",
            "age": "35",
            "location": {"lat": "21.5", "lon": "110.9", "adcode": "440904"},
            "amount": "1000000",
            "signs": {"money_moved": "是", "screen_shared": "0", "remote_control": "no", "warnings_30d": "2"},
        }
    )
    assert (read.reference, read.age, read.amount) == ("7", 35, Decimal(1_000_000))
    assert read.signs == {
        "warnings_30d": 2,
        "money_moved": True,
        "screen_shared": False,
        "remote_control": False,
    }


# ---- who may send


@pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer wc_wrong"}, {"X-Api-Key": "wc_wrong"}])
def test_without_a_known_key_nothing_comes_in(at: Centre, header: dict[str, str]) -> None:
    answer = Client().post(DIRECTIVES, json.dumps(row()), content_type="application/json", headers=header)
    assert answer.status_code == 401
    assert answer["Content-Type"] == "application/problem+json"
    assert answer["WWW-Authenticate"] == "Bearer"
    assert Event.objects.filter(verb="refused").count() == len(header)


def test_the_key_may_come_in_its_own_header(source: Sender) -> None:
    answer = Client().post(
        DIRECTIVES, json.dumps(row()), content_type="application/json", headers={"X-Api-Key": source.key}
    )
    assert answer.status_code == 201


def test_a_disabled_source_is_refused_and_that_is_recorded(source: Sender) -> None:
    source.source.enabled = False
    source.source.save()
    assert source.post(row()).status_code == 403
    refused = Event.objects.get(verb="refused")
    assert (refused.agent, refused.why) == ("source:province", "disabled")


def test_the_key_is_stored_as_a_hash_only(source: Sender) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM warning_center_source")
        assert source.key not in str(cursor.fetchall())


# ---- many


def test_a_batch_is_answered_row_by_row(source: Sender) -> None:
    source.post(row("known"))
    source.post(row("changed", phone="19000000009"))
    answer = source.batch(
        [
            row("new", phone="19000000002"),
            row("joins"),
            row("known"),
            row("changed", phone="19000000008"),
            row("bad", level="urgent", age=-1),
            "not even an object",
            row("last", phone="19000000003"),
        ]
    )
    assert answer.status_code == 200
    said = answer.json()
    results = said["results"]
    assert [r["answer"] for r in results] == [
        "accepted", "joined", "unchanged", "refused", "refused", "refused", "accepted",
    ]  # fmt: skip
    assert [r["status"] for r in results] == [201, 201, 200, 409, 400, 400, 201]
    assert [r["reference"] for r in results] == ["new", "joins", "known", "changed", "bad", None, "last"]
    assert [error["field"] for error in results[4]["errors"]] == ["level", "age"]
    assert said["summary"] == {"received": 7, "accepted": 2, "joined": 1, "unchanged": 1, "refused": 3}
    assert Directive.objects.count() == 5


@pytest.mark.parametrize("body", [[], {"reference": "A-1"}, [row()] * 1001])
def test_a_batch_is_an_array_of_1_to_1000(source: Sender, body: Any) -> None:
    assert source.batch(body).status_code == 400
    assert not Directive.objects.exists()


def test_the_same_reference_twice_in_a_batch_counts_once(source: Sender) -> None:
    results = source.batch([row(), row(), row(level="critical")]).json()["results"]
    assert [r["answer"] for r in results] == ["accepted", "unchanged", "refused"]


# ---- how it stands


def test_a_source_reads_how_its_directive_stands(source: Sender) -> None:
    source.post(row())
    case = Case.objects.get()
    factories.judged(case, Disposition.PERSUADED, Tier.VOICE, now=START + timedelta(minutes=1))
    said = source.get("A-1").json()
    assert (said["state"], said["outcome"]) == ("follow_up", None)
    assert said["agreed_at"] is not None


def test_the_newest_case_of_the_chain_is_told(source: Sender) -> None:
    source.post(row())
    factories.judged(Case.objects.get(), Disposition.PERSUADED, Tier.VOICE, now=START + timedelta(minutes=1))
    later = clock.moving.forward(timedelta(hours=1))
    assert source.post(row("A-2", issued_at=later.isoformat())).json()["answer"] == "accepted"
    said = source.get("A-1").json()
    assert (said["state"], said["outcome"]) == ("closed", "relapsed")
    assert said["newest"]["previous"] == said["case"]
    assert (said["newest"]["level"], said["newest"]["outcome"]) == ("critical", None)


def test_another_sources_directive_is_not_there(source: Sender, at: Centre) -> None:
    source.post(row())
    answer = senders.another(at).get("A-1")
    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")


@pytest.mark.parametrize("reference", ["batch", "2026/03/02-7", "预警-1", "schema", "%", "?x=1#y"])
def test_a_directive_is_found_by_any_reference(source: Sender, reference: str) -> None:
    assert source.post(row(reference)).status_code == 201
    quoted = "".join(f"%{byte:02X}" for byte in reference.encode())
    assert source.get(quoted).json()["reference"] == reference


@pytest.mark.parametrize("reference", ["%00", "nothing", "a%20b", "x" * 300])
def test_what_is_no_reference_of_yours_is_not_there(source: Sender, reference: str) -> None:
    assert source.get(reference).status_code == 404


def test_a_directive_takes_a_bounded_number_of_queries(
    source: Sender, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    source.post(row())
    with django_assert_max_num_queries(60):
        source.post(row("A-2", phone="19000000002"))


# ---- the hint


@pytest.mark.django_db(transaction=True)
def test_a_dead_broker_neither_fails_nor_slows_the_door(at: Centre) -> None:
    sender = senders.sender(at)
    program = """
import json, sys, time, django
django.setup()
from django.test import Client
key, rows = sys.argv[1], json.loads(sys.argv[2])
headers = {"Authorization": f"Bearer {key}"}
started = time.monotonic()
codes = [
    Client().post("/api/v1/directives", json.dumps(one), content_type="application/json", headers=headers).status_code
    for one in rows
]
print(json.dumps([codes, time.monotonic() - started]))
"""
    database = connection.settings_dict
    address = "postgres://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}".format(**database)
    environment = {
        **os.environ,
        "DATABASE_URL": address,
        "REDIS_URL": "redis://127.0.0.1:9/0",  # where nobody listens
        "DJANGO_SETTINGS_MODULE": "warning_center.settings",
    }
    rows = [row(f"A-{n}", phone=f"1900000{n:04d}") for n in range(3)]
    ran = subprocess.run(
        [sys.executable, "-c", program, sender.key, json.dumps(rows)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    codes, seconds = json.loads(ran.stdout)
    assert codes == [201, 201, 201]
    assert seconds < 10
    assert "took no hint" in ran.stderr


def _with_check(first: str) -> str:
    return first + check_digit(first)
