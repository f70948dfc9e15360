"""The relay on its sockets: the person's page, the lines of both pages, and the door for the centre, which comes to us.

It never calls anybody: the centre asks, and fetches its news. All of it runs in one event loop.
"""

import asyncio
import json
import logging
import threading
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import urlsplit

from aiohttp import WSMsgType, web

from telephony.signing import SIGNATURE, Forged, is_signed, read_token
from telephony.video import card as cards
from telephony.video.lobby import Forgotten, Full, Known, Lobby
from telephony.video.room import DESK, PERSON, Room, Shut, Stage
from telephony.video.turn import Ways
from telephony.video.wire import to_wire

logger = logging.getLogger(__name__)
COOKIE = "ticket"
LONGEST_WORD = 64_000  # bytes of one word on a line: a description has some ten thousand
LARGEST_REQUEST = 600_000  # a card has a face
BEATS = 10.0  # seconds between two signs of life on a line
WAYS_HOLD = 3600  # seconds: of the credentials for TURN
Socket = web.WebSocketResponse
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Site:
    """What is served to a phone: the page by language, the files beside it with their types."""

    pages: Mapping[str, str]
    files: Mapping[str, tuple[str, bytes]] = field(default_factory=dict)


class Relay:
    """`now` runs evenly; `wall` is seconds since 1970, by which tokens and TURN's credentials end."""

    def __init__(
        self, lobby: Lobby, site: Site, *, secret: str, ways: Ways, now: Callable[[], float],
        wall: Callable[[], float],
    ) -> None:  # fmt: skip
        self.lobby, self.site, self.secret, self.ways = lobby, site, secret, ways
        self.now, self.wall = now, wall
        self._sockets: dict[tuple[str, str], Socket] = {}
        self._armed: asyncio.TimerHandle | None = None
        self._sending: set[asyncio.Task[None]] = set()

    def app(self) -> web.Application:
        app = web.Application(client_max_size=LARGEST_REQUEST)
        app.add_routes(
            [
                web.get("/health", self._health),
                web.post("/inside/{what}", self._inside),
                web.get("/v/{secret}", self._page),
                web.get("/s/{name}", self._file),
                web.post("/open", self._open),
                web.get("/line/person", self._person),
                web.get("/line/desk", self._desk),
            ]
        )
        app.on_shutdown.append(self._close)
        return app

    # ---- The centre's door

    async def _inside(self, request: web.Request) -> web.Response:
        what, body = request.match_info["what"], await request.read()
        if not is_signed(self.secret, f"inside/{what}", body, request.headers.get(SIGNATURE, "")):
            return web.json_response({}, status=403)
        try:
            return web.json_response(self._answer(what, json.loads(body)))
        except (LookupError, ValueError, TypeError):
            return web.json_response({}, status=400)
        except Known:
            return web.json_response({}, status=409)
        except Forgotten:
            return web.json_response({}, status=410)
        except Full:
            return web.json_response({}, status=429)
        finally:
            self.advance()

    def _answer(self, what: str, said: Mapping[str, Any]) -> dict[str, object]:
        now = self.now()
        self.lobby.advance(now)
        match what:
            case "place":
                return {"external_id": self.lobby.place(said["key"], now)}
            case "find":
                told = self.lobby.find(said["key"], said["external_id"])
                return {"update": told and to_wire(told, now)}
            case "cut":
                self.lobby.cut(said["key"], now)
                return {}
            case "invite":
                self.lobby.invite(said["key"], said["link"], cards.from_wire(said["card"]), now)
                return {}
            case "news":
                return {"news": [to_wire(told, now) for told in self.lobby.collect()]}
        raise LookupError(what)

    async def _health(self, request: web.Request) -> web.Response:
        """For whoever watches: counts alone."""
        live = sum(room.stage is not Stage.OVER for room in self.lobby.rooms.values())
        return web.json_response({"ok": True, "calls": live, "turned_away": self.lobby.turned_away})

    # ---- The person's page

    async def _page(self, request: web.Request) -> web.Response:
        """The same for every address, and asking for it changes nothing: who previews a link uses nothing up."""
        language = "en" if request.headers.get("Accept-Language", "").lower().startswith("en") else "zh-hans"
        page = web.Response(text=self.site.pages[language], content_type="text/html", charset="utf-8")
        page.headers.update(_guards(request))
        return page

    async def _file(self, request: web.Request) -> web.Response:
        kind, body = self.site.files.get(request.match_info["name"], ("", b""))
        if not kind:
            raise web.HTTPNotFound
        return web.Response(body=body, content_type=kind, charset="utf-8", headers=_PLAIN)

    async def _open(self, request: web.Request) -> web.Response:
        """The link's secret for the officer's card, once: whoever is first is known by a cookie from then on."""
        if not _same_site(request):
            return web.json_response({}, status=403)
        body = await request.read()
        self.advance()
        try:
            said = json.loads(body)
            room, ticket = self.lobby.open(str(said["secret"]), request.cookies.get(COOKIE, ""), self.now())
        except (ValueError, KeyError, TypeError):
            return web.json_response({}, status=400)
        except Shut as shut:
            return web.json_response({"why": shut.why}, status=410, headers=_PLAIN)
        finally:
            self.advance()
        answer = web.json_response({"card": room.card and cards.to_wire(room.card)}, headers=_PLAIN)
        secure = request.headers.get("X-Forwarded-Proto", request.scheme) == "https"
        answer.set_cookie(COOKIE, ticket, httponly=True, samesite="Strict", secure=secure, max_age=3600)
        self._tell(room)
        return answer

    # ---- The lines

    async def _person(self, request: web.Request) -> web.StreamResponse:
        room = self.lobby.of_ticket(request.cookies.get(COOKIE, ""))
        if not _same_site(request) or room is None:
            raise web.HTTPForbidden
        socket = Socket(heartbeat=BEATS, max_msg_size=LONGEST_WORD)
        await socket.prepare(request)
        await self._serve(room, PERSON, socket)
        return socket

    async def _desk(self, request: web.Request) -> web.StreamResponse:
        """The operator's browser: its first word is a token that the centre has signed."""
        socket = Socket(heartbeat=BEATS, max_msg_size=LONGEST_WORD)
        await socket.prepare(request)
        try:
            first = await socket.receive_json(timeout=BEATS)
            claims = read_token(self.secret, str(first["token"]), now=self.wall())
            room = self.lobby.rooms[claims["desk"]]
        except (Forged, ValueError, KeyError, TypeError, TimeoutError):
            await socket.close(code=4403)
            return socket
        await self._serve(room, DESK, socket)
        return socket

    async def _serve(self, room: Room, side: str, socket: Socket) -> None:
        """One page's words, until its line breaks. A newer page of the same side takes the older one's place."""
        before = self._sockets.get((room.key, side))
        self._sockets[room.key, side] = socket
        if before is not None:
            await before.close(code=4001)
        room.line(side, True, self.now())
        until = int(self.wall()) + WAYS_HOLD
        self._say(room, side, {"tell": "hello", "ways": self.ways.told(f"{side}{room.key[:8]}", until=until)})
        self._tell(room)
        try:
            async for word in socket:
                if word.type is WSMsgType.TEXT:
                    self._hear(room, side, word.data)
        finally:
            if self._sockets.get((room.key, side)) is socket:
                del self._sockets[room.key, side]
                room.line(side, False, self.now())
                self._tell(room)
                self.advance()

    def _hear(self, room: Room, side: str, text: str) -> None:
        """One word of a page. What makes no sense is dropped: a browser's extension may say anything."""
        self.advance()
        try:
            said: dict[str, Any] = json.loads(text)
            self._do(room, side, said)
        except (ValueError, KeyError, TypeError, AttributeError):
            logger.info("a %s's page said something that is no word of ours", side)
        self.advance()

    def _do(self, room: Room, side: str, said: Mapping[str, Any]) -> None:
        now = self.now()
        other = DESK if side == PERSON else PERSON
        match said["do"], side:
            case "signal", _:
                self._say(room, other, {"tell": "signal", "signal": said["signal"]})
                return
            case "flow", _:
                room.flow(side, sound=bool(said["sound"]), picture=bool(said["picture"]), now=now)
            case "join", "person":
                room.join(camera=bool(said["camera"]), now=now)
                self._say(room, DESK, {"tell": "joined", "camera": room.camera})
            case "refuse", "person":
                room.refuse(now)
            case "leave", "person":
                room.leave(now)
            case "hang_up", "desk":
                room.hang_up(now)
            case _:
                raise KeyError(said["do"])
        self._tell(room)

    def _tell(self, room: Room) -> None:
        """Both pages hear where the call stands."""
        for side in (PERSON, DESK):
            other = DESK if side == PERSON else PERSON
            there = (room.key, other) in self._sockets
            told = {"tell": "stage", "stage": room.stage, "there": there, "camera": room.camera}
            self._say(room, side, {**told, "result": room.result if side == DESK else None})

    def _say(self, room: Room, side: str, word: Mapping[str, object]) -> None:
        socket = self._sockets.get((room.key, side))
        if socket is not None and not socket.closed:
            task = asyncio.ensure_future(_send(socket, json.dumps(word)))
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)

    # ---- Time

    def advance(self) -> None:
        """Let pass what is over, tell those it concerns, and wait for the next."""
        live = [room for room in self.lobby.rooms.values() if room.stage is not Stage.OVER]
        self.lobby.advance(self.now())
        for room in live:
            if room.stage is Stage.OVER:
                self._tell(room)
        if self._armed is not None:
            self._armed.cancel()
        at = self.lobby.next_at()
        if at is not None:
            wait = max(0.01, at - self.now())
            self._armed = asyncio.get_running_loop().call_later(wait, self.advance)

    async def _close(self, app: web.Application) -> None:
        for socket in list(self._sockets.values()):
            await socket.close(code=1001)


