"""The next case: whose it is and for how long, in the router's order; what is owed before, and a case passed on."""

from datetime import datetime, timedelta

import pytest
from django.db import transaction
from pytest_django import DjangoCaptureOnCommitCallbacks

from dispatch.models import Case, Event, Operator, User
from dispatch.vocabulary import Disposition, Level, Result, Role, Tier
from dispatch.workflow import debts, desk, handset, reserving, seats, words
from dispatch.workflow.refusal import NotAllowedError
from telephony import calls, exchange
from telephony.carrier import CallResult, CallStatus, Update
from telephony.models import Call, Desk
from tests import factories
from tests.factories import START, Centre
from tests.races import at_once
from tests.seats import EVER

NOW = START + timedelta(seconds=20)


@pytest.fixture
def at(db: None) -> Centre:
    centre = factories.centre()
    Desk.objects.all().delete()
    return centre


def seated(at: Centre, role: Role = Role.OPERATOR) -> User:
    """Somebody with a desk that is ready for as long as the test lasts."""
    user = at.user(role)
    row = Desk.objects.create(
        name=f"desk of {user}",
        state=Desk.State.READY,
        since=START,
        ready_since=START,
        lease=EVER,
        lease_until=START + EVER,
        tags=["video"],
    )
    Operator.objects.create(user=user, desk=row)
    return user


def fresh(case: Case) -> Case:
    return Case.objects.get(pk=case.pk)


def next_of(user: User, now: datetime = NOW) -> Case | None:
    return reserving.next_case(by=user, scope=None, now=now)


def row(user: User) -> Desk:
    return Desk.objects.get(operator__user=user)


def hear(status: CallStatus, result: CallResult | None = None, now: datetime = NOW) -> None:
    calls.hear(Update(str(Call.objects.at_desks().get().key), status, result), now=now)


def talked(at: Centre, user: User, case: Case, capture: DjangoCaptureOnCommitCallbacks) -> None:
    """The operator has reserved the case, called, been answered, and the line has fallen silent."""
    with capture(execute=False):
        handset.call(case_id=case.pk, tier=Tier.VOICE, by=user, now=NOW)
    hear(CallStatus.TALKING)
    hear(CallStatus.ENDED, CallResult.ANSWERED)


def test_the_next_case_is_the_first_of_the_routers_order_and_two_operators_get_two(at: Centre) -> None:
    medium = factories.directive(at, "A", number=1, level=Level.MEDIUM)
    critical = factories.directive(at, "B", number=2, level=Level.CRITICAL)
    first, second = seated(at), seated(at)
    assert next_of(first) == critical
    assert next_of(second) == medium
    assert (fresh(critical).holder, fresh(medium).holder) == (first, second)
    assert next_of(seated(at)) is None
    by = Event.objects.filter(verb="reserved").order_by("pk").values_list("by", flat=True)
    assert list(by) == [first.pk, second.pk]


def test_a_reservation_keeps_the_router_away_and_lapses_by_itself(at: Centre) -> None:
    case = factories.directive(at, "A", number=1)
    reader, _ready = seated(at), seated(at)
    next_of(reader)
    assert row(reader).state == Desk.State.PAUSED
    assert exchange.connect(now=NOW) == []
    over = NOW + reserving.HOLD
    assert fresh(case).is_held_by_another(None, NOW)
    assert not fresh(case).is_held_by_another(None, over)
    (call,) = exchange.connect(now=over)
    assert call.desk == row(_ready)


def test_a_reservation_that_lapsed_is_anothers_to_take(at: Centre) -> None:
    case = factories.directive(at, "A", number=1)
    gone, other = seated(at), seated(at)
    next_of(gone)
    assert next_of(other) is None
    assert next_of(other, NOW + reserving.HOLD) == case
    assert fresh(case).holder == other


def test_the_next_case_lets_the_one_before_go(at: Centre) -> None:
    first = factories.directive(at, "A", number=1, level=Level.CRITICAL)
    user = seated(at)
    assert next_of(user) == first
    second = factories.directive(at, "B", number=2, level=Level.CRITICAL, now=NOW)
    assert next_of(user, NOW) == first  # still the first of the order
    desk.take(case_id=first.pk, by=user, now=NOW)
    assert next_of(user, NOW + timedelta(seconds=1)) == second
    assert fresh(first).holder == user  # taken for good


def test_ready_and_the_end_of_the_shift_let_a_reserved_case_go(at: Centre) -> None:
    case = factories.directive(at, "A", number=1)
    user = seated(at)
    next_of(user)
    seats.ready(by=user, now=NOW)
    assert fresh(case).holder is None
    next_of(user)
    seats.away(by=user, now=NOW)
    assert fresh(case).holder is None
    seated(at)
    assert len(exchange.connect(now=NOW)) == 1


def test_only_cases_of_the_own_units_are_given(at: Centre) -> None:
    factories.directive(at, "A", number=1)
    user = seated(at)
    assert reserving.next_case(by=user, scope=at.other.path, now=NOW) is None
    assert reserving.next_case(by=user, scope="", now=NOW) is None
    assert row(user).state == Desk.State.READY


