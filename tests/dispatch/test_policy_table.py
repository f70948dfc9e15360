"""Every cell of the design's chain table: waits, counts and the next tier, at each level."""

from datetime import UTC, datetime, time, timedelta

import pytest

from dispatch.vocabulary import Disposition, Level, Outcome, Result, Stage, State, Tier
from tests.lives import NIGHT, NOON, chain
from tests.story import Story

CRITICAL, HIGH, MEDIUM, LOW = Level.CRITICAL, Level.HIGH, Level.MEDIUM, Level.LOW
VOICE, VIDEO, VISIT, FOLLOW_UP = Tier
D, R = Disposition, Result

SILENT = (R.NO_ANSWER, R.MACHINE, R.REJECTED, R.HUNG_UP, R.ANSWERED_UNVERIFIED, R.OUTCOME_UNKNOWN, R.REACHED)
UNREACHABLE = (
    R.POWERED_OFF, R.OUT_OF_AREA, R.SUSPENDED, R.INVALID_NUMBER, R.FORWARDED, R.LABELLED_NUISANCE,
)  # fmt: skip


def s(seconds: int) -> timedelta:
    return timedelta(seconds=seconds)


def m(minutes: int) -> timedelta:
    return timedelta(minutes=minutes)


def h(hours: int) -> timedelta:
    return timedelta(hours=hours)


def gaps(story: Story, tier: Tier, result: Result, times: int) -> list[timedelta]:
    """The waits before each next try, `times` results of one kind in a row."""
    found = []
    for _ in range(times):
        story.meet(tier, result)
        found.append(story.gap(tier))
    return found


# at once


@pytest.mark.parametrize(
    ("level", "tiers", "sms"),
    [
        (CRITICAL, {VOICE, VISIT}, True),
        (HIGH, {VOICE}, True),
        (MEDIUM, {VOICE}, False),
        (LOW, {VOICE}, True),
    ],
)
def test_what_begins_at_once(level: Level, tiers: set[Tier], sms: bool) -> None:
    story = Story(level)
    assert story.tiers == tiers
    assert {story.gap(tier) for tier in tiers} == {timedelta()}
    assert ("sms" in story.life.sent) is sms


def test_only_a_low_call_begins_with_an_announcement_and_only_its_visit_is_the_communitys() -> None:
    rows = chain().levels
    assert [level for level in Level if rows[level].rungs[VOICE].announce] == [LOW]
    assert [level for level in Level if rows[level].rungs[VISIT].community] == [LOW]


# busy and silent


@pytest.mark.parametrize("result", [R.BUSY, R.NO_ANSWER])
def test_critical_is_redialled_every_30_s_twenty_times_while_the_visit_runs(result: Result) -> None:
    story = Story(CRITICAL)
    story.arrive()
    assert gaps(story, VOICE, result, 20) == [s(30)] * 20
    story.meet(VOICE, result)
    assert story.tiers == {VISIT}


def test_critical_is_not_redialled_on_when_the_visit_has_ended() -> None:
    story = Story(CRITICAL)
    story.arrive().say(VISIT, D.NOT_PERSUADED)
    assert story.tiers == {VOICE, VISIT}  # a reinforced visit is planned, so the redials go on
    story.meet(VOICE, R.BUSY).meet(VOICE, R.BUSY)
    assert story.gap(VOICE) == s(30)


def test_high_busy_raises_to_critical_the_second_time() -> None:
    story = Story(HIGH)
    assert gaps(story, VOICE, R.BUSY, 1) == [s(30)]
    assert (story.level, story.tiers) == (HIGH, {VOICE})
    story.meet(VOICE, R.BUSY)
    assert (story.level, story.tiers) == (CRITICAL, {VOICE, VISIT})
    assert story.gap(VOICE) == s(30)


def test_high_busy_waits_30_60_60_s_and_then_redials_on_beside_a_visit() -> None:
    story = Story(HIGH, set_by_a_person=True)
    assert gaps(story, VOICE, R.BUSY, 3) == [s(30), s(60), s(60)]
    assert story.tiers == {VOICE}
    assert gaps(story, VOICE, R.BUSY, 1) == [s(60)]
    assert story.tiers == {VOICE, VISIT}
    story.arrive()
    assert gaps(story, VOICE, R.BUSY, 3) == [s(60)] * 3


