"""The one process on a machine that is slower than the clock it is asked for."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from kombu.transport.memory import Channel

from warning_center.celery import app
from warning_center.oneprocess import MOST_WAITING, Patient, paced

DIAL = settings.CELERY_BEAT_SCHEDULE["dial"]


@pytest.fixture
def beat(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A beat whose messages nobody reads."""
    monkeypatch.setattr(Channel, "queues", {})
    with app.connection_for_write("memory://localhost//") as broker, app.amqp.Producer(broker) as producer:
        scheduler: Any = Patient(app, lazy=True, Producer=producer)
        scheduler.producer = producer
        yield scheduler


def test_a_queue_that_nobody_empties_does_not_grow(beat: Any) -> None:
    beat.data = {"dial": beat.Entry(name="dial", app=app, **DIAL)}
    for _ in range(5 * MOST_WAITING):
        beat.apply_entry(beat.data["dial"], producer=beat.producer)
    assert Channel.queues["dial"].qsize() == MOST_WAITING
    Channel.queues["dial"].get()
    beat.apply_entry(beat.data["dial"], producer=beat.producer)
    assert Channel.queues["dial"].qsize() == MOST_WAITING
    answer = beat.Entry(name="queue:dial", app=app, **settings.CELERY_BEAT_SCHEDULE["queue:dial"])
    beat.apply_entry(answer, producer=beat.producer)  # whether it is read is asked all the same
    assert Channel.queues["dial"].qsize() == MOST_WAITING + 1


@pytest.mark.parametrize(("speed", "faster"), [(0.5, 1.0), (1, 1.0), (4, 0.25), (60, 0.1)])
def test_the_work_keeps_up_with_the_clock_and_the_queues_answer_by_the_machines(
    speed: float, faster: float
) -> None:
    for name, entry in paced(settings.CELERY_BEAT_SCHEDULE, speed).items():
        own = settings.CELERY_BEAT_SCHEDULE[name]["schedule"]
        assert entry["schedule"] == pytest.approx(own if name.startswith("queue:") else own * faster)


def test_nothing_in_a_queue_outlives_the_ticks_that_share_it() -> None:
    lives: dict[str, dict[str, float]] = {}
    for name, entry in settings.CELERY_BEAT_SCHEDULE.items():
        queue = app.amqp.router.route(dict(entry["options"]), entry["task"])["queue"].name
        lives.setdefault(queue, {})[name] = entry["options"]["expires"]
    for of_queue in lives.values():
        answer = next(seconds for name, seconds in of_queue.items() if name.startswith("queue:"))
        assert answer <= min(of_queue.values())
