"""What an onlooker reads of the database after an instant: the rows of the cases that the record says have moved."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from warning_center.due import asked
from warning_center.simulation.hosts import Hosts

MOST_KEYS = 500  # in one statement


class CaseRow(NamedTuple):
    """A case, as much of it as promises are about."""

    pk: int
    state: str
    level: int
    outcome: str
    due_at: datetime | None
    opened_at: datetime
    issued_at: datetime
    closed_at: datetime | None
    reached_at: datetime | None
    agreed_at: datetime | None
    verified_at: datetime | None
    target_id: int


class AttemptRow(NamedTuple):
    """An attempt."""

    pk: int
    case_id: int
    tier: int
    level: int
    stage: str
    result: str
    disposition: str
    due_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    identified_at: datetime | None
    call_id: int | None


class OrderRow(NamedTuple):
    """A stop-payment order."""

    pk: int
    case_id: int
    state: str
    due_at: datetime
    ended_at: datetime | None


class EventRow(NamedTuple):
    """A line of the record."""

    pk: int
    case_id: int | None
    verb: str
    at: datetime


class CallRow(NamedTuple):
    """A call on the line."""

    pk: int
    number_index: str
    status: str
    desk_id: int | None
    mode: str
    dropped_at: datetime | None
    evidence: str  # JSON: the pieces of news that have been heard


class DeskRow(NamedTuple):
    """A desk; `offer` is the call it is asked to take, if any."""

    pk: int
    state: str
    since: datetime
    reason: str
    offer: int | None


@dataclass(frozen=True, slots=True)
class Seen:
    """What has moved since the last look, and the calls on the line now."""

    events: Sequence[EventRow] = ()
    cases: Sequence[CaseRow] = ()
    attempts: Sequence[AttemptRow] = ()
    orders: Sequence[OrderRow] = ()
    calls: Sequence[CallRow] = ()
    desks: Sequence[DeskRow] = ()

    @property
    def has_astray_desks(self) -> bool:
        """Whether a desk does not do as its call does, or a call rings for nobody: the next beat sees to it."""
        held = {call.desk_id: call.status for call in self.calls if call.desk_id is not None}
        if any(call.dropped_at for call in self.calls):
            return True
        return any(
            held.get(desk.pk) != "talking"
            if desk.state == "talking"
            else desk.pk not in held and not desk.offer
            for desk in self.desks
            if desk.state in ("offered", "talking")
        )


@dataclass(slots=True)
class Onlooker:
    """Remembers how far it has read the record. Its statements are plain SQL: they are asked after every instant in
    which anything was written."""

    hosts: Hosts
    _read: int = field(default=0)
    _looked_at: int = field(default=-1)
    _lines_at: int = field(default=-1)
    _seen: Seen = field(default_factory=Seen)

    def look(self) -> Seen:
        if self._looked_at == self.hosts.writes:
            return Seen(calls=self._seen.calls, desks=self._seen.desks)
        self._seen = self._look()
        self._looked_at = self.hosts.writes
        return self._seen

    def _look(self) -> Seen:
        events = [EventRow(*row) for row in asked(_EVENTS, [self._read])]
        calls, desks = self._lines()
        if not events:
            return Seen(calls=calls, desks=desks)
        self._read = events[-1].pk
        moved = sorted({event.case_id for event in events if event.case_id is not None})
        return Seen(
            events=events,
            cases=[CaseRow(*row) for row in _of(moved, CaseRow, "dispatch_case", "id")],
            attempts=[AttemptRow(*row) for row in _of(moved, AttemptRow, "dispatch_attempt", "case_id")],
            orders=[OrderRow(*row) for row in _of(moved, OrderRow, "dispatch_order", "case_id")],
            calls=calls,
            desks=desks,
        )

    def _lines(self) -> tuple[Sequence[CallRow], Sequence[DeskRow]]:
        if self._lines_at == self.hosts.writes_of_lines:
            return self._seen.calls, self._seen.desks
        self._lines_at = self.hosts.writes_of_lines
        return [CallRow(*row) for row in asked(_CALLS)], [DeskRow(*row) for row in asked(_DESKS)]


def open_cases() -> list[CaseRow]:
    return [CaseRow(*row) for row in asked(f"{_select(CaseRow, 'dispatch_case')} WHERE closed_at IS NULL")]


_EVENTS = "SELECT id, case_id, verb, at FROM dispatch_event WHERE id > %s ORDER BY id"
_CALLS = """
SELECT id, number_index, status, desk_id, mode, dropped_at, CAST(evidence AS text) FROM telephony_call
WHERE status IN ('dialling', 'ringing', 'talking') ORDER BY +id
"""
_DESKS = """
SELECT d.id, d.state, d.since, d.reason, c.id FROM telephony_desk d
LEFT JOIN telephony_call c ON c.desk_id = d.id AND c.desk_id IS NOT NULL AND NOT (c.status = 'ended')
  AND c.status = 'booked' ORDER BY d.id
