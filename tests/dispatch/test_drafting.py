"""The sheet of a policy: what stands there can be typed back, and what is typed is read or refused by its row."""

import contextlib
import copy
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch import drafting, rules
from dispatch.chain import BadRules
from dispatch.drafting import Entry

FOLDER = Path(rules.__file__).parent
CHAIN = drafting.resolved(tomllib.loads((FOLDER / "chain.toml").read_text()))
RISK = tomllib.loads((FOLDER / "risk.toml").read_text())
ENTRIES = list(drafting.chain_entries())
RISK_ENTRIES = list(drafting.risk_entries(RISK))


def sheet(document: dict[str, Any], entries: list[Entry]) -> dict[str, str]:
    return {entry.name: drafting.text(document, entry) for entry in entries}


@pytest.mark.parametrize(
    ("document", "entries"), [(CHAIN, ENTRIES), (RISK, RISK_ENTRIES)], ids=["chain", "risk"]
)
def test_a_sheet_sent_back_as_it_is_changes_nothing(document: dict[str, Any], entries: list[Entry]) -> None:
    after, flaws = drafting.edited(document, entries, sheet(document, entries))
    assert (after, flaws) == (document, [])
    assert drafting.changes(document, after, entries) == []


def test_what_all_levels_share_stands_in_each_of_them() -> None:
    shipped = tomllib.loads((FOLDER / "chain.toml").read_text())
    assert "every" not in CHAIN
    assert rules.read(CHAIN) == rules.read(shipped)


@pytest.mark.parametrize(
    ("name", "typed", "stored"),
    [
        ("high.voice.silent.again", "30秒、2分钟 5 分", ["30s", "2m", "5m"]),
        ("high.voice.silent.again", "30s 2m, 5m", ["30s", "2m", "5m"]),
        ("medium.hours", "09:00-20:30", ["09:00", "20:30"]),
        ("high.expires_after", "6小时", "6h"),
        ("high.most_calls", "12", 12),
        ("high.voice.silent.then", "follow_up visit", ["visit", "follow_up"]),
        ("high.voice.silent.raises", "3 critical", [3, "critical"]),
        ("high.voice.silent.keep_while", "visit", "visit"),
        ("high.visit.not_there.seek", "next", "next"),
        ("high.visit.not_there.reinforced", "1", True),
        ("low.sends", "", None),
        ("high.starts", "", []),
    ],
)  # fmt: skip
def test_what_is_typed_is_stored_as_the_document_says_it(name: str, typed: str, stored: object) -> None:
    entry = next(entry for entry in ENTRIES if entry.name == name)
    after, flaws = drafting.edited(CHAIN, ENTRIES, {**sheet(CHAIN, ENTRIES), name: typed})
    assert flaws == []
    assert drafting.value(after, entry) == stored
    assert [change.entry.name for change in drafting.changes(CHAIN, after, ENTRIES)] == [name]


@pytest.mark.parametrize(
    ("name", "typed", "row"),
    [
        ("high.voice.silent.again", "soon", "high.voice.silent"),
        ("high.voice.silent.again", "1.5h", "high.voice.silent"),
        ("high.voice.silent.then", "letter", "high.voice.silent"),
        ("high.voice.silent.raises", "twice critical", "high.voice.silent"),
        ("high.voice.silent.raises", "2 deadly", "high.voice.silent"),
        ("high.voice.silent.keep_while", "letter", "high.voice.silent"),
        ("high.visit.not_there.seek", "nearest", "high.visit.not_there"),
        ("medium.hours", "nine to five", "medium.hours"),
        ("medium.hours", "09:00-25:00", "medium.hours"),
        ("high.most_calls", "-1", "high.most_calls"),
        ("high.most_calls", "9999999999", "high.most_calls"),
        ("high.visit.within.sent", "5", "high.visit.within"),
    ],
)
def test_what_cannot_be_read_is_named_by_its_row(name: str, typed: str, row: str) -> None:
    _after, flaws = drafting.edited(CHAIN, ENTRIES, {**sheet(CHAIN, ENTRIES), name: typed})
    assert [(flaw.row, flaw.blanks) for flaw in flaws] == [(row, {"typed": typed})]


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("points.amount.steps", "10000"),
        ("points.money_moved.flag", "a lot"),
        ("fraud_types.loan.from", "soon"),
    ],
)
def test_what_cannot_be_read_of_a_risk_policy_is_named_too(name: str, typed: str) -> None:
    _after, flaws = drafting.edited(RISK, RISK_ENTRIES, {**sheet(RISK, RISK_ENTRIES), name: typed})
    assert len(flaws) == 1


@given(st.data())
def test_any_sheet_is_read_or_refused_and_never_half(data: st.DataObject) -> None:
    """Whatever is typed anywhere: a flaw, or a document that the rules judge; the one it came from is untouched."""
    before = copy.deepcopy(CHAIN)
    typed = sheet(CHAIN, ENTRIES)
    words = st.sampled_from(["", "30s", "5m 5m", "visit", "2 critical", "08:00-21:00", "1", "-", "９", "0s"])
    for entry in data.draw(st.lists(st.sampled_from(ENTRIES), max_size=4, unique=True)):
        typed[entry.name] = data.draw(words | st.text(max_size=8))
    after, flaws = drafting.edited(CHAIN, ENTRIES, typed)
    assert before == CHAIN
    if not flaws:
        with contextlib.suppress(BadRules):
            rules.read(after)
