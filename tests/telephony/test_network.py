"""The network as a process: its script, its mischief, its journal, its post, and the command that starts it."""

import io
import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from telephony import numbers
from telephony.carrier import CallResult, CallStatus, CarrierError
from telephony.carriers.remote import RemoteCarrier
from telephony.carriers.simulated import Behaviour
from telephony.clock import MovingClock
from telephony.network import Mischief, Network, Script, read_script
from tests.telephony.samples import NUMBER, START, a_dial
from tests.telephony.stages import SECRET, RemoteStage, remote

R = CallResult
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def stage(moving: MovingClock) -> Iterator[RemoteStage]:
    with remote(moving) as made:
        yield made


def lines(journal: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in journal.getvalue().splitlines()]


# ---- Script and mischief


def test_a_script_says_what_each_call_to_a_number_meets() -> None:
    script = Script(read_script('{"19000000001": ["busy@7", "powered_off", "hung_up"]}'))
    met = [script.behave(a_dial()) for _ in range(4)]
    assert [how.result for how in met] == [R.BUSY, R.POWERED_OFF, R.HUNG_UP, R.HUNG_UP]
    assert [how.lasts.total_seconds() for how in met] == [7, 5, 10, 10]


def test_a_number_the_script_does_not_have_behaves_by_its_last_digit() -> None:
    script = Script(read_script('{"19000000001": ["busy"]}'))
    assert script.behave(a_dial("+8619000000014")).result is R.POWERED_OFF


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"190": ["busy"]}',
        '{"19000000001": []}',
        '{"19000000001": "busy"}',
        '{"19000000001": ["x"]}',
    ],
)
def test_a_script_that_says_nothing_of_use_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        read_script(text)


def test_mischief_is_as_likely_as_told_and_the_same_for_one_seed() -> None:
    def befallen(seed: int) -> list[Behaviour]:
        script = Script(None, Mischief(lose=0.1, twice=0.3, late=0.5, backwards=0.2), seed)
        return [script.behave(a_dial(f"+86190000{n:05}")) for n in range(1000)]

    met = befallen(7)
    assert met == befallen(7)
    assert met != befallen(8)
    counts = [
        sum(how.lose for how in met),
        sum(how.twice for how in met),
        sum(how.delay > timedelta() for how in met),
        sum(how.backwards for how in met),
    ]
    assert all(abs(count - likely) < 60 for count, likely in zip(counts, (100, 300, 500, 200), strict=True))
    assert all(5 <= how.delay.total_seconds() <= 120 for how in met if how.delay)


def test_without_mischief_nothing_befalls_anybody() -> None:
    how = Behaviour(R.BUSY, timedelta(seconds=5))
    assert Mischief().befall(how, Random(1)) == how


# ---- The journal


def test_the_journal_holds_each_begin_and_end_and_no_number(moving: MovingClock) -> None:
    journal = io.StringIO()
    network = Network(
        clock=moving, script=Script(read_script('{"19000000001": ["busy@5"]}')), journal=journal
    )
    network.place(a_dial())
    moving.forward(timedelta(seconds=9))
    network.collect()
    place = numbers.index(NUMBER)
    at = [(START + timedelta(seconds=s)).isoformat() for s in (0, 5)]
    assert lines(journal) == [
        {"event": "start", "at": at[0]},
        {"event": "begin", "at": at[0], "key": a_dial().key, "number": place, "violation": False},
        {"event": "end", "at": at[1], "key": a_dial().key, "number": place, "result": "busy"},
    ]
    assert NUMBER[3:] not in journal.getvalue()


def test_a_second_live_call_to_one_number_is_a_violation_and_meets_a_busy_line(moving: MovingClock) -> None:
    journal = io.StringIO()
    network = Network(clock=moving, script=Script(), journal=journal)
    network.place(a_dial(key="one"))
    moving.forward(timedelta(seconds=5))
    network.place(a_dial(key="two"))
    moving.forward(timedelta(seconds=30))
    found = network.find(a_dial(key="two"))
    assert found is not None
    assert found.result is R.BUSY
    assert [line["violation"] for line in lines(journal) if line["event"] == "begin"] == [False, True]


