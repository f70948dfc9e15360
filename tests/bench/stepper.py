"""A process that gives due cases their turn, told when to begin over its standard input.

    python -m tests.bench.stepper ours|handmade

It says `{"pid", "backend"}` when it is ready, and for each line with a moment how many cases took their turn, in how
many seconds, with how much CPU. With PROFILE set to a file, a profile of all its turns is kept there.
"""

import cProfile
import json
import os
import sys
import time
from collections.abc import Callable, Iterable
from datetime import datetime

if __name__ == "__main__":
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "warning_center.settings")
    django.setup()

from django.db import connection

from dispatch.tasks import BATCH
from dispatch.workflow import turn
from tests.bench.handmade import Hand
from warning_center import longlived

Turn = Callable[[datetime], int]


def say(what: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def _ours() -> tuple[Turn, int]:
    connection.ensure_connection()
    backend: int = connection.connection.info.backend_pid
    return lambda now: turn.advance_due(now=now, limit=BATCH), backend


def _handmade() -> tuple[Turn, int]:
    hand = Hand(os.environ["DATABASE_URL"])
    return hand.advance_due, hand.connection.info.backend_pid


def serve(take_turn: Turn, moments: Iterable[str]) -> None:
    """For each moment: all that is due by then, batch by batch."""
    for moment in moments:
        now = datetime.fromisoformat(moment.strip())
        began, spent, steps = time.perf_counter(), time.process_time(), 0
        while took := take_turn(now):
            steps += took
        say(
            {
                "steps": steps,
                "seconds": time.perf_counter() - began,
                "cpu": time.process_time() - spent,
            }
        )


def main() -> None:
    take_turn, backend = {"ours": _ours, "handmade": _handmade}[sys.argv[1]]()
    say({"pid": os.getpid(), "backend": backend})
    longlived.settle()  # as a worker does
    path, profile = os.environ.get("PROFILE"), cProfile.Profile()
    if path:
        profile.enable()
    serve(take_turn, sys.stdin)
    if path:
        profile.disable()
        profile.dump_stats(f"{path}.{os.getpid()}")


if __name__ == "__main__":
    main()
