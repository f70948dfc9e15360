"""The desk: who sees which cases, what each role may do there, and that every act and refusal is on record."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from dispatch.models import Attempt, Case, Event, Order, User
from dispatch.vocabulary import Disposition, Level, OrderState, Outcome, Result, Role, State, Tier
from dispatch.workflow import report, turn
from telephony import calls, clock
from telephony.carrier import CallResult, CallStatus, Update
from tests import factories
from tests.factories import START, Centre, Enter, enters
from warning_center.models import Source

SOON = START + timedelta(seconds=20)


@pytest.fixture(autouse=True)
def moving(settings: Settings) -> None:
    settings.CLOCK = "telephony.clock.moving"
    clock.moving.set(SOON)


@pytest.fixture
def place(db: None) -> Centre:
    return factories.centre()


@pytest.fixture
def enter(place: Centre) -> Enter:
    """A browser with somebody of a role logged in, in English."""
    return enters(place)


def queue(client: Client, query: str = "") -> str:
    answer = client.get(reverse("admin:dispatch_case_changelist") + query)
    assert answer.status_code == 200
    return answer.content.decode()


def page(client: Client, case: Case) -> str:
    return client.get(reverse("admin:dispatch_case_change", args=[case.pk])).content.decode()


def act(client: Client, case: Case, what: str, **asked: object) -> str:
    """Do something to a case; what the page then says."""
    address = reverse("admin:dispatch_case_act", args=[case.pk, what])
    return client.post(address, asked, follow=True).content.decode()


def verbs(case: Case) -> list[str]:
    return list(Event.objects.filter(case=case).order_by("pk").values_list("verb", flat=True))


# who gets in


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.SUPERVISOR, Role.ADMINISTRATOR])
def test_the_desk_opens_to_operators_supervisors_and_administrators(enter: Enter, role: Role) -> None:
    assert "Queue" in queue(enter(role))


def test_an_officer_does_not_get_in(enter: Enter) -> None:
    answer = enter(Role.OFFICER).get(reverse("admin:dispatch_case_changelist"))
    assert answer.status_code == 302


def test_an_operator_whose_role_became_officer_is_out_at_once(place: Centre, enter: Enter) -> None:
    client = enter(Role.OPERATOR)
    user = User.objects.get(role=Role.OPERATOR)
    user.role = Role.OFFICER
    user.save()
    assert client.get(reverse("admin:dispatch_case_changelist")).status_code == 302


def test_only_the_own_subtree_is_seen_and_touched_and_trying_is_on_record(
    place: Centre, enter: Enter
) -> None:
    here = factories.directive(place, "A", number=1)
    there = factories.directive(place, "B", number=2, place=factories.elsewhere())
    client = enter(Role.OPERATOR, place.county)
    listed = queue(client)
    assert here.number in listed
    assert there.number not in listed
    assert client.get(reverse("admin:dispatch_case_change", args=[there.pk])).status_code == 404
    address = reverse("admin:dispatch_case_act", args=[there.pk, "note"])
    assert client.post(address, {"text": "x"}).status_code == 404
    assert (
        client.post(reverse("admin:dispatch_case_person", args=[there.pk]), {"why": "call"}).status_code
        == 404
    )
    assert verbs(there).count("refused") == 3
    assert "noted" not in verbs(there)
    assert "viewed" not in verbs(there)


def test_nobody_without_a_unit_sees_a_case(place: Centre, enter: Enter) -> None:
    case = factories.directive(place, "A", number=1)
    client = enter(Role.OPERATOR)
    User.objects.filter(role=Role.OPERATOR).update(unit=None)
    assert case.number not in queue(client)


def test_nothing_is_added_deleted_or_edited_raw(place: Centre, enter: Enter) -> None:
    case = factories.directive(place, "A", number=1)
    client = enter(Role.ADMINISTRATOR)
    for address in ("case/add/", f"case/{case.pk}/delete/", "event/add/", "order/add/", "policyversion/add/"):
        assert client.get(f"/admin/dispatch/{address}").status_code == 403
    assert client.post(f"/admin/dispatch/case/{case.pk}/change/", {"level": 1}).status_code == 405
    for model in ("attempt", "assessment", "sum", "message"):
        assert client.get(f"/admin/dispatch/{model}/").status_code == 404


# the queue


def test_the_riskiest_stands_first_and_closed_ones_come_by_filter(place: Centre, enter: Enter) -> None:
    low = factories.directive(place, "A", number=1, level=Level.LOW)
    critical = factories.directive(place, "B", number=2, level=Level.CRITICAL)
    ended = factories.directive(place, "C", number=3)
    factories.judged(ended, Disposition.FALSE_ALARM, now=SOON)
    listed = queue(enter())
    assert listed.index(critical.number) < listed.index(low.number)
    assert ended.number not in listed
    closed = queue(enter(), "?closed=1")
    assert ended.number in closed
    assert critical.number not in closed
    everything = queue(enter(), "?closed=all")
    assert everything.index(low.number) < everything.index(ended.number)


def test_a_row_says_what_happens_now_what_is_next_and_which_promise_is_broken(
    place: Centre, enter: Enter
) -> None:
    case = factories.directive(place, "A", number=1, level=Level.CRITICAL)
    factories.unanswered(case, CallResult.BUSY, now=SOON)
    listed = queue(enter())
    assert "home visit sent out · 七迳派出所" in listed
    assert "00:30" in listed  # the redial
    assert "01:40" in listed  # acknowledge within two minutes of START
    clock.moving.set(START + timedelta(minutes=3))
    listed = queue(enter())
    assert "+01:00" in listed
    assert "broken" in listed


def test_the_queue_takes_the_same_number_of_queries_however_long_it_is(
    place: Centre, enter: Enter, django_assert_max_num_queries: Callable[[int], object]
) -> None:
    client = enter()
    counts = []
    for number in (2, 20):
        for more in range(number):
            factories.directive(place, f"{number}-{more}", number=number * 100 + more)
        with django_assert_max_num_queries(16) as seen:  # type: ignore[attr-defined]
            queue(client)
        counts.append(len(seen))
    assert counts[0] == counts[1]


def test_a_page_of_the_queue_holds_25(place: Centre, enter: Enter) -> None:
    for number in range(27):
        factories.directive(place, f"R{number}", number=number)
    assert queue(enter()).count('class="about"') == 25


@pytest.mark.parametrize("typed", ["19000000001", "+86 190-0000-0001", "１９００００００００１"])
def test_a_case_is_found_by_any_spelling_of_its_number_and_none_stands_in_an_address(
    place: Centre, enter: Enter, typed: str
) -> None:
    case = factories.directive(place, "A", number=1)
    factories.directive(place, "B", number=2)
    client = enter()
    answer = client.post(reverse("admin:dispatch_case_find"), {"q": typed})
    assert answer.url == reverse("admin:dispatch_case_change", args=[case.pk])  # type: ignore[attr-defined]


def test_a_case_is_found_by_id_number_and_by_case_number(place: Centre, enter: Enter) -> None:
    person = report.Person(number="+8619000000007", id_number="440904197901010016", name="测试人")
    case = factories.directive(place, "A", person=person)
    client = enter()
    for typed in ("440904197901010016", case.number):
        answer = client.post(reverse("admin:dispatch_case_find"), {"q": typed})
        assert answer.url == reverse("admin:dispatch_case_change", args=[case.pk])  # type: ignore[attr-defined]


def test_two_people_on_one_phone_are_listed_both_and_nobody_elses_is_found(
    place: Centre, enter: Enter
) -> None:
    for number in ("440904197901010016", "440904198001010024"):
        person = report.Person(number="+8619000000008", id_number=number)
        factories.directive(place, number, person=person)
    found = enter().post(reverse("admin:dispatch_case_find"), {"q": "19000000008"}, follow=True)
    assert found.content.decode().count('class="about"') == 2
    elsewhere = enter(Role.OPERATOR, place.other)
    none = elsewhere.post(reverse("admin:dispatch_case_find"), {"q": "19000000008"}, follow=True)
    assert "No case of yours has it." in none.content.decode()


# the case


def test_the_page_tells_the_whole_story_masked(place: Centre, enter: Enter) -> None:
    contact = report.Related("spouse", "+8619000000009", "测家人")
    case = factories.directive(
        place, "REF-1", number=1, amount="48000", signs={"on_call_seconds": 5400}, contacts=(contact,)
    )
    told = page(enter(), case)
    for words in (
        "190****0001",
        "测**",
        "On the phone with them for 90 min",
        "+30",
        "190****0009",
        "¥48,000.00",
        "REF-1",
        "Case opened",
        "SMS written",
    ):
        assert words in told
    for hidden in ("19000000001", "+8619000000001", "测试人", "测家人", "某酒店"):
        assert hidden not in told


def test_the_eye_shows_once_with_a_reason_on_record(place: Centre, enter: Enter) -> None:
    case = factories.directive(place, "A", number=1)
    client = enter()
    address = reverse("admin:dispatch_case_person", args=[case.pk])
    shown = client.post(address, {"why": "call"})
    assert "+8619000000001" in shown.content.decode()
    assert "某酒店" in shown.content.decode()
    assert "no-store" in shown.headers["Cache-Control"]
    assert "+8619000000001" not in page(client, case)
    (viewed,) = Event.objects.filter(case=case, verb="viewed")
    assert (viewed.why, viewed.by) == ("call", User.objects.get(role=Role.OPERATOR))


@pytest.mark.parametrize("why", ["", "curious"])
def test_the_eye_stays_shut_without_a_reason_from_the_list(place: Centre, enter: Enter, why: str) -> None:
    case = factories.directive(place, "A", number=1)
    answer = enter().post(reverse("admin:dispatch_case_person", args=[case.pk]), {"why": why}, follow=True)
    assert "19000000001" not in answer.content.decode()
    assert "viewed" not in verbs(case)


def test_earlier_and_later_cases_are_linked(place: Centre, enter: Enter) -> None:
    first = factories.directive(place, "A", number=1)
    factories.judged(first, Disposition.FALSE_ALARM, now=SOON)
    second = factories.directive(place, "B", number=1, now=START + timedelta(hours=1))
    told = page(enter(), second)
    assert reverse("admin:dispatch_case_change", args=[first.pk]) in told
    assert "false alarm" in told


def test_each_ended_attempt_tells_its_result_who_told_it_whose_fault_and_its_evidence_masked(
    place: Centre, enter: Enter
) -> None:
    case = factories.directive(place, "A", number=1)
    call = factories.dial(case, now=SOON).call
    assert call is not None
    heard = {"To": "+8619000000001", "SipResponseCode": "503", "tries": [19000000001]}
    calls.hear(Update(str(call.key), CallStatus.ENDED, CallResult.CONGESTION, evidence=heard), now=SOON)
    turn.advance([case.pk], now=SOON)
    attempt = factories.answer(case, now=SOON + timedelta(seconds=15))
    clock.moving.set(SOON + timedelta(seconds=30))
    client = enter()
    act(client, case, "result", attempt=attempt.pk, result="hung_up")
    told = page(client, case).split('id="results"')[1].split("</section>")[0]
    second, first = told.split("<li>")[1:]
    for words in ("carrier congestion", "the line", "the carrier&#x27;s fault", "503", "190****0001"):
        assert words in first, words
    assert "19000000001" not in told
    for words in ("hung up", "operator0", "hung_up", "talking"):
        assert words in second, words
    assert "fault" not in second


# the acts


def test_identity_comes_first_then_the_disposition(place: Centre, enter: Enter) -> None:
    case = factories.directive(place, "A", number=1)
    attempt = factories.answer(case, now=SOON)
    client = enter()
    said = act(client, case, "judge", attempt=attempt.pk, disposition="persuaded")
    assert "Check the identity first" in said
    assert "identity checked" in act(client, case, "identify", attempt=attempt.pk)
    assert "on record" in act(client, case, "judge", attempt=attempt.pk, disposition="persuaded")
    attempt = Attempt.objects.get(pk=attempt.pk)
    assert (attempt.result, attempt.disposition) == (Result.REACHED, Disposition.PERSUADED)
    assert attempt.judged_by == User.objects.get(role=Role.OPERATOR)
    assert Case.objects.get(pk=case.pk).state == State.FOLLOW_UP


def test_a_wrong_person_needs_no_identity(place: Centre, enter: Enter) -> None:
    case = factories.directive(place, "A", number=1)
    attempt = factories.answer(case, now=SOON)
    act(enter(), case, "judge", attempt=attempt.pk, disposition="wrong_person")
    assert Attempt.objects.get(pk=attempt.pk).result == Result.ANSWERED_BY_OTHER


def test_a_result_is_recorded_and_a_machines_word_is_refused(place: Centre, enter: Enter) -> None:
    case = factories.directive(place, "A", number=1)
    attempt = factories.answer(case, now=SOON)
    client = enter()
    act(client, case, "result", attempt=attempt.pk, result="not_placed")
    assert Attempt.objects.get(pk=attempt.pk).result == ""
    act(client, case, "result", attempt=attempt.pk, result="answered_by_other")
    assert Attempt.objects.get(pk=attempt.pk).result == Result.ANSWERED_BY_OTHER


def test_what_does_not_fit_is_said_and_put_on_record(place: Centre, enter: Enter) -> None:
    case = factories.directive(place, "A", number=1)
    attempt = factories.live(case, Tier.VOICE)
    said = act(enter(), case, "result", attempt=attempt.pk, result="no_answer")
    assert "the attempt has not begun" in said
    assert Event.objects.get(case=case, verb="refused").why == "the attempt has not begun"


def test_a_refusal_is_told_in_the_readers_language(place: Centre, enter: Enter) -> None:
    case = factories.directive(place, "A", number=1)
    client = enter()
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "zh-hans"
    said = act(client, case, "result", attempt=factories.live(case, Tier.VOICE).pk, result="no_answer")
    assert "该处置尚未开始" in said


def test_another_cases_attempt_is_not_ones_own(place: Centre, enter: Enter) -> None:
    case = factories.directive(place, "A", number=1)
    other = factories.directive(place, "B", number=2)
    attempt = factories.answer(other, now=SOON)
    act(enter(), case, "judge", attempt=attempt.pk, disposition="wrong_person")
    assert Attempt.objects.get(pk=attempt.pk).disposition == ""


def test_a_case_is_taken_over_and_says_who_holds_it(place: Centre, enter: Enter) -> None:
    case = factories.directive(place, "A", number=1)
    client = enter()
    act(client, case, "take")
    act(client, case, "take")
    assert Case.objects.get(pk=case.pk).holder == User.objects.get(role=Role.OPERATOR)
    assert verbs(case).count("taken") == 1
    assert "operator" in queue(enter(Role.SUPERVISOR))


def test_a_note_is_kept_in_the_record(place: Centre, enter: Enter) -> None:
    case = factories.directive(place, "A", number=1)
    assert "Note: 家属已到场" in act(enter(), case, "note", text="家属已到场")
    assert "refused" not in verbs(case)
    act(enter(), case, "note", text=" ")
    assert verbs(case).count("noted") == 1


def test_an_order_is_drafted_submitted_and_answered(place: Centre, enter: Enter) -> None:
    case = factories.directive(place, "A", number=1)
    client = enter()
    act(client, case, "draft", amount="30000")
    order = Order.objects.get(case=case)
    assert "only a submitted order is answered" in act(client, case, "answer", order=order.pk, held="1")
    act(client, case, "submit", order=order.pk, bank="测试银行", account="6222000000000000000")
    act(client, case, "answer", order=order.pk, held="21000")
    order = Order.objects.get(case=case)
    assert (order.state, order.bank) == (OrderState.ANSWERED, "测试银行")
    assert order.held == 21000
    assert case.sums.get(kind="protected").amount == 21000
    listed = client.get(reverse("admin:dispatch_order_changelist") + "?which=all").content.decode()
    assert case.number in listed
    assert "6222" not in listed


def test_an_order_that_lapsed_still_waits_for_its_banks_word(place: Centre, enter: Enter) -> None:
    case, client = factories.directive(place, "A", number=1), enter()
    act(client, case, "draft", amount="30000")
    order = Order.objects.get(case=case)
    act(client, case, "submit", order=order.pk, bank="测试银行", account="6222000000000000000")
    turn.advance([case.pk], now=order.due_at)
    page = client.get(f"/admin/dispatch/case/{case.pk}/change/").content.decode()
    assert Order.objects.get(case=case).state == OrderState.UNANSWERED
    assert "Record the answer" in page
    assert "Record the answer" not in act(client, case, "answer", order=order.pk, held="21000")
    assert case.sums.get(kind="protected").amount == 21000


def test_open_orders_stand_by_deadline(place: Centre, enter: Enter) -> None:
    later = factories.directive(place, "A", number=1, signs={"money_moved": True}, now=SOON)
    sooner = factories.directive(place, "B", number=2, signs={"money_moved": True}, now=START)
    listed = enter().get(reverse("admin:dispatch_order_changelist")).content.decode()
    assert listed.index(sooner.number) < listed.index(later.number)


def test_only_a_supervisor_voids_and_only_with_a_reason(place: Centre, enter: Enter) -> None:
    case = factories.directive(place, "A", number=1)
    assert "Your role may not do this" in act(enter(), case, "void", why="twice").replace("your", "Your")
    chief = enter(Role.SUPERVISOR)
    act(chief, case, "void", why="")
    assert Case.objects.get(pk=case.pk).is_open
    act(chief, case, "void", why="sent in error")
    assert Case.objects.get(pk=case.pk).outcome == Outcome.VOID


def test_a_case_is_handed_over_with_a_reason(place: Centre, enter: Enter) -> None:
    case = factories.directive(place, "A", number=1)
    act(enter(), case, "hand_over", why="湛江市反诈中心：人在湛江")
    assert Case.objects.get(pk=case.pk).outcome == Outcome.HANDED_OVER


def test_a_level_is_set_with_a_reason_and_both_are_told(place: Centre, enter: Enter) -> None:
    case = factories.directive(place, "A", number=1)
    client = enter()
    act(client, case, "level", level="2", why="")
    act(client, case, "level", level="9", why="儿子在家")
    assert Case.objects.get(pk=case.pk).level == Level.HIGH
    act(client, case, "level", level="2", why="儿子在家")
    assert Case.objects.get(pk=case.pk).level == Level.MEDIUM
    page = client.get(reverse("admin:dispatch_case_change", args=[case.pk])).content.decode()
    assert "儿子在家" in page
    assert '<option value="3">' in page
    assert '<option value="2">' not in page.split('name="level"')[1].split("</select>")[0]


def test_a_held_case_is_given_back_by_its_holder_or_a_supervisor(place: Centre, enter: Enter) -> None:
    case = factories.directive(place, "A", number=1)
    holder, other, chief = enter(), enter(), enter(Role.SUPERVISOR)
    assert "Give back" not in page(holder, case)
    act(holder, case, "take")
    assert "Give back" in page(holder, case)
    assert "Give back" not in page(other, case)
    assert "only who holds the case" in act(other, case, "give_back")
    assert "given back" in act(chief, case, "give_back")
    assert Case.objects.get(pk=case.pk).holder is None


def test_a_note_carries_danger_signs(place: Centre, enter: Enter) -> None:
    case = factories.directive(place, "A", number=1, level=Level.MEDIUM)
    client = enter()
    assert "knows no such sign" in act(client, case, "note", text="x", signs=["sunny"])
    said = act(client, case, "note", text="在柜台", signs=["money_moved", "screen_shared"])
    assert "Note: Money has moved, Screen shared 在柜台" in said
    assert Order.objects.filter(case=case).exists()
    assert Case.objects.get(pk=case.pk).level == Level.HIGH


def test_a_sum_is_named_with_a_reason_and_shown_with_who_said_so(place: Centre, enter: Enter) -> None:
    case = factories.directive(place, "A", number=1)
    client = enter()
    act(client, case, "sum", kind="protected", amount="2500", why="")
    assert not case.sums.exists()
    said = act(client, case, "sum", kind="protected", amount="2500", why="柜员拦下")
    assert "¥2,500.00" in said
    assert "柜员拦下" in said
    assert "operator0" in said.split("<h2>Money</h2>")[1].split("</section>")[0]
    act(client, case, "sum", kind="stolen", amount="1", why="x")
    act(client, case, "sum", kind="lost", amount="-1", why="x")
    assert case.sums.count() == 1


def test_a_merge_is_undone_on_the_duplicates_page_by_a_supervisor(place: Centre, enter: Enter) -> None:
    other = factories.directive(place, "A", number=1)
    known: dict[str, Any] = {"id_number": "440904197901010016", "name": "测试人"}
    kept = factories.directive(place, "B", person=report.Person(number="+8619000000002", **known))
    factories.directive(place, "C", person=report.Person(number="+8619000000001", **known))
    operator, chief = enter(), enter(Role.SUPERVISOR)
    assert kept.number in page(operator, other)
    assert other.number in page(operator, kept)
    assert "Undo the merge" not in page(operator, other)
    assert "role may not do this" in act(operator, other, "undo", why="x")
    assert "Undo the merge" not in page(chief, kept)
    act(chief, other, "undo", why="")
    assert not Case.objects.filter(previous=other).exists()
    said = act(chief, other, "undo", why="两个人")
    new = Case.objects.get(previous=other)
    assert new.number in said
    assert "Undo the merge" not in said
    assert "only a merged case" in act(chief, new, "undo", why="x")


def test_acts_are_posted_only(place: Centre, enter: Enter) -> None:
    case = factories.directive(place, "A", number=1)
    assert enter().get(reverse("admin:dispatch_case_act", args=[case.pk, "take"])).status_code == 405
    assert enter().post(reverse("admin:dispatch_case_act", args=[case.pk, "fly"])).status_code == 404


# the other lists


@pytest.mark.parametrize(
    ("address", "roles"),
    [
        ("dispatch/unit/", {Role.SUPERVISOR, Role.ADMINISTRATOR}),
        ("dispatch/user/", {Role.ADMINISTRATOR}),
        ("dispatch/event/", {Role.SUPERVISOR, Role.ADMINISTRATOR}),
        ("dispatch/policyversion/", {Role.OPERATOR, Role.SUPERVISOR, Role.ADMINISTRATOR}),
        ("dispatch/order/", {Role.OPERATOR, Role.SUPERVISOR, Role.ADMINISTRATOR}),
        ("warning_center/directive/", {Role.OPERATOR, Role.SUPERVISOR, Role.ADMINISTRATOR}),
        ("warning_center/source/", {Role.SUPERVISOR, Role.ADMINISTRATOR}),
        ("telephony/trunk/", {Role.ADMINISTRATOR}),
        ("telephony/call/", {Role.ADMINISTRATOR}),
        ("telephony/text/", {Role.ADMINISTRATOR}),
    ],
)
def test_each_list_opens_to_its_roles(place: Centre, enter: Enter, address: str, roles: set[Role]) -> None:
    factories.directive(place, "A", number=1, signs={"money_moved": True})
    for role in (Role.OPERATOR, Role.SUPERVISOR, Role.ADMINISTRATOR):
        answer = enter(role).get(f"/admin/{address}")
        assert answer.status_code == (200 if role in roles else 403), role


def test_an_administrator_tends_their_own_subtree_and_no_superuser(place: Centre, enter: Enter) -> None:
    above = place.user(Role.ADMINISTRATOR, place.city)
    root = User.objects.create_superuser("root", unit=place.county)
    client = enter(Role.ADMINISTRATOR, place.county)
    assert client.get(f"/admin/dispatch/user/{above.pk}/change/").status_code == 302
    assert client.get(f"/admin/dispatch/unit/{place.other.pk}/change/").status_code == 302
    assert client.get(f"/admin/dispatch/unit/{place.station.pk}/change/").status_code == 200
    told = client.get(f"/admin/dispatch/user/{root.pk}/change/").content.decode()
    assert "_save" not in told
    assert client.get(f"/admin/dispatch/user/{root.pk}/password/").status_code == 403


def test_a_users_change_is_on_our_own_record(place: Centre, enter: Enter) -> None:
    client = enter(Role.ADMINISTRATOR)
    colleague = place.user(Role.OPERATOR)
    data = {"username": "li", "role": "officer", "unit": place.station.pk, "is_active": "on"}
    client.post(f"/admin/dispatch/user/{colleague.pk}/change/", data)
    colleague = User.objects.get(pk=colleague.pk)
    assert (colleague.role, colleague.is_staff) == (Role.OFFICER, False)
    event = Event.objects.get(verb="changed")
    assert event.by == User.objects.get(role=Role.ADMINISTRATOR)
    assert "Role" in event.detail["fields"]


def test_a_new_key_is_shown_once_and_only_its_hash_is_kept(place: Centre, enter: Enter) -> None:
    address = reverse("admin:warning_center_source_key", args=[place.source.pk])
    assert enter(Role.SUPERVISOR).post(address).status_code == 404
    shown = enter(Role.ADMINISTRATOR).post(address)
    key = shown.content.decode().split('id="key">')[1].split("<")[0]
    source = Source.objects.get()
    assert key.startswith("wc_")
    assert source.key_digest
    assert key not in source.key_digest
    assert "no-store" in shown.headers["Cache-Control"]
    assert Event.objects.get(verb="key_renewed").detail == {"source": "province"}


def test_the_record_is_told_in_sentences(place: Centre, enter: Enter) -> None:
    factories.directive(place, "A", number=1, level=Level.CRITICAL)
    listed = enter(Role.SUPERVISOR).get("/admin/dispatch/event/?verb=opened").content.decode()
    assert "Case opened, critical" in listed
    assert "SMS written" not in listed.split('id="result_list"')[1]
