"""The escalation policy's document, read into a frozen chain and checked: every history must end."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from datetime import time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from dispatch.chain import CALL_BACK, CALL_BACK_WITHIN, DOOR_TOLERANCE, BadRules, Cell, Chain, Rules, Rung
from dispatch.flaw import Flaw
from dispatch.soundness import flaws
from dispatch.vocabulary import First, Level, Met, Outcome, Stage, Tier, Way

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_WHOLE = {
    "zone",
    "order_within",
    "place_lasts",
    "seen_within",
    "reach_km",
    "door_tolerance",
    "call_back",
    "sources",
    "every",
}
_CHAIN_WORDS = {f.name for f in fields(Chain)} - {"rungs", "raises"}


def read(document: Mapping[str, Any]) -> Rules:
    """Build and check the rules; `every` holds rows all levels share, and a level overrides cell by cell.

    Raises BadRules, naming each row at fault.
    """
    shared = document.get("every", {})
    with _row("the document"):
        _refuse_unknown(document, _WHOLE | {level.code for level in Level}, "the document")
        _refuse_unknown(shared, {tier.code for tier in Tier}, "every")
        rules = Rules(
            zone=ZoneInfo(document.get("zone", "Asia/Shanghai")),
            order_within=span(document.get("order_within", "30m")),
            place_lasts=span(document.get("place_lasts", "24h")),
            seen_within=span(document.get("seen_within", "5m")),
            reach_km=int(document.get("reach_km", 100)),
            door_tolerance=int(document.get("door_tolerance", DOOR_TOLERANCE)),
            call_back=span(document["call_back"]) if "call_back" in document else CALL_BACK,
            levels={level: _chain(document[level.code], shared, level.code) for level in Level},
            sources={str(row): str(source) for row, source in document.get("sources", {}).items()},
        )
    if found := flaws(rules):
        raise BadRules(found)
    return rules


def span(text: str) -> timedelta:
    """`30s`, `5m`, `4h` or `7d` as a length of time. Raises ValueError."""
    if len(text) < 2 or text[-1] not in _UNITS or not text[:-1].isdigit():
        raise ValueError(f"{text!r} is not a length of time such as 30s, 5m, 4h or 7d")
    return timedelta(**{_UNITS[text[-1]]: int(text[:-1])})


@contextmanager
def _row(where: str) -> Iterator[None]:
    """Name the row in which something cannot be read."""
    try:
        yield
    except BadRules:
        raise
    except (KeyError, ValueError, TypeError, AttributeError, IndexError) as fault:
        raise BadRules([Flaw("cannot be read: {fault}", where, fault=fault)]) from fault


def _chain(doc: Mapping[str, Any], shared: Mapping[str, Any], where: str) -> Chain:
    _refuse_unknown(doc, _CHAIN_WORDS | {t.code for t in Tier}, where)
    rungs = {}
    for tier in Tier:
        if tier.code in doc or tier.code in shared:
            row = {**shared.get(tier.code, {}), **doc.get(tier.code, {})}
            rungs[tier] = _rung(row, f"{where}.{tier.code}")
    with _row(where):
        return _build_chain(doc, rungs, Level[where.upper()])


def _build_chain(doc: Mapping[str, Any], rungs: dict[Tier, Rung], level: Level) -> Chain:
    hours = doc.get("hours")
    expires, latest = doc.get("expires_after"), doc.get("call_back_within")
    return Chain(
        starts=_tiers(doc["starts"]),
        sends=tuple(doc.get("sends", ())),
        head_start=span(doc.get("head_start", "0s")),
        most_calls=int(doc.get("most_calls", 0)),
        hours=(time.fromisoformat(hours[0]), time.fromisoformat(hours[1])) if hours else None,
        expires_after=span(expires) if expires else None,
        call_back_after=span(doc.get("call_back_after", "1m")),
        call_back_within=span(latest) if latest else CALL_BACK_WITHIN[level],
        rungs=rungs,
        raises=tuple(
            (tier, met, cell.raises)
            for tier, rung in rungs.items()
            for met, cell in rung.cells.items()
            if cell.raises
        ),
    )


def _rung(doc: Mapping[str, Any], where: str) -> Rung:
    plain = {f.name for f in fields(Rung)} - {"cells"}
    _refuse_unknown(doc, plain | {m.value for m in Met}, where)
    with _row(where):
        return Rung(
            within={Stage(stage): span(limit) for stage, limit in doc.get("within", {}).items()},
            cells={Met(met): _cell(c, f"{where}.{met}") for met, c in doc.items() if met not in plain},
            announce=bool(doc.get("announce", False)),
            community=bool(doc.get("community", False)),
            first=First(doc.get("first", First.DISTANCE)),
            checks=tuple(span(t) for t in doc.get("checks", ())),
            ways=tuple(Way(way) for way in doc.get("ways", ())),
            police=bool(doc.get("police", False)),
            watch=span(doc["watch"]) if "watch" in doc else None,
        )


def _cell(doc: Mapping[str, Any], where: str) -> Cell:
    _refuse_unknown(doc, {f.name for f in fields(Cell)}, where)
    raises = doc.get("raises")
    with _row(where):
        return Cell(
            again=tuple(span(t) for t in doc.get("again", ())),
            repeat=bool(doc.get("repeat", False)),
            lasts=span(doc["lasts"]) if "lasts" in doc else None,
            keep_while=Tier[doc["keep_while"].upper()] if "keep_while" in doc else None,
            most=int(doc.get("most", 0)),
            then=_tiers(doc.get("then", ())),
            seek=str(doc.get("seek", "same")),
            reinforced=bool(doc.get("reinforced", False)),
            recalls=_tiers(doc.get("recalls", ())),
            raises=(int(raises[0]), Level[raises[1].upper()]) if raises else None,
            orders=tuple(doc.get("orders", ())),
            closes=Outcome(doc["closes"]) if "closes" in doc else None,
        )


def _refuse_unknown(doc: Mapping[str, Any], known: set[str], where: str) -> None:
    if unknown := sorted(doc.keys() - known):
        raise BadRules([Flaw("unknown words {words}", where, words=", ".join(unknown))])


def _tiers(names: Any) -> tuple[Tier, ...]:
    return tuple(Tier[name.upper()] for name in names)
