"""A dialog: what a request inside it must say, and where it goes (RFC 3261, section 12)."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from telephony.sip.fields import Hop, hop_of, is_loose, tag_of, uri_of
from telephony.sip.message import Request, Response
from telephony.sip.wire import Wire


@dataclass(slots=True)
class Dialog:
    """Our end of it. `local` and `remote` are what From and To say, tags and all; `peer` where it was begun."""

    call_id: str
    local: str
    remote: str
    target: str
    peer: Hop
    routes: list[str] = field(default_factory=list)
    seq: int = 0
    remote_seq: int = -1

    def take(self, response: Response) -> None:
        """A 2xx, or a provisional answer with a tag: the far end's tag, address and route."""
        self.remote = response.get("to")
        self.routes = list(reversed(response.all("record-route")))
        self.retarget(response.all("contact"))

    def retarget(self, contacts: list[str]) -> None:
        """The far end may move with an INVITE, its answer or an UPDATE (section 12.2)."""
        if contacts and uri_of(contacts[0]).lower().startswith(("sip:", "sips:")):
            self.target = uri_of(contacts[0])

    @property
    def tags(self) -> tuple[str, str]:
        return tag_of(self.local), tag_of(self.remote)

    def request(
        self, wire: Wire, method: str, *headers: tuple[str, str], seq: int | None = None, body: bytes = b""
    ) -> tuple[Request, Hop]:
        """A request inside the dialog and its next hop; `seq` None takes the next number."""
        if seq is None:
            self.seq += 1
            seq = self.seq
        uri, routes = self.target, list(self.routes)
        if routes and not is_loose(routes[0]):
            uri, routes = uri_of(routes[0]), [*routes[1:], f"<{self.target}>"]
        hop = self.next_hop(wire)
        said = [
            wire.via(hop),
            ("max-forwards", "70"),
            *(("route", route) for route in routes),
            ("from", self.local),
            ("to", self.remote),
            ("call-id", self.call_id),
            ("cseq", f"{seq} {method}"),
            *headers,
        ]
        return Request(tuple(said), body, method=method, uri=uri), hop

    def next_hop(self, wire: Wire) -> Hop:
        """The first route, else the far end itself; who is known by name only is reached as at the beginning."""
        try:
            hop = hop_of(uri_of(self.routes[0]) if self.routes else self.target)
        except ValueError:
            return self.peer
        return wire.address(hop) or self.peer

    def plain(self) -> dict[str, Any]:
        """For the journal."""
        return asdict(self)

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> "Dialog":
        return cls(**{**said, "peer": Hop(**said["peer"])})
