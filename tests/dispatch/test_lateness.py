"""What time alone brings about: limits that pass, hours that come, orders nobody answered."""

from datetime import datetime, timedelta

import pytest

from dispatch import lateness, policy
from dispatch.plan import Begin, Facts, Lapse, OpenOrder, Past, Plan, Settle
from dispatch.vocabulary import Disposition, Level, Outcome, Result, Stage, Tier
from tests.lives import NOON, chain
from tests.story import Story

CRITICAL, HIGH, MEDIUM, LOW = Level.CRITICAL, Level.HIGH, Level.MEDIUM, Level.LOW
VOICE, VIDEO, VISIT, FOLLOW_UP = Tier
D, R, S = Disposition, Result, Stage
A_SECOND, AN_HOUR = timedelta(seconds=1), timedelta(hours=1)


def asked(now: datetime, *past: Past, orders: tuple[OpenOrder, ...] = ()) -> Plan:
    facts = Facts(
        level=HIGH, issued_at=NOON, numbers=(1,), opened_level=HIGH, sent=frozenset({"sms"}),
        past=past, orders=orders, ordered=frozenset({"stop_payment"}) if orders else frozenset(),
    )  # fmt: skip
    return policy.next_steps(facts, chain(), now)


SILENCE = [
    (VOICE, S.DIALLED, False, R.OUTCOME_UNKNOWN),
    (VOICE, S.DIALLED, True, R.OUTCOME_UNKNOWN),
    (VOICE, S.TALKING, True, R.REACHED),
    (VOICE, S.TALKING, False, R.ANSWERED_UNVERIFIED),
    (VIDEO, S.JUDGING, True, R.REACHED),
    (VIDEO, S.JUDGING, False, R.ANSWERED_UNVERIFIED),
    (VISIT, S.SENT, False, R.NO_ACKNOWLEDGEMENT),
    (VISIT, S.ACKNOWLEDGED, False, R.NO_ACKNOWLEDGEMENT),
    (VISIT, S.ARRIVED, False, R.NO_ACKNOWLEDGEMENT),
    (VISIT, S.ARRIVED, True, R.MET),
    (FOLLOW_UP, S.CHECKING, False, R.NO_NEWS),
    (FOLLOW_UP, S.WATCHING, False, R.NO_NEWS),
]


@pytest.mark.parametrize("late", [timedelta(), AN_HOUR])
@pytest.mark.parametrize(("tier", "stage", "identified", "result"), SILENCE)
def test_what_an_attempt_met_of_which_no_more_was_heard(
    tier: Tier, stage: Stage, identified: bool, result: Result, late: timedelta
) -> None:
    live = Past(7, tier, HIGH, stage, NOON, NOON + AN_HOUR, identified=identified, number=1)
    now = NOON + AN_HOUR + late
    assert asked(now, live) == Plan((Settle(7, result),), now)
    early = asked(NOON + AN_HOUR - A_SECOND, live)
    assert not any(isinstance(action, Settle) for action in early.actions)


@pytest.mark.parametrize("late", [timedelta(), AN_HOUR])
@pytest.mark.parametrize(
    ("tier", "stage", "limit"),
    [(VISIT, S.SENT, timedelta(minutes=5)), (FOLLOW_UP, S.CHECKING, timedelta(hours=24))],
)
def test_a_visit_or_check_begins_when_its_hour_has_come(
    tier: Tier, stage: Stage, limit: timedelta, late: timedelta
) -> None:
    now = NOON + AN_HOUR + late
    planned = Past(7, tier, HIGH, S.PLANNED, NOON + AN_HOUR, NOON + AN_HOUR)
    assert asked(now, planned) == Plan((Begin(7, stage, now + limit),), now)


@pytest.mark.parametrize("late", [timedelta(), AN_HOUR])
def test_an_order_nobody_answers_lapses_however_late_the_turn_comes(late: timedelta) -> None:
    now = NOON + AN_HOUR + late
    orders = (OpenOrder(3, NOON + AN_HOUR), OpenOrder(4, now + A_SECOND))
    assert asked(now, orders=orders) == Plan((Lapse(3),), now)


def test_all_that_is_late_is_told_at_once() -> None:
    calls = [Past(n, tier, HIGH, S.DIALLED, NOON, NOON, number=1) for n, tier in ((1, VOICE), (2, VIDEO))]
    told = asked(NOON, *calls[::-1], orders=(OpenOrder(3, NOON),)).actions
    assert told == (Settle(1, R.OUTCOME_UNKNOWN), Settle(2, R.OUTCOME_UNKNOWN), Lapse(3))


def test_a_visit_that_begins_late_has_its_whole_time() -> None:
    story = Story(HIGH, numbers=()).meet(VISIT, R.NOT_THERE).wait(late=AN_HOUR)
    visit = story.find(VISIT)
    assert (visit.stage, visit.due_at) == (S.SENT, story.now + timedelta(minutes=5))


@pytest.mark.parametrize(
    ("acknowledge_by", "counts_from"),
    [
        (timedelta(minutes=10), timedelta()),  # as it was sent
        (timedelta(minutes=15), timedelta(minutes=5)),  # raised five minutes later: the time began anew
        (
            timedelta(minutes=7),
            timedelta(),
        ),  # raised at once to a quicker pace: never from before the sending
    ],
)
def test_the_time_to_arrive_counts_from_the_sending_or_from_a_raise(
    acknowledge_by: timedelta, counts_from: timedelta
) -> None:
    within = {Stage.SENT: timedelta(minutes=10)}
    assert lateness.sent_at(NOON, NOON + acknowledge_by, within) == NOON + counts_from


def test_a_watch_found_over_late_ends_the_case() -> None:
    story = Story(MEDIUM).say(VOICE, D.PERSUADED).wait(late=timedelta(days=3))
    assert (story.ended(FOLLOW_UP)[0].result, story.outcome) == (R.NO_NEWS, Outcome.UNCONFIRMED)


def test_checks_found_due_late_are_made_up_for_one_after_the_other() -> None:
    story = Story(HIGH).say(VOICE, D.PERSUADED).wait(late=timedelta(days=8))
    assert story.find(FOLLOW_UP).stage is S.CHECKING
    for _ in range(3):
        assert story.outcome is None
        story.meet(FOLLOW_UP, R.NOT_FOUND)
    assert story.outcome is Outcome.UNCONFIRMED


def test_a_check_at_the_very_moment_they_agreed_confirms_it() -> None:
    story = Story(HIGH).say(VOICE, D.PERSUADED)
    agreed = story.now
    life = story.life
    check = story.find(FOLLOW_UP)
    life.change(check.id, result=R.NO_LOSS, ended_at=agreed, due_at=None)
    life.turn()
    assert story.find(FOLLOW_UP).starts_at == agreed + timedelta(hours=72)  # the first is done
    assert story.meet(FOLLOW_UP, R.REFUSED).meet(FOLLOW_UP, R.REFUSED).outcome is Outcome.VERIFIED
