"""What a key pressed on the phone does to a case: a person at once, an order drafted; nobody is reached by it."""

from datetime import timedelta

import pytest
from django.test import Client

from dispatch import wording
from dispatch.models import Attempt, Case, Event, Operator, Order
from dispatch.vocabulary import Disposition, FraudType, Level, OrderState, Result, Role, Tier
from dispatch.workflow import joining, keys, turn, words
from dispatch.workflow.refusal import NotAllowedError
from telephony import calls, exchange, scripts
from telephony.carrier import ANNOUNCE, CallResult, CallStatus, Update, Way
from telephony.keys import pressed
from telephony.models import Call, Desk, Leg
from tests import factories
from tests.factories import START, Centre

pytestmark = pytest.mark.django_db
SOON = START + timedelta(seconds=20)


@pytest.fixture
def at() -> Centre:
    return factories.centre()


@pytest.fixture
def announced(at: Centre) -> Attempt:
    """A low case whose announcement is being heard."""
    case = factories.directive(at, "A", number=1, level=Level.LOW, fraud_word="brushing")
    exchange.connect(now=START + timedelta(minutes=30))
    attempt = Attempt.objects.select_related("call", "case").get(case=case, tier=Tier.VOICE)
    assert attempt.call is not None
    assert attempt.call.mode == ANNOUNCE
    calls.hear(Update(str(attempt.call.key), CallStatus.TALKING), now=SOON)
    return attempt


def press(attempt: Attempt, key: str) -> str:
    assert attempt.call is not None
    return pressed(call_key=str(attempt.call.key), key=key, now=SOON)


def test_two_drafts_an_order_and_raises_the_danger_but_submits_and_reaches_nothing(
    announced: Attempt,
) -> None:
    before = announced.case.score
    press(announced, "2")
    (order,) = Order.objects.all()
    assert (order.state, order.submitted_at, order.case) == (OrderState.DRAFTED, None, announced.case)
    case = Case.objects.get()
    assert case.sizes["money_moved"] == 1
    assert case.score > before
    assert case.level > Level.LOW
    attempt = Attempt.objects.get(pk=announced.pk)
    assert (attempt.identified_at, attempt.disposition, case.reached_at, case.agreed_at) == (
        None,
        "",
        None,
        None,
    )


def test_pressed_again_it_drafts_no_second_order(announced: Attempt) -> None:
    press(announced, "2")
    press(announced, "2")
    assert Order.objects.count() == 1
    assert [e.detail["key"] for e in Event.objects.filter(verb="key_pressed")] == ["2", "2"]


def test_one_is_on_record_and_its_case_takes_its_turn(announced: Attempt) -> None:
    press(announced, "1")
    assert Case.objects.get().due_at == SOON
    event = Event.objects.get(verb="key_pressed")
    assert wording.sentence(event) in (
        "Pressed 1, an officer now on the phone",
        "在电话上按了 1（马上要民警）",
    )
    assert not Order.objects.exists()
    turn.advance_due(now=SOON)
    assert Case.objects.get().level == Level.LOW


def test_nine_is_no_news(announced: Attempt) -> None:
    due = Case.objects.get().due_at
    press(announced, "9")
    assert Case.objects.get().due_at == due
    assert not Event.objects.filter(verb="key_pressed").exists()


def test_a_call_on_which_a_key_was_pressed_reaches_nobody_until_a_person_says_so(announced: Attempt) -> None:
    press(announced, "2")
    assert announced.call is not None
    calls.end(key=str(announced.call.key), result=CallResult.ANSWERED, now=SOON)
    turn.advance_due(now=SOON)
    attempt = Attempt.objects.get(pk=announced.pk)
    assert attempt.result not in (Result.REACHED, Result.MET)
    assert Case.objects.get().reached_at is None


def over(attempt: Attempt, result: CallResult = CallResult.ANSWERED) -> None:
    """The call is over, and the case has taken its turn."""
    assert attempt.call is not None
    calls.end(key=str(attempt.call.key), result=result, now=SOON)
    turn.advance_due(now=SOON)


