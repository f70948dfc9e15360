"""How urgent it is: worse facts never count less, the score stays within 0 to 100, upstream is a floor."""

import copy
import tomllib
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch import risk
from dispatch.risk import BadRiskRules, Reason, RiskFacts, RiskRules, assess
from dispatch.vocabulary import FraudType, Level

TODAY = date(2026, 3, 2)
DOCUMENT = tomllib.loads((Path(risk.__file__).parent / "risk.toml").read_text())
SIZES = st.dictionaries(st.sampled_from(sorted(DOCUMENT["points"])), st.integers(0, 10_000_000))
FACTS = st.builds(
    RiskFacts, fraud=st.sampled_from(FraudType), upstream=st.none() | st.sampled_from(Level), sizes=SIZES
)


@cache
def shipped() -> RiskRules:
    return risk.read(DOCUMENT)


@given(FACTS)
def test_the_score_lies_within_0_and_100_and_its_reasons_add_up(facts: RiskFacts) -> None:
    judged = assess(facts, shipped())
    assert 0 <= judged.score <= 100
    assert min(100, sum(reason.points for reason in judged.reasons)) == judged.score


@given(FACTS, SIZES)
def test_a_worse_fact_never_lowers_the_score_or_the_level(facts: RiskFacts, worse: Mapping[str, int]) -> None:
    sizes = {fact: max(facts.sizes.get(fact, 0), size) for fact, size in worse.items()}
    before = assess(facts, shipped())
    after = assess(RiskFacts(facts.fraud, facts.upstream, {**facts.sizes, **sizes}), shipped())
    assert after.score >= before.score
    assert after.level >= before.level


@given(FACTS, st.sampled_from(Level))
def test_the_upstream_level_is_a_floor(facts: RiskFacts, upstream: Level) -> None:
    alone = assess(RiskFacts(facts.fraud, None, facts.sizes), shipped())
    judged = assess(RiskFacts(facts.fraud, upstream, facts.sizes), shipped())
    assert judged.level == max(alone.level, upstream)
    assert judged.score == max(alone.score, shipped().upstream[upstream])


@given(FACTS)
def test_the_same_facts_are_judged_the_same(facts: RiskFacts) -> None:
    assert assess(facts, shipped()) == assess(facts, shipped())


@pytest.mark.parametrize(
    ("score", "level"),
    [
        (29, "LOW"), (30, "MEDIUM"), (54, "MEDIUM"), (55, "HIGH"), (79, "HIGH"), (80, "CRITICAL"), (100, "CRITICAL"),
    ],
)  # fmt: skip
def test_without_an_upstream_level_the_score_decides(score: int, level: str) -> None:
    doc = copy.deepcopy(DOCUMENT)
    doc["fraud_types"]["other"]["points"] = score
    judged = assess(RiskFacts(FraudType.OTHER), risk.read(doc))
    assert (judged.score, judged.level) == (score, Level[level])


def test_a_busy_line_is_a_danger_sign() -> None:
    quiet = RiskFacts(FraudType.AUTHORITY, sizes={"on_call_seconds": 600})
    busy = RiskFacts(FraudType.AUTHORITY, sizes={"on_call_seconds": 600, "line_signs": 2})
    assert assess(busy, shipped()).score > assess(quiet, shipped()).score
    assert Reason("line_signs", "2", 10) in assess(busy, shipped()).reasons


def test_age_counts_only_a_little() -> None:
    assert shipped().scales["age"].of(95) <= 5


def test_what_a_directive_says_becomes_sizes() -> None:
    signs = {
        "on_call_seconds": 90.7,
        "screen_shared": True,
        "money_moved": False,
        "note": "x",
        "pooled": None,
    }
    assert risk.sizes_of(signs, Decimal("12000.50"), 61) == {
        "on_call_seconds": 90, "screen_shared": 1, "amount": 12_000, "age": 61,
    }  # fmt: skip
    assert risk.sizes_of({}, None, None) == {}


@pytest.mark.parametrize(
    ("word", "code"),
    [
        ("authority", FraudType.AUTHORITY),
        (" 冒充公检法及政府机关 ", FraudType.AUTHORITY),
        ("杀猪盘", FraudType.INVESTMENT),
        ("新型骗局", FraudType.OTHER),
        ("", FraudType.OTHER),
    ],
)
def test_a_fraud_type_is_known_by_code_name_or_alias(word: str, code: FraudType) -> None:
    assert shipped().fraud(word, TODAY) is code
    assert shipped().knows(word, TODAY) is (code is not FraudType.OTHER)


def test_a_fraud_type_is_known_only_while_it_is_in_use() -> None:
    doc = copy.deepcopy(DOCUMENT)
    doc["fraud_types"]["brushing"] |= {"from": "2026-01-01", "until": "2026-03-01", "loss": 50_000}
    rules = risk.read(doc)
    days = [date(2025, 12, 31), date(2026, 1, 1), date(2026, 3, 1), date(2026, 3, 2)]
    assert [rules.knows("刷单", day) for day in days] == [False, True, True, False]
    assert rules.fraud("刷单", days[0]) is FraudType.OTHER
    assert rules.frauds[FraudType.BRUSHING].loss == 50_000


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        ("thresholds/high", 95, "thresholds"),
        ("thresholds/low", 5, "thresholds"),
        ("thresholds/deadly", 99, "DEADLY"),
        ("upstream/high", None, "upstream: high missing"),
        ("fraud_types/loan", None, "fraud_types: loan missing"),
        ("fraud_types/phishing", {"points": 1, "zh": "x", "from": "2022-01-01"}, "phishing"),
        ("fraud_types/loan/from", "soon", "soon"),
        ("fraud_types/loan/zh", None, "zh"),
        ("points/amount/steps", [[50_000, 8], [10_000, 4]], "points.amount: steps must rise"),
        ("points/amount/steps", [[10_000, 8], [50_000, 4]], "points.amount: a larger fact never counts less"),
        ("points/money_moved/flag", -30, "points.money_moved: steps must rise"),
        ("points", None, "points"),
        ("thresholds/critical", 101, "thresholds: no score is above 100"),
        ("upstream/medium", 60, "upstream: a higher upstream level never counts less"),
        ("upstream/critical", 101, "upstream: a higher upstream level never counts less, and none above 100"),
        ("fraud_types/loan/points", -1, "fraud_types.loan: points are never below zero"),
        ("fraud_types/loan/until", "2021-12-31", "fraud_types.loan: ends before it begins"),
        ("fraud_types/loan/aliases", ["刷单"], "fraud_types.loan: 刷单 is also brushing"),
    ],
)
def test_one_planted_fault_is_refused_by_its_row(path: str, value: object, told: str) -> None:
    doc: dict[str, Any] = copy.deepcopy(DOCUMENT)
    *rows, last = path.split("/")
    row = doc
    for name in rows:
        row = row[name]
    if value is None:
        del row[last]
    else:
        row[last] = value
    with pytest.raises(BadRiskRules, match=told):
        risk.read(doc)