@pytest.mark.parametrize(
    ("level", "result", "waits"),
    [
        (MEDIUM, R.BUSY, [s(60), s(120), s(300)]),
        (LOW, R.BUSY, [m(5), m(15)]),
        (HIGH, R.NO_ANSWER, [s(60), s(120), s(300)]),
        (MEDIUM, R.NO_ANSWER, [m(2), m(5), m(15)]),
        (LOW, R.NO_ANSWER, [m(15), m(60)]),
    ],
)
def test_the_list_of_waits_is_followed_by_a_visit(
    level: Level, result: Result, waits: list[timedelta]
) -> None:
    story = Story(level)
    assert gaps(story, VOICE, result, len(waits)) == waits
    assert story.tiers == {VOICE}
    story.meet(VOICE, result)
    assert (story.tiers, story.state) == ({VISIT}, State.VISIT)


@pytest.mark.parametrize("result", SILENT)
@pytest.mark.parametrize(("level", "wait"), [(CRITICAL, s(30)), (HIGH, s(60)), (MEDIUM, m(2)), (LOW, m(15))])
def test_every_silent_result_is_silence(level: Level, wait: timedelta, result: Result) -> None:
    assert Story(level).meet(VOICE, result).gap(VOICE) == wait


def test_waits_count_for_each_word_apart() -> None:
    story = Story(MEDIUM)
    assert gaps(story, VOICE, R.BUSY, 2) == [s(60), s(120)]
    assert gaps(story, VOICE, R.NO_ANSWER, 1) == [m(2)]
    assert gaps(story, VOICE, R.BUSY, 1) == [s(300)]


# unreachable


@pytest.mark.parametrize("result", UNREACHABLE)
@pytest.mark.parametrize("level", Level)
def test_who_cannot_be_reached_is_visited(level: Level, result: Result) -> None:
    story = Story(level).meet(VOICE, result)
    assert story.tiers == {VISIT}


@pytest.mark.parametrize(
    ("level", "reached"), [(CRITICAL, False), (HIGH, False), (MEDIUM, True), (LOW, True)]
)
def test_another_person_who_answers_is_silence_or_a_danger_sign_by_level(level: Level, reached: bool) -> None:
    story = Story(level).meet(VOICE, R.ANSWERED_BY_OTHER)
    assert story.tiers == ({VOICE} if reached else {VISIT})


def test_no_known_number_goes_as_unreachable() -> None:
    for level in Level:
        assert Story(level, numbers=()).tiers == {VISIT}


@pytest.mark.parametrize("level", Level)
def test_a_wrong_number_is_followed_by_the_next_one_and_then_goes_as_unreachable(level: Level) -> None:
    story = Story(level).say(VOICE, D.WRONG_PERSON)
    assert (story.find(VOICE).number, story.gap(VOICE)) == (2, timedelta())
    story.say(VOICE, D.WRONG_PERSON)
    assert story.tiers == {VISIT}


def test_a_redial_to_a_number_that_proves_wrong_is_taken_back() -> None:
    story = Story(HIGH).meet(VOICE, R.NO_ANSWER)
    story.late(story.ended(VOICE)[0], D.WRONG_PERSON)
    assert story.find(VOICE).number == 2
    assert [p.result for p in story.ended(VOICE)] == [R.NO_ANSWER, R.CANCELLED]


def test_a_wrong_person_at_the_door_is_a_wrong_address() -> None:
    story = Story(HIGH, numbers=()).say(VISIT, D.WRONG_PERSON)
    assert (story.gap(VISIT), story.find(VISIT).stage) == (m(60), Stage.PLANNED)


# faults


