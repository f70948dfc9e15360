"""The corners of the chain: what two branches, a late word, a late turn or another level make of a case."""

import copy
import tomllib
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from dispatch import policy, rules
from dispatch.chain import Rules
from dispatch.plan import Close, Facts, OpenOrder, Order, Pace, Past, Plan, Raise, Recall, Tell, Try, Why
from dispatch.policy import DeadEndError
from dispatch.vocabulary import Disposition, Level, Outcome, Result, Stage, Tier
from tests.lives import NIGHT, NOON, chain
from tests.story import HALF_A_MINUTE, Story

CRITICAL, HIGH, MEDIUM, LOW = Level.CRITICAL, Level.HIGH, Level.MEDIUM, Level.LOW
VOICE, VIDEO, VISIT, FOLLOW_UP = Tier
D, R, S = Disposition, Result, Stage
A_SECOND = timedelta(seconds=1)
DOCUMENT = tomllib.loads((Path(rules.__file__).parent / "chain.toml").read_text())


def other(path: str, value: Any) -> Rules:
    """The rules with one cell of their own, at `level.tier.met`."""
    document = copy.deepcopy(DOCUMENT)
    level, tier, what = path.split(".")
    document[level].setdefault(tier, {})[what] = value
    return rules.read(document)


def spoke(nth: int, tier: Tier, word: Disposition | Result, after: timedelta = timedelta()) -> Past:
    """An attempt that ended so, a while after noon."""
    at = NOON + after
    if isinstance(word, Result):
        return Past(nth, tier, HIGH, S.DIALLED, at, None, word, None, at, number=1)
    result = R.MET if tier is VISIT else R.REACHED
    return Past(nth, tier, HIGH, S.TALKING, at, None, result, word, at, at, identified=True, number=1)


def plan(rows: Rules, level: Level, *past: Past, **facts: Any) -> Plan:
    """What follows a minute past noon in a case that has begun."""
    known: dict[str, Any] = {
        "issued_at": NOON, "opened_level": level, "numbers": (1, 2), "sent": frozenset({"sms"}),
    }  # fmt: skip
    return policy.next_steps(
        Facts(level=level, past=past, **known | facts), rows, NOON + timedelta(minutes=1)
    )


def rise(steps: Plan) -> tuple[Level, str, int] | None:
    found = next((a for a in steps.actions if isinstance(a, Raise)), None)
    return (found.level, found.why.row, found.why.nth) if found else None


def lowered(story: Story, level: Level, after: timedelta = timedelta()) -> Story:
    """A person sets the level."""
    life = story.life
    life.now += after
    life.level, life.level_set_at = level, life.now
    life.turn().rest()
    return story


# what raises


def test_only_results_of_the_cells_own_tier_raise() -> None:
    rows = other("high.voice.not_persuaded", {"then": ["video"], "raises": [1, "critical"]})
    assert rise(plan(rows, HIGH, spoke(0, VIDEO, D.NOT_PERSUADED))) is None
    assert rise(plan(rows, HIGH, spoke(0, VOICE, D.NOT_PERSUADED))) == (
        CRITICAL, "high.voice.not_persuaded", 1,
    )  # fmt: skip


@pytest.mark.parametrize(("after", "raised"), [(-A_SECOND, False), (timedelta(), False), (A_SECOND, True)])
def test_what_is_met_after_a_person_set_the_level_raises_it_again(after: timedelta, raised: bool) -> None:
    busy = [spoke(0, VOICE, R.BUSY, A_SECOND), spoke(1, VOICE, R.BUSY, after)]
    steps = plan(chain(), HIGH, *busy, level_set_at=NOON)
    assert (rise(steps) is not None) is raised


def test_more_busy_lines_than_it_takes_raise_a_case_that_a_directive_has_made_high() -> None:
    story = Story(MEDIUM).meet(VOICE, R.BUSY).meet(VOICE, R.BUSY).meet(VOICE, R.BUSY)
    assert story.directive(HIGH).level is CRITICAL


