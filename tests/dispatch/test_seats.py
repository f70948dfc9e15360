"""One's own desk: the bar tells what its row says, each act is allowed, done once and on record; who sees whose."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db.models import ProtectedError
from django.test import Client, TestCase
from django.urls import reverse
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from dispatch.models import Attempt, Case, Event, Operator, User
from dispatch.vocabulary import Disposition, Level, Result, Role, Tier
from dispatch.workflow import debts, turn, words
from telephony import calls, clock, desks, exchange
from telephony.carrier import CallResult, CallStatus, Update
from telephony.models import Call, Desk, Trunk
from telephony.models.desk import LEASE
from tests import factories
from tests.factories import START, Centre, entered
from tests.seats import taken_seats

SOON = START + timedelta(seconds=20)
Told = dict[str, Any]


@pytest.fixture(autouse=True)
def moving(settings: Settings) -> None:
    settings.CLOCK = "telephony.clock.moving"
    clock.moving.set(SOON)


@pytest.fixture
def place(db: None) -> Centre:
    centre = factories.centre()
    Desk.objects.all().delete()  # nobody but the operator of the test
    return centre


@pytest.fixture
def sam(place: Centre) -> User:
    """An operator with a desk, away."""
    user = place.user()
    desk = Desk.objects.create(name="desk of sam", since=START, tags=["video"])
    Operator.objects.create(user=user, desk=desk)
    return user


@pytest.fixture
def browser(sam: User) -> Client:
    return entered(sam)


def press(browser: Client, what: str, **given: object) -> str:
    """Press a button of the bar; what the page then says."""
    address = reverse("admin:dispatch_desk_act", args=[what])
    return browser.post(address, given, follow=True).content.decode()


def beat(browser: Client) -> Told:
    told: Told = browser.post(reverse("admin:dispatch_desk_beat")).json()
    return told


def row() -> Desk:
    return Desk.objects.get(name="desk of sam")


def hear(status: CallStatus, result: CallResult | None = None, *, now: datetime = SOON) -> None:
    calls.hear(Update(str(Call.objects.at_desks().get().key), status, result), now=now)


def offered(place: Centre, browser: Client) -> Call:
    """A call that sam, who wants to be asked, has been asked to take."""
    press(browser, "ready")
    Desk.objects.update(mode=Desk.Mode.PREVIEW)
    factories.directive(place, "D-1", number=1)
    exchange.connect(now=SOON)
    return Call.objects.at_desks().get()


# ---- What may be done


def test_who_says_that_they_are_ready_sits_down_and_gets_calls(place: Centre, browser: Client) -> None:
    press(browser, "ready")
    assert (row().state, row().tags, row().lease_until) == (Desk.State.READY, ["video"], SOON + LEASE)
    case = factories.directive(place, "D-1", number=1)
    attempt = factories.dial(case, now=SOON)
    assert attempt.call is not None
    assert attempt.call.desk == row()


def test_where_the_programs_clock_runs_faster_a_sign_of_life_holds_as_much_longer(browser: Client) -> None:
    clock.moving.set(SOON, speed=60.0)
    press(browser, "ready")
    clock.moving.set(SOON)
    assert row().lease == 60 * LEASE


def test_a_pause_has_one_of_the_known_reasons(browser: Client) -> None:
    press(browser, "ready")
    assert "A reason is needed" in press(browser, "pause", reason="because")
    assert row().state == Desk.State.READY
    press(browser, "pause", reason="meal")
    assert (row().state, row().reason) == (Desk.State.PAUSED, "meal")


def test_a_desk_that_is_away_is_not_paused(browser: Client) -> None:
    assert "say first that you are ready" in press(browser, "pause", reason="meal")
    assert row().state == Desk.State.AWAY


def test_who_takes_the_call_has_it_dialled(
    place: Centre, browser: Client, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    call = offered(place, browser)
    with django_capture_on_commit_callbacks(execute=True):
        press(browser, "accept", call=call.pk)
    dialled = Call.objects.get(pk=call.pk)
    assert dialled.status == CallStatus.DIALLING
    assert dialled.external_id
    assert Event.objects.get(verb="desk_accepted").case is not None


def test_a_desk_wraps_up_until_its_operator_has_said_what_came_of_the_talk(
    place: Centre, browser: Client
) -> None:
    _wrapping(place, browser)
    case = Attempt.objects.get(call__desk=row()).case
    assert beat(browser)["owes"]["number"] == case.number
    assert f"what came of your last call: {case.number}" in press(browser, "wrapped_up")
    late = SOON + timedelta(minutes=10)
    for now in (SOON + row().wrap, late):  # the page lives on
        clock.moving.set(now - timedelta(seconds=30))
        beat(browser)
        desks.release_lapsed(now=now)
        assert row().state == Desk.State.WRAPPING
        factories.directive(place, f"D-{now}", number=now.minute + 10, now=now)
        exchange.connect(now=now)
        assert not Call.objects.at_desks().filter(desk=row()).exists()
    turn.advance([case.pk], now=late)
    attempt = Attempt.objects.get(call__dialled_at=SOON)
    assert attempt.result == Result.ANSWERED_UNVERIFIED  # the clock's word is not theirs
    assert debts.settle(now=late) == 0
    words.record_result(attempt_id=attempt.pk, result=Result.ANSWERED_UNVERIFIED, now=late)
    assert debts.settle(now=late) == 1  # the tick frees what the hint after the commit did not
    desks.release_lapsed(now=late)
    assert (row().state, beat(browser)["owes"]) == (Desk.State.READY, None)


def test_who_went_away_owing_a_word_comes_back_only_with_it(place: Centre, browser: Client) -> None:
    _wrapping(place, browser)
    desks.release_lapsed(now=SOON + 2 * LEASE)
    assert row().state == Desk.State.AWAY
    clock.moving.set(SOON + 2 * LEASE)
    assert "what came of your last call" in press(browser, "ready")
    assert row().state == Desk.State.AWAY
    assert debts.settle(now=SOON + timedelta(days=2)) == 1  # yesterday's word keeps nobody from today's work


def test_nobody_owes_a_word_they_are_not_let_say(place: Centre, browser: Client) -> None:
    _wrapping(place, browser)
    case = Attempt.objects.get(call__desk=row()).case
    Case.objects.filter(pk=case.pk).update(unit=None)  # the person turned out to be elsewhere
    assert debts.settle(now=SOON) == 1
    assert beat(browser)["owes"] is None


def test_a_machine_and_a_talk_that_never_was_ours_owe_nothing(place: Centre, browser: Client) -> None:
    _talking(place, browser)
    Call.objects.at_desks().update(dropped_at=SOON)  # our own phone did not answer
    hear(CallStatus.ENDED, CallResult.ANSWERED)
    assert row().owes is None
    press(browser, "wrapped_up")
    other = factories.directive(place, "D-2", number=2)
    call = factories.answer(other, now=SOON).call
    assert call is not None
    hear(CallStatus.ENDED, CallResult.ANSWERED)
    assert row().owes == call.pk
    calls.hear(Update(str(call.key), CallStatus.ENDED, CallResult.MACHINE), now=SOON)
    assert debts.settle(now=SOON) == 1


def test_a_call_that_is_gone_is_neither_taken_nor_declined(place: Centre, browser: Client) -> None:
    call = offered(place, browser)
    calls.call_off([call.pk], now=SOON)
    assert "not yours any more" in press(browser, "accept", call=call.pk)
    assert "not yours any more" in press(browser, "decline", call="nonsense")
    assert Call.objects.get(pk=call.pk).status == CallStatus.ENDED


def test_with_no_line_free_the_call_goes_back_and_the_desk_is_ready(place: Centre, browser: Client) -> None:
    call = offered(place, browser)
    Trunk.objects.update(enabled=False)
    assert "no line is free" in press(browser, "accept", call=call.pk)
    assert row().state == Desk.State.READY
    waits = Call.objects.get(pk=call.pk)
    assert (waits.status, waits.desk) == (CallStatus.BOOKED, None)
    assert not Event.objects.filter(verb="desk_accepted").exists()


def test_who_declines_is_ready_and_the_call_waits(place: Centre, browser: Client) -> None:
    call = offered(place, browser)
    press(browser, "decline", call=call.pk)
    assert row().state == Desk.State.READY
    assert Call.objects.get(pk=call.pk).desk is None


def test_every_act_and_every_refusal_is_on_record(browser: Client, sam: User) -> None:
    press(browser, "ready")
    press(browser, "pause", reason="break")
    press(browser, "pause", reason="")
    press(browser, "wrapped_up")
    press(browser, "away")
    lines = Event.objects.filter(by=sam).order_by("pk").values_list("verb", flat=True)
    assert list(lines) == ["desk_ready", "desk_paused", "refused", "desk_wrapped_up", "desk_away"]


def test_after_an_act_one_is_back_on_the_page_one_came_from(place: Centre, browser: Client) -> None:
    case = factories.directive(place, "D-1", number=1)
    page = reverse("admin:dispatch_case_change", args=[case.pk])
    address = reverse("admin:dispatch_desk_act", args=["ready"])
    there = browser.post(address, headers={"referer": f"http://testserver{page}"})
    assert there["Location"].endswith(page)
    opened = reverse("admin:dispatch_case_person", args=[case.pk])
    after = browser.post(address, headers={"referer": f"http://testserver{opened}"})
    assert after["Location"].endswith(page)
    elsewhere = browser.post(address, headers={"referer": "http://elsewhere.example/"})
    assert elsewhere["Location"] == reverse("admin:dispatch_case_changelist")


# ---- What is shown is what the row says


def _ready(place: Centre, browser: Client) -> None:
    press(browser, "ready")


def _paused(place: Centre, browser: Client) -> None:
    press(browser, "ready")
    press(browser, "pause", reason="meal")


def _ringing(place: Centre, browser: Client) -> None:
    press(browser, "ready")
    factories.dial(factories.directive(place, "D-1", number=1), now=SOON)


def _talking(place: Centre, browser: Client) -> None:
    _ringing(place, browser)
    hear(CallStatus.TALKING)


def _leaving(place: Centre, browser: Client) -> None:
    _talking(place, browser)
    press(browser, "away")


def _wrapping(place: Centre, browser: Client) -> None:
    _talking(place, browser)
    hear(CallStatus.ENDED, CallResult.ANSWERED)


def _written(place: Centre, browser: Client) -> None:
    _wrapping(place, browser)
    with TestCase.captureOnCommitCallbacks(execute=True):
        attempt = Attempt.objects.get(call__desk=row())
        words.judge(attempt_id=attempt.pk, disposition=Disposition.PERSUADED, now=SOON)


def _gone(place: Centre, browser: Client) -> None:
    press(browser, "ready")
    clock.moving.set(SOON + LEASE)
    desks.release_lapsed(now=SOON + LEASE)


STANDS: list[tuple[Callable[[Centre, Client], object], str, str, list[str]]] = [
    (lambda _place, _browser: None, "away", "", ["ready"]),
    (_ready, "ready", "", ["away", "pause"]),
    (_paused, "paused", "a meal", ["away", "pause", "ready"]),
    (offered, "offered", "", ["accept", "away", "decline", "pause"]),
    (_ringing, "offered", "", ["away", "pause"]),
    (_talking, "talking", "", ["away", "pause"]),
    (_leaving, "talking", "", ["away", "pause", "ready"]),
    (_wrapping, "wrapping", "", ["away", "pause"]),
    (_written, "wrapping", "", ["away", "pause", "wrapped_up"]),
    (_gone, "away", "", ["ready"]),
]


@pytest.mark.parametrize(("make", "state", "reason", "acts"), STANDS)
def test_the_bar_says_what_the_row_says(
    place: Centre,
    browser: Client,
    make: Callable[[Centre, Client], object],
    state: str,
    reason: str,
    acts: list[str],
) -> None:
    make(place, browser)
    told, desk = beat(browser), row()
    call = Call.objects.at_desks().first()
    lease = desk.lease_until.isoformat() if desk.lease_until else None
    assert (told["state"], told["reason"], told["acts"]) == (state, reason, acts)
    assert (told["state"], told["since"], told["lease_until"]) == (desk.state, desk.since.isoformat(), lease)
    assert told["call"] == (call.pk if call else None)
    assert bool(told["after"]) == bool(desk.after)
    page = browser.get(reverse("admin:dispatch_case_changelist")).content.decode()
    assert f'data-seat="{state}"' in page
    for act in ("accept", "decline", "ready", "pause", "away", "wrapped_up"):
        assert (f'data-act="{act}">' in page) == (act in acts)


def test_the_bar_leads_to_the_case_one_talks_about(place: Centre, browser: Client) -> None:
    case = factories.directive(place, "D-1", number=1)
    press(browser, "ready")
    factories.dial(case, now=SOON)
    page = reverse("admin:dispatch_case_change", args=[case.pk])
    assert beat(browser)["case"] == {"number": case.number, "url": page}
    assert 'data-seat="offered"' in browser.get(page).content.decode()


def test_a_case_of_anothers_unit_is_named_and_not_opened(place: Centre, sam: User) -> None:
    browser = entered(sam)
    press(browser, "ready")
    case = factories.directive(place, "D-1", number=1)
    factories.dial(case, now=SOON)
    sam.unit = place.other  # somebody changed it meanwhile
    sam.save()
    assert beat(browser)["case"] == {"number": case.number, "url": ""}


def test_a_beat_is_a_sign_of_life(browser: Client) -> None:
    press(browser, "ready")
    later = SOON + timedelta(seconds=30)
    clock.moving.set(later)
    beat(browser)
    assert row().lease_until == later + LEASE


# ---- Who may


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.SUPERVISOR, Role.OFFICER])
def test_without_a_desk_there_is_no_bar_and_nothing_to_do(place: Centre, sam: User, role: Role) -> None:
    other = entered(place.user(role))
    answer = other.post(reverse("admin:dispatch_desk_beat"))
    assert answer.status_code == (403 if role is Role.OFFICER else 404)
    press(other, "ready")
    assert row().state == Desk.State.AWAY
    if role is not Role.OFFICER:
        assert "data-beat" not in other.get(reverse("admin:dispatch_case_changelist")).content.decode()
        assert Event.objects.filter(verb="refused", why="you have no desk").exists()


def test_who_is_no_operator_any_more_works_at_no_desk(sam: User) -> None:
    sam.role = Role.OFFICER
    sam.save()
    press(entered(sam), "ready")
    assert row().state == Desk.State.AWAY


def test_who_has_a_seat_is_not_deleted_but_deactivated(browser: Client, sam: User) -> None:
    with pytest.raises(ProtectedError):
        sam.delete()
    sam.is_active = False
    sam.save()
    assert Operator.objects.get(user=sam).desk == row()
    assert browser.post(reverse("admin:dispatch_desk_beat")).status_code == 302


def test_acts_and_beats_are_posted(browser: Client) -> None:
    assert browser.get(reverse("admin:dispatch_desk_beat")).status_code == 405
    assert browser.get(reverse("admin:dispatch_desk_act", args=["ready"])).status_code == 405
    assert browser.post(reverse("admin:dispatch_desk_act", args=["dance"])).status_code == 404


def test_supervisors_see_the_desks_of_their_units_and_no_others(place: Centre, browser: Client) -> None:
    press(browser, "ready")
    press(browser, "pause", reason="meal")
    address = reverse("admin:dispatch_operator_changelist")
    listed = entered(place.user(Role.SUPERVISOR)).get(address).content.decode()
    assert all(words in listed for words in ("desk of sam", "paused", "a meal", "video", "00:00"))
    elsewhere = entered(place.user(Role.SUPERVISOR, place.county)).get(address).content.decode()
    assert "desk of sam" not in elsewhere
    assert browser.get(address).status_code == 403


# ---- What the case asks of a desk


def test_a_video_call_needs_a_desk_for_it_and_a_voice_call_none_in_particular(place: Centre) -> None:
    case = factories.directive(place, "D-1", number=1, level=Level.MEDIUM)
    (desk,) = taken_seats(1, START)
    factories.judged(case, Disposition.NOT_PERSUADED, now=SOON)
    voice, video = case.attempts.order_by("pk")[0].call, factories.live(case, Tier.VIDEO).call
    assert voice is not None
    assert video is not None
    assert (voice.needs, voice.desk, video.needs, video.prefers) == ("", desk, "video", desk)


def test_a_retry_prefers_the_desk_of_the_call_before(place: Centre) -> None:
    case = factories.directive(place, "D-1", number=1)
    _first, other = taken_seats(2, START)
    Desk.objects.filter(pk=other.pk).update(ready_since=START - timedelta(hours=1))
    factories.unanswered(case, now=SOON)
    again = factories.live(case, Tier.VOICE).call
    assert again is not None
    assert again.prefers == other


def test_an_announcement_needs_no_desk(place: Centre) -> None:
    case = factories.directive(place, "D-1", number=1, level=Level.LOW)
    attempt = factories.dial(case, now=SOON)
    assert attempt.call is not None
    assert (attempt.call.mode, attempt.call.status, attempt.call.desk) == (
        "announce",
        CallStatus.DIALLING,
        None,
    )


def test_administrators_give_desks_to_people_of_their_own_units(place: Centre, sam: User) -> None:
    chief = place.user(Role.ADMINISTRATOR, place.county)
    mine, desk = place.user(unit=place.station), Desk.objects.create(name="new", since=START)
    form = entered(chief).get(reverse("admin:dispatch_operator_add")).content.decode()
    assert f">{mine.username}<" in form
    assert f">{sam.username}<" not in form
    asked = {"user": mine.pk, "desk": desk.pk}
    entered(chief).post(reverse("admin:dispatch_operator_add"), asked)
    assert Operator.objects.get(desk=desk).user == mine
    assert Event.objects.filter(verb="added", by=chief).exists()
