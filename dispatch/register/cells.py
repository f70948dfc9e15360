"""What one cell of a register says, or the rule it breaks."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date, time
from math import isfinite
from typing import Any
from zoneinfo import ZoneInfo

from dispatch.vocabulary import ShiftKind, UnitKind

KINDS = {
    **{kind.value: kind for kind in UnitKind},
    "市": UnitKind.CITY, "县": UnitKind.COUNTY, "区": UnitKind.COUNTY, "区县": UnitKind.COUNTY, "镇": UnitKind.TOWN,
    "乡": UnitKind.TOWN, "街道": UnitKind.TOWN, "乡镇": UnitKind.TOWN, "村": UnitKind.VILLAGE, "社区": UnitKind.VILLAGE,
    "派出所": UnitKind.STATION,
}  # fmt: skip
SHIFTS = {
    **{kind.value: kind for kind in ShiftKind},
    "": ShiftKind.REGULAR, "常规": ShiftKind.REGULAR, "节假日": ShiftKind.HOLIDAY, "替班": ShiftKind.STAND_IN,
}  # fmt: skip
LENGTHS = {
    UnitKind.CITY: (6,),
    UnitKind.COUNTY: (6,),
    UnitKind.TOWN: (9,),
    UnitKind.VILLAGE: (12,),
    UnitKind.STATION: (6, 9, 12),
}
_YES, _NO = {"1", "true", "yes", "是", ""}, {"0", "false", "no", "否"}
_PHONE = re.compile(r"[0-9+() \-]{0,32}")
_DAYS = str.maketrans("一二三四五六日天", "12345677")
_DAY_RANGE = re.compile(r"([1-7])\s*[-至到~]\s*([1-7])")


class BadCell(ValueError):
    """The rule a cell breaks: a message id for gettext."""


def kind(text: str) -> UnitKind:
    if text not in KINDS:
        raise BadCell("one of city, county, town, village, station")
    return KINDS[text]


def digits(text: str) -> str:
    """An administrative code; full-width digits are read too. Its length is for the kind to say."""
    code = unicodedata.normalize("NFKC", text)
    if len(code) not in (6, 9, 12) or not (code.isascii() and code.isdigit()):
        raise BadCell("an administrative code has 6, 9 or 12 digits")
    return code


def name(text: str) -> str:
    if not 0 < len(text) <= 64 or not text.isprintable():
        raise BadCell("a name of 1 to 64 characters")
    return text


def code(text: str) -> str:
    if len(text) > 32 or not text.isprintable() or " " in text:
        raise BadCell("at most 32 printable characters without spaces")
    return text


def lat(text: str) -> float | None:
    return _degrees(text, 90, BadCell("a latitude from -90 to 90"))


def lon(text: str) -> float | None:
    return _degrees(text, 180, BadCell("a longitude from -180 to 180"))


def _degrees(text: str, most: int, bad: BadCell) -> float | None:
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        raise bad from None
    if not isfinite(value) or abs(value) > most:
        raise bad
    return value


def phone(text: str) -> str:
    if not _PHONE.fullmatch(text):
        raise BadCell("at most 32 digits, spaces, hyphens, brackets and +")
    return text


def room(text: str) -> int:
    if not text:
        return 20
    if not (text.isascii() and text.isdigit() and len(text) < 5 and int(text) <= 1000):
        raise BadCell("a whole number from 0 to 1000")
    return int(text)


def zone(text: str) -> str:
    text = text or "Asia/Shanghai"
    try:
        ZoneInfo(text)
    except (KeyError, ValueError, OSError):
        raise BadCell("a time zone such as Asia/Shanghai") from None
    return text


def flag(text: str) -> bool:
    if text.lower() not in _YES | _NO:
        raise BadCell("yes or no, as 1 or 0")
    return text.lower() in _YES


def sketch(text: str) -> bool:
    return bool(text) and flag(text)


def codes(text: str) -> tuple[str, ...]:
    """Administrative codes with ; or spaces between."""
    return tuple(dict.fromkeys(digits(one) for one in re.split(r"[;；,，\s]+", text) if one))


def shift(text: str) -> ShiftKind:
    if text not in SHIFTS:
        raise BadCell("one of regular, holiday, stand_in")
    return SHIFTS[text]


def days(text: str) -> str:
    """`1-5`, `67`, `周一至周五`, `六、日`; blank is every day. Digits, 1 is Monday."""
    plain = unicodedata.normalize("NFKC", text).translate(_DAYS).replace("周", "").replace("星期", "")
    for first, last in _DAY_RANGE.findall(plain):
        run = "".join(str(day) for day in range(int(first), int(last) + 1))
        if not run:
            raise BadCell("weekdays such as 1-5 or 67; 1 is Monday")
        plain = _DAY_RANGE.sub(run, plain, count=1)
    plain = re.sub(r"[,;、\s]+", "", plain)
    if not set(plain) <= set("1234567"):
        raise BadCell("weekdays such as 1-5 or 67; 1 is Monday")
    found = "".join(sorted(set(plain)))
    return "" if found == "1234567" else found


def clock(text: str) -> time | None:
    if not text:
        return None
    try:
        hour, _colon, minute = unicodedata.normalize("NFKC", text).partition(":")
        return time(int(hour) % 24 if hour == "24" and minute == "00" else int(hour), int(minute))
    except ValueError:
        raise BadCell("a time of day such as 08:00") from None


def day(text: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadCell("a date such as 2026-03-02") from None


def person(text: str) -> str:
    if len(text) > 32 or not text.isprintable():
        raise BadCell("at most 32 characters")
    return text


READ: Mapping[str, Callable[[str], Any]] = {
    "code": code, "kind": kind, "adcode": digits, "name": name, "parent": code, "lat": lat, "lon": lon,
    "duty_phone": phone, "room": room, "zone": zone, "on_duty": flag, "codes": codes, "sketch": sketch,
    "unit": code, "shift": shift, "days": days, "begins": clock, "ends": clock, "since": day, "until": day,
    "person": person, "instead_of": person,
}  # fmt: skip
