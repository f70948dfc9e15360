"""Far ends for the SIP agent, in one process and on a clock that is moved: phones by manner, and a network that loses.

They are simple on purpose, and no judge of ours: SIPp is (tests/telephony/test_sipp.py).
"""

import heapq
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from itertools import count
from random import Random
from typing import Any

from telephony.carrier import CallKind, Dial, Update
from telephony.sip import message
from telephony.sip.agent import Agent
from telephony.sip.call import Call
from telephony.sip.fields import Hop, tag_of, uri_of
from telephony.sip.memory import remember
from telephony.sip.message import Request, Response
from telephony.sip.plan import Plan, read
from telephony.sip.transactions import answer_to
from telephony.sip.wire import Wire
from tests.telephony.samples import START, a_dial

US = Hop("10.0.0.9")
CARRIER, SPARE, EXCHANGE, ANNOUNCER = Hop("10.0.0.1"), Hop("10.0.0.4"), Hop("10.0.0.2"), Hop("10.0.0.3")
LATENCY = timedelta(milliseconds=10)
DESK = "1001"
SIP = {"trunk": "10.0.0.1", "desks": "10.0.0.2", "domain": "carrier.example", "ping": 0}


def sound(port: int, *, picture: int | None = None, host: str = "10.1.1.1", more: str = "") -> bytes:
    lines = ["v=0", f"o=- 1 1 IN IP4 {host}", "s=-", f"c=IN IP4 {host}", "t=0 0"]
    lines += [f"m=audio {port} RTP/AVP 8 101", "a=rtpmap:101 telephone-event/8000", *([more] if more else [])]
    if picture is not None:
        lines += [f"m=video {picture} RTP/AVP 99", "a=rtpmap:99 H264/90000"]
    return "\r\n".join([*lines, ""]).encode()


@dataclass(frozen=True)
class Say:
    """One answer to an INVITE, so many seconds after it came."""

    after: float
    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    tag: str = ""  # of another phone than the first, where the call was forked


@dataclass(frozen=True)
class Manner:
    """How a phone behaves: its answers, then when it hangs up, seconds after our ACK."""

    says: tuple[Say, ...] = (Say(1, 180), Say(5, 200))
    body: bytes = sound(4000, host="10.2.2.2")
    lasts: float | None = None
    reinvited: int = 200
    deaf: bool = False
    contact: str = ""
    updates: bool = True
    cancels: bool = True  # whether a CANCEL is heard
    answers_bye: bool = True


@dataclass
class Held:
    """A call as the phone sees it."""

    invite: Request
    tag: str
    manner: Manner
    sent: bytes = b""
    heard: list[bytes] = field(default_factory=list)
    final: int = 0
    acks: int = 0
    ended: str = ""  # bye (by us), cancel, hung_up (by it)
    seq: int = 100
    tags: dict[str, str] = field(default_factory=dict)


