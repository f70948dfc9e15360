"""A policy's document as a sheet of entries that a person can change one by one, and back again. No Django."""

import copy
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, time
from typing import Any

from dispatch.chain import CELLS_OF, STAGES_OF
from dispatch.flaw import Flaw
from dispatch.rules import span
from dispatch.vocabulary import CALLS, First, FraudType, Level, Met, Tier, Way

_GAPS = re.compile(r"[\s,，、;；]+")
_CHINESE = re.compile(r"(\d+)\s*(秒|分钟|分|小时|时|天|日)")
_UNITS = {"秒": "s", "分钟": "m", "分": "m", "小时": "h", "时": "h", "天": "d", "日": "d"}
_FIXED = {Met.TRANSFERRED, Met.FALSE_ALARM}  # what the design fixes for every policy


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing in a document that may be changed: where it stands, and of what kind it is."""

    path: tuple[str, ...]
    kind: str

    @property
    def name(self) -> str:
        return ".".join(self.path)

    @property
    def row(self) -> str:
        """The row it belongs to, as flaws and the record name it."""
        return ".".join(self.path[:3]) if len(self.path) > 3 else self.name


@dataclass(frozen=True, slots=True)
class Change:
    """What one entry said before and says after."""

    entry: Entry
    before: str
    after: str


def resolved(document: Mapping[str, Any]) -> dict[str, Any]:
    """The escalation document with what all levels share written out in each level's own rows."""
    whole: dict[str, Any] = {k: copy.deepcopy(v) for k, v in document.items() if k != "every"}
    for level in Level:
        mine = whole.setdefault(level.code, {})
        for tier, rows in document.get("every", {}).items():
            mine[tier] = {**copy.deepcopy(rows), **mine.get(tier, {})}
    return whole


def chain_entries() -> Iterator[Entry]:
    """Everything of an escalation policy that a person may change."""
    yield Entry(("order_within",), "span")
    yield Entry(("place_lasts",), "span")
    yield Entry(("seen_within",), "span")
    yield Entry(("reach_km",), "count")
    yield Entry(("door_tolerance",), "count")
    yield Entry(("call_back",), "span")
    for level in reversed(Level):
        for word, kind in _SETTINGS.items():
            yield Entry((level.code, word), kind)
        for tier in Tier:
            for path, kind in _tier_entries(tier):
                yield Entry((level.code, tier.code, *path), kind)


_SETTINGS = {
    "starts": "tiers",
    "sends": "sms",
    "head_start": "span",
    "most_calls": "count",
    "hours": "hours",
    "expires_after": "span",
    "call_back_after": "span",
    "call_back_within": "span",
}
_CELL = {"again": "spans", "then": "tiers"}
_CALL = {"repeat": "flag", "lasts": "span", "keep_while": "tier", "most": "count", "raises": "raises"}
_VISIT = {"seek": "seek", "reinforced": "flag"}


def _tier_entries(tier: Tier) -> Iterator[tuple[tuple[str, ...], str]]:
    for stage in STAGES_OF[tier]:
        yield ("within", stage.value), "span"
    if tier is Tier.VOICE:
        yield ("announce",), "flag"
    if tier is Tier.VISIT:
        yield ("community",), "flag"
        yield ("first",), "first"
    if tier is Tier.FOLLOW_UP:
        yield ("checks",), "spans"
        yield ("watch",), "span"
        yield ("ways",), "ways"
        yield ("police",), "flag"
    for met in Met:
        if met in CELLS_OF[tier] - _FIXED:
            words = {"then": "tiers", "recalls": "tiers"} if met is Met.PERSUADED else _words(tier)
            yield from (((met.value, word), kind) for word, kind in words.items())


def _words(tier: Tier) -> dict[str, str]:
    return {**_CELL, **(_CALL if tier in CALLS else _VISIT)}


def risk_entries(document: Mapping[str, Any]) -> Iterator[Entry]:
    """Everything of a risk policy that a person may change."""
    for level in reversed(Level):
        if level is not Level.LOW:
            yield Entry(("thresholds", level.code), "count")
        yield Entry(("upstream", level.code), "count")
    for fact, row in document.get("points", {}).items():
        yield Entry(
            ("points", fact, "flag" if "flag" in row else "steps"), "count" if "flag" in row else "steps"
        )
    for code in FraudType:
        for word, kind in _FRAUD.items():
            yield Entry(("fraud_types", code.value, word), kind)


_FRAUD = {
    "points": "count",
    "loss": "count",
    "zh": "text",
    "aliases": "words",
    "from": "date",
    "until": "date",
}


# what stands there, as text and back


def value(document: Mapping[str, Any], entry: Entry) -> Any:
    """What stands there; None where nothing does."""
    part: Any = document
    for word in entry.path:
        part = part.get(word) if isinstance(part, Mapping) else None
    return part


