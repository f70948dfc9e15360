"""Telephone numbers: normalised to E.164, found by a keyed index, shown masked."""

import re
import unicodedata

from telephony import sealing

_DIGITS = re.compile(r"\+?[0-9]+")  # not \d, which takes digits of every script
_MOBILE = re.compile(r"1[3-9]\d{9}")
_SERVICE_PREFIXES = ("0086", "86")


class BadNumber(ValueError):
    """Not a telephone number; the message says which rule it breaks, never the number."""


def normalise(text: str) -> str:
    """A number as E.164: full-width digits, spaces, hyphens, brackets, 0086 and +86 all mean the same.

    A mainland mobile number has eleven digits and begins with 13 to 19; a land line comes with its area
    code, or without the leading 0 after +86. Other countries' numbers need their leading +.
    Raises BadNumber.
    """
    plain = unicodedata.normalize("NFKC", text)
    plain = re.sub(r"[\s\-‐-―()（）.·]", "", plain)
    if not _DIGITS.fullmatch(plain):
        raise BadNumber("only digits, spaces, hyphens, brackets and a leading + may stand in a phone number")
    if plain.startswith("+") and not plain.startswith("+86"):
        if not 8 <= len(plain) - 1 <= 15:
            raise BadNumber("a number from abroad has 8 to 15 digits after the + (E.164)")
        return plain
    national = plain.removeprefix("+86") if plain.startswith("+") else _without_country(plain)
    if _MOBILE.fullmatch(national):
        return "+86" + national
    trunked = national if national.startswith("0") else "0" + national
    if re.fullmatch(r"0(10|2\d|[3-9]\d{2})\d{7,8}", trunked) and len(trunked) >= 11:
        return "+86" + trunked[1:]
    raise BadNumber("a mobile number has 11 digits and begins with 13 to 19; a land line needs its area code")


def _without_country(digits: str) -> str:
    for prefix in _SERVICE_PREFIXES:
        rest = digits.removeprefix(prefix)
        if rest != digits and len(rest) >= 10:
            return rest
    return digits


def index(number: str) -> str:
    """The keyed index under which a normalised number is looked up (hex, 64 characters)."""
    return sealing.index("number", number)


def mask(number: str) -> str:
    """`+8619000000001` as `190****0001`; what is too short to mask is hidden whole."""
    national = number.removeprefix("+86")
    if len(national) < 8:
        return "****"
    return f"{national[:3]}****{national[-4:]}"
