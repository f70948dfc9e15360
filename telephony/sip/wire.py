"""What everything of the SIP agent stands on: its moment, its timers, its way out."""

import heapq
import ipaddress
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count
from random import Random

from telephony.sip.fields import Hop
from telephony.sip.message import Message

BRANCH = "z9hG4bK"


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds. The first three are RFC 3261's T1, T2, T4; the rest follow from them (its table 4)."""

    t1: float = 0.5
    t2: float = 4.0
    t4: float = 5.0

    @property
    def given_up(self) -> float:
        """Timers B, F, H, J: how long an answer is waited for."""
        return 64 * self.t1


@dataclass(frozen=True, slots=True)
class Limits:
    """How long, in seconds: our own phone may ring, the person's, an announcer may be silent, a talk may last."""

    desk: float = 20
    ring: float = 45
    announcer: float = 5
    talk: float = 1800


@dataclass(slots=True)
class Timer:
    """Something to be done at a moment, unless cancelled before."""

    at: datetime
    do: Callable[[], None] | None

    def cancel(self) -> None:
        self.do = None


@dataclass(slots=True)
class Wire:
    """`now` is the moment of what is happening; whoever drives the agent sets it, and nothing reads a clock."""

    send: Callable[[bytes, Hop], None]
    now: datetime
    own: Mapping[str, Hop]  # the address we are reached at, by transport
    chance: Random
    times: Times = Times()
    names: Mapping[str, str] = field(default_factory=dict)  # addresses of hosts known by name
    sips: bool = False  # whether we are reached over TLS all the way (RFC 3261, 26.2.2)
    _heap: list[tuple[datetime, int, Timer]] = field(default_factory=list)
    _order: "count[int]" = field(default_factory=count)

    def later(self, seconds: float, do: Callable[[], None]) -> Timer:
        timer = Timer(self.now + timedelta(seconds=seconds), do)
        heapq.heappush(self._heap, (timer.at, next(self._order), timer))
        return timer

    def next_at(self) -> datetime | None:
        """When there is next something to do."""
        while self._heap and self._heap[0][2].do is None:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def advance(self, now: datetime) -> None:
        """Do all that is due by `now`, each thing at its own moment."""
        while (at := self.next_at()) is not None and at <= now:
            timer = heapq.heappop(self._heap)[2]
            self.now = max(self.now, at)
            do, timer.do = timer.do, None
            if do is not None:
                do()
        self.now = max(self.now, now)

    def draw(self) -> str:
        """A word nobody can guess."""
        return f"{self.chance.getrandbits(96):024x}"

    def via(self, hop: Hop) -> tuple[str, str]:
        """The topmost Via of a request that goes to `hop`, with a branch of its own."""
        here = self.own.get(hop.transport) or self.own["udp"]
        alias = (
            ";alias" if hop.transport == "tls" else ""
        )  # what comes for us may take this connection (RFC 5923)
        return "via", f"SIP/2.0/{hop.transport.upper()} {here};branch={BRANCH}{self.draw()};rport{alias}"

    def contact(self, hop: Hop) -> str:
        here = self.own.get(hop.transport) or self.own["udp"]
        if hop.transport == "tls" and self.sips:
            return f"<sips:{here}>"
        kind = "" if hop.transport == "udp" else f";transport={hop.transport}"
        return f"<sip:{here}{kind}>"

    def address(self, hop: Hop) -> Hop | None:
        """The hop by its IP address; None for a name that is not known."""
        try:
            ipaddress.ip_address(hop.host)
        except ValueError:
            known = self.names.get(hop.host)
            return replace(hop, host=known) if known else None
        return hop

    def put(self, message: Message, hop: Hop) -> None:
        self.send(bytes(message), hop)  # type: ignore[call-overload]  # requests and responses write themselves
