"""Several at once on the real PostgreSQL: whoever loses a race loses nothing and doubles nothing."""

import threading
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.db.models import Count

from dispatch import record
from dispatch.models import Attempt, Case, Event, Operator, Order, Sum, User
from dispatch.models.operator import Moved
from dispatch.vocabulary import Disposition, Level, Money, OrderState, Outcome, Result, Role, Tier
from dispatch.workflow import closing, leading, orders, report, seats, sums, turn, undoing, words
from dispatch.workflow.refusal import NotAllowedError
from telephony import exchange
from telephony.carrier import CallStatus
from telephony.models import Call, Desk
from tests import factories
from tests.factories import START, Centre
from tests.races import at_once, until_somebody_waits

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = 8
NOW = START + timedelta(minutes=1)  # the trunk has earned its tokens by then


@pytest.fixture
def at() -> Centre:
    return factories.centre()


def test_workers_never_give_one_case_the_same_turn_twice(at: Centre) -> None:
    cases = [factories.directive(at, f"D-{n}", number=str(n), level=Level.CRITICAL) for n in range(24)]
    due = START + timedelta(minutes=2)
    taken = at_once(*[lambda: turn.advance_due(now=due, limit=7)] * 6)
    while count := turn.advance_due(now=due):
        taken.append(count)
    assert all(isinstance(count, int) for count in taken), taken
    assert sum(taken) == len(cases)  # each by one worker
    visits = Attempt.objects.filter(tier=Tier.VISIT).values("case").annotate(n=Count("pk"))
    assert [row["n"] for row in visits] == [2] * len(cases)  # the ignored one, and one more


def test_of_two_words_at_once_one_is_written_and_the_other_is_told(at: Centre) -> None:
    for n in range(ROUNDS):
        case = factories.directive(at, f"D-{n}", number=str(n))
        attempt = factories.answer(case, now=NOW)

        def say(word: Disposition, pk: int = attempt.pk) -> Attempt:
            return words.judge(attempt_id=pk, disposition=word, now=NOW)

        said = at_once(lambda: say(Disposition.PERSUADED), lambda: say(Disposition.NOT_PERSUADED))
        assert sorted(type(one) is NotAllowedError for one in said) == [False, True], said
        assert Event.objects.filter(case=case, verb="judged").count() == 1
        won = next(one for one in said if isinstance(one, Attempt))
        assert Attempt.objects.get(pk=attempt.pk).disposition == won.disposition


def test_the_same_word_twice_at_once_is_written_once(at: Centre) -> None:
    case = factories.directive(at, "D-1", number="1")
    attempt = factories.answer(case, now=NOW)
    act = lambda: words.judge(attempt_id=attempt.pk, disposition=Disposition.PERSUADED, now=NOW)  # noqa: E731
    assert [type(one) for one in at_once(act, act, act)] == [Attempt] * 3
    assert Event.objects.filter(case=case, verb="judged").count() == 1
    assert Attempt.objects.filter(case=case, tier=Tier.FOLLOW_UP).count() == 1


def test_a_call_is_either_taken_back_or_dialled_never_lost_between(at: Centre) -> None:
    for n in range(ROUNDS):
        case = factories.directive(at, f"D-{n}", number=str(n), level=Level.CRITICAL)
        visit, voice = factories.live(case, Tier.VISIT), factories.live(case, Tier.VOICE)
        assert voice.call is not None

        def agrees(pk: int = visit.pk) -> Attempt:
            return words.judge(attempt_id=pk, disposition=Disposition.PERSUADED, now=NOW)

        said = at_once(agrees, lambda: exchange.connect(now=NOW))
        assert not [one for one in said if isinstance(one, Exception)], said
        call = Call.objects.get(pk=voice.call.pk)
        voice = Attempt.objects.get(pk=voice.pk)
        assert voice.result == Result.CANCELLED
        assert call.status in (CallStatus.ENDED, CallStatus.DIALLING)
        assert (voice.started_at is not None) is (call.status == CallStatus.DIALLING)
        Call.objects.filter(pk=call.pk, status=CallStatus.DIALLING).update(
            status=CallStatus.ENDED, result="hung_up", due_at=None, ended_at=NOW
        )


