"""`manage.py plan` from outside: the answer first, in both languages and as JSON; bad options refused by name."""

import json
import re
from datetime import datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import translation
from pytest_django.fixtures import Settings

from dispatch import policies
from dispatch.models import PolicyVersion
from dispatch.vocabulary import Disposition, Level, Tier
from dispatch.workflow import turn, words
from telephony import calls, clock
from telephony.carrier import CallResult, CallStatus, Update
from tests import factories
from tests.factories import START

pytestmark = pytest.mark.django_db
NIGHT = START.replace(hour=2)


@pytest.fixture(autouse=True)
def moving(settings: Settings) -> None:
    settings.CLOCK = "telephony.clock.moving"
    clock.moving.set(START)
    policies.forget()


def said(*options: str) -> list[str]:
    out = StringIO()
    call_command("plan", *options, stdout=out)
    return out.getvalue().splitlines()


def told(*options: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads("\n".join(said(*options, "--json")))
    return document


def figures(document: dict[str, Any], of: str) -> dict[str | None, Any]:
    return {f["level"]: (f["value"], f["origin"]) for f in document["figures"] if f["of"] == of}


def test_the_answer_comes_first_and_in_chinese() -> None:
    first, *others = said()
    assert (
        first
        == "需要在座话务员 99 名、线路 93 条：高危及以上的指令有 99.1 % 在 60 s 内首次拨出（目标 90.0 %）。"
    )
    text = "\n".join(others)
    for word in (
        "占用率",
        "线路全忙",
        "紧急",
        "低危",
        "依据",
        "[假定] 每小时指令数: 1,300",
        "[现行策略] 提前量 · 高危: 1,200 s",
    ):
        assert word in text
    assert not re.search(r"[A-Za-z]{4,}", re.sub(r"Cobham|Kella|Yechiali|Erlang", "", text))


def test_in_english_too() -> None:
    first, *others = said("--lang", "en")
    assert first.startswith(
        "99 operators at their desks and 93 lines: of the directives of high risk and above, "
    )
    text = "\n".join(others)
    assert "[assumed] talk, of an answered call: 180 s (no public source; every town differs)" in text
    assert not re.search(r"[\u4e00-\u9fff]", text)
    assert translation.get_language() == "zh-hans"


def test_the_table_shows_one_fewer_the_answer_and_one_more() -> None:
    lines = said("--lang", "en", "--directives-per-hour", "100")
    head = next(n for n, line in enumerate(lines) if "occupancy" in line)
    rows = [line.split() for line in lines[head + 1 : head + 4]]
    assert [row[0] == "→" for row in rows] == [False, True, False]
    assert [int(row[0] if row[0] != "→" else row[1]) for row in rows] == [8, 9, 10]


@pytest.mark.parametrize(
    ("an_hour", "why"),
    [
        ("100", "With one operator fewer too many would be called too late: high risk."),
        (
            "1300",
            "With one operator fewer too many would wait until their age puts them before high risk: low risk.",
        ),
        (
            "10 --share high=1 --target 0.01 --within 30d",
            "One operator fewer could not keep up: the queue would grow without end.",
        ),
    ],
)
def test_it_says_what_one_operator_fewer_would_spoil(an_hour: str, why: str) -> None:
    assert why in said("--lang", "en", "--directives-per-hour", *an_hour.split())


def test_json_tells_the_same_in_plain_data() -> None:
    document = told(
        "--directives-per-hour", "100", "--share", "critical=.1", "--share", "high=.3", "--talk", "120s"
    )
    fewer, answer, more = document["rows"]
    assert (answer["operators"], answer["lines"]) == (document["operators"], document["lines"])
    assert min(fewer["within"]["critical"], fewer["within"]["high"]) < 0.9 or fewer["within"]["low"] < 0.9
    assert min(answer["within"]["critical"], answer["within"]["high"]) >= 0.9
    assert more["occupancy"] < answer["occupancy"] < 1
    assert answer["blocked"] <= 0.01
    assert document["aim"] == {"level": "high", "within": 60.0, "share": 0.9, "blocked_at_most": 0.01}
    assert figures(document, "directives") == {None: (100.0, "given")}
    shares = figures(document, "share")
    assert shares["critical"] == (0.1, "given")
    assert shares["medium"] == (pytest.approx(0.6 * 0.35 / 0.75), "assumed")
    assert figures(document, "talk") == {None: (120.0, "given")}
    assert document["load"]["operator_seconds"] == pytest.approx(25 + 0.6 * (120 + 60))


def test_a_wait_without_end_is_null_and_is_said_so() -> None:
    options = (
        "--directives-per-hour",
        "10",
        "--share",
        "high=1",
        "--target",
        "0.01",
        "--within",
        "30d",
        "--answered",
        "1",
    )
    document = told(*options, "--talk", "1h")
    assert document["rows"][0]["mean_wait"]["high"] is None
    assert any("grows without end" in line for line in said(*options, "--talk", "1h", "--lang", "en"))


def test_medium_and_low_are_not_called_at_night() -> None:
    by_night = told("--at", "3")
    assert set(by_night["load"]["calls_per_hour"]) == {"critical", "high"}
    assert by_night["operators"] < told("--at", "10")["operators"]


def test_patience_adds_who_is_given_up_on() -> None:
    document = told("--patience", "20m")
    assert 0 < document["rows"][1]["given_up"] < document["rows"][0]["given_up"] < 0.05
    assert told()["rows"][1]["given_up"] is None
    assert any("Erlang A" in line for line in said("--patience", "20m"))


def test_the_aim_may_hold_for_fewer_or_for_all() -> None:
    assert (
        told("--level", "critical")["operators"] <= told()["operators"] < told("--level", "low")["operators"]
    )
    assert told("--level", "low")["rows"][1]["within"]["low"] >= 0.9


def test_the_policy_in_force_says_how_often_is_redialled() -> None:
    document = dict(policies.built_in(PolicyVersion.Kind.ESCALATION))
    high = {
        **document["high"],
        "voice": {**document["high"]["voice"], "silent": {"again": [], "then": ["visit"]}},
    }
    PolicyVersion.objects.create(
        kind="escalation", version=2, document={**document, "high": high}, starts_at=START - timedelta(days=1)
    )
    each = figures(told(), "each")
    assert each["high"] == (1.0, "policy")
    assert each["medium"] == (pytest.approx((1 - 0.4**4) / 0.6), "policy")


BAD = {
    ("--directives-per-hour", "0"): "a number above 0 and at most 1000000",
    ("--directives-per-hour", "many"): "a number above 0",
    ("--directives-per-hour", "nan"): "a number above 0",
    ("--directives-per-hour", "-3"): "a number above 0",
    ("--share", "high"): "a level and its share are expected",
    ("--share", "urgent=.2"): "a level is expected, one of critical, high, medium, low",
    ("--share", "high=1.2"): "a number from 0 to 1",
    ("--within", "60"): "a length of time from 0 s",
    ("--within", "-5s"): "a length of time",
    ("--within", "9999999999999999d"): "a length of time",
    ("--target", "1"): "a number above 0 and at most 0.9999",
    ("--target", "90%"): "a number above 0",
    ("--level", "hot"): "a level is expected",
    ("--talk", "0s"): "a length of time from 1 s",
    ("--ring", "soon"): "a length of time from 0 s",
    ("--wrap", "²s"): "a length of time from 0 s",
    ("--answered", "0"): "a number above 0 and at most 1",
    ("--at", "24"): "a whole number from 0 to 23",
    ("--at", "²"): "a whole number from 0 to 23",
    ("--patience", "0s"): "a length of time from 1 s",
    ("--away", "1"): "a number from 0 to 0.95",
    ("--blocked", "0"): "a number above 0 and at most 0.5",
    ("--days", "3"): "goes with --from-record only",
    ("--unit", "440900"): "goes with --from-record only",
}


@pytest.mark.parametrize(("option", "given"), BAD)
def test_a_bad_option_is_refused_by_name_with_its_rule(option: str, given: str) -> None:
    with pytest.raises(CommandError) as refused:
        said(f"{option}={given}", "--lang", "en")
    assert str(refused.value).startswith(f"{option} {given}: ")
    assert BAD[option, given] in str(refused.value)
    assert refused.value.returncode == 2


def test_shares_that_cannot_be_are_refused() -> None:
    for shares in (
        ["high=.9", "low=.2"],
        ["high=.1", "high=.2"],
        ["critical=.1", "high=.1", "medium=.1", "low=.1"],
    ):
        with pytest.raises(CommandError, match="--share"):
            said(*(part for share in shares for part in ("--share", share)))


def test_a_refusal_is_in_the_askers_language() -> None:
    with pytest.raises(CommandError, match="--within 60: 须为一段时长"):
        said("--within", "60")


# from the record


def hear(case: Any, status: CallStatus, now: datetime, result: CallResult | None = None) -> None:
    call = factories.live(case, Tier.VOICE).call
    assert call is not None
    calls.hear(Update(str(call.key), status, result), now=now)


def test_an_empty_record_says_what_to_do() -> None:
    with pytest.raises(CommandError, match="no call is on record in these 30 days"):
        said("--from-record", "--lang", "en")
    with pytest.raises(CommandError, match="--days 0: "):
        said("--from-record", "--days", "0")
    with pytest.raises(CommandError, match="110000 is no unit"):
        said("--from-record", "--unit", "110000", "--lang", "en")


def test_the_record_says_how_long_a_call_rings_talks_and_wraps_up() -> None:
    at = factories.centre()
    for number, level in enumerate((Level.HIGH, Level.CRITICAL)):
        now = START + timedelta(days=number)
        case = factories.directive(at, f"d{number}", number=number, level=level, now=now)
        factories.dial(case, now=now)
        hear(case, CallStatus.TALKING, now + timedelta(seconds=10 + 10 * number))
        live = factories.live(case, Tier.VOICE)
        ended = now + timedelta(seconds=100 + 40 * number)
        hear(case, CallStatus.ENDED, ended, CallResult.ANSWERED)
        words.judge(
            attempt_id=live.pk,
            disposition=Disposition.PERSUADED,
            now=ended + timedelta(seconds=30),
            agent="test",
        )
    silent = factories.directive(at, "d9", number=9, now=START + timedelta(hours=5))
    factories.dial(silent, now=START + timedelta(hours=5))
    hear(silent, CallStatus.ENDED, START + timedelta(hours=5, seconds=45), CallResult.NO_ANSWER)
    clock.moving.set(START + timedelta(days=2))
    document = told("--from-record")
    assert figures(document, "ring") == {None: (pytest.approx(25.0), "measured")}  # 10, 20 and 45 s
    assert figures(document, "talk") == {None: (pytest.approx(105.0), "measured")}  # 90 and 120 s
    assert figures(document, "wrap") == {None: (pytest.approx(30.0), "measured")}
    assert figures(document, "answered") == {None: (pytest.approx(2 / 3), "measured")}
    assert figures(document, "at") == {None: (9, "measured")}
    assert figures(document, "calls")["critical"] == (0.5, "measured")  # one in two days
    assert figures(document, "directives") == {None: (1.0, "measured")}
    by_afternoon = told("--from-record", "--at", "14")
    assert by_afternoon["load"]["calls_per_hour"] == {"critical": 0, "high": 0.5, "medium": 0, "low": 0}


def test_only_the_units_own_calls_and_the_windows_days_count() -> None:
    at = factories.centre()
    here = factories.directive(at, "here", number=1)
    there = factories.directive(at, "there", number=2, place=factories.elsewhere())
    factories.dial(here, now=START)
    factories.dial(there, now=START + timedelta(seconds=1))  # a trunk's bucket fills as time goes on
    hear(here, CallStatus.ENDED, START + timedelta(seconds=20), CallResult.BUSY)
    hear(there, CallStatus.ENDED, START + timedelta(seconds=61), CallResult.BUSY)
    clock.moving.set(START + timedelta(hours=1))
    assert figures(told("--from-record"), "ring")[None][0] == pytest.approx(40.0)
    assert figures(told("--from-record", "--unit", "440904"), "ring")[None][0] == pytest.approx(20.0)
    assert figures(told("--from-record", "--unit", "440981"), "ring")[None][0] == pytest.approx(60.0)
    clock.moving.set(START + timedelta(days=3))
    with pytest.raises(CommandError, match="--from-record"):
        said("--from-record", "--days", "2")


def test_what_is_given_goes_before_the_record() -> None:
    at = factories.centre()
    case = factories.directive(at, "d1", number=1)
    factories.dial(case, now=START)
    hear(case, CallStatus.ENDED, START + timedelta(seconds=20), CallResult.BUSY)
    clock.moving.set(START + timedelta(hours=1))
    document = told("--from-record", "--directives-per-hour", "60", "--wrap", "90s", "--answered", ".5")
    assert figures(document, "directives") == {None: (60.0, "given")}
    assert figures(document, "share")["high"] == (1.0, "measured")
    assert figures(document, "wrap") == {None: (90.0, "given")}
    assert figures(document, "ring") == {None: (20.0, "measured")}
    assert figures(document, "talk") == {None: (180.0, "assumed")}


def test_calls_that_found_no_line_in_time_are_load_as_well() -> None:
    at = factories.centre()
    at.trunk.enabled = False
    at.trunk.save()
    factories.directive(at, "d1", number=1)
    late = START + timedelta(minutes=30)
    turn.advance_due(now=late)
    clock.moving.set(late + timedelta(minutes=10))
    document = told("--from-record")
    assert document["load"]["calls_per_hour"]["high"] == 1.0
    assert figures(document, "ring") == {None: (25.0, "assumed")}