@pytest.mark.parametrize("result", [R.CONGESTION, R.FAILED_HERE])
def test_a_fault_tries_the_other_trunk_at_once_and_waits_when_all_have_failed(result: Result) -> None:
    story = Story(HIGH)
    waits = gaps(story, VOICE, result, 14)
    assert waits[0::2] == [timedelta()] * 7
    assert waits[1::2] == [s(10), s(20), s(40), s(80), m(2), m(2), m(2)]


def test_with_one_trunk_each_fault_waits() -> None:
    waits = gaps(Story(HIGH, trunks=1), VOICE, R.CONGESTION, 6)
    assert waits == [s(10), s(20), s(40), s(80), m(2), m(2)]


def test_a_fault_uses_up_no_attempt() -> None:
    story = Story(MEDIUM)
    gaps(story, VOICE, R.CONGESTION, 3)
    assert gaps(story, VOICE, R.BUSY, 3) == [s(60), s(120), s(300)]


def test_faults_go_on_until_expiry_and_then_somebody_goes() -> None:
    story = Story(HIGH, trunks=1)
    while VISIT not in story.tiers:
        story.meet(VOICE, R.CONGESTION)
    assert h(4) - m(3) < story.now - NOON <= h(4)
    assert VOICE not in story.tiers


def test_a_critical_line_is_tried_for_half_an_hour_while_the_visit_goes_on() -> None:
    story = Story(CRITICAL, trunks=1)
    story.arrive()
    while VOICE in story.tiers:
        story.meet(VOICE, R.CONGESTION)
    assert m(27) <= story.now - NOON < m(31)
    assert story.tiers == {VISIT}


# video


@pytest.mark.parametrize("level", [HIGH, MEDIUM, LOW])
@pytest.mark.parametrize("word", [D.NOT_PERSUADED, D.DENIES])
def test_who_is_not_persuaded_by_voice_is_asked_for_video(level: Level, word: Disposition) -> None:
    story = Story(level).say(VOICE, word)
    assert (story.tiers, story.state) == ({VIDEO}, State.VIDEO)


def test_under_critical_the_visit_goes_on_instead_of_video() -> None:
    story = Story(CRITICAL)
    story.say(VOICE, D.NOT_PERSUADED)
    assert story.tiers == {VISIT}
    assert len(story.ended(VISIT)) == 0


@pytest.mark.parametrize(("level", "tier"), [(HIGH, VISIT), (MEDIUM, VISIT), (LOW, FOLLOW_UP)])
def test_who_is_not_persuaded_by_video_either(level: Level, tier: Tier) -> None:
    assert Story(level).say(VOICE, D.NOT_PERSUADED).say(VIDEO, D.NOT_PERSUADED).tiers == {tier}


@pytest.mark.parametrize("result", [*SILENT, *UNREACHABLE, R.BUSY, R.ANSWERED_BY_OTHER, R.AUDIO_ONLY])
@pytest.mark.parametrize(("level", "tier"), [(HIGH, VISIT), (MEDIUM, VISIT), (LOW, FOLLOW_UP)])
def test_a_video_call_not_taken(level: Level, tier: Tier, result: Result) -> None:
    assert Story(level).say(VOICE, D.NOT_PERSUADED).meet(VIDEO, result).tiers == {tier}


def test_a_video_call_not_taken_under_critical_starts_or_leaves_the_visit() -> None:
    story = Story(HIGH).say(VOICE, D.NOT_PERSUADED).directive(CRITICAL)
    assert VISIT in story.tiers
    story.meet(VIDEO, R.NO_ANSWER)
    assert VIDEO not in story.tiers
    assert len(story.ended(VISIT)) == 0


def test_a_fault_of_a_video_call_is_no_refusal() -> None:
    story = Story(HIGH).say(VOICE, D.NOT_PERSUADED)
    assert gaps(story, VIDEO, R.CONGESTION, 2) == [timedelta(), s(10)]
    assert story.tiers == {VIDEO}


# no free line


@pytest.mark.parametrize(("level", "limit"), [(HIGH, m(20)), (MEDIUM, h(2))])
def test_no_free_line_in_time_is_a_visit(level: Level, limit: timedelta) -> None:
    story = Story(level).wait()
    assert (story.now - NOON, story.tiers) == (limit, {VISIT})
    assert story.ended(VOICE)[0].result is R.NOT_PLACED


