"""Several at the same moment, each on a connection of its own."""

import threading
import time
from collections.abc import Callable
from typing import Any

from django.db import connection


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """Do these at the same moment, each on its own connection; what each returned or raised."""
    gate = threading.Barrier(len(acts))
    said: list[Any] = [None] * len(acts)

    def run(place: int, act: Callable[[], Any]) -> None:
        gate.wait()
        try:
            said[place] = act()
        except Exception as fault:
            said[place] = fault
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(place, act)) for place, act in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return said


def until_somebody_waits() -> None:
    """Until another connection of ours waits for a lock."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    deadline, pause = time.monotonic() + 30, threading.Event()
    with connection.cursor() as cursor:
        while time.monotonic() < deadline:
            cursor.execute("SELECT pg_stat_clear_snapshot()")
            cursor.execute(query)
            if cursor.fetchone()[0]:
                return
            pause.wait(0.02)
    raise AssertionError("nobody came to wait")
