"""Celery only carries out: beat ticks, workers do what the database says is due."""

import logging
import os
from typing import Any

from celery import Celery
from celery.app.amqp import AMQP
from kombu import Connection

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "warning_center.settings")

logger = logging.getLogger(__name__)
LONGEST_PAUSE = 2  # seconds between two tries to reach the broker; by default they grow to 30


class EagerConnection(Connection):
    """A connection to the broker that is back within seconds of its return, however long it was gone."""

    def ensure_connection(self, *args: Any, **kwargs: Any) -> Any:
        pauses = {"interval_start": LONGEST_PAUSE, "interval_step": 0, "interval_max": LONGEST_PAUSE}
        return super().ensure_connection(*args, **{**pauses, **kwargs})

    def maybe_close_channel(self, channel: Any) -> None:
        """Close a channel in whatever state the loss of the broker has left it.

        kombu 5.7 raises AttributeError here for one that holds messages not yet acknowledged, and the worker
        dies of it. Those messages need no saving: they are ticks and hints.
        """
        try:
            super().maybe_close_channel(channel)
        except Exception as fault:
            logger.warning("a channel of the lost broker did not close: %s", type(fault).__name__)


class Broker(AMQP):
    """Celery's side of the broker, with that connection."""

    Connection = EagerConnection


app = Celery("warning_center", amqp="warning_center.celery:Broker")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
