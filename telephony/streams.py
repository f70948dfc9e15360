"""The SIP trunk's connections, TCP and TLS: made, kept alive, made again; messages cut out of them.

TLS is 1.2 at least, and the far end's certificate must be for the way out as it is written, the domain before any SRV
record (RFC 5922, 7.1), by a CA that is configured. A connection of ours is kept alive by empty lines (RFC 5626, 4.4.1);
a far end that has once answered one must go on answering.
"""

import asyncio
import logging
import re
import ssl
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from telephony.sip import message
from telephony.sip.fields import Hop
from telephony.sip.message import BadMessage

logger = logging.getLogger(__name__)
CONNECTS = 5.0  # seconds for a connection
PONG = 10.0  # seconds for the answer to an empty line (RFC 5626, 4.4.1)
AGAIN, AT_MOST = 0.5, 30.0  # seconds before a way out is connected to again: twice as long each time
PING = b"\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Tls:
    """Files: who signs the far ends' certificates; ours, for who asks for one and for who connects to us, if any."""

    ca: str = ""
    certificate: str = ""
    key: str = ""

    def client(self) -> ssl.SSLContext:
        """Raises OSError."""
        made = ssl.create_default_context(ssl.Purpose.SERVER_AUTH, cafile=self.ca)
        return self._ours(made)

    def server(self) -> ssl.SSLContext:
        """Whoever connects shows a certificate of the same CA. Raises OSError."""
        made = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=self.ca)
        made.verify_mode = ssl.CERT_REQUIRED
        return self._ours(made)

    def _ours(self, made: ssl.SSLContext) -> ssl.SSLContext:
        made.minimum_version = ssl.TLSVersion.TLSv1_2
        if self.certificate:
            made.load_cert_chain(self.certificate, self.key or None)
        return made


@dataclass(slots=True)
class _Line:
    writer: asyncio.StreamWriter
    ours: bool  # we made it: we ask whether it lives, they answer
    heard: asyncio.Event = field(default_factory=asyncio.Event)  # an answer to an empty line
    answers: bool = False


class Streams:
    """`came` gets each message, `lost` each hop whose connection is gone or could not be made. For one event loop.

    `names` says for whom the certificate of a hop must be, where that is not its address; `keep` is how many seconds
    lie between two empty lines, 0 for none.
    """

    def __init__(
        self, came: Callable[[bytes, Hop], None], lost: Callable[[Hop], None], *, names: Mapping[Hop, str], tls: Tls,
        keep: float,
    ) -> None:  # fmt: skip
        self._came, self._lost = came, lost
        self._names, self._tls, self._keep = names, tls, keep
        self._lines: dict[Hop, _Line] = {}
        self._waiting: dict[Hop, list[bytes]] = {}  # for a connection that is being made
        self._held: set[Hop] = set()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._servers: list[asyncio.Server] = []

    async def listen(self, host: str, port: int, *, secure: bool = False) -> None:
        """Take connections. Raises OSError."""
        transport = "tls" if secure else "tcp"

        async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            if (task := asyncio.current_task()) is not None:
                self._keep_task(task)
            host, port = writer.get_extra_info("peername")[:2]
            await self._read(Hop(host, port, transport), reader, _Line(writer, ours=False))

        context = self._tls.server() if secure else None
        self._servers.append(await asyncio.start_server(accept, host, port, ssl=context))

    def send(self, data: bytes, hop: Hop) -> None:
        """Over the connection there is, or one that is made for it."""
        if (line := self._lines.get(hop)) is not None:
            line.writer.write(data)
        elif hop in self._waiting:
            self._waiting[hop].append(data)
        else:
            self._connect(hop, data)

    def hold(self, hops: Collection[Hop]) -> None:
        """These have a connection from now on, whether or not there is anything to say; others than these no more."""
        new, self._held = set(hops) - self._held, set(hops)
        for hop in new:
            self._task(self._hold(hop))

    async def close(self) -> None:
        for server in self._servers:
            server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for line in self._lines.values():
            line.writer.close()

    async def _hold(self, hop: Hop) -> None:
        pause = AGAIN
        while hop in self._held:
            if hop in self._lines:
                pause = AGAIN
            elif hop not in self._waiting:
                self._connect(hop)
                pause = min(2 * pause, AT_MOST)
            await asyncio.sleep(pause)

    def _connect(self, hop: Hop, *data: bytes) -> None:
        self._waiting[hop] = list(data)
        self._task(self._live(hop))

    async def _live(self, hop: Hop) -> None:
        """A connection of ours from its making to its end."""
        secure = hop.transport == "tls"
        try:
            async with asyncio.timeout(CONNECTS):
                reader, writer = await asyncio.open_connection(
                    hop.host,
                    hop.port,
                    ssl=self._tls.client() if secure else None,
                    server_hostname=self._names.get(hop, hop.host) if secure else None,
                )
        except OSError as fault:
            self._waiting.pop(hop, None)
            why = fault.verify_message if isinstance(fault, ssl.SSLCertVerificationError) else ""
            logger.warning("no connection with %s: %s %s", hop, type(fault).__name__, why)
            self._lost(hop)
            return
        for data in self._waiting.pop(hop, []):
            writer.write(data)
        line = _Line(writer, ours=True)
        asking = self._task(self._keep_alive(hop, line)) if self._keep else None
        try:
            await self._read(hop, reader, line)
        finally:
            if asking is not None:
                asking.cancel()

    async def _keep_alive(self, hop: Hop, line: _Line) -> None:
        while True:
            await asyncio.sleep(self._keep)
            line.heard.clear()
            line.writer.write(PING)
            try:
                async with asyncio.timeout(min(PONG, self._keep)):
                    await line.heard.wait()
            except TimeoutError:
                if line.answers:
                    logger.info("the connection with %s answers no more", hop)
                    line.writer.close()
                    return

    async def _read(self, hop: Hop, reader: asyncio.StreamReader, line: _Line) -> None:
        self._lines[hop] = line
        stream = b""
        try:
            while data := await reader.read(65_536):
                stream = self._blank(stream + data, line)
                while stream.strip(b"\r\n"):
                    whole, stream = message.frame(stream)
                    if not whole:
                        break
                    self._came(whole, hop)
                    stream = self._blank(stream, line)
        except (OSError, BadMessage) as fault:
            logger.info("the connection with %s is given up: %s", hop, type(fault).__name__)
        finally:
            if self._lines.get(hop) is line:
                del self._lines[hop]
            line.writer.close()
        self._lost(hop)

    def _blank(self, stream: bytes, line: _Line) -> bytes:
        """Empty lines before a message: to ours an answer, from others a question that is answered."""
        blank = re.match(rb"[\r\n]*", stream)
        size = len(blank[0]) if blank else 0
        if size and line.ours:
            line.answers = True
            line.heard.set()
            return stream[size:]
        for _ in range(size // len(PING)):
            line.writer.write(b"\r\n")
        return stream[size - size % len(PING) :]

    def _task(self, work: Any) -> asyncio.Task[Any]:
        return self._keep_task(asyncio.get_running_loop().create_task(work))

    def _keep_task(self, task: asyncio.Task[Any]) -> asyncio.Task[Any]:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
