"""The policy document: read into rules, and refused with the row's name when a history might not end."""

import copy
import tomllib
from collections.abc import Callable
from datetime import time, timedelta
from pathlib import Path
from typing import Any

import pytest

from dispatch import rules
from dispatch.chain import BadRules, Cell
from dispatch.rules import span
from dispatch.vocabulary import Level, Met, Outcome, Stage, Tier

DOCUMENT = tomllib.loads((Path(rules.__file__).parent / "chain.toml").read_text())
Plant = Callable[[dict[str, Any]], Any]


def document() -> dict[str, Any]:
    return copy.deepcopy(DOCUMENT)


def test_the_document_that_ships_is_sound() -> None:
    read = rules.read(document())
    assert set(read.levels) == set(Level)
    assert read.zone.key == "Asia/Shanghai"
    assert read.order_within == timedelta(minutes=30)


def test_a_level_overrides_what_all_share_cell_by_cell() -> None:
    high = rules.read(document()).levels[Level.HIGH].rungs[Tier.VOICE]
    assert high.cells[Met.UNREACHABLE] == Cell(then=(Tier.VISIT,))
    assert high.cells[Met.SILENT].again == tuple(timedelta(seconds=n) for n in (60, 120, 300))
    assert high.cells[Met.BUSY].raises == (2, Level.CRITICAL)
    assert high.within[Stage.PLANNED] == timedelta(minutes=20)


def test_the_words_of_a_document_mean_what_they_say() -> None:
    low = rules.read(document()).levels[Level.LOW]
    assert (low.most_calls, low.expires_after) == (4, timedelta(hours=48))
    assert (low.call_back_after, low.call_back_within) == (timedelta(minutes=1), timedelta(hours=24))
    older = document()  # a version of before it was policy
    del older["high"]["call_back_within"]
    assert rules.read(older).levels[Level.HIGH].call_back_within == timedelta(hours=1)
    assert low.hours == (time(8), time(20))
    assert low.rungs[Tier.VISIT].community
    assert low.rungs[Tier.FOLLOW_UP].watch == timedelta(days=3)
    gone = low.rungs[Tier.VOICE].cells[Met.TRANSFERRED]
    assert (gone.closes, gone.orders) == (Outcome.ALREADY_TRANSFERRED, ("stop_payment",))


@pytest.mark.parametrize(("text", "length"), [("30s", 30), ("5m", 300), ("4h", 14_400), ("7d", 604_800)])
def test_a_length_of_time(text: str, length: int) -> None:
    assert span(text) == timedelta(seconds=length)


@pytest.mark.parametrize("text", ["", "5", "m", "5 m", "-5m", "1.5h", "5w", "五m"])
def test_what_is_no_length_of_time(text: str) -> None:
    with pytest.raises(ValueError, match="is not a length of time"):
        span(text)


def put(path: str, value: object) -> Plant:
    """A fault planted at `level.tier.met.word`."""

    def plant(doc: dict[str, Any]) -> None:
        *rows, last = path.split("/")
        for row in rows:
            doc = doc.setdefault(row, {})
        doc[last] = value

    return plant


def cut(path: str) -> Plant:
    """A row left out."""

    def plant(doc: dict[str, Any]) -> None:
        *rows, last = path.split("/")
        for row in rows:
            doc = doc[row]
        del doc[last]

    return plant


def never_by_video(doc: dict[str, Any]) -> None:
    for rows in doc.values():
        if isinstance(rows, dict):
            for cell in rows.get("voice", {}).values():
                if isinstance(cell, dict) and "video" in cell.get("then", ()):
                    cell["then"] = ["visit"]


REDIAL = {"again": ["30s"], "keep_while": "visit", "then": ["visit"]}