@pytest.mark.parametrize(
    ("busy", "silent", "told"),
    [
        ("high", "critical", (CRITICAL, "medium.voice.silent", 1)),
        ("critical", "high", (CRITICAL, "medium.voice.busy", 1)),
        ("high", "high", (HIGH, "medium.voice.busy", 1)),
    ],
)
def test_of_two_cells_that_raise_the_higher_counts_or_else_the_first(
    busy: str, silent: str, told: tuple[Level, str, int]
) -> None:
    document = copy.deepcopy(DOCUMENT)
    document["medium"]["voice"]["busy"]["raises"] = [1, busy]
    document["medium"]["voice"]["silent"]["raises"] = [1, silent]
    steps = plan(rules.read(document), MEDIUM, spoke(0, VOICE, R.BUSY), spoke(1, VOICE, R.NO_ANSWER))
    assert rise(steps) == told


def test_a_person_who_lowers_a_case_begins_no_openers_again() -> None:
    story = Story(CRITICAL).meet(VOICE, R.POWERED_OFF)
    assert lowered(story, HIGH).tiers == {VISIT}


def test_a_rise_begins_the_openers_anew_though_their_branch_had_ended() -> None:
    story = Story(LOW).meet(VOICE, R.POWERED_OFF)
    assert story.tiers == {VISIT}
    assert story.directive(CRITICAL).tiers == {VOICE, VISIT}
    assert story.gap(VOICE) == timedelta()


# who is stood down, who is told


def kinds(steps: Plan, kind: type[Recall] | type[Tell]) -> set[int]:
    return {a.attempt for a in steps.actions if isinstance(a, kind)}


def live(nth: int, tier: Tier, stage: Stage) -> Past:
    due_at = NOON + timedelta(hours=1)
    return Past(nth, tier, CRITICAL, stage, due_at if stage is S.PLANNED else NOON, due_at, number=1)


ALONE = {"then": ["follow_up"]}  # an agreement that recalls no tier by name


@pytest.mark.parametrize("tier", [VOICE, VISIT])
def test_an_agreement_stands_its_own_tier_down_whatever_it_names(tier: Tier) -> None:
    rows = other(f"critical.{tier.code}.persuaded", ALONE)
    under_way = live(1, tier, S.TALKING if tier is VOICE else S.ARRIVED)
    steps = plan(rows, CRITICAL, spoke(0, tier, D.PERSUADED), under_way)
    assert (kinds(steps, Recall), kinds(steps, Tell)) == ({1}, set())


@pytest.mark.parametrize(("stage", "stood_down"), [(S.PLANNED, True), (S.DIALLED, False), (S.TALKING, False)])
def test_a_call_that_has_begun_is_only_told_where_the_row_does_not_recall_it(
    stage: Stage, stood_down: bool
) -> None:
    rows = other("critical.visit.persuaded", ALONE)
    steps = plan(rows, CRITICAL, spoke(0, VISIT, D.PERSUADED), live(1, VOICE, stage))
    assert (kinds(steps, Recall), kinds(steps, Tell)) == (({1}, set()) if stood_down else (set(), {1}))


def test_money_gone_at_the_door_stands_a_talk_by_phone_down() -> None:
    story = Story(CRITICAL).answer(VOICE).say(VISIT, D.ALREADY_TRANSFERRED)
    assert story.tiers == set()
    assert [p.result for p in story.ended(VOICE)] == [R.CANCELLED]


def test_money_gone_by_phone_the_reinforced_visit_goes_on_when_the_door_has_said_no() -> None:
    story = Story(HIGH).say(VOICE, D.ALREADY_TRANSFERRED).say(VISIT, D.NOT_PERSUADED)
    assert story.tiers == {VISIT}
    assert story.gap(VISIT) == timedelta(minutes=60)


@pytest.mark.parametrize("word", [D.PERSUADED, D.ALREADY_TRANSFERRED])
def test_money_gone_a_second_visit_is_stood_down_when_the_first_is_told_of_late(word: Disposition) -> None:
    story = Story(HIGH).say(VOICE, D.ALREADY_TRANSFERRED).meet(VISIT, R.NOT_THERE)
    story.late(story.ended(VISIT)[0], word)
    assert story.tiers == set()


