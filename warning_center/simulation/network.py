"""The telephone network outside: it keeps its own journal, and nothing of ours that dies takes it along."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from django.conf import settings

from telephony import lines
from telephony.carrier import CallResult, Dial, Update
from telephony.carriers.simulated import Behaviour, SimulatedCarrier, life_of

BUSY = Behaviour(CallResult.BUSY, timedelta(seconds=5))
Behave = Callable[[Dial, int], Behaviour]  # the call, and how many calls the number has had before


@dataclass(slots=True)
class Ring:
    """One call as the network saw it. `ends_at` is moved forward when we hang up."""

    key: str
    number: str
    trunk: str
    at: datetime
    ends_at: datetime
    result: CallResult
    engaged: bool  # the number was on the line already
    again: bool  # this very call had been asked for before


@dataclass(slots=True)
class Journal:
    """What the network has carried, in order."""

    rings: list[Ring] = field(default_factory=list)
    texts: int = 0
    _live: dict[str, Ring] = field(default_factory=dict)
    _keys: set[str] = field(default_factory=set)

    def live(self, number: str, now: datetime) -> Ring | None:
        ring = self._live.get(number)
        return ring if ring is not None and ring.ends_at > now else None

    def knows(self, key: str) -> bool:
        return key in self._keys

    def note(self, ring: Ring) -> None:
        self.rings.append(ring)
        self._keys.add(ring.key)
        self._live[ring.number] = ring

    def hung_up(self, dial: Dial, now: datetime) -> None:
        ring = self._live.get(dial.number)
        if ring is not None and ring.key == dial.key:
            ring.ends_at = min(ring.ends_at, now)


class Network:
    """Trunks by name, each a simulated carrier on the network's own clock, all with one journal.

    `behave` says how a dialled phone behaves; `step` is called before and after each request, and may raise
    what befalls whoever asks.
    """

    def __init__(self, now: Callable[[], datetime], *, behave: Behave, step: Callable[[str], None]) -> None:
        self.now, self.step = now, step
        self.journal = Journal()
        self._behave, self._calls = behave, Counter[str]()
        self._hows: dict[str, Behaviour] = {}
        self._trunks: dict[str, SimulatedCarrier] = {}

    def trunk(self, name: str) -> SimulatedCarrier:
        if name not in self._trunks:
            self._trunks[name] = SimulatedCarrier(clock=self.now, behave=self._how)
        return self._trunks[name]

    def place(self, trunk: str, dial: Dial) -> str:
        self.step("place")
        now = self.now()
        known = self.journal.knows(dial.key)
        engaged = self.journal.live(dial.number, now) is not None
        dial = replace(dial, dialled_at=now)
        if not known:
            self._hows[dial.key] = BUSY if engaged else self._behave(dial, self._calls[dial.number])
            self._calls[dial.number] += 1
        how = self._hows[dial.key]
        self.journal.note(
            Ring(dial.key, dial.number, trunk, now, now + how.lasts, how.result, engaged, again=known)
        )
        external_id = self.trunk(trunk).place(dial)
        self.step("placed")
        return external_id

    def find(self, trunk: str, dial: Dial) -> Update | None:
        self.step("find")
        return self.trunk(trunk).find(replace(dial, external_id=""))

    def hang_up(self, trunk: str, dial: Dial) -> None:
        self.step("hang_up")
        self.trunk(trunk).hang_up(dial)
        self.journal.hung_up(dial, self.now())
        self.step("hung_up")

    def send_text(self, trunk: str, key: str) -> str:
        self.step("text")
        self.journal.texts += 1
        external_id = self.trunk(trunk).send_text(key=key, number="", body="")
        self.step("texted")
        return external_id

    def next_news_at(self) -> datetime | None:
        return min((at for trunk in self._trunks.values() if (at := trunk.next_news_at())), default=None)

    def life_of(self, dial: Dial) -> list[Update]:
        """What will happen to a call that is being placed, unless somebody hangs up."""
        return life_of(replace(dial, dialled_at=self.now()), self._hows[dial.key])

    def _how(self, dial: Dial) -> Behaviour:
        return self._hows[dial.key]


class Line:
    """Our side of one trunk: an adapter as thin as can be, so that a process may forget it."""

    def __init__(self, *, clock: Callable[[], datetime], network: Network, trunk: str) -> None:
        self._network, self._trunk = network, trunk

    def place(self, dial: Dial) -> str:
        return self._network.place(self._trunk, dial)

    def find(self, dial: Dial) -> Update | None:
        return self._network.find(self._trunk, dial)

    def hang_up(self, dial: Dial) -> None:
        self._network.hang_up(self._trunk, dial)

    def send_text(self, *, key: str, number: str, body: str) -> str:
        return self._network.send_text(self._trunk, key)

    def collect(self, now: datetime) -> list[Update]:
        """The news that has come by now, by the network's clock, whatever ours shows."""
        return self._network.trunk(self._trunk).collect(self._network.now())

    def next_news_at(self) -> datetime | None:
        return self._network.trunk(self._trunk).next_news_at()


@contextmanager
def wired(network: Network, trunks: Mapping[str, str]) -> Iterator[None]:
    """The carriers of the settings are this network's trunks, by carrier, as long as the block lasts."""
    before = settings.CARRIERS
    settings.CARRIERS = {
        carrier: {"adapter": f"{__name__}.Line", "network": network, "trunk": trunk}
        for carrier, trunk in trunks.items()
    }
    lines.forget()
    try:
        yield
    finally:
        settings.CARRIERS = before
        lines.forget()
