"""The practice Twilio: a loopback server speaking enough of the 2010-04-01 API for the real SDK.

It checks what it is sent, tells each call's life by the clock it is given, signs its callbacks with the real
algorithm, and does mischief where a phone says so. A call's news is posted when `run` is called, or during
the request: no thread of its own, no waiting, so that a test decides what has come and what has not.
"""

import base64
import json
import threading
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import requests
from twilio.request_validator import RequestValidator

from tests.fakes import twilio_checks
from tests.fakes.twilio_line import Line, Phone

Form = Mapping[str, list[str]]


class PracticeTwilio:
    """The server and what it knows. Make one with `practising`."""

    def __init__(self, clock: Callable[[], datetime], *, sid: str, token: str, caller_id: str) -> None:
        self.clock = clock
        self.sid, self.token, self.caller_id = sid, token, caller_id
        self.phones: dict[str, Phone] = defaultdict(Phone)
        self.lines: dict[str, Line] = {}
        self.texts: list[dict[str, str]] = []
        self.requests: list[str] = []  # "POST Calls", in the order they came
        self.answers: list[int] = []  # what our side answered to each callback
        self.deaf_to_updates = False  # hanging up fails with a 500
        self.released = threading.Event()  # ends the silences
        self.url = ""

    def made_to(self, number: str) -> list[Line]:
        """The calls made to a number, oldest first."""
        return [line for line in self.lines.values() if line.form["To"] == number]

    def run(self) -> None:
        """Post all the news that is due by now."""
        for line in list(self.lines.values()):
            self._post_due(line)

    def _post_due(self, line: Line) -> None:
        due = [piece for piece in line.life if piece[0] <= self.clock()]
        if line.phone.news == "lost":
            return
        if line.phone.news == "backwards":
            if len(due) == len(line.life) and not line.posted:
                line.posted = len(due)
                for at, said in reversed(due):
                    self.post(line, at, said)
            return
        for at, said in due[line.posted :]:
            line.posted += 1
            for _ in range(2 if line.phone.news == "twice" else 1):
                self.post(line, at, said)

    def post(self, line: Line, at: datetime, said: dict[str, str], *, token: str = "") -> int:
        """Post one piece of news, signed; what our side answered."""
        amd = "CallStatus" not in said
        address = line.form["AsyncAmdStatusCallback" if amd else "StatusCallback"]
        form = {
            "AccountSid": self.sid,
            "CallSid": line.sid,
            "To": line.form["To"],
            "From": self.caller_id,
            "Called": line.form["To"],
            "CalledCity": "",
            **({} if amd else {"Timestamp": format_datetime(at), "CallbackSource": "call-progress-events"}),
            **said,
        }
        signature = RequestValidator(token or self.token).compute_signature(address, form)
        with requests.Session() as session:
            session.trust_env = False
            answer = session.post(
                address,
                data=form,
                headers={"X-Twilio-Signature": signature},
                timeout=30,
                allow_redirects=False,
            )
        self.answers.append(answer.status_code)
        return answer.status_code

    def dial(self, form: dict[str, str]) -> Line:
        phone = self.phones[form["To"]]
        line = Line(f"CA{uuid.uuid4().hex}", self.sid, form, phone, self.clock())
        self.lines[line.sid] = line
        return line


class _Door(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, twilio: PracticeTwilio) -> None:
        super().__init__(("127.0.0.1", 0), _Visitor)
        self.twilio = twilio


