"""The simulated network as a process of its own: its script and mischief, its journal, its door, its post.

The journal is the network's own record, kept apart from any database of ours: each call's begin and end as
one JSON line, flushed at once, by which anyone can see that no number was on two live calls at once.
"""

import hmac
import json
import logging
import queue
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random
from typing import Any, TextIO
from urllib.error import HTTPError
from zlib import crc32

from telephony import numbers
from telephony.carrier import CallResult, CallStatus, CarrierError, Dial, Update
from telephony.carriers import remote
from telephony.carriers.simulated import BY_LAST_DIGIT, Behaviour, SimulatedCarrier, by_last_digit

Bag = queue.SimpleQueue[Update | None]

logger = logging.getLogger(__name__)

LASTS = {how.result: how.lasts for how in BY_LAST_DIGIT.values()}
LASTS_ELSE = timedelta(seconds=10)
LATE_BY = (5, 120)  # seconds of the program's clock
PAUSES = (0.0, 0.2, 0.5, 1.0, 2.0)  # seconds before each try to post a piece of news; then it is given up
PATIENCE = 10.0  # seconds for one try


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

    def collect(self) -> list[Update]:
        """The news that has come by now."""
        with self._lock:
            self._note_ends()
            return self.carrier.collect(self.clock())

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


class Post:
    """Carries the network's news to our callback address, each piece signed, in a few tries."""

    def __init__(self, network: Network, *, callback: str, secret: str, hands: int = 8) -> None:
        self.network = network
        self.callback = callback.rstrip("/")
        self.secret = secret
        self._bags: list[Bag] = [queue.SimpleQueue() for _ in range(hands)]
        self._stopped = threading.Event()
        self._threads = [threading.Thread(target=self._collect, daemon=True)]
        self._threads += [threading.Thread(target=self._carry, args=[b], daemon=True) for b in self._bags]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """What has not been delivered is lost, as it would be."""
        self._stopped.set()
        for bag in self._bags:
            bag.put(None)
        for thread in self._threads:
            thread.join(PATIENCE)

    def _collect(self) -> None:
        while not self._stopped.wait(0.02):
            for update in self.network.collect():  # one call, one hand: only mischief changes the order
                self._bags[crc32(update.key.encode()) % len(self._bags)].put(update)

    def _carry(self, bag: Bag) -> None:
        while (update := bag.get()) is not None:
            self._deliver(update)

    def _deliver(self, update: Update) -> None:
        address = f"{update.key}/news"
        body = json.dumps(remote.update_to_wire(update)).encode()
        signature = remote.sign(self.secret, address, body)
        for pause in PAUSES:
            if self._stopped.wait(pause):
                return
            try:
                remote.post(f"{self.callback}/{address}", body, signature, PATIENCE)
            except HTTPError as refusal:
                if refusal.code < 500:
                    logger.warning("news of call %s was refused: %s", update.key, refusal.code)
                    return
            except OSError as fault:
                logger.info("news of call %s did not arrive: %s", update.key, type(fault).__name__)
            else:
                return
        logger.warning("news of call %s was given up", update.key)


class Door(ThreadingHTTPServer):
    """Where carriers.remote asks: POST /place, /find, /hang_up and /text, signed."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], network: Network, secret: str) -> None:
        super().__init__(address, _Visitor)
        self.network = network
        self.secret = secret

    def answer(self, what: str, said: Mapping[str, Any]) -> dict[str, object]:
        """Do what was asked. Raises ValueError, CarrierError, and LookupError for what is not done here."""
        if what == "place":
            return {"external_id": self.network.place(remote.dial_from_wire(said))}
        if what == "find":
            news = self.network.find(remote.dial_from_wire(said))
            return {"update": news and remote.update_to_wire(news)}
        if what == "hang_up":
            self.network.hang_up(remote.dial_from_wire(said))
            return {}
        if what == "text":
            return {"external_id": self.network.carrier.send_text(key=said["key"], number="", body="")}
        raise LookupError(what)


class _Visitor(BaseHTTPRequestHandler):
    server: Door

    def do_POST(self) -> None:
        what = self.path.strip("/")
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        made = remote.sign(self.server.secret, what, body)
        if not hmac.compare_digest(made.encode(), self.headers.get(remote.SIGNATURE, "").encode()):
            return self._reply(403, {})
        try:
            return self._reply(200, self.server.answer(what, json.loads(body)))
        except LookupError:
            return self._reply(404, {})
        except ValueError:
            return self._reply(400, {})
        except CarrierError:
            return self._reply(409, {})

    def _reply(self, status: int, answer: Mapping[str, object]) -> None:
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's word
        """Nothing: one line a request helps nobody."""
