"""How Celery's processes meet the broker, and what leaves a pulse."""

from typing import Any

import pytest
import redis
from celery.contrib.testing.worker import start_worker
from django.core.checks import run_checks
from pytest_django import Settings

from dispatch import tasks as dispatch_tasks
from telephony import clock
from telephony import tasks as telephony_tasks
from telephony.models import Call, Trunk
from tests.factories import centre, directive
from tests.journeys.deployment import until
from tests.ports import free_port
from warning_center import celery as door
from warning_center import pulses, tasks
from warning_center.models import Pulse

TRIES = 8


class EnoughError(Exception):
    """The broker has been tried often enough."""


def test_a_broker_that_is_gone_is_tried_at_an_even_pace_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "LONGEST_PAUSE", 0.01)
    pauses: list[float] = []

    def failed(_fault: Exception, pause: float) -> None:
        pauses.append(pause)
        if len(pauses) == TRIES:
            raise EnoughError

    with (
        door.app.connection_for_read(f"redis://127.0.0.1:{free_port()}/0") as broker,
        pytest.raises(EnoughError),
    ):
        broker.ensure_connection(failed, door.app.conf.broker_connection_max_retries)
    assert pauses == [0.01] * TRIES


def test_a_message_under_way_when_the_broker_died_is_a_lost_connection_and_no_more(redis_url: str) -> None:
    with door.app.connection_for_write(redis_url) as broker:
        channel: Any = broker.default_channel
        broker.release()
        with pytest.raises(broker.connection_errors):
            channel.qos.ack("a message's tag")


@pytest.mark.django_db
def test_a_task_that_ends_well_keeps_the_pulse_of_its_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulses, "writer", pulses.Writer())
    dispatch_tasks.tick.apply()
    assert list(Pulse.objects.values_list("name", flat=True)) == ["dispatch"]


@pytest.mark.django_db
def test_each_queue_answers_for_itself(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    monkeypatch.setattr(pulses, "writer", pulses.Writer())
    entry: dict[str, Any] = settings.CELERY_BEAT_SCHEDULE["queue:line"]
    settings.CELERY_BEAT_SCHEDULE = {
        "queue:line": entry,
        "queue:second": {**entry, "options": {"queue": "second"}},
    }
    tasks.answer.apply(routing_key="second")
    assert list(Pulse.objects.values_list("name", flat=True)) == ["queue:second"]


@pytest.mark.django_db
def test_a_task_that_fails_leaves_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulses, "writer", pulses.Writer())
    monkeypatch.setattr(dispatch_tasks, "BATCH", "none")
    directive(centre(), "D-1", number=1)
    assert dispatch_tasks.tick.apply().failed()
    assert not Pulse.objects.exists()


@pytest.mark.django_db
def test_one_process_writes_a_pulse_at_most_every_two_seconds(
    monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Any
) -> None:
    monkeypatch.setattr(pulses, "writer", pulses.Writer())
    tasks.ended_well(sender=tasks.answer)
    with django_assert_num_queries(0):
        for _ in range(10):
            tasks.ended_well(sender=tasks.answer)


@pytest.mark.django_db(transaction=True)
def test_a_report_waits_in_a_queue_of_its_own(redis_url: str) -> None:
    tasks.report.delay()
    tasks.count.delay()
    dispatch_tasks.tick.delay()
    with redis.Redis.from_url(redis_url) as broker:
        assert [broker.llen(queue) for queue in ("slow", "figures", "cases")] == [1, 1, 1]


@pytest.mark.django_db
def test_one_process_does_one_slow_thing_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulses, "writer", pulses.Writer())
    with tasks.slow:
        assert not tasks.report.apply().successful()
    assert not Pulse.objects.exists()
    assert tasks.report.apply().successful()
    assert list(Pulse.objects.values_list("name", flat=True)) == ["report"]


def test_a_queue_that_an_older_installation_does_not_name_is_warned_of(settings: Settings) -> None:
    assert not [one for one in run_checks() if one.id == "warning_center.W001"]
    settings.QUEUES = ["dial", "cases", "line", "figures"]
    (warned,) = (one for one in run_checks() if one.id == "warning_center.W001")
    assert "'slow'" in warned.msg


@pytest.mark.django_db(transaction=True)
def test_dialling_waits_for_nothing_in_another_queue(redis_url: str) -> None:
    directive(centre(clock.now()), "R-1", number=1, now=clock.now())
    for _ in range(50):  # for which nobody comes
        dispatch_tasks.tick.delay()
        telephony_tasks.tick.delay()
    telephony_tasks.hints.send()
    with start_worker(door.app, queues=["dial"], perform_ping_check=False, loglevel="ERROR"):
        until(lambda: Call.objects.on_line().exists(), what="the call is dialled")
    with redis.Redis.from_url(redis_url) as broker:
        assert (broker.llen("dial"), broker.llen("cases"), broker.llen("line")) == (0, 50, 50)


@pytest.mark.django_db(transaction=True)
def test_a_trunk_that_may_begin_few_a_second_goes_on_between_the_ticks(redis_url: str) -> None:
    place = centre(clock.now())
    Trunk.objects.update(per_second=2, tokens=2)
    for n in range(5):
        directive(place, f"R-{n}", number=n, now=clock.now())
    telephony_tasks.hints.send()  # and nobody ticks
    with start_worker(door.app, queues=["dial"], perform_ping_check=False, loglevel="ERROR"):
        until(lambda: Call.objects.exclude(dialled_at=None).count() == 5, what="all are dialled")