class _Visitor(BaseHTTPRequestHandler):
    server: _Door
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._serve({})

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        self._serve(parse_qs(self.rfile.read(length).decode(), keep_blank_values=True))

    def _serve(self, form: Form) -> None:
        twilio = self.server.twilio
        where = urlsplit(self.path)
        given = base64.b64encode(f"{twilio.sid}:{twilio.token}".encode()).decode()
        if self.headers.get("Authorization") != f"Basic {given}":
            return self._refuse(401, 20003)
        prefix = f"/2010-04-01/Accounts/{twilio.sid}/"
        what = where.path.removeprefix(prefix).removesuffix(".json")
        twilio.requests.append(f"{self.command} {what}")
        match self.command, what.split("/"):
            case "POST", ["Calls"]:
                return self._create(form)
            case "GET", ["Calls"]:
                return self._list(parse_qs(where.query))
            case "GET", ["Calls", sid] if sid in twilio.lines:
                return self._answer(200, twilio.lines[sid].as_json(twilio.clock()))
            case "POST", ["Calls", sid] if sid in twilio.lines:
                return self._update(twilio.lines[sid], form)
            case "POST", ["Messages"]:
                return self._text(form)
        return self._refuse(404, 20404)

    def _create(self, form: Form) -> None:
        twilio = self.server.twilio
        if wrong := twilio_checks.of_call(form, twilio.caller_id):
            return self._refuse(400, wrong)
        phone = twilio.phones[form["To"][0]]
        if phone.refuse:
            return self._refuse(*phone.refuse)
        line = twilio.dial({name: said[0] for name, said in form.items()})
        if phone.early:
            line.posted = 1
            twilio.post(line, *line.life[0])
        if phone.after_accepting == "error":
            return self._refuse(500, 20500)
        if phone.after_accepting == "silence":
            twilio.released.wait(30)
        if phone.after_accepting:
            self.close_connection = True
            return None
        return self._answer(201, line.as_json(twilio.clock()))

    def _update(self, line: Line, form: Form) -> None:
        if form.get("Status") not in (["completed"], ["canceled"]):
            return self._refuse(400, 21203)
        if self.server.twilio.deaf_to_updates:
            return self._refuse(500, 20500)
        if not line.cut(self.server.twilio.clock()):
            return self._refuse(400, 21220)
        return self._answer(200, line.as_json(self.server.twilio.clock()))

    def _list(self, asked: Form) -> None:
        twilio = self.server.twilio
        made = [
            line.as_json(twilio.clock())
            for line in reversed(twilio.lines.values())
            if [line.form["To"]] == asked.get("To", [line.form["To"]])
            and [line.form["From"]] == asked.get("From", [line.form["From"]])
        ]
        size = int(asked.get("PageSize", ["50"])[0])
        return self._answer(200, {"calls": made[:size], "page": 0, "page_size": size, "next_page_uri": None})

    def _text(self, form: Form) -> None:
        twilio = self.server.twilio
        if wrong := twilio_checks.of_text(form, twilio.caller_id):
            return self._refuse(400, wrong)
        phone = twilio.phones[form["To"][0]]
        if phone.refuse:
            return self._refuse(*phone.refuse)
        twilio.texts.append({name: said[0] for name, said in form.items()})
        return self._answer(201, {"sid": f"SM{uuid.uuid4().hex}", "status": "queued"})

    def _refuse(self, status: int, code: int) -> None:
        """As Twilio does: the message quotes what was sent, so that a test can see that we do not keep it."""
        message = f"The number {self.server.twilio.caller_id} or another is not right"
        self._answer(status, {"status": status, "code": code, "message": message, "more_info": ""})

    def _answer(self, status: int, answer: Mapping[str, object]) -> None:
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's word
        """Nothing."""


@contextmanager
def practising(
    clock: Callable[[], datetime],
    *,
    sid: str = "AC" + "0" * 32,
    token: str = "practice-token",
    caller_id: str = "+861096110",
) -> Iterator[PracticeTwilio]:
    """A practice Twilio that serves until the block ends."""
    twilio = PracticeTwilio(clock, sid=sid, token=token, caller_id=caller_id)
    with _Door(twilio) as door:
        twilio.url = f"http://127.0.0.1:{door.server_port}"
        serving = threading.Thread(target=door.serve_forever, kwargs={"poll_interval": 0.02})
        serving.start()
        try:
            yield twilio
        finally:
            twilio.released.set()
            door.shutdown()
            serving.join()
