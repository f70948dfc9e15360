"""A telephone network that exists only here: scripted phones, and mischief on the way back.

It never rings anybody. `behave` says how a dialled phone behaves; by default the last digit of the number
decides (see BY_LAST_DIGIT). News is due at moments of the program's clock and is collected by our side.
"""

import heapq
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count, islice

from telephony.carrier import CallResult, CallStatus, CarrierError, Dial, Update

R = CallResult
RINGS = timedelta(seconds=2)  # from dialling to the first ring
PICKS_UP = timedelta(seconds=8)  # from dialling to the answer
KEPT = timedelta(hours=1)  # a call that ended longer ago is forgotten


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How one dialled phone behaves, from dialling to the end, and what befalls the news of it."""

    result: CallResult
    lasts: timedelta
    lose: bool = False  # no news ever comes
    twice: bool = False  # each piece of news comes twice
    delay: timedelta = timedelta()  # the news comes so much later than it happened
    backwards: bool = False  # the news comes in the opposite order


BY_LAST_DIGIT: Mapping[str, Behaviour] = {
    "0": Behaviour(R.ANSWERED, timedelta(seconds=60)),
    "1": Behaviour(R.ANSWERED, timedelta(seconds=60)),
    "2": Behaviour(R.BUSY, timedelta(seconds=5)),
    "3": Behaviour(R.NO_ANSWER, timedelta(seconds=30)),
    "4": Behaviour(R.POWERED_OFF, timedelta(seconds=5)),
    "5": Behaviour(R.MACHINE, timedelta(seconds=30)),
    "6": Behaviour(R.REJECTED, timedelta(seconds=10)),
    "7": Behaviour(R.INVALID_NUMBER, timedelta(seconds=3)),
    "8": Behaviour(R.FORWARDED, timedelta(seconds=10)),
    "9": Behaviour(R.CONGESTION, timedelta(seconds=1)),
}
TALKED = (R.ANSWERED, R.MACHINE, R.HUNG_UP, R.AUDIO_ONLY)
NEVER_RINGS = (R.CONGESTION, R.INVALID_NUMBER, R.POWERED_OFF, R.SUSPENDED, R.OUT_OF_AREA, R.LABELLED_NUISANCE)


def by_last_digit(dial: Dial) -> Behaviour:
    """The default script: the number's last digit decides."""
    return BY_LAST_DIGIT[dial.number[-1]]


def life_of(dial: Dial, how: Behaviour) -> list[Update]:
    """Everything that happens to the call, in order, each piece with its own time."""
    external_id = f"sim-{dial.key}"
    began = dial.dialled_at

    def news(status: CallStatus, after: timedelta, result: CallResult | None = None) -> Update:
        return Update(dial.key, status, result, external_id, began + after)

    life = []
    if how.result not in NEVER_RINGS:
        life.append(news(CallStatus.RINGING, min(RINGS, how.lasts / 4)))
    if how.result in TALKED:
        life.append(news(CallStatus.TALKING, min(PICKS_UP, how.lasts / 2)))
    life.append(news(CallStatus.ENDED, how.lasts, how.result))
    return life


class SimulatedCarrier:
    """The network inside this process. A call it does not hold (any more) is lived again from its script."""

    def __init__(
        self, *, clock: Callable[[], datetime], behave: Callable[[Dial], Behaviour] = by_last_digit
    ) -> None:
        self.clock = clock
        self.behave = behave
        self._post: list[tuple[datetime, int, Update]] = []
        self._lives: dict[str, list[Update]] = {}
        self._order = count()
        self._lock = threading.Lock()
        self.texts: list[str] = []
        self.show_text: Callable[[str], None] = lambda body: None  # for whoever plays the person

    def place(self, dial: Dial) -> str:
        how = self.behave(dial)
        life = life_of(dial, how)
        with self._lock:
            if dial.key in self._lives:
                raise CarrierError("asked twice for one call", certain=False)
            self._forget(dial.dialled_at - KEPT)
            self._lives[dial.key] = life
            if not how.lose:
                for update, at in _posted(life, how):
                    heapq.heappush(self._post, (at, next(self._order), update))
        return f"sim-{dial.key}"

    def _forget(self, before: datetime) -> None:
        for key, life in list(islice(self._lives.items(), 2)):  # two for each new one: the oldest come first
            if life[-1].at and life[-1].at < before:
                del self._lives[key]

    def collect(self, now: datetime) -> list[Update]:
        """The news that has come by `now`, in the order in which it came."""
        come = []
        with self._lock:
            while self._post and self._post[0][0] <= now:
                come.append(heapq.heappop(self._post)[2])
        return come

    def next_news_at(self) -> datetime | None:
        """When the next piece of news comes."""
        with self._lock:
            return self._post[0][0] if self._post else None

    def find(self, dial: Dial) -> Update | None:
        with self._lock:
            life = self._lives.get(dial.key)
        if life is None:
            if not dial.external_id:
                return None
            life = life_of(dial, self.behave(dial))
        now = self.clock()
        past = [u for u in life if u.at and u.at <= now]
        return past[-1] if past else Update(dial.key, CallStatus.DIALLING, None, f"sim-{dial.key}")

    def hang_up(self, dial: Dial) -> None:
        now = self.clock()
        with self._lock:
            life = self._lives.get(dial.key)
            if life is None or life[-1].at is None or life[-1].at <= now:
                return
            past = [u for u in life if u.at and u.at <= now]
            talked = any(u.status is CallStatus.TALKING for u in past)
            machine = life[-1].result is R.MACHINE
            result = R.CANCELLED if not talked else R.MACHINE if machine else R.ANSWERED
            cut = Update(dial.key, CallStatus.ENDED, result, f"sim-{dial.key}", now)
            self._lives[dial.key] = [*past, cut]
            self._post = [entry for entry in self._post if entry[2].key != dial.key]
            self._post.append((now, next(self._order), cut))
            heapq.heapify(self._post)

    def send_text(self, *, key: str, number: str, body: str) -> str:
        self.texts.append(key)
        self.show_text(body)
        return f"sim-{key}"


def _posted(life: list[Update], how: Behaviour) -> list[tuple[Update, datetime]]:
    """Each piece of news with the moment at which it comes."""
    posted = [(update, update.at + how.delay) for update in life if update.at]
    if how.backwards:  # no news comes before it has happened, so all of it comes at the end
        end = posted[-1][1]
        posted = [(update, end) for update, _ in reversed(posted)]
    return [piece for piece in posted for _ in range(2 if how.twice else 1)]