def test_a_number_is_free_again_once_its_call_has_ended(moving: MovingClock) -> None:
    journal = io.StringIO()
    network = Network(clock=moving, script=Script(), journal=journal)
    network.place(a_dial(key="one"))
    moving.forward(timedelta(seconds=60))
    network.place(a_dial(key="two"))
    network.hang_up(a_dial(key="two"))
    network.place(a_dial(key="three"))
    assert [line["event"] for line in lines(journal)] == ["start", "begin", "end", "begin", "end", "begin"]
    assert not any(line.get("violation") for line in lines(journal))


def test_a_call_asked_for_twice_is_in_the_journal_once(moving: MovingClock) -> None:
    journal = io.StringIO()
    network = Network(clock=moving, script=Script(), journal=journal)
    network.place(a_dial())
    with pytest.raises(CarrierError):
        network.place(a_dial())
    assert [line["event"] for line in lines(journal)] == ["start", "begin"]


def test_a_network_that_was_restarted_knows_no_call_of_before(moving: MovingClock) -> None:
    network = Network(clock=moving, script=Script(), journal=io.StringIO())
    assert network.find(a_dial(external_id="sim-1")) is None


# ---- The post


def test_all_the_news_of_hundreds_of_calls_arrives(stage: RemoteStage) -> None:
    phones = [f"+8619{n:08}1" for n in range(400)]
    dials = [a_dial(number, key=f"00000000-0000-4000-8000-{n:012}") for n, number in enumerate(phones)]
    with ThreadPoolExecutor(16) as workers:
        list(workers.map(stage.carrier.place, dials))
    stage.clock.forward(timedelta(seconds=90))
    news = stage.heard(lambda news: sum(u.status is CallStatus.ENDED for u in news) == len(dials))
    assert Counter(u.key for u in news) == {dial.key: 3 for dial in dials}
    assert sum(line["event"] == "end" for line in lines(stage.journal)) == len(dials)


def test_news_that_our_side_cannot_take_is_brought_again(stage: RemoteStage) -> None:
    stage.failures = 2
    stage.carrier.place(a_dial())
    stage.forward(90)
    news = stage.heard(lambda news: any(u.status is CallStatus.ENDED for u in news))
    assert [u.status for u in news] == [CallStatus.RINGING, CallStatus.TALKING, CallStatus.ENDED]
    assert stage.failures == 0


# ---- The command


@contextmanager
def running(*words: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """`manage.py carrier` as a process; where it listens."""
    env = {**os.environ, "NETWORK_URL": "http://127.0.0.1:1", "NETWORK_SECRET": SECRET}
    command = [sys.executable, "manage.py", "carrier", "--port", "0", *words]
    with subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().split()[-1], process
        finally:
            process.kill()


def test_the_command_serves_until_it_is_told_to_stop(tmp_path: Path) -> None:
    script, journal = tmp_path / "script.json", tmp_path / "journal.jsonl"
    script.write_text('{"19000000001": ["suspended@600"]}')
    with running("--script", str(script), "--journal", str(journal), "--late", "0.5") as (url, process):
        carrier = RemoteCarrier(clock=lambda: START, url=url, secret=SECRET)
        external_id = carrier.place(a_dial())
        found = carrier.find(a_dial())
        assert found is not None
        assert (found.external_id, found.status) == (external_id, CallStatus.DIALLING)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    assert [json.loads(line)["event"] for line in journal.read_text().splitlines()] == ["start", "begin"]


def test_the_command_needs_a_carrier_with_a_secret(settings: Settings) -> None:
    with pytest.raises(CommandError, match="secret"):
        call_command("carrier", "--carrier", "nobody")


@pytest.mark.parametrize("wrong", [["--script", "/nowhere"], ["--journal", "/nowhere/journal"]])
def test_the_command_says_which_file_it_cannot_use(settings: Settings, wrong: list[str]) -> None:
    settings.CARRIERS = {"simulated": {"secret": SECRET}}
    with pytest.raises(CommandError, match="cannot be"):
        call_command("carrier", *wrong)