def test_officers_at_the_door_are_stood_down_by_a_word_from_the_door() -> None:
    story = Story(HIGH, numbers=()).meet(VISIT, R.NOT_THERE).wait_for(VISIT).arrive()
    story.late(story.ended(VISIT)[0], D.ALREADY_TRANSFERRED)
    assert story.tiers == set()


def test_a_branch_that_ended_quietly_begins_nothing_once_the_money_is_gone() -> None:
    story = Story(HIGH).meet(VOICE, R.HUNG_UP)
    story.late(story.ended(VOICE)[0], D.NOT_PERSUADED).meet(VOICE, R.NO_ANSWER)
    assert story.tiers == {VOICE, VIDEO}
    assert story.say(VIDEO, D.ALREADY_TRANSFERRED).tiers == {VISIT}


def test_checks_end_when_the_money_turns_out_to_be_gone() -> None:
    story = Story(HIGH).meet(VOICE, R.HUNG_UP).say(VOICE, D.PERSUADED).meet(FOLLOW_UP, R.NO_LOSS)
    story.late(story.ended(VOICE)[0], D.ALREADY_TRANSFERRED)
    assert story.tiers == {VISIT}


def test_a_visit_that_failed_in_the_moment_another_had_agreed_is_not_repeated() -> None:
    story = Story(HIGH, numbers=()).meet(VISIT, R.NOT_THERE).wait_for(VISIT)
    first, life = story.ended(VISIT)[0], story.life
    second = story.find(VISIT)
    life.change(first.id, disposition=D.PERSUADED, judged_at=life.now)
    life.change(second.id, result=R.NOT_THERE, ended_at=life.now + A_SECOND, due_at=None)
    life.now += A_SECOND
    life.turn().rest()
    assert story.tiers == {FOLLOW_UP}


def test_the_word_of_officers_stood_down_on_their_way_is_heard() -> None:
    story = lowered(Story(CRITICAL), HIGH).say(VOICE, D.PERSUADED)
    assert story.tiers == {FOLLOW_UP}
    story.late(story.ended(VISIT)[0], D.NOT_PERSUADED)
    assert story.gap(VISIT) == timedelta(minutes=60)


# two branches in one turn


def test_a_redial_looks_up_at_a_visit_that_is_planned_in_the_same_turn() -> None:
    story = Story(CRITICAL).arrive().meet(VOICE, R.BUSY).meet(VOICE, R.BUSY)
    life, visit, voice = story.life, story.find(VISIT), story.find(VOICE)
    life.now = voice.starts_at
    life.dial(voice.id, life.now)
    life.now += HALF_A_MINUTE
    life.change(voice.id, result=R.BUSY, ended_at=life.now, due_at=None)
    life.change(visit.id, result=R.NOT_THERE, ended_at=life.now, due_at=None)
    life.turn().rest()
    assert story.tiers == {VOICE, VISIT}


# late words


def test_a_late_no_is_heard_behind_a_call_that_nobody_answered() -> None:
    story = Story(MEDIUM).meet(VOICE, R.NO_ANSWER).meet(VOICE, R.HUNG_UP)
    story.late(story.ended(VOICE)[1], D.NOT_PERSUADED)
    assert story.tiers == {VOICE, VIDEO}


def test_a_late_no_in_a_stale_case_with_nowhere_to_go_closes_it_as_expired() -> None:
    story = Story(HIGH, age=timedelta(hours=4) - HALF_A_MINUTE, can_visit=False).say(VOICE, D.NOT_PERSUADED)
    assert story.outcome is Outcome.EXPIRED


def test_a_number_found_wrong_late_is_followed_by_the_next_even_beside_a_visit() -> None:
    story = Story(MEDIUM).meet(VOICE, R.HUNG_UP).meet(VOICE, R.POWERED_OFF)
    assert story.tiers == {VISIT}
    story.late(story.ended(VOICE)[0], D.WRONG_PERSON)
    assert story.tiers == {VOICE, VISIT}
    assert (story.find(VOICE).number, story.gap(VOICE)) == (2, timedelta())


