"""What carriers' words and codes mean, as tables with their sources: read once, checked, looked up."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from telephony.carrier import CallResult, fault_of

FOLDER = Path(__file__).parent
SERVICES = ("aliyun", "tencent", "tencent_vms", "yuntongxun", "q850", "twilio_errors")
ANY = "any"
NONE = "none"


class BadTable(ValueError):
    """A table that cannot be used; the message names the file and the row."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How Twilio tells that a call is over; `sip` None: no code. `rang` None: it is not known."""

    status: str
    sip: int | None = None
    rang: bool | None = None
    heard: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the table of endings."""

    result: CallResult
    source: str
    status: tuple[str, ...]
    sip: tuple[int, ...] | str = ANY
    rang: bool | None = None
    heard: tuple[str, ...] = ()

    def fits(self, ending: Ending) -> bool:
        return (
            ending.status in self.status
            and self._has(ending.sip)
            and self.rang in (None, bool(ending.rang))
            and (not self.heard or ending.heard in self.heard)
        )

    def _has(self, sip: int | None) -> bool:
        if self.sip in (ANY, NONE):
            return self.sip == ANY or sip is None
        return sip in self.sip


@dataclass(frozen=True, slots=True)
class Announcement:
    """What a carrier says, and what that means."""

    phrases: tuple[str, ...]
    result: CallResult


def of_ending(ending: Ending) -> CallResult | None:
    """What a call met that Twilio says is over; None if no row knows."""
    return next((row.result for row in endings() if row.fits(ending)), None)


def of_code(service: str, code: str) -> CallResult | None:
    """What a voice service's code means; None for a code, or a service, that no table knows."""
    return codes(service).get(code) if service in SERVICES else None


def of_announcement(heard: str) -> CallResult | None:
    """What a carrier's announcement means, by what of it was understood; None if nothing of it is known."""
    plain = "".join(heard.lower().split())
    for row in announcements():
        if any("".join(phrase.lower().split()) in plain for phrase in row.phrases):
            return row.result
    return None


@cache
def endings() -> tuple[Row, ...]:
    """The rows of Twilio's endings, in their order."""
    return tuple(_row(said, f"twilio.toml, row {n}") for n, said in enumerate(_read("twilio")["row"], 1))


@cache
def codes(service: str) -> Mapping[str, CallResult]:
    """One voice service's codes."""
    return {code: _result(said, f"{service}.toml, {code}") for code, said in _read(service)["codes"].items()}


@cache
def announcements() -> tuple[Announcement, ...]:
    """The announcements, in their order."""
    rows: Sequence[Mapping[str, Any]] = _read("announcements")["row"]
    return tuple(
        Announcement(tuple(said["phrases"]), _result(said, f"announcements.toml, row {n}"))
        for n, said in enumerate(rows, 1)
    )


def _read(name: str) -> dict[str, Any]:
    document = tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))
    if document.get("name") != name or not document.get("source"):
        raise BadTable(f"{name}.toml: a table has its own name and a source")
    return document


def _row(said: Mapping[str, Any], place: str) -> Row:
    if unknown := set(said) - {"status", "sip", "rang", "heard", "result", "fault", "source"}:
        raise BadTable(f"{place}: a row has no {', '.join(sorted(unknown))}")
    if not said.get("source") or not said.get("status"):
        raise BadTable(f"{place}: a row has a status and a source")
    sip = said.get("sip", ANY)
    if isinstance(sip, list):
        sip = tuple(code for said_code in sip for code in _expand(said_code, place))
    elif sip not in (ANY, NONE):
        raise BadTable(f"{place}: sip is a list of codes, any, or none")
    return Row(
        result=_result(said, place),
        source=said["source"],
        status=tuple(said["status"]),
        sip=sip,
        rang=said.get("rang"),
        heard=tuple(said.get("heard", ())),
    )


def _expand(code: int | str, place: str) -> Sequence[int]:
    """One code, or all of a hundred."""
    if isinstance(code, int):
        return (code,)
    if len(code) != 3 or not code.endswith("xx") or not code[0].isdecimal():
        raise BadTable(f"{place}: {code!r} is no SIP code")
    return range(100 * int(code[0]), 100 * int(code[0]) + 100)


def _result(said: Mapping[str, Any], place: str) -> CallResult:
    """Its result, which must be ours, and whose fault it says it is, which must be the one we hold it to be."""
    try:
        result = CallResult(said["result"])
    except (KeyError, ValueError):
        raise BadTable(f"{place}: {said.get('result')!r} is no result of ours") from None
    if said.get("fault") != fault_of(result):
        raise BadTable(f"{place}: {result} is the fault of {fault_of(result)}, not of {said.get('fault')}")
    return result