@pytest.mark.parametrize("chosen", [True, False])
@pytest.mark.parametrize("word", [Disposition.PERSUADED, Disposition.FALSE_ALARM])
def test_a_call_that_is_stood_down_while_the_matcher_works_is_never_dialled(
    at: Centre, monkeypatch: pytest.MonkeyPatch, word: Disposition, chosen: bool
) -> None:
    """Neither the one that it is about to dial, nor one that it only looked at."""
    Desk.objects.exclude(pk=Desk.objects.order_by("pk")[0].pk).delete()
    cases = [factories.directive(at, f"D-{n}", number=str(n), level=Level.CRITICAL) for n in range(2)]
    settled = cases[0 if chosen else 1]
    visit, voice = factories.live(settled, Tier.VISIT), factories.live(settled, Tier.VOICE)
    reserve = exchange._reserve

    def meanwhile(*given: Any) -> None:
        said = at_once(lambda: words.judge(attempt_id=visit.pk, disposition=word, now=NOW))
        assert isinstance(said[0], Attempt), said
        reserve(*given)

    with monkeypatch.context() as during:
        during.setattr(exchange, "_reserve", meanwhile)
        dialled = exchange.connect(now=NOW)
    assert len(dialled) == (0 if chosen else 1)
    assert Attempt.objects.get(pk=voice.pk).result == Result.CANCELLED
    call = Call.objects.get(attempt=voice)
    assert (call.status, call.result, call.dialled_at) == (CallStatus.ENDED, "cancelled", None)
    desk = Desk.objects.get()
    assert desk.state == (Desk.State.READY if chosen else Desk.State.OFFERED)


