"""One recorded case under other policies: what the world answers, when, and from where on nobody knows."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch import policies, rules
from dispatch.models import PolicyVersion
from dispatch.replay.comparison import Tally
from dispatch.replay.course import play
from dispatch.replay.history import Answer, Course, Ended, History, LevelSet, News, Ordered, Regime, Rung
from dispatch.vocabulary import Disposition, FraudType, Level, Outcome, Result, Tier
from tests.histories import OWN, after, history, met, minutes, risking, said, under
from tests.lives import NOON

D, R = Disposition, Result
VOICE, VIDEO, VISIT, FOLLOW_UP = Tier
SILENT = met(R.NO_ANSWER)
BUSY = met(R.BUSY)
PERSUADED = said(VISIT, D.PERSUADED, minutes(20))
SOON = said(VISIT, D.PERSUADED, minutes(20), acknowledged=minutes(1))
NO_LOSS = met(R.NO_LOSS, minutes(10))
AT_THE_DOOR = {VOICE: (SILENT,) * 4, VISIT: (PERSUADED,), FOLLOW_UP: (NO_LOSS,) * 3}


def starts(course: Course, tier: Tier) -> list[float]:
    """When the attempts of a tier began, in minutes from the opening."""
    begun = [t.started_at for t in course.attempts if t.tier is tier and t.started_at]
    return [(at - NOON).total_seconds() / 60 for at in begun]


def levels(course: Course) -> list[tuple[datetime, Level]]:
    return list(course.levels)


# by hand: the built-in policy, and others


def test_four_silences_of_a_high_case_send_the_visit_after_ten_minutes() -> None:
    course = play(history(answers=AT_THE_DOOR), OWN)
    assert starts(course, VOICE) == [0, 1.5, 4, 9.5]
    assert course.first_visit == after(10)
    assert starts(course, FOLLOW_UP) == [30 + 60 * hours for hours in (24, 72, 168)]
    assert (course.outcome, course.closed_at) == (Outcome.VERIFIED, after(30 + 168 * 60 + 10))
    assert (course.calls, course.assumed, course.unknown_from) == (4, 0, None)


def test_where_highs_second_silence_sends_the_visit_it_goes_eight_minutes_earlier() -> None:
    candidate = under({"high.voice": {"silent": {"again": ["60s"], "then": ["visit"]}}})
    course = play(history(answers=AT_THE_DOOR), candidate)
    assert starts(course, VOICE) == [0, 1.5]
    assert course.first_visit == after(2)
    assert (course.outcome, course.assumed) == (Outcome.VERIFIED, 0)


def test_what_runs_past_the_record_is_answered_as_the_last_time_and_says_so() -> None:
    candidate = under({"high.voice": {"silent": {"again": ["60s"] * 5, "then": ["visit"]}}})
    course = play(history(answers=AT_THE_DOOR), candidate)
    assert starts(course, VOICE) == [0, 1.5, 3, 4.5, 6, 7.5]
    assert [t.assumed for t in course.attempts if t.tier is VOICE] == [False] * 4 + [True] * 2
    assert (course.assumed, course.first_visit) == (2, after(8))


def test_other_thresholds_raise_the_case_and_send_somebody_at_once() -> None:
    # 25 points for ten minutes on the phone, 14 for the authority scam: 39
    case = history(None, sizes={"on_call_seconds": 600}, answers=AT_THE_DOOR)
    case = replace(case, news=(replace(case.news[0], fraud=FraudType.AUTHORITY),))
    assert levels(play(case, OWN)) == [(NOON, Level.MEDIUM)]
    assert levels(play(case, risking(high=39))) == [(NOON, Level.HIGH)]
    raised = play(case, risking(high=35, critical=39))
    assert (levels(raised), raised.first_visit) == ([(NOON, Level.CRITICAL)], NOON)


def test_the_lines_danger_signs_raise_as_in_a_real_turn() -> None:
    # other: 5 points, ten minutes: 25, the first busy line: 5; its own cell raises at the second
    case = history(
        None,
        sizes={"on_call_seconds": 600},
        answers={VOICE: (BUSY,), VISIT: (PERSUADED,), FOLLOW_UP: (NO_LOSS,)},
    )
    assert levels(play(case, risking(medium=20, high=35)))[:2] == [
        (NOON, Level.MEDIUM),
        (after(0.5), Level.HIGH),
    ]


# where the record ends


def test_a_tier_that_was_never_tried_ends_what_is_known() -> None:
    case = history(answers={VOICE: (said(VOICE, D.PERSUADED),), FOLLOW_UP: (NO_LOSS,) * 3})
    assert play(case, OWN).outcome is Outcome.VERIFIED
    course = play(case, risking(critical=55))
    assert (course.unknown_from, course.first_visit) == (NOON, NOON)
    assert (course.outcome, course.closed_at) == (None, None)


def test_what_was_stood_down_is_known_only_until_then() -> None:
    # busy twice: critical, and a visit; the third call persuades; in fact the visit was recalled, at a minute
    cut = Answer(cut=True, lasted=minutes(5), acknowledged=minutes(1))
    case = history(
        answers={
            VOICE: (BUSY, BUSY, said(VOICE, D.PERSUADED, minutes(3))),
            VISIT: (cut,),
            FOLLOW_UP: (NO_LOSS,),
        }
    )
    recalls = under({"critical.voice": {"persuaded": {"then": ["follow_up"], "recalls": ["visit"]}}})
    assert play(case, recalls).outcome is Outcome.VERIFIED
    goes_on = play(case, OWN)
    assert (goes_on.outcome, goes_on.unknown_from) == (None, after(1.5 + 5 + 1))


def test_a_check_where_there_was_only_a_watch_is_not_answered() -> None:
    watched = Answer(watched=True, lasted=timedelta(days=7))
    case = history(Level.MEDIUM, answers={VOICE: (said(VOICE, D.PERSUADED),), FOLLOW_UP: (watched,)})
    assert play(case, OWN).outcome is Outcome.UNCONFIRMED
    checks = play(case, risking(high=30))
    assert (checks.outcome, checks.unknown_from) == (None, after(3 + 24 * 60))


@pytest.mark.parametrize(("found", "outcome"), [(R.NO_LOSS, Outcome.UNCONFIRMED), (R.LOSS, None)])
def test_a_watch_instead_of_checks_hears_of_no_loss_only_if_there_was_none(
    found: Result, outcome: Outcome | None
) -> None:
    case = history(answers={VOICE: (said(VOICE, D.PERSUADED),), FOLLOW_UP: (NO_LOSS, met(found))})
    watches = under({"high.follow_up": {"watch": "7d", "checks": []}})
    course = play(case, watches)
    assert (course.outcome, course.known) == (outcome, outcome is not None)
    assert course.assumed == (1 if outcome else 0)


def test_an_open_case_stops_where_its_record_does() -> None:
    course = play(history(answers=AT_THE_DOOR, known_until=after(5)), OWN)
    assert (course.calls, course.outcome, course.first_visit, course.known) == (3, None, None, True)


# what comes from outside


def test_a_second_directive_comes_at_its_own_time() -> None:
    second = News(after(1), after(1), upstream=Level.CRITICAL)
    case = history(Level.HIGH, second, answers={**AT_THE_DOOR, VOICE: (SILENT,)})
    course = play(case, OWN)
    assert levels(course) == [(NOON, Level.HIGH), (after(1), Level.CRITICAL)]
    assert course.first_visit == after(1)


def test_its_facts_are_judged_by_the_candidate() -> None:
    second = News(after(1), after(1), sizes={"money_moved": 1, "remote_control": 1})
    case = history(
        None, second, answers=AT_THE_DOOR, orders=(Ordered(after(1), minutes(30), answered=minutes(9)),)
    )
    assert levels(play(case, OWN))[-1] == (after(1), Level.HIGH)  # 5 + 30 + 20
    assert levels(play(case, risking(critical=55)))[-1] == (after(1), Level.CRITICAL)


def test_a_directive_issued_after_they_agreed_is_a_relapse() -> None:
    late = News(after(60), after(59), upstream=Level.HIGH)
    answers = {VOICE: (said(VOICE, D.PERSUADED),), FOLLOW_UP: (NO_LOSS,)}
    assert play(history(Level.HIGH, late, answers=answers), OWN).outcome is Outcome.RELAPSED
    older = replace(late, issued_at=after(1))
    assert play(history(Level.HIGH, older, answers=answers), OWN).outcome is Outcome.VERIFIED


def test_a_level_that_a_person_set_is_set_at_its_time() -> None:
    case = history(answers=AT_THE_DOOR, levels_set=(LevelSet(after(1), Level.LOW),))
    assert levels(play(case, OWN)) == [(NOON, Level.HIGH), (after(1), Level.LOW)]


def test_an_ending_from_outside_comes_at_its_time() -> None:
    course = play(history(answers=AT_THE_DOOR, ended=Ended(after(3), Outcome.HANDED_OVER)), OWN)
    assert (course.outcome, course.closed_at, course.calls) == (Outcome.HANDED_OVER, after(3), 2)


def test_a_visit_led_astray_is_sent_again_at_once() -> None:
    moved = News(after(4), after(4), moved=True, astray=True)
    visits = (Answer(cut=True, lasted=minutes(4), acknowledged=minutes(1)), SOON)
    case = history(Level.CRITICAL, moved, answers={**AT_THE_DOOR, VOICE: (BUSY,), VISIT: visits})
    assert starts(play(case, OWN), VISIT) == [0, 4]
    unmoved = replace(case, news=(case.news[0], replace(moved, moved=False, astray=False)))
    assert starts(play(unmoved, OWN), VISIT) == [0]
    guessed = replace(case, news=(case.news[0], replace(moved, astray=None)))
    assert starts(play(guessed, OWN), VISIT) == [
        0,
        4,
    ]  # another area: taken as astray, and said to be assumed
    assert play(guessed, OWN).assumed == play(case, OWN).assumed + 1


# the line


def test_a_fault_takes_its_own_answer_and_is_not_said_again() -> None:
    fault = met(R.CONGESTION, timedelta(seconds=5))
    case = history(answers={**AT_THE_DOOR, VOICE: (fault, SILENT)})
    course = play(case, OWN)
    assert [t.result for t in course.attempts if t.tier is VOICE] == [R.CONGESTION] + [R.NO_ANSWER] * 4
    assert starts(course, VOICE)[:2] == [0, 5 / 60]  # the other trunk, at once
    assert course.assumed == 3
    only = play(history(answers={**AT_THE_DOOR, VOICE: (fault,)}), OWN)
    assert only.unknown_from == NOON + timedelta(seconds=5)


def test_calls_for_others_count_against_the_cap_from_their_booking_on_and_faults_do_not() -> None:
    # low: four a day, faults apart
    fault, before = met(R.CONGESTION, timedelta(seconds=5)), NOON - minutes(60)
    case = history(Level.LOW, answers={**AT_THE_DOOR, VOICE: (fault, SILENT, SILENT, SILENT)}, trunks=1)
    one, soon, late = Rung(before, before), Rung(after(60), after(1)), Rung(after(60), after(50))
    placed = [play(replace(case, rung={1: rung}), OWN).calls for rung in ((one,), (one, soon), (one, late))]
    assert placed == [4, 3, 4]


def test_a_call_that_found_no_line_waits_for_its_allowance() -> None:
    unplaced = Answer(placed=False, waited=minutes(20))
    case = history(answers={**AT_THE_DOOR, VOICE: (unplaced,)})
    course = play(case, OWN)
    assert (course.calls, course.first_visit, course.assumed) == (0, after(20), 0)
    longer = under(
        {"high.voice": {"within": {"planned": "30m", "dialled": "3m", "talking": "30m", "judging": "5m"}}}
    )
    course = play(case, longer)
    assert (course.first_visit, course.assumed) == (after(30), 1)


def test_a_call_begins_as_long_after_its_hour_as_it_waited_for_a_line() -> None:
    case = history(answers={**AT_THE_DOOR, VOICE: (met(R.NO_ANSWER, waited=minutes(2)), SILENT)})
    assert starts(play(case, OWN), VOICE)[:2] == [2, 3.5]


@pytest.mark.parametrize(("limit", "word_counts_from"), [("5m", 7), ("10m", 7)])
def test_an_operators_late_word_is_heard_when_it_was_said(limit: str, word_counts_from: float) -> None:
    late = Answer(
        disposition=D.PERSUADED,
        lasted=minutes(6),
        spoken=minutes(7),
        talking=minutes(0.2),
        hung_up=minutes(1),
    )
    within = {"planned": "20m", "dialled": "3m", "talking": "30m", "judging": limit}
    case = history(answers={**AT_THE_DOOR, VOICE: (late, SILENT), FOLLOW_UP: (NO_LOSS,) * 3})
    course = play(case, under({"high.voice": {"within": within}}))
    assert course.outcome is Outcome.VERIFIED
    assert starts(course, FOLLOW_UP)[0] == word_counts_from + 24 * 60


def test_a_shorter_promise_than_they_kept_sends_the_next_unit() -> None:
    case = history(Level.CRITICAL, answers={**AT_THE_DOOR, VOICE: (BUSY,)})  # acknowledged after five minutes
    hurried = play(case, OWN)
    assert (starts(hurried, VISIT), hurried.outcome) == ([0, 2, 4, 6, 8], Outcome.NOT_FOUND)
    patient = under({"critical.visit": {"within": {"sent": "6m", "acknowledged": "30m", "arrived": "4h"}}})
    assert starts(play(case, patient), VISIT) == [0]
    assert starts(play(replace(case, askable=2), OWN), VISIT) == [0, 2]  # and then nobody is left to ask


# whatever happened

WORDS = st.sampled_from(Disposition)
SECONDS = st.integers(5, 600).map(lambda n: timedelta(seconds=n))


def answers_of(tier: Tier, *results: Result) -> st.SearchStrategy[Answer]:
    """Anything that an attempt may have met."""
    return st.builds(met, st.sampled_from(results), SECONDS) | (
        st.builds(said, st.just(tier), WORDS, SECONDS) if tier is not FOLLOW_UP else st.nothing()
    )


CALL = (R.BUSY, R.NO_ANSWER, R.MACHINE, R.POWERED_OFF, R.ANSWERED_BY_OTHER)
WORLDS = st.fixed_dictionaries(
    {},
    optional={
        VOICE: st.lists(answers_of(VOICE, *CALL), min_size=1, max_size=5).map(tuple),
        VIDEO: st.lists(answers_of(VIDEO, *CALL), min_size=1, max_size=2).map(tuple),
        VISIT: st.lists(answers_of(VISIT, R.NOT_THERE, R.REFUSES_DOOR), min_size=1, max_size=3).map(tuple),
        FOLLOW_UP: st.lists(
            answers_of(FOLLOW_UP, R.NO_LOSS, R.LOSS, R.NOT_FOUND), min_size=1, max_size=3
        ).map(tuple),
    },
)
DIRECTIVES = st.builds(
    lambda n, level: News(after(n), after(n), upstream=level), st.integers(1, 300), st.sampled_from(Level)
)
HISTORIES = st.builds(
    lambda level, later, answers: history(level, *later, answers=answers),
    st.sampled_from(Level),
    st.lists(DIRECTIVES, max_size=2),
    WORLDS,
)


@given(HISTORIES)
def test_the_same_policy_over_the_same_history_changes_nothing(case: History) -> None:
    tally = Tally()
    tally.add(case, play(case, OWN), play(case, OWN))
    told = tally.total()
    assert (told.changed, told.calls_before, told.visits_before) == (0, told.calls_after, told.visits_after)
    assert (told.risen, told.sent, told.called, told.ended) == ((), (), (), ())


@given(HISTORIES)
def test_a_course_ends_or_says_from_when_it_is_unknown(case: History) -> None:
    course = play(case, OWN)
    assert (course.outcome is None) == (course.unknown_from is not None)
    tried = {t.tier for t in course.attempts}
    assert course.known == (tried <= set(case.answers)) or course.assumed or course.unknown_from
    moments = [at for at, _ in course.levels]
    assert moments == sorted(moments)
    assert all(low < high for (_, low), (_, high) in pairwise(course.levels))


@given(HISTORIES)
def test_only_the_answers_that_were_used_decide(case: History) -> None:
    course = play(case, OWN)
    used = {
        tier: given[: sum(t.tier is tier and not t.assumed for t in course.attempts)]
        for tier, given in case.answers.items()
    }
    known = {
        tier: case.answers[tier] if tier is FOLLOW_UP else given for tier, given in used.items() if given
    }
    if not any(t.assumed for t in course.attempts):  # what is said again is the last of all that was recorded
        assert play(replace(case, answers=known), OWN) == course


@given(HISTORIES, st.sampled_from([2, 3, 10]))
def test_shorter_waits_never_delay_the_first_visit_where_nothing_bars_a_call(
    case: History, part: int
) -> None:
    """At noon, and without a fault of the line, neither hours nor expiry nor the cap turn a call into a visit.

    A visit may be spared: whoever is reached earlier needs none.
    """
    before, sooner = play(case, OWN), play(case, shortened(part))
    if before.first_visit is None or not sooner.known:
        return
    if sooner.first_visit is None:
        assert any(t.disposition for t in sooner.attempts)
    else:
        assert sooner.first_visit <= before.first_visit


def shortened(part: int) -> Regime:
    """The built-in policy with every wait between calls a part of itself."""
    document = policies.built_in(PolicyVersion.Kind.ESCALATION)
    rows = {}
    for level in Level:
        cells = document[level.code]["voice"]
        rows[f"{level.code}.voice"] = {
            word: {
                **cell,
                "again": [f"{max(1, int(rules.span(w).total_seconds()) // part)}s" for w in cell["again"]],
            }
            for word, cell in cells.items()
            if isinstance(cell, dict) and "again" in cell and word in ("busy", "silent")
        }
    return under(rows)
