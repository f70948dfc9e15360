"""`manage.py simulate` as outsiders use it: the same bytes for the same seed, its document, what it refuses."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection

from warning_center.management import staged
from warning_center.simulation import faults
from warning_center.simulation.violations import PROMISES

SMALL = ("--directives", "6", "--hours", "1", "--operators", "2", "--seed", "7")


def simulate(*options: str, hash_seed: str = "0") -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "manage.py", "simulate", *options],
        cwd=settings.BASE_DIR,
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    page = tmp_path_factory.mktemp("page") / "day.html"
    first = simulate(*SMALL, "--json", "--html", str(page))
    assert (first.returncode, first.stderr) == (0, "")
    return {"text": first.stdout, "page": page.read_text(), **json.loads(first.stdout)}


def test_the_same_seed_is_the_same_day_to_the_byte_in_another_process(told: dict[str, Any]) -> None:
    assert simulate(*SMALL, "--json", hash_seed="42").stdout == told["text"]


def test_the_document_says_what_was_asked_and_what_it_came_to(told: dict[str, Any]) -> None:
    assert told["violations"] == []
    assert told["seed"] == 7
    assert told["options"]["faults"] == list(told["faults"]) == list(faults.KINDS)
    for times in ("to_first_attempt", "to_reached", "to_verified", "wait_for_a_line"):
        assert list(told[times]) == ["critical", "high", "medium", "low"]
    assert told["directives"]["acknowledged"] == 6
    assert len(told["desks"]) == 1


def test_the_page_stands_alone_and_says_the_verdict(told: dict[str, Any]) -> None:
    page = told["page"]
    assert "承诺全部守住" in page
    assert "<script" not in page
    assert "src=" not in page
    assert "href=" not in page
    assert "url(" not in page


@pytest.mark.parametrize(
    ("option", "value", "rule"),
    [
        ("directives", "0", "a whole number from 1 to 200000"),
        ("hours", "1.5", "a whole number from 1 to 168"),
        ("operators", "many", "a whole number from 1 to 2000"),
        ("seed", "-1", "a whole number from 0"),
        ("faults", "dying,earthquake", "earthquake is no kind of fault"),
        ("html", "/nowhere/at/all/day.html", "its folder is not there"),
        ("database", "sqlite:///x", "the address of a PostgreSQL is expected"),
    ],
)
def test_a_bad_option_is_refused_by_name_value_and_rule(option: str, value: str, rule: str) -> None:
    with pytest.raises(CommandError) as refusal:
        call_command("simulate", f"--{option}={value}", "--lang", "en")
    assert refusal.value.returncode == 2
    assert f"--{option} {value}" in str(refusal.value)
    assert rule in str(refusal.value)


def test_a_day_is_not_played_on_a_database_that_lasts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(staged.MARK, raising=False)
    with pytest.raises(CommandError, match=r"manage\.py"):
        call_command("simulate")


@pytest.mark.django_db
def test_a_database_that_is_not_empty_is_left_alone() -> None:
    address = os.environ["DATABASE_URL"].rpartition("/")[0]
    done = simulate("--database", f"{address}/{connection.settings_dict['NAME']}", "--lang", "en", *SMALL)
    assert done.returncode == 2
    assert "not empty" in done.stderr


def test_each_promise_has_words() -> None:
    assert all(PROMISES.values())