# money gone


def test_gone_with_nowhere_to_send_anybody_waits_for_the_bank_alone() -> None:
    story = Story(HIGH, can_visit=False).say(VOICE, D.ALREADY_TRANSFERRED)
    assert (story.outcome, story.tiers) == (None, set())
    assert story.life.due_at == story.now + timedelta(minutes=30)
    assert story.wait().outcome is Outcome.ALREADY_TRANSFERRED


def test_gone_stays_open_while_another_visit_is_planned_though_the_bank_has_answered() -> None:
    story = Story(HIGH).say(VOICE, D.ALREADY_TRANSFERRED)
    story.life.orders = ()
    story.life.turn()
    story.meet(VISIT, R.NOT_THERE)
    assert (story.outcome, story.tiers) == (None, {VISIT})


def test_gone_and_never_there_closes_when_the_row_is_spent_by_the_word_that_said_so() -> None:
    story = Story(HIGH).say(VOICE, D.ALREADY_TRANSFERRED)
    story.life.orders = ()
    story.life.turn()
    for _ in range(3):
        story.meet(VISIT, R.NOT_THERE)
    story.wait_for(VISIT)
    life = story.life
    life.change(story.find(VISIT).id, result=R.NOT_THERE, ended_at=life.now, due_at=None)
    steps = policy.next_steps(life.facts(), chain(), life.now)
    assert steps.actions == (Close(Outcome.ALREADY_TRANSFERRED, Why("high.voice.transferred")),)


def test_a_loss_after_a_warning_in_an_earlier_case_was_warned_of() -> None:
    steps = plan(chain(), HIGH, spoke(0, FOLLOW_UP, R.LOSS), met_before=True)
    assert "DEFRAUDED_AFTER_WARNING" in str(steps.actions[-1])
    steps = plan(chain(), HIGH, spoke(0, FOLLOW_UP, R.LOSS))
    assert "ALREADY_TRANSFERRED" in str(steps.actions[-1])


# another place


def astray(story: Story) -> Plan:
    """A place becomes known that another unit is nearer to."""
    story.life.change(story.find(VISIT).id, astray=True)
    return policy.next_steps(story.life.facts(), chain(), story.now)


def test_whoever_is_nearest_to_the_new_place_goes_at_once_whatever_the_last_visit_met() -> None:
    story = Story(HIGH, numbers=()).meet(VISIT, R.NO_ACKNOWLEDGEMENT)
    steps = astray(story)
    assert kinds(steps, Recall) == {story.find(VISIT).id}
    visits = [a for a in steps.actions if isinstance(a, Try)]
    assert [(a.seek, a.reinforced, a.starts_at, a.stage) for a in visits] == [
        ("first", False, story.now, S.SENT)
    ]


def test_officers_who_have_arrived_stay_wherever_the_person_is_said_to_be() -> None:
    assert astray(Story(HIGH, numbers=()).arrive()).actions == ()


def test_a_visit_gone_astray_goes_on_when_nobody_else_can_be_sent() -> None:
    story = Story(HIGH, numbers=())
    story.life.can_visit = False
    assert astray(story).actions == ()


# a raise finds a call back, or a visit under way


def test_a_call_back_that_somebody_asked_for_stays_theirs_at_any_level() -> None:
    story = Story(HIGH).meet(VOICE, R.NO_ANSWER)
    call = story.find(VOICE)
    story.life.change(call.id, asked=True)
    story.directive(CRITICAL)
    assert story.find(VOICE).id == call.id


def asked(steps: Plan) -> list[tuple[Tier, str, str | None]]:
    return [(a.tier, a.seek, a.why.row if a.why else None) for a in steps.actions if isinstance(a, Try)]


