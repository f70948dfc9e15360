"""Which calls go by the page in a browser, what their link's address is, and the text that carries it."""

from typing import Protocol, runtime_checkable

from telephony import lines, sealing
from telephony.carrier import Carrier
from telephony.models import Call, Text
from telephony.video import secret
from telephony.video.card import Card

LINK = "{link}"  # stands in a text where the address goes


@runtime_checkable
class Invites(Carrier, Protocol):
    """A carrier whose calls are pages. `invite` may raise CarrierError."""

    def invite(self, key: str, link: str, card: Card) -> None:
        """Let the link with that hash open the call."""
        ...

    def address(self, secret: str) -> str:
        """What the person is sent."""
        ...

    def desk(self, key: str, wall: float) -> dict[str, str]:
        """How the operator's browser comes to the call."""
        ...


def page_of(call: Call) -> Invites | None:
    """The carrier of a call that goes by the page; else None."""
    made = lines.carrier(call.trunk.carrier) if call.trunk is not None else None
    return made if isinstance(made, Invites) else None


def secret_of(call: Call) -> str:
    """The link's secret, made anew from our key whenever it is needed, so that no row holds it."""
    return secret.of(bytes.fromhex(sealing.index("link", str(call.key))))


def filled(text: Text) -> str:
    """The words that are sent: the address in the mark's place."""
    if LINK not in text.body:
        return text.body
    call = Call.objects.select_related("trunk").defer("number").get(link__text=text)
    page = page_of(call)
    return text.body if page is None else text.body.replace(LINK, page.address(secret_of(call)))
