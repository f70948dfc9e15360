"""What the page shows of the officer before it asks for anything: face, name, badge number, station."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

LARGEST_FACE = 400_000  # letters of its data address
FACES = ("data:image/jpeg;base64,", "data:image/png;base64,", "data:image/webp;base64,")


@dataclass(frozen=True, slots=True)
class Card:
    """`face` is a picture as a data address (JPEG, PNG or WebP); nothing here is about the person called."""

    name: str
    badge: str
    station: str
    face: str

    def __post_init__(self) -> None:
        """Raises ValueError for a card that would not let somebody check who it is."""
        if not (self.name.strip() and self.badge.strip() and self.station.strip()):
            raise ValueError("a card has a name, a badge number and a station")
        if not self.face.startswith(FACES) or len(self.face) > LARGEST_FACE:
            raise ValueError("a card has a face, and not too large a one")


def to_wire(card: Card) -> dict[str, str]:
    return asdict(card)


def from_wire(said: Mapping[str, Any]) -> Card:
    """Raises ValueError if it is not a card."""
    try:
        return Card(**said)
    except (TypeError, AttributeError) as fault:
        raise ValueError("not a card") from fault
