"""Where branches meet, rows end and words come late; and what holds of every plan."""

from datetime import timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch import policy
from dispatch.plan import Facts, OpenOrder, Past, Try
from dispatch.standing import standing, was_met
from dispatch.vocabulary import Disposition, Level, Outcome, Result, Stage, State, Tier
from tests.happenings import result_with
from tests.lives import NOON, chain
from tests.story import Story

CRITICAL, HIGH, MEDIUM, LOW = Level.CRITICAL, Level.HIGH, Level.MEDIUM, Level.LOW
VOICE, VIDEO, VISIT, FOLLOW_UP = Tier
D, R = Disposition, Result
ORDER_WITHIN = timedelta(minutes=30)


def to_the_visit(level: Level) -> Story:
    """Nobody answered, so somebody has been sent."""
    return Story(level, numbers=())


def asked(story: Story, *results: Result) -> Story:
    """The follow-up's checks, one after the other."""
    for result in results:
        story.meet(FOLLOW_UP, result)
    return story


# one branch succeeds


@pytest.mark.parametrize("level", [HIGH, MEDIUM, LOW])
def test_agreed_by_phone_stands_the_visit_down(level: Level) -> None:
    story = beside_a_visit(level)
    story.say(VOICE, D.PERSUADED)
    assert story.tiers == {FOLLOW_UP}
    assert story.ended(VISIT)[-1].result is R.CANCELLED


def beside_a_visit(level: Level) -> Story:
    """A visit and a call under way at once: the case was critical and a person has lowered it."""
    story = Story(CRITICAL)
    story.life.level, story.life.level_set_at = level, story.now
    story.life.turn()
    assert {VOICE, VISIT} <= story.tiers
    return story


@pytest.mark.parametrize("level", [HIGH, MEDIUM, LOW])
def test_agreed_by_phone_leaves_officers_who_are_at_the_door(level: Level) -> None:
    story = beside_a_visit(level)
    story.arrive().say(VOICE, D.PERSUADED)
    assert story.tiers == {VISIT, FOLLOW_UP}
    assert story.find(VISIT).told
    story.meet(VISIT, R.NOT_THERE)
    assert story.tiers == {FOLLOW_UP}  # nobody goes again


def test_agreed_by_phone_under_critical_the_visit_goes_on_and_is_told() -> None:
    story = Story(CRITICAL).say(VOICE, D.PERSUADED)
    assert story.tiers == {VISIT, FOLLOW_UP}
    assert story.find(VISIT).told
    story.meet(VISIT, R.NOT_THERE)
    assert story.find(VISIT).told  # the next one knows from the first


def test_agreed_at_the_door_takes_the_redial_back() -> None:
    story = Story(CRITICAL).meet(VOICE, R.BUSY)
    story.say(VISIT, D.PERSUADED)
    assert story.tiers == {FOLLOW_UP}
    assert story.ended(VOICE)[-1].result is R.CANCELLED


def test_the_word_of_an_operator_stood_down_while_talking_is_kept() -> None:
    story = Story(CRITICAL).answer(VOICE)
    story.say(VISIT, D.PERSUADED)
    story.late(story.ended(VOICE)[0], D.NOT_PERSUADED)
    assert standing(story.life.past, CRITICAL).agreed_at is not None  # a voice cannot undo a door
    assert story.tiers == {FOLLOW_UP}


# a voice cannot undo a door, a door can undo a voice


def test_a_door_undoes_a_voice() -> None:
    story = Story(CRITICAL).say(VOICE, D.PERSUADED)
    story.say(VISIT, D.NOT_PERSUADED)
    assert standing(story.life.past, CRITICAL).agreed_at is None
    assert (story.gap(VISIT), story.find(VISIT).stage) == (timedelta(minutes=30), Stage.PLANNED)


def test_a_voice_does_not_undo_a_door_nor_begin_its_follow_up() -> None:
    story = to_the_visit(HIGH)
    story.life.numbers = (1,)
    story.directive(CRITICAL).answer(VOICE)
    story.say(VISIT, D.NOT_PERSUADED).say(VOICE, D.PERSUADED)
    assert story.tiers == {VISIT}
    assert standing(story.life.past, CRITICAL).agreed_at is None


