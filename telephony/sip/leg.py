"""One leg: a phone called by us, over one way out or the next, until its dialog is over."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from telephony.sip import sdp
from telephony.sip.dialog import Dialog
from telephony.sip.digest import Authorizer
from telephony.sip.errand import Begins, Errand
from telephony.sip.fields import Hop, Reason, has_option, reasons_of, seconds_of, tag_of
from telephony.sip.listening import Listening
from telephony.sip.message import Request, Response, read
from telephony.sip.sdp import Description
from telephony.sip.talk import ALLOW, SDP, Ear, State, allows_update, description, vouching
from telephony.sip.transactions import ClientTransaction, cancelling
from telephony.sip.wire import Wire

ELSEWHERE = (500, 502, 503, 504)  # another way may lead on (RFC 3263, 4.3)
NORMAL = "Q.850;cause=16"


@dataclass(frozen=True, slots=True)
class Way:
    """One way out: a border controller, an exchange. `rest` is told for how many seconds it wants no calls."""

    hop: Hop
    rest: Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Caller:
    """What the called sees of us: From without its tag, and further headers."""

    value: str
    headers: tuple[tuple[str, str], ...] = ()


class Leg(Listening):
    """Its far end is `uri`, asked for over each of `ways` in turn."""

    def __init__(
        self, wire: Wire, agent: Begins, ear: Ear, *, name: str, uri: str, ways: Sequence[Way], caller: Caller,
        authorizer: Authorizer, interval: int,
    ) -> None:  # fmt: skip
        super().__init__(wire, agent, ear, name=name, authorizer=authorizer, interval=interval)
        self.uri, self.caller = uri, caller
        local, host = f"{caller.value};tag={wire.draw()}", wire.own["udp"].host
        self.dialog = Dialog(f"{wire.draw()}@{host}", local, f"<{uri}>", uri, ways[0].hop)
        self.answered_seq = 0
        self._ways = list(ways)
        self._reliably = False
        self._invite: Errand | None = None
        self._proceeding = self._told = False
        self._reason = NORMAL
        self._progress_known = (
            "",
            0,
        )  # the last provisional answer that was acknowledged: its tag and number

    def invite(self, offer: Description | None) -> None:
        """Call it, with an offer or asking for one."""
        self.state = State.CALLING
        self.sent = offer
        self._try()

    def _try(self) -> None:
        self.dialog.peer, self.dialog.remote, self._proceeding = self._ways[0].hop, f"<{self.uri}>", False
        self._invite = Errand(self.agent, self.authorizer, self._build, self._hear)

    def _build(self) -> tuple[Request, Hop]:
        """The INVITE goes to the way out, whatever its address says."""
        hop = self._ways[0].hop
        hop = self.wire.address(hop) or hop
        body = self.body(self.sent)
        self.dialog.seq += 1
        headers = [
            self.wire.via(hop),
            ("max-forwards", "70"),
            ("from", self.dialog.local),
            ("to", self.dialog.remote),
            ("call-id", self.dialog.call_id),
            ("cseq", f"{self.dialog.seq} INVITE"),
            ("contact", self.wire.contact(hop)),
            ALLOW,
            *self.session.wanted(),
            *([("supported", "100rel")] if self._reliably else []),
            *self.caller.headers,
            *([SDP] if body else []),
        ]
        return Request(tuple(headers), body, method="INVITE", uri=self.uri), hop

    # ---- What comes back

    def _hear(self, response: Response | None) -> None:
        if self.state is not State.CALLING:
            return
        if response is None:
            self._refused(None, [], 0)
        elif response.status < 200:
            self._progress(response)
        elif response.status < 300:
            self._answer(response)
        elif not self.leaving and self._can_ask_otherwise(response):
            self._try()
        else:
            self._refused(response.status, reasons_of(response), seconds_of(response.get("retry-after")))

    def _progress(self, response: Response) -> None:
        first, self._proceeding = not self._proceeding, True
        if self.leaving:
            if first and self._invite is not None:
                self._cancel(self._invite.transaction)
            return
        if response.status == 100:
            return
        if has_option(response, "require", "100rel") and not self._acknowledge_progress(response):
            return
        self._told = True
        said = description(response)
        self.heard = said or self.heard
        self.ear.progressed(self, response.status, said)

    def _acknowledge_progress(self, response: Response) -> bool:
        """PRACK (RFC 3262); whether it is news: copies, and those out of order, are none."""
        tag, number = tag_of(response.get("to")), seconds_of(response.get("rseq"))
        known, last = self._progress_known
        if not tag or (tag == known and number != last + 1):
            return False
        self._progress_known = tag, number
        early = Dialog(self.dialog.call_id, self.dialog.local, "", self.uri, self.dialog.peer)
        early.take(response)
        seq, method = response.sequence

        def build() -> tuple[Request, Hop]:
            self.dialog.seq += 1
            return early.request(
                self.wire, "PRACK", ("rack", f"{number} {seq} {method}"), seq=self.dialog.seq
            )

        Errand(self.agent, self.authorizer, build, lambda _: None)
        return True

    def _can_ask_otherwise(self, response: Response) -> bool:
        """Whether the same call can be asked for in another way: a longer session, the one extension we have."""
        if response.status == 422:
            return self.session.raised(response)
        if (
            response.status == 421
            and has_option(response, "require", "100rel")
            and self.sent
            and not self._reliably
        ):
            self._reliably = True
            return True
        return False

    def _refused(self, status: int | None, reasons: Sequence[Reason], wait: int) -> None:
        way = self._ways.pop(0)
        if status is None or status == 503:
            way.rest(wait)
        if self._ways and not self.leaving and not self._told and (status is None or status in ELSEWHERE):
            self._try()
        else:
            self.end(status, reasons)

    def _answer(self, response: Response) -> None:
        """Up. One that is answered while we cancel is acknowledged and left at once (RFC 3261, 15)."""
        self.dialog.take(response)
        self.state, self.answered_seq = State.UP, response.sequence[0]
        self.allows_update, self.vouched = allows_update(response), vouching(self._invite)
        offered, said = self.sent is not None, description(response)
        if offered and said is not None and self.sent is not None:
            said = sdp.answering(said, self.sent)
        self.heard = said or self.heard
        if self.leaving:
            self.ack(None if offered or said is None else sdp.held(said))
            self._bye()
        else:
            self.session.agree(response)
            self.ear.answered(self, said)

    @property
    def was_heard(self) -> bool:
        """Whether anything at all came back, a 100 at least."""
        return self._proceeding or self._told

    def ack(self, answer: Description | None) -> None:
        """Acknowledge the 2xx that brought it up, with the answer if theirs was the offer."""
        self.acknowledge(self.answered_seq, answer)

    def is_from_it(self, response: Response) -> bool:
        """Whether a 2xx comes from the phone that was taken, of several that rang."""
        return self.answered_seq > 0 and tag_of(response.get("to")) == self.dialog.tags[1]

    # ---- Leaving

    def leave(self, reason: str = NORMAL) -> None:
        if self.leaving or self.state is State.OVER:
            return
        self.leaving, self._reason = True, reason
        if self.state is State.NEW:
            self.end(200, [])
        elif self.state is State.UP:
            if self.answered_seq not in self._acks:  # an offer of theirs that found no answer
                self.ack(sdp.held(self.heard) if self.heard and self.sent is None else None)
            self._bye()
        elif self._invite is not None:
            self._invite.keen = False
            if self._proceeding:
                self._cancel(
                    self._invite.transaction
                )  # else with the first answer: before that nothing may be cancelled (9.1)

    def _cancel(
        self, going: ClientTransaction, heard: Callable[[Response | None], None] = lambda _: None
    ) -> None:
        self.agent.begin(cancelling(going.request, self._reason), going.hop, heard)

        def never() -> None:
            if self.state is State.CALLING:
                going.give_up()
                self.end(None, [])

        self.wire.later(self.wire.times.given_up, never)

    def _bye(self) -> None:
        self.session.stop()
        self.ask("BYE", ("reason", self._reason), heard=lambda _: self.end(200, []))

    def end(self, status: int | None, reasons: Sequence[Reason]) -> None:
        if self.state is not State.OVER:
            self.state = State.OVER
            self.let_go()
            self.ear.over(self, status, reasons)

    # ---- Over a restart of ours

    def plain(self) -> dict[str, Any]:
        """All that is needed to go on with it, or to take it back, for the journal."""
        going = self._invite.transaction if self._invite is not None and self.state is State.CALLING else None
        return {
            "state": self.state,
            "dialog": self.dialog.plain(),
            "answered_seq": self.answered_seq,
            "sent": _text(self.sent),
            "heard": _text(self.heard),
            "owner": self.owner,
            "version": self.version,
            "allows_update": self.allows_update,
            "invite": bytes(going.request).decode() if going else "",
            "hop": asdict(going.hop) if going else None,
        }

    def resume(self, said: Mapping[str, Any]) -> None:
        """Be what was noted. A phone that was being rung is cancelled: nobody asks for that INVITE again.

        Requests may have gone out since the note, so the next number leaves room for them (RFC 3261, 12.2.2).
        """
        self.state = State(said["state"])
        self.dialog = Dialog.of(said["dialog"])
        self.dialog.seq += 1000
        self.answered_seq, self.owner, self.version = said["answered_seq"], said["owner"], said["version"]
        self.sent, self.heard = _description(said["sent"]), _description(said["heard"])
        self.allows_update = said["allows_update"]
        if self.state is State.UP:
            self._acks[self.answered_seq] = (
                self.dialog.request(self.wire, "ACK", seq=self.answered_seq)[0],
                b"",
            )
        elif self.state is State.CALLING:
            request = read(said["invite"].encode())
            if isinstance(request, Request):
                self.leaving = True
                self._cancel(
                    self.agent.begin(request, Hop(**said["hop"]), self._hear, sent=True), self._taken_back
                )

    def _taken_back(self, response: Response | None) -> None:
        """481: nobody rings there any more."""
        if response is not None and response.status == 481 and self.state is State.CALLING:
            self.end(None, [])

    def look(self) -> None:
        """Ask whether the far end still knows of it: a refresh, at once."""
        self._refresh()


def _text(said: Description | None) -> str:
    return "" if said is None else sdp.write(said, owner=0, version=0, host="0.0.0.0").decode()  # noqa: S104


def _description(text: str) -> Description | None:
    return sdp.read(text.encode()) if text else None
