"""Video by a page in the phone's browser: the relay that serves it is asked over signed HTTP, always from inside.

The relay is told no number and no name: a call is its key there. The link goes to the person by SMS, which is another
carrier's; see `telephony.links`.
"""

import json
import logging
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError, URLError

from telephony.carrier import CallKind, CallResult, CarrierError, Dial, Update
from telephony.signing import post, sign, token
from telephony.video import card as cards
from telephony.video.card import Card
from telephony.video.wire import from_wire

logger = logging.getLogger(__name__)
REST = 5.0  # seconds without asking for news after the relay did not answer
TOKEN_HOLDS = 3600  # seconds


class PageCarrier:
    """Calls over a relay. Its news waits there until it is fetched (`collect`)."""

    def __init__(
        self, *, clock: Callable[[], datetime], url: str, secret: str, public: str = "", timeout: float = 3
    ) -> None:
        """`url` is where we reach the relay, `public` where phones and the operators' browsers do; seconds."""
        self.clock = clock
        self.url = url.rstrip("/")
        self.public = (public or url).rstrip("/")
        self.secret = secret
        self.timeout = timeout
        self._rests_until = 0.0

    def place(self, dial: Dial) -> str:
        """A room. Nobody is rung before the operator has the link sent."""
        if dial.kind is not CallKind.VIDEO:
            raise CarrierError("the page is for video calls", certain=True, evidence={"kind": dial.kind})
        return str(self._ask("place", {"key": dial.key})["external_id"])

    def find(self, dial: Dial) -> Update | None:
        found = self._ask("find", {"key": dial.key, "external_id": dial.external_id})["update"]
        return None if found is None else from_wire(found, self.clock())

    def hang_up(self, dial: Dial) -> None:
        self._ask("cut", {"key": dial.key})

    def send_text(self, *, key: str, number: str, body: str) -> str:
        raise CarrierError("the page carries no SMS", certain=True)

    def collect(self, now: datetime) -> list[Update]:
        """The news since the last time; none while the relay does not answer: then calls are asked after one by one."""
        if time.monotonic() < self._rests_until:
            return []
        try:
            return [from_wire(said, now) for said in self._ask("news", {})["news"]]
        except CarrierError as fault:
            self._rests_until = time.monotonic() + REST
            logger.warning("the relay told no news: %s", fault)
            return []

    def next_news_at(self) -> datetime | None:
        """People are not foreseen."""
        return None

    def invite(self, key: str, link: str, card: Card) -> None:
        """Let the link with that hash open the call's room, under that officer's face. Raises CarrierError."""
        self._ask("invite", {"key": key, "link": link, "card": cards.to_wire(card)})

    def address(self, secret: str) -> str:
        """The address that the person is sent."""
        return f"{self.public}/v/{secret}"

    def desk(self, key: str, wall: float) -> dict[str, str]:
        """How the operator's browser comes to the call: `line`, an address, and `token`, its first word there."""
        line = self.public.replace("http", "ws", 1) + "/line/desk"
        return {"line": line, "token": token(self.secret, {"desk": key}, until=wall + TOKEN_HOLDS)}

    def _ask(self, what: str, about: Mapping[str, object]) -> dict[str, Any]:
        """One request; the relay's answer. Raises CarrierError, certain only if nothing was done."""
        body = json.dumps(about).encode()
        try:
            answer: dict[str, Any] = json.loads(
                post(
                    f"{self.url}/inside/{what}", body, sign(self.secret, f"inside/{what}", body), self.timeout
                )
            )
        except HTTPError as refusal:
            raise _refusal(refusal.code) from None
        except (OSError, HTTPException, ValueError) as fault:
            reason = fault.reason if isinstance(fault, URLError) else fault
            raise CarrierError(
                "the relay did not answer",
                certain=isinstance(reason, ConnectionRefusedError),
                result=CallResult.CONGESTION,
                evidence={"fault": type(reason).__name__},
            ) from None
        return answer


def _refusal(status: int) -> CarrierError:
    """409: the call was asked for before; 410: the relay has begun anew since. Of these nothing is certain."""
    certain = 400 <= status <= 499 and status not in (409, 410)
    result = CallResult.CONGESTION if status == 429 or not certain else CallResult.FAILED_HERE
    return CarrierError("the relay refused", certain=certain, result=result, evidence={"http_status": status})
