"""Closing is enforced on every path: each outcome against every door, and what each needs before it is granted."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from dispatch.admin.acts import ACTS
from dispatch.models import Attempt, Case, Order
from dispatch.vocabulary import Disposition, Level, OrderState, Outcome, Result, Role, Tier
from dispatch.workflow import closing, orders, report, turn, words
from dispatch.workflow.refusal import NotAllowedError
from telephony import clock
from tests import factories
from tests.factories import START, Centre

pytestmark = pytest.mark.django_db

D, R = Disposition, Result


@pytest.fixture(autouse=True)
def moving(settings: Settings) -> None:
    settings.CLOCK = "telephony.clock.moving"
    clock.moving.set(later(minutes=5))


@pytest.fixture
def at() -> Centre:
    return factories.centre()


def later(**span: float) -> datetime:
    return START + timedelta(**span)


def fresh(case: Case) -> Case:
    return Case.objects.get(pk=case.pk)


def new(at: Centre, level: Level = Level.HIGH) -> Case:
    return factories.directive(at, "A", number=1, level=level)


# what each ending needs, and that it then comes: the only ways there are


def _agreed(at: Centre, level: Level = Level.HIGH) -> Case:
    return factories.judged(new(at, level), D.PERSUADED, now=later(minutes=1))


def _not_persuaded(at: Centre) -> Case:
    case = factories.judged(new(at, Level.LOW), D.NOT_PERSUADED, now=later(minutes=1))
    return _let_time_pass(case)


def _let_time_pass(case: Case) -> Case:
    for _ in range(60):
        case = fresh(case)
        if case.due_at is None:
            return case
        turn.advance([case.pk], now=case.due_at)
    raise AssertionError("it never closed")


def _gone(at: Centre) -> Case:
    case = factories.judged(new(at), D.ALREADY_TRANSFERRED, now=later(minutes=1))
    factories.judged(case, D.ALREADY_TRANSFERRED, Tier.VISIT, now=later(minutes=2))
    order = Order.objects.get(case=case)
    orders.submit(order_id=order.pk, now=later(minutes=3))
    orders.answer(order_id=order.pk, held=Decimal(0), now=later(minutes=4))
    return fresh(case)


def _nowhere(at: Centre) -> Case:
    case = new(at, Level.LOW)  # it waits for a line until it expires
    Case.objects.filter(pk=case.pk).update(unit=None, fallback=None)
    return _let_time_pass(case)


def _merged(at: Centre) -> Case:
    case = new(at)
    known: dict[str, Any] = {"id_number": "440904199001011234"}
    factories.directive(at, "B", person=report.Person(number="+8619000000002", **known))
    factories.directive(at, "C", person=report.Person(number="+8619000000001", **known))
    return fresh(case)


def _relapsed(at: Centre) -> Case:
    case = _agreed(at)
    factories.directive(at, "B", number=1, now=later(hours=1))
    return fresh(case)


WAYS: dict[Outcome, Callable[[Centre], Case]] = {
    Outcome.VERIFIED: lambda at: factories.followed_up(_agreed(at)),
    Outcome.UNCONFIRMED: lambda at: _let_time_pass(_agreed(at, Level.MEDIUM)),
    Outcome.NOT_PERSUADED: _not_persuaded,
    Outcome.DEFRAUDED_AFTER_WARNING: lambda at: factories.followed_up(_agreed(at), R.LOSS, checks=1),
    Outcome.ALREADY_TRANSFERRED: _gone,
    Outcome.RELAPSED: _relapsed,
    Outcome.FALSE_ALARM: lambda at: factories.judged(new(at), D.FALSE_ALARM, now=later(minutes=1)),
    Outcome.NOT_FOUND: lambda at: _let_time_pass(new(at, Level.MEDIUM)),
    Outcome.EXPIRED: _nowhere,
    Outcome.HANDED_OVER: lambda at: closing.hand_over(case_id=new(at).pk, by=at.user(), why="-", now=START),
    Outcome.DUPLICATE: _merged,
    Outcome.VOID: lambda at: closing.void(
        case_id=new(at).pk, by=at.user(Role.SUPERVISOR), why="-", now=START
    ),
}


@pytest.mark.parametrize("outcome", Outcome)
def test_each_ending_comes_by_what_it_needs(at: Centre, outcome: Outcome) -> None:
    case = WAYS[outcome](at)
    assert (fresh(case).outcome, fresh(case).due_at) == (outcome, None)
    assert not Attempt.objects.live().filter(case=case).exists()


# every door against every outcome: at most these come of one thing said about a case just begun

Door = Callable[[Centre, Case], None]


def _acts(role: Role) -> Door:
    """Every act of the case page with every word it takes, as somebody of this role, each on its own."""

    def press(at: Centre, case: Case) -> None:
        client = Client()
        client.force_login(at.user(role))
        call = factories.answer(case, now=START)
        for what, word in _asked():
            asked = {
                "attempt": call.pk,
                "why": "",
                "text": "x",
                "amount": "1",
                "kind": "protected",
                "level": "3",
            }
            address = reverse("admin:dispatch_case_act", args=[case.pk, what])
            answer = client.post(address, {**asked, **word})
            assert answer.status_code == (302 if role in ACTS[what].roles else 403)

    return press


def _asked() -> Iterator[tuple[str, dict[str, str]]]:
    """Every act before, with and after every result; only those that take one tell results apart."""
    taking = [what for what, act in ACTS.items() if "result" in act.form.base_fields]
    assert taking
    first, *others = Result
    for results, acts in (([first], ACTS), (others, taking), ([first], ACTS)):
        yield from ((what, {"result": result, "disposition": ""}) for result in results for what in acts)


def _field(at: Centre, case: Case) -> None:
    officer = at.user(Role.OFFICER, at.station, password=factories.PASSWORD)
    client = Client(raise_request_exception=True)
    login = {"username": officer.username, "password": factories.PASSWORD, "device": "d"}
    address = "/api/v1/field/"
    key = client.post(f"{address}token", login, content_type="application/json").json()["token"]
    visit = factories.live(case, Tier.VISIT)
    for outcome in Outcome:
        for word in ("result", "outcome"):
            client.post(
                f"{address}visits/{visit.pk}/report", {word: outcome.value}, content_type="application/json",
                headers={"Authorization": f"Bearer {key}"},
            )  # fmt: skip


def _workflow(at: Centre, case: Case) -> None:
    for attempt in Attempt.objects.filter(case=case):
        for result in Result:
            for agent in ("test", ""):
                try:
                    words.record_result(
                        attempt_id=attempt.pk, result=result, now=later(minutes=5), agent=agent
                    )
                except NotAllowedError:
                    continue


def _by_hand(role: Role) -> Door:
    def close(at: Centre, case: Case) -> None:
        for ending in (closing.void, closing.hand_over):
            for why in ("", "  "):
                with pytest.raises(NotAllowedError):
                    ending(case_id=case.pk, by=at.user(role), why=why, now=later(minutes=5))

    return close


DOORS: dict[str, Door] = {
    **{f"the case page as {role}": _acts(role) for role in (Role.OPERATOR, Role.SUPERVISOR)},
    "the officers' REST": _field,
    "a result without a disposition": _workflow,
    **{f"by hand without a reason as {role}": _by_hand(role) for role in Role},
}


@pytest.mark.parametrize("door", DOORS)
def test_no_door_closes_a_case_by_results_or_without_reason(at: Centre, door: str) -> None:
    case = new(at, Level.CRITICAL)
    DOORS[door](at, case)
    assert (fresh(case).outcome, fresh(case).due_at is None) == ("", False)


@pytest.mark.parametrize("outcome", set(Outcome) - closing.OUTSIDE)
def test_what_the_chain_alone_may_say_nobody_closes_from_outside(at: Centre, outcome: Outcome) -> None:
    case = new(at)
    with pytest.raises(ValueError, match="the chain's to say"):
        closing.fold(case, outcome, now=START)
    assert fresh(case).is_open


@pytest.mark.parametrize("disposition", Disposition)
@pytest.mark.parametrize("tier", [Tier.VOICE, Tier.VISIT])
def test_of_all_words_after_meeting_only_a_false_alarm_closes_at_once(
    at: Centre, tier: Tier, disposition: Disposition
) -> None:
    case = factories.judged(new(at, Level.CRITICAL), disposition, tier, now=later(minutes=1))
    assert case.outcome == (Outcome.FALSE_ALARM if disposition is D.FALSE_ALARM else "")


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize(
    ("ending", "may"),
    [
        (closing.void, {Role.SUPERVISOR, Role.ADMINISTRATOR}),
        (closing.hand_over, {Role.OPERATOR, Role.SUPERVISOR, Role.ADMINISTRATOR}),
    ],
)
def test_who_may_close_by_hand_and_it_says_who_did(
    at: Centre, role: Role, ending: Callable[..., Case], may: set[Role]
) -> None:
    case, by = new(at), at.user(role)
    if role in may:
        ending(case_id=case.pk, by=by, why="-", now=START)
        assert fresh(case).closed_by == by
    else:
        with pytest.raises(NotAllowedError):
            ending(case_id=case.pk, by=by, why="-", now=START)
        assert fresh(case).is_open


@pytest.mark.parametrize("outcome", Outcome)
def test_what_is_closed_is_closed_by_nothing_again(at: Centre, outcome: Outcome) -> None:
    case = fresh(WAYS[outcome](at))
    before = (case.outcome, case.closed_at, case.closed_by)
    for ending in (closing.void, closing.hand_over):
        with pytest.raises(NotAllowedError, match="closed already"):
            ending(case_id=case.pk, by=at.user(Role.SUPERVISOR), why="-", now=later(days=30))
    turn.advance([case.pk], now=later(days=30))
    case = fresh(case)
    assert (case.outcome, case.closed_at, case.closed_by) == before


# what each still waits for


def test_gone_waits_for_the_visit_and_for_the_order_in_either_order(at: Centre) -> None:
    case = factories.judged(new(at), D.ALREADY_TRANSFERRED, now=later(minutes=1))
    order = Order.objects.get(case=case)
    orders.submit(order_id=order.pk, now=later(minutes=3))
    orders.answer(order_id=order.pk, held=Decimal(0), now=later(minutes=4))
    assert fresh(case).is_open  # the visit is under way
    factories.judged(case, D.ALREADY_TRANSFERRED, Tier.VISIT, now=later(minutes=5))
    assert fresh(case).outcome == Outcome.ALREADY_TRANSFERRED
    assert Order.objects.get(case=case).state == OrderState.ANSWERED


def test_no_loss_said_before_the_agreement_verifies_nothing(at: Centre) -> None:
    case = factories.judged(new(at, Level.LOW), D.NOT_PERSUADED, now=later(minutes=1))
    closed = _let_time_pass(case)
    assert (closed.outcome, closed.verified_at) == (Outcome.NOT_PERSUADED, None)


def test_a_machine_ends_no_check_with_no_loss(at: Centre) -> None:
    case = _let_time_pass(_agreed(at))
    assert case.outcome == Outcome.UNCONFIRMED
    assert case.verified_at is None
