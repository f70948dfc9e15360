"""The practice Twilio's time: what is to be done when, by whom; by hand, or by threads."""

import heapq
import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from zlib import crc32

from telephony.practice import post

Task = Callable[[], None]


@dataclass(frozen=True, order=True, slots=True)
class Due:
    """Something to be done at a moment; of two at once the one that was said first."""

    at: datetime
    order: int
    about: str = field(compare=False)  # the sid of the call it concerns
    task: Task = field(compare=False)


class Agenda:
    """Steps of calls and letters that are due, each at its moment of a clock.

    With no `hands` nothing happens by itself: `run` does all that is due by now, in order, which is what tests want.
    With hands, threads do it, all that concerns one call by the same hand.
    """

    def __init__(self, clock: Callable[[], datetime], hands: int) -> None:
        self.clock = clock
        self.lock = threading.RLock()
        self.released = threading.Event()  # ends the silences
        self._own = threading.local()  # .now: the moment of what this thread is doing
        self._steps: list[Due] = []
        self._letters: list[Due] = []
        self._order = count()
        self._hands: list[queue.SimpleQueue[Task | None]] = [queue.SimpleQueue() for _ in range(hands)]
        self._threads: list[threading.Thread] = []
        self._stopped = threading.Event()

    def now(self) -> datetime:
        """The moment of what is being done: a step that is late is lived at its own time."""
        doing: datetime | None = getattr(self._own, "now", None)
        return doing or self.clock()

    @contextmanager
    def _living(self, at: datetime) -> Iterator[None]:
        """What is done here is done at that moment."""
        before = getattr(self._own, "now", None)
        self._own.now = at
        try:
            yield
        finally:
            self._own.now = before

    def at(self, moment: datetime, about: str, task: Task, *, posts: bool = False) -> None:
        """Have something done at a moment; `about` is the sid of the call it concerns, `posts` says it is a webhook."""
        with self.lock:
            heapq.heappush(
                self._letters if posts else self._steps, Due(moment, next(self._order), about, task)
            )

    def run(self) -> None:
        """Do all that is due by now, and what follows from it."""
        while (due := self._next(self._steps, self._letters)) is not None:
            due.task()

    def settle(self) -> None:
        """Let calls live on to this moment; webhooks wait for `run`."""
        while (due := self._next(self._steps)) is not None:
            due.task()

    def _next(self, *heaps: "list[Due]") -> "Due | None":
        """What is due first of all that waits there, if it is due by now."""
        with self.lock:
            heap = min((h for h in heaps if h), key=lambda h: h[0], default=None)
            return heapq.heappop(heap) if heap and heap[0].at <= self.clock() else None

    def start(self) -> None:
        """Let threads do it; there must be hands."""
        self._threads = [threading.Thread(target=self._tick, daemon=True)]
        self._threads += [threading.Thread(target=self._work, args=[bag], daemon=True) for bag in self._hands]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End the threads; what is due is left undone."""
        self._stopped.set()
        self.released.set()
        for bag in self._hands:
            bag.put(None)
        for thread in self._threads:
            thread.join(post.PATIENCE)

    def _tick(self) -> None:
        while not self._stopped.wait(0.01):
            while (due := self._next(self._steps, self._letters)) is not None:
                self._hands[crc32(due.about.encode()) % len(self._hands)].put(due.task)

    def _work(self, bag: "queue.SimpleQueue[Task | None]") -> None:
        while (task := bag.get()) is not None and not self._stopped.is_set():
            task()

    def hurry(self, about: str) -> None:
        """The first letter about a call goes out this moment, if it is due, whoever waits."""
        with self.lock:
            mine = min((due for due in self._letters if due.about == about), default=None)
            if mine is None or mine.at > self.clock():
                return
            self._letters.remove(mine)
            heapq.heapify(self._letters)
        mine.task()
