"""Transactions: one request and its answers over a network that loses both (RFC 3261, section 17)."""

from collections.abc import Callable

from telephony.sip.fields import Hop
from telephony.sip.message import Request, Response, parameters
from telephony.sip.wire import Timer, Wire

Heard = Callable[[Response | None], None]


class ClientTransaction:
    """A request of ours, sent again until something is heard. `heard` gets each answer, None once if none came.

    An answer other than 2xx to an INVITE is acknowledged here; a 2xx by who asked (section 13.2.2.4).
    """

    def __init__(
        self,
        wire: Wire,
        request: Request,
        hop: Hop,
        heard: Heard,
        over: Callable[[], None],
        *,
        sent: bool = False,
    ) -> None:
        """`sent`: it was sent before we were started; only answers are waited for."""
        self.wire = wire
        self.request = request
        self.hop = hop
        self._heard = heard
        self._over = over  # forget this transaction
        self._final: Response | None = None
        self._pause = wire.times.t1
        self._invite = request.method == "INVITE"
        self._proceeding = False
        self._again: Timer | None = None
        self._end = wire.later(wire.times.given_up, self.fail)  # timers B and F
        if not sent:
            self._send()

    def _send(self) -> None:
        if self.hop.transport == "udp":  # timers A and E
            self._again = self.wire.later(self._pause, self._send)
            self._pause *= 2
            if not self._invite:
                self._pause = min(self._pause, self.wire.times.t2)
        self.wire.put(self.request, self.hop)

    def hear(self, response: Response) -> None:
        if self._final is not None:
            if self._invite and response.status >= 300:
                self._acknowledge()
            return
        if response.status < 200:
            self._proceed()
            self._heard(response)
            return
        self._stop()
        self._final = response
        if self._invite and response.status < 300:
            self._over()  # its later copies are for the dialog
        else:
            if self._invite:
                self._acknowledge()
            reliable = self.hop.transport != "udp"
            wait = 0.0 if reliable else self.wire.times.given_up if self._invite else self.wire.times.t4
            self.wire.later(wait, self._over)  # timers D and K
        self._heard(response)

    def _proceed(self) -> None:
        """A first answer: an INVITE is not sent again and waits on; another request goes on, more slowly."""
        if self._invite:
            self._stop()
        elif not self._proceeding and self._again is not None:
            self._pause = self.wire.times.t2
        self._proceeding = True

    def fail(self) -> None:
        """Nothing came, or the network said that nobody is there."""
        if self._final is None and not (self._invite and self._proceeding):
            self._stop()
            self._over()
            self._heard(None)

    def give_up(self) -> None:
        """A cancelled INVITE that is never answered (section 9.1)."""
        self._stop()
        self._over()

    def _stop(self) -> None:
        self._end.cancel()
        if self._again is not None:
            self._again.cancel()

    def _acknowledge(self) -> None:
        if self._final is not None:
            self.wire.put(acknowledged(self.request, self._final), self.hop)


class ServerTransaction:
    """A request that came, answered again each time it comes again; of an INVITE, until the answer is acknowledged."""

    def __init__(self, wire: Wire, request: Request, source: Hop, over: Callable[[], None]) -> None:
        self.wire = wire
        self.request = request
        self.source = source
        self.hop = _way_back(request, source)
        self._over = over
        self._last: Response | None = None
        self._final = False
        self._again: Timer | None = None
        self._end: Timer | None = None
        self._pause = wire.times.t1

    @property
    def is_answered(self) -> bool:
        return self._final

    def answer(self, response: Response, lost: Callable[[], None] | None = None) -> None:
        """Send a response. `lost` is called if a final one to an INVITE is never acknowledged."""
        if self._final:
            return
        self._last = response
        self.wire.put(response, self.hop)
        if response.status < 200:
            return
        self._final = True
        self._end = self.wire.later(self.wire.times.given_up, lambda: self._finish(lost))
        if self.request.method == "INVITE":
            self._again = self.wire.later(self._pause, self._repeat)

    def _repeat(self) -> None:
        self.hear_again()
        self._pause = min(2 * self._pause, self.wire.times.t2)
        self._again = self.wire.later(self._pause, self._repeat)

    def hear_again(self) -> None:
        if self._last is not None:
            self.wire.put(self._last, self.hop)

    def acked(self) -> None:
        """What follows may still be a late copy of the request, or of the ACK."""
        if self._again is not None:
            self._again.cancel()
            self._again = None
        if self._end is not None:
            self._end.cancel()
            self._end = self.wire.later(self.wire.times.given_up, self._over)

    def _finish(self, lost: Callable[[], None] | None) -> None:
        if self._again is not None:
            self._again.cancel()
            if lost is not None:
                lost()
        self._over()