def called_back() -> Attempt:
    return Attempt.objects.exclude(asked="").select_related("call", "case").get()


def test_two_without_an_officer_makes_the_case_critical_and_an_operator_calls_back_before_all_others(
    announced: Attempt, at: Centre
) -> None:
    long_ago = START - timedelta(hours=3)
    urgent = factories.directive(at, "B", number=2, level=Level.CRITICAL, now=long_ago)
    assert press(announced, "2") == "gone"
    assert Case.objects.get(pk=announced.case_id).level == Level.CRITICAL
    over(announced)
    first, back = Attempt.objects.filter(case=announced.case, tier=Tier.VOICE).order_by("pk")
    assert (first.result, first.identified_at) == (Result.ANSWERED_UNVERIFIED, None)
    assert (back.asked, back.ended_at, back.starts_at) == ("2", None, SOON)
    assert Attempt.objects.filter(case=announced.case, tier=Tier.VISIT, ended_at=None).exists()
    waiting = Call.objects.filter(status=CallStatus.BOOKED, mode="").order_by("rank_at")
    assert [call.attempt.case_id for call in waiting] == [announced.case_id, urgent.pk]
    assert Case.objects.get(pk=announced.case_id).reached_at is None


def test_one_without_an_officer_is_called_back_at_once_too_and_its_level_stays(announced: Attempt) -> None:
    assert press(announced, "1") == "later"
    over(announced)
    back = called_back()
    assert (back.asked, back.case.level, back.call and back.call.mode) == ("1", Level.LOW, "")
    exchange.connect(now=SOON)
    over(back, CallResult.BUSY)
    later = Attempt.objects.filter(ended_at=None, tier=Tier.VOICE).get()
    assert (later.asked, later.starts_at > SOON) == ("", True)


def test_who_is_to_be_called_back_keeps_their_place_when_the_level_changes(
    announced: Attempt, at: Centre
) -> None:
    press(announced, "1")
    over(announced)
    back = called_back()
    assert back.call is not None
    factories.directive(at, "B", number=1, level=Level.HIGH, now=SOON)
    turn.advance_due(now=SOON)
    same = called_back()
    assert same.case.level == Level.HIGH
    assert (same.pk, same.ended_at, same.asked) == (back.pk, None, "1")
    assert same.call is not None
    assert (same.call.rank_at, same.call.mode) == (back.call.rank_at, "")


def test_an_officer_whose_phone_did_not_answer_is_no_officer(announced: Attempt) -> None:
    desk = Desk.objects.order_by("pk")[0]
    Desk.objects.filter(pk=desk.pk).update(address="sip:desk@pbx.example")
    assert press(announced, "2") == "officer"
    assert announced.call is not None
    Call.objects.filter(pk=announced.call.pk).update(dropped_at=SOON)
    over(announced)
    assert Attempt.objects.get(pk=announced.pk).result == Result.FAILED_HERE
    assert called_back().asked == "2"


def test_who_hung_up_before_the_officers_phone_answered_is_called_back(announced: Attempt) -> None:
    desk = Desk.objects.order_by("pk")[0]
    Desk.objects.filter(pk=desk.pk).update(address="sip:desk@pbx.example")
    assert press(announced, "1") == "officer"
    assert announced.call is not None
    leg = {"begun_at": SOON, "due_at": SOON, "role": Leg.Role.DESK, "way": Way.TALK}
    Leg.objects.create(call=announced.call, desk=desk, **leg)  # rung, and never taken up
    over(announced)
    assert Attempt.objects.get(pk=announced.pk).result == Result.ANSWERED_UNVERIFIED
    assert called_back().asked == "1"


@pytest.mark.parametrize("key", ["", "9"])
def test_who_asked_for_nobody_is_not_called_back(announced: Attempt, key: str) -> None:
    if key:
        press(announced, key)
    over(announced)
    assert not Attempt.objects.exclude(asked="").exists()


