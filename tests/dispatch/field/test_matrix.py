"""Every address of the officers' doors, from the URL conf, against everybody: nobody reads or changes another's visit.

An address that has no row in RULES fails the test, so a new one cannot be forgotten.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from pytest_django import Settings

from dispatch.field import urls
from dispatch.models import Attempt, Case, Contact, Event, News, Order, Photo, Unit, User, Written
from dispatch.vocabulary import Role
from tests.devices import FIELD, PLACE, Device, client, new_key, picture
from tests.factories import Centre

METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True)
class Visit:
    """About one visit: its own unit may, all others find nothing."""

    body: dict[str, Any] | None = None
    upload: bool = False
    own: int = 200  # what its own officer is answered


@dataclass(frozen=True)
class Listed:
    """Tells of visits: those of others are not among them."""

    says: Callable[[Any], list[int]]
    query: str = ""


@dataclass(frozen=True)
class Mine:
    """About oneself only, whoever one is; or open to all."""


RULES: dict[tuple[str, str], Visit | Listed | Mine] = {
    ("field-token", "post"): Mine(),
    ("field-token", "delete"): Mine(),
    ("field-renew", "post"): Mine(),
    ("field-devices", "get"): Mine(),
    ("field-device", "delete"): Mine(),  # see test_tokens
    ("field-form", "get"): Mine(),
    ("field-colleagues", "get"): Mine(),
    ("field-changes", "get"): Listed(
        lambda told: [one["visit"] for one in told["changes"]], "?cursor={mine}"
    ),
    ("field-stream", "get"): Mine(),  # says that there is something, never what; see test_changes
    ("field-visits", "get"): Listed(
        lambda told: [one["id"] for one in told], "?limit=500&unit={unit}&offset=0"
    ),
    ("field-visit", "get"): Visit(),
    ("field-acknowledge", "post"): Visit({}),
    ("field-set-out", "post"): Visit({}),
    ("field-arrive", "post"): Visit(PLACE),
    ("field-identify", "post"): Visit({}),
    ("field-doorstep", "post"): Visit({"answers": {"chats": True}}),
    ("field-people", "post"): Visit({"relation": "儿子", "name": "王", "phone": "19000000055"}),
    ("field-order", "post"): Visit({"account": "6222"}),
    ("field-note", "post"): Visit({"text": "有人"}),
    ("field-reinforce", "post"): Visit({"why": "人多"}),
    ("field-hand-back", "post"): Visit({"why": "远"}),
    ("field-reassign", "post"): Visit({"why": "近", "unit": 1}, own=409),  # supervisors only
    ("field-seen", "post"): Visit({"news": [0]}, own=400),
    ("field-photos", "get"): Visit(),
    ("field-photos", "post"): Visit(upload=True),
    ("field-photo", "get"): Visit(own=404),  # there is none by that key
    ("field-report", "post"): Visit({"disposition": "persuaded", "note": "当面谈过"}),
}


def doors() -> Iterator[tuple[str, str, str]]:
    """Each address and method there is: name, method, path."""
    for entry in urls.urlpatterns:
        path = re.sub(r"<uuid:\w+>", "00000000-0000-4000-8000-000000000001", str(entry.pattern))
        view: Any = entry.callback.view_class  # type: ignore[attr-defined]
        for method in METHODS:
            if hasattr(view, method):
                yield str(entry.name), method, path


def test_every_door_has_its_rule() -> None:
    assert {(name, method) for name, method, _path in doors()} == set(RULES)


@pytest.fixture(autouse=True)
def folder(tmp_path: Any, settings: Settings) -> None:
    settings.PHOTOS = tmp_path


@pytest.fixture
def strangers(at: Centre) -> dict[str, tuple[Device, int]]:
    """Everybody who has no business with the visit, and what they are answered."""
    other = Unit.objects.get(name="石鼓派出所")
    below = Unit.objects.get(name="七迳村")
    told = {
        "officer of another station": (Device(at.user(Role.OFFICER, other)), 404),
        "supervisor of another county": (Device(at.user(Role.SUPERVISOR, at.other)), 404),
        "administrator of another station": (Device(at.user(Role.ADMINISTRATOR, other)), 404),
        "officer of a village beside the station": (Device(at.user(Role.OFFICER, below)), 404),
        "operator who was an officer": (Device(at.user(Role.OFFICER, at.station)), 403),
        "officer without a unit": (Device(at.user(Role.OFFICER, at.station)), 403),
        "officer who left": (Device(at.user(Role.OFFICER, at.station)), 401),
    }
    User.objects.filter(pk=told["operator who was an officer"][0].user.pk).update(role=Role.OPERATOR)
    User.objects.filter(pk=told["officer without a unit"][0].user.pk).update(unit=None)
    User.objects.filter(pk=told["officer who left"][0].user.pk).update(is_active=False)
    return told


def everything() -> list[Any]:
    """All that a stranger could have changed, and their refusals not."""
    rows = [list(model.objects.order_by("pk").values()) for model in (Attempt, Case, Contact, Order, Photo)]
    return [
        *rows,
        News.objects.count(),
        Written.objects.count(),
        Event.objects.exclude(verb="refused").count(),
    ]


def ask(device: Device | None, method: str, path: str, rule: Visit) -> Any:
    if rule.upload:
        headers = {**(device.headers if device else {}), "Idempotency-Key": new_key()}
        return client().post(
            f"{FIELD}/{path}?version=0", picture(), content_type="image/jpeg", headers=headers
        )
    if device is None:
        return getattr(client(), method)(f"{FIELD}/{path}")
    return device.post(path, rule.body) if method == "post" else getattr(device, method)(path)


def test_nobody_else_reads_or_changes_a_visit(
    at: Centre, visit: Attempt, strangers: dict[str, tuple[Device, int]]
) -> None:
    before, wrong = everything(), []
    for name, method, pattern in doors():
        rule = RULES[name, method]
        if not isinstance(rule, Visit):
            continue
        path, missing = (re.sub(r"<int:\w+>", str(pk), pattern) for pk in (visit.pk, 999_999))
        nothing = ask(strangers["officer of another station"][0], method, missing, rule).content
        for who, (device, code) in strangers.items():
            answer = ask(device, method, path, rule)
            if answer.status_code != code or (code == 404 and answer.content != nothing):
                wrong.append((who, method, path, answer.status_code))
        if ask(None, method, path, rule).status_code != 401:
            wrong.append(("nobody", method, path, 401))
    assert wrong == []
    assert everything() == before
    assert Event.objects.filter(verb="refused", why="another unit's visit").exists()


def test_its_own_officer_does_all_of_it(officer: Device, visit: Attempt) -> None:
    """So that the strangers are not refused for a bad body. The report is the last row."""
    for (name, method), rule in RULES.items():
        if not isinstance(rule, Visit) or name == "field-hand-back":
            continue
        (path,) = {p for n, m, p in doors() if (n, m) == (name, method)}
        answer = ask(officer, method, path.replace("<int:visit>", str(visit.pk)), rule)
        assert answer.status_code == rule.own, (name, answer.content)


def test_no_list_filter_or_cursor_tells_of_anothers_visit(
    at: Centre, officer: Device, strangers: dict[str, tuple[Device, int]], request: pytest.FixtureRequest
) -> None:
    readers = {who: device for who, (device, code) in strangers.items() if code == 404}
    places = {who: device.get("changes").json()["cursor"] for who, device in readers.items()}
    theirs = officer.get("changes").json()["cursor"]
    visit = request.getfixturevalue("visit")
    for name, method, path in doors():
        rule = RULES[name, method]
        if not isinstance(rule, Listed):
            continue
        for who, device in readers.items():
            query = rule.query.format(mine=places[who], unit=at.station.pk)
            assert rule.says(device.get(path + query).json()) == [], who
        query = rule.query.format(mine=theirs, unit=at.station.pk)
        assert visit.pk in rule.says(officer.get(path + query).json())
    for who, device in readers.items():
        assert device.get(f"changes?cursor={theirs}").status_code == 400, who
        assert device.get(f"stream?cursor={theirs}").status_code == 400, who


def test_anothers_key_is_no_way_in(at: Centre, officer: Device, visit: Attempt) -> None:
    """A key that the visit's own officer has used tells a stranger nothing, and takes nothing from the officer."""
    key = new_key()
    body = {"version": 0, "text": "见到本人"}
    assert officer.post(f"visits/{visit.pk}/note", body, **{"Idempotency-Key": key}).status_code == 200
    stranger = Device(at.user(Role.OFFICER, Unit.objects.get(name="石鼓派出所")))
    assert stranger.post(f"visits/{visit.pk}/note", body, **{"Idempotency-Key": key}).status_code == 404
