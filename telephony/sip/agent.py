"""The user agent: which message belongs to which transaction, leg and call; news collected; ways out looked after."""

import logging
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

from telephony.carrier import ANNOUNCE, CallResult, CallStatus, CarrierError, Dial, Update
from telephony.sip import memory
from telephony.sip.call import Call
from telephony.sip.dialog import Dialog
from telephony.sip.digest import Authorizer, Credentials
from telephony.sip.errand import Errand
from telephony.sip.fields import Hop, hop_of
from telephony.sip.leg import Leg, Way
from telephony.sip.location import Target, ordered
from telephony.sip.message import Request, Response
from telephony.sip.plan import Plan, is_straight
from telephony.sip.switchboard import Switchboard
from telephony.sip.transactions import Heard
from telephony.sip.wire import Wire

logger = logging.getLogger(__name__)
KEPT = timedelta(hours=1)  # a call that ended longer ago is forgotten


@dataclass(slots=True)
class Place:
    """One server of a way out, and what is known of it."""

    hop: Hop
    rests_until: datetime | None = None
    answered_at: datetime | None = None
    silent: bool = False

    def rests(self, now: datetime) -> bool:
        return self.rests_until is not None and self.rests_until > now


class Peer:
    """One way out: by itself, or by the servers that its name leads to."""

    def __init__(self, hop: Hop) -> None:
        self.hop = hop
        self._targets: tuple[Target, ...] = (Target((hop,)),)
        self._places = {hop: Place(hop)}

    @property
    def places(self) -> list[Place]:
        return list(self._places.values())

    def lead_to(self, targets: Sequence[Target]) -> None:
        """What is known of servers that stay is kept."""
        self._targets = tuple(targets)
        hops = [hop for target in targets for hop in target.hops]
        self._places = {hop: self._places.get(hop) or Place(hop) for hop in hops}

    def in_turn(self, chance: Random) -> list[Place]:
        """As they are to be tried this time."""
        return [self._places[hop] for hop in ordered(self._targets, chance)]


