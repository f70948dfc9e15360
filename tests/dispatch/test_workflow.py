"""The one writer of cases on the real PostgreSQL: opening, joining, merging, words, orders, the record."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import Min
from django.test.utils import CaptureQueriesContext

from dispatch.models import Attempt, Case, Event, Message, Order, PolicyVersion, Sum
from dispatch.vocabulary import (
    Disposition,
    Level,
    Money,
    OrderState,
    Outcome,
    Result,
    Role,
    Stage,
    State,
    Tier,
)
from dispatch.workflow import closing, desk, orders, report, turn, words
from dispatch.workflow.refusal import NotAllowedError
from telephony import calls, exchange
from telephony.carrier import CallResult, CallStatus, Update
from telephony.models import Call
from tests import factories
from tests.factories import START, Centre

pytestmark = pytest.mark.django_db

D, R = Disposition, Result
VOICE, VIDEO, VISIT, FOLLOW_UP = Tier
AN_ID = "440904199001011234"


@pytest.fixture
def at() -> Centre:
    return factories.centre()


def directive(at: Centre, reference: str, /, **given: Any) -> Case:
    """A directive about the person with number 1, unless told otherwise."""
    return factories.directive(at, reference, **{"number": "1", **given})


def later(**span: float) -> datetime:
    return START + timedelta(**span)


def fresh(case: Case) -> Case:
    return Case.objects.get(pk=case.pk)


def tiers(case: Case) -> set[Tier]:
    return {Tier(tier) for tier in Attempt.objects.live().filter(case=case).values_list("tier", flat=True)}


def verbs(case: Case) -> list[str]:
    return list(Event.objects.filter(case=case).order_by("pk").values_list("verb", flat=True))


def due_as_promised(case: Case) -> bool:
    """An open case is due when the first of its live attempts and open orders is."""
    case = fresh(case)
    least = Attempt.objects.live().filter(case=case).aggregate(due=Min("due_at"))["due"]
    order = Order.objects.open().filter(case=case).aggregate(due=Min("due_at"))["due"]
    return case.due_at == min(filter(None, (least, order)))


# opening


def test_a_directive_opens_a_case_books_its_call_and_writes_its_message(at: Centre) -> None:
    case = directive(at, "D-1", number="1", amount="30000")
    assert (case.state, Level(case.level), tiers(case)) == (State.VOICE, Level.HIGH, {VOICE})
    call = Call.objects.get()
    assert (call.status, call.booked_for, call.rank_at) == (CallStatus.BOOKED, START, later(minutes=-20))
    assert Message.objects.get().text.number == call.number == "+8619000000001"
    assert due_as_promised(case)
    assert case.assessments.get().policy.kind == PolicyVersion.Kind.RISK
    assert case.policy.kind == PolicyVersion.Kind.ESCALATION
    said = Sum.objects.get()
    assert (said.kind, said.amount, said.said_by) == (Money.AT_RISK, Decimal(30_000), "source:province")
    assert verbs(case)[0] == "opened"


def test_a_critical_case_calls_and_visits_at_once(at: Centre) -> None:
    case = directive(at, "D-1", level=Level.CRITICAL)
    assert (case.state, tiers(case)) == (State.VISIT, {VOICE, VISIT})
    assert factories.live(case, VISIT).unit == at.station
    assert due_as_promised(case)


def test_without_a_level_the_score_decides(at: Centre) -> None:
    signs = {"on_call_seconds": 1800, "money_moved": True, "screen_shared": True}
    case = directive(at, "D-1", level=None, signs=signs)
    assert Level(case.level) is Level.CRITICAL
    assert Order.objects.get(case=case).due_at == later(minutes=30)


def test_money_that_has_moved_is_told_as_lost(at: Centre) -> None:
    directive(at, "D-1", signs={"money_moved": True}, amount="5000")
    assert Sum.objects.get().kind == Money.LOST


# joining


def test_a_second_directive_joins_and_raises(at: Centre) -> None:
    case = directive(at, "D-1", number="1", level=Level.LOW)
    before = Call.objects.get().rank_at
    again = directive(at, "D-2", number="1", level=Level.CRITICAL, now=later(minutes=1))
    assert (again.pk, Level(again.level), tiers(again)) == (case.pk, Level.CRITICAL, {VOICE, VISIT})
    booked = Call.objects.get(status=CallStatus.BOOKED)
    assert booked.rank_at < before
    assert due_as_promised(again)
    assert "joined" in verbs(case)
    assert "raised" in verbs(case)


def test_a_lower_directive_joins_and_lowers_nothing(at: Centre) -> None:
    directive(at, "D-1", number="1", level=Level.HIGH)
    assert Level(directive(at, "D-2", number="1", level=Level.LOW).level) is Level.HIGH


def test_only_a_person_with_a_reason_lowers_a_level_and_old_results_raise_it_no_more(at: Centre) -> None:
    case, by = directive(at, "A1", level=Level.HIGH), at.user(Role.OPERATOR)
    for _ in range(2):
        factories.unanswered(case, now=Attempt.objects.live().get(case=case, tier=VOICE).starts_at)
    assert (fresh(case).level, tiers(case)) == (Level.CRITICAL, {VOICE, VISIT})
    with pytest.raises(NotAllowedError, match="a reason is needed"):
        desk.set_level(case_id=case.pk, level=Level.HIGH, by=by, why=" ", now=later(minutes=2))
    with pytest.raises(NotAllowedError, match="already"):
        desk.set_level(case_id=case.pk, level=Level.CRITICAL, by=by, why="twice", now=later(minutes=2))
    with pytest.raises(NotAllowedError, match="at the desk"):
        desk.set_level(
            case_id=case.pk, level=Level.LOW, by=at.user(Role.OFFICER), why="-", now=later(minutes=2)
        )
    desk.set_level(case_id=case.pk, level=Level.HIGH, by=by, why="the son is there", now=later(minutes=2))
    told = Event.objects.get(case=case, verb="lowered")
    assert (told.by, told.why, told.detail) == (
        by,
        "the son is there",
        {"level": "high", "before": "critical"},
    )
    call = Attempt.objects.live().get(case=case, tier=VOICE)
    assert (fresh(case).level, call.level) == (Level.HIGH, Level.HIGH)
    factories.unanswered(case, now=call.starts_at)  # the third busy line, the first since
    assert fresh(case).level == Level.HIGH
    directive(at, "A2", level=Level.CRITICAL, now=later(minutes=4))
    assert fresh(case).level == Level.CRITICAL  # what is reported from here on may


def test_a_person_raises_a_level_and_its_openers_begin(at: Centre) -> None:
    case = directive(at, "A1", level=Level.MEDIUM)
    desk.set_level(
        case_id=case.pk, level=Level.CRITICAL, by=at.user(), why="she is at the bank", now=later(minutes=1)
    )
    assert tiers(case) == {VOICE, VISIT}
    assert verbs(case).count("raised") == 1


def test_another_case_on_the_way_to_dialling_is_told_of_its_new_head_start(at: Centre) -> None:
    case = directive(at, "D-1", number="1", level=Level.HIGH)
    factories.dial(case, now=START)
    directive(at, "D-2", number="1", level=Level.CRITICAL)
    assert factories.live(case, VOICE).stage == Stage.DIALLED  # what runs goes on


def test_the_second_busy_line_raises_a_high_case_and_sends_somebody(at: Centre) -> None:
    case = directive(at, "D-1", level=Level.HIGH)
    factories.unanswered(case, now=later(seconds=30))
    assert tiers(case) == {VOICE}
    factories.unanswered(case, now=later(seconds=90))
    assert (Level(fresh(case).level), tiers(case)) == (Level.CRITICAL, {VOICE, VISIT})
    assert verbs(case).count("raised") == 1
    assert due_as_promised(case)


# persons


def test_a_nameless_phone_turns_out_to_be_a_person_and_the_case_goes_with_them(at: Centre) -> None:
    case = directive(at, "D-1", number="1")
    known = report.Person(number="+8619000000001", id_number=AN_ID)
    assert directive(at, "D-2", person=known).pk == case.pk
    assert fresh(case).target.id_number == AN_ID


def test_two_open_cases_of_one_person_become_one(at: Centre) -> None:
    nameless = directive(at, "D-1", number="1", level=Level.CRITICAL)
    known = directive(
        at, "D-2", person=report.Person(number="+8619000000002", id_number=AN_ID), level=Level.LOW
    )
    both = report.Person(number="+8619000000001", id_number=AN_ID)
    kept = directive(at, "D-3", person=both, level=Level.LOW, now=later(minutes=1))
    assert kept.pk == known.pk
    assert (fresh(nameless).outcome, tiers(nameless)) == (Outcome.DUPLICATE, set())
    assert Level(kept.level) is Level.CRITICAL
    assert kept.target.numbers.count() == 2
    assert Case.objects.open().count() == 1
    assert due_as_promised(kept)


def test_a_word_about_a_duplicate_is_heard_in_the_persons_open_case(at: Centre) -> None:
    nameless = directive(at, "D-1", number="1")
    talking = factories.answer(nameless, now=later(seconds=10))
    directive(at, "D-2", person=report.Person(number="+8619000000002", id_number=AN_ID))
    both = report.Person(number="+8619000000001", id_number=AN_ID)
    kept = directive(at, "D-3", person=both, now=later(minutes=1))
    words.judge(attempt_id=talking.pk, disposition=D.ALREADY_TRANSFERRED, now=later(minutes=2))
    assert Case.objects.open().get() == kept
    assert Order.objects.get().case == kept


def test_different_id_numbers_on_one_phone_are_two_people(at: Centre) -> None:
    people = [report.Person(number="+8619000000001", id_number=f"44090419900101123{n}") for n in range(2)]
    first, second = (directive(at, f"D-{n}", person=person) for n, person in enumerate(people))
    assert first.target_id != second.target_id
    assert Case.objects.open().count() == 2
    assert [len(exchange.connect(now=START)), len(exchange.connect(now=START))] == [
        1,
        0,
    ]  # never both at once


# relapse, and what follows a closed case


def test_a_directive_issued_after_they_agreed_is_a_relapse(at: Centre) -> None:
    case = factories.judged(directive(at, "D-1", number="1"), D.PERSUADED, now=later(minutes=1))
    assert case.state == State.FOLLOW_UP
    new = directive(at, "D-2", number="1", level=Level.LOW, now=later(hours=5))
    assert (fresh(case).outcome, new.previous, new.chain) == (Outcome.RELAPSED, case, case)
    assert (Level(new.level), tiers(new), tiers(case)) == (Level.CRITICAL, {VOICE, VISIT}, set())
    assert new.sizes["agreed_before"] == 1


def test_an_older_directive_only_joins(at: Centre) -> None:
    case = factories.judged(directive(at, "D-1", number="1"), D.PERSUADED, now=later(minutes=1))
    again = directive(at, "D-2", number="1", issued_at=START, now=later(hours=5))
    assert (again.pk, again.state, tiers(again)) == (case.pk, State.FOLLOW_UP, {FOLLOW_UP})


def test_a_relapse_found_by_a_check_opens_a_critical_case_in_the_same_transaction(at: Centre) -> None:
    case = factories.judged(directive(at, "D-1"), D.PERSUADED, now=later(minutes=1))
    case = factories.followed_up(case, R.RELAPSE, checks=1)
    new = Case.objects.get(previous=case)
    assert (case.outcome, Level(new.level), tiers(new)) == (Outcome.RELAPSED, Level.CRITICAL, {VOICE, VISIT})
    assert due_as_promised(new)


def test_a_directive_after_the_end_opens_a_case_that_follows_the_last(at: Centre) -> None:
    first = factories.judged(directive(at, "D-1", number="1"), D.FALSE_ALARM, now=START)
    second = directive(at, "D-2", number="1", now=later(days=1))
    assert (second.previous, second.chain) == (first, first)
    assert second.sizes["warnings_30d"] == 1
    closing.void(case_id=second.pk, by=at.user(Role.SUPERVISOR), why="test", now=later(days=1))
    third = directive(at, "D-3", number="1", now=later(days=2))
    assert (third.previous, third.chain) == (second, first)


@pytest.mark.parametrize("word", [D.ALREADY_TRANSFERRED, D.NOT_PERSUADED])
def test_a_grave_word_after_the_end_opens_a_new_case(at: Centre, word: Disposition) -> None:
    case = directive(at, "D-1", level=Level.CRITICAL)
    talking = factories.answer(case, now=START)
    factories.judged(case, D.FALSE_ALARM, VISIT, now=later(minutes=10))
    words.judge(attempt_id=talking.pk, disposition=word, now=later(minutes=11))
    new = Case.objects.get(previous=case)
    assert new.is_open
    assert Order.objects.filter(case=new).exists() is (word is D.ALREADY_TRANSFERRED)
    assert due_as_promised(new)


@pytest.mark.parametrize("word", [D.PERSUADED, D.FALSE_ALARM, D.WRONG_PERSON])
def test_other_words_after_the_end_are_kept_and_move_nothing(at: Centre, word: Disposition) -> None:
    case = directive(at, "D-1", level=Level.CRITICAL)
    talking = factories.answer(case, now=START)
    factories.judged(case, D.FALSE_ALARM, VISIT, now=later(minutes=10))
    words.judge(attempt_id=talking.pk, disposition=word, now=later(minutes=11))
    assert Case.objects.count() == 1
    assert Attempt.objects.get(pk=talking.pk).disposition == word


# words


def test_the_ladder_is_stored_rung_by_rung(at: Centre) -> None:
    case = directive(at, "D-1")
    attempt = factories.answer(case, now=later(seconds=20))
    words.identify(attempt_id=attempt.pk, now=later(seconds=40))
    words.judge(attempt_id=attempt.pk, disposition=D.PERSUADED, now=later(minutes=5))
    case = fresh(case)
    assert case.reached_at == later(seconds=40)
    assert case.listened_at == case.agreed_at == later(minutes=5)
    assert case.verified_at is None
    case = factories.followed_up(case)
    assert case.outcome == Outcome.VERIFIED
    assert case.verified_at is not None
    assert case.verified_at > later(days=7)


@pytest.mark.parametrize("result", [CallResult.MACHINE, CallResult.FORWARDED])
def test_a_machine_reaches_nobody(at: Centre, result: CallResult) -> None:
    case = directive(at, "D-1")
    factories.unanswered(case, result, now=later(seconds=30))
    assert fresh(case).reached_at is None
    assert fresh(case).agreed_at is None


def test_the_husband_who_answers_reaches_nobody_and_somebody_goes(at: Centre) -> None:
    case = directive(at, "D-1")
    attempt = factories.answer(case, now=later(seconds=20))
    words.record_result(attempt_id=attempt.pk, result=R.ANSWERED_BY_OTHER, now=later(minutes=1))
    assert (fresh(case).reached_at, tiers(case)) == (None, {VISIT})


def test_agreed_at_the_door_takes_the_booked_redial_back(at: Centre) -> None:
    case = directive(at, "D-1", level=Level.CRITICAL)
    factories.unanswered(case, now=later(seconds=10))
    redial = factories.live(case, VOICE).call
    assert redial is not None
    factories.judged(case, D.PERSUADED, VISIT, now=later(seconds=20))
    assert tiers(case) == {FOLLOW_UP}
    assert Call.objects.get(pk=redial.pk).result == CallResult.CANCELLED


def test_a_talk_is_not_cut_when_the_door_succeeds_and_the_operators_word_is_kept(at: Centre) -> None:
    case = directive(at, "D-1", level=Level.CRITICAL)
    talking = factories.answer(case, now=later(seconds=10))
    factories.judged(case, D.PERSUADED, VISIT, now=later(minutes=10))
    assert talking.call is not None
    assert Call.objects.get(pk=talking.call.pk).status == CallStatus.TALKING
    assert Attempt.objects.get(pk=talking.pk).result == R.CANCELLED
    words.judge(attempt_id=talking.pk, disposition=D.NOT_PERSUADED, now=later(minutes=11))
    assert fresh(case).agreed_at == later(minutes=10)  # a voice cannot undo a door


def test_news_of_a_call_that_was_stood_down_moves_only_the_call(at: Centre) -> None:
    case = directive(at, "D-1", level=Level.CRITICAL)
    talking = factories.answer(case, now=later(seconds=10))
    factories.judged(case, D.PERSUADED, VISIT, now=later(minutes=10))
    before, due_at = verbs(case), fresh(case).due_at
    assert talking.call is not None
    ended = Update(str(talking.call.key), CallStatus.ENDED, CallResult.ANSWERED)
    assert calls.hear(ended, now=later(minutes=12))
    assert (verbs(case), fresh(case).due_at) == (before, due_at)


def test_a_lost_callback_is_settled_by_its_time(at: Centre) -> None:
    case = directive(at, "D-1")
    lost = factories.dial(case, now=START)
    assert turn.advance_due(now=later(minutes=2)) == 0
    assert turn.advance_due(now=later(minutes=3)) == 1
    assert Attempt.objects.get(pk=lost.pk).result == R.OUTCOME_UNKNOWN
    assert tiers(case) == {VOICE}


def test_a_word_is_written_once(at: Centre) -> None:
    case = directive(at, "D-1")
    attempt = factories.answer(case, now=START)
    words.judge(attempt_id=attempt.pk, disposition=D.NOT_PERSUADED, now=later(minutes=1))
    count = Event.objects.count()
    words.judge(attempt_id=attempt.pk, disposition=D.NOT_PERSUADED, now=later(minutes=2))
    assert Event.objects.count() == count
    with pytest.raises(NotAllowedError, match="already judged not_persuaded"):
        words.judge(attempt_id=attempt.pk, disposition=D.PERSUADED, now=later(minutes=2))


@pytest.mark.parametrize(
    "result", [R.NOT_PLACED, R.CANCELLED, R.FAILED_HERE, R.OUTCOME_UNKNOWN, R.MET, R.REACHED]
)
def test_what_is_no_persons_word_or_needs_a_disposition_is_refused(at: Centre, result: Result) -> None:
    attempt = factories.answer(directive(at, "D-1"), now=START)
    with pytest.raises(NotAllowedError):
        words.record_result(attempt_id=attempt.pk, result=result, now=START)


def test_nothing_is_said_of_an_attempt_that_has_not_begun(at: Centre) -> None:
    attempt = factories.live(directive(at, "D-1"), VOICE)
    with pytest.raises(NotAllowedError, match="has not begun"):
        words.judge(attempt_id=attempt.pk, disposition=D.PERSUADED, now=START)


def test_in_a_watch_only_bad_news_is_reported(at: Centre) -> None:
    case = directive(at, "D-1", level=Level.MEDIUM)
    case = factories.judged(case, D.PERSUADED, now=later(minutes=1))
    watch = factories.live(case, FOLLOW_UP)
    with pytest.raises(NotAllowedError, match="in a watch"):
        words.record_result(attempt_id=watch.pk, result=R.NO_LOSS, now=later(days=1))
    words.record_result(attempt_id=watch.pk, result=R.LOSS, now=later(days=1))
    assert fresh(case).outcome == Outcome.DEFRAUDED_AFTER_WARNING
    assert Order.objects.get(case=case).state == OrderState.DRAFTED


def test_a_late_report_is_kept_in_the_record_and_changes_nothing(at: Centre) -> None:
    case = directive(at, "D-1", level=Level.CRITICAL)
    visit = factories.live(case, VISIT)
    turn.advance_due(now=later(minutes=2))
    assert Attempt.objects.get(pk=visit.pk).result == R.NO_ACKNOWLEDGEMENT
    words.record_result(attempt_id=visit.pk, result=R.NOT_THERE, now=later(minutes=3))
    assert Attempt.objects.get(pk=visit.pk).result == R.NO_ACKNOWLEDGEMENT
    assert verbs(case)[-1] == "late_result"


# visits


def test_a_visit_nobody_acknowledges_goes_to_the_next_and_then_to_the_duty_officers(at: Centre) -> None:
    case = directive(at, "D-1", level=Level.CRITICAL)
    while VISIT in tiers(case):
        due = fresh(case).due_at
        assert due is not None
        turn.advance_due(now=due)
    visits = Attempt.objects.filter(case=case, tier=VISIT).order_by("pk")
    assert [visit.unit.name for visit in visits if visit.unit] == [
        "七迳派出所", "石鼓派出所", "电白区", "茂名市",
    ]  # fmt: skip
    assert FOLLOW_UP in tiers(case)


def test_the_arrival_limit_counts_from_the_sending_and_the_report_from_the_arrival(at: Centre) -> None:
    case = directive(at, "D-1", level=Level.CRITICAL)
    visit = factories.live(case, VISIT)
    assert visit.due_at == later(minutes=2)
    words.acknowledge(attempt_id=visit.pk, now=later(minutes=1))
    assert factories.live(case, VISIT).due_at == later(minutes=30)
    words.arrive(attempt_id=visit.pk, now=later(minutes=20))
    assert factories.live(case, VISIT).due_at == later(hours=4, minutes=20)
    assert due_as_promised(case)


@pytest.mark.parametrize(
    ("raised", "acknowledge_by", "arrive_by"),
    [(10, 12, 40), (14, 15, 43)],  # in 14 minutes, no more time is given than there was
)
def test_after_a_raise_the_arrival_limit_counts_from_the_raise(
    at: Centre, raised: int, acknowledge_by: int, arrive_by: int
) -> None:
    case = directive(at, "D-1", person=report.Person(id_number=AN_ID), level=Level.MEDIUM)
    visit = factories.live(case, VISIT)
    assert visit.due_at == later(minutes=15)
    desk.set_level(
        case_id=case.pk, level=Level.CRITICAL, by=at.user(), why="at the bank", now=later(minutes=raised)
    )
    assert factories.live(case, VISIT).due_at == later(minutes=acknowledge_by)
    words.acknowledge(attempt_id=visit.pk, now=later(minutes=acknowledge_by - 1))
    assert factories.live(case, VISIT).due_at == later(minutes=arrive_by)
    assert due_as_promised(case)


def test_after_a_lower_level_the_arrival_limit_counts_from_the_sending(at: Centre) -> None:
    case = directive(at, "D-1", level=Level.CRITICAL)
    visit = factories.live(case, VISIT)
    desk.set_level(case_id=case.pk, level=Level.HIGH, by=at.user(), why="no", now=later(minutes=1))
    words.acknowledge(attempt_id=visit.pk, now=later(minutes=1))
    assert factories.live(case, VISIT).due_at == later(minutes=45)


# orders


def test_gone_orders_a_stop_in_the_same_transaction_and_closes_when_visit_and_order_have_ended(
    at: Centre,
) -> None:
    case = factories.judged(directive(at, "D-1"), D.ALREADY_TRANSFERRED, now=later(minutes=1))
    order = Order.objects.get(case=case)
    assert (order.state, order.due_at, tiers(case)) == (OrderState.DRAFTED, later(minutes=31), {VISIT})
    factories.judged(case, D.PERSUADED, VISIT, now=later(minutes=20))
    assert fresh(case).is_open
    orders.submit(order_id=order.pk, now=later(minutes=21))
    orders.answer(order_id=order.pk, held=Decimal(800), now=later(minutes=25))
    assert fresh(case).outcome == Outcome.ALREADY_TRANSFERRED
    assert Sum.objects.get(kind=Money.PROTECTED).amount == 800


def test_an_order_nobody_answers_ends_unanswered_and_the_case_closes(at: Centre) -> None:
    case = factories.judged(directive(at, "D-1"), D.ALREADY_TRANSFERRED, now=later(minutes=1))
    factories.judged(case, D.ALREADY_TRANSFERRED, VISIT, now=later(minutes=20))
    assert turn.advance_due(now=later(minutes=31)) == 1
    assert fresh(case).outcome == Outcome.ALREADY_TRANSFERRED
    assert Order.objects.get(case=case).state == OrderState.UNANSWERED


def test_a_false_alarm_withdraws_a_drafted_order(at: Centre) -> None:
    case = directive(at, "D-1", signs={"money_moved": True})
    factories.judged(case, D.FALSE_ALARM, now=later(minutes=1))
    assert Order.objects.get(case=case).state == OrderState.WITHDRAWN


def test_an_order_of_a_closed_case_lapses_too(at: Centre) -> None:
    case = factories.judged(directive(at, "D-1", level=Level.MEDIUM), D.PERSUADED, now=START)
    watch = factories.live(case, FOLLOW_UP)
    words.record_result(attempt_id=watch.pk, result=R.LOSS, now=later(days=1))
    assert orders.lapse_due(now=later(days=1, minutes=31)) == 1
    assert Order.objects.get().state == OrderState.UNANSWERED


@pytest.mark.parametrize("is_open", [True, False], ids=["open", "closed"])
def test_a_bank_that_answers_after_the_deadline_is_heard_all_the_same(at: Centre, is_open: bool) -> None:
    case = factories.judged(directive(at, "D-1"), D.ALREADY_TRANSFERRED, now=later(minutes=1))
    order = Order.objects.get(case=case)
    orders.submit(order_id=order.pk, now=later(minutes=2))
    if not is_open:
        closing.hand_over(case_id=case.pk, by=at.user(), why="-", now=later(minutes=3))
    assert turn.advance_due(now=later(minutes=31)) + orders.lapse_due(now=later(minutes=31)) == 1
    assert Order.objects.get(case=case).state == OrderState.UNANSWERED
    before = fresh(case)
    for held in (800, 900):  # said twice: the first counts
        orders.answer(order_id=order.pk, held=Decimal(held), now=later(minutes=40))
    order.refresh_from_db()
    assert (order.state, order.ended_at) == (OrderState.ANSWERED.value, later(minutes=40))
    assert order.held == 800
    assert Sum.objects.get(kind=Money.PROTECTED).amount == 800
    assert (fresh(case).is_open, fresh(case).outcome) == (is_open, before.outcome)
    told = Event.objects.filter(case=case, verb__in=["lapsed", "answered"]).order_by("pk")
    assert [(event.verb, event.detail.get("late")) for event in told] == [
        ("lapsed", None),
        ("answered", True),
    ]


def test_an_order_that_lapsed_before_it_went_to_a_bank_is_answered_by_none(at: Centre) -> None:
    case = factories.judged(directive(at, "D-1"), D.ALREADY_TRANSFERRED, now=later(minutes=1))
    turn.advance_due(now=later(minutes=31))
    order = Order.objects.get(case=case)
    with pytest.raises(NotAllowedError, match="only a submitted order is answered"):
        orders.answer(order_id=order.pk, held=Decimal(800), now=later(minutes=40))
    assert not Sum.objects.exists()


# by people


def test_only_a_supervisor_voids_and_only_with_a_reason(at: Centre) -> None:
    case = directive(at, "D-1")
    with pytest.raises(NotAllowedError):
        closing.void(case_id=case.pk, by=at.user(Role.OPERATOR), why="test", now=START)
    with pytest.raises(NotAllowedError):
        closing.void(case_id=case.pk, by=at.user(Role.SUPERVISOR), why="  ", now=START)
    closing.void(case_id=case.pk, by=at.user(Role.SUPERVISOR), why="a drill", now=START)
    assert (fresh(case).outcome, tiers(case)) == (Outcome.VOID, set())
    assert Call.objects.get().result == CallResult.CANCELLED
    said = Event.objects.get(verb="closed")
    assert said.by is not None
    assert said.why == "a drill"


# turns


def test_a_turn_taken_twice_does_nothing_the_second_time(at: Centre) -> None:
    case = directive(at, "D-1", level=Level.CRITICAL)
    rows = [Attempt.objects.count(), Event.objects.count(), Call.objects.count(), fresh(case).due_at]
    assert turn.advance([case.pk], now=START) == 1
    assert rows == [Attempt.objects.count(), Event.objects.count(), Call.objects.count(), fresh(case).due_at]


def test_the_riskiest_take_their_turn_first(at: Centre) -> None:
    low = directive(at, "D-1", number="1", level=Level.LOW)
    critical = directive(at, "D-2", number="2", level=Level.CRITICAL)
    Case.objects.update(due_at=later(minutes=5))
    Case.objects.filter(pk=low.pk).update(due_at=START)
    assert turn.advance_due(now=later(hours=1), limit=1) == 1
    assert fresh(low).due_at == START
    assert fresh(critical).due_at != later(minutes=5)


def test_a_flood_of_critical_cases_starves_nobody(at: Centre) -> None:
    """In every batch more critical cases are due than it holds; each level has the places that are its own."""
    levels = [Level.CRITICAL] * 44 + [Level.HIGH] * 3 + [Level.MEDIUM] * 3 + [Level.LOW] * 3
    for n, level in enumerate(levels):
        case = directive(at, f"D-{n}", number=str(n), level=level)
        Case.objects.filter(pk=case.pk).update(due_at=later(minutes=n), level=level)
    own, batch = 1, turn.SHARE
    for nth in range(3):
        Case.objects.filter(level=Level.CRITICAL).update(due_at=later(hours=1))  # they never end
        with transaction.atomic():
            taken = turn.claim(later(hours=2), batch)
            Case.objects.filter(pk__in=[case.pk for case in taken]).update(due_at=later(hours=3))
        assert [case.level for case in taken] == [4] * (batch - 3 * own) + [3, 2, 1]
        assert [case.due_at for case in taken[-3:]] == [later(minutes=44 + nth + step) for step in (0, 3, 6)]


@pytest.mark.parametrize("batch", [1, 7, 20, 100])
def test_whatever_the_batch_all_that_are_due_take_their_turn_the_riskiest_first(
    at: Centre, batch: int
) -> None:
    for n in range(24):
        directive(at, f"D-{n}", number=str(n), level=Level(1 + n % 4))
    order: list[int] = []
    for _ in range(24):
        with transaction.atomic():
            taken = turn.claim(later(days=3), batch)
            Case.objects.filter(pk__in=[case.pk for case in taken]).update(due_at=later(days=4))
        assert [case.level for case in taken] == sorted((case.level for case in taken), reverse=True)
        order += [case.pk for case in taken]
    assert len(order) == len(set(order)) == 24


def test_a_turn_of_many_reads_the_risk_policy_once_each_home_once_and_no_person(at: Centre) -> None:
    for n in range(6):
        directive(at, f"D-{n}", number=str(n), level=Level.CRITICAL)
    with CaptureQueriesContext(connection) as seen:
        assert turn.advance_due(now=later(minutes=2)) == 6
    read = [query["sql"].partition("FROM ")[2] for query in seen]
    assert sum(sql.startswith('"dispatch_policyversion"') for sql in read) == 1
    assert sum(sql.startswith('"dispatch_unit" WHERE "dispatch_unit"."id" = ANY(') for sql in read) == 1
    assert not any(sql.startswith('"dispatch_target" WHERE') for sql in read)


def test_one_bad_case_holds_up_nobody_else(at: Centre) -> None:
    bad, good = (directive(at, f"D-{n}", number=str(n), level=Level.CRITICAL) for n in (1, 2))
    broken = PolicyVersion.objects.create(
        kind=PolicyVersion.Kind.ESCALATION, version=99, document={}, starts_at=later(days=99)
    )
    Case.objects.filter(pk=bad.pk).update(policy=broken)
    now = later(minutes=2)
    assert turn.advance_due(now=now) == 2
    assert fresh(bad).due_at == now + turn.REST
    assert verbs(bad)[-1] == "fault"
    assert Attempt.objects.filter(case=good, result=R.NO_ACKNOWLEDGEMENT).exists()
    assert due_as_promised(good)


def test_every_line_of_the_record_says_who(at: Centre) -> None:
    user = at.user(Role.OPERATOR)
    case = directive(at, "D-1")
    attempt = factories.answer(case, now=START)
    words.judge(attempt_id=attempt.pk, disposition=D.PERSUADED, now=later(minutes=1), by=user)
    for event in Event.objects.filter(case=case):
        assert bool(event.by) is not bool(event.agent)
    assert Event.objects.get(verb="judged").by == user
    told = " ".join(str(event.detail) for event in Event.objects.all())
    assert "1900" not in told
    assert "测试人" not in told
