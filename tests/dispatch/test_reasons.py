"""Every step names the row of the policy it goes by, and which such result it was."""

from datetime import timedelta
from typing import Any

import pytest

from dispatch import policy
from dispatch.plan import Close, Raise, Try
from dispatch.vocabulary import CALLS, Disposition, Level, Outcome, Result, Stage, Tier
from tests.happenings import result_with
from tests.lives import NIGHT, chain
from tests.story import HALF_A_MINUTE, Story

CRITICAL, HIGH, MEDIUM, LOW = Level.CRITICAL, Level.HIGH, Level.MEDIUM, Level.LOW
VOICE, VIDEO, VISIT, FOLLOW_UP = Tier
D, R = Disposition, Result
Told = tuple[str, str, int]


def rows(story: Story) -> list[Told]:
    """What is planned now: the step, the row it names and the number of such results."""
    life = story.life
    told: list[Told] = []
    for action in policy.next_steps(life.facts(), chain(), life.now).actions:
        if isinstance(action, Try | Raise | Close):
            assert action.why is not None
            step = action.tier.code if isinstance(action, Try) else type(action).__name__
            told.append((step, action.why.row, action.why.nth))
    return told


def opened(level: Level, **start: Any) -> list[Told]:
    """What a fresh case begins with."""
    story = Story(level, **start)
    life = story.life
    life.past, life.opened_level, life.sent, life.ordered, life.orders = (
        (),
        None,
        frozenset(),
        frozenset(),
        (),
    )
    return rows(story)


def after(
    story: Story, tier: Tier, result: Result | None = None, word: Disposition | None = None
) -> list[Told]:
    """What follows when the live attempt of a tier ends so; the case has not taken its turn yet."""
    p, life = story.find(tier), story.life
    life.now = max(life.now, p.starts_at) + HALF_A_MINUTE
    if tier in CALLS:
        life.dial(p.id, p.starts_at)
    if word is not None:
        life.change(p.id, disposition=word, judged_at=life.now, result=result_with(tier, word))
    else:
        life.change(p.id, result=result)
    life.change(p.id, ended_at=life.now, due_at=None)
    return rows(story)


@pytest.mark.parametrize(
    ("level", "start", "told"),
    [
        (CRITICAL, {}, [("visit", "critical.starts", 0), ("voice", "critical.starts", 0)]),
        (HIGH, {}, [("voice", "high.starts", 0)]),
        (MEDIUM, {"now": NIGHT}, [("voice", "medium.starts", 0)]),
        (HIGH, {"numbers": ()}, [("visit", "high.voice.unreachable", 0)]),
        (MEDIUM, {"numbers": (1,), "rung": 8}, [("visit", "medium.most_calls", 0)]),
        (HIGH, {"age": timedelta(hours=5)}, [("visit", "high.expires_after", 0)]),
        # in the morning it would be too late
        (MEDIUM, {"now": NIGHT, "age": timedelta(hours=20)}, [("visit", "medium.expires_after", 0)]),
        (
            CRITICAL,
            {"numbers": (), "can_visit": False},
            [("follow_up", "critical.follow_up.checks", 0)],
        ),
        (LOW, {"numbers": (), "can_visit": False}, [("follow_up", "low.follow_up.watch", 0)]),
    ],
)
def test_how_a_case_begins(level: Level, start: dict[str, Any], told: list[Told]) -> None:
    assert opened(level, **start) == told


def test_past_expiry_with_nowhere_to_go_the_case_closes_by_that_row() -> None:
    assert opened(LOW, age=timedelta(hours=49), can_visit=False) == [("Close", "low.expires_after", 0)]
    assert opened(LOW, age=timedelta(hours=49), can_visit=False, numbers=()) == [
        ("Close", "low.expires_after", 0)
    ]


@pytest.mark.parametrize("nth", [1, 2, 3])
def test_a_redial_says_how_often_it_was_silent(nth: int) -> None:
    story = Story(HIGH)
    for _ in range(nth - 1):
        story.meet(VOICE, R.NO_ANSWER)
    assert after(story, VOICE, R.MACHINE) == [("voice", "high.voice.silent", nth)]


def test_a_visit_says_which_list_is_spent() -> None:
    story = Story(MEDIUM).meet(VOICE, R.BUSY).meet(VOICE, R.BUSY).meet(VOICE, R.BUSY)
    assert after(story, VOICE, R.BUSY) == [("visit", "medium.voice.busy", 4)]


def test_a_rise_names_the_cell_that_raises_and_each_step_the_row_of_the_new_level() -> None:
    story = Story(HIGH).meet(VOICE, R.BUSY)
    assert after(story, VOICE, R.BUSY) == [
        ("Raise", "high.voice.busy", 2),
        ("visit", "critical.starts", 0),
        ("voice", "critical.voice.busy", 2),
    ]


def test_faults_are_counted_in_a_row() -> None:
    story = Story(HIGH).meet(VOICE, R.CONGESTION).meet(VOICE, R.NO_ANSWER).meet(VOICE, R.CONGESTION)
    assert after(story, VOICE, R.FAILED_HERE) == [("voice", "high.voice.fault", 2)]


def test_a_wrong_number_names_itself_while_another_is_left_and_then_unreachable() -> None:
    story = Story(HIGH)
    assert after(story, VOICE, word=D.WRONG_PERSON) == [("voice", "high.voice.wrong_person", 0)]
    assert after(Story(HIGH, numbers=(1,)), VOICE, word=D.WRONG_PERSON) == [
        ("visit", "high.voice.unreachable", 1)
    ]


