"""TwiML read into verbs: which may stand where, and with what inside. https://www.twilio.com/docs/voice/twiml"""

from collections.abc import Mapping
from dataclasses import dataclass
from xml.etree import ElementTree

from telephony.practice.codes import Refused

NESTED: Mapping[str, frozenset[str]] = {
    "Response": frozenset(
        {"Say", "Play", "Gather", "Dial", "Pause", "Hangup", "Redirect", "Record", "Reject"}
    ),
    "Gather": frozenset({"Say", "Play", "Pause"}),
    "Dial": frozenset({"Number", "Sip", "Conference", "Client"}),
}


@dataclass(frozen=True, slots=True)
class Verb:
    """One verb: its name, its attributes, its text, and what stands inside it."""

    name: str
    said: Mapping[str, str]
    text: str
    inside: tuple["Verb", ...] = ()

    def number(self, name: str, otherwise: float) -> float:
        """An attribute that is a number of seconds."""
        try:
            return float(self.said.get(name, otherwise))
        except ValueError:
            return otherwise


def read(text: str) -> tuple[Verb, ...]:
    """The verbs of a document, in order. Raises Refused: 12100 for no XML, 12200 for a verb that has no place."""
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise Refused(12100)
    try:
        root = ElementTree.fromstring(text.strip())  # noqa: S314 - entities are refused above
    except ElementTree.ParseError:
        raise Refused(12100) from None
    if root.tag != "Response":
        raise Refused(12200, f"<{root.tag}> is not <Response>")
    return _verb(root).inside


def _verb(node: ElementTree.Element) -> Verb:
    allowed = NESTED.get(node.tag, frozenset())
    for child in node:
        if child.tag not in allowed:
            raise Refused(12200, f"<{child.tag}> may not stand in <{node.tag}>")
    inside = tuple(_verb(child) for child in node)
    return Verb(node.tag, dict(node.attrib), (node.text or "").strip(), inside)
