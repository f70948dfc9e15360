"""Enqueues plain Celery's timers: one `number moment` a line of standard input."""

import sys
from datetime import datetime

from tests.bench.plain import keep

if __name__ == "__main__":
    for line in sys.stdin:
        number, moment = line.split()
        keep.apply_async((int(number),), eta=datetime.fromisoformat(moment))
