"""The health endpoints, and the bar on every page when Redis or the ticks are gone."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from pytest_django import Settings

from dispatch.models import Case
from dispatch.vocabulary import Level, Role
from telephony import clock
from tests import factories
from tests.factories import START, Centre
from tests.ports import free_port
from warning_center import health, pulses
from warning_center.health import Lately
from warning_center.models import Pulse
from warning_center.watchdog.look import ROUND_WITHIN

TOKEN = "watch-me-closely"


@pytest.fixture
def place(db: None, settings: Settings) -> Centre:
    settings.CLOCK = "telephony.clock.moving"
    settings.HEALTH_TOKEN = TOKEN
    clock.moving.set(START)
    for name in pulses.expected():
        pulses.keep(name, host="one", wall=datetime.now(UTC))  # noqa: TID251  the machine's own
    return factories.centre()


@pytest.fixture
def late(place: Centre) -> Case:
    """A critical case that should have moved a minute ago."""
    case = factories.directive(place, "H-1", number=1, level=Level.CRITICAL)
    clock.moving.set((case.due_at or START) + timedelta(minutes=1))
    return case


def ask(**headers: str) -> tuple[int, dict[str, Any]]:
    answer = Client(headers=headers or None).get("/health/")
    assert "no-store" in answer["Cache-Control"]
    return answer.status_code, json.loads(answer.content)


def test_it_answers_200_while_every_promise_is_kept(place: Centre) -> None:
    status, said = ask()
    assert (status, said["ok"]) == (200, True), said
    assert {"database", "redis", "overdue_critical", "pulse_beat"} <= said["checks"].keys()


def test_a_stranger_learns_names_and_nothing_else(late: Case) -> None:
    status, said = ask()
    assert (status, said["ok"]) == (503, False)
    assert said["checks"].pop("overdue_critical") == {"ok": False}
    assert all(check == {"ok": True} for check in said["checks"].values())


@pytest.mark.parametrize("shown", ["Bearer ", "Bearer guess", "", "Basic d2F0Y2g=", f"Bearer {TOKEN}é"])
def test_a_wrong_token_opens_nothing(late: Case, shown: str) -> None:
    assert ask(authorization=shown)[1]["checks"]["overdue_critical"] == {"ok": False}


def test_without_a_token_in_the_settings_none_opens_it(late: Case, settings: Settings) -> None:
    settings.HEALTH_TOKEN = ""
    assert ask(authorization="Bearer ")[1]["checks"]["overdue_critical"] == {"ok": False}


def test_the_token_opens_the_measures(late: Case) -> None:
    status, said = ask(authorization=f"Bearer {TOKEN}")
    assert status == 503
    expected = {"ok": False, "measured": 60.0, "allowance": 15, "offenders": [str(late.pk)]}
    assert said["checks"]["overdue_critical"] == expected


def test_a_redis_that_is_gone_is_told(place: Centre, settings: Settings) -> None:
    settings.REDIS_URL = f"redis://127.0.0.1:{free_port()}/0"
    status, said = ask()
    assert (status, said["checks"]["redis"]) == (503, {"ok": False})


def test_alive_is_told_without_touching_anything(settings: Settings) -> None:
    settings.REDIS_URL = f"redis://127.0.0.1:{free_port()}/0"
    answer = Client().get("/health/live/")  # without the mark, a test may not reach the database
    assert (answer.status_code, json.loads(answer.content)) == (200, {"ok": True})


@pytest.mark.parametrize("address", ["/health/", "/health/live/"])
def test_health_is_only_read(place: Centre, address: str) -> None:
    assert Client().post(address).status_code == 405


def test_many_who_ask_at_once_cost_one_look(settings: Settings) -> None:
    settings.VITALS_KEPT_FOR = 60
    looks: list[float] = []

    def look() -> int:
        looks.append(time.monotonic())
        return len(looks)

    seen = Lately(look)
    assert [seen.get() for _ in range(5)] == [1] * 5
    settings.VITALS_KEPT_FOR = 0
    assert seen.get() == 2


# ---- a look that hangs


class Sight:
    """What a look sees; told to hang it comes to no end until it is let go."""

    def __init__(self) -> None:
        self.looks = 0
        self._at_it, self._let_go = threading.Event(), threading.Event()
        self._let_go.set()

    def see(self) -> str:
        self.looks += 1
        said = f"look {self.looks}"
        self._at_it.set()
        assert self._let_go.wait(30)
        return said

    @contextmanager
    def hanging(self, lately: Lately[Any]) -> Iterator[None]:
        """Somebody else looks, and it hangs."""
        self._at_it.clear()
        self._let_go.clear()
        other = threading.Thread(target=lately.get)
        other.start()
        assert self._at_it.wait(30)
        try:
            yield
        finally:
            self.let_go()
            other.join(30)

    def let_go(self) -> None:
        self._let_go.set()


@pytest.fixture
def passed(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Callable[[float], None]:
    """Moves the clock by which a look grows old."""
    settings.VITALS_KEPT_FOR = 5
    shown = SimpleNamespace(now=0.0)
    monkeypatch.setattr(health, "time", SimpleNamespace(monotonic=lambda: shown.now))

    def forward(seconds: float) -> None:
        shown.now += seconds

    return forward


def test_while_a_look_hangs_the_last_one_is_told_for_as_long_as_a_look_may_last(
    passed: Callable[[float], None],
) -> None:
    sight = Sight()
    lately = Lately(sight.see)
    assert lately.get() == "look 1"
    passed(5)
    with sight.hanging(lately):
        assert lately.get() == "look 1"
        passed(ROUND_WITHIN - 0.1)
        assert lately.get() == "look 1"
        passed(0.1)
        assert lately.get() is None
    assert lately.get() == "look 3"  # the second had grown old while it hung


def test_the_very_first_look_may_hang_too(passed: Callable[[float], None]) -> None:
    sight = Sight()
    lately = Lately(sight.see)
    with sight.hanging(lately):
        passed(ROUND_WITHIN)
        assert lately.get() is None


def test_after_a_long_silence_who_finds_another_looking_waits_for_what_is_seen(
    passed: Callable[[float], None],
) -> None:
    sight, heard = Sight(), []
    lately = Lately(sight.see)
    lately.get()
    passed(3600)
    with sight.hanging(lately):
        second = threading.Thread(target=lambda: heard.append(lately.get()))
        second.start()
        sight.let_go()
        second.join(30)
    assert heard == ["look 2"]


def test_while_a_look_hangs_health_and_every_page_say_that_nothing_answers(
    place: Centre, monkeypatch: pytest.MonkeyPatch, passed: Callable[[float], None]
) -> None:
    sight = Sight()
    silent = Lately(sight.see)
    monkeypatch.setattr(health, "_rounds", silent)
    monkeypatch.setattr(health, "_pages", silent)
    with sight.hanging(silent):
        passed(ROUND_WITHIN)
        assert ask() == (503, {"ok": False, "checks": {}, "fault": "no answer"})
        assert SILENT in Client(headers={"accept-language": "zh-hans"}).get("/login/").content.decode()


def test_a_database_whose_packets_are_lost_is_given_up(db: None) -> None:
    connection.ensure_connection()
    asked = connection.connection.info.get_parameters()
    assert int(asked["tcp_user_timeout"]) == 10_000
    unanswered = int(asked["keepalives_idle"]) + int(asked["keepalives_count"]) * int(
        asked["keepalives_interval"]
    )
    assert unanswered <= 30


# ---- pages

GONE = "Redis 不应答"
STILL = "最近没有一轮"
SILENT = "数据库不应答"
PAGES = ["/admin/", "/admin/dispatch/case/", "/supervision/", "/admin/warning_center/source/"]


@pytest.fixture
def enter(place: Centre) -> Callable[[], Client]:
    def logged_in() -> Client:
        client = Client(headers={"accept-language": "zh-hans"})
        client.force_login(place.user(Role.ADMINISTRATOR, is_superuser=True, is_staff=True))
        return client

    return logged_in


@pytest.mark.parametrize("page", PAGES)
def test_every_page_says_when_redis_is_gone(
    enter: Callable[[], Client], settings: Settings, page: str
) -> None:
    client = enter()
    assert 'class="gone"' not in client.get(page).content.decode()
    settings.REDIS_URL = f"redis://127.0.0.1:{free_port()}/0"
    assert GONE in client.get(page).content.decode()


@pytest.mark.parametrize("page", PAGES)
def test_every_page_says_when_no_round_ends(enter: Callable[[], Client], page: str) -> None:
    client = enter()
    Pulse.objects.filter(name="dispatch").update(kept_at=START - timedelta(days=1))
    assert STILL in client.get(page).content.decode()


def test_strangers_are_told_at_the_login_too(place: Centre, settings: Settings) -> None:
    settings.REDIS_URL = f"redis://127.0.0.1:{free_port()}/0"
    assert GONE in Client(headers={"accept-language": "zh-hans"}).get("/login/").content.decode()


def test_the_queue_shows_whether_redis_answers(enter: Callable[[], Client], settings: Settings) -> None:
    client = enter()
    assert "Redis ✓" in client.get("/admin/dispatch/case/").content.decode()
    settings.REDIS_URL = f"redis://127.0.0.1:{free_port()}/0"
    assert "Redis ✗" in client.get("/admin/dispatch/case/").content.decode()
    settings.REDIS_URL = ""  # one process, which needs none
    assert "Redis" not in client.get("/admin/dispatch/case/").content.decode()


def test_the_pages_ask_for_no_more_than_one_query(
    place: Centre, django_assert_num_queries: Callable[[int], Any]
) -> None:
    with django_assert_num_queries(1):
        Client().get("/login/")
