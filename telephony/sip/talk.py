"""What we say inside an established dialog: offers, refreshes, acknowledgements (RFC 3261 12 to 14, 3311)."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Protocol

from telephony.sip import sdp
from telephony.sip.dialog import Dialog
from telephony.sip.digest import HEADERS, Authorizer
from telephony.sip.errand import Begins, Errand
from telephony.sip.fields import Reason, has_option
from telephony.sip.message import Message, Request, Response
from telephony.sip.sdp import Description
from telephony.sip.session import Session
from telephony.sip.transactions import ServerTransaction
from telephony.sip.wire import Timer, Wire

ALLOW = ("allow", "INVITE, ACK, BYE, CANCEL, OPTIONS, UPDATE, PRACK")
SDP = ("content-type", "application/sdp")
GONE = (408, 481)  # a dialog of which the far end knows nothing any more (RFC 3261, 12.2.1.2)
Reply = Callable[[int, Description | None], None]


class State(StrEnum):
    NEW = "new"
    CALLING = "calling"
    UP = "up"
    OVER = "over"


class Ear(Protocol):
    """Who is told what becomes of a leg; `leg` is the one it is about."""

    def progressed(self, leg: "Talk", status: int, said: Description | None) -> None:
        """180, 181, 182, 183."""
        ...

    def answered(self, leg: "Talk", said: Description | None) -> None:
        """A 2xx; it is for the ear to acknowledge it by `leg.ack`."""
        ...

    def reanswered(self, leg: "Talk", said: Description | None) -> None:
        """What we offered inside the dialog was taken; it is acknowledged."""
        ...

    def refused(self, leg: "Talk", status: int) -> None:
        """What we offered inside the dialog was not taken; what was agreed before still holds."""
        ...

    def reoffered(self, leg: "Talk", said: Description, reply: Reply) -> None:
        """They offer something else; `reply` is called once, with 200 and an answer or with a refusal."""
        ...

    def over(self, leg: "Talk", status: int | None, reasons: Sequence[Reason]) -> None:
        """Told once: refused (the final status, None if nothing came), hung up, or left by us."""
        ...


class Talk(ABC):
    """One dialog of ours, with what was said last both ways."""

    def __init__(
        self, wire: Wire, agent: Begins, ear: Ear, *, name: str, authorizer: Authorizer, interval: int
    ) -> None:
        self.wire, self.agent, self.ear, self.name = wire, agent, ear, name
        self.authorizer = authorizer
        self.state = State.NEW
        self.leaving = False  # by us
        self.hung_up = False  # by them
        self.sent: Description | None = None
        self.heard: Description | None = None
        self.owner, self.version = wire.chance.getrandbits(31), 0
        self.session = Session(wire, interval, refresh=self._refresh, expire=self._expire)
        self.dialog: Dialog
        self.allows_update = False
        self.vouched: tuple[
            tuple[str, str], ...
        ] = ()  # what our last INVITE said of who we are: its ACK says it too
        self._acks: dict[int, tuple[Request, bytes]] = {}
        self._next: Description | None = None  # to be offered when the offer before it has been answered
        self._offering = False
        self._errand: Errand | None = None  # the offer that has not been answered
        self._too_long = Timer(wire.now, None)
        self._asking: ServerTransaction | None = None  # their re-INVITE that waits for our answer

    @abstractmethod
    def leave(self, reason: str = "") -> None:
        """Cancel it, or hang up; the ear's `over` says when that is done."""

    @abstractmethod
    def end(self, status: int | None, reasons: Sequence[Reason]) -> None:
        """It is over."""

    # ---- What we say

    def body(self, said: Description | None) -> bytes:
        """A description as ours to this far end; one that says something new has the next version."""
        if said is None:
            return b""
        if said != self.sent or not self.version:
            self.version += 1
        self.sent = said
        return sdp.write(said, owner=self.owner, version=self.version, host=self.wire.own["udp"].host)

    def ask(
        self,
        method: str,
        *headers: tuple[str, str],
        heard: Callable[[Response | None], None],
        body: bytes = b"",
    ) -> Errand:
        """A request inside the dialog; `heard` gets its final answer, None if there is none."""

        def final(response: Response | None) -> None:
            if response is None or response.status >= 200:
                heard(response)

        return Errand(
            self.agent,
            self.authorizer,
            lambda: self.dialog.request(self.wire, method, *headers, body=body),
            final,
        )

    def acknowledge(self, seq: int, answer: Description | None) -> None:
        """The ACK of a 2xx, kept for its copies."""
        body = self.body(answer)
        headers = (*self.vouched, *([SDP] if body else []))
        request, hop = self.dialog.request(self.wire, "ACK", *headers, seq=seq, body=body)
        self._acks[seq] = request, body
        self.wire.put(request, hop)

    def hear_again(self, response: Response) -> None:
        """A copy of a 2xx: our ACK was lost, or has not been sent yet."""
        if made := self._acks.get(response.sequence[0]):
            self.wire.put(made[0], self.dialog.next_hop(self.wire))

    def reoffer(self, said: Description) -> bool:
        """Offer something else; whether that is sent at once. Of several that wait the last one counts."""
        if self.state is not State.UP or self.leaving:
            return False
        if self._offering or self._asking is not None:
            self._next = said
            return False
        self._offer(sdp.fitted(said, self.sent) if self.sent else said)
        return True

    def has_agreed(self, said: Description) -> bool:
        """Whether this was the last that was offered, and has been answered."""
        waits = self._offering or self._asking is not None or self._next is not None
        return bool(self.sent and not waits and self.sent == sdp.fitted(said, self.sent))

    def knows(self, said: Description) -> bool:
        """Whether it was told of all this that it has taken: where each medium goes."""
        known = self.sent if self.sent is None or self.heard is None else sdp.answering(self.sent, self.heard)
        return known is not None and sdp.places(known) == sdp.places(said)

    def _offer(self, said: Description) -> None:
        self._offering = True
        body = self.body(said)
        headers = [
            ("contact", self.wire.contact(self.dialog.next_hop(self.wire))),
            ALLOW,
            *self.session.wanted(),
            SDP,
        ]
        self._errand = self.ask("INVITE", *headers, heard=self._hear_reanswer, body=body)
        self._too_long = self.wire.later(
            self.wire.times.given_up, self._expire
        )  # "trying" for ever is no answer

    def let_go(self) -> None:
        """Wait for nothing any more: it is over."""
        self.session.stop()
        self._too_long.cancel()
        if self._errand is not None:
            self._errand.transaction.give_up()

    def _hear_reanswer(self, response: Response | None) -> None:
        self._too_long.cancel()
        if response is not None and response.status < 300:
            self.vouched = vouching(self._errand)
            self.acknowledge(response.sequence[0], None)
        if self.state is not State.UP or self.leaving:
            return
        if response is None or response.status in GONE:
            self.leave("SIP;cause=408")
        elif response.status == 491:  # both at once: the owner of the Call-ID waits longer (14.1)
            self.wire.later(self.wire.chance.uniform(2.1, 4.0), self._again)
        elif response.status == 422 and self.session.raised(response):
            self._again()
        else:
            self._offering = False
            self._taken(response)
            self._go_on()

    def _taken(self, response: Response) -> None:
        if response.status >= 300:
            self.ear.refused(self, response.status)
            return
        self.dialog.retarget(response.all("contact"))
        self.session.agree(response)
        said = description(response)
        if said is not None and self.sent is not None:
            self.heard = sdp.answering(said, self.sent)
            self.ear.reanswered(self, self.heard)

    def _again(self) -> None:
        self._offering = False
        said, self._next = self._next or self.sent, None
        if said is not None:
            self.reoffer(said)

    def _go_on(self) -> None:
        said, self._next = self._next, None
        if said is not None:
            self.reoffer(said)

    def _refresh(self) -> None:
        if self.state is not State.UP or self.leaving:
            return
        if self.allows_update:
            self.ask(
                "UPDATE",
                ("contact", self.wire.contact(self.dialog.next_hop(self.wire))),
                *self.session.wanted(),
                heard=self._refreshed,
            )
        elif self.sent is not None:
            self.reoffer(self._next or self.sent)

    def _refreshed(self, response: Response | None) -> None:
        if response is not None and response.status < 300:
            self.session.agree(response)
        elif response is None or response.status in GONE:
            self.leave("SIP;cause=408")
        elif response.status == 422 and self.session.raised(response):
            self._refresh()
        else:
            self.allows_update = False
            self._refresh()

    def _expire(self) -> None:
        self.leave("SIP;cause=408")


def description(message: Message) -> Description | None:
    """The session description in a message; None if it has none, or is a response whose one cannot be read."""
    if not message.body or not message.get("content-type").lower().startswith("application/sdp"):
        if message.body and isinstance(message, Request):
            raise sdp.BadDescription("of another kind")
        return None
    try:
        return sdp.read(message.body)
    except sdp.BadDescription:
        if isinstance(message, Request):
            raise
        return None


def vouching(errand: Errand | None) -> tuple[tuple[str, str], ...]:
    """The credentials of a request: those of an INVITE are its ACK's too (RFC 3261, 13.2.2.4)."""
    names = [answered for _, answered in HEADERS.values()]
    return () if errand is None else tuple(h for h in errand.transaction.request.headers if h[0] in names)


def allows_update(message: Message) -> bool:
    return has_option(message, "allow", "UPDATE")
