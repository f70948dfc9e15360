"""The door and the post of a network that is a process of its own: it is asked over HTTP, and carries news to us."""

import json
import logging
import queue
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol
from urllib.error import HTTPError
from zlib import crc32

from telephony.carrier import CarrierError, Dial, Update
from telephony.carriers import remote
from telephony.signing import SIGNATURE, is_signed, post, sign

Bag = queue.SimpleQueue[Update | None]

logger = logging.getLogger(__name__)

PAUSES = (0.0, 0.2, 0.5, 1.0, 2.0)  # seconds before each try to post a piece of news; then it is given up
PATIENCE = 10.0  # seconds for one try


class Served(Protocol):
    """A network behind the door; called from several threads."""

    def place(self, dial: Dial) -> str:
        """Raises CarrierError."""
        ...

    def find(self, dial: Dial) -> Update | None: ...

    def hang_up(self, dial: Dial) -> None: ...

    def send_text(self, *, key: str, number: str, body: str) -> str:
        """Raises CarrierError."""
        ...

    def collect(self) -> list[Update]:
        """The news since the last time."""
        ...

    def health(self) -> Mapping[str, object]:
        """`ok`, and measures."""
        ...


class Post:
    """Carries the network's news to our callback address, each piece signed, in a few tries."""

    def __init__(self, network: Served, *, callback: str, secret: str, hands: int = 8) -> None:
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
        signature = sign(self.secret, address, body)
        for pause in PAUSES:
            if self._stopped.wait(pause):
                return
            try:
                post(f"{self.callback}/{address}", body, signature, PATIENCE)
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

    def __init__(self, address: tuple[str, int], network: Served, secret: str) -> None:
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
            return {
                "external_id": self.network.send_text(
                    key=said["key"], number=said["number"], body=said["body"]
                )
            }
        raise LookupError(what)


class _Visitor(BaseHTTPRequestHandler):
    server: Door

    def do_POST(self) -> None:
        what = self.path.strip("/")
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if not is_signed(self.server.secret, what, body, self.headers.get(SIGNATURE, "")):
            return self._reply(403, {})
        try:
            return self._reply(200, self.server.answer(what, json.loads(body)))
        except LookupError:
            return self._reply(404, {})
        except ValueError:
            return self._reply(400, {})
        except TimeoutError:
            return self._reply(503, {})
        except CarrierError as fault:
            return (
                self._reply(200, {"refused": remote.refusal_to_wire(fault)})
                if fault.certain
                else self._reply(409, {})
            )

    def do_GET(self) -> None:
        """How it is, for whoever watches: no number and no key."""
        if self.path.strip("/") != "health":
            return self._reply(404, {})
        health = self.server.network.health()
        return self._reply(200 if health.get("ok", True) else 503, health)

    def _reply(self, status: int, answer: Mapping[str, object]) -> None:
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's word
        """Nothing: one line a request helps nobody."""
