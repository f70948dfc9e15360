"""Where the practice Twilio is asked, over HTTP: who asks, what for, and the mischief of the answer."""

import base64
import binascii
import json
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from telephony.practice import checks, phones
from telephony.practice.api import ENDPOINTS, VIDEO_ENDPOINTS, Endpoint
from telephony.practice.asked import Asked
from telephony.practice.codes import Refused
from telephony.practice.records import API, stamp
from telephony.practice.switch import Switch

ACCOUNT = checks.sid("AC")
_ROUTES = [(re.compile(pattern), methods) for pattern, methods in ENDPOINTS]
_VIDEO = [(re.compile(pattern), methods) for pattern, methods in VIDEO_ENDPOINTS]
Routes = list[tuple[re.Pattern[str], Mapping[str, Endpoint]]]
LARGEST = 256 * 1024  # of a request, in bytes
CONTROL = "/practice/phones"


class Door(ThreadingHTTPServer):
    """Serves a switch on loopback. By hand (no threads of its own) what is due is lived before each answer."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(
        self, switch: Switch, address: tuple[str, int] = ("127.0.0.1", 0), *, by_hand: bool = False
    ) -> None:
        super().__init__(address, _Visitor)
        self.switch = switch
        self.by_hand = by_hand
        self.requests: list[str] = []  # "POST Calls", in the order they came
        self.asked: list[Asked] = []

    @property
    def url(self) -> str:
        host, port = self.server_address[:2]
        return f"http://{host!s}:{port}"


@contextmanager
def opened(door: Door) -> Iterator[Door]:
    """A door that is open until the block ends."""
    with door:
        serving = threading.Thread(target=door.serve_forever, kwargs={"poll_interval": 0.02})
        serving.start()
        try:
            yield door
        finally:
            door.switch.released.set()
            door.shutdown()
            serving.join()


class _Visitor(BaseHTTPRequestHandler):
    server: Door
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # an answer's body would wait 40 ms for its head's acknowledgement

    def do_GET(self) -> None:
        self._serve({})

    def do_DELETE(self) -> None:
        self._serve({})

    def do_PUT(self) -> None:
        self._serve({})

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "0")
        size = int(length) if length.isdecimal() else LARGEST + 1
        if size > LARGEST:
            self.close_connection = True
            return self._answer(413, Refused(20001, "the request is too large", status=413).as_json())
        body = self.rfile.read(size)
        if urlsplit(self.path).path == CONTROL:
            return self._control(body)
        kind = self.headers.get("Content-Type", "application/x-www-form-urlencoded").partition(";")[0].strip()
        if kind != "application/x-www-form-urlencoded":
            return self._answer(415, Refused(20001, f"Content-Type={kind}", status=415).as_json())
        try:
            form = parse_qs(body.decode(), keep_blank_values=True)
        except (UnicodeDecodeError, ValueError):
            return self._answer(400, Refused(20001, "the body is no form").as_json())
        return self._serve(form)

    def _serve(self, form: Mapping[str, list[str]]) -> None:
        where = urlsplit(self.path)
        if where.path == "/" and self.command == "GET":
            return self._say(f"The practice Twilio. It rings nobody.\n\n{phones.table()}\n")
        if where.path == CONTROL and self.command == "GET":
            return self._answer(200, {"phones": sorted(self.server.switch.phones.script)})
        try:
            status, answer = self._answer_to(where.path, form, parse_qs(where.query, keep_blank_values=True))
        except Refused as refusal:
            return self._answer(refusal.status, refusal.as_json())
        return self._mischief(status, answer)

    def _answer_to(
        self, path: str, form: Mapping[str, list[str]], query: Mapping[str, list[str]]
    ) -> tuple[int, Mapping[str, Any] | None]:
        """What the API says. Raises Refused."""
        account, token = self._who()
        switch = self.server.switch
        if path.startswith("/v1/"):
            return self._do(_VIDEO, path.removeprefix("/v1/"), account, token, path, form, query)
        found = re.fullmatch(rf"/{API}/Accounts/([^/]+?)(?:/(.+))?\.json", path)
        if found is None or not ACCOUNT.fullmatch(found[1]):
            raise Refused(20404, path)
        if found[1] != account:
            raise Refused(20003)
        what = found[2] or ""
        if not what:
            self.server.requests.append(self.command)
            return 200, _account(account, token, switch)
        return self._do(_ROUTES, what, account, token, path, form, query)

    def _do(
        self,
        routes: Routes,
        what: str,
        account: str,
        token: str,
        path: str,
        form: checks.Form,
        query: checks.Form,
    ) -> tuple[int, Mapping[str, Any] | None]:
        """What is done at an address. Raises Refused."""
        switch = self.server.switch
        self.server.requests.append(f"{self.command} {what}")
        for pattern, methods in routes:
            named = pattern.fullmatch(what)
            if named is None:
                continue
            if self.command not in methods:
                raise Refused(20004)
            if self.server.by_hand and self.command == "GET":
                switch.settle()
            asked = Asked(switch, account, token, path, form, query, tuple(map(unquote, named.groups())))
            self.server.asked.append(asked)
            with switch.lock:
                return methods[self.command](asked)
        raise Refused(20404, path)

    def _who(self) -> tuple[str, str]:
        """The account and its token: any well-formed one with any token. Raises Refused."""
        scheme, _, given = self.headers.get("Authorization", "").partition(" ")
        try:
            account, _, token = base64.b64decode(given.strip(), validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            account = token = ""
        if scheme.lower() != "basic" or not ACCOUNT.fullmatch(account) or not token:
            raise Refused(20003)
        return account, token

    def _mischief(self, status: int, answer: Mapping[str, Any] | None) -> None:
        """The answer, or what befalls it where a new call's phone says so."""
        switch = self.server.switch
        call = switch.calls.get(str((answer or {}).get("sid") or (answer or {}).get("call_sid")))
        if self.command != "POST" or status != 201 or call is None:
            return self._answer(status, answer)
        if call.phone.early:
            switch.deliver_first(call)
        if call.phone.after_accepting == "error":
            return self._answer(500, Refused(20500).as_json())
        if call.phone.after_accepting == "silence":
            switch.released.wait(30)
        if call.phone.after_accepting:
            self.close_connection = True
            return None
        return self._answer(status, answer)

    def _control(self, body: bytes) -> None:
        """The private path: `{number: phone, or [phone, ...]}` as in a script; it may be said at any time."""
        try:
            script = phones.read_script(body.decode())
        except ValueError as fault:
            return self._answer(400, {"wrong": str(fault)})
        self.server.switch.phones.script.update(script)
        return self._answer(200, {"phones": sorted(script)})

    def _say(self, text: str) -> None:
        self._write(200, "text/plain; charset=utf-8", text.encode())

    def _answer(self, status: int, answer: Mapping[str, Any] | None) -> None:
        self._write(status, "application/json", b"" if answer is None else json.dumps(answer).encode())

    def _write(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        if body:
            self.send_header("Content-Type", kind)
        if status == 401:
            self.send_header("WWW-Authenticate", 'Basic realm="Twilio API"')
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's word
        """Nothing: one line a request helps nobody."""


def _account(sid: str, token: str, switch: Switch) -> dict[str, object]:
    base = f"/{API}/Accounts/{sid}"
    parts = ("calls", "conferences", "messages", "recordings")
    now = stamp(switch.clock())
    return {
        "auth_token": token,
        "date_created": now,
        "date_updated": now,
        "friendly_name": "practice",
        "owner_account_sid": sid,
        "sid": sid,
        "status": "active",
        "subresource_uris": {part: f"{base}/{part.capitalize()}.json" for part in parts},
        "type": "Full",
        "uri": f"{base}.json",
    }