@pytest.mark.parametrize("level", [MEDIUM, HIGH, CRITICAL])
@pytest.mark.parametrize("acknowledged", [False, True])
def test_a_visit_of_the_villages_is_stood_down_for_the_police_at_once(
    level: Level, acknowledged: bool
) -> None:
    story = Story(LOW).meet(VOICE, R.POWERED_OFF)
    visit = story.find(VISIT)
    if acknowledged:
        story.acknowledge()
    story.life.now += timedelta(minutes=20)
    story.life.level = level
    steps = policy.next_steps(story.life.facts(), chain(), story.now)
    assert kinds(steps, Recall) == {visit.id}
    assert (VISIT, "first", f"{level.code}.visit.police") in asked(steps)
    story.life.turn().rest()
    assert story.gap(VISIT) == timedelta()


def test_the_village_at_the_door_stays_and_the_police_come_after_it() -> None:
    story = Story(LOW).meet(VOICE, R.POWERED_OFF).arrive()
    visit = story.find(VISIT)
    story.directive(CRITICAL)
    assert story.find(VISIT).id == visit.id
    life = story.life
    life.change(
        visit.id, result=R.MET, disposition=D.DENIES, ended_at=life.now, judged_at=life.now, due_at=None
    )
    steps = policy.next_steps(life.facts(), chain(), life.now)
    assert asked(steps) == [(VISIT, "first", "critical.visit.police")]
    sent = [(a.starts_at, a.reinforced) for a in steps.actions if isinstance(a, Try)]
    assert sent == [(life.now, False)]  # no officers have been refused yet


@pytest.mark.parametrize("met", [R.NOT_THERE, R.REFUSES_DOOR, R.NO_ACKNOWLEDGEMENT])
def test_what_the_village_met_uses_up_no_visit_of_the_police(met: Result) -> None:
    story = Story(LOW).meet(VOICE, R.POWERED_OFF).meet(VISIT, met)
    if VISIT in story.tiers and met is not R.NO_ACKNOWLEDGEMENT:
        story.meet(VISIT, met)
    story.directive(CRITICAL)
    assert story.find(VISIT).level is CRITICAL
    assert story.gap(VISIT) == timedelta()
    for _ in range(5):
        assert VISIT in story.tiers
        story.meet(VISIT, met)


@pytest.mark.parametrize(("waited", "left"), [(0, 2), (1, 2), (4, 1)])
def test_a_visit_under_way_takes_the_new_levels_pace(waited: int, left: int) -> None:
    story = Story(HIGH, numbers=())
    story.life.now += timedelta(minutes=waited)
    story.life.level = CRITICAL
    steps = policy.next_steps(story.life.facts(), chain(), story.now)
    paced = [a.due_at - story.now for a in steps.actions if isinstance(a, Pace)]
    assert paced == ([timedelta(minutes=2)] if waited < 3 else [])
    story.life.turn().rest()
    assert story.life.due_at == story.now + timedelta(minutes=left)


def test_who_has_acknowledged_has_the_new_levels_time_from_the_raise_on_and_no_more() -> None:
    story = Story(MEDIUM, numbers=()).acknowledge()
    story.life.now += timedelta(minutes=10)
    story.directive(CRITICAL)
    assert story.find(VISIT).due_at == story.now + timedelta(minutes=30)
    story.directive(CRITICAL, after=timedelta(minutes=5))
    assert story.find(VISIT).due_at == story.now + timedelta(minutes=25)


def test_a_lower_level_takes_no_time_away_and_gives_none() -> None:
    story = Story(CRITICAL, numbers=())
    due_at = story.find(VISIT).due_at
    assert lowered(story, HIGH).find(VISIT).due_at == due_at


# what is planned and fits no more


def test_a_check_planned_under_a_higher_level_ends_the_case_when_the_lower_ones_watch_is_over() -> None:
    story = Story(CRITICAL, numbers=(), can_visit=False)
    story.meet(FOLLOW_UP, R.NOT_FOUND).meet(FOLLOW_UP, R.NOT_FOUND)
    assert story.gap(FOLLOW_UP) > timedelta(days=3)
    assert lowered(story, LOW).outcome is Outcome.NOT_FOUND