def test_the_last_number_found_wrong_during_a_redial_is_unreachable_not_a_cap() -> None:
    story = Story(HIGH, numbers=(1,)).meet(VOICE, R.NO_ANSWER).answer(VOICE)
    story.late(story.ended(VOICE)[0], D.WRONG_PERSON)
    p, life = story.find(VOICE), story.life
    life.now += HALF_A_MINUTE
    life.change(p.id, result=R.NO_ANSWER, ended_at=life.now, due_at=None)
    assert rows(story) == [("visit", "high.voice.unreachable", 0)]


def test_a_video_call_to_which_no_number_is_left_was_not_taken() -> None:
    story = Story(HIGH, numbers=(1,)).say(VOICE, D.NOT_PERSUADED)
    assert after(story, VIDEO, word=D.WRONG_PERSON) == [("visit", "high.video.not_taken", 1)]


@pytest.mark.parametrize(
    ("level", "word", "told"),
    [
        (HIGH, D.NOT_PERSUADED, [("video", "high.voice.not_persuaded", 0)]),
        (HIGH, D.PERSUADED, [("follow_up", "high.follow_up.checks", 0)]),
        (LOW, D.PERSUADED, [("follow_up", "low.follow_up.watch", 0)]),
        (MEDIUM, D.ALREADY_TRANSFERRED, [("visit", "medium.voice.transferred", 0)]),
        (MEDIUM, D.FALSE_ALARM, [("Close", "medium.voice.false_alarm", 0)]),
    ],
)
def test_what_a_word_by_phone_leads_to(level: Level, word: Disposition, told: list[Told]) -> None:
    assert after(Story(level), VOICE, word=word) == told


@pytest.mark.parametrize(
    ("result", "word", "told"),
    [
        (R.NOT_THERE, None, [("visit", "high.visit.not_there", 1)]),
        (R.REFUSES_DOOR, None, [("visit", "high.visit.not_persuaded", 1)]),
        (R.NO_ACKNOWLEDGEMENT, None, [("visit", "high.visit.ignored", 1)]),
        (None, D.NOT_PERSUADED, [("visit", "high.visit.not_persuaded", 1)]),
        (None, D.FALSE_ALARM, [("Close", "high.visit.false_alarm", 0)]),
    ],
)
def test_what_a_visit_leads_to(result: Result | None, word: Disposition | None, told: list[Told]) -> None:
    assert after(Story(HIGH, numbers=()), VISIT, result, word) == told


def test_a_spent_row_at_the_door_names_itself_before_the_checks_begin() -> None:
    story = Story(LOW, numbers=()).meet(VISIT, R.NOT_THERE)
    assert after(story, VISIT, R.NOT_THERE) == [("follow_up", "low.follow_up.watch", 0)]


@pytest.mark.parametrize(
    ("result", "told"),
    [
        (R.NO_LOSS, [("follow_up", "high.follow_up.checks", 0)]),
        (R.LOSS, [("Close", "high.follow_up.loss", 0)]),
        (R.RELAPSE, [("Close", "high.follow_up.relapse", 0)]),
    ],
)
def test_what_a_check_leads_to(result: Result, told: list[Told]) -> None:
    story = Story(HIGH).say(VOICE, D.PERSUADED)
    assert after(story.wait_for(FOLLOW_UP), FOLLOW_UP, result) == told


def test_the_last_check_closes_by_the_row_of_the_checks() -> None:
    story = Story(HIGH).say(VOICE, D.PERSUADED).meet(FOLLOW_UP, R.NO_LOSS).meet(FOLLOW_UP, R.NO_LOSS)
    assert after(story.wait_for(FOLLOW_UP), FOLLOW_UP, R.NO_LOSS) == [("Close", "high.follow_up.checks", 0)]


def test_money_gone_closes_by_the_word_that_said_so() -> None:
    story = Story(HIGH).say(VOICE, D.ALREADY_TRANSFERRED)
    story.life.orders = ()
    story.life.turn()
    assert after(story, VISIT, word=D.ALREADY_TRANSFERRED) == [("Close", "high.visit.transferred", 0)]


def test_a_visit_called_away_to_another_place_says_so() -> None:
    story = Story(HIGH, numbers=())
    story.life.change(story.find(VISIT).id, astray=True)
    assert rows(story) == [("visit", "high.visit.another_place", 0)]


def test_an_opener_taken_back_and_planned_anew_goes_by_the_new_levels_start() -> None:
    story = Story(MEDIUM, now=NIGHT)
    story.life.level = HIGH
    assert rows(story) == [("voice", "high.starts", 0)]


def test_a_redial_taken_back_goes_by_the_same_result_as_before() -> None:
    story = Story(LOW).meet(VOICE, R.NO_ANSWER)
    story.life.level = MEDIUM
    assert rows(story) == [("voice", "medium.voice.silent", 1)]


def test_a_check_says_the_outcome_of_a_case_in_which_nobody_agreed() -> None:
    story = Story(LOW, numbers=(), can_visit=False).wait()
    assert story.outcome is Outcome.NOT_FOUND


def test_visits_and_checks_for_later_wait_and_those_for_now_have_begun() -> None:
    story = Story(HIGH, numbers=())
    assert story.find(VISIT).stage is Stage.SENT
    assert story.meet(VISIT, R.NOT_THERE).find(VISIT).stage is Stage.PLANNED
