"""Which message belongs to which transaction and which leg, and what is answered to strangers (RFC 3261, 17 and 18)."""

import logging
from collections.abc import Callable, Collection
from functools import partial
from typing import Any

from telephony.sip import message
from telephony.sip.dialog import Dialog
from telephony.sip.digest import Authorizer
from telephony.sip.errand import Errand
from telephony.sip.fields import Hop, tag_of, uri_of
from telephony.sip.leg import Leg
from telephony.sip.message import BadMessage, Request, Response
from telephony.sip.talk import ALLOW
from telephony.sip.transactions import ClientTransaction, Heard, ServerTransaction, answer_to
from telephony.sip.wire import Wire

logger = logging.getLogger(__name__)


class Switchboard:
    """`friends` are hosts that may answer what we no longer know of; `heard_of` is told of each that answers."""

    def __init__(self, wire: Wire, *, friends: Collection[str], heard_of: Callable[[Hop], None]) -> None:
        self.wire = wire
        self.legs: dict[str, Leg] = {}  # by Call-ID
        self._friends, self._heard_of = friends, heard_of
        self._clients: dict[tuple[str, str], ClientTransaction] = {}
        self._servers: dict[tuple[str, ...], ServerTransaction] = {}
        self._strays: dict[tuple[str, str], Request] = {}

    @property
    def busy(self) -> int:
        """How many transactions there are."""
        return len(self._clients) + len(self._servers)

    def receive(self, data: bytes, source: Hop) -> None:
        """One message as it came. What cannot be read is dropped."""
        if not data.strip(b"\r\n\0"):
            return  # a keep-alive
        try:
            read = message.read(data)
        except BadMessage as fault:
            logger.info("dropped what %s sent: %s", source, fault)
            return
        if isinstance(read, Response):
            self._hear(read, source)
        else:
            self._asked(read, source)

    def lost(self, hop: Hop) -> None:
        """A connection that could not be made, or broke."""
        for transaction in list(self._clients.values()):
            if transaction.hop == hop:
                transaction.fail()

    def begin(self, request: Request, hop: Hop, heard: Heard, *, sent: bool = False) -> ClientTransaction:
        key = request.branch, request.method

        made = ClientTransaction(
            self.wire, request, hop, heard, partial(_drop, self._clients, key), sent=sent
        )
        self._clients[key] = made
        return made

    def _hear(self, response: Response, source: Hop) -> None:
        method = response.sequence[1]
        if going := self._clients.get((response.branch, method)):
            self._heard_of(going.hop)
            going.hear(response)
            return
        if method == "INVITE" and 200 <= response.status < 300:
            leg = self.legs.get(response.get("call-id"))
            if leg is not None and leg.is_from_it(response):
                leg.hear_again(response)
            elif leg is not None or source.host in {
                self.wire.names.get(host, host) for host in self._friends
            }:
                self._leave_stray(response, source)

    def _leave_stray(self, response: Response, source: Hop) -> None:
        """A second phone that answered, or a call of before we were started: acknowledged, and hung up at once."""
        which = response.get("call-id"), tag_of(response.get("to"))
        if not which[1]:
            return
        seq = response.sequence[0]
        dialog = Dialog(which[0], response.get("from"), "", uri_of(response.get("to")), source, seq=seq)
        dialog.take(response)
        known = which in self._strays
        ack, hop = dialog.request(self.wire, "ACK", seq=seq)
        self._strays.setdefault(which, ack)
        self.wire.put(self._strays[which], hop)
        if not known:
            who = (
                self.legs[which[0]].authorizer if which[0] in self.legs else Authorizer(None, self.wire.draw)
            )
            Errand(self, who, lambda: dialog.request(self.wire, "BYE"), lambda _: None)
            self.wire.later(self.wire.times.given_up, partial(_drop, self._strays, which))

    def _asked(self, request: Request, source: Hop) -> None:
        method = "INVITE" if request.method == "ACK" else request.method
        key = request.branch, request.all("via")[0].split(";")[0], request.get("call-id"), method
        known = self._servers.get(key)
        leg = self._leg_of(request)
        if request.method == "ACK":
            if known is not None:
                known.acked()
            elif leg is not None:
                leg.ack_came(request)
        elif known is not None:
            known.hear_again()
        else:
            going = ServerTransaction(self.wire, request, source, partial(_drop, self._servers, key))
            self._servers[key] = going
            self._answer(request, going, leg, key)

    def _answer(
        self, request: Request, going: ServerTransaction, leg: Leg | None, key: tuple[str, ...]
    ) -> None:
        if request.method == "CANCEL":
            taken_back = self._servers.get((*key[:3], "INVITE"))
            going.answer(answer_to(request, 481 if taken_back is None else 200, source=going.source))
            if taken_back is not None and leg is not None:
                leg.cancel_came(taken_back)
        elif leg is not None:
            leg.request_came(request, going)
        else:
            inside = tag_of(request.get("to"))
            status = 481 if inside else {"OPTIONS": 200, "INVITE": 403}.get(request.method, 405)
            going.answer(answer_to(request, status, ALLOW, tag=self.wire.draw(), source=going.source))

    def _leg_of(self, request: Request) -> Leg | None:
        leg = self.legs.get(request.get("call-id"))
        theirs = tag_of(request.get("to")), tag_of(request.get("from"))
        return leg if leg is not None and leg.dialog.tags == theirs else None


def _drop(mapping: dict[Any, Any], key: object) -> None:
    mapping.pop(key, None)
