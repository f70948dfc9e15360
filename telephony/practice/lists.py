"""Twilio's lists: filtered by query, cut into pages, in their envelope."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import urlencode

from telephony.practice import checks
from telephony.practice.checks import Form, one
from telephony.practice.codes import Refused

Row = TypeVar("Row")
PAGE = 50
LARGEST_PAGE = 1000
ENVELOPE: Mapping[str, checks.Check] = {
    "PageSize": checks.whole(1, 10**9),
    "Page": checks.whole(0, 10**6),
}


def moment(name: str, said: str) -> datetime:
    """A date or a date and time, ISO 8601, in UTC. Raises Refused."""
    try:
        at = datetime.fromisoformat(said)
    except ValueError:
        raise Refused(20001, f"{name}={said}") from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def in_time(query: Form, name: str, at: datetime | None) -> bool:
    """Whether a moment fits `Name` (that day, or that very second), `Name<` (until) and `Name>` (from)."""
    for sign in ("", "<", ">"):
        said = one(query, name + sign)
        if not said:
            continue
        asked = moment(name + sign, said)
        if at is None:
            return False
        whole_day = len(said) == len("2026-03-02")
        if sign == "<" and (at.date() > asked.date() if whole_day else at > asked):
            return False
        if sign == ">" and at < asked:
            return False
        if not sign and (at.date() != asked.date() if whole_day else at.replace(microsecond=0) != asked):
            return False
    return True


def page(
    rows: Sequence[Row], show: Callable[[Row], Mapping[str, Any]], query: Form, *, path: str, name: str
) -> dict[str, object]:
    """One page of the rows, which come newest first. A `PageToken` names the row before which it begins.

    Raises Refused.
    """
    checks.every(query, ENVELOPE)
    if int(one(query, "PageSize", str(PAGE))) > LARGEST_PAGE:
        raise Refused(20007, one(query, "PageSize"))
    size = int(one(query, "PageSize", str(PAGE)))
    number = int(one(query, "Page", "0"))
    start = _after(rows, show, one(query, "PageToken")) if one(query, "PageToken") else number * size
    shown = [show(row) for row in rows[start : start + size]]
    filters = [
        (k, v) for k, said in query.items() if k not in ("Page", "PageSize", "PageToken") for v in said
    ]

    def uri(nth: int, token: str = "") -> str:
        parts = [*filters, ("PageSize", str(size)), ("Page", str(nth))]
        return f"{path}?{urlencode([*parts, ('PageToken', token)] if token else parts)}"

    more = start + size < len(rows)
    return {
        name: shown,
        "end": max(start, start + len(shown) - 1) if shown else start,
        "first_page_uri": uri(0),
        "next_page_uri": uri(number + 1, f"PA{shown[-1]['sid']}") if more and "sid" in shown[-1] else
        uri(number + 1) if more else None,
        "page": number,
        "page_size": size,
        "previous_page_uri": uri(number - 1) if number else None,
        "start": start,
        "uri": uri(number),
    }  # fmt: skip


def _after(rows: Sequence[Row], show: Callable[[Row], Mapping[str, Any]], token: str) -> int:
    for nth, row in enumerate(rows):
        if f"PA{show(row).get('sid')}" == token:
            return nth + 1
    raise Refused(20001, f"PageToken={token}")
