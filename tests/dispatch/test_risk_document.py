"""The risk policy's document: what it may leave out, and every flaw told by its row, word for word."""

import copy
import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from dispatch import risk
from dispatch.risk import BadRiskRules, Reason, RiskFacts, RiskRules, Scale, assess
from dispatch.vocabulary import FraudType, Level

CRITICAL, HIGH, MEDIUM, LOW = Level.CRITICAL, Level.HIGH, Level.MEDIUM, Level.LOW
DOCUMENT = tomllib.loads((Path(risk.__file__).parent / "risk.toml").read_text())
TODAY = date(2026, 3, 2)


def with_rows(**rows: Any) -> dict[str, Any]:
    """The document that ships with other rows, at `table__row` or `table__row__word`."""
    document = copy.deepcopy(DOCUMENT)
    for path, value in rows.items():
        *tables, last = path.split("__")
        row = document
        for name in tables:
            row = row[name]
        if value is None:
            del row[last]
        else:
            row[last] = value
    return document


def read(**rows: Any) -> RiskRules:
    return risk.read(with_rows(**rows))


def flaws(**rows: Any) -> list[str]:
    with pytest.raises(BadRiskRules) as refused:
        risk.read(with_rows(**rows))
    assert str(refused.value) == "; ".join(map(str, refused.value.flaws))
    return [str(flaw) for flaw in refused.value.flaws]


# points


@pytest.mark.parametrize(("size", "points"), [(0, 0), (9, 0), (10, 1), (19, 1), (20, 5), (1000, 5)])
def test_the_highest_step_reached_counts(size: int, points: int) -> None:
    assert Scale(((10, 1), (20, 5))).of(size) == points


def test_the_reasons_begin_with_the_upstream_level_and_then_the_fraud_type() -> None:
    judged = assess(RiskFacts(FraudType.OTHER, HIGH, {"screen_shared": 1, "pooled_accounts": 3}), read())
    assert judged.reasons == (
        Reason("upstream_level", "high", 55 - 5 - 16 - 20),
        Reason("fraud_type", "other", 5),
        Reason("pooled_accounts", "3", 16),
        Reason("screen_shared", "1", 20),
    )
    assert (judged.score, judged.level) == (55, HIGH)


@pytest.mark.parametrize("upstream", [None, LOW, MEDIUM])
def test_what_adds_no_points_is_no_reason(upstream: Level | None) -> None:
    judged = assess(RiskFacts(FraudType.OTHER, upstream), read(fraud_types__other__points=0))
    told = (Reason("upstream_level", "medium", 30),) if upstream is MEDIUM else ()
    assert judged.reasons == told


def test_facts_worth_more_than_their_level_leave_it_no_reason() -> None:
    facts = RiskFacts(FraudType.AUTHORITY, MEDIUM, {"money_moved": 1})
    assert [reason.fact for reason in assess(facts, read()).reasons] == ["fraud_type", "money_moved"]


def test_a_score_stops_at_100() -> None:
    sizes = dict.fromkeys(DOCUMENT["points"], 10_000_000)
    assert assess(RiskFacts(FraudType.AUTHORITY, CRITICAL, sizes), read()).score == 100
    assert read(thresholds__critical=100).thresholds[CRITICAL] == 100


def test_a_fact_nobody_has_told_is_a_fact_of_size_nought() -> None:
    rules = read(points__age={"steps": [[0, 2]]})
    assert Reason("age", "0", 2) in assess(RiskFacts(FraudType.OTHER), rules).reasons


def test_a_flag_counts_once_it_is_raised_and_a_row_without_points_counts_nothing() -> None:
    rules = read(points__money_moved={})
    assert [rules.scales["screen_shared"].of(size) for size in (0, 1, 2)] == [0, 20, 20]
    assert rules.scales["money_moved"].of(1) == 0


