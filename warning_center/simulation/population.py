"""Who may be warned of: invented people and their phones, each the same for the same seed. No Django."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from dispatch import identity
from warning_center.simulation import odds

LAST_YEAR = 2026
AREAS = {  # counties of the demonstration city: where people live, roughly
    "440902": (21.65, 110.92),
    "440904": (21.53, 111.01),
    "440981": (21.90, 110.85),
    "440982": (21.64, 110.64),
    "440983": (22.33, 110.95),
}
NAMES = ("甲", "乙", "丙", "丁", "戊", "己", "庚", "辛", "壬", "癸")


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody invented: the phones are of the series 190, the order number in the ID number is nobody's."""

    number: int
    phones: tuple[str, ...]
    id_number: str
    name: str
    sex: str
    age: int
    area: str
    lat: float
    lon: float


def people(seed: int) -> Iterator[Person]:
    """One after the other, without end."""
    number, before = 0, ""
    while True:
        person = _person(seed, number, before)
        yield person
        number, before = number + 1, person.phones[0]


def _person(seed: int, number: int, before: str) -> Person:
    luck = Random(f"{seed}:person:{number}")  # noqa: S311
    age = luck.randint(*odds.draw(odds.AGES, luck))
    area = luck.choice(sorted(AREAS))
    lat, lon = AREAS[area]
    first = f"190{number * 2:08d}"
    if before and odds.SHARED_PHONE.falls(luck):
        first = before
    sex = luck.choice(("male", "female"))
    order = 980 + luck.randrange(10) * 2 + (sex == "male")
    day = f"{luck.randint(1, 12):02d}{luck.randint(1, 28):02d}"
    body = f"{area}{LAST_YEAR - 1 - age}{day}{order}"[:17]
    return Person(
        number=number,
        phones=(first, f"190{number * 2 + 1:08d}"),
        id_number=body + identity.check_digit(body),
        name=f"测{luck.choice(NAMES)}{number}",
        sex=sex,
        age=age,
        area=area,
        lat=round(lat + luck.uniform(-0.05, 0.05), 5),
        lon=round(lon + luck.uniform(-0.05, 0.05), 5),
    )
