"""Celery only carries out: beat ticks, workers do what the database says is due."""

import os
from typing import Any

from celery import Celery
from celery.app.amqp import AMQP
from celery.signals import worker_init
from kombu import Connection
from kombu.transport import redis
from redis.exceptions import ConnectionError as RedisConnectionError

from warning_center import longlived

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "warning_center.settings")

LONGEST_PAUSE = 2  # seconds between two tries to reach the broker; by default they grow to 30


class LosableChannel(redis.Channel):
    """A channel whose broker may die with messages under way.

    kombu 5.7 raises AttributeError when such a message is acknowledged on the closed channel, and the worker
    dies of it; a ConnectionError it can bear. Those messages need no saving: they are ticks and hints.
    """

    def _connparams(self, *args: Any, **kwargs: Any) -> Any:
        transport: Any = self.connection
        if transport is None or transport.client is None:
            raise RedisConnectionError("the connection to the broker has been closed")
        return super()._connparams(*args, **kwargs)  # type: ignore[misc]  # its stubs leave it out


class LosableTransport(redis.Transport):
    """Redis, with that channel."""

    Channel = LosableChannel


class EagerConnection(Connection):
    """A connection to the broker that is back within seconds of its return, however long it was gone."""

    def ensure_connection(self, *args: Any, **kwargs: Any) -> Any:
        pauses = {"interval_start": LONGEST_PAUSE, "interval_step": 0, "interval_max": LONGEST_PAUSE}
        return super().ensure_connection(*args, **{**pauses, **kwargs})

    def get_transport_cls(self) -> Any:
        found = super().get_transport_cls()
        return LosableTransport if found is redis.Transport else found


class Broker(AMQP):
    """Celery's side of the broker, with that connection."""

    Connection = EagerConnection


app = Celery("warning_center", amqp="warning_center.celery:Broker")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
worker_init.connect(longlived.settle)