def test_neither_a_machine_nor_news_told_twice_is_called_back(announced: Attempt) -> None:
    press(announced, "2")
    over(announced, CallResult.MACHINE)
    assert not Attempt.objects.exclude(asked="").exists()
    over(announced)
    assert not Attempt.objects.exclude(asked="").exists()


def test_the_shift_lead_sees_who_is_to_be_called_back(announced: Attempt, at: Centre, client: Client) -> None:
    press(announced, "2")
    over(announced)
    chief = Operator.objects.create(
        user=at.user(Role.SUPERVISOR), desk=Desk.objects.filter(operator=None).order_by("pk")[0]
    )
    client.force_login(chief.user)
    board = "/admin/dispatch/operator/board/"
    assert announced.case.number in _asked_on(client.get(board).content.decode())
    back = called_back()
    Attempt.objects.filter(pk=back.pk).update(stage="talking")
    assert _asked_on(client.get(board).content.decode()).strip() == ""


def _asked_on(page: str) -> str:
    return page.partition('id="board-asked" data-fresh>')[2].partition("</section>")[0]


def test_after_a_case_has_closed_a_key_is_only_written_down(announced: Attempt) -> None:
    attempt = Attempt.objects.get(pk=announced.pk)
    words.judge(attempt_id=attempt.pk, disposition=Disposition.FALSE_ALARM, now=SOON)
    case = Case.objects.get()
    assert not case.is_open
    assert attempt.call_id is not None
    keys.pressed(Call.objects.get(pk=attempt.call_id), "2", "later", now=SOON)
    assert not Order.objects.exists()


# ---- Whole wording


def test_every_fraud_type_has_an_announcement_and_a_text_of_its_own() -> None:
    said = scripts.built_in().announcements
    assert set(said) == {fraud.value for fraud in FraudType}
    bodies = {fraud: wording.sms_body(fraud.value) for fraud in FraudType}
    assert len(set(bodies.values())) == len(FraudType)
    assert all(body.startswith("【96110反诈预警】") and len(body) <= 134 for body in bodies.values())


# ---- The desk's phone, and who joins


@pytest.fixture
def seated(at: Centre) -> Operator:
    desk = Desk.objects.filter(state=Desk.State.READY).order_by("pk")[0]
    return Operator.objects.create(user=at.user(), desk=desk)


def test_an_operator_registers_the_phone_of_their_own_desk_through_the_bar(
    seated: Operator, client: Client
) -> None:
    client.force_login(seated.user)
    act = "/admin/dispatch/operator/desk/phone/"
    assert client.post(act, {"phone": "sip:desk1@pbx.example"}).status_code == 302
    assert Desk.objects.get(pk=seated.desk_id).address == "sip:desk1@pbx.example"
    page = client.get("/admin/dispatch/case/").content.decode()
    assert "sip:****@pbx.example" in page
    assert "desk1@" not in page
    client.post(act, {"phone": "nonsense"})
    assert Desk.objects.get(pk=seated.desk_id).address == "sip:desk1@pbx.example"
    verbs = list(Event.objects.order_by("pk").values_list("verb", flat=True))
    assert verbs[-2:] == ["desk_phone", "refused"]


def test_who_has_no_desk_registers_none(at: Centre) -> None:
    with pytest.raises(NotAllowedError):
        joining.register(by=at.user(), address="sip:a@b.example", now=START)


def test_only_supervisors_listen_and_only_to_their_own(seated: Operator, at: Centre, client: Client) -> None:
    with pytest.raises(NotAllowedError):
        joining.supervise(by=seated.user, call_id=1, way=Way.LISTEN, now=START)
    chief = at.user(Role.SUPERVISOR, at.other)
    client.force_login(chief)
    client.post("/admin/dispatch/operator/desk/listen/", {"call": "999"})
    assert Event.objects.filter(verb="refused", by=chief).exists()


def test_nobody_records_or_brings_anybody_in_without_a_call(seated: Operator) -> None:
    with pytest.raises(NotAllowedError):
        joining.record_call(by=seated.user, now=START)
    with pytest.raises(NotAllowedError):
        joining.bring(by=seated.user, desk_id=1, now=START)
