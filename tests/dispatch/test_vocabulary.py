"""The words: closed sets, each spelled once, and how results fold into the chain's columns."""

import pytest

from dispatch import vocabulary
from dispatch.chain import CELLS_OF, STAGES_OF
from dispatch.vocabulary import (
    CALLS,
    DANGER_SIGNS,
    FACE_TO_FACE,
    FAULTS,
    RESULTS_OF,
    SUCCESSES,
    Disposition,
    Level,
    Met,
    Outcome,
    Result,
    Stage,
    State,
    Tier,
    what_was_met,
)
from telephony.carrier import CallResult

D, R = Disposition, Result

DESIGN = {
    Tier.VOICE: "reached answered_unverified answered_by_other machine busy no_answer rejected hung_up powered_off"
    " out_of_area suspended invalid_number forwarded labelled_nuisance congestion failed_here not_placed cancelled"
    " outcome_unknown",
    Tier.VIDEO: "reached answered_unverified answered_by_other machine busy no_answer rejected hung_up audio_only"
    " powered_off out_of_area suspended invalid_number forwarded labelled_nuisance congestion failed_here"
    " not_placed cancelled outcome_unknown",
    Tier.VISIT: "met not_there refuses_door wrong_address no_acknowledgement cancelled",
    Tier.FOLLOW_UP: "no_loss loss not_found refused relapse no_news cancelled",
}


@pytest.mark.parametrize("tier", Tier)
def test_a_tiers_results_are_the_designs(tier: Tier) -> None:
    assert RESULTS_OF[tier] == set(DESIGN[tier].split())


def test_every_result_belongs_to_a_tier() -> None:
    assert set().union(*RESULTS_OF.values()) == set(Result)


def test_every_word_a_carrier_may_say_is_a_result_or_leads_to_a_talk() -> None:
    assert {word.value for word in CallResult} - {result.value for result in Result} == {"answered"}


def test_the_other_closed_sets_are_the_designs() -> None:
    assert [d.value for d in D] == [
        "persuaded", "not_persuaded", "denies", "already_transferred", "false_alarm", "wrong_person",
    ]  # fmt: skip
    assert [s.value for s in State] == ["new", "voice", "video", "visit", "follow_up", "closed"]
    assert {o.value for o in Outcome} == {
        "verified", "unconfirmed", "not_persuaded", "defrauded_after_warning", "already_transferred", "relapsed",
        "false_alarm", "not_found", "expired", "handed_over", "duplicate", "void",
    }  # fmt: skip
    assert set(SUCCESSES) == {Outcome.VERIFIED, Outcome.UNCONFIRMED}
    assert [level.code for level in sorted(Level)] == ["low", "medium", "high", "critical"]


def test_only_a_checked_identity_is_face_to_face() -> None:
    assert {R.REACHED, R.MET} == FACE_TO_FACE
    assert not FACE_TO_FACE & (DANGER_SIGNS | FAULTS)


@pytest.mark.parametrize("tier", Tier)
@pytest.mark.parametrize("level", Level)
def test_everything_met_has_its_cell(tier: Tier, level: Level) -> None:
    mets = {what_was_met(tier, level, result, None) for result in RESULTS_OF[tier]} - {Met.CANCELLED}
    if tier is Tier.FOLLOW_UP:
        assert mets == {Met.CHECKED, Met.LOSS, Met.RELAPSE}
        return
    met = R.REACHED if tier in CALLS else R.MET
    mets |= {what_was_met(tier, level, met, word) for word in D} - {Met.WRONG_PERSON}
    assert mets == CELLS_OF[tier]


@pytest.mark.parametrize(
    ("tier", "level", "result", "word", "met"),
    [
        (Tier.VOICE, Level.HIGH, R.ANSWERED_BY_OTHER, None, Met.UNREACHABLE),
        (Tier.VOICE, Level.CRITICAL, R.ANSWERED_BY_OTHER, None, Met.UNREACHABLE),
        (Tier.VOICE, Level.MEDIUM, R.ANSWERED_BY_OTHER, None, Met.SILENT),
        (Tier.VOICE, Level.LOW, R.ANSWERED_BY_OTHER, None, Met.SILENT),
        (Tier.VOICE, Level.LOW, R.ANSWERED_BY_OTHER, D.WRONG_PERSON, Met.WRONG_PERSON),
        (Tier.VISIT, Level.LOW, R.WRONG_ADDRESS, D.WRONG_PERSON, Met.NOT_THERE),
        (Tier.VOICE, Level.LOW, R.MACHINE, D.PERSUADED, Met.PERSUADED),  # a person outranks the machine
        (Tier.VOICE, Level.LOW, R.REACHED, None, Met.SILENT),
        (Tier.VISIT, Level.LOW, R.MET, None, Met.NOT_THERE),
        (Tier.VISIT, Level.LOW, R.REFUSES_DOOR, None, Met.NOT_PERSUADED),
        (Tier.VISIT, Level.LOW, R.MET, D.DENIES, Met.NOT_PERSUADED),
        (Tier.VIDEO, Level.HIGH, R.BUSY, None, Met.NOT_TAKEN),
        (Tier.VIDEO, Level.HIGH, R.CONGESTION, None, Met.FAULT),
        (Tier.VIDEO, Level.HIGH, R.CANCELLED, None, Met.CANCELLED),
    ],
)
def test_how_results_fold(
    tier: Tier, level: Level, result: Result, word: Disposition | None, met: Met
) -> None:
    assert what_was_met(tier, level, result, word) is met


def test_every_stage_belongs_to_a_tier() -> None:
    assert {stage for stages in STAGES_OF.values() for stage in stages} == set(Stage) - {Stage.WATCHING}


def test_codes_are_lower_case_ascii() -> None:
    for name in (
        "State",
        "Outcome",
        "Result",
        "Disposition",
        "Stage",
        "Met",
        "OrderState",
        "Role",
        "FraudType",
    ):
        for word in getattr(vocabulary, name):
            assert word.value == word.name.lower()
            assert word.value.isascii()
