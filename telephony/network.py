"""The simulated network as a process of its own: its script, its mischief, its journal.

The journal is the network's own record, kept apart from any database of ours: each call's begin and end as
one JSON line, flushed at once, by which anyone can see that no number was on two live calls at once.
"""

import json
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random
from typing import TextIO

from telephony import numbers
from telephony.carrier import CallResult, CallStatus, Dial, Update
from telephony.carriers.simulated import BY_LAST_DIGIT, Behaviour, SimulatedCarrier, by_last_digit

LASTS = {how.result: how.lasts for how in BY_LAST_DIGIT.values()}
LASTS_ELSE = timedelta(seconds=10)
LATE_BY = (5, 120)  # seconds of the program's clock


@dataclass(frozen=True, slots=True)
class Mischief:
    """How likely it is, from 0 to 1, that a call's news is lost, comes twice, late, or backwards."""

    lose: float = 0
    twice: float = 0
    late: float = 0
    backwards: float = 0

    def befall(self, how: Behaviour, chance: Random) -> Behaviour:
        """`how`, with what befalls its news; one draw for each, so that a change of one moves no other."""
        lose, twice, late, backwards = (chance.random() for _ in range(4))
        delay = timedelta(seconds=chance.uniform(*LATE_BY)) if late < self.late else how.delay
        return replace(
            how,
            lose=how.lose or lose < self.lose,
            twice=how.twice or twice < self.twice,
            delay=delay,
            backwards=how.backwards or backwards < self.backwards,
        )


def read_script(text: str) -> dict[str, list[Behaviour]]:
    """`{number: ["busy@5", "answered"]}`: what each call to the number meets, and when it ends, in seconds.

    The last word stands for all later calls. Raises ValueError.
    """
    said = json.loads(text)
    if not isinstance(said, dict) or not all(isinstance(w, list) and w for w in said.values()):
        raise ValueError("a script is an object: each number with a list of at least one word")
    return {numbers.normalise(number): [_behaviour(w) for w in said[number]] for number in said}


def _behaviour(word: str) -> Behaviour:
    name, _, seconds = word.partition("@")
    result = CallResult(name)
    return Behaviour(result, timedelta(seconds=float(seconds)) if seconds else LASTS.get(result, LASTS_ELSE))


class Script:
    """How each dialled phone behaves: by its own words, else by its last digit; then the mischief."""

    def __init__(
        self,
        words: Mapping[str, Sequence[Behaviour]] | None = None,
        mischief: Mischief | None = None,
        seed: int = 0,
    ) -> None:
        self.words = {} if words is None else words
        self.mischief = mischief or Mischief()
        self.seed = seed
        self.calls: Counter[str] = Counter()

    def behave(self, dial: Dial) -> Behaviour:
        nth = self.calls[dial.number]
        self.calls[dial.number] += 1
        words = self.words.get(dial.number)
        how = words[min(nth, len(words) - 1)] if words else by_last_digit(dial)
        return self.mischief.befall(how, Random(f"{self.seed}:{dial.number}:{nth}"))  # noqa: S311


class Network:
    """A simulated carrier that keeps a journal, and in which a phone on the line is busy for another call."""

    def __init__(self, *, clock: Callable[[], datetime], script: Script, journal: TextIO) -> None:
        self.clock = clock
        self.script = script
        self.journal = journal
        self.carrier = SimulatedCarrier(clock=clock, behave=self._behave)
        self._live: dict[str, Dial] = {}  # by the number's index
        self._engaged = False  # whether the phone being dialled this moment is on the line already
        self._lock = threading.Lock()
        self._note("start", clock())  # of what an earlier run had on the line, nothing is left

    def place(self, dial: Dial) -> str:
        """Take a call. A second live call to one number is a fault of ours: the journal says `violation`."""
        place = numbers.index(dial.number)
        now = self.clock()
        dial = replace(dial, dialled_at=now)
        with self._lock:
            self._note_ends()
            self._engaged = place in self._live
            external_id = self.carrier.place(dial)
            self._note("begin", now, key=dial.key, number=place, violation=self._engaged)
            self._live.setdefault(place, dial)
        return external_id

    def find(self, dial: Dial) -> Update | None:
        with self._lock:
            return self.carrier.find(replace(dial, external_id=""))  # no call of an earlier run lives again

    def hang_up(self, dial: Dial) -> None:
        with self._lock:
            self.carrier.hang_up(dial)
            self._note_ends()

    def send_text(self, *, key: str, number: str, body: str) -> str:
        """Take an SMS. Nobody gets it."""
        return self.carrier.send_text(key=key, number=number, body=body)

    def collect(self) -> list[Update]:
        """The news that has come by now."""
        with self._lock:
            self._note_ends()
            return self.carrier.collect(self.clock())

    def health(self) -> dict[str, object]:
        """It is well as long as it answers."""
        with self._lock:
            return {"ok": True, "calls": len(self._live)}

    def _behave(self, dial: Dial) -> Behaviour:
        return _behaviour(CallResult.BUSY) if self._engaged else self.script.behave(dial)

    def _note_ends(self) -> None:
        for place, dial in list(self._live.items()):
            news = self.carrier.find(dial)
            if news is not None and news.status is CallStatus.ENDED and news.at is not None:
                del self._live[place]
                self._note("end", news.at, key=dial.key, number=place, result=news.result)

    def _note(self, event: str, at: datetime, **more: object) -> None:
        self.journal.write(json.dumps({"event": event, "at": at.isoformat(), **more}) + "\n")
        self.journal.flush()