def test_where_no_call_waits_the_riskiest_that_is_still_to_be_called_comes_next(at: Centre) -> None:
    case = factories.directive(at, "A", number=1)
    seated(at)
    factories.unanswered(case, CallResult.BUSY, now=NOW)
    assert next_of(seated(at), NOW + timedelta(seconds=1)) == case


def test_a_case_whose_call_another_desk_is_asked_to_take_is_not_the_next(at: Centre) -> None:
    asked = seated(at)
    Desk.objects.update(mode=Desk.Mode.PREVIEW)
    case = factories.directive(at, "A", number=1)
    assert exchange.connect(now=NOW) == []  # asked first
    assert row(asked).state == Desk.State.OFFERED
    assert next_of(seated(at)) is None
    assert fresh(case).holder is None
    assert next_of(asked) == case


@pytest.mark.django_db(transaction=True)
def test_a_case_whose_call_is_being_offered_to_a_desk_this_moment_is_not_the_next() -> None:
    at = factories.centre()
    Desk.objects.update(mode=Desk.Mode.PREVIEW)
    case, user = factories.directive(at, "A", number=1), at.user()
    with transaction.atomic():
        exchange.connect(now=NOW)
        assert at_once(lambda: next_of(user)) == [None]
    assert fresh(case).holder is None


def test_after_a_contact_a_disposition_is_owed_before_the_next(
    at: Centre, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    case = factories.directive(at, "A", number=1)
    other = factories.directive(at, "B", number=2, level=Level.MEDIUM)
    user = seated(at)
    assert next_of(user) == case
    with django_capture_on_commit_callbacks(execute=False):
        handset.call(case_id=case.pk, tier=Tier.VOICE, by=user, now=NOW)
    hear(CallStatus.TALKING)
    with pytest.raises(NotAllowedError, match="your call is still up"):
        next_of(user)
    hear(CallStatus.ENDED, CallResult.ANSWERED)
    assert row(user).state == Desk.State.WRAPPING
    with pytest.raises(NotAllowedError, match="say first what came of your last call"):
        next_of(user)
    attempt = factories.live(case, Tier.VOICE)
    words.judge(attempt_id=attempt.pk, disposition=Disposition.PERSUADED, by=user, now=NOW)
    assert next_of(user) == other


def test_a_result_a_person_gave_settles_it_too(
    at: Centre, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    case = factories.directive(at, "A", number=1)
    user = seated(at)
    next_of(user)
    talked(at, user, case, django_capture_on_commit_callbacks)
    assert debts.owed(by=user, now=NOW) is not None
    attempt = factories.live(case, Tier.VOICE)
    words.record_result(attempt_id=attempt.pk, result=Result.ANSWERED_BY_OTHER, by=user, now=NOW)
    assert debts.owed(by=user, now=NOW) is None


def test_a_case_is_passed_to_a_colleague_who_holds_it(at: Centre) -> None:
    case = factories.directive(at, "A", number=1)
    user, colleague = seated(at), seated(at)
    next_of(user)
    reserving.pass_on(case_id=case.pk, to=colleague, by=user, why="会说客家话", now=NOW)
    assert (fresh(case).holder, fresh(case).held_until) == (colleague, None)
    told = Event.objects.get(verb="passed")
    assert (told.by, told.why, told.detail["to"]) == (user, "会说客家话", str(colleague))
    with pytest.raises(NotAllowedError, match="a colleague is on this case"):
        desk.take(case_id=case.pk, by=user, now=NOW)
    desk.take(case_id=case.pk, by=at.user(Role.SUPERVISOR), now=NOW)


@pytest.mark.parametrize("to", ["nobody", "oneself", "officer"])
def test_a_case_is_passed_to_nobody_else(at: Centre, to: str) -> None:
    case, user = factories.directive(at, "A", number=1), seated(at)
    whom = {"nobody": None, "oneself": user, "officer": at.user(Role.OFFICER)}[to]
    with pytest.raises(NotAllowedError):
        reserving.pass_on(case_id=case.pk, to=whom, by=user, why="", now=NOW)
    assert fresh(case).holder is None


@pytest.mark.django_db(transaction=True)
def test_operators_who_press_at_once_never_get_the_same_case() -> None:
    at = factories.centre()
    Desk.objects.all().delete()
    cases = [factories.directive(at, f"D-{n}", number=n, level=Level.CRITICAL) for n in range(6)]
    users = [seated(at) for _ in range(4)]
    for turn in range(3):
        now = NOW + reserving.HOLD * turn
        got = at_once(*[lambda u=user, t=now: next_of(u, t) for user in users])
        assert all(isinstance(one, Case) for one in got), got
        assert len({one.pk for one in got}) == len(users)
        held = {fresh(case).holder_id for case in cases if fresh(case).is_held_by_another(None, now)}
        assert held == {user.pk for user in users}