def test_an_agreement_counts_from_the_word_that_stands() -> None:
    story = Story(CRITICAL).say(VOICE, D.PERSUADED).say(VISIT, D.NOT_PERSUADED)
    story.say(VISIT, D.PERSUADED)
    again = story.now
    assert standing(story.life.past, CRITICAL).agreed_at == again
    assert story.find(FOLLOW_UP).starts_at == again + timedelta(hours=24)


def test_a_check_before_the_agreement_confirms_nothing_and_the_days_count_anew() -> None:
    story = to_the_visit(HIGH)
    while VISIT in story.tiers:
        story.meet(VISIT, R.REFUSES_DOOR)
    asked(story, R.NO_LOSS)
    story.late(story.ended(VISIT)[0], D.PERSUADED)
    assert story.find(FOLLOW_UP).starts_at == story.now + timedelta(hours=24)
    assert asked(story, R.NOT_FOUND, R.NOT_FOUND, R.NOT_FOUND).outcome is Outcome.UNCONFIRMED


def test_checks_after_no_agreement_end_as_not_persuaded() -> None:
    story = to_the_visit(HIGH)
    while VISIT in story.tiers:
        story.say(VISIT, D.NOT_PERSUADED)
    assert asked(story, R.NO_LOSS, R.NO_LOSS, R.NO_LOSS).outcome is Outcome.NOT_PERSUADED


# late words


def test_a_late_word_is_heard_beside_a_live_redial() -> None:
    story = Story(HIGH).meet(VOICE, R.OUTCOME_UNKNOWN)
    story.late(story.ended(VOICE)[0], D.PERSUADED)
    assert story.tiers == {FOLLOW_UP}
    assert story.find(FOLLOW_UP).starts_at == story.now + timedelta(hours=24)  # from when it was said


def test_a_late_no_begins_what_it_would_have_begun() -> None:
    story = Story(MEDIUM).meet(VOICE, R.HUNG_UP)
    story.late(story.ended(VOICE)[0], D.NOT_PERSUADED)
    assert VIDEO in story.tiers


def test_a_late_word_stands_a_later_visit_down() -> None:
    story = to_the_visit(HIGH).meet(VISIT, R.NOT_THERE)
    story.late(story.ended(VISIT)[0], D.PERSUADED)
    assert story.tiers == {FOLLOW_UP}


def test_a_talk_without_a_word_in_time_is_silence() -> None:
    story = Story(MEDIUM).answer(VOICE)
    story.wait()
    assert story.ended(VOICE)[0].result is R.REACHED
    assert story.gap(VOICE) == timedelta(minutes=2)


# money gone


@pytest.mark.parametrize("level", Level)
def test_gone_by_phone_orders_a_stop_and_sends_somebody_but_follows_up_no_more(level: Level) -> None:
    story = Story(level).say(VOICE, D.ALREADY_TRANSFERRED)
    assert story.tiers == {VISIT}
    assert [order.due_at for order in story.life.orders] == [story.now + ORDER_WITHIN]
    assert story.find(VISIT).told or story.find(VISIT).starts_at < story.now


def test_gone_closes_when_both_the_visit_and_the_order_have_ended() -> None:
    story = Story(HIGH).say(VOICE, D.ALREADY_TRANSFERRED)
    story.say(VISIT, D.PERSUADED)
    assert (story.outcome, story.tiers) == (None, set())
    story.wait()  # the order's deadline: unanswered
    assert story.outcome is Outcome.ALREADY_TRANSFERRED


def test_gone_closes_after_the_visit_when_the_bank_has_answered_first() -> None:
    story = Story(HIGH).say(VOICE, D.ALREADY_TRANSFERRED)
    story.life.orders = ()
    story.life.turn()
    assert story.outcome is None
    assert story.say(VISIT, D.ALREADY_TRANSFERRED).outcome is Outcome.ALREADY_TRANSFERRED


