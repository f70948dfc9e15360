"""The SIP trunk as a process of its own: the agent on its sockets, its journal, and the door's threads let in."""

import asyncio
import logging
import queue
import socket
from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random, SystemRandom
from typing import Any, TypeVar

from telephony.carrier import CallResult, CallStatus, CarrierError, Dial, Update
from telephony.carriers import remote
from telephony.journal import Journal, Said
from telephony.naming import NameServer
from telephony.sip.agent import KEPT, Agent
from telephony.sip.call import Call
from telephony.sip.fields import SECURE_PORT, Hop
from telephony.sip.location import Names, Target, is_address, locate
from telephony.sip.memory import remember
from telephony.sip.plan import Plan
from telephony.sip.wire import Wire
from telephony.streams import Streams, Tls

logger = logging.getLogger(__name__)
T = TypeVar("T")
PATIENCE = 4.0  # seconds a door's thread waits; less than its asker does
PORTS = 20  # tried, where any free one will do
NAMES_EVERY = 60.0  # seconds between two looks at what the names of the ways out mean


class Trunk:
    """Serves until stopped. `listen` is where it binds, `address` how the others reach it; `clock` is the program's.

    `secure_listen` is where it takes TLS, with a certificate of its own; `names` are the name servers it asks.
    """

    def __init__(
        self, plan: Plan, *, clock: Callable[[], datetime], listen: Hop, address: str, journal: Journal | None,
        chance: Random | None = None, tls: Tls | None = None, secure_listen: Hop | None = None, keep_alive: float = 0,
        names: Names | None = None,
    ) -> None:  # fmt: skip
        self.plan, self.clock, self.listen, self.journal = plan, clock, listen, journal
        self.port = listen.port
        self._address = address
        self._chance = chance or SystemRandom()
        self._names: dict[str, str] = {}
        self._news: queue.SimpleQueue[Update] = queue.SimpleQueue()
        self._found: dict[Hop, list[Target]] = {}  # the servers of each way out
        self._certified: dict[Hop, str] = {}  # for whom the certificate of each of them must be
        self._server = names or NameServer()
        self._secure_listen = secure_listen
        self._streams = Streams(
            self.came, self._lost, names=self._certified, tls=tls or Tls(), keep=keep_alive
        )
        self._tasks: set[asyncio.Task[None]] = set()
        self._armed: asyncio.TimerHandle | None = None
        self._stopped = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop
        self._udp: asyncio.DatagramTransport
        self.agent: Agent

    # ---- What the door asks, from its threads

    def place(self, dial: Dial) -> str:
        return self._within(lambda: self.agent.place(dial))

    def find(self, dial: Dial) -> Update | None:
        return self._within(lambda: self.agent.find(dial))

    def hang_up(self, dial: Dial) -> None:
        self._within(lambda: self.agent.hang_up(dial))

    def send_text(self, *, key: str, number: str, body: str) -> str:
        """Raises CarrierError: certain if the trunk refused it, not so if it said nothing in time."""
        heard: queue.SimpleQueue[int | None] = queue.SimpleQueue()
        self._within(lambda: self.agent.send_text(number, body, heard.put))
        try:
            status = heard.get(timeout=PATIENCE)
        except queue.Empty:
            status = None
        if status is None:
            raise CarrierError("no answer to a text", certain=False, result=CallResult.CONGESTION)
        if status >= 300:
            raise CarrierError("the trunk took no text", certain=True, evidence={"sip": status})
        return f"sip-{key}"

    def collect(self) -> list[Update]:
        return [self._news.get_nowait() for _ in range(self._news.qsize())]

    def health(self) -> dict[str, Any]:
        """Well: a way to the carrier answers."""
        measures = self._within(self.agent.health)
        ways = [measures["ways"][str(hop)] for hop in self.plan.trunk]
        return {"ok": any(way["answers"] for way in ways), **measures}

    def stop(self) -> None:
        """From any thread. Talks go on without us, and with whoever reads our journal next."""
        self._loop.call_soon_threadsafe(self._stopped.set)

    def _within(self, do: Callable[[], T]) -> T:
        async def done() -> T:
            return self._do(do)

        return asyncio.run_coroutine_threadsafe(done(), self._loop).result(PATIENCE)

    # ---- The loop

    async def serve(self, ready: Callable[[], None]) -> None:
        """Open the sockets, go on with what the journal has, call `ready`, and serve. Raises OSError."""
        self._loop = asyncio.get_running_loop()
        await self._bind()
        try:
            if self._secure_listen is not None:
                await self._streams.listen(self._secure_listen.host, self._secure_listen.port, secure=True)
            await self._look_up()
            self._begin()
            self._task(self._keep_looking_up())
            ready()
            await self._stopped.wait()
        finally:
            self._udp.close()
            for task in list(self._tasks):
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            await self._streams.close()

    async def _bind(self) -> None:
        """UDP and TCP at one port; where any will do, one that is free for both. Raises OSError."""
        host, port = self.listen.host, self.listen.port
        for left in reversed(range(1 if port else PORTS)):
            self._udp, _ = await self._loop.create_datagram_endpoint(
                lambda: _Datagrams(self), local_addr=(host, port)
            )
            self.port = self._udp.get_extra_info("sockname")[1]
            try:
                await self._streams.listen(host, self.port)
            except OSError:
                self._udp.close()
                if not left:
                    raise
            else:
                return

    def _begin(self) -> None:
        address = self._address or _towards(self.plan.trunk[0], self._names)
        own = {"udp": Hop(address, self.port), "tcp": Hop(address, self.port, "tcp")}
        secure = self._secure_listen.port if self._secure_listen else SECURE_PORT
        own["tls"] = Hop(address, secure, "tls")
        wire = Wire(
            self._send, self.clock(), own, self._chance, self.plan.times, self._names, sips=self.plan.secure
        )
        self.agent = Agent(self.plan, wire, self._note)
        self._tell_the_agent()
        for key, said in list(self.journal.entries.items()) if self.journal else []:
            if "ended" in said:
                self.agent.ended[key] = remote.update_from_wire(said["ended"])
                continue
            try:
                self.agent.resume(said["live"])
            except CarrierError as fault:  # our own phones' addresses have changed
                logger.warning("call %s of before cannot be gone on with: %s", key, fault)
        self._after()

    def _do(self, do: Callable[[], T]) -> T:
        self.agent.wire.advance(self.clock())
        try:
            return do()
        finally:
            self._after()

    def _after(self) -> None:
        """Whatever has happened: its news goes out, and the next timer is set."""
        for update in self.agent.collect():
            if self.journal is not None and update.status is CallStatus.ENDED:
                self.journal.note(update.key, {"ended": remote.update_to_wire(update)})
            self._news.put(update)
        if self._armed is not None:
            self._armed.cancel()
        at = self.agent.wire.next_at()
        if at is not None:
            wait = max(0.0, (at - self.clock()).total_seconds())
            self._armed = self._loop.call_later(wait, self._do, _nothing)

    def _note(self, call: Call) -> None:
        if self.journal is not None and call.status is not CallStatus.ENDED:
            self.journal.note(call.dial.key, {"live": remember(call)})

    def came(self, data: bytes, source: Hop) -> None:
        """One message from the network; whatever it is, the others' calls go on."""
        try:
            self._do(lambda: self.agent.board.receive(data, source))
        except Exception:
            logger.exception("a message from %s could not be dealt with", source)

    # ---- The sockets

    def _send(self, data: bytes, hop: Hop) -> None:
        if hop.transport == "udp":
            self._udp.sendto(data, (hop.host, hop.port))
        else:
            self._streams.send(data, hop)

    def _lost(self, hop: Hop) -> None:
        self._do(lambda: self.agent.board.lost(hop))

    # ---- Names

    async def _look_up(self) -> None:
        """Where the ways out lead that are written as names; what cannot be had now stays as it was."""
        for hop, aim in self.plan.aims.items():
            targets = await locate(aim, self._server)
            hops = [one for target in targets for one in target.hops]
            if not hops:
                logger.warning("the name of a way out is not known: %s", hop.host)
                continue
            self._names[hop.host] = hops[0].host
            self._found[hop] = targets
            self._certified |= dict.fromkeys(hops, hop.host)

    def _tell_the_agent(self) -> None:
        for hop, targets in self._found.items():
            self.agent.located(hop, targets)
        places = [place.hop for peer in (*self.agent.peers, *self.agent.exchange) for place in peer.places]
        self._streams.hold([hop for hop in places if hop.transport != "udp" and is_address(hop.host)])

    async def _keep_looking_up(self) -> None:
        while True:
            await asyncio.sleep(NAMES_EVERY)
            await self._look_up()
            self._tell_the_agent()

    def _task(self, work: Any) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, trunk: Trunk) -> None:
        self.trunk = trunk

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.trunk.came(data, Hop(addr[0], addr[1]))

    def error_received(self, exc: Exception) -> None:
        """An ICMP word that names no request; silence says the same a little later."""


def is_fresh(clock: Callable[[], datetime]) -> Callable[[Said], bool]:
    """Whether an entry of the journal is of use: a live call, or one that ended lately."""

    def fresh(said: Said) -> bool:
        at = said.get("ended", {}).get("at")
        return at is None or datetime.fromisoformat(at) > clock() - KEPT - timedelta(minutes=1)

    return fresh


def _towards(hop: Hop, names: dict[str, str]) -> str:
    """The address of ours that the way out sees."""
    family = socket.AF_INET6 if ":" in names.get(hop.host, hop.host) else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.connect((names.get(hop.host, hop.host), hop.port))
        address: str = probe.getsockname()[0]
    return address


def _nothing() -> None:
    """Only the timers."""
