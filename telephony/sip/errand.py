"""One thing asked of a far end: a request, and again with an answer to its challenge."""

from collections.abc import Callable
from typing import Protocol

from telephony.sip.digest import HEADERS, Authorizer
from telephony.sip.fields import Hop
from telephony.sip.message import Request, Response
from telephony.sip.transactions import ClientTransaction, Heard

TRIES = 4  # two challengers on the way, each with a nonce too old once


class Begins(Protocol):
    def begin(self, request: Request, hop: Hop, heard: Heard, *, sent: bool = False) -> ClientTransaction:
        """Start a client transaction; `sent`: go on with one of before we were started."""
        ...


class Errand:
    """`build` makes the request anew for each try; `heard` gets what is not a challenge we can answer."""

    def __init__(
        self, agent: Begins, authorizer: Authorizer, build: Callable[[], tuple[Request, Hop]], heard: Heard
    ) -> None:
        self.keen = True  # whether a challenge is worth answering still
        self._agent = agent
        self._authorizer = authorizer
        self._build = build
        self._heard = heard
        self._answered: set[str] = set()  # challengers (WWW, proxy) answered within this errand
        self._left = TRIES
        self._go()

    def _go(self) -> None:
        self._left -= 1
        request, hop = self._build()
        request = request.having(*self._authorizer.headers(request.method, request.uri))
        self.transaction = self._agent.begin(request, hop, self._hear)

    def _hear(self, response: Response | None) -> None:
        if response is not None and response.status in HEADERS and self.keen and self._left:
            who = HEADERS[response.status][0]
            if self._authorizer.take(response, answered=who in self._answered):
                self._answered.add(who)
                self._go()
                return
        self._heard(response)