def test_without_facts_or_a_row_for_it_a_case_is_low() -> None:
    judged = assess(RiskFacts(FraudType.OTHER), read())
    assert (judged.score, judged.level) == (5, LOW)
    assert assess(RiskFacts(FraudType.OTHER, HIGH), read(upstream__high=10, upstream__medium=0)).level is HIGH


def test_a_sign_below_zero_counts_nothing() -> None:
    assert risk.sizes_of({"pooled_accounts": -2, "screen_shared": 0.0, "n": 1}, None, 0) == {"n": 1}


def test_numbers_may_be_written_as_text() -> None:
    rules = read(
        thresholds__high="55", upstream__high="55", points__age={"steps": [["60", "3"]]},
        points__money_moved={"flag": "30"}, fraud_types__loan__points="8", fraud_types__loan__loss="50000",
    )  # fmt: skip
    assert (rules.thresholds[HIGH], rules.upstream[HIGH]) == (55, 55)
    assert (rules.scales["age"].of(60), rules.scales["money_moved"].of(1)) == (3, 30)
    loan = rules.frauds[FraudType.LOAN]
    assert (loan.points, loan.loss, loan.until, loan.since) == (8, 50_000, None, date(2022, 1, 1))
    assert rules.frauds[FraudType.OTHER].loss is None


# what a document may say


@pytest.mark.parametrize(
    "rows",
    [
        {"thresholds__low": 0},
        {"upstream": {"critical": 0, "high": 0, "medium": 0, "low": 0}},
        {"upstream__critical": 100},
        {"upstream__low": 10},
        {"thresholds__critical": 100},
        {"points__amount": {"steps": [[1, 0], [2, 0]]}},
        {"points__money_moved": {"flag": 0}},
        {"fraud_types__loan__points": 0},
        {"fraud_types__loan__aliases": None},
        {"fraud_types__loan__until": "2022-01-01"},
        {"fraud_types__loan__loss": 0},
    ],
)
def test_a_document_at_the_edge_of_what_is_allowed(rows: dict[str, Any]) -> None:
    assert set(read(**rows).frauds) == set(FraudType)


def test_a_fraud_type_in_use_for_one_day_is_known_on_that_day() -> None:
    rules = read(fraud_types__loan__until="2022-01-01", fraud_types__loan__aliases=None)
    assert rules.knows("虚假贷款", date(2022, 1, 1))
    assert not rules.knows("虚假贷款", date(2022, 1, 2))
    assert not rules.knows("贷款", date(2022, 1, 1))


# flaws


@pytest.mark.parametrize(
    ("rows", "fault"),
    [
        ({"points": None}, "KeyError: 'points'"),
        ({"thresholds": 5}, "AttributeError: 'int' object has no attribute 'items'"),
        ({"thresholds__high": [55]}, "TypeError: int() argument must be a string"),
        ({"thresholds__high": "much"}, "ValueError: invalid literal for int() with base 10: 'much'"),
        ({"fraud_types__phishing": {}}, "ValueError: 'phishing' is not a valid FraudType"),
    ],
)
def test_a_document_that_cannot_be_read_says_what_stopped_it(rows: dict[str, Any], fault: str) -> None:
    told = flaws(**rows)
    assert len(told) == 1
    assert told[0].startswith(f"the document: cannot be read: {fault}")


def test_the_fault_is_told_to_its_end() -> None:
    assert flaws(points=None) == ["the document: cannot be read: KeyError: 'points'"]