def test_a_call_planned_for_the_morning_is_too_late_at_a_level_that_has_expired() -> None:
    story = Story(MEDIUM, now=NIGHT, age=timedelta(hours=5), can_visit=False)
    assert story.tiers == {VOICE}
    story.life.opened_level = HIGH  # it was high before, and its openers begin no more
    assert lowered(story, HIGH).outcome is Outcome.EXPIRED


def test_a_redial_beside_a_visit_goes_on_at_each_level_that_keeps_it_on() -> None:
    story = Story(HIGH, set_by_a_person=True)
    for _ in range(4):
        story.meet(VOICE, R.BUSY)
    assert story.tiers == {VOICE, VISIT}
    for level in (CRITICAL, HIGH):
        story.life.level = level
        story.life.turn().rest()
        assert story.tiers == {VOICE, VISIT}


def test_a_call_that_gave_way_to_a_visit_is_not_taken_up_again_when_the_cap_has_room() -> None:
    story = Story(MEDIUM, numbers=(1,), rung=7).meet(VOICE, R.NO_ANSWER)
    assert story.tiers == {VISIT}
    story.meet(VISIT, R.NOT_THERE).directive(MEDIUM, after=timedelta(hours=23, minutes=30))
    assert story.tiers == {VISIT}


# no way on


def test_rules_that_begin_nothing_are_a_dead_end_and_say_so() -> None:
    rows = chain()
    nothing = replace(rows, levels={**rows.levels, HIGH: replace(rows.levels[HIGH], starts=())})
    with pytest.raises(DeadEndError, match=r"^nothing lives and nothing follows: Facts\(level="):
        policy.next_steps(Facts(level=HIGH, issued_at=NOON), nothing, NOON)


def test_an_open_order_alone_is_something_to_wait_for() -> None:
    rows = chain()
    nothing = replace(rows, levels={**rows.levels, HIGH: replace(rows.levels[HIGH], starts=())})
    order = OpenOrder(1, NOON + timedelta(minutes=30))
    facts = Facts(level=HIGH, issued_at=NOON, orders=(order,), ordered=frozenset({"stop_payment"}))
    assert policy.next_steps(facts, nothing, NOON).due_at == order.due_at


# waits and when they end


def test_a_wait_that_is_over_when_the_turn_comes_is_not_planned_into_the_past() -> None:
    story = Story(HIGH, numbers=())
    life, visit = story.life, story.find(VISIT)
    life.change(visit.id, result=R.NOT_THERE, ended_at=life.now, due_at=None)
    life.now += timedelta(hours=2)
    life.turn().rest()
    assert (story.gap(VISIT), story.find(VISIT).stage) == (timedelta(), S.SENT)


def test_a_unit_that_refused_and_is_no_longer_the_nearest_is_replaced_at_once_and_reinforced() -> None:
    story = Story(HIGH, numbers=())
    life, visit = story.life, story.find(VISIT)
    life.change(visit.id, result=R.REFUSES_DOOR, ended_at=life.now, due_at=None, astray=True)
    steps = policy.next_steps(life.facts(), chain(), life.now)
    again = next(a for a in steps.actions if isinstance(a, Try))
    assert (again.seek, again.reinforced, again.starts_at) == ("first", True, life.now)


def test_when_nobody_is_left_to_ask_the_row_is_spent() -> None:
    ignored, not_there = spoke(0, VISIT, R.NO_ACKNOWLEDGEMENT), spoke(0, VISIT, R.NOT_THERE)
    assert _tries(plan(chain(), HIGH, ignored)) == {VISIT}
    assert _tries(plan(chain(), HIGH, ignored, can_ask_next=False)) == {FOLLOW_UP}
    assert _tries(plan(chain(), HIGH, not_there, can_ask_next=False)) == {VISIT}


def _tries(steps: Plan) -> set[Tier]:
    return {a.tier for a in steps.actions if isinstance(a, Try)}