"""


def _select(row: Any, table: str) -> str:
    columns = ", ".join("id" if name == "pk" else name for name in row._fields)
    return f"SELECT {columns} FROM {table}"  # noqa: S608  our own names


def _of(cases: Sequence[int], row: Any, table: str, key: str) -> Iterator[tuple[Any, ...]]:
    for n in range(0, len(cases), MOST_KEYS):
        some = cases[n : n + MOST_KEYS]
        marks = ", ".join(["%s"] * len(some))  # their text stays the same, so SQLite need not read it again
        yield from asked(f"{_select(row, table)} WHERE {key} IN ({marks}) ORDER BY id", some)


class PlacedRow(NamedTuple):
    """A call that the network has carried, and whose it is here."""

    key: str  # 32 hexadecimal digits
    pk: int
    status: str
    case_id: int | None
    level: int | None
    issued_at: datetime | None
    mode: str
    desk_id: int | None
    target_id: int | None


def placed(keys: Sequence[str]) -> list[PlacedRow]:
    """Those of these calls that are known here."""
    rows = asked(_PLACED.format(marks=", ".join(["%s"] * len(keys))), _keys(keys))
    return [PlacedRow(str(key).replace("-", ""), *rest) for key, *rest in rows]


_PLACED = """
SELECT c.key, c.id, c.status, a.case_id, a.level, d.issued_at, c.mode, c.desk_id, d.target_id
FROM telephony_call c
LEFT JOIN dispatch_attempt a ON a.call_id = c.id LEFT JOIN dispatch_case d ON d.id = a.case_id
WHERE c.key IN ({marks})
"""


class Order(NamedTuple):
    """By rank and id: the last of the calls that were served, and the first left waiting of its kind."""

    served: tuple[datetime, int]
    left: tuple[datetime, int]


def served_and_left(keys: Sequence[str], now: datetime) -> list[Order]:
    """For each kind of call of which some were served, and others that could have been were left.

    A number that is on the line, or offered to a desk that wants to see the call first, is not free for another call.
    """
    marks = ", ".join(["%s"] * len(keys))
    served = asked(
        f"SELECT mode, needs, rank_at, id FROM telephony_call WHERE key IN ({marks}) ORDER BY rank_at, id",  # noqa: S608
        _keys(keys),
    )
    last = {(mode, needs): (rank_at, pk) for mode, needs, rank_at, pk in served}
    orders = []
    for (mode, needs), of in last.items():
        for rank_at, pk in asked(_WAITING, [mode, needs, now, now, now]):
            orders.append(Order(of, (rank_at, pk)))
    return orders


_WAITING = """
SELECT rank_at, id FROM telephony_call
WHERE status = 'booked' AND desk_id IS NULL AND mode = %s AND needs = %s
  AND rank_at <= %s AND due_at <= %s AND until > %s
  AND number_index NOT IN (
    SELECT number_index FROM telephony_call
    WHERE status IN ('dialling', 'ringing', 'talking')
    UNION ALL SELECT number_index FROM telephony_call
    WHERE desk_id IS NOT NULL AND NOT (status = 'ended') AND status = 'booked')
  AND id NOT IN (SELECT declined FROM telephony_desk WHERE declined IS NOT NULL)
ORDER BY rank_at, id LIMIT 1
"""


def _keys(keys: Sequence[str]) -> list[object]:
    return [UUID(key) if connection.vendor == "postgresql" else key.replace("-", "") for key in keys]
