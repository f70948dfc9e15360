"""Mainland ID numbers (GB 11643-1999): normalised, checked, read for what they say, shown masked. No Django."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"


class BadIdNumber(ValueError):
    """Not an ID number; the message says which rule it breaks, never the number."""


@dataclass(frozen=True, slots=True)
class Identity:
    """An ID number of 18 characters and what it says of its holder."""

    number: str
    adcode: str
    born: date | None  # None: the digits are no date
    sex: str
    check_agrees: bool

    def age_on(self, day: date) -> int | None:
        """Whole years on that day."""
        if self.born is None:
            return None
        return day.year - self.born.year - ((day.month, day.day) < (self.born.month, self.born.day))


def check_digit(first_17: str) -> str:
    """The eighteenth character (GB 11643-1999: weighted sum modulo 11)."""
    total = sum(int(digit) * weight for digit, weight in zip(first_17, _WEIGHTS, strict=True))
    return _CHECKS[total % 11]


def read(text: str) -> Identity:
    """Normalise (full-width, spaces, hyphens, a small x; 15 old digits become 18) and read. Raises BadIdNumber."""
    plain = re.sub(r"[\s\-]", "", unicodedata.normalize("NFKC", text)).upper()
    if re.fullmatch(r"[0-9]{15}", plain):
        first = f"{plain[:6]}19{plain[6:]}"
        plain = first + check_digit(first)
    if not re.fullmatch(r"[0-9]{17}[0-9X]", plain):
        raise BadIdNumber("an ID number has 17 digits and a last digit or X (GB 11643)")
    return Identity(
        number=plain,
        adcode=plain[:6],
        born=_date(plain[6:14]),
        sex="male" if int(plain[16]) % 2 else "female",
        check_agrees=plain[17] == check_digit(plain[:17]),
    )


def _date(digits: str) -> date | None:
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return None


def mask_name(name: str) -> str:
    """`张三丰` as `张**`."""
    return name[:1] + "*" * min(len(name) - 1, 3) if len(name) > 1 else "*" * len(name)


def mask_id(number: str) -> str:
    """The area and the last character stay: `440904***********X`."""
    return f"{number[:6]}***********{number[-1]}" if len(number) == 18 else "*" * len(number)
