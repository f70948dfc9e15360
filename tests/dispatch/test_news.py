"""Sums that people name, notes that carry facts, news that comes late: what is kept, what follows, what rates say."""

from datetime import datetime, timedelta
from decimal import Decimal
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, transaction

from dispatch import record, wording
from dispatch.models import Attempt, Case, Event, Order, Sum
from dispatch.vocabulary import Disposition, Level, Money, OrderState, Outcome, Result, Role, State, Tier
from dispatch.workflow import closing, desk, orders, sums, turn, words
from dispatch.workflow.refusal import NotAllowedError
from telephony.sealing import unseal
from tests import factories
from tests.factories import START, Centre
from warning_center.supervision import rates, statistics
from warning_center.supervision.statistics import Filter

pytestmark = pytest.mark.django_db

AT_RISK, LOST, PROTECTED = Money


@pytest.fixture
def at() -> Centre:
    return factories.centre()


def later(**span: float) -> datetime:
    return START + timedelta(**span)


def fresh(case: Case) -> Case:
    return Case.objects.get(pk=case.pk)


def say(at: Centre, case: Case, kind: Money, amount: str, **given: Any) -> Sum:
    """An operator names a sum an hour after the start."""
    plain = {"by": at.user(), "why": "told by the son", "now": later(hours=1)}
    return sums.say(case_id=case.pk, kind=kind, amount=Decimal(amount), **{**plain, **given})


def agreed(at: Centre, level: Level = Level.HIGH) -> Case:
    return factories.judged(
        factories.directive(at, "A", number=1, level=level), Disposition.PERSUADED, now=later(minutes=5)
    )


def defrauded() -> tuple[int, int]:
    rate = rates.defrauded(statistics.read(Filter()))
    return rate.k, rate.n


# sums


def test_a_sum_is_kept_with_who_said_so_and_why(at: Centre) -> None:
    case, by = factories.directive(at, "A", number=1, amount="1000"), at.user()
    said = say(at, case, PROTECTED, "2500", by=by)
    assert (said.kind, said.amount, said.said_by, said.by) == (
        PROTECTED.value,
        Decimal(2500),
        "role:operator",
        by,
    )
    told = Event.objects.get(case=case, verb="sum")
    assert (told.by, told.why, told.detail) == (
        by,
        "told by the son",
        {"kind": "protected", "amount": "2500"},
    )
    pots = {pot.kind: pot.total for pot in statistics.money(Filter())}
    assert pots == {AT_RISK: 1000, LOST: 0, PROTECTED: 2500}
    assert Case.objects.get().due_at == case.due_at  # what is protected is no danger


def test_the_same_sum_again_does_nothing_and_another_is_the_newest(at: Centre) -> None:
    case, by = factories.directive(at, "A", number=1), at.user()
    first = say(at, case, PROTECTED, "2500", by=by)
    assert say(at, case, PROTECTED, "2500", by=by, now=later(hours=2)) == first
    say(at, case, PROTECTED, "0", by=by, now=later(hours=3))
    pots = {pot.kind: pot.total for pot in statistics.money(Filter())}
    assert (Sum.objects.count(), pots[PROTECTED]) == (2, Decimal(0))


def test_a_sum_needs_somebody_at_the_desk_a_reason_and_no_minus(at: Centre) -> None:
    case = factories.directive(at, "A", number=1)
    with pytest.raises(NotAllowedError, match="at the desk"):
        say(at, case, LOST, "1", by=at.user(Role.OFFICER))
    with pytest.raises(NotAllowedError, match="a reason is needed"):
        say(at, case, LOST, "1", why=" ")
    with pytest.raises(NotAllowedError, match="zero or more"):
        say(at, case, LOST, "-1")
    assert not Sum.objects.exists()