@pytest.mark.parametrize(
    ("last", "late", "tried"),
    [
        (28 * 60 - 1, 0, True),
        (28 * 60, 0, False),  # the next would be half an hour after the first
        (27 * 60, 0, True),
        (27 * 60, 2 * 60, True),
        (27 * 60, 3 * 60, False),
    ],
)
def test_a_line_that_fails_is_tried_for_half_an_hour_to_the_second(last: int, late: int, tried: bool) -> None:
    moments = [*range(0, 25 * 60, 5 * 60), last]
    past = [spoke(n, VOICE, R.CONGESTION, timedelta(seconds=at)) for n, at in enumerate(moments)]
    visit = replace(live(9, VISIT, S.ARRIVED), due_at=NOON + timedelta(hours=4))
    now = NOON + timedelta(seconds=last + late)
    facts = Facts(
        level=CRITICAL, issued_at=NOON, past=(*past, visit), opened_level=CRITICAL, numbers=(1,),
        sent=frozenset({"sms"}),
    )  # fmt: skip
    assert (_tries(policy.next_steps(facts, chain(), now)) == {VOICE}) is tried


def test_redials_beside_a_visit_end_when_it_has_ended() -> None:
    story = Story(HIGH, set_by_a_person=True)
    for _ in range(4):
        story.meet(VOICE, R.BUSY)
    while VISIT in story.tiers:
        story.meet(VISIT, R.NO_ACKNOWLEDGEMENT, after=A_SECOND)
    assert story.tiers == {VOICE, FOLLOW_UP}
    assert story.meet(VOICE, R.BUSY).tiers == {FOLLOW_UP}


def test_there_is_no_redial_beside_a_visit_that_cannot_be_sent() -> None:
    story = Story(HIGH, set_by_a_person=True, can_visit=False)
    for _ in range(4):
        story.meet(VOICE, R.BUSY)
    assert story.tiers == {FOLLOW_UP}


# several tiers at once


def test_all_the_tiers_a_cell_names_begin_and_those_under_way_go_on() -> None:
    rows = other("high.voice.not_persuaded", {"then": ["video", "visit"]})
    said = spoke(0, VOICE, D.NOT_PERSUADED)
    assert _tries(plan(rows, HIGH, said)) == {VIDEO, VISIT}
    assert _tries(plan(rows, HIGH, said, replace(live(1, VIDEO, S.DIALLED), level=HIGH))) == {VISIT}


def test_past_expiry_a_case_in_follow_up_stays_there_whatever_is_said_late() -> None:
    story = Story(HIGH, numbers=(1,), can_visit=False).meet(VOICE, R.POWERED_OFF)
    assert story.tiers == {FOLLOW_UP}
    story.late(story.ended(VOICE)[0], D.NOT_PERSUADED, after=timedelta(hours=5))
    assert (story.outcome, story.tiers) == (None, {FOLLOW_UP})


def test_a_call_on_the_line_has_rung_and_is_not_counted_again() -> None:
    story = Story(MEDIUM, numbers=(1,), rung=5).meet(VOICE, R.HUNG_UP).answer(VOICE)
    story.late(story.ended(VOICE)[0], D.NOT_PERSUADED)
    assert story.tiers == {VOICE, VIDEO}


def test_a_call_planned_in_the_same_turn_counts_for_the_cap() -> None:
    story = Story(MEDIUM, numbers=(1,), rung=5).meet(VOICE, R.HUNG_UP).answer(VOICE)
    life, first, second = story.life, story.ended(VOICE)[0], story.find(VOICE)
    life.now += HALF_A_MINUTE
    life.change(first.id, disposition=D.NOT_PERSUADED, judged_at=life.now)
    life.change(second.id, result=R.NO_ANSWER, ended_at=life.now, due_at=None)
    life.turn().rest()
    assert story.tiers == {VIDEO, VISIT}


def test_money_moved_and_lost_is_one_order() -> None:
    steps = plan(chain(), HIGH, spoke(0, FOLLOW_UP, R.LOSS), money_moved=True)
    assert sum(isinstance(action, Order) for action in steps.actions) == 1
    ordered = plan(chain(), HIGH, spoke(0, FOLLOW_UP, R.LOSS), ordered=frozenset({"stop_payment"}))
    assert not any(isinstance(action, Order) for action in ordered.actions)


