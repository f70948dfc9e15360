"""What holds of every case, whatever happens to it: drawn histories, and the bars told anew."""

from datetime import datetime, timedelta
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch import policy
from dispatch.plan import Close, Facts, Plan, Try
from dispatch.standing import was_met
from dispatch.vocabulary import CALLS, FACE_TO_FACE, SUCCESSES, Level, Outcome
from tests import walk
from tests.examples import few
from tests.happenings import Happening, happen, happenings
from tests.lives import NOON, Life, chain

MOST_TURNS = 400
STARTS = {**walk.main_starts(), **walk.other_starts()}


def drawn(data: st.DataObject, names: list[str] | None = None) -> Life:
    """A case that has begun in one of the ways a case can begin."""
    start = STARTS[data.draw(st.sampled_from(names or sorted(STARTS)))]
    return (start if start.trail else start.copy().turn()).rest()


def one_of(data: st.DataObject, ways: list[Happening]) -> Happening:
    return data.draw(st.sampled_from(ways))


# one order


@settings(max_examples=few(60))
@given(st.data(), st.randoms(use_true_random=False))
def test_the_same_facts_have_the_same_plan_in_whatever_order_the_past_is_told(
    data: st.DataObject, random: Random
) -> None:
    life = drawn(data)
    for _ in range(data.draw(st.integers(1, 8))):
        if life.outcome is None:
            before, life = life, happen(life, one_of(data, list(happenings(life))))
            told = life.copy()
            told.level, told.opened_level = before.level, before.opened_level  # openers and rises as well
            assert _plan(told, told.past) == _plan(told, tuple(random.sample(told.past, len(told.past))))


def _plan(life: Life, past: tuple[object, ...]) -> Plan:
    facts = life.facts()
    twisted = Facts(**{name: getattr(facts, name) for name in Facts.__slots__} | {"past": past})
    return policy.next_steps(twisted, chain(), life.now)


# only a person's word


def _impersonal(life: Life) -> list[Happening]:
    """What machines, lines and other people bring about: nobody has checked who it is, and nobody judges."""
    return [
        what
        for what in happenings(life)
        if what.disposition is None and what.result not in FACE_TO_FACE and what.what != "answered"
    ]


@settings(max_examples=few(60))
@given(st.data())
def test_without_a_persons_word_nobody_is_reached_and_no_case_succeeds(data: st.DataObject) -> None:
    life = drawn(data, [name for name in STARTS if "agreed" not in name])
    for _ in range(data.draw(st.integers(0, 30))):
        if life.outcome is None:
            life = happen(life, one_of(data, _impersonal(life)))
            life.asides = 0
            _nobody_was_reached(life)
    for _ in range(MOST_TURNS):
        if life.outcome is None:
            life = happen(life, Happening("time"))
            _nobody_was_reached(life)
    assert life.outcome not in (None, *SUCCESSES)
    assert life.outcome is not Outcome.NOT_PERSUADED


def _nobody_was_reached(life: Life) -> None:
    stands = life.standing()
    assert (stands.spoken, stands.gone, stands.agreed_at) == (None, False, None)
    assert not was_met(life.past)


# the bars

HOURS = st.integers(0, 48 * 60 * 60).map(lambda s: timedelta(seconds=s))


@given(
    st.sampled_from(Level),
    st.integers(0, 24 * 60 * 60 - 1),
    st.lists(HOURS, max_size=24),
    HOURS,
    st.booleans(),
)
def test_no_call_is_planned_outside_the_hours_past_expiry_or_over_the_cap(
    level: Level, second: int, ago: list[timedelta], age: timedelta, can_visit: bool
) -> None:
    rows = chain().levels[level]
    now = NOON + timedelta(seconds=second)
    rung = tuple(now - one for one in ago)
    facts = Facts(
        level=level, issued_at=now - age, numbers=(1,), rung={1: rung, 2: (now,) * 50}, can_visit=can_visit
    )
    call = _call(policy.next_steps(facts, chain(), now))
    begins = _next_hour(now, level)
    recent = sum(begins - at < timedelta(hours=24) for at in rung)
    allowed = (not rows.most_calls or recent < rows.most_calls) and (
        rows.expires_after is None or begins < facts.issued_at + rows.expires_after
    )
    assert (call is not None) is allowed
    if call is not None:
        assert call.starts_at == begins
        assert call.due_at > begins
        assert rows.expires_after is None or call.due_at <= facts.issued_at + rows.expires_after
        assert rows.hours is None or (call.due_at + timedelta(hours=8)).time() <= rows.hours[1]


def _call(plan: Plan) -> Try | None:
    return next((a for a in plan.actions if isinstance(a, Try) and a.tier in CALLS), None)


def _next_hour(now: datetime, level: Level) -> datetime:
    """The next moment within the calling hours, by the wall clock of the centre, eight hours ahead."""
    hours = chain().levels[level].hours
    if hours is None:
        return now
    clock = now + timedelta(hours=8)
    midnight = clock.replace(hour=0, minute=0, second=0)
    opens, closes = (timedelta(hours=at.hour, minutes=at.minute) for at in hours)
    since = clock - midnight
    wait = (
        opens - since if since < opens else opens + timedelta(hours=24) - since if since >= closes else None
    )
    return now + (wait or timedelta())


def test_a_closing_plan_is_never_due_again() -> None:
    facts = Facts(level=Level.LOW, issued_at=NOON - timedelta(days=3), can_visit=False)
    plan = policy.next_steps(facts, chain(), NOON)
    assert plan.due_at is None
    assert isinstance(plan.actions[-1], Close)
