"""Whether a number may be called, which one and when: the cap, the calling hours, expiry, to the second."""

import copy
import tomllib
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest

from dispatch import policy, rules
from dispatch.chain import Rules
from dispatch.plan import Facts, Try
from dispatch.vocabulary import Disposition, Level, Result, Tier
from tests.lives import NOON, chain
from tests.story import Story

CRITICAL, HIGH, MEDIUM, LOW = Level.CRITICAL, Level.HIGH, Level.MEDIUM, Level.LOW
VOICE, VIDEO, VISIT, FOLLOW_UP = Tier
D, R = Disposition, Result
A_SECOND = timedelta(seconds=1)
DAY = timedelta(hours=24)
DOCUMENT = tomllib.loads((Path(rules.__file__).parent / "chain.toml").read_text())


def half_hours() -> Rules:
    """Medium cases are called from 08:30 to 20:45."""
    document = copy.deepcopy(DOCUMENT)
    document["medium"]["hours"] = ["08:30", "20:45"]
    return rules.read(document)


def opening(now: datetime, rows: Rules, level: Level = MEDIUM, **facts: object) -> Try:
    """The attempt a fresh case begins with."""
    given = {"level": level, "issued_at": now, "numbers": (1, 2), **facts}
    plan = policy.next_steps(Facts(**given), rows, now)  # type: ignore[arg-type]
    return next(a for a in plan.actions if isinstance(a, Try))


def at(hour: int, minute: int = 0, second: int = 0, microsecond: int = 0) -> datetime:
    """That time of the day where the centre is."""
    clock = time(hour, minute, second, microsecond)
    return datetime.combine(NOON.date(), clock, tzinfo=chain().zone).astimezone(UTC)


# the cap


@pytest.mark.parametrize(("ago", "tier"), [(DAY, VOICE), (DAY - A_SECOND, VISIT)])
def test_a_call_counts_for_24_hours_and_no_longer(ago: timedelta, tier: Tier) -> None:
    assert opening(NOON, chain(), rung={1: (NOON - ago,) * 8}).tier is tier


def test_a_number_that_has_rung_more_often_than_the_cap_allows_is_left_alone() -> None:
    assert opening(NOON, chain(), rung={1: (NOON,) * 9}).tier is VISIT  # the level has fallen since


def test_calls_count_back_from_the_moment_the_next_one_may_begin() -> None:
    night = at(23)
    call = opening(night, chain(), rung={1: (at(7, 30),) * 8})  # by 08:00 they are more than a day ago
    assert (call.tier, call.starts_at) == (VOICE, at(8) + DAY)


def test_calls_to_another_number_do_not_count() -> None:
    assert opening(NOON, chain(), rung={2: (NOON,) * 8}).tier is VOICE


@pytest.mark.parametrize(("rung", "tiers"), [(5, {VOICE, VIDEO}), (6, {VOICE, VISIT})])
def test_a_redial_already_booked_counts_as_if_it_had_rung(rung: int, tiers: set[Tier]) -> None:
    story = Story(MEDIUM, numbers=(1,), rung=rung).meet(VOICE, R.HUNG_UP)
    story.late(story.ended(VOICE)[0], D.NOT_PERSUADED)
    assert story.tiers == tiers


def test_a_number_that_turned_out_wrong_is_not_redialled_even_when_another_call_ended_last() -> None:
    story = Story(HIGH, numbers=(1,)).meet(VOICE, R.NO_ANSWER).answer(VOICE)
    story.late(story.ended(VOICE)[0], D.WRONG_PERSON).meet(VOICE, R.NO_ANSWER)
    assert story.tiers == {VISIT}


# the hours


@pytest.mark.parametrize(
    ("now", "begins"),
    [
        (at(8, 29, 59, 999), at(8, 30)),
        (at(8, 30), at(8, 30)),
        (at(20, 44, 59, 5), at(20, 44, 59, 5)),
        (at(20, 45), at(8, 30) + DAY),
        (at(22, 17, 31, 42), at(8, 30) + DAY),
        (at(0), at(8, 30)),
        (at(3, 7, 9, 11), at(8, 30)),
    ],
)
def test_a_call_begins_within_the_hours_to_the_second(now: datetime, begins: datetime) -> None:
    call = opening(now, half_hours())
    assert (call.tier, call.starts_at) == (VOICE, begins)


def test_a_call_waits_for_a_line_till_the_hours_end_to_the_second() -> None:
    assert opening(at(19, 50, 31, 77), half_hours()).due_at == at(20, 45)
    assert opening(at(18, 45, 0), half_hours()).due_at == at(20, 45)
    assert opening(at(18, 44, 59), half_hours()).due_at == at(20, 44, 59)  # its two hours


def test_a_time_is_told_in_the_zone_it_was_asked_in() -> None:
    call = opening(at(22), half_hours())
    assert (call.starts_at.tzinfo, call.due_at.tzinfo) == (UTC, UTC)
    call = opening(at(19), half_hours())
    assert (call.starts_at.tzinfo, call.due_at.tzinfo) == (UTC, UTC)


def test_a_turn_that_comes_after_the_hours_takes_the_call_back_till_morning() -> None:
    story = Story(MEDIUM, now=at(20, 55)).wait(late=timedelta(minutes=5))
    assert [p.result for p in story.ended(VOICE)] == [R.CANCELLED]
    assert story.find(VOICE).starts_at == at(8) + DAY


# a line in time


def test_a_turn_that_comes_late_finds_the_call_not_placed() -> None:
    story = Story(HIGH).wait(late=timedelta(minutes=5))
    assert [p.result for p in story.ended(VOICE)] == [R.NOT_PLACED]
    assert story.tiers == {VISIT}


def test_a_call_still_waiting_when_the_case_expires_was_not_placed() -> None:
    story = Story(HIGH, age=timedelta(hours=3, minutes=50))
    expires_at = NOON + timedelta(minutes=10)
    assert story.find(VOICE).due_at == expires_at
    story.wait()
    assert (story.now, story.tiers) == (expires_at, {VISIT})
    assert [p.result for p in story.ended(VOICE)] == [R.NOT_PLACED]


def test_a_call_is_told_the_row_it_goes_by() -> None:
    call = opening(NOON, chain())
    assert call.why is not None
    assert call.why.row == "medium.starts"