def test_a_low_call_waits_for_a_line_until_expiry() -> None:
    story = Story(LOW)
    while VISIT not in story.tiers:
        story.wait()
        assert story.now - NOON <= h(48)
    assert story.now - NOON == h(48)


def test_a_critical_call_waits_on_while_the_visit_runs() -> None:
    story = Story(CRITICAL)
    story.arrive().wait()
    assert (story.now - NOON, story.tiers) == (m(20), {VOICE, VISIT})
    assert story.ended(VOICE)[0].result is R.NOT_PLACED


# visits


@pytest.mark.parametrize(
    ("level", "acknowledge", "arrive"),
    [(CRITICAL, m(2), m(30)), (HIGH, m(5), m(45)), (MEDIUM, m(15), h(2)), (LOW, h(1), h(24))],
)
def test_a_visit_is_acknowledged_and_arrives_within(
    level: Level, acknowledge: timedelta, arrive: timedelta
) -> None:
    story = Story(level, numbers=())
    assert story.find(VISIT).due_at == NOON + acknowledge
    within = chain().levels[level].rungs[VISIT].within
    assert (within[Stage.ACKNOWLEDGED], within[Stage.ARRIVED]) == (arrive, h(4))


@pytest.mark.parametrize(("level", "units"), [(CRITICAL, 5), (HIGH, 5), (MEDIUM, 5), (LOW, 2)])
def test_who_does_not_acknowledge_is_followed_by_the_next(level: Level, units: int) -> None:
    story = Story(level, numbers=())
    for _ in range(units):
        assert story.tiers == {VISIT}
        story.wait()
    assert [p.result for p in story.ended(VISIT)] == [R.NO_ACKNOWLEDGEMENT] * units
    assert story.tiers == {FOLLOW_UP}


def test_not_arrived_or_not_reported_goes_as_not_acknowledged() -> None:
    story = Story(HIGH, numbers=())
    story.arrive().wait()
    assert story.now == NOON + s(30) + h(4)
    assert (story.ended(VISIT)[0].result, story.tiers) == (R.NO_ACKNOWLEDGEMENT, {VISIT})
    assert story.gap(VISIT) == timedelta()


@pytest.mark.parametrize("result", [R.NOT_THERE, R.WRONG_ADDRESS, R.MET])
@pytest.mark.parametrize(
    ("level", "waits"), [(CRITICAL, [m(30)] * 4), (HIGH, [m(60)] * 3), (MEDIUM, [h(24)] * 2), (LOW, [h(24)])]
)
def test_nobody_there_is_visited_again(level: Level, waits: list[timedelta], result: Result) -> None:
    story = Story(level, numbers=())
    assert gaps(story, VISIT, result, len(waits)) == waits
    story.meet(VISIT, result)
    assert story.tiers == {FOLLOW_UP}


@pytest.mark.parametrize("level", Level)
@pytest.mark.parametrize("how", ["refuses_door", "not_persuaded", "denies"])
def test_who_refuses_at_the_door_gets_a_reinforced_visit(level: Level, how: str) -> None:
    waits = {CRITICAL: [m(30)] * 5, HIGH: [m(60)] * 3, MEDIUM: [h(24)], LOW: []}[level]
    story = Story(level, numbers=())
    found = []
    while VISIT in story.tiers:
        if how == "refuses_door":
            story.meet(VISIT, R.REFUSES_DOOR)
        else:
            story.say(VISIT, Disposition(how))
        if VISIT in story.tiers:
            found.append(story.gap(VISIT))
    assert found == waits
    assert story.tiers == {FOLLOW_UP}


# follow-up