class FarEnd:
    """What answers at one address: phones by the user part of what was dialled."""

    def __init__(self, net: "Net", hop: Hop) -> None:
        self.net, self.hop = net, hop
        self.manners: dict[str, list[Manner]] = {}
        self.default = Manner()
        self.got: list[Request] = []
        self.answers: list[Response] = []
        self.calls: dict[str, Held] = {}
        self.on_request: Callable[[Request], Response | None] | None = None

    def methods(self) -> list[str]:
        return [request.method for request in self.got]

    def one(self) -> Held:
        (held,) = self.calls.values()
        return held

    def receive(self, data: bytes) -> None:
        read = message.read(data)
        if isinstance(read, Response):
            self.answers.append(read)
            if read.status >= 200 and read.sequence[1] == "INVITE":
                self._ack(read)
            return
        self.got.append(read)
        if self.on_request is not None and (made := self.on_request(read)) is not None:
            self._send(made)
            return
        handler = getattr(self, f"_{read.method.lower()}", None)
        if handler is not None:
            handler(read)

    def _send(self, what: Request | Response) -> None:
        self.net.carry(bytes(what), self.hop, US)

    def _say(self, to: Request, status: int, *headers: tuple[str, str], tag: str, body: bytes = b"") -> None:
        more = [("content-type", "application/sdp")] if body else []
        contact = ("contact", f"<sip:{tag}@{self.hop}>")
        self._send(answer_to(to, status, contact, *headers, *more, tag=tag, source=US, body=body))

    def _invite(self, request: Request) -> None:
        held = self.calls.get(request.get("call-id"))
        if held is not None and tag_of(request.get("to")):
            return self._reinvite(request, held)
        if held is not None and held.invite.branch == request.branch:
            return None
        user = uri_of(request.uri).removeprefix("sip:").partition("@")[0]
        manners = self.manners.get(user)
        manner = self.default if not manners else manners.pop(0) if len(manners) > 1 else manners[0]
        held = Held(request, f"t{len(self.calls)}x{self.hop.host[-1]}", manner)
        held.heard.append(request.body)
        self.calls[request.get("call-id")] = held
        for say in manner.says:
            self.net.later(say.after, partial(self._told, held, say))
        return None

    def _told(self, held: Held, say: Say) -> None:
        if held.ended or (held.final and not say.tag):
            return
        tag = say.tag or held.tag
        body = say.body or (held.manner.body if say.status == 200 else b"")
        held.sent = body or held.sent
        allow = (
            "allow",
            "INVITE, ACK, BYE, CANCEL, UPDATE" if held.manner.updates else "INVITE, ACK, BYE, CANCEL",
        )
        if say.status < 200:
            self._say(held.invite, say.status, *say.headers, tag=tag, body=body)
            return
        held.final = held.final or say.status
        self._repeat(
            held, lambda: self._say(held.invite, say.status, allow, *say.headers, tag=tag, body=body), tag
        )

    def _repeat(self, held: Held, send: Callable[[], None], tag: str, pause: float = 0.5) -> None:
        if held.tags.get(tag):
            return
        if pause > 32:  # nobody acknowledges: given up (RFC 3261, 13.3.1.4)
            held.ended = held.ended or "given_up"
            return
        send()
        self.net.later(min(pause, 4), lambda: self._repeat(held, send, tag, pause * 2))

    def _reinvite(self, request: Request, held: Held) -> None:
        held.heard.append(request.body)
        held.tags.pop(held.tag, None)
        status = held.manner.reinvited
        held.sent = held.manner.body
        self._repeat(
            held,
            lambda: self._say(request, status, tag=held.tag, body=held.sent if status == 200 else b""),
            held.tag,
        )

    def _ack(self, request: Request | Response) -> None:
        held = self.calls.get(request.get("call-id"))
        if held is None:
            return
        if isinstance(request, Response):
            ack = self.inside(held, "ACK", seq=request.sequence[0])
            if request.status >= 300:  # of the same transaction
                ack = replace(ack, headers=(("via", request.get("via")), *ack.headers[1:]))
            self._send(ack)
            return
        held.acks += 1
        first = not held.tags
        held.tags[tag_of(request.get("to"))] = "acked"
        if request.body:
            held.heard.append(request.body)
        if first and held.final == 200 and held.manner.lasts is not None:
            self.net.later(held.manner.lasts, lambda: self.hang_up(held))

    def _bye(self, request: Request) -> None:
        held = self.calls[request.get("call-id")]
        if tag_of(request.get("to")) == held.tag:
            held.ended = held.ended or "bye"
        if held.manner.answers_bye:
            self._say(request, 200, tag=held.tag)

    def _cancel(self, request: Request) -> None:
        held = self.calls[request.get("call-id")]
        if not held.manner.cancels:
            return
        self._say(request, 200, tag=held.tag)
        if not held.final:
            held.ended, held.final = "cancel", 487
            self._repeat(held, lambda: self._say(held.invite, 487, tag=held.tag), held.tag)

    def _update(self, request: Request) -> None:
        self._say(request, 200, tag=tag_of(request.get("to")))

    _prack = _update

    def _options(self, request: Request) -> None:
        self._say(request, 200, tag="o")

    def _message(self, request: Request) -> None:
        self._say(request, 202, tag="m")

    def inside(
        self, held: Held, method: str, *headers: tuple[str, str], seq: int = 0, body: bytes = b""
    ) -> Request:
        """A request of its own in that call."""
        if not seq:
            held.seq += 1
            seq = held.seq
        via = ("via", f"SIP/2.0/UDP {self.hop};branch=z9hG4bK{self.net.chance.getrandbits(64):x}")
        said = [
            via, ("max-forwards", "70"), ("from", f"{held.invite.get('to')};tag={held.tag}"),
            ("to", held.invite.get("from")), ("call-id", held.invite.get("call-id")), ("cseq", f"{seq} {method}"),
            ("contact", f"<sip:{held.tag}@{self.hop}>"), *headers,
            *([("content-type", "application/sdp")] if body else []),
        ]  # fmt: skip
        return Request(tuple(said), body, method=method, uri=uri_of(held.invite.get("contact")))

    def ask(self, held: Held, method: str, *headers: tuple[str, str], body: bytes = b"") -> Request:
        made = self.inside(held, method, *headers, body=body)
        self._send(made)
        return made

    def hang_up(self, held: Held, *headers: tuple[str, str]) -> None:
        if not held.ended:
            held.ended = "hung_up"
            made = self.inside(held, "BYE", *headers)
            for again in range(5):
                self.net.later(again, lambda: self._send(made))