class Agent:
    """Driven from outside: `receive` what came, let the wire `advance`, `collect` the news. For one thread."""

    def __init__(self, plan: Plan, wire: Wire, note: Callable[[Call], None] = lambda _: None) -> None:
        self.plan, self.wire = plan, wire
        self.calls: dict[str, Call] = {}  # live, by key
        self.ended: dict[str, Update] = {}
        self.peers = [Peer(hop) for hop in plan.trunk]
        self.exchange = [Peer(hop) for hop in plan.desks]
        self._note = note
        self._news: deque[Update] = deque()
        self._friends = {peer.hop.host for peer in (*self.peers, *self.exchange)}
        self.board = Switchboard(wire, friends=self._friends, heard_of=self._witness)
        if plan.ping:
            self._ping()

    def located(self, hop: Hop, targets: Sequence[Target]) -> None:
        """The servers that the name of a way out leads to now."""
        for peer in (*self.peers, *self.exchange):
            if peer.hop == hop:
                peer.lead_to(targets)
                self._friends |= {place.hop.host for place in peer.places}

    # ---- The port

    def place(self, dial: Dial) -> str:
        """Begin a call. Raises CarrierError: certain if it is refused, not so if its key has been used."""
        if dial.key in self.calls or dial.key in self.ended:
            raise CarrierError("asked twice for one call", certain=False)
        call = self._make(dial)
        self.calls[dial.key] = call
        call.start()
        self._note(call)
        return call.external_id

    def resume(self, said: Mapping[str, Any]) -> None:
        """Go on with a call that the journal of a run before has. Raises CarrierError if it cannot be rung any more."""
        dial = memory.dial_of(said)
        call = self._make(dial)
        for leg in (call.lead, call.person):
            self.board.legs.pop(leg.dialog.call_id)
        self.calls[dial.key] = call
        for leg, was in ((call.lead, said["lead"]), (call.person, said["person"])):
            self.board.legs[was["dialog"]["call_id"]] = leg
        memory.revive(call, said)
        if call.status is not CallStatus.ENDED:
            self._note(call)

    def find(self, dial: Dial) -> Update | None:
        """Where a call stands; None if there never was such a one, or it was forgotten."""
        call = self.calls.get(dial.key)
        return call.update() if call else self.ended.get(dial.key)

    def hang_up(self, dial: Dial) -> None:
        if call := self.calls.get(dial.key):
            call.hang_up()

    def send_text(self, number: str, body: str, heard: Callable[[int | None], None]) -> None:
        """An SMS through the trunk as a MESSAGE (RFC 3428); `heard` gets the final status, None for no answer."""
        ways = self._ways(self.peers)
        uri, caller = self.plan.person(number), self.plan.shown(outside=True)
        said = (("content-type", "text/plain;charset=UTF-8"), *caller.headers)

        def final(response: Response | None) -> None:
            if response is None or response.status >= 200:
                heard(None if response is None else response.status)

        self._ask_outside("MESSAGE", uri, ways[0].hop, caller.value, said, body.encode(), final)

    def collect(self) -> list[Update]:
        """The news since the last time."""
        news = list(self._news)
        self._news.clear()
        return news

    def _make(self, dial: Dial) -> Call:
        name, uri, ways = self._lead(dial)
        call = Call(self.wire, dial, self.plan.limits, tell=self._tell, note=self._note)
        call.lead = self._leg(call, name, uri, ways, self.plan.desk_user, outside=False)
        uri, ways = self.plan.person(dial.number), self._ways(self.peers)
        call.person = self._leg(call, "person", uri, ways, self.plan.trunk_user, outside=True)
        return call

    def _lead(self, dial: Dial) -> tuple[str, str, list[Way]]:
        """Who leads a call: an announcer or a desk's phone, its address and the ways to it. Raises CarrierError."""
        if dial.mode == ANNOUNCE:
            if not self.plan.announcer:
                raise _refused("announcer", "none is configured (SIP_ANNOUNCER): nothing can be announced")
            uri = self.plan.spoken(dial)
            return "announcer", uri, [Way(hop_of(uri), _never)]
        try:
            uri = self.plan.desk(dial.desk)
        except ValueError:
            raise _refused("desk", "it has no extension or SIP address that can be rung") from None
        return (
            "desk",
            uri,
            [Way(hop_of(uri), _never)] if is_straight(dial.desk) else self._ways(self.exchange),
        )

    def _leg(
        self, call: Call, name: str, uri: str, ways: Sequence[Way], who: Credentials | None, *, outside: bool
    ) -> Leg:
        leg = Leg(
            self.wire, self.board, call, name=name, uri=uri, ways=ways, caller=self.plan.shown(outside=outside),
            authorizer=Authorizer(who, self.wire.draw), interval=self.plan.interval,
        )  # fmt: skip
        self.board.legs[leg.dialog.call_id] = leg
        return leg

    def _ways(self, peers: Iterable[Peer]) -> list[Way]:
        """Those that do not rest first."""

        def rest(place: Place) -> Callable[[int], None]:
            def until(seconds: int) -> None:
                place.rests_until = self.wire.now + timedelta(seconds=min(seconds, 3600))

            return until

        def rests(place: Place) -> bool:
            return place.silent or place.rests(self.wire.now)

        places = [place for peer in peers for place in peer.in_turn(self.wire.chance)]
        return [Way(place.hop, rest(place)) for place in sorted(places, key=rests)]

    def _tell(self, update: Update) -> None:
        self._news.append(update)
        if update.status is CallStatus.ENDED:
            call = self.calls.pop(update.key)
            self.ended[update.key] = update
            for key, old in list(self.ended.items())[:2]:  # the oldest come first
                if old.at is not None and old.at < self.wire.now - KEPT:
                    del self.ended[key]
            self.wire.later(self.wire.times.given_up, lambda: self._forget(call))

    def _forget(self, call: Call) -> None:
        for leg in (call.lead, call.person):
            self.board.legs.pop(leg.dialog.call_id, None)

    # ---- Outside any call

    def _ping(self) -> None:
        """Ask each way out whether it is there."""
        for place in self._places():

            def heard(response: Response | None, place: Place = place) -> None:
                place.silent = response is None
                if response is not None:
                    place.answered_at = self.wire.now

            uri = f"sip:{place.hop}"
            self._ask_outside(
                "OPTIONS", uri, place.hop, f"<sip:{self.plan.caller_id}@{self.plan.domain}>", (), b"", heard
            )
        self.wire.later(self.plan.ping, self._ping)

    def _witness(self, hop: Hop) -> None:
        for place in self._places():
            if hop in (place.hop, self.wire.address(place.hop)):
                place.silent, place.answered_at = False, self.wire.now

    def _places(self) -> list[Place]:
        return [place for peer in (*self.peers, *self.exchange) for place in peer.places]

    def _ask_outside(
        self,
        method: str,
        uri: str,
        hop: Hop,
        caller: str,
        said: Sequence[tuple[str, str]],
        body: bytes,
        heard: Heard,
    ) -> None:
        way = self.wire.address(hop) or hop
        dialog = Dialog(
            f"{self.wire.draw()}@{self.wire.own['udp'].host}",
            f"{caller};tag={self.wire.draw()}",
            f"<{uri}>",
            uri,
            way,
        )

        def build() -> tuple[Request, Hop]:
            request, _ = dialog.request(self.wire, method, *said, body=body)
            headers = (self.wire.via(way), *(h for h in request.headers if h[0] != "via"))
            return replace(request, headers=headers), way

        Errand(self.board, Authorizer(self.plan.trunk_user, self.wire.draw), build, heard)

    def health(self) -> dict[str, Any]:
        """How many calls there are, and which ways out answer."""
        ways = {
            str(peer.hop): {
                "answers": any(not place.silent for place in peer.places),
                "rests": all(place.rests(self.wire.now) for place in peer.places),
                "answered_at": max(
                    (place.answered_at.isoformat() for place in peer.places if place.answered_at),
                    default=None,
                ),
            }
            for peer in (*self.peers, *self.exchange)
        }
        return {
            "calls": len(self.calls),
            "transactions": self.board.busy,
            "ways": ways,
        }


def _refused(what: str, why: str) -> CarrierError:
    return CarrierError(f"{what}: {why}", certain=True, result=CallResult.FAILED_HERE, evidence={what: why})


def _never(seconds: int) -> None:
    """A phone of our own is not a way that rests."""