FAULTS: list[tuple[Plant, str]] = [
    (put("high/voice/busy", {"again": ["30s"]}), "high.voice.busy: dead end"),
    (put("high/visit/not_there", {"then": ["voice"]}), "high.visit.not_there: leads down the ladder"),
    (put("high/voice/silent", {"then": ["voice"]}), "high.voice.silent: leads down the ladder"),
    (put("high/video/not_taken", REDIAL | {"keep_while": "voice"}), "high.video.not_taken: leads down"),
    (cut("high/voice/silent"), "high.voice.silent: is missing"),
    (cut("every/video/not_taken"), "high.video.not_taken: is missing"),
    (put("high/voice/ignored", {"then": ["visit"]}), "high.voice.ignored: cannot be met here"),
    (put("high/follow_up/loss", {"closes": "verified"}), "high.follow_up.loss: cannot be met here"),
    (put("high/voice/persuaded", {"closes": "verified"}), "high.voice.persuaded: must not close as verified"),
    (
        put("every/voice/false_alarm", {"then": ["visit"]}),
        "high.voice.false_alarm: must close as false_alarm",
    ),
    (put("every/visit/transferred", {"closes": "already_transferred"}), "high.visit.transferred: money"),
    (
        put("high/voice/busy", {"keep_while": "visit", "then": ["visit"]}),
        "high.voice.busy: goes on without a",
    ),
    (put("high/voice/busy", REDIAL | {"again": ["0s"]}), "high.voice.busy: goes on without a wait"),
    (
        put("high/voice/fault", {"again": ["0s"], "repeat": True, "then": ["visit"]}),
        "high.voice.fault: goes on without a wait",
    ),
    (cut("critical/voice/fault/lasts"), "critical.voice.fault: repeats for ever"),
    (cut("high/expires_after"), "high.voice.fault: repeats for ever"),
    (put("high/visit/not_there/repeat", True), "high.visit.not_there: only calls are repeated"),
    (put("high/voice/busy/raises", [2, "high"]), "high.voice.busy: raises to no"),
    (put("high/voice/busy/raises", [0, "critical"]), "high.voice.busy: raises to no"),
    (put("high/voice/busy/orders", ["arrest"]), "high.voice.busy: knows no order arrest"),
    (put("high/visit/not_there/seek", "nearest"), "high.visit.not_there: seek is same or next"),
    (put("high/starts", []), "high.starts: begins nothing"),
    (put("high/sends", ["telegram"]), "high.sends: knows no telegram"),
    (put("high/expires_after", "0s"), "high.expires_after: must be above zero"),
    (put("high/call_back_after", "0s"), "high.call_back_after: must be above zero"),
    (put("high/call_back_within", "30s"), "high.call_back_within: ends before it begins"),
    (put("high/head_start", "4m"), "high.head_start: is less than that of a lower level"),
    (put("critical/head_start", "25h"), "critical.head_start: must be at most a day"),
    (put("high/most_calls", -1), "high.most_calls: is a count"),
    (put("medium/hours", ["21:00", "08:00"]), "medium.hours: must begin before they end"),
    (put("order_within", "0s"), "order_within: must be above zero"),
    (put("high/visit/within", {"sent": "5m", "acknowledged": "45m"}), "high.visit.within: arrived needs"),
    (put("high/visit/within", {"sent": "1h", "acknowledged": "45m", "arrived": "4h"}), "acknowledged before"),
    (put("high/follow_up/watch", "3d"), "high.follow_up: needs either checks or a watch"),
    (cut("medium/follow_up/watch"), "medium.follow_up: needs either checks or a watch"),
    (put("high/follow_up/checks", ["72h", "24h"]), "high.follow_up.checks: must come one after the other"),
    (cut("every/video"), "high.video"),
    (cut("every/follow_up"), "high.follow_up"),
    (never_by_video, "high.video: can never be reached"),
    (put("high/voice/busy/agian", ["30s"]), "high.voice.busy: unknown words agian"),
    (put("high/voice/bussy", {"then": ["visit"]}), "high.voice: unknown words bussy"),
    (put("high/rungs", {}), "high: unknown words rungs"),
    (put("hihg", {}), "the document: unknown words hihg"),
    (put("every/vioce", {}), "every: unknown words vioce"),
    (
        put("high/voice/busy/again", ["soon"]),
        "high.voice.busy: cannot be read: 'soon' is not a length of time",
    ),
    (put("high/voice/busy/then", ["letter"]), "high.voice.busy: cannot be read: 'LETTER'"),
    (put("high/voice/silent/again", ["2h", "2h"]), "high.voice.silent: its last try would come after"),
    (put("low/most_calls", 2), "low.voice.busy: asks for 3 calls, and the cap is 2 in 24 h"),
    (
        put("high/voice/busy", REDIAL | {"most": 21}),
        "high.voice.busy: asks for 21 calls, and the cap is 20",
    ),
    (
        put("high/voice/silent/raises", [5, "critical"]),
        "high.voice.silent: raises at no. 5, and it is tried 4",
    ),
    (put("high/follow_up/checks", ["24h", "36h"]), "high.follow_up.checks: a check is still going on"),
    (put("zone", "Asia/Maoming"), "the document: "),
    (cut("critical"), "the document: cannot be read: 'critical'"),
]


@pytest.mark.parametrize(("plant", "told"), FAULTS, ids=[told for _, told in FAULTS])
def test_one_planted_fault_is_refused_by_its_row(plant: Plant, told: str) -> None:
    doc = document()
    plant(doc)
    with pytest.raises(BadRules) as refused:
        rules.read(doc)
    assert any(told in str(flaw) for flaw in refused.value.flaws), str(refused.value)


def test_every_fault_is_named_not_only_the_first() -> None:
    doc = document()
    put("high/voice/busy", {"again": ["30s"]})(doc)
    put("low/follow_up", {})(doc)
    with pytest.raises(BadRules) as refused:
        rules.read(doc)
    rows = str(refused.value)
    assert "high.voice.busy" in rows
    assert "low.follow_up" in rows
