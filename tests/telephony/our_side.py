"""Our side of the webhooks in tests of the practice Twilio: gives the TwiML it is told to, and keeps what came."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

from twilio.request_validator import RequestValidator

from tests.telephony.practising import TOKEN


class OurSide(ThreadingHTTPServer):
    """Answers each path with its document, and says whether the SDK finds what came genuine."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Listener)
        self.documents: dict[str, str] = {}
        self.came: list[tuple[str, dict[str, str]]] = []
        self.genuine: list[bool] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def said(self, path: str, name: str) -> list[str]:
        """What a field said each time something came to a path."""
        return [form.get(name, "") for where, form in self.came if where == path]


class _Listener(BaseHTTPRequestHandler):
    server: OurSide

    def do_GET(self) -> None:
        self._take({}, dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True)))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        form = dict(parse_qsl(body, keep_blank_values=True))
        self._take(form, form)

    def _take(self, signed: dict[str, str], form: dict[str, str]) -> None:
        ours, path = self.server, urlsplit(self.path).path
        ours.came.append((path, form))
        signature = self.headers.get("X-Twilio-Signature", "")
        ours.genuine.append(RequestValidator(TOKEN).validate(ours.url + self.path, signed, signature))
        body = ours.documents.get(path, "").encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's word
        """Nothing."""


@contextmanager
def our_side() -> Iterator[OurSide]:
    with OurSide() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