async def _send(socket: Socket, word: str) -> None:
    try:
        await socket.send_str(word)
    except ConnectionError:
        logger.info("a page went away in the middle of a word")


def _same_site(request: web.Request) -> bool:
    """Whether a page of ours asks. No other page may use the cookie."""
    origin = urlsplit(request.headers.get("Origin", ""))
    return bool(origin.netloc) and origin.netloc == request.host


_PLAIN = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}


def _guards(request: web.Request) -> dict[str, str]:
    """The page loads from here alone, tells no other where it was, stands in no frame and in no index."""
    here = f"ws://{request.host} wss://{request.host}"
    return {
        **_PLAIN,
        "X-Robots-Tag": "noindex, nofollow, noarchive",
        "Permissions-Policy": "camera=(self), microphone=(self), geolocation=()",
        "Content-Security-Policy": (
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src data: blob:; media-src blob:; "
            f"connect-src 'self' {here}; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
        ),
    }


class Served:
    """A relay on its socket. `port` 0 takes any free one. `start` and `stop` run it in a thread of its own."""

    def __init__(self, relay: Relay, host: str, port: int) -> None:
        self.relay, self.host, self.port = relay, host, port
        self.loop = asyncio.new_event_loop()
        self._runner = web.AppRunner(relay.app(), access_log=None, shutdown_timeout=2)
        self._thread = threading.Thread(target=self.loop.run_forever, name="relay", daemon=True)

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    async def begin(self) -> None:
        """Open the socket. Raises OSError."""
        await self._runner.setup()
        await web.TCPSite(self._runner, self.host, self.port).start()
        self.port = self._runner.addresses[0][1]

    def start(self) -> None:
        """Raises OSError."""
        self._thread.start()
        self.within(self.begin())

    def stop(self) -> None:
        self.within(self._runner.cleanup())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(timeout=5)
        self.loop.close()

    def within(self, work: Coroutine[Any, Any, T]) -> T:
        """Have something done in its loop, from another thread."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(timeout=10)

    def run(self, ready: Callable[[], None]) -> None:
        """Serve in this thread until interrupted."""
        self.loop.run_until_complete(self.begin())
        ready()
        try:
            self.loop.run_forever()
        finally:
            self.loop.run_until_complete(self._runner.cleanup())
            self.loop.close()
