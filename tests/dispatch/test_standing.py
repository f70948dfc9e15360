"""What people's words come to: which count, in which order, and who was met at all."""

from datetime import timedelta

import pytest

from dispatch.plan import Past
from dispatch.standing import met, standing, was_met
from dispatch.vocabulary import Disposition, Level, Outcome, Result, Stage, Tier
from tests.lives import NOON
from tests.story import Story

CRITICAL, HIGH, MEDIUM, LOW = Level.CRITICAL, Level.HIGH, Level.MEDIUM, Level.LOW
VOICE, VIDEO, VISIT, FOLLOW_UP = Tier
D, R = Disposition, Result


def agreed(story: Story) -> bool:
    return standing(story.life.past, story.level).agreed_at is not None


def test_a_door_that_stays_shut_is_nobodys_word_and_undoes_no_agreement() -> None:
    story = Story(CRITICAL).say(VOICE, D.PERSUADED).meet(VISIT, R.REFUSES_DOOR)
    assert agreed(story)
    assert FOLLOW_UP in story.tiers


def test_somebody_else_at_the_door_undoes_no_agreement() -> None:
    story = Story(CRITICAL).say(VOICE, D.PERSUADED).say(VISIT, D.WRONG_PERSON)
    assert agreed(story)
    assert FOLLOW_UP in story.tiers


def test_of_two_words_in_one_tier_the_one_said_last_stands_whichever_visit_it_was() -> None:
    story = Story(HIGH, numbers=()).meet(VISIT, R.NOT_THERE).say(VISIT, D.NOT_PERSUADED)
    story.late(story.ended(VISIT)[0], D.PERSUADED)
    assert agreed(story)
    assert story.tiers == {FOLLOW_UP}


def test_of_two_words_said_at_once_that_of_the_later_attempt_stands() -> None:
    words = (D.PERSUADED, D.NOT_PERSUADED)
    past = [Past(n, VOICE, HIGH, Stage.TALKING, NOON, None, R.REACHED, words[n], NOON, NOON) for n in (0, 1)]
    assert standing(past, HIGH) == standing(past[::-1], HIGH)
    assert standing(past, HIGH).agreed_at is None


def test_a_false_alarm_told_at_the_door_takes_back_that_the_money_is_gone() -> None:
    story = Story(HIGH).say(VOICE, D.ALREADY_TRANSFERRED)
    assert standing(story.life.past, HIGH).gone
    story.say(VISIT, D.FALSE_ALARM)
    assert not standing(story.life.past, HIGH).gone
    assert story.outcome is Outcome.FALSE_ALARM


def test_a_live_attempt_has_met_nothing() -> None:
    with pytest.raises(ValueError, match=r"^a live attempt has met nothing yet$"):
        met(Past(0, VOICE, HIGH, Stage.DIALLED, NOON, NOON), HIGH)


def test_whoever_is_spoken_of_late_was_met() -> None:
    story = Story(HIGH).meet(VOICE, R.HUNG_UP)
    assert not was_met(story.life.past)
    story.late(story.ended(VOICE)[0], D.NOT_PERSUADED)
    assert was_met(story.life.past)


def test_an_agreement_stands_since_it_was_first_given_however_often_it_is_given_again() -> None:
    story = Story(CRITICAL).say(VOICE, D.PERSUADED)
    first = story.now
    story.say(VISIT, D.PERSUADED, after=timedelta(minutes=20))
    assert standing(story.life.past, CRITICAL).agreed_at == first