def test_fewer_checks_at_a_lower_level_end_the_follow_up_of_a_case_that_has_had_more() -> None:
    document = copy.deepcopy(DOCUMENT)
    document["high"]["follow_up"] = {"checks": ["24h"]}
    checks = [spoke(n, FOLLOW_UP, R.NOT_FOUND, A_SECOND) for n in (0, 1)]
    steps = plan(rules.read(document), HIGH, *[replace(p, level=CRITICAL) for p in checks])
    assert steps.actions == (Close(Outcome.NOT_FOUND, Why("high.follow_up.checks")),)


def test_a_late_no_closes_a_stale_case_with_nowhere_to_go_even_while_a_call_lasts() -> None:
    story = Story(HIGH, age=timedelta(hours=4, seconds=-100), can_visit=False).meet(VOICE, R.HUNG_UP)
    story.answer(VOICE).late(story.ended(VOICE)[0], D.NOT_PERSUADED)
    assert story.outcome is Outcome.EXPIRED


def test_gone_and_never_there_waits_for_the_bank_and_follows_nobody_up() -> None:
    story = Story(HIGH).say(VOICE, D.ALREADY_TRANSFERRED)
    story.life.orders = (OpenOrder(1, NOON + timedelta(days=1)),)
    while VISIT in story.tiers:
        story.meet(VISIT, R.NOT_THERE)
    assert (story.outcome, story.tiers) == (None, set())


def test_it_is_the_first_visit_that_tells_whether_calls_go_on_beside_it() -> None:
    story = lowered(Story(CRITICAL), HIGH).meet(VOICE, R.NO_ANSWER)
    story.meet(VISIT, R.NO_ACKNOWLEDGEMENT, after=A_SECOND)
    assert lowered(story, MEDIUM).tiers == {VOICE, VISIT}


def test_silence_on_a_redial_beside_a_visit_is_redialled_too() -> None:
    story = Story(HIGH, set_by_a_person=True)
    for _ in range(4):
        story.meet(VOICE, R.BUSY)
    assert story.meet(VOICE, R.NO_ANSWER).tiers == {VOICE, VISIT}
    assert story.gap(VOICE) == timedelta(seconds=60)


def test_a_call_gave_way_though_the_turn_that_sent_somebody_came_late() -> None:
    story = Story(MEDIUM, numbers=(1,), rung=7)
    life, voice = story.life, story.find(VOICE)
    life.dial(voice.id, life.now)
    life.change(voice.id, result=R.NO_ANSWER, ended_at=life.now, due_at=None)
    life.now += HALF_A_MINUTE
    life.turn().rest()
    story.meet(VISIT, R.NOT_THERE).directive(MEDIUM, after=timedelta(hours=23, minutes=30))
    assert story.tiers == {VISIT}


def test_a_redial_goes_on_only_beside_a_visit_its_own_cell_begins() -> None:
    rows = other("high.voice.busy", {"again": ["30s"], "keep_while": "visit", "then": ["follow_up"]})
    assert _tries(plan(rows, HIGH, spoke(0, VOICE, R.BUSY), spoke(1, VOICE, R.BUSY))) == {FOLLOW_UP}


def test_the_first_visit_needs_no_more_people_than_usual() -> None:
    steps = plan(chain(), HIGH, spoke(0, VOICE, R.POWERED_OFF))
    assert [a.reinforced for a in steps.actions if isinstance(a, Try)] == [False]


def test_a_planned_call_to_a_number_that_is_no_longer_theirs_is_taken_back() -> None:
    story = Story(Level.HIGH)
    assert story.find(Tier.VOICE).number == 1
    story.life.numbers = (2,)
    story.life.turn().rest()
    assert story.find(Tier.VOICE).number == 2
    assert [p.result for p in story.ended(Tier.VOICE)] == [Result.CANCELLED]