LADDER = "thresholds: each level needs more points than the one below, low none"
FLOORS = "upstream: a higher upstream level never counts less, and none above 100"
STEPS = "points.amount: steps must rise, and worse facts never take points away"


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ({"points__amount": {"steps": [[2, 4], [1, 8]]}}, [STEPS]),
        ({"points__amount": {"steps": [[1, -1], [2, 8]]}}, [STEPS]),
        ({"points__amount": {"steps": [[1, 8], [2, 4]]}}, ["points.amount: a larger fact never counts less"]),
        ({"fraud_types__loan": None, "fraud_types__other": None}, ["fraud_types: loan, other missing"]),
        ({"upstream__low": None, "upstream__high": None}, ["upstream: low, high missing", FLOORS]),
        ({"upstream__low": None}, ["upstream: low missing"]),
        ({"upstream": {"critical": 0, "high": 0, "medium": 0}}, ["upstream: low missing"]),
        ({"thresholds__low": 1}, [LADDER]),
        ({"thresholds__low": -1}, [LADDER]),
        ({"thresholds__medium": 56}, [LADDER]),
        ({"thresholds__critical": 101}, ["thresholds: no score is above 100"]),
        ({"upstream__medium": 56}, [FLOORS]),
        ({"upstream__low": -1}, [FLOORS]),
        ({"upstream__critical": 101}, [FLOORS]),
        ({"fraud_types__loan__points": -1}, ["fraud_types.loan: points are never below zero"]),
        ({"fraud_types__loan__until": "2021-12-31"}, ["fraud_types.loan: ends before it begins"]),
        ({"fraud_types__loan__zh": "刷单返利"}, ["fraud_types.loan: 刷单返利 is also brushing"]),
        ({"fraud_types__loan__aliases": ["刷单返利"]}, ["fraud_types.loan: 刷单返利 is also brushing"]),
        (
            {"fraud_types__loan__aliases": ["刷单返利类", "贷款", "刷单"]},
            ["fraud_types.loan: 刷单、刷单返利类 is also brushing"],
        ),
        (
            {"fraud_types__brushing__aliases": list("ABCDE"), "fraud_types__loan__aliases": list("EDCBA")},
            ["fraud_types.loan: A、B、C、D、E is also brushing"],
        ),
        ({"fraud_types__brushing__aliases": ["虚假贷款"]}, ["fraud_types.loan: 虚假贷款 is also brushing"]),
    ],
)
def test_every_flaw_is_told_by_its_row(rows: dict[str, Any], told: list[str]) -> None:
    assert flaws(**rows) == told


def test_all_flaws_are_told_at_once() -> None:
    rows = {"thresholds__low": 1, "fraud_types__loan__points": -1, "points__money_moved": {"flag": -3}}
    assert [flaw.partition(":")[0] for flaw in flaws(**rows)] == [
        "points.money_moved",
        "fraud_types.loan",
        "thresholds",
    ]


def test_missing_fraud_types_are_told_in_order() -> None:
    document = with_rows()
    document["fraud_types"] = {"other": document["fraud_types"]["other"]}
    with pytest.raises(BadRiskRules) as refused:
        risk.read(document)
    told = "fraud_types: " + ", ".join(sorted(set(FraudType) - {FraudType.OTHER})) + " missing"
    assert str(refused.value) == told


# what somebody may see and report


def test_the_signs_to_report_are_the_flags_the_gravest_first() -> None:
    assert read().signs == ("money_moved", "remote_control", "screen_shared", "line_forwarded")
    assert read(points__line_forwarded={"flag": 40}).signs[0] == "line_forwarded"


@pytest.mark.parametrize("steps", [[[0, 5]], [[2, 5]], [[1, 5], [2, 6]]])
def test_a_fact_of_sizes_is_no_sign(steps: list[list[int]]) -> None:
    rules = read(points__money_moved={"steps": steps})
    assert "money_moved" not in rules.signs
    assert "screen_shared" in rules.signs


def test_what_our_own_record_knows_is_no_sign_to_report() -> None:
    rules = read(points__line_signs={"flag": 5})
    assert rules.scales["agreed_before"].flag
    assert rules.scales["line_signs"].flag
    assert not {"agreed_before", "line_signs"} & {*rules.signs}


def test_a_scale_counts_most_at_its_gravest_step() -> None:
    assert read().scales["amount"].most == 16
