"""A process that has imported the whole program and forks another start of it in a moment, as often as it is asked.

    python -m tests.journeys.nursery     # a line of JSON a request: {"start": [WORD, ...]} or {"wait": PID}

It opens no connection and begins no thread, so what it forks is what the same words would start anew.
"""

import json
import os
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import IO, Any

ROOT = Path(__file__).resolve().parents[2]
IMPORTED = (  # beforehand, since each start would import it
    "celery.bin.beat",
    "celery.bin.worker",
    "celery.concurrency.thread",
    "gunicorn.workers.gthread",
    "kombu.transport.redis",
    "warning_center.tasks",
    "warning_center.urls",
    "warning_center.wsgi",
)


class Forked:
    """A process of the nursery's, to be signalled by its id, as its group's too."""

    def __init__(self, nursery: "Nursery", pid: int) -> None:
        self.nursery, self.pid = nursery, pid

    def wait(self) -> int:
        """How it ended, as the system tells it."""
        return self.nursery.ask({"wait": self.pid})


class Nursery:
    """The process itself, asked from outside."""

    def __init__(self, env: dict[str, str], out: IO[bytes]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.journeys.nursery"],
            cwd=ROOT, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=out, text=True,
        )  # fmt: skip

    def start(self, command: Sequence[str]) -> Forked:
        """What `command`, a line of ours for this Python, starts; in a session of its own."""
        return Forked(self, self.ask({"start": [*command]}))

    def ask(self, request: dict[str, Any]) -> int:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        print(json.dumps(request), file=self.process.stdin, flush=True)
        return int(self.process.stdout.readline())

    def close(self) -> None:
        self.process.communicate()


def main() -> None:
    programs = _programs()
    assert threading.active_count() == 1, "a thread would not be there after a fork"
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        request = json.loads(line)
        if "wait" in request:
            _, answer = os.waitpid(request["wait"], 0)
        else:
            answer = os.fork()
            if answer == 0:
                answers.close()
                _become(request["start"], programs)
        print(answer, file=answers, flush=True)


def _programs() -> dict[str, Callable[[], object]]:
    """What may be started, all of it imported: by the words after Python's own."""
    import django  # noqa: PLC0415  here, so that who asks from outside need not have it

    django.setup()
    from django.core.management import execute_from_command_line  # noqa: PLC0415
    from django.db import connection  # noqa: PLC0415

    for name in IMPORTED:
        import_module(name)
    assert connection.connection is None
    return {
        "celery": import_module("celery.bin.celery").main,
        "gunicorn": import_module("gunicorn.app.wsgiapp").run,
        "manage.py": lambda: execute_from_command_line(sys.argv),
    }


def _become(command: list[str], programs: dict[str, Callable[[], object]]) -> None:
    """The forked process, as if it had been started so; it does not come back."""
    os.setsid()
    with Path(os.devnull).open() as nothing:
        os.dup2(nothing.fileno(), 0)
    words = [word for word in command[1:] if word != "-m"]
    sys.argv = words
    code: object = 1
    try:
        code = programs[words[0]]()
    except SystemExit as ended:
        code = ended.code
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code if isinstance(code, int) else 0)


if __name__ == "__main__":
    main()
