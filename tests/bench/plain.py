"""Timers as plain Celery keeps them: one `eta` task each, on Redis, as its documentation shows."""

import os
import threading

import psycopg
from celery import Celery

app = Celery("plain", broker=os.environ.get("PLAIN_BROKER", "memory://"))
app.conf.broker_transport_options = {"visibility_timeout": 60}
app.conf.task_ignore_result = True
_own = threading.local()  # each thread's connection


@app.task(name="plain.keep")
def keep(number: int) -> None:
    """Keep the promise of this number: one line in the database says when."""
    if not hasattr(_own, "connection"):
        _own.connection = psycopg.connect(os.environ["PLAIN_DATABASE"], autocommit=True)
    _own.connection.execute("INSERT INTO plain_kept (number, at) VALUES (%s, clock_timestamp())", [number])