def acknowledged(request: Request, response: Response) -> Request:
    """The ACK of an answer other than 2xx: of the same transaction (section 17.1.1.3)."""
    kept = {"via", "from", "call-id", "max-forwards", "route"}
    headers = [(n, v) for n, v in request.headers if n in kept]
    headers += [("to", response.get("to")), ("cseq", f"{request.sequence[0]} ACK")]
    return Request(tuple(headers), method="ACK", uri=request.uri)


def cancelling(request: Request, reason: str) -> Request:
    """The CANCEL of an INVITE: of the same branch (section 9.1)."""
    kept = {"via", "from", "to", "call-id", "max-forwards", "route"}
    headers = [(n, v) for n, v in request.headers if n in kept]
    headers += [("cseq", f"{request.sequence[0]} CANCEL"), ("reason", reason)]
    return Request(tuple(headers), method="CANCEL", uri=request.uri)


REASONS = {
    100: "Trying", 200: "OK", 202: "Accepted", 400: "Bad Request", 403: "Forbidden", 405: "Method Not Allowed",
    415: "Unsupported Media Type", 420: "Bad Extension", 422: "Session Interval Too Small",
    481: "Call/Transaction Does Not Exist", 487: "Request Terminated", 488: "Not Acceptable Here",
    491: "Request Pending", 500: "Server Internal Error", 503: "Service Unavailable",
}  # fmt: skip


def answer_to(
    request: Request,
    status: int,
    *headers: tuple[str, str],
    tag: str = "",
    source: Hop | None = None,
    body: bytes = b"",
) -> Response:
    """A response to a request: what must be the same is (section 8.2.6), and where it came from (RFC 3581)."""
    said = [(n, v) for n, v in request.headers if n in ("via", "from", "call-id", "cseq", "record-route")]
    if source is not None:
        said = _received(said, source)
    to = request.get("to")
    if tag and status > 100 and "tag" not in parameters(to):
        to += f";tag={tag}"
    kept = (*said, ("to", to), *headers)
    return Response(kept, body, status=status, reason=REASONS.get(status, ""))


def _received(headers: list[tuple[str, str]], source: Hop) -> list[tuple[str, str]]:
    n = next(n for n, (name, _) in enumerate(headers) if name == "via")
    first, comma, rest = headers[n][1].partition(",")
    if "rport" in parameters(first):
        first = first.replace(";rport", f";rport={source.port};received={source.host}", 1)
    else:
        first += f";received={source.host}"
    return [*headers[:n], ("via", first + comma + rest), *headers[n + 1 :]]


def _way_back(request: Request, source: Hop) -> Hop:
    """Where responses go: to the port the request came from if it asks for that, else to the one in its Via."""
    if source.transport != "udp":
        return source
    via = request.all("via")[0]
    if "rport" in parameters(via):
        return source
    sent_by = via.split(";")[0].split()[-1]
    port = sent_by.rpartition(":")[2] if not sent_by.endswith("]") and ":" in sent_by else ""
    return Hop(source.host, int(port) if port.isdecimal() and 0 < int(port) < 65_536 else 5060, "udp")
