"""What an operator sets going by hand: calls, a call back, a visit, a text; and what stands in the way."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from pytest_django import DjangoCaptureOnCommitCallbacks

from dispatch.models import Attempt, Case, Event, Operator, User
from dispatch.vocabulary import Disposition, Level, Outcome, Result, Role, Stage, Tier
from dispatch.workflow import byhand, closing, desk, handset, proposing, report, turn, words
from dispatch.workflow.refusal import NotAllowedError
from telephony import calls, exchange
from telephony.carrier import CallResult, CallStatus, Update
from telephony.models import Call, Desk, Trunk
from tests import factories
from tests.factories import START, Centre
from tests.seats import EVER

NOW = START + timedelta(seconds=20)
NIGHT = START.replace(hour=22)


@pytest.fixture
def at(db: None) -> Centre:
    centre = factories.centre()
    Desk.objects.all().delete()
    return centre


@pytest.fixture
def sam(at: Centre) -> User:
    """An operator whose desk is paused, so that the router leaves it alone."""
    return seated(at)


@pytest.fixture(autouse=True)
def committed(db: None, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks) -> Iterator[None]:
    with django_capture_on_commit_callbacks(execute=False):
        yield


def seated(at: Centre, **given: object) -> User:
    user = at.user()
    plain = {
        "state": "paused",
        "reason": "working",
        "since": START,
        "lease": EVER,
        "lease_until": START + EVER,
    }
    row = Desk.objects.create(**{"name": f"desk of {user}", "tags": ["video"], **plain, **given})
    Operator.objects.create(user=user, desk=row)
    return user


def row(user: User) -> Desk:
    return Desk.objects.get(operator__user=user)


def ring(case: Case, user: User, tier: Tier = Tier.VOICE, now: object = NOW) -> None:
    handset.call(case_id=case.pk, tier=tier, by=user, now=now)  # type: ignore[arg-type]


def hear(status: CallStatus, result: CallResult | None = None) -> None:
    calls.hear(Update(str(Call.objects.at_desks().get().key), status, result), now=NOW)


def live(case: Case, tier: Tier = Tier.VOICE) -> Attempt:
    return factories.live(case, tier)


def test_a_call_goes_from_the_own_desk_and_the_one_that_was_planned_makes_room(at: Centre, sam: User) -> None:
    case = factories.directive(at, "A", number=1)
    before = live(case)
    assert before.call_id is not None
    ring(case, sam)
    call = live(case).call
    assert call is not None
    assert (call.status, call.desk) == (CallStatus.DIALLING, row(sam))
    assert live(case).stage == Stage.DIALLED
    assert Attempt.objects.get(pk=before.pk).result == Result.CANCELLED
    assert Call.objects.get(pk=before.call_id).status == CallStatus.ENDED
    assert row(sam).state == Desk.State.OFFERED
    assert Event.objects.get(verb="rung").by == sam
    hear(CallStatus.TALKING)
    hear(CallStatus.ENDED, CallResult.ANSWERED)
    assert row(sam).state == Desk.State.WRAPPING


def test_a_call_in_vain_leaves_the_desk_with_its_case_and_the_chain_goes_on(at: Centre, sam: User) -> None:
    case = factories.directive(at, "A", number=1)
    ring(case, sam)
    hear(CallStatus.ENDED, CallResult.NO_ANSWER)
    assert (row(sam).state, row(sam).reason) == (Desk.State.PAUSED, "working")
    turn.advance([case.pk], now=NOW)
    assert live(case).starts_at == NOW + timedelta(seconds=60)


def test_a_low_case_is_spoken_to_by_a_person_when_a_person_calls(at: Centre, sam: User) -> None:
    case = factories.directive(at, "A", number=1, level=Level.LOW)
    assert live(case).call.mode  # type: ignore[union-attr]  # the chain would have played a tape
    ring(case, sam)
    assert live(case).call.mode == ""  # type: ignore[union-attr]


def test_one_live_call_a_number(at: Centre, sam: User) -> None:
    case = factories.directive(at, "A", number=1)
    ring(case, sam)
    with pytest.raises(NotAllowedError, match="such a call runs already"):
        ring(case, seated(at))
    with pytest.raises(NotAllowedError, match="on the line"):
        ring(case, seated(at), Tier.VIDEO)
    assert Call.objects.on_line().count() == 1


def test_no_free_line_leaves_the_call_in_its_place_for_the_first_free_desk(at: Centre, sam: User) -> None:
    case = factories.directive(at, "A", number=1)
    Trunk.objects.update(enabled=False)
    with pytest.raises(NotAllowedError, match="no line is free"):
        ring(case, sam)
    assert live(case).call.status == CallStatus.BOOKED  # type: ignore[union-attr]
    assert row(sam).state == Desk.State.PAUSED
    Trunk.objects.update(enabled=True)
    ready = seated(at, state="ready", reason="", ready_since=START)
    (call,) = exchange.connect(now=NOW)
    assert call.desk == row(ready)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"state": "away", "reason": "", "lease_until": None}, "your desk is away"),
        ({"state": "talking", "reason": ""}, "your desk has a call"),
        ({"tags": []}, "takes no video calls"),
    ],
)
def test_a_desk_that_cannot_call_says_so_and_nothing_is_booked(
    at: Centre, given: dict[str, object], said: str
) -> None:
    case = factories.directive(at, "A", number=1)
    user = seated(at, **given)
    with pytest.raises(NotAllowedError, match=said):
        ring(case, user, Tier.VIDEO)
    assert Attempt.objects.filter(case=case, tier=Tier.VIDEO).count() == 0


def test_who_has_no_desk_calls_nobody(at: Centre) -> None:
    with pytest.raises(NotAllowedError, match="you have no desk"):
        ring(factories.directive(at, "A", number=1), at.user())


def test_hours_and_the_cap_hold_for_a_person_too(at: Centre, sam: User) -> None:
    case = factories.directive(at, "A", number=1, level=Level.MEDIUM, now=NIGHT)
    with pytest.raises(NotAllowedError, match="calling hours: they begin at 03-03 08:00"):
        ring(case, sam, now=NIGHT)
    often = factories.directive(at, "B", number=2, level=Level.LOW)
    rung = [Call(number="+8619000000002", kind="voice", status="ended", result="busy") for _ in range(4)]
    for call in rung:
        call.booked_for = call.until = call.rank_at = call.dialled_at = call.ended_at = START
        call.save()
    with pytest.raises(NotAllowedError, match="often enough"):
        ring(often, sam)


def test_a_case_of_a_colleague_and_one_that_is_settled_are_left_alone(at: Centre, sam: User) -> None:
    case = factories.directive(at, "A", number=1)
    desk.take(case_id=case.pk, by=at.user(), now=NOW)
    with pytest.raises(NotAllowedError, match="a colleague is on this case"):
        ring(case, sam)
    settled = factories.directive(at, "B", number=2)
    ring(settled, sam)
    attempt = live(settled)
    hear(CallStatus.TALKING)
    words.judge(attempt_id=attempt.pk, disposition=Disposition.PERSUADED, by=sam, now=NOW)
    with pytest.raises(NotAllowedError, match="they have been met"):
        byhand.send_station(case_id=settled.pk, by=sam, now=NOW)


def test_a_contact_is_called_and_that_is_no_attempt(at: Centre, sam: User) -> None:
    spouse = report.Related("spouse", "+8619000000009", "测家人")
    case = factories.directive(at, "A", number=1, contacts=(spouse,))
    attempts = Attempt.objects.filter(case=case).count()
    contact = case.target.contacts.get()
    handset.call_contact(case_id=case.pk, contact_id=contact.pk, by=sam, now=NOW)
    call = Call.objects.on_line().get()
    assert (call.number, call.desk) == ("+8619000000009", row(sam))
    hear(CallStatus.TALKING)
    hear(CallStatus.ENDED, CallResult.ANSWERED)
    assert Attempt.objects.filter(case=case).count() == attempts
    assert Case.objects.get(pk=case.pk).reached_at is None
    told = Event.objects.get(verb="contact_rung")
    assert (told.by, told.detail["call"], told.detail["relation"]) == (sam, call.pk, "spouse")


def test_a_contact_whom_no_line_reaches_is_left_to_nobody_else(at: Centre, sam: User) -> None:
    spouse = report.Related("spouse", "+8619000000009", "测家人")
    case = factories.directive(at, "A", number=1, contacts=(spouse,))
    Trunk.objects.update(enabled=False)
    with pytest.raises(NotAllowedError, match="no line is free"):
        handset.call_contact(case_id=case.pk, contact_id=case.target.contacts.get().pk, by=sam, now=NOW)
    assert Call.objects.latest("pk").result == CallResult.CANCELLED
    other = factories.directive(at, "B", number=2)
    with pytest.raises(NotAllowedError, match="no contact of theirs"):
        handset.call_contact(case_id=other.pk, contact_id=case.target.contacts.get().pk, by=sam, now=NOW)


def test_a_call_back_is_a_planned_attempt_at_that_time(at: Centre, sam: User) -> None:
    case = factories.directive(at, "A", number=1)
    when = NOW + timedelta(minutes=30)
    byhand.call_back(case_id=case.pk, at=when, by=sam, now=NOW, desk=row(sam).pk)
    attempt = live(case)
    assert (attempt.stage, attempt.starts_at) == (Stage.PLANNED, when)
    assert attempt.call.prefers_id == row(sam).pk  # type: ignore[union-attr]
    assert exchange.connect(now=when - timedelta(seconds=1)) == []
    Desk.objects.update(state="ready", reason="", ready_since=START)
    assert [call.pk for call in exchange.connect(now=when)] == [attempt.call_id]
    turn.advance([case.pk], now=NOW)
    assert Case.objects.get(pk=case.pk).due_at is not None


@pytest.mark.parametrize("minutes", [-5, 0, 11])
def test_a_critical_case_is_not_put_off_for_long(at: Centre, sam: User, minutes: int) -> None:
    case = factories.directive(at, "A", number=1, level=Level.CRITICAL)
    with pytest.raises(NotAllowedError, match="choose a time"):
        byhand.call_back(case_id=case.pk, at=NOW + timedelta(minutes=minutes), by=sam, now=NOW, desk=None)


def test_somebody_is_sent_to_the_door_once(at: Centre, sam: User) -> None:
    case = factories.directive(at, "A", number=1)
    byhand.send_station(case_id=case.pk, by=sam, now=NOW)
    visit = live(case, Tier.VISIT)
    assert (visit.stage, visit.unit) == (Stage.SENT, at.station)
    assert live(case).stage == Stage.PLANNED  # the call goes on
    with pytest.raises(NotAllowedError, match="on the way already"):
        byhand.send_station(case_id=case.pk, by=sam, now=NOW)


def test_the_sms_goes_out_again_only_when_it_is_not_the_same_moment(at: Centre, sam: User) -> None:
    case = factories.directive(at, "A", number=1, level=Level.MEDIUM)  # whose chain sends none
    byhand.text(case_id=case.pk, by=sam, now=NOW)
    assert case.messages.get().text.number == "+8619000000001"
    with pytest.raises(NotAllowedError, match="less than six hours"):
        byhand.text(case_id=case.pk, by=sam, now=NOW + timedelta(hours=5))
    byhand.text(case_id=case.pk, by=sam, now=NOW + timedelta(hours=7))
    assert case.messages.count() == 2


def test_a_hand_over_is_proposed_and_nothing_else_moves(at: Centre, sam: User) -> None:
    case = factories.directive(at, "A", number=1)
    proposing.propose(case_id=case.pk, to="湛江市反诈中心", why="人在湛江", by=sam, now=NOW)
    told = Event.objects.get(verb="proposed")
    assert (told.by, told.why, told.detail["to"]) == (sam, "人在湛江", "湛江市反诈中心")
    assert Case.objects.get(pk=case.pk).is_open
    with pytest.raises(NotAllowedError, match="proposed already"):
        proposing.propose(case_id=case.pk, to="清远市反诈中心", why="x", by=sam, now=NOW)
    with pytest.raises(NotAllowedError, match="name the centre"):
        proposing.propose(case_id=case.pk, to=" ", why="x", by=sam, now=NOW)
    closing.hand_over(case_id=case.pk, by=at.user(Role.SUPERVISOR), why="湛江市反诈中心", now=NOW)
    assert Case.objects.get(pk=case.pk).outcome == Outcome.HANDED_OVER
    assert case.proposals.get().accepted  # whichever way it was done


@pytest.mark.parametrize("level", Level)
def test_every_call_by_hand_that_meets_nothing_leaves_the_case_with_a_next_step(
    at: Centre, sam: User, level: Level
) -> None:
    case = factories.directive(at, "A", number=1, level=level)
    now = NOW
    for _ in range(12):
        try:
            ring(case, sam, now=now)
        except NotAllowedError:
            break
        call = Call.objects.at_desks().get()
        calls.hear(Update(str(call.key), CallStatus.ENDED, CallResult.NO_ANSWER), now=now)
        turn.advance([case.pk], now=now)
        case = Case.objects.get(pk=case.pk)
        assert case.is_open
        assert case.due_at is not None
        now += timedelta(seconds=40)
