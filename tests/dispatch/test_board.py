"""The shift's board: who sees it, what it tells, what a lead does there; bounded however many there are."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from dispatch.models import Case, Event, Operator, User
from dispatch.vocabulary import Level, Role
from dispatch.workflow import desk as own
from dispatch.workflow import leading, proposing, reserving, turn
from telephony import calls, clock, desks, exchange, lines
from telephony.carrier import CallResult, CallStatus, Update
from telephony.models import Call, Desk, Leg, Trunk
from telephony.models.desk import LEASE
from tests import factories
from tests.factories import START, Centre, entered
from tests.seats import taken_seats

SOON = START + timedelta(seconds=20)
BOARD = "/admin/dispatch/operator/board/"
TWILIO = {
    "adapter": "telephony.carriers.twilio.TwilioCarrier",
    "account_sid": "AC" + "0" * 32,
    "auth_token": "none",
    "caller_id": "+861096110",
    "base_url": "http://127.0.0.1:9",
    "callback_base": "http://127.0.0.1:9",
}


@pytest.fixture(autouse=True)
def moving(settings: Settings) -> None:
    settings.CLOCK = "telephony.clock.moving"
    clock.moving.set(SOON)


@pytest.fixture
def place(db: None) -> Centre:
    centre = factories.centre()
    Desk.objects.all().delete()
    return centre


def seat(user: User, *, address: str = "", **given: Any) -> Operator:
    """Somebody at a desk, ready."""
    plain = {"lease": LEASE, "lease_until": SOON + LEASE, "name": f"desk of {user.username}"}
    desk = taken_seats(1, START, **{**plain, "address": address, **given})[0]
    return Operator.objects.create(user=user, desk=desk)


@pytest.fixture
def sam(place: Centre) -> Operator:
    return seat(place.user(username="sam"))


@pytest.fixture
def chief(place: Centre) -> Client:
    return entered(place.user(Role.SUPERVISOR, username="chief"))


def press(client: Client, what: str, **given: object) -> str:
    return client.post(f"{BOARD}{what}/", given, follow=True).content.decode()


def talking(place: Centre) -> Call:
    """The one ready desk talks."""
    case = factories.directive(place, "D-1", number=1)
    call = factories.answer(case, now=SOON).call
    assert call is not None
    return call


def user_named(name: str) -> User:
    return User.objects.get(username=name)


def state_of(operator: Operator) -> tuple[str, str, str]:
    kept = Desk.objects.get(pk=operator.desk_id)
    return kept.state, kept.reason, kept.after


# ---- Who


def test_an_operator_leads_only_if_their_seat_says_so(place: Centre, sam: Operator) -> None:
    client = entered(sam.user)
    assert client.get(BOARD).status_code == 403
    assert client.post(f"{BOARD}pause/", {"operator": sam.pk, "why": "x"}).status_code == 403
    assert list(Event.objects.filter(verb="refused", by=sam.user).values_list("detail__act", flat=True)) == [
        "board",
        "board pause",
    ]
    Operator.objects.update(leads=True)
    assert client.get(BOARD).status_code == 200
    assert BOARD in client.get("/admin/dispatch/case/").content.decode()  # on the bar of their desk
    User.objects.filter(pk=sam.user_id).update(is_active=False)
    assert client.get(BOARD).status_code == 302


def test_an_officer_with_the_flag_still_leads_nothing(place: Centre, sam: Operator) -> None:
    Operator.objects.update(leads=True)
    User.objects.filter(pk=sam.user_id).update(role=Role.OFFICER)
    assert entered(User.objects.get(pk=sam.user_id)).get(BOARD).status_code == 403


def test_a_county_sees_only_its_own_desks_and_moves_no_others(place: Centre, sam: Operator) -> None:
    county = entered(place.user(Role.SUPERVISOR, place.county))
    assert "desk of sam" not in county.get(BOARD).content.decode()
    assert "not one of your units" in press(county, "pause", operator=sam.pk, why="none of yours")
    assert state_of(sam)[0] == Desk.State.READY


# ---- What it tells


def test_empty_it_says_what_would_stand_there(place: Centre, chief: Client) -> None:
    Trunk.objects.all().delete()
    page = chief.get(BOARD).content.decode()
    for words in (
        "Nobody is signed in",
        "There is no trunk",
        "everything promised in the last hour was kept",
        "None. A case that an operator takes over",
    ):
        assert words in page


def test_it_tells_who_talks_on_which_case_and_what_the_lines_do(
    place: Centre, sam: Operator, chief: Client
) -> None:
    call = talking(place)
    case = Case.objects.get()
    own.take(case_id=case.pk, by=sam.user, now=SOON)
    Trunk.objects.create(
        name="second", carrier="simulated", concurrent=5, per_second=1, filled_at=SOON, faults=5,
        rests_until=SOON + timedelta(minutes=1),
    )  # fmt: skip
    for number, level in ((2, Level.CRITICAL), (3, Level.MEDIUM)):  # nobody is free for these
        factories.directive(place, f"D-{number}", number=number, level=level)
    clock.moving.set(SOON + timedelta(minutes=2))
    told = chief.get(BOARD).context["board"]
    (mine,) = told.seated
    assert (mine.words, mine.lasts, mine.case.number, mine.held) == ("talking", "02:00", case.number, 1)
    assert mine.call == call.pk
    assert [(t.name, t.used, t.most, t.well) for t in told.trunks] == [
        ("simulated", 1, 30, True),
        ("second", 0, 5, False),
    ]
    waits = {row.mark.number: (row.calls, row.oldest) for row in told.waits}
    assert waits[Level.CRITICAL] == (1, "02:20")
    assert waits[Level.MEDIUM] == (1, "02:20")
    assert waits[Level.HIGH] == (0, "")
    assert [(one.case.number, one.who) for one in told.held] == [(case.number, "sam")]
    clock.moving.set(SOON + timedelta(seconds=30))
    resting = chief.get(BOARD).context["board"].trunks[1]
    assert (resting.well, resting.words) == (False, "rests for 00:30 after 5 faults in a row")
    calls.hear(
        Update(str(call.key), CallStatus.ENDED, CallResult.ANSWERED), now=SOON
    )  # and nobody says a word
    (mine,) = chief.get(BOARD).context["board"].seated
    assert (mine.owes.number, mine.word.left, mine.word.passed) == (case.number, 270, False)
    clock.moving.set(SOON + timedelta(minutes=6))
    desks.release_lapsed(now=SOON + timedelta(minutes=6))
    answer = chief.get(BOARD)
    (mine,) = answer.context["board"].seated  # away by now, and still there
    assert (mine.state, mine.word.off, answer.context["board"].away) == ("away", "+01:00", 0)
    assert "broken promise" in answer.content.decode()


def test_it_tells_which_promises_were_broken_and_what_is_late(place: Centre, chief: Client) -> None:
    case = factories.directive(place, "D-1", number=1, level=Level.CRITICAL)
    later = SOON + timedelta(minutes=4)
    clock.moving.set(later)
    told = chief.get(BOARD).context["board"]
    assert {row.mark.number: row.late for row in told.waits}[Level.CRITICAL] == 1
    turn.advance([case.pk], now=later)
    told = chief.get(BOARD).context["board"]
    assert told.broken_lately == 1
    assert "no acknowledgement" in told.broken[0].words
    assert told.broken[0].case.number == case.number
    clock.moving.set(later + timedelta(hours=2))
    assert chief.get(BOARD).context["board"].broken_lately == 0


def test_a_placed_call_that_met_a_fault_counts_against_its_trunk(
    place: Centre,
    sam: Operator,
    chief: Client,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    factories.directive(place, "D-1", number=1)
    exchange.connect(now=SOON)
    call = Call.objects.exclude(dialled_at=None).get()
    Call.objects.filter(pk=call.pk).update(placed_at=SOON)
    with django_capture_on_commit_callbacks(execute=True):
        calls.hear(Update(str(call.key), CallStatus.ENDED, CallResult.CONGESTION), now=SOON)
    (trunk,) = chief.get(BOARD).context["board"].trunks
    assert (trunk.faults, trunk.placed, trunk.well, trunk.words) == (1, 1, False, "1 fault in a row")


def test_its_queries_are_bounded(
    place: Centre, chief: Client, django_assert_max_num_queries: Callable[[int], AbstractContextManager[Any]]
) -> None:
    for nth in range(6):
        seat(place.user(username=f"op{nth}"))
    for number in range(4):
        factories.directive(place, f"D-{number}", number=number)
    exchange.connect(now=SOON)
    for call in Call.objects.at_desks():
        calls.hear(Update(str(call.key), CallStatus.TALKING), now=SOON)
    for case in Case.objects.all():
        own.take(case_id=case.pk, by=User.objects.get(username="op0"), now=SOON)
    with django_assert_max_num_queries(25):
        chief.get(BOARD)


# ---- Forcing


def test_a_paused_desk_is_told_by_whom_and_why_until_it_is_ready_again(sam: Operator, chief: Client) -> None:
    lease = Desk.objects.get(pk=sam.desk_id).lease_until
    assert "takes no more calls" in press(chief, "pause", operator=sam.pk, why="交接班会")
    assert state_of(sam) == ("paused", "lead", "")
    assert Desk.objects.get(pk=sam.desk_id).lease_until == lease  # no sign of life of theirs
    mine = entered(sam.user)
    told = mine.post(reverse("admin:dispatch_desk_beat")).json()
    assert (told["reason"], told["told"]) == (
        "by the shift lead",
        "chief has paused your desk at 09:00: 交接班会",
    )
    assert "交接班会" in mine.get("/admin/dispatch/case/").content.decode()
    event = Event.objects.get(verb="desk_forced")
    assert (event.why, event.detail["forced"], event.detail["operator"]) == ("交接班会", "paused", "sam")
    mine.post(reverse("admin:dispatch_desk_act", args=["ready"]))
    assert mine.post(reverse("admin:dispatch_desk_beat")).json()["told"] == ""
    assert state_of(sam)[0] == "ready"


def test_a_talk_goes_on_and_the_pause_takes_hold_when_it_ends(
    place: Centre, sam: Operator, chief: Client
) -> None:
    call = talking(place)
    press(chief, "pause", operator=sam.pk, why="培训")
    assert state_of(sam) == ("talking", "lead", "paused")
    calls.hear(Update(str(call.key), CallStatus.ENDED, CallResult.ANSWERED), now=SOON)
    assert state_of(sam) == ("paused", "lead", "")


def test_a_desk_signed_off_reads_so_although_it_is_away(sam: Operator, chief: Client) -> None:
    press(chief, "away", operator=sam.pk, why="忘记签退")
    assert state_of(sam)[0] == "away"
    told = entered(sam.user).post(reverse("admin:dispatch_desk_beat")).json()["told"]
    assert told == "chief has signed your desk off at 09:00: 忘记签退"
    assert "is signed in at that desk" in press(chief, "away", operator=sam.pk, why="again")


def test_without_a_reason_nothing_is_forced(sam: Operator, chief: Client) -> None:
    for what in ("pause", "away"):
        chief.post(f"{BOARD}{what}/", {"operator": sam.pk, "why": "  "})
        refused = Event.objects.get(verb="refused", detail__act=f"board {what}")
        assert refused.why == "a reason is needed"
    assert state_of(sam)[0] == "ready"


def test_a_leading_operator_moves_operators_not_chiefs_nor_themselves(place: Centre, sam: Operator) -> None:
    Operator.objects.update(leads=True)
    boss = seat(place.user(Role.SUPERVISOR, username="boss"))
    client = entered(sam.user)
    assert "a supervisor&#x27;s to move" in press(client, "pause", operator=boss.pk, why="x")
    assert "on your own page" in press(client, "pause", operator=sam.pk, why="x")
    assert "not one of your units" in press(client, "pause", operator="x", why="x")
    assert state_of(boss)[0] == "ready"


# ---- Giving


def test_a_case_is_given_to_another_with_a_reason_on_record(
    place: Centre, sam: Operator, chief: Client
) -> None:
    case = factories.directive(place, "D-1", number=1)
    eve = seat(place.user(username="eve"))
    own.take(case_id=case.pk, by=sam.user, now=SOON)
    given = {"case": case.number, "to": eve.user_id, "why": "交班"}
    assert "The case is given to them" in press(chief, "reassign", **given)
    press(chief, "reassign", **given)  # pressed twice
    assert Case.objects.get().holder == eve.user
    event = Event.objects.get(verb="case_assigned")
    assert (event.why, event.detail) == ("交班", {"before_holder": sam.user_id, "to": "eve"})
    page = entered(eve.user).get(f"/admin/dispatch/case/{case.pk}/change/").content.decode()
    assert "Given to eve: 交班" in page


@pytest.mark.parametrize("lasts", [timedelta(), timedelta(minutes=10)], ids=["lasts", "has lapsed"])
@pytest.mark.parametrize("to", ["sam", "eve"])
def test_a_reserved_case_that_is_given_is_theirs_for_good(
    place: Centre, sam: Operator, to: str, lasts: timedelta
) -> None:
    lead, eve = place.user(Role.SUPERVISOR), place.user(username="eve")
    case = factories.directive(place, "D-1", number=1)
    assert reserving.next_case(by=sam.user, scope=None, now=SOON) == case
    taker = {"sam": sam.user, "eve": eve}[to]
    for _ in range(2):  # pressed twice
        leading.reassign(by=lead, case_id=case.pk, to=taker, why="交班", now=SOON + lasts)
    case = Case.objects.get()
    assert (case.holder, case.held_until) == (taker, None)
    call = Call.objects.get()
    assert call.due_at == call.booked_for, "the router may take it up again"
    assert Event.objects.filter(verb="case_assigned").count() == 1


def test_what_cannot_be_given_is_refused_nor_to_who_may_not_see_it(
    place: Centre, sam: Operator, chief: Client
) -> None:
    case = factories.directive(place, "D-1", number=1)
    far = seat(place.user(username="far", unit=place.other))
    for wrong in ({"case": "2026-03-999999"}, {"to": "0"}, {"why": ""}, {"to": far.user_id}):
        sent = {"case": case.number, "to": sam.user_id, "why": "交班", **wrong}
        chief.post(f"{BOARD}reassign/", sent)
    refused = Event.objects.filter(verb="refused", detail__act="board reassign").order_by("pk")
    assert list(refused.values_list("why", flat=True)) == [
        "name one case of your units, by its number",
        "say to whom",
        "a reason is needed",
        "far may not work on that case",
    ]
    assert Case.objects.get().holder is None


# ---- Hand-overs


def test_a_proposed_hand_over_is_accepted_or_declined_on_the_board(
    place: Centre, sam: Operator, chief: Client
) -> None:
    cases = [factories.directive(place, f"D-{n}", number=n, level=Level.HIGH) for n in (1, 2, 3)]
    made = [
        proposing.propose(case_id=case.pk, to="湛江市反诈中心", why="人在湛江", by=sam.user, now=START)
        for case in cases
    ]
    told = chief.get(BOARD).context["board"].proposed
    assert [(one.case.number, one.to, one.who, one.lasts) for one in told] == [
        (case.number, "湛江市反诈中心", "sam", "00:20") for case in cases
    ]
    operator, other = entered(sam.user), entered(place.user(Role.SUPERVISOR, place.other))
    assert operator.post(f"{BOARD}accept/", {"proposal": made[0].pk}).status_code == 403
    assert "not one of your units" in press(other, "accept", proposal=made[0].pk)
    assert other.get(BOARD).context["board"].proposed == ()
    Operator.objects.update(leads=True)
    assert "own proposal" in press(operator, "accept", proposal=made[0].pk)
    assert "handed over" in press(chief, "accept", proposal=made[0].pk)
    assert "reason is needed" in press(chief, "decline", proposal=made[1].pk, why=" ")
    assert "stays ours" in press(chief, "decline", proposal=made[1].pk, why="我们先上门")
    for proposal in made[:2]:
        assert "already" in press(chief, "accept", proposal=proposal.pk)
    first, second = (Case.objects.get(pk=case.pk) for case in cases[:2])
    assert (first.outcome, first.closed_by, second.is_open) == ("handed_over", user_named("chief"), True)
    assert Event.objects.get(verb="closed", case=first).why == "湛江市反诈中心: 人在湛江"
    assert Event.objects.get(verb="proposal_declined").why == "我们先上门"
    (left,) = chief.get(BOARD).context["board"].proposed
    assert left.id == made[2].pk
    assert Event.objects.filter(verb="refused", detail__act__startswith="board").count() == 6


# ---- Listening


def test_listening_is_offered_where_the_line_can_and_rings_the_leads_own_phone(
    place: Centre, sam: Operator, settings: Settings
) -> None:
    settings.CARRIERS = {**settings.CARRIERS, "twilio": TWILIO}
    lines.forget()
    call = talking(place)
    lead = place.user(Role.SUPERVISOR, username="lead")
    client = entered(lead)
    assert "you have no desk of your own that could be rung" in client.get(BOARD).content.decode()
    mine = seat(lead, state=Desk.State.PAUSED, reason="meeting", ready_since=None)
    assert "your desk has no phone" in client.get(BOARD).content.decode()
    desks.register(desk_id=mine.desk_id, address="sip:chief@pbx.example")
    page = client.get(BOARD).content.decode()
    assert "this line joins nobody to a call" in page  # the simulated carrier has no rooms
    assert "data-hear" not in page
    Trunk.objects.update(carrier="twilio")
    page = client.get(BOARD).content.decode()
    assert page.count("data-hear") == 2
    client.post(reverse("admin:dispatch_desk_act", args=["listen"]), {"call": call.pk})
    leg = Leg.objects.get()
    assert (leg.role, leg.way, leg.desk_id) == ("supervisor", "listen", mine.desk_id)
    assert "✓ listens" in client.get(BOARD).content.decode()
    assert Event.objects.filter(verb="desk_joined", by=lead, case=Case.objects.get()).exists()
    lines.forget()


def test_a_leading_operator_may_listen_and_others_may_not(
    place: Centre, sam: Operator, settings: Settings
) -> None:
    settings.CARRIERS = {**settings.CARRIERS, "twilio": TWILIO}
    lines.forget()
    call = talking(place)
    Trunk.objects.update(carrier="twilio")
    eve = seat(place.user(username="eve"), address="+861080100001")
    listen = reverse("admin:dispatch_desk_act", args=["listen"])
    entered(eve.user).post(listen, {"call": call.pk})
    assert not Leg.objects.exists()
    Operator.objects.filter(pk=eve.pk).update(leads=True)
    entered(eve.user).post(listen, {"call": call.pk})
    assert Leg.objects.get().way == "listen"
    lines.forget()
