"""An agenda: who does what next, in order; what found no answer is done again."""

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count

from warning_center.simulation.hosts import Hosts

AGAIN = timedelta(seconds=5)  # who gets no answer presses again

Act = Callable[[datetime], object]


@dataclass(order=True, slots=True)
class _Entry:
    at: datetime
    order: int
    act: Act = field(compare=False)


@dataclass(slots=True)
class Agenda:
    """Acts by time; each is carried out on a web server's host, and sees that host's clock."""

    hosts: Hosts
    _entries: list[_Entry] = field(default_factory=list)
    _order: "count[int]" = field(default_factory=count)

    def next_at(self) -> datetime | None:
        return self._entries[0].at if self._entries else None

    def at(self, at: datetime, act: Act) -> None:
        heapq.heappush(self._entries, _Entry(at, next(self._order), act))

    def after(self, span: timedelta, act: Act) -> None:
        """After so long, at least a second."""
        self.at(self.hosts.now + max(span, timedelta(seconds=1)), act)

    def act(self, now: datetime) -> int:
        """Everything that is due; how much was done."""
        done = 0
        while self._entries and self._entries[0].at <= now:
            entry = heapq.heappop(self._entries)
            done += 1
            if not self.hosts.run("web", entry.act).well:
                self.at(now + AGAIN, entry.act)
        return done