def test_gone_at_the_door_needs_no_other_visit() -> None:
    story = to_the_visit(HIGH).say(VISIT, D.ALREADY_TRANSFERRED)
    assert (story.outcome, story.tiers) == (None, set())
    assert story.wait().outcome is Outcome.ALREADY_TRANSFERRED


def test_gone_and_not_there_is_visited_as_the_row_says() -> None:
    story = Story(HIGH).say(VOICE, D.ALREADY_TRANSFERRED)
    story.meet(VISIT, R.NOT_THERE)
    assert story.gap(VISIT) == timedelta(minutes=60)


def test_gone_stays_gone_though_they_agree_at_the_door() -> None:
    story = Story(CRITICAL).say(VOICE, D.ALREADY_TRANSFERRED).say(VISIT, D.PERSUADED)
    assert FOLLOW_UP not in story.tiers
    assert story.wait().outcome is Outcome.ALREADY_TRANSFERRED


def test_gone_in_follow_up_stands_the_check_down() -> None:
    story = Story(HIGH).say(VOICE, D.PERSUADED)
    story.late(story.ended(VOICE)[0], D.ALREADY_TRANSFERRED)
    assert story.tiers == {VISIT}


def test_money_moved_in_a_directive_drafts_the_order_at_opening_once() -> None:
    story = Story(HIGH, money_moved=True)
    assert [order.due_at for order in story.life.orders] == [NOON + ORDER_WITHIN]
    story.say(VOICE, D.ALREADY_TRANSFERRED)
    assert len(story.life.ordered) == 1


# endings


@pytest.mark.parametrize("tier", [VOICE, VISIT])
def test_a_false_alarm_closes(tier: Tier) -> None:
    story = Story(CRITICAL).say(tier, D.FALSE_ALARM)
    assert (story.outcome, story.state) == (Outcome.FALSE_ALARM, State.CLOSED)


def test_a_false_alarm_by_phone_does_not_undo_the_door() -> None:
    story = Story(CRITICAL).answer(VOICE)
    story.say(VISIT, D.NOT_PERSUADED).say(VOICE, D.FALSE_ALARM)
    assert story.outcome is None


@pytest.mark.parametrize(
    ("answers", "outcome"),
    [
        ((R.NO_LOSS, R.NOT_FOUND, R.REFUSED), Outcome.VERIFIED),
        ((R.NOT_FOUND, R.REFUSED, R.NO_LOSS), Outcome.VERIFIED),
        ((R.NOT_FOUND, R.REFUSED, R.NOT_FOUND), Outcome.UNCONFIRMED),
        ((R.NO_LOSS, R.LOSS), Outcome.DEFRAUDED_AFTER_WARNING),
        ((R.RELAPSE,), Outcome.RELAPSED),
    ],
)
def test_how_a_follow_up_ends_after_an_agreement(answers: tuple[Result, ...], outcome: Outcome) -> None:
    assert asked(Story(HIGH).say(VOICE, D.PERSUADED), *answers).outcome is outcome


def test_a_check_nobody_reports_is_followed_by_the_next() -> None:
    story = Story(HIGH).say(VOICE, D.PERSUADED).wait(2)
    assert [p.result for p in story.ended(FOLLOW_UP)] == [R.NO_NEWS]
    assert asked(story, R.NO_LOSS, R.NOT_FOUND).outcome is Outcome.VERIFIED


@pytest.mark.parametrize(("met", "outcome"), [(True, Outcome.NOT_PERSUADED), (False, Outcome.NOT_FOUND)])
def test_how_a_case_ends_in_which_nobody_agreed(met: bool, outcome: Outcome) -> None:
    story = to_the_visit(LOW)
    while VISIT in story.tiers:
        story.meet(VISIT, R.MET if met else R.NOT_THERE)
    assert story.wait().outcome is outcome


