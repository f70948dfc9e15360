"""What a phone writes: once a key, with what it saw and when it was so; a conflict keeps what was typed."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from dispatch.models import Attempt, Case, Contact, Event, Order, Unit, Written
from dispatch.vocabulary import Level, OrderState, Result, Role, Stage, Tier
from dispatch.workflow import turn
from telephony import clock
from tests import factories
from tests.devices import PLACE, Device, new_key
from tests.factories import START, Centre

FAR = {"lat": 21.60, "lon": 110.98}


def now_of(visit: Attempt) -> Attempt:
    return Attempt.objects.get(pk=visit.pk)


def later(**span: float) -> str:
    return (START + timedelta(**span)).isoformat()


# ---- keys


@pytest.mark.parametrize("key", ["", "short", "x" * 65, "with space in it", "ümläute-zuviel"])
def test_a_write_needs_a_key(officer: Device, visit: Attempt, key: str) -> None:
    answer = officer.post(
        f"visits/{visit.pk}/acknowledge", **{"Idempotency-Key": key.encode().decode("latin-1")}
    )
    assert (answer.status_code, answer.json()["type"]) == (400, "urn:warning-center:problem:no-key")
    assert now_of(visit).acknowledged_at is None


def test_a_write_names_the_version_it_saw(officer: Device, visit: Attempt) -> None:
    answer = officer.post(f"visits/{visit.pk}/acknowledge", {"version": None})
    assert [error["field"] for error in answer.json()["errors"]] == ["version"]
    version = officer.get("visits").json()[0]["version"]
    assert version > 0
    said = officer.post(f"visits/{visit.pk}/acknowledge", {"version": version}).json()
    assert said["version"] > version
    assert Written.objects.get().saw == version


def test_a_key_is_good_for_one_content(officer: Device, visit: Attempt) -> None:
    key = new_key()
    assert (
        officer.post(f"visits/{visit.pk}/note", {"text": "一"}, **{"Idempotency-Key": key}).status_code == 200
    )
    other = officer.post(f"visits/{visit.pk}/note", {"text": "二"}, **{"Idempotency-Key": key})
    assert (other.status_code, other.json()["type"]) == (422, "urn:warning-center:problem:key-used")
    assert now_of(visit).note == "一"


def test_the_time_of_sending_makes_no_other_content(officer: Device, visit: Attempt) -> None:
    key = new_key()
    for minutes in (0, 7):
        body = {"text": "无人应门", "at": later(minutes=-5), "sent_at": later(minutes=minutes)}
        assert officer.post(f"visits/{visit.pk}/note", body, **{"Idempotency-Key": key}).status_code == 200
    assert now_of(visit).note == "无人应门"
    assert Written.objects.count() == 1


def test_a_refusal_is_given_again_too(officer: Device, visit: Attempt) -> None:
    _let_it_lapse(visit)
    body, key = {"why": "我已在楼下", **FAR}, new_key()
    first = officer.post(f"visits/{visit.pk}/arrive", body, **{"Idempotency-Key": key})
    again = officer.post(f"visits/{visit.pk}/arrive", body, **{"Idempotency-Key": key})
    assert (first.status_code, first.json()) == (409, again.json())
    assert Written.objects.count() == 1


# ---- conflicts


def test_a_conflict_says_what_is_true_and_keeps_what_was_typed(officer: Device, visit: Attempt) -> None:
    _let_it_lapse(visit)
    answer = officer.post(f"visits/{visit.pk}/arrive", {"why": "家属说她刚出门", **FAR}).json()
    assert answer["visit"]["result"] == "no_acknowledgement"
    assert "has ended" in answer["detail"]
    assert now_of(visit).note == "家属说她刚出门"
    kept = Event.objects.get(verb="from_field")
    assert (kept.by, kept.detail["typed"], kept.detail["step"]) == (officer.user, True, "arrive")
    assert "家属" not in str(kept.detail)


def test_a_second_judgement_is_kept_as_words(officer: Device, visit: Attempt) -> None:
    officer.post(f"visits/{visit.pk}/report", {"disposition": "persuaded", "note": "答应不转"})
    answer = officer.post(f"visits/{visit.pk}/report", {"disposition": "not_persuaded", "note": "又改口了"})
    assert (answer.status_code, answer.json()["visit"]["disposition"]) == (409, "persuaded")
    assert now_of(visit).note == "答应不转\n又改口了\nnot_persuaded"


def test_the_refusal_is_told_in_the_officers_language(at: Centre, visit: Attempt) -> None:
    device = Device(at.user(Role.OFFICER, at.station), language="zh-hans")
    _let_it_lapse(visit)
    assert device.post(f"visits/{visit.pk}/acknowledge").json()["detail"] == "上门已结束：未接收"


def test_what_is_typed_cannot_be_read_in_the_database(officer: Device, visit: Attempt) -> None:
    officer.post(f"visits/{visit.pk}/people", {"relation": "儿子", "name": "王小明", "phone": "19000000077"})
    officer.post(f"visits/{visit.pk}/order", {"account": "6222000011112222", "holder": "李四方"})
    officer.post(f"visits/{visit.pk}/note", {"text": "王小明在场"})
    with connection.cursor() as cursor:
        stored = ""
        for table in ("written", "contact", "order", "attempt", "event", "news"):
            cursor.execute(f"SELECT t::text FROM dispatch_{table} t")  # noqa: S608
            stored += str(cursor.fetchall())
    assert not any(word in stored for word in ("王小明", "19000000077", "6222000011112222", "李四方"))


# ---- device time


def test_a_step_told_late_keeps_the_time_it_was_taken(officer: Device, visit: Attempt) -> None:
    clock.moving.set(START + timedelta(seconds=100))
    body = {"at": later(seconds=40), "sent_at": later(seconds=100)}
    assert officer.post(f"visits/{visit.pk}/acknowledge", body).status_code == 200
    assert now_of(visit).acknowledged_at == START + timedelta(seconds=40)
    event = Event.objects.get(verb="acknowledged")
    assert (event.at, event.detail["when"]) == (clock.now(), later(seconds=40))


def test_a_clock_that_is_off_is_put_right_and_noted(officer: Device, visit: Attempt) -> None:
    clock.moving.set(START + timedelta(minutes=1))
    body = {"at": later(hours=-2, seconds=30), "sent_at": later(hours=-2, seconds=60)}  # two hours behind
    officer.post(f"visits/{visit.pk}/acknowledge", body)
    assert now_of(visit).acknowledged_at == START + timedelta(seconds=30)
    assert Written.objects.get().skew == 7200
    assert Event.objects.get(verb="from_field").detail["skew"] == 7200


@pytest.mark.parametrize("off", [timedelta(days=-30), timedelta(days=30)])
def test_no_device_time_is_before_the_visit_or_after_now(
    officer: Device, visit: Attempt, off: timedelta
) -> None:
    clock.moving.set(START + timedelta(minutes=1))
    officer.post(f"visits/{visit.pk}/acknowledge", {"at": (START + off).isoformat()})
    assert START <= (now_of(visit).acknowledged_at or START - off) <= clock.now()


@pytest.mark.parametrize(
    "said", ["yesterday", 5, "1999-01-01T00:00:00Z", "9999-12-31T23:59:59+00:00", None, {}]
)
def test_a_time_that_is_none_is_refused(officer: Device, visit: Attempt, said: Any) -> None:
    answer = officer.post(f"visits/{visit.pk}/acknowledge", {"at": said})
    assert [error["field"] for error in answer.json()["errors"]] == ["at"]


def test_steps_come_in_backwards_after_the_report(officer: Device, visit: Attempt) -> None:
    clock.moving.set(START + timedelta(seconds=110))
    way: list[tuple[str, int, dict[str, Any]]] = [
        ("report", 100, {"disposition": "persuaded", "note": "当面谈过"}),
        ("identify", 80, {}),
        ("arrive", 60, PLACE),
        ("set-out", 40, {}),
        ("acknowledge", 20, {}),
    ]
    for path, seconds, body in way:
        answer = officer.post(f"visits/{visit.pk}/{path}", {**body, "at": later(seconds=seconds)})
        assert answer.status_code == 200, answer.json()
    known = now_of(visit)
    times = [known.acknowledged_at, known.set_out_at, known.arrived_at, known.identified_at, known.ended_at]
    assert times == [START + timedelta(seconds=seconds) for seconds in (20, 40, 60, 80, 100)]
    case = Case.objects.get(pk=visit.case_id)
    assert (case.reached_at, case.agreed_at) == (times[3], times[4])


# ---- the way


def test_the_next_step_follows_the_state(officer: Device, visit: Attempt) -> None:
    told = [officer.get(f"visits/{visit.pk}").json()["next"]]
    for path in ("acknowledge", "set-out", "arrive", "report"):
        body = {"disposition": "persuaded", "note": "当面谈过"} if path == "report" else {}
        told.append(officer.post(f"visits/{visit.pk}/{path}", body).json()["next"])
    assert told == ["acknowledge", "set_out", "arrive", "report", None]


def test_far_from_the_address_an_officer_is_asked_why(officer: Device, visit: Attempt) -> None:
    asked = officer.post(f"visits/{visit.pk}/arrive", {**FAR, "accuracy": 30})
    assert (asked.status_code, asked.json()["type"]) == (409, "urn:warning-center:problem:far-away")
    assert "5,560 m" in asked.json()["detail"]
    assert (now_of(visit).stage, Written.objects.count()) == (Stage.SENT, 0)
    told = officer.post(f"visits/{visit.pk}/arrive", {**FAR, "why": "人在岳母家"})
    assert (told.status_code, told.json()["stage"]) == (200, "arrived")
    assert (now_of(visit).evidence["metres_away"], now_of(visit).note) == (5560, "人在岳母家")


def test_a_device_that_may_err_so_far_is_believed(officer: Device, visit: Attempt) -> None:
    answer = officer.post(f"visits/{visit.pk}/arrive", {**FAR, "accuracy": 5300})
    assert answer.status_code == 200


# ---- at the door


def test_the_form_at_the_door_is_answered_in_parts(officer: Device, visit: Attempt) -> None:
    officer.post(f"visits/{visit.pk}/doorstep", {"answers": {"chats": False, "app_installed": True}})
    said = officer.post(f"visits/{visit.pk}/doorstep", {"answers": {"chats": True}}).json()
    assert said["doorstep"] == {"chats": True, "app_installed": True}
    kept = now_of(visit).evidence["doorstep"]["app_installed"]
    assert (kept["is"], kept["by"]) == (True, officer.user.pk)


def test_of_two_answers_the_later_one_counts_however_they_come(officer: Device, visit: Attempt) -> None:
    clock.moving.forward(timedelta(minutes=1))
    for seconds, said in ((50, False), (10, True)):
        officer.post(f"visits/{visit.pk}/doorstep", {"answers": {"apps": said}, "at": later(seconds=seconds)})
    assert officer.get(f"visits/{visit.pk}").json()["doorstep"] == {"apps": False}


def test_a_question_there_is_not_is_refused(officer: Device, visit: Attempt) -> None:
    answer = officer.post(f"visits/{visit.pk}/doorstep", {"answers": {"shoe_size": True}})
    assert (answer.status_code, "shoe_size" in answer.json()["detail"]) == (409, True)


def test_the_form_is_read_in_the_readers_language_and_names_its_source(at: Centre, officer: Device) -> None:
    form = officer.get("form").json()
    assert [one["part"] for one in form["questions"]].count("look") == 4
    assert [one["part"] for one in form["questions"]].count("ask") == 3
    assert "甘肃" in form["source"]
    assert form["officer"]["unit"]["name"] == "七迳派出所"
    chinese = officer.get("form", **{"Accept-Language": "zh-hans"}).json()
    assert (form["questions"][0]["text"], chinese["questions"][0]["text"]) == (
        "Call and SMS log: something suspicious",
        "查看通话和短信记录：发现可疑",
    )


def test_whoever_else_was_there_becomes_a_contact_once(officer: Device, visit: Attempt) -> None:
    body = {"relation": "儿子", "name": "王小明", "phone": "190 0000 0077"}
    for _ in range(2):
        assert officer.post(f"visits/{visit.pk}/people", body).status_code == 200
    contact = Contact.objects.get()
    assert (contact.target_id, contact.name, contact.number) == (
        visit.case.target_id,
        "王小明",
        "+8619000000077",
    )


def test_the_order_is_drafted_at_the_door_and_completed(officer: Device, visit: Attempt) -> None:
    said = officer.post(f"visits/{visit.pk}/order", {"account": "6222 0000", "amount": "5000.00"}).json()
    assert said["order"]["state"] == "drafted"
    officer.post(f"visits/{visit.pk}/order", {"account": "6222 0001", "bank": "工商银行"})
    order = Order.objects.get()
    assert (order.account, order.bank, order.amount) == ("6222 0001", "工商银行", Decimal(5000))
    assert order.due_at == START + timedelta(minutes=30)
    assert "6222" not in str(list(Event.objects.values_list("detail", flat=True)))


def test_an_order_at_the_bank_is_not_changed_and_the_account_is_kept(officer: Device, visit: Attempt) -> None:
    officer.post(f"visits/{visit.pk}/order", {"account": "6222 0000"})
    Order.objects.update(state=OrderState.SUBMITTED)
    answer = officer.post(f"visits/{visit.pk}/order", {"account": "6222 9999", "bank": "建设银行"})
    assert answer.status_code == 409
    assert now_of(visit).note == "6222 9999 建设银行"


# ---- hand back, reinforce, reassign


def test_a_visit_handed_back_goes_to_the_next_unit_at_once(officer: Device, visit: Attempt) -> None:
    officer.post(f"visits/{visit.pk}/acknowledge")
    said = officer.post(f"visits/{visit.pk}/hand-back", {"why": "警力不足"}).json()
    assert (said["result"], said["next"]) == ("no_acknowledgement", None)
    following = factories.live(Case.objects.get(pk=visit.case_id), Tier.VISIT)
    assert (following.stage, following.unit) != (Stage.SENT, visit.unit)
    assert following.started_at == START
    assert now_of(visit).note == "警力不足"


def test_who_stands_at_the_door_does_not_hand_back(officer: Device, visit: Attempt) -> None:
    officer.post(f"visits/{visit.pk}/arrive", PLACE)
    assert officer.post(f"visits/{visit.pk}/hand-back", {"why": "不想去"}).status_code == 409


def test_handing_back_needs_what_has_turned_to_be_seen(officer: Device, at: Centre) -> None:
    case = factories.directive(at, "H-1", number=4, level=Level.HIGH)
    visit = factories.sent(case)
    (before,) = officer.get("visits").json()
    factories.directive(at, "H-2", number=4, level=Level.CRITICAL)
    stale = officer.post(f"visits/{visit.pk}/hand-back", {"why": "远", "version": before["version"]})
    assert (stale.status_code, stale.json()["visit"]["level"]) == (409, "critical")
    now = {"why": "远", "version": stale.json()["visit"]["version"]}
    assert officer.post(f"visits/{visit.pk}/hand-back", now).status_code == 200


def test_more_officers_are_asked_for_once(officer: Device, visit: Attempt) -> None:
    for _ in range(2):
        assert officer.post(f"visits/{visit.pk}/reinforce", {"why": "对方多人"}).json()["reinforced"] is True
    assert Event.objects.filter(verb="reinforced").count() == 1


def test_a_supervisor_gives_a_visit_to_another_unit(at: Centre, officer: Device, visit: Attempt) -> None:
    other = Unit.objects.get(name="石鼓派出所")
    chief = Device(at.user(Role.SUPERVISOR))
    version = chief.get("visits").json()[0]["version"]
    body = {"unit": other.pk, "why": "辖区更近", "version": version}
    assert chief.post(f"visits/{visit.pk}/reassign", body).json()["result"] == "cancelled"
    given = factories.live(visit.case, Tier.VISIT)
    assert (given.unit, given.stage, given.started_at) == (other, Stage.SENT, START)
    (gone,) = officer.get("visits").json()
    assert [one["kind"] for one in gone["unseen"]] == ["reassigned"]
    assert [one["id"] for one in Device(at.user(Role.OFFICER, other)).get("visits").json()] == [given.pk]


@pytest.mark.parametrize(("role", "over", "to"), [
    (Role.OFFICER, "city", "石鼓派出所"),
    (Role.SUPERVISOR, "county", "石鼓派出所"),
    (Role.SUPERVISOR, "city", "七迳派出所"),
])  # fmt: skip
def test_nobody_else_does_and_not_to_anywhere(
    at: Centre, visit: Attempt, role: Role, over: str, to: str
) -> None:
    device = Device(at.user(role, getattr(at, over)))
    body = {"unit": Unit.objects.get(name=to).pk, "why": "试试"}
    assert device.post(f"visits/{visit.pk}/reassign", body).status_code == 409
    assert now_of(visit).ended_at is None


# ---- helpers


def _let_it_lapse(visit: Attempt) -> None:
    """Nobody acknowledged in time, and the next unit was sent."""
    clock.moving.set(START + timedelta(minutes=3))
    turn.advance([visit.case_id], now=clock.now())
    assert now_of(visit).result == Result.NO_ACKNOWLEDGEMENT