class Net:
    """The agent, its far ends, and what carries their messages; all moves when `run` is told."""

    def __init__(
        self,
        *,
        loses: Callable[[], bool] = lambda: False,
        now: datetime = START,
        seed: int = 1,
        latency: timedelta = LATENCY,
        **sip: Any,
    ) -> None:
        self.now = now
        self.chance = Random(seed)
        self.loses = loses
        self.news: list[Update] = []
        self._events: list[tuple[datetime, int, Callable[[], None]]] = []
        self._order = count()
        self.plan: Plan = read({**SIP, **sip})
        self.ends = {hop: FarEnd(self, hop) for hop in (CARRIER, SPARE, EXCHANGE, ANNOUNCER)}
        self.carrier, self.exchange = self.ends[CARRIER], self.ends[EXCHANGE]
        self.spare, self.announcer = self.ends[SPARE], self.ends[ANNOUNCER]
        instant = Manner(says=(Say(0.2, 200),), body=sound(5000, picture=5002))
        self.exchange.default = self.announcer.default = instant
        self.gone: set[Hop] = set()  # nobody is there
        self.journal: dict[str, dict[str, Any]] = {}
        self.latency = latency
        self.start()

    def start(self) -> None:
        """An agent with nothing in mind."""
        self.chance.random()
        self.wire = Wire(
            lambda data, hop: self.carry(data, US, hop), self.now, {"udp": US}, self.chance, self.plan.times
        )
        self.agent = Agent(self.plan, self.wire, self._note)

    def _note(self, call: Call) -> None:
        self.journal[call.dial.key] = json.loads(json.dumps(remember(call)))

    def restart(self, *, after: float = 1.0, knows: bool = True) -> None:
        """The agent's process dies this moment and another is there so many seconds later, with its journal."""
        live = [self.journal[key] for key in self.agent.calls]
        here, self.gone = self.gone, {US}
        self.wire._heap.clear()
        self.run(after)
        self.gone = here
        self.start()
        for said in live if knows else []:
            self.agent.resume(said)

    def later(self, seconds: float, do: Callable[[], None]) -> None:
        heapq.heappush(self._events, (self.now + timedelta(seconds=seconds), next(self._order), do))

    def carry(self, data: bytes, source: Hop, hop: Hop) -> None:
        if source == US:
            self.now = max(self.now, self.wire.now)
        if self.loses() or hop in self.gone:
            return
        at = self.now + self.latency
        deliver = (
            (lambda: self.agent.board.receive(data, source))
            if hop == US
            else (lambda: self.ends[hop].receive(data))
        )
        heapq.heappush(self._events, (at, next(self._order), deliver))

    def run(self, seconds: float) -> None:
        self.run_until(self.now + timedelta(seconds=seconds))

    def run_until(self, until: datetime) -> None:
        while True:
            timer = self.wire.next_at()
            event = self._events[0][0] if self._events else None
            at = min(filter(None, (timer, event)), default=until)
            if at > until:
                break
            if timer is not None and timer == at:
                self.now = max(self.now, at)
                self.wire.advance(self.now)
            elif event is not None:
                self.now = max(self.now, at)
                self.wire.advance(self.now)
                heapq.heappop(self._events)[2]()
            else:
                break
            self.news += self.agent.collect()
        self.now = max(self.now, until)
        self.wire.advance(self.now)
        self.news += self.agent.collect()

    def place(
        self,
        number: str = "+8619000000001",
        *,
        kind: CallKind = CallKind.VOICE,
        desk: str = DESK,
        **given: Any,
    ) -> Dial:
        self.wire.advance(self.now)
        dial = dial_of(number, kind=kind, desk=desk, **given)
        self.agent.place(dial)
        self.news += self.agent.collect()
        return dial

    @property
    def told(self) -> list[tuple[str, str]]:
        return [(str(u.status), str(u.result or "")) for u in self.news]

    @property
    def last(self) -> Update:
        return self.news[-1]


def dial_of(number: str, *, kind: CallKind = CallKind.VOICE, desk: str = DESK, **given: Any) -> Dial:
    plain = a_dial(number, kind=kind, **given)
    return Dial(
        plain.key,
        plain.number,
        plain.kind,
        plain.dialled_at,
        plain.mode,
        plain.tag,
        plain.external_id,
        desk=desk,
    )


def refusing(
    *statuses: int, rings: bool = False, headers: Sequence[tuple[str, str]] = (), after: float = 2
) -> Manner:
    says = [Say(1, 180)] if rings else []
    return Manner(says=(*says, *(Say(after, status, tuple(headers)) for status in statuses)))