def test_many_that_are_stood_down_beside_the_matcher_leave_no_call_behind(at: Centre) -> None:
    few = Desk.objects.order_by("pk").values("pk")[:6]
    Desk.objects.exclude(pk__in=list(few.values_list("pk", flat=True))).delete()
    for n in range(ROUNDS // 2):
        now = NOW + timedelta(minutes=3 * n)
        cases = [
            factories.directive(at, f"{n}-{m}", number=str(20 * n + m), level=Level.CRITICAL, now=now)
            for m in range(12)
        ]

        def agrees(pk: int, now: datetime = now) -> Attempt:
            return words.judge(attempt_id=pk, disposition=Disposition.PERSUADED, now=now)

        acts = [partial(agrees, factories.live(case, Tier.VISIT).pk) for case in cases[6:10]]
        said = at_once(partial(exchange.connect, now=now), *acts)
        assert not [one for one in said if isinstance(one, Exception)], said
        booked = Call.objects.filter(status=CallStatus.BOOKED)
        assert not booked.filter(attempt__ended_at__isnull=False).exists()
        Call.objects.exclude(status=CallStatus.ENDED).update(
            status=CallStatus.ENDED, result="hung_up", due_at=None, ended_at=now
        )
        Desk.objects.update(state=Desk.State.READY, ready_since=now)


def test_a_late_word_and_a_directive_after_the_end_make_one_case(at: Centre) -> None:
    for n in range(ROUNDS):
        case = factories.directive(at, f"D-{n}", number=str(n), level=Level.CRITICAL)
        talking = factories.answer(case, now=NOW)
        factories.judged(case, Disposition.FALSE_ALARM, Tier.VISIT, now=NOW)

        def grave(pk: int = talking.pk) -> Attempt:
            return words.judge(attempt_id=pk, disposition=Disposition.ALREADY_TRANSFERRED, now=NOW)

        def comes(n: int = n) -> Case:
            return factories.directive(at, f"E-{n}", number=str(n), level=Level.CRITICAL)

        said = at_once(grave, comes)
        assert not [one for one in said if isinstance(one, Exception)], said
        new = Case.objects.open().get(target=case.target_id)
        assert new.previous == case
        assert new.sizes["money_moved"] == 1
        Call.objects.filter(status=CallStatus.TALKING).update(
            status=CallStatus.ENDED, result="answered", due_at=None, ended_at=NOW
        )


def test_a_merge_undone_twice_at_once_while_directives_and_late_words_come_makes_one_new_case(
    at: Centre,
) -> None:
    for n in range(ROUNDS):
        numbers = [f"+861900000{n}{m}00" for m in (1, 2)]
        known = report.Person(number=numbers[1], id_number=f"44090419900101{n:04d}")
        both = report.Person(number=numbers[0], id_number=known.id_number)
        other = factories.directive(at, f"A{n}", person=report.Person(number=numbers[0]), now=NOW)
        talking = factories.answer(other, now=NOW)
        kept = factories.directive(at, f"B{n}", person=known, now=NOW)
        factories.directive(at, f"C{n}", person=both, now=NOW)
        chief = at.user(Role.SUPERVISOR)

        undo = partial(undoing.undo, case_id=other.pk, by=chief, why="two people", now=NOW)
        late = partial(words.judge, attempt_id=talking.pk, disposition=Disposition.NOT_PERSUADED, now=NOW)
        again = partial(factories.directive, at, f"D{n}", person=both, now=NOW)
        turns = partial(turn.advance_due, now=NOW + timedelta(minutes=3))
        said = at_once(undo, undo, late, again, turns)
        faults = [fault for fault in said if isinstance(fault, Exception)]
        assert [type(fault) for fault in faults] == [NotAllowedError], said
        (new,) = Case.objects.filter(previous=other)
        assert Case.objects.get(pk=kept.pk).is_open
        assert new.target_id != kept.target_id


def test_a_loss_told_by_two_at_once_after_the_end_opens_one_case(at: Centre) -> None:
    for n in range(ROUNDS):
        case = factories.directive(at, f"A{n}", number=str(n), now=NOW)
        closing.hand_over(case_id=case.pk, by=at.user(), why="-", now=NOW)

        lose = partial(sums.say, case_id=case.pk, kind=Money.LOST, amount=Decimal(5000), why="-", now=NOW)
        said = at_once(*(partial(lose, by=at.user()) for _ in range(2)))
        assert all(isinstance(one, Sum) for one in said), said
        assert Case.objects.get(previous=case).outcome == Outcome.ALREADY_TRANSFERRED


def test_a_banks_answer_waits_for_the_lapse_of_its_order_and_is_kept(
    at: Centre, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the lapse takes the order before its case, and the answer the case, they wait for each other."""
    case = factories.directive(at, "D-1", number="1")
    order = orders.draft(case_id=case.pk, now=NOW, within=timedelta(minutes=30))
    orders.submit(order_id=order.pk, now=NOW)
    closing.hand_over(case_id=case.pk, by=at.user(), why="-", now=NOW)
    both, write, late = threading.Barrier(2, timeout=10), record.write, NOW + timedelta(minutes=31)

    def wait_and_write(verb: str, **told: Any) -> Event:
        if verb == "lapsed":
            both.wait()
            until_somebody_waits()
        return write(verb, **told)

    def answer() -> Order:
        both.wait()
        return orders.answer(order_id=order.pk, held=Decimal(100), now=late)

    monkeypatch.setattr(record, "write", wait_and_write)
    said = at_once(lambda: orders.lapse_due(now=late), answer)
    assert said == [1, order]
    order.refresh_from_db()
    assert (order.state, order.held) == (OrderState.ANSWERED.value, Decimal(100))
    assert Sum.objects.get(kind=Money.PROTECTED).amount == 100


def test_who_is_ready_and_the_lead_who_pauses_them_wait_for_one_another_in_turn(
    at: Centre, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who is ready holds the desk before their seat's row; so does the lead."""
    lead, sam = at.user(Role.SUPERVISOR), at.user()
    seat = Operator.objects.create(user=sam, desk=Desk.objects.earliest("pk"))
    pause = partial(leading.pause, by=lead, operator_id=seat.pk, why="-", now=NOW)
    pause()
    both, forget = threading.Barrier(2, timeout=10), leading.forget

    def wait_and_forget(by: User) -> None:
        both.wait()
        until_somebody_waits()
        forget(by)

    def pause_then() -> None:
        both.wait()
        pause()

    monkeypatch.setattr(leading, "forget", wait_and_forget)
    assert at_once(lambda: seats.ready(by=sam, now=NOW), pause_then) == [None, None]
    seat = Operator.objects.select_related("desk").get()
    assert (seat.moved, seat.desk.state) == (Moved.PAUSED, Desk.State.PAUSED)