@pytest.mark.parametrize(
    ("met", "outcome"), [(True, Outcome.DEFRAUDED_AFTER_WARNING), (False, Outcome.ALREADY_TRANSFERRED)]
)
def test_a_loss_found_by_a_check_closes_at_once_with_an_order(met: bool, outcome: Outcome) -> None:
    story = to_the_visit(LOW)
    while VISIT in story.tiers:
        story.meet(VISIT, R.MET if met else R.WRONG_ADDRESS)
    asked(story, R.LOSS)
    assert story.outcome is outcome
    assert len(story.life.orders) == 1


# a second directive


def test_a_raise_starts_the_openers_and_leaves_what_runs() -> None:
    story = Story(LOW).answer(VOICE)
    story.directive(CRITICAL)
    assert story.tiers == {VOICE, VISIT}
    assert len(story.ended(VOICE)) == 0


def test_a_raise_plans_the_undialled_anew_at_the_new_pace() -> None:
    story = Story(LOW).meet(VOICE, R.NO_ANSWER)
    assert story.gap(VOICE) == timedelta(minutes=15)
    story.directive(HIGH)
    assert story.gap(VOICE) == timedelta(seconds=30)  # 60 s after the first, of which 30 have passed


def test_a_raise_turns_a_watch_into_checks_from_the_contact_on() -> None:
    story = Story(MEDIUM).say(VOICE, D.PERSUADED)
    contact = story.now
    story.directive(HIGH, after=timedelta(hours=2))
    check = story.find(FOLLOW_UP)
    assert (check.stage, check.starts_at) == (Stage.PLANNED, contact + timedelta(hours=24))


def test_calls_that_a_rise_set_beside_a_visit_go_on_when_a_person_lowers_the_level() -> None:
    story = Story(MEDIUM).meet(VOICE, R.NO_ANSWER).directive(CRITICAL)
    assert story.tiers == {VOICE, VISIT}
    story.life.level, story.life.level_set_at = MEDIUM, story.now
    story.life.turn()
    assert story.tiers == {VOICE, VISIT}
    assert story.find(VOICE).level is MEDIUM


def test_a_check_already_due_when_the_level_rises_begins_at_once() -> None:
    story = to_the_visit(LOW)
    while VISIT in story.tiers:
        story.meet(VISIT, R.NOT_THERE)
    story.directive(CRITICAL, after=timedelta(hours=30))
    assert story.find(FOLLOW_UP).stage is Stage.CHECKING


def test_a_directive_keeps_an_old_case_callable() -> None:
    story = Story(HIGH, age=timedelta(hours=3, minutes=59))
    story.directive(HIGH).meet(VOICE, R.NO_ANSWER)
    assert story.gap(VOICE) == timedelta(seconds=60)


def test_a_level_set_by_a_person_is_not_raised_by_what_came_before() -> None:
    story = Story(HIGH).meet(VOICE, R.BUSY).meet(VOICE, R.BUSY)
    assert story.level is CRITICAL
    story.life.level, story.life.level_set_at = HIGH, story.now
    story.life.turn()
    assert story.level is HIGH
    assert "sms" in story.life.sent


# units


def visit_of(story: Story, result: Result, word: Disposition | None = None) -> Try:
    """The visit planned after one that ended so."""
    life = story.life.copy()
    visit = story.find(VISIT)
    life.change(visit.id, result=result, ended_at=life.now, due_at=None, disposition=word)
    life.change(visit.id, judged_at=life.now if word else None)
    plan = policy.next_steps(life.facts(), chain(), life.now)
    return next(a for a in plan.actions if isinstance(a, Try) and a.tier is VISIT)


def test_who_goes_first_and_who_goes_next() -> None:
    plan = policy.next_steps(Facts(level=HIGH, issued_at=NOON), chain(), NOON)
    assert [a.seek for a in plan.actions if isinstance(a, Try)] == ["first"]
    story = to_the_visit(HIGH)
    assert visit_of(story, R.NO_ACKNOWLEDGEMENT).seek == "next"
    assert visit_of(story, R.NOT_THERE).seek == "same"
    assert not visit_of(story, R.NOT_THERE).reinforced


