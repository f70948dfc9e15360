"""Two courses of a case side by side: what rose, went earlier, cost more, ended otherwise, or is unknown."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from dispatch.replay.comparison import Called, Comparison, Ending, Risen, Sent, Tally, Unknown, reproduces
from dispatch.replay.history import Course, Really
from dispatch.vocabulary import Level, Outcome
from tests.histories import after, history
from tests.lives import NOON

CASE = history()
NAME = CASE.number


def course(
    *levels: Level,
    calls: int = 3,
    visit: datetime | None = None,
    outcome: Outcome | None = Outcome.VERIFIED,
    unknown: datetime | None = None,
) -> Course:
    risen = tuple((after(n), level) for n, level in enumerate(levels or (Level.HIGH,)))
    return Course(risen, (), calls, visit, outcome, after(60), 0, unknown)


def compared(*pairs: tuple[Course, Course]) -> Comparison:
    tally = Tally()
    for before, other in pairs:
        tally.add(CASE, before, other)
    return tally.total()


def test_what_is_the_same_is_counted_and_named_nowhere() -> None:
    told = compared((course(visit=NOON), course(visit=NOON)))
    assert (told.cases, told.compared, told.changed) == (1, 1, 0)
    assert (told.calls_before, told.calls_after, told.visits_before, told.visits_after) == (3, 3, 1, 1)
    assert (told.risen, told.sent, told.called, told.ended, told.unknown) == ((), (), (), (), ())


def test_each_kind_of_change_names_the_case() -> None:
    before = course(Level.HIGH, visit=after(10))
    other = course(Level.HIGH, Level.CRITICAL, calls=5, visit=after(2), outcome=Outcome.NOT_FOUND)
    told = compared((before, other))
    assert told.risen == (Risen(NAME, Level.HIGH, Level.CRITICAL, after(1)),)
    assert told.sent == told.earlier == (Sent(NAME, after(10), after(2), -8),)
    assert told.called == (Called(NAME, 3, 5),)
    assert told.ended == (Ending(NAME, Outcome.VERIFIED, Outcome.NOT_FOUND),)
    assert (told.changed, told.minutes_earlier, told.minutes_later) == (1, 8, None)


def test_a_case_that_comes_less_high_has_no_moment() -> None:
    told = compared((course(Level.HIGH, Level.CRITICAL), course(Level.HIGH)))
    assert told.risen == (Risen(NAME, Level.CRITICAL, Level.HIGH, None),)


def test_medians_are_of_those_that_go_earlier_and_of_those_that_go_later() -> None:
    sent = [(10, 9), (10, 5), (10, 2), (10, 12), (10, 20)]
    told = compared(*((course(visit=after(a)), course(visit=after(b))) for a, b in sent))
    assert (told.minutes_earlier, told.minutes_later) == (5, 6)


def test_a_visit_under_one_policy_only_has_no_minutes() -> None:
    told = compared((course(), course(visit=NOON)), (course(visit=NOON), course()))
    assert told.newly_sent == (Sent(NAME, None, NOON, None),)
    assert told.no_more_sent == (Sent(NAME, NOON, None, None),)
    assert (told.earlier, told.later) == ((), ())


def test_of_what_is_unknown_only_what_came_before_is_told() -> None:
    lost = course(Level.CRITICAL, calls=0, visit=NOON, outcome=None, unknown=NOON)
    told = compared((course(Level.HIGH, visit=after(5)), lost))
    assert told.unknown == (Unknown(NAME, NOON),)
    assert (len(told.risen), len(told.earlier)) == (1, 1)  # both are known by then
    assert (told.called, told.ended, told.compared, told.calls_before) == ((), (), 0, 0)
    unsent = replace(lost, first_visit=None, levels=((NOON, Level.LOW),))
    assert (compared((course(visit=after(5)), unsent))).changed == 0  # it may rise, and go, yet


def test_reproduced_is_the_same_levels_calls_and_outcome() -> None:
    really = Really((Level.HIGH,), 3, Outcome.VERIFIED)
    case = replace(CASE, really=really)
    assert reproduces(course(), case)
    others: Iterable[Course] = (
        course(Level.HIGH, Level.CRITICAL), course(calls=2), course(outcome=None), course(unknown=NOON),
    )  # fmt: skip
    assert not any(reproduces(other, case) for other in others)
    tally = Tally()
    tally.add(case, course(), course())
    tally.add(case, course(calls=2), course())
    tally.fail("2026-03-000009")
    told = tally.total()
    assert (told.cases, told.reproduced, told.strayed, told.failed) == (3, 1, (NAME,), ("2026-03-000009",))