def test_more_at_risk_than_was_known_raises_the_level(at: Centre) -> None:
    signs = {"on_call_seconds": 600}
    case = factories.directive(at, "A", number=1, level=None, signs=signs)
    assert Level(case.level) is Level.MEDIUM
    say(at, case, AT_RISK, "1000000")
    assert (Level(fresh(case).level), fresh(case).sizes["amount"]) == (Level.HIGH, 1_000_000)
    say(at, case, AT_RISK, "5", now=later(hours=2))
    assert (Level(fresh(case).level), fresh(case).sizes["amount"]) == (Level.HIGH, 1_000_000)


def test_a_loss_before_anybody_reached_them_drafts_an_order_and_the_effort_goes_on(at: Centre) -> None:
    case = factories.directive(at, "A", number=1)
    say(at, case, LOST, "5000", now=later(minutes=1))
    assert (fresh(case).is_open, fresh(case).sizes["money_moved"]) == (True, 1)
    order = Order.objects.get(case=case)
    assert (order.state, order.amount) == (OrderState.DRAFTED.value, Decimal(5000))
    assert Attempt.objects.live().filter(case=case, tier=Tier.VOICE).exists()


def test_a_loss_after_they_agreed_closes_as_defrauded_after_warning_even_between_checks(at: Centre) -> None:
    case = agreed(at)
    check = factories.live(case, Tier.FOLLOW_UP)
    assert check.started_at is None
    say(at, case, LOST, "5000")
    case, check = fresh(case), Attempt.objects.get(pk=check.pk)
    assert (case.outcome, check.result) == (Outcome.DEFRAUDED_AFTER_WARNING, Result.LOSS)
    assert Order.objects.get(case=case).state == OrderState.DRAFTED
    assert defrauded() == (1, 1)


def test_a_loss_that_was_gone_before_they_agreed_leaves_the_agreement(at: Centre) -> None:
    case = agreed(at)
    say(at, case, LOST, "5000", before=True)
    case = fresh(case)
    assert (case.state, case.agreed_at, case.sizes["money_moved"]) == (State.FOLLOW_UP, later(minutes=5), 1)
    assert Order.objects.filter(case=case).exists()
    assert factories.followed_up(case).outcome == Outcome.VERIFIED
    assert defrauded() == (0, 1)


def test_a_loss_after_a_success_opens_a_case_that_counts_as_defrauded_after_warning(at: Centre) -> None:
    case = factories.followed_up(agreed(at))
    closed_at = case.closed_at
    assert (case.outcome, defrauded()) == (Outcome.VERIFIED, (0, 1))
    by = at.user(Role.SUPERVISOR)
    say(at, case, LOST, "5000", by=by, now=later(days=20))
    new = Case.objects.get(previous=case)
    assert (fresh(case).outcome, fresh(case).closed_at) == (Outcome.VERIFIED, closed_at)  # closed is final
    assert (new.outcome, new.closed_at) == (Outcome.DEFRAUDED_AFTER_WARNING, later(days=20))
    check = Attempt.objects.get(case=new)
    assert (check.tier, check.result, check.evidence["said"][0]["by"]) == (Tier.FOLLOW_UP, Result.LOSS, by.pk)
    assert (defrauded(), rates.success(statistics.read(Filter())).k) == ((1, 1), 0)
    assert next(pot.total for pot in statistics.money(Filter()) if pot.kind is LOST) == 5000
    order = Order.objects.get(case=new)
    orders.submit(order_id=order.pk, now=later(days=20, minutes=5))
    orders.answer(order_id=order.pk, held=Decimal(4000), now=later(days=20, minutes=9))
    assert Sum.objects.get(kind=PROTECTED).case == new


def test_what_was_gone_before_is_only_named_after_the_end(at: Centre) -> None:
    case = factories.followed_up(agreed(at))
    say(at, case, LOST, "5000", before=True, now=later(days=20))
    assert (Case.objects.count(), defrauded()) == (1, (0, 1))


def test_a_loss_named_once_more_opens_nothing_more(at: Centre) -> None:
    case = factories.followed_up(agreed(at))
    say(at, case, LOST, "5000", now=later(days=20))
    say(at, case, LOST, "6000", now=later(days=21))
    new = Case.objects.get(previous=case)
    say(at, new, LOST, "6000", now=later(days=22))
    assert Case.objects.count() == 2