@pytest.mark.parametrize("level", [CRITICAL, HIGH])
def test_a_person_asks_at_24_h_72_h_and_7_d_after_the_contact(level: Level) -> None:
    story = Story(level).say(VOICE, D.PERSUADED)
    while VISIT in story.tiers:
        story.meet(VISIT, R.NOT_THERE)
    contact = NOON + s(30)
    for after in (h(24), h(72), timedelta(days=7)):
        assert story.find(FOLLOW_UP).starts_at == contact + after
        story.meet(FOLLOW_UP, R.NOT_FOUND, after=h(5))  # however late the answer
    assert story.outcome is Outcome.UNCONFIRMED


@pytest.mark.parametrize(("level", "days"), [(MEDIUM, 7), (LOW, 3)])
def test_a_watch_lasts_from_the_contact_on(level: Level, days: int) -> None:
    story = Story(level).say(VOICE, D.PERSUADED)
    watch = story.find(FOLLOW_UP)
    assert (watch.stage, watch.due_at) == (Stage.WATCHING, NOON + s(30) + timedelta(days=days))
    story.wait()
    assert (story.ended(FOLLOW_UP)[0].result, story.outcome) == (R.NO_NEWS, Outcome.UNCONFIRMED)


# bars


@pytest.mark.parametrize(("level", "cap"), [(HIGH, 20), (MEDIUM, 8), (LOW, 4)])
def test_a_number_rings_only_so_often_in_24_hours(level: Level, cap: int) -> None:
    assert Story(level, numbers=(1,), rung=cap).tiers == {VISIT}
    story = Story(level, numbers=(1,), rung=cap - 1)
    assert story.tiers == {VOICE}
    story.meet(VOICE, R.NO_ANSWER)
    assert story.tiers == {VISIT}


def test_critical_has_no_cap() -> None:
    assert VOICE in Story(CRITICAL, numbers=(1,), rung=100).tiers


@pytest.mark.parametrize(("level", "at"), [(CRITICAL, None), (HIGH, None), (MEDIUM, 8), (LOW, 8)])
def test_calling_hours_begin(level: Level, at: int | None) -> None:
    starts_at = Story(level, now=NIGHT).find(VOICE).starts_at
    expected = NIGHT if at is None else NIGHT + h(9)  # 23:00, so 08:00 is nine hours on
    assert starts_at == expected


@pytest.mark.parametrize(("level", "ends"), [(MEDIUM, time(21)), (LOW, time(20))])
def test_calling_hours_end(level: Level, ends: time) -> None:
    last = datetime.combine(NOON.date(), ends, tzinfo=chain().zone).astimezone(UTC)
    story = Story(level, now=last - m(5))
    assert story.find(VOICE).due_at == last  # no line is waited for beyond
    story.wait()
    assert story.find(VOICE).starts_at == last + (h(11) if level is MEDIUM else h(12))
    assert [p.result for p in story.ended(VOICE)] == [R.CANCELLED]  # it uses up no attempt
    assert Story(level, now=last).find(VOICE).starts_at.astimezone(chain().zone).time() == time(8)


@pytest.mark.parametrize(("level", "hours"), [(HIGH, 4), (MEDIUM, 24), (LOW, 48)])
def test_past_expiry_no_call_is_made_and_somebody_goes(level: Level, hours: int) -> None:
    assert Story(level, age=h(hours)).tiers == {VISIT}
    assert Story(level, age=h(hours) - m(1)).tiers == {VOICE}


def test_critical_does_not_expire() -> None:
    assert Story(CRITICAL, age=h(1000)).tiers == {VOICE, VISIT}


@pytest.mark.parametrize("level", [HIGH, MEDIUM, LOW])
def test_past_expiry_with_nowhere_to_send_a_visit_the_case_says_expired(level: Level) -> None:
    assert Story(level, age=h(49), can_visit=False).outcome is Outcome.EXPIRED


def test_past_expiry_a_visit_that_was_begun_is_not_begun_again() -> None:
    story = Story(HIGH, set_by_a_person=True)
    gaps(story, VOICE, R.BUSY, 4)
    story.arrive()
    while VOICE in story.tiers:
        story.meet(VOICE, R.BUSY)
        if VISIT not in story.tiers:
            break
    assert story.now < NOON + h(4)
    assert len(story.ended(VISIT)) + (VISIT in story.tiers) == 1
