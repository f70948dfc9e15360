"""What a directive reports, in the words a case needs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from dispatch.models import Unit
from dispatch.vocabulary import FraudType, Level, PlaceKind


@dataclass(frozen=True, slots=True)
class Person:
    """Who a report is about. `number` is E.164, `id_number` has 18 characters; one of them is there."""

    number: str = ""
    id_number: str = ""
    name: str = ""
    sex: str = ""
    birth_year: int | None = None
    occupation: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the person was last known to be; `accuracy` in metres around lat and lon."""

    lat: float | None = None
    lon: float | None = None
    adcode: str = ""
    address: str = ""
    kind: PlaceKind | None = None
    accuracy: int | None = None

    def __bool__(self) -> bool:
        return bool(self.lat is not None or self.adcode or self.address)


@dataclass(frozen=True, slots=True)
class Related:
    """Another person who may reach the target."""

    relation: str
    number: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """What a case needs from a directive."""

    person: Person
    fraud: FraudType
    issued_at: datetime
    source: str
    fallback: Unit
    upstream: Level | None = None
    sizes: Mapping[str, int] = field(default_factory=dict)
    amount: Decimal | None = None
    place: Place = field(default_factory=Place)
    contacts: tuple[Related, ...] = ()
