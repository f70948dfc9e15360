"""The walk in the gate: every sequence of four happenings, every way of starting, and every history's end.

`make walk` goes on to six.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch import policy
from dispatch.chain import Rules
from dispatch.plan import Facts, Plan
from dispatch.vocabulary import Level, Outcome, Result, State, Tier
from tests import walk
from tests.examples import few
from tests.happenings import alike, happen, happenings
from tests.lives import BrokenPromiseError, Life, chain, climb, close

MOST_TURNS = 400  # of a history in which nothing ever changes


@pytest.mark.parametrize("level", [level.code for level in reversed(Level)])
def test_every_sequence_of_four_keeps_every_promise(level: str) -> None:
    long = walk.Walk([walk.main_starts()[level]], length=4)
    assert long.run() > 400_000  # so many sequences; results the policy cannot tell apart are counted each


@pytest.mark.parametrize("level", [level.code for level in Level])
@pytest.mark.parametrize(("length", "most"), [(2, 2_000), pytest.param(3, 50_000, marks=pytest.mark.long)])
def test_every_other_way_of_starting_keeps_every_promise(level: str, length: int, most: int) -> None:
    starts = [life for name, life in walk.other_starts().items() if name.startswith(level)]
    assert walk.Walk(starts, length).run() > most


def aged(level: Level) -> Life:
    """A case that expires in two hours: so that a line that always fails does not fail two days long."""
    after = chain().levels[level].expires_after
    return Life(level, age=after - timedelta(hours=2) if after else timedelta(), numbers=(1,))


@pytest.mark.parametrize("level", Level)
def test_every_history_ends_though_nothing_ever_changes(level: Level) -> None:
    outcomes = {life.outcome for _, life in walk.endings(aged(level), MOST_TURNS)}
    assert {
        Outcome.NOT_FOUND, Outcome.NOT_PERSUADED, Outcome.FALSE_ALARM, Outcome.ALREADY_TRANSFERRED,
        Outcome.DEFRAUDED_AFTER_WARNING, Outcome.RELAPSED, Outcome.UNCONFIRMED,
    } <= outcomes  # fmt: skip
    assert (Outcome.VERIFIED in outcomes) is (level >= Level.HIGH)  # below that nobody asks


@settings(max_examples=few(100))
@given(st.data())
def test_every_random_life_ends_however_late_the_turns_come(data: st.DataObject) -> None:
    starts = {**walk.main_starts(), **walk.other_starts()}
    life = starts[data.draw(st.sampled_from(sorted(starts)))]
    life = life if life.trail else life.copy().turn().rest()
    for _ in range(data.draw(st.integers(0, 40))):
        if life.outcome is not None:
            return
        life = happen(life, data.draw(st.sampled_from(list(happenings(life)))))
        life.rest().asides = 0
        if life.outcome is None and data.draw(st.booleans()):
            life = late(life, data.draw(st.timedeltas(timedelta(), timedelta(days=2))))
    turns = 0
    while life.outcome is None:  # from here on nobody says anything more
        life = late(life, timedelta())
        turns += 1
        assert turns < MOST_TURNS


def late(life: Life, delay: timedelta) -> Life:
    """The due moment comes and goes, and the turn is taken so much later."""
    after = life.copy()
    after.now = life.due_at + delay
    return after.turn().rest()


# the walk is only as good as what it can see


@pytest.mark.parametrize("level", [level.code for level in Level])
@pytest.mark.parametrize("length", [2, pytest.param(3, marks=pytest.mark.long)])
def test_lives_that_are_walked_on_from_once_go_on_alike(level: str, length: int) -> None:
    lives = [walk.main_starts()[level].turn()]
    for _ in range(length):
        lives = [happen(life, what) for life in lives for what in happenings(life)]
        lives = [life for life in lives if life.outcome is None]
    same: dict[walk.Key, list[Life]] = defaultdict(list)
    for life in lives:
        same[walk.key(life)].append(life)
    merged = [twins for twins in same.values() if len(twins) > 1]
    assert merged
    for first, *others in merged:
        for other in others:
            assert ways_on(first) == ways_on(other), f"{walk.story(first)}\nand\n{walk.story(other)}"


def ways_on(life: Life) -> Counter[object]:
    """Every life that can come next, as the walk sees it."""
    after = [happen(life, what) for what in happenings(life)]
    return Counter(life.outcome or walk.key(life) for life in after)


def broken(monkeypatch: pytest.MonkeyPatch, change: object) -> None:
    monkeypatch.setattr(policy, "next_steps", change)


def refused(starts: Iterable[Life], length: int = 2) -> str:
    with pytest.raises(BrokenPromiseError) as told:
        walk.Walk(starts, length).run()
    return str(told.value)


def test_the_walk_notices_a_policy_that_forgets_a_case(monkeypatch: pytest.MonkeyPatch) -> None:
    def forgets(facts: Facts, rules: Rules, now: datetime) -> Plan:
        return Plan((), now + timedelta(hours=1))

    broken(monkeypatch, forgets)
    with pytest.raises(BrokenPromiseError, match="nothing to wait for"):
        walk.Walk([Life(Level.HIGH)], 1)


def test_the_walk_notices_a_policy_that_changes_its_mind_when_asked_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sound, asked = policy.next_steps, []

    def wavers(facts: Facts, rules: Rules, now: datetime) -> Plan:
        asked.append(now)
        plan = sound(facts, rules, now)
        return Plan((), plan.due_at + timedelta(1)) if len(asked) == 2 and plan.due_at else plan

    broken(monkeypatch, wavers)
    with pytest.raises(BrokenPromiseError, match="asked again"):
        walk.Walk([Life(Level.HIGH)], 2).run()


def test_the_walk_notices_a_backward_step_and_tells_the_story(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "tests.lives.climb", lambda state, tier: State.VOICE if state is State.NEW else State.NEW
    )
    told = refused([Life(Level.HIGH)], 3)
    assert "the state went back" in told
    assert "Happening(" in told


def test_the_state_machine_forbids_what_the_walk_would_notice() -> None:
    assert [climb(State.VISIT, tier) for tier in Tier] == [State.VISIT] * 3 + [State.FOLLOW_UP]
    assert close(State.NEW, Outcome.VOID) is State.CLOSED
    with pytest.raises(Exception, match="Can't switch from state 'closed'"):
        close(State.CLOSED, Outcome.VOID)


def test_words_that_are_walked_as_one_look_alike_to_the_policy() -> None:
    """Swap each result for its stand-in at the first step: the plan must be the same."""
    for level in Level:
        first = Life(level).turn()
        voice = next(p for p in first.live if p.tier is Tier.VOICE)
        for stand_in, same in alike(Tier.VOICE).items():
            plans = {str(_after(first, voice.id, result)) for result in same}
            assert len(plans) == 1, (level, stand_in, same)


def _after(life: Life, attempt: int, result: Result) -> Plan:
    after = life.copy()
    after.change(attempt, result=result, ended_at=life.now + timedelta(seconds=30), due_at=None)
    return policy.next_steps(after.facts(), chain(), life.now + timedelta(seconds=30))
