"""Promises by name, and those that have been seen broken."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from warning_center.simulation.asked import START

PROMISES = {  # the numbers are of design.md, "What must always hold"
    "nothing_lost": "1: a directive that was acknowledged is in the database",
    "once": "1: the same reference again changes nothing, and with another content is refused",
    "due": "2: an open case has a due time, and a live attempt or order no earlier than it",
    "in_time": "2, 3: nothing is overdue beyond its allowance",
    "goes_well": "3: nothing fails without a fault, and what failed goes on",
    "ends": "2: every case ends",
    "one_call_per_number": "4: nobody is on two live calls at once",
    "known_calls": "4: the row comes before the carrier is asked, and a call is asked for once",
    "cap": "the chain: so many calls a number in 24 h",
    "hours": "the chain: no call outside its hours",
    "expiry": "the chain: no call past expiry",
    "trunk_limits": "so many calls at once, so many new ones a second",
    "desks": "an operator is on one call at a time, and no call of theirs rings for nobody",
    "forward": "5: news only ever moves a call forward",
    "rank": "6: the earliest rank of those that could be served comes first",
    "a_persons_word": "7: reached and persuaded are a person's words",
    "record": "8: each change has its line in the record",
    "state": "a case's state never goes back",
    "final": "closed is final, and nothing of it lives",
    "verified": "verified only after agreeing and a follow-up that found no loss",
    "one_open_case": "a person has one open case",
}
MOST_KEPT = 200
MOST_TIMES = 5000  # that something was seen broken


@dataclass(frozen=True, slots=True)
class Violation:
    """A promise, broken: when, whose, and how."""

    at: datetime
    promise: str
    what: str
    case: int | None = None
    call: int | None = None

    def plain(self) -> dict[str, object]:
        told: dict[str, object] = {
            "at": self.at.astimezone(START.tzinfo).isoformat(),
            "promise": self.promise,
        }
        if self.case is not None:
            told["case"] = self.case
        if self.call is not None:
            told["call"] = self.call
        return {**told, "what": self.what}


@dataclass(slots=True)
class Broken:
    """Violations in the order they were seen: of each promise and case, or call, the first."""

    kept: list[Violation] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    most: int = MOST_TIMES
    times: int = 0
    _seen: set[tuple[object, ...]] = field(default_factory=set)

    @property
    def enough(self) -> bool:
        """Whether it makes no sense to go on."""
        return self.times >= self.most

    def add(
        self, at: datetime, promise: str, what: str, *, case: int | None = None, call: int | None = None
    ) -> None:
        if promise not in PROMISES:
            raise ValueError(f"no promise is called {promise}")
        self.times += 1
        whose = (promise, case, call) if case or call else (promise, what)
        if whose in self._seen:
            return
        self._seen.add(whose)
        self.counts[promise] += 1
        if len(self.kept) < MOST_KEPT:
            self.kept.append(Violation(at, promise, what, case, call))