@pytest.mark.parametrize(("result", "word"), [(R.REFUSES_DOOR, None), (R.MET, D.NOT_PERSUADED)])
def test_a_refused_unit_goes_again_with_more_people(result: Result, word: Disposition | None) -> None:
    again = visit_of(to_the_visit(HIGH), result, word)
    assert (again.seek, again.reinforced) == ("same", True)


# who was met


@pytest.mark.parametrize("result", set(Result) - {R.REACHED, R.MET})
def test_no_machine_and_nobody_else_counts_as_the_person(result: Result) -> None:
    assert not was_met([Past(0, VOICE, HIGH, Stage.DIALLED, NOON, None, result, None, NOON)])


def test_a_wrong_person_counts_as_nobody() -> None:
    assert not was_met(
        [Past(0, VOICE, HIGH, Stage.DIALLED, NOON, None, R.ANSWERED_BY_OTHER, D.WRONG_PERSON, NOON, NOON)]
    )


# what holds of every plan

WORDS = st.lists(
    st.tuples(st.sampled_from([VOICE, VIDEO, VISIT]), st.sampled_from(list(D)), st.integers(0, 600)),
    max_size=6,
)


def spoken(words: list[tuple[Tier, Disposition, int]]) -> list[Past]:
    """Attempts that ended with these words, at so many minutes past noon."""
    return [
        Past(
            n, tier, HIGH, Stage.DIALLED, NOON, None, result_with(tier, word), word,
            NOON + timedelta(minutes=at), NOON + timedelta(minutes=at),
        )
        for n, (tier, word, at) in enumerate(words)
    ]  # fmt: skip


@given(WORDS)
def test_an_agreement_stands_only_on_somebodys_word(words: list[tuple[Tier, Disposition, int]]) -> None:
    past = spoken(words)
    agreed_at = standing(past, HIGH).agreed_at
    said = [p.judged_at for p in past if p.disposition is D.PERSUADED]
    assert agreed_at is None or agreed_at in said


@given(WORDS, st.randoms())
def test_words_weigh_the_same_in_whatever_order_their_rows_are_read(
    words: list[tuple[Tier, Disposition, int]], random: Random
) -> None:
    past = spoken(words)
    shuffled = list(past)
    random.shuffle(shuffled)
    assert standing(past, HIGH) == standing(shuffled, HIGH)


@given(WORDS, st.integers(601, 900))
def test_a_lower_tiers_later_word_changes_no_agreement_at_the_door(
    words: list[tuple[Tier, Disposition, int]], later: int
) -> None:
    door = [*words, (VISIT, D.PERSUADED, 600)]
    before = standing(spoken(door), HIGH)
    for word in (D.NOT_PERSUADED, D.DENIES, D.FALSE_ALARM, D.WRONG_PERSON):
        after = standing(spoken([*door, (VOICE, word, later)]), HIGH)
        assert after.agreed_at == before.agreed_at


@given(
    st.sampled_from(Level),
    st.integers(0, 3),
    st.booleans(),
    st.booleans(),
    st.integers(0, 4000),
    st.integers(0, 24),
)
def test_every_case_opens_with_something_that_falls_due(
    level: Level, numbers: int, can_visit: bool, money_moved: bool, age: int, rung: int
) -> None:
    facts = Facts(
        level=level,
        issued_at=NOON - timedelta(minutes=age),
        numbers=tuple(range(1, numbers + 1)),
        rung={1: (NOON - timedelta(hours=1),) * rung},
        can_visit=can_visit,
        money_moved=money_moved,
    )
    plan = policy.next_steps(facts, chain(), NOON)
    assert plan.due_at is None or plan.due_at > NOON
    assert plan == policy.next_steps(facts, chain(), NOON)


def test_an_order_past_its_deadline_lapses() -> None:
    facts = Facts(level=HIGH, issued_at=NOON, numbers=(1,), orders=(OpenOrder(7, NOON),))
    assert [str(a) for a in policy.next_steps(facts, chain(), NOON).actions] == ["Lapse(order=7)"]