def text(document: Mapping[str, Any], entry: Entry) -> str:
    """What stands there as a person would type it; "" where nothing does."""
    found = value(document, entry)
    match entry.kind:
        case "hours" if found:
            return "-".join(found)
        case "steps" if found:
            return " ".join(f"{at}:{points}" for at, points in found)
        case "seek":
            return str(found or "same")
        case "first":
            return str(found or First.DISTANCE)
        case "flag" | "sms":
            return "1" if found else ""
        case "words" if found:
            return "；".join(found)
    if isinstance(found, list):
        return " ".join(map(str, found))
    return "" if found is None else str(found)


def edited(
    document: Mapping[str, Any], entries: list[Entry], given: Mapping[str, str]
) -> tuple[dict[str, Any], list[Flaw]]:
    """A copy of the document with these entries as given, and a flaw for each that cannot be read.

    An entry that says what it said is left as it stands.
    """
    after, flaws = copy.deepcopy(dict(document)), list[Flaw]()
    for entry in entries:
        typed = given.get(entry.name, "").strip()
        if typed == text(document, entry):
            continue
        try:
            _put(after, entry, _read(entry.kind, typed))
        except ValueError:
            flaws.append(_unread(entry, typed))
    return after, flaws


def _unread(entry: Entry, typed: str) -> Flaw:
    match entry.kind:
        case "span" | "spans":
            return Flaw("“{typed}” is no length of time such as 30s, 5m, 4h or 7d", entry.row, typed=typed)
        case "count":
            return Flaw("“{typed}” is no whole number", entry.row, typed=typed)
        case "hours":
            return Flaw("“{typed}” is no hours such as 08:00-21:00", entry.row, typed=typed)
        case "raises":
            return Flaw("“{typed}” is no count and level such as 2 critical", entry.row, typed=typed)
        case "steps":
            return Flaw("“{typed}” is no sizes and their points such as 600:25", entry.row, typed=typed)
        case "date":
            return Flaw("“{typed}” is no date such as 2026-03-02", entry.row, typed=typed)
    return Flaw("“{typed}” is none of the choices", entry.row, typed=typed)


def changes(before: Mapping[str, Any], after: Mapping[str, Any], entries: list[Entry]) -> list[Change]:
    """The entries in which two documents differ."""
    pairs = ((entry, text(before, entry), text(after, entry)) for entry in entries)
    return [Change(*pair) for pair in pairs if pair[1] != pair[2]]


def _put(document: dict[str, Any], entry: Entry, found: Any) -> None:
    *path, last = entry.path
    row = document
    for word in path:
        row = row.setdefault(word, {})
    if found is None:
        row.pop(last, None)
    else:
        row[last] = found


def _read(kind: str, given: str) -> Any:
    """The document's value for a text; None for nothing. Raises ValueError."""
    if not given:
        return [] if kind == "tiers" else None
    return _READ[kind](given)


def _span(given: str) -> str:
    found = _CHINESE.fullmatch(given)
    length = f"{found[1]}{_UNITS[found[2]]}" if found else given
    span(length)
    return length


def _spans(given: str) -> list[str]:
    """`30s 60s`, `30秒、60秒` or `30 秒 60 秒`."""
    joined = _CHINESE.sub(lambda found: f" {found[1]}{_UNITS[found[2]]} ", given)
    return [_span(part) for part in _GAPS.split(joined.strip()) if part]


def _count(given: str) -> int:
    if not given.isascii() or not given.isdigit() or len(given) > 9:
        raise ValueError(given)
    return int(given)


def _tiers(given: str) -> list[str]:
    known = [tier.code for tier in Tier]
    chosen = _GAPS.split(given)
    if set(chosen) - set(known):
        raise ValueError(given)
    return [code for code in known if code in chosen]


def _hours(given: str) -> list[str]:
    opens, dash, closes = given.replace("－", "-").replace("–", "-").partition("-")
    if not dash:
        raise ValueError(given)
    return [time.fromisoformat(part.strip()).strftime("%H:%M") for part in (opens, closes)]


def _raises(given: str) -> list[Any]:
    parts = _GAPS.split(given)
    if len(parts) != 2 or parts[1] not in {level.code for level in Level}:
        raise ValueError(given)
    return [_count(parts[0]), parts[1]]


def _steps(given: str) -> list[list[int]]:
    steps = []
    for part in _GAPS.split(given):
        at, colon, points = part.replace("：", ":").partition(":")
        if not colon:
            raise ValueError(given)
        steps.append([_count(at), _count(points)])
    return steps


def _ways(given: str) -> list[str]:
    return [Way(part).value for part in _GAPS.split(given)]


def _one_of(*known: str) -> Any:
    def read(given: str) -> str:
        if given not in known:
            raise ValueError(given)
        return given

    return read


_READ: dict[str, Any] = {
    "span": _span,
    "spans": _spans,
    "count": _count,
    "flag": lambda given: True,
    "sms": lambda given: ["sms"],
    "tiers": _tiers,
    "tier": _one_of(*(tier.code for tier in Tier)),
    "seek": _one_of("same", "next"),
    "first": _one_of(*First),
    "ways": _ways,
    "hours": _hours,
    "raises": _raises,
    "steps": _steps,
    "words": lambda given: [part.strip() for part in re.split(r"[;；\n]+", given) if part.strip()],
    "date": lambda given: date.fromisoformat(given).isoformat(),
    "text": lambda given: given,
}