def test_a_loss_where_nobody_was_ever_met_was_gone_before(at: Centre) -> None:
    case = factories.directive(at, "A", number=1)
    closing.hand_over(case_id=case.pk, by=at.user(), why="another city", now=later(minutes=1))
    say(at, case, LOST, "5000")
    assert Case.objects.get(previous=case).outcome == Outcome.ALREADY_TRANSFERRED
    assert defrauded() == (0, 0)


def test_a_loss_told_of_an_ended_case_is_heard_in_the_one_that_follows_it(at: Centre) -> None:
    case = factories.followed_up(agreed(at))
    follower = factories.directive(at, "B", number=1, now=later(days=20))
    say(at, case, LOST, "5000", now=later(days=20, minutes=1))
    follower = fresh(follower)
    assert (follower.is_open, follower.sizes["money_moved"]) == (True, 1)
    assert Order.objects.filter(case=follower).exists()


# late results of checks


def check_of(case: Case, number: int = 1) -> Attempt:
    return list(Attempt.objects.filter(case=case, tier=Tier.FOLLOW_UP).order_by("pk"))[number - 1]


def test_a_late_loss_while_the_case_is_open_ends_the_check_that_lives(at: Centre) -> None:
    case = agreed(at)
    first = factories.live(case, Tier.FOLLOW_UP)
    for _ in range(2):  # its hour comes, and goes
        due = fresh(case).due_at
        assert due is not None
        turn.advance([case.pk], now=due)
    assert Attempt.objects.get(pk=first.pk).result == Result.NO_NEWS
    officer = at.user(Role.OFFICER)
    words.record_result(attempt_id=first.pk, result=Result.LOSS, now=later(days=2, hours=12), by=officer)
    assert fresh(case).outcome == Outcome.DEFRAUDED_AFTER_WARNING
    assert Attempt.objects.get(pk=first.pk).result == Result.NO_NEWS  # results are never rewritten
    assert check_of(case, 2).result == Result.LOSS


@pytest.mark.parametrize(
    ("word", "outcome"),
    [(Result.LOSS, Outcome.DEFRAUDED_AFTER_WARNING), (Result.RELAPSE, "")],
)
def test_late_bad_news_after_the_end_opens_a_new_case_once(at: Centre, word: Result, outcome: str) -> None:
    case = factories.followed_up(agreed(at))
    check = check_of(case)
    for minute in (0, 1):
        words.record_result(
            attempt_id=check.pk, result=word, now=later(days=20, minutes=minute), agent="test"
        )
    new = Case.objects.get(previous=case)
    assert (new.outcome, fresh(case).outcome) == (outcome, Outcome.VERIFIED)
    assert Attempt.objects.get(pk=check.pk).result == Result.NO_LOSS
    if word is Result.RELAPSE:
        assert Level(new.level) is Level.CRITICAL
        assert new.attempts.live().filter(tier=Tier.VISIT).exists()


def test_other_late_results_still_move_nothing(at: Centre) -> None:
    case = factories.followed_up(agreed(at))
    words.record_result(attempt_id=check_of(case).pk, result=Result.REFUSED, now=later(days=20), agent="test")
    assert Case.objects.count() == 1


# notes


def test_a_note_with_a_danger_sign_reassesses_at_once_and_may_raise(at: Centre) -> None:
    case, by = factories.directive(at, "A", number=1, level=Level.MEDIUM), at.user()
    desk.note(
        case_id=case.pk,
        by=by,
        text="屏幕共享中",
        signs=("screen_shared", "remote_control"),
        now=later(minutes=1),
    )
    case = fresh(case)
    assert (case.sizes["screen_shared"], case.sizes["remote_control"]) == (1, 1)
    assert (Level(case.level), case.score) == (Level.MEDIUM, 54)
    desk.note(case_id=case.pk, by=by, text="", signs=["line_forwarded"], now=later(minutes=2))
    assert Level(fresh(case).level) is Level.HIGH
    assert not Order.objects.exists()
    noted = Event.objects.filter(verb="noted").order_by("pk").first()
    assert noted is not None
    told = (noted.by, unseal(noted.detail["sealed"]), noted.detail["signs"])
    assert told == (by, "屏幕共享中", ["remote_control", "screen_shared"])


