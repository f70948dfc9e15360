"""`manage.py demo --directives --answers --json` as outsiders use it: the chain table in one play, files and faults."""

import csv
import io
import json
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from warning_center import answers, rows
from warning_center.management import staged

Row = dict[str, Any]
STORIES: dict[str, Row] = tomllib.loads(Path(__file__).with_name("demo_stories.toml").read_text("utf-8"))
MORNING = datetime.fromisoformat("2026-03-02T09:00:00+08:00")
NEAR_QIJING = {"lat": 21.5692, "lon": 111.0026, "adcode": "440904"}
TIERS = ("voice", "video", "visit", "follow_up")
LEVELS = ("critical", "high", "medium", "low")
AT_ONCE = 4  # stories


def demo(*options: str | Path) -> subprocess.CompletedProcess[bytes]:
    """The command as an outsider runs it."""
    command = [sys.executable, "manage.py", "demo", *map(str, options)]
    return subprocess.run(command, cwd=settings.BASE_DIR, capture_output=True, timeout=240, check=False)


def written(path: Path, content: object) -> Path:
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    return path


def directives_of(story: str, begins: datetime, phone: str) -> Iterator[Row]:
    """A story's directives; the first one's reference is the story's name, which owns the answers."""
    for letter, given in zip("abc", STORIES[story]["directives"], strict=False):
        fields = {"fraud_type": "other", "phone": phone, "location": NEAR_QIJING, **given}
        at = datetime.fromisoformat(fields.pop("at")) if "at" in fields else begins
        issued = at + timedelta(seconds=fields.pop("after", 0))
        yield {
            "reference": story if letter == "a" else f"{story}.{letter}",
            **fields,
            "issued_at": issued.isoformat(),
        }


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Row:
    """All stories in one play, a few begun each half minute: no more than the lines can dial in a second."""
    home = tmp_path_factory.mktemp("contract")
    received: list[Row] = []
    for n, story in enumerate(STORIES):
        received += directives_of(story, MORNING + timedelta(seconds=30 * (n // AT_ONCE)), f"190 0000 {n:04}")
    behaviour = {name: {tier: story.get(tier, []) for tier in TIERS} for name, story in STORIES.items()}
    files = written(home / "d.json", received), written(home / "a.json", behaviour)
    done = demo("--directives", files[0], "--answers", files[1], "--json")
    assert (done.returncode, done.stderr) == (0, b"")
    document: Row = json.loads(done.stdout)
    return document


def chain(played: Row, reference: str) -> list[Row]:
    """The case a directive came to, and those that follow from it."""
    (number,) = (d["case"] for d in played["directives"] if d["reference"] == reference)
    found: list[Row] = []
    for case in played["cases"]:
        if case["case"] == number or (found and case["previous"] == found[-1]["case"]):
            found.append(case)
    return found


def told(case: Row) -> str:
    """`high>critical verified: voice busy 0 1m, visit persuaded 1m30s, order answered`."""
    opened = datetime.fromisoformat(case["opened_at"])
    met = [(f"{a['tier']} {a['disposition'] or a['result']}", a["started_at"]) for a in case["attempts"]]
    parts = []
    for word, alike in groupby(met, key=lambda one: one[0]):
        starts = [span(datetime.fromisoformat(at) - opened) if at else "-" for _, at in alike]
        parts.append(" ".join([word, *starts]))
    parts += [f"order {order['state']}" for order in case["orders"]]
    return f"{'>'.join(case['levels'])} {case['outcome']}: {', '.join(parts)}"


def span(passed: timedelta) -> str:
    minutes, seconds = divmod(int(passed.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    units = {"d": days, "h": hours, "m": minutes, "s": seconds}
    return "".join(f"{n}{unit}" for unit, n in units.items() if n) or "0"


@pytest.mark.parametrize("story", STORIES)
def test_story_goes_as_the_chain_table_says(played: Row, story: str) -> None:
    cases = chain(played, story)
    assert [told(case) for case in cases] == STORIES[story]["goes"]
    went = [a["station"] for case in cases for a in case["attempts"] if a["tier"] == "visit"]
    assert list(dict.fromkeys(went)) == STORIES[story].get("went", list(dict.fromkeys(went)))


def test_every_case_is_closed_and_nothing_of_one_tier_happens_twice_at_once(played: Row) -> None:
    for case in played["cases"]:
        assert (case["state"], case["levels"][-1]) == ("closed", case["level"])
        assert all(a["result"] and a["ended_at"] <= case["closed_at"] for a in case["attempts"])
        for tier in TIERS:
            begun = [a for a in case["attempts"] if a["tier"] == tier and a["started_at"]]
            assert all(one["ended_at"] <= other["started_at"] for one, other in pairwise(begun))


def test_of_two_open_cases_of_one_person_one_is_a_duplicate(played: Row) -> None:
    (kept,), (other,) = chain(played, "merged"), chain(played, "merged.b")
    assert (kept["directives"], other["directives"]) == (["merged", "merged.c"], ["merged.b"])
    assert other["outcome"] == "duplicate"
    assert [event["at"] for event in kept["events"] if event["verb"] == "merged"] == [other["closed_at"]]


def test_two_people_on_one_phone_share_its_cap(played: Row) -> None:
    both = [*chain(played, "two-on-one-phone"), *chain(played, "two-on-one-phone.b")]
    assert len({case["case"] for case in both}) == 2
    rung = [a for case in both for a in case["attempts"] if a["tier"] == "voice"]
    assert len(rung) == 4  # as often as a low risk may be rung in 24 hours


def test_messages_are_sms_and_come_by_level(played: Row) -> None:
    sent = {story: [m["kind"] for m in chain(played, f"silent-{story}")[0]["messages"]] for story in LEVELS}
    assert sent == {"critical": ["sms"], "high": ["sms"], "medium": [], "low": ["sms"]}


# Files and faults


COLUMNS = (
    "reference",
    "issued_at",
    "fraud_type",
    "level",
    "phone",
    "name",
    "location.adcode",
    "signs.money_moved",
)
GOOD = ("S1", "2026-03-02T09:00:00+08:00", "刷单返利", "低危", "190 0000 0001", "张三", "440904", "是")
BAD = ("S2", "yesterday", "loan", "urgent", "123", "", "44", "maybe")


def table(*lines: tuple[str, ...]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows([COLUMNS, *lines])
    return text.getvalue()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_spreadsheets_have_columns_for_nested_fields(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "d.csv"
    path.write_bytes(table(GOOD, ("",) * len(COLUMNS)).encode(encoding))
    ((number, row),) = rows.read(path)
    assert (number, row["name"], row["location"], row["signs"]) == (
        1,
        "张三",
        {"adcode": "440904"},
        {"money_moved": "是"},
    )


def test_a_column_that_is_both_a_value_and_a_group_is_a_fault_of_its_row(tmp_path: Path) -> None:
    path = tmp_path / "d.csv"
    path.write_text("reference,location,location.lat\nS1,here,21.5\nS2,,21.5\n")
    (_, fault), (_, good) = rows.read(path)
    assert isinstance(fault, ValueError)
    assert good == {"reference": "S2", "location": {"lat": "21.5"}}


def test_lines_of_json_may_hold_any_character_and_one_bad_line_is_one_bad_row(tmp_path: Path) -> None:
    path = tmp_path / "d.ndjson"
    path.write_text(
        '{"reference": "S1", "name": "张\u2028三"}\r\n{oops\r\n\r\n{"reference": "S2"}\r\n', encoding="utf-8"
    )
    first, second, third = rows.read(path)
    assert first == (1, {"reference": "S1", "name": "张\u2028三"})
    assert isinstance(second[1], ValueError)
    assert third == (3, {"reference": "S2"})


def test_the_first_line_of_json_may_be_the_bad_one(tmp_path: Path) -> None:
    path = tmp_path / "d.ndjson"
    path.write_text('oops\n{"reference": "S1"}\n')
    (_, bad), good = rows.read(path)
    assert isinstance(bad, ValueError)
    assert good == (2, {"reference": "S1"})


def test_bad_rows_are_named_and_the_good_ones_run_the_same_in_every_language(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "d.csv"
    changed = ("S1", *GOOD[1:3], "高危", *GOOD[4:])
    path.write_bytes(table(GOOD, BAD, GOOD, changed).encode("gb18030"))
    said = written(
        tmp_path / "a.json", {"S1": {"voice": ["false_alarm@7"]}, "NOBODY": {"visit": ["met_not"]}}
    )
    monkeypatch.setenv(staged.MARK, "1")  # it reads the answers before it knows of any database
    out = io.StringIO()
    with pytest.raises(CommandError, match="NOBODY"):
        call_command("demo", directives=path, answers=said, json=True, stdout=out)
    assert out.getvalue() == ""
    monkeypatch.undo()
    said = written(
        tmp_path / "a.json", {"S1": {"voice": ["false_alarm@7"]}, "NOBODY": {"visit": ["persuaded"]}}
    )
    chinese, english = (
        demo("--directives", path, "--answers", said, "--json", "--lang", lang) for lang in ("zh", "en")
    )
    assert (chinese.returncode, english.returncode) == (1, 1)
    assert chinese.stdout == english.stdout
    document = json.loads(english.stdout)
    assert [row["reference"] for row in document["directives"]] == ["S1"]
    (case,) = document["cases"]
    assert (case["outcome"], case["attempts"][0]["ended_at"]) == ("false_alarm", "2026-03-02T09:00:07+08:00")
    named = [line.split(": ")[:2] for line in english.stderr.decode().splitlines()]
    fields = ("issued_at", "level", "phone", "location.adcode", "signs.money_moved")
    assert named == [*(["row 2", field] for field in fields), ["row 4", "reference"]]


@pytest.mark.parametrize("content", ["", "  \n", "[{", "hello", "5", "a,b\n1,2\n"])
def test_a_file_that_is_no_list_of_directives_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "d.json"
    path.write_text(content)
    with pytest.raises(rows.BadFile):
        list(rows.read(path))


@pytest.mark.parametrize(
    ("tier", "word"),
    [
        ("voice", "sleepy"), ("voice", "reached"), ("visit", "met"), ("voice", "audio_only"), ("voice", "not_placed"),
        ("voice", "failed_here"), ("visit", "cancelled"), ("follow_up", "no_news"), ("follow_up", "persuaded"),
        ("visit", "busy"), ("voice", "busy@"), ("voice", "busy@-1"), ("voice", "BUSY"), ("sms", "busy"),
    ],
)  # fmt: skip
def test_words_that_are_not_for_this_tier_are_refused_by_name(tier: str, word: str) -> None:
    with pytest.raises(answers.BadAnswers, match=f"S1.{tier}") as refusal:
        answers.parse({"S1": {tier: [word]}})
    assert word.partition("@")[0] in str(refusal.value) or tier == "sms"


def test_a_missing_file_is_said_in_one_line(tmp_path: Path) -> None:
    done = demo("--directives", tmp_path / "none.json", "--json")
    assert (done.returncode != 0, done.stdout, len(done.stderr.splitlines())) == (True, b"", 1)
