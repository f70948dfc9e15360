"""A day without signal: in whatever order a phone's writes come in, and however often, the day is the same."""

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from django.db import transaction
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from pytest_django import Settings

from dispatch.models import Attempt, Case, Contact, Event, Order, Photo, Written
from dispatch.vocabulary import Level, Role, Tier
from telephony import clock
from tests import factories
from tests.devices import PLACE, Device, picture
from tests.factories import START, Centre

WORDS = [
    {"disposition": "persuaded", "note": "答应不再转账"},
    {"result": "not_there", "note": "邻居说外出"},
    {"disposition": "already_transferred", "note": "已转 5000"},
    {"disposition": "not_persuaded", "note": "不听劝"},
    {"disposition": "wrong_person", "note": "同名"},
]
EXAMPLES = int(os.environ.get("FIELD_DAYS", "2"))  # orders to try

Write = tuple[int, str, dict[str, Any], bytes | None]


def day_of(visits: list[Attempt]) -> Iterator[Write]:
    """Ten things done at each of five doors, in the order they were done."""
    for n, (visit, word) in enumerate(zip(visits, WORDS, strict=True)):
        at = iter(range(n * 20, n * 20 + 20))
        yield visit.pk, "set-out", _when(at), None
        yield visit.pk, "arrive", {**PLACE, **_when(at)}, None
        yield visit.pk, "identify", _when(at), None
        yield visit.pk, "doorstep", {"answers": {"chats": True, "apps": False}, **_when(at)}, None
        yield visit.pk, "people", {"relation": "家属", "phone": f"190000010{n:02}", **_when(at)}, None
        yield visit.pk, "doorstep", {"answers": {"apps": True, "app_installed": True}, **_when(at)}, None
        yield visit.pk, "order", {"account": f"6222 {n:04}", "amount": "5000", **_when(at)}, None
        yield visit.pk, "note", {"text": "手机正在共享屏幕", **_when(at)}, None
        yield visit.pk, "photos", _when(at), picture(30 + n, 20)
        yield visit.pk, "report", {**word, **_when(at)}, None


def _when(at: Iterator[int]) -> dict[str, str]:
    return {"at": (START + timedelta(minutes=next(at) + 2)).isoformat()}


def send(device: Device, nth: int, write: Write) -> int:
    visit, step, body, photo = write
    key, sent = f"write-{nth:06}", {"sent_at": clock.now().isoformat()}
    if photo is not None:
        return int(device.photo(visit, photo, key=key, **body, **sent).status_code)
    return int(
        device.post(f"visits/{visit}/{step}", {**body, **sent}, **{"Idempotency-Key": key}).status_code
    )


def history() -> dict[str, Any]:
    """What the day came to: everything but ids given on arrival, and in which order the record heard of it."""
    fields = ("stage", "result", "disposition", "acknowledged_at", "set_out_at", "arrived_at", "identified_at",
              "ended_at", "judged_at", "reinforced", "unit", "note", "starts_at", "due_at", "tier")  # fmt: skip
    attempts = [
        {**{name: getattr(one, f"{name}_id" if name == "unit" else name) for name in fields},
         "case": one.case_id, "evidence": one.evidence}
        for one in Attempt.objects.filter(tier__in=(Tier.VISIT, Tier.FOLLOW_UP))
    ]  # fmt: skip
    orders = Order.objects.values_list("case", "state", "drafted_at", "due_at", "amount")
    return {
        "attempts": sorted(attempts, key=str),
        "cases": list(Case.objects.order_by("pk").values(
            "state", "outcome", "level", "due_at", "reached_at", "listened_at", "agreed_at", "closed_at"
        )),
        "orders": sorted(zip(orders, [(o.account, o.bank) for o in Order.objects.all()], strict=True), key=str),
        "contacts": sorted((c.target_id, c.relation, c.number) for c in Contact.objects.all()),
        "photos": sorted((p.attempt_id, p.digest, p.at) for p in Photo.objects.all()),
        "writes": sorted(Written.objects.values_list("key", "status", "at", "typed")),
        "said": sorted(
            Event.objects.filter(verb__in=("met", "judged", "late_result", "closed"))
            .values_list("case", "verb", "detail__result", "detail__disposition", "detail__when"), key=str
        ),
    }  # fmt: skip


@pytest.fixture
def place(at: Centre, settings: Settings, tmp_path: Path) -> Centre:
    settings.PHOTOS = tmp_path
    return at


def test_a_day_comes_to_the_same_in_any_order_with_repeats(place: Centre) -> None:
    cases = [factories.directive(place, f"D-{n}", number=n, level=Level.MEDIUM) for n in range(1, 6)]
    visits = [factories.sent(case, now=START + timedelta(seconds=n)) for n, case in enumerate(cases)]
    device = Device(place.user(Role.OFFICER, place.station))
    clock.moving.set(START + timedelta(minutes=1))
    for visit in visits:
        assert device.post(f"visits/{visit.pk}/acknowledge").status_code == 200
    day = list(day_of(visits))
    assert len(day) == 50
    clock.moving.set(START + timedelta(minutes=110))  # there is signal again
    device.pair = device.renew().json()

    def told(order: list[int]) -> dict[str, Any]:
        with transaction.atomic():
            assert {send(device, nth, day[nth]) for nth in order} == {200}
            came_to = history()
            transaction.set_rollback(True)
        return came_to

    plain = told(list(range(50)))
    met = {one["disposition"] or one["result"] for one in plain["attempts"] if one["ended_at"]}
    assert met == {"persuaded", "not_there", "already_transferred", "not_persuaded", "wrong_person"}
    assert len(plain["writes"]) == 50 + len(visits)

    @settings(max_examples=EXAMPLES, deadline=None, derandomize=True, database=None, phases=[Phase.generate])
    @given(st.integers(0, 2**32), st.integers(0, 10))
    def in_any_order(seed: int, repeats: int) -> None:
        luck = Random(seed)
        order = list(range(50)) + luck.sample(range(50), repeats)
        luck.shuffle(order)
        assert told(order) == plain

    in_any_order()