def test_a_note_that_money_moved_drafts_the_order_as_a_directive_does(at: Centre) -> None:
    case = factories.directive(at, "A", number=1, amount="4000")
    desk.note(case_id=case.pk, by=at.user(), text="已转", signs=["money_moved"], now=later(minutes=1))
    order = Order.objects.get(case=case)
    assert (order.state, order.amount, order.due_at) == (
        OrderState.DRAFTED.value,
        Decimal(4000),
        later(minutes=31),
    )
    assert fresh(case).due_at is not None


def test_signs_are_the_policys_and_need_an_open_case_a_plain_note_needs_none(at: Centre) -> None:
    case = factories.directive(at, "A", number=1)
    for sign in ("amount", "agreed_before", "line_signs", "happy"):
        with pytest.raises(NotAllowedError, match="knows no such sign"):
            desk.note(case_id=case.pk, by=at.user(), text="x", signs=[sign], now=START)
    factories.judged(case, Disposition.FALSE_ALARM, now=later(minutes=1))
    with pytest.raises(NotAllowedError, match="closed already"):
        desk.note(case_id=case.pk, by=at.user(), text="x", signs=["money_moved"], now=later(minutes=2))
    desk.note(case_id=case.pk, by=at.user(), text="儿子 190 0000 0009", now=later(minutes=2))
    told = Event.objects.get(verb="noted")
    assert "190" not in str(told.detail)
    assert wording.sentence(told) == "备注：儿子 190 0000 0009"


def test_notes_of_before_they_were_sealed_are_sealed_and_the_record_stays_append_only(at: Centre) -> None:
    case = factories.directive(at, "D-9", number=9)
    plain = {"text": "在儿子家", "signs": ["screen_shared"]}
    older = [record.write("noted", now=START, case=case, **given) for given in (plain, {"signs": ["x"]})]
    sealing = import_module("dispatch.migrations.0005_notes_sealed_and_seats_kept")
    with connection.schema_editor() as editor:
        sealing.seal_notes(apps, editor)
    first, second = (Event.objects.get(pk=one.pk) for one in older)
    assert "在儿子家" not in str(first.detail)
    assert wording.sentence(first).endswith("在儿子家")
    assert second.detail == {"signs": ["x"]}
    with connection.schema_editor() as editor:
        sealing.open_notes(apps, editor)
    assert Event.objects.get(pk=first.pk).detail == plain
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        Event._base_manager.update(verb="other")


# taken and given back


def test_who_holds_a_case_or_a_supervisor_gives_it_back_and_nobody_else(at: Centre) -> None:
    case, by = factories.directive(at, "A", number=1), at.user()
    desk.give_back(case_id=case.pk, by=by, now=START)  # nobody holds it: nothing to do
    desk.take(case_id=case.pk, by=by, now=START)
    with pytest.raises(NotAllowedError, match="only who holds the case"):
        desk.give_back(case_id=case.pk, by=at.user(), now=START)
    assert fresh(case).holder == by
    desk.give_back(case_id=case.pk, by=by, now=later(minutes=1))
    assert fresh(case).holder is None
    desk.take(case_id=case.pk, by=by, now=later(minutes=2))
    chief = at.user(Role.SUPERVISOR)
    for minute in (3, 4):
        desk.give_back(case_id=case.pk, by=chief, now=later(minutes=minute))
    told = Event.objects.filter(verb="given_back").order_by("pk")
    assert [(e.by, e.detail["before_holder"]) for e in told] == [(by, by.pk), (chief, by.pk)]
