"""The limit: the rows of a turn written by hand-made SQL, eight statements a batch, with no policy asked.

What the program decides is known here beforehand: a silent call is settled and redialled after 60 s, a busy one
after 30 s and assessed anew, a phone that is switched off sends somebody to the door.
"""

import json
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import psycopg

from tests.bench.population import BUSY, POWERED_OFF, SILENT

BATCH = 90  # what a turn of 100 gives to one level
HEAD_START, PLANNED = timedelta(minutes=20), timedelta(minutes=20)
AGAIN = {SILENT: timedelta(seconds=60), BUSY: timedelta(seconds=30)}
SENT = timedelta(minutes=5)
VOICE, VISIT = 1, 3

_CLAIM = """
SELECT c.id FROM dispatch_case c
WHERE c.closed_at IS NULL AND c.level = 3 AND c.due_at <= %s ORDER BY c.due_at, c.id LIMIT %s FOR UPDATE SKIP LOCKED
"""
_READ = """
SELECT a.case_id, a.id, a.result, a.due_at, a.phone_id, p.number, p.index
FROM dispatch_attempt a JOIN dispatch_phonenumber p ON p.id = a.phone_id WHERE a.case_id = ANY(%s)
"""
_SETTLE = """
UPDATE dispatch_attempt a SET result = 'outcome_unknown', fault = 'person', evidence = g.evidence::jsonb,
       ended_at = %s, due_at = NULL
FROM unnest(%s::bigint[], %s::text[]) g(id, evidence) WHERE a.id = g.id
"""
_BOOK = """
INSERT INTO telephony_call (key, number, number_index, kind, mode, tag, needs, avoid, status, result, rank_at,
                            booked_for, until, due_at, external_id, asked, evidence)
SELECT key, number, number_index, 'voice', '', 'authority', '', '[]', 'booked', '', at - %s, at, at + %s, at, '', 0,
       '[]'
FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::timestamptz[]) g(key, number, number_index, at)
RETURNING id
"""
_TRY = """
INSERT INTO dispatch_attempt (case_id, tier, level, stage, phone_id, call_id, unit_id, reinforced, astray, starts_at,
                              due_at, started_at, result, fault, evidence, note, disposition)
SELECT case_id, tier, 3, stage, phone_id, call_id, unit_id, false, false, starts_at, due_at, started_at, '', '', '{}',
       '', ''
FROM unnest(%s::bigint[], %s::smallint[], %s::text[], %s::bigint[], %s::bigint[], %s::bigint[], %s::timestamptz[],
            %s::timestamptz[], %s::timestamptz[])
     g(case_id, tier, stage, phone_id, call_id, unit_id, starts_at, due_at, started_at)
"""
_ASSESS = """
INSERT INTO dispatch_assessment (at, score, level, reasons, case_id, policy_id)
SELECT %s, 69, 3, %s::jsonb, id, (SELECT id FROM dispatch_policyversion WHERE kind = 'risk')
FROM unnest(%s::bigint[]) id
"""
_RECORD = """
INSERT INTO dispatch_event (at, verb, agent, why, detail, case_id)
SELECT %s, verb, 'engine', '', detail::jsonb, id FROM unnest(%s::bigint[], %s::text[], %s::text[]) g(id, verb, detail)
"""
_MOVE = """
UPDATE dispatch_case c SET state = g.state, due_at = g.due_at, score = g.score
FROM unnest(%s::bigint[], %s::text[], %s::timestamptz[], %s::smallint[]) g(id, state, due_at, score) WHERE c.id = g.id
"""
_REASONS = json.dumps(
    [
        {"fact": "on_call_seconds", "size": 1800, "points": 30},
        {"fact": "screen_shared", "size": 1, "points": 20},
        {"fact": "line_signs", "size": 1, "points": 5},
        {"fact": "authority", "size": 0, "points": 14},
    ]
)


class Hand:
    """Gives due cases their turn on one connection, as `turn.advance_due` does."""

    def __init__(self, database_url: str) -> None:
        self.connection = psycopg.connect(database_url)
        row = self.connection.execute("SELECT min(id) FROM dispatch_unit WHERE kind = 'station'").fetchone()
        self.station = row[0] if row else None
        self.connection.commit()

    def advance_due(self, now: datetime) -> int:
        """One batch, one transaction; how many cases took their turn."""
        with self.connection.transaction(), self.connection.cursor() as cursor:
            ids = [row[0] for row in cursor.execute(_CLAIM, [now, BATCH])]
            if ids:
                self._turn(cursor, ids, now)
            return len(ids)

    def _turn(self, cursor: psycopg.Cursor[Any], ids: Sequence[int], now: datetime) -> None:
        rows = cursor.execute(_READ, [ids]).fetchall()
        silent = [row for row in rows if not row[2]]
        redialled = [row for row in rows if row[2] in ("", BUSY)]
        visited = [row[0] for row in rows if row[2] == POWERED_OFF]
        late = [json.dumps({"time_up": {"stage": "dialled", "due": row[3].isoformat()}}) for row in silent]
        cursor.execute(_SETTLE, [now, [row[1] for row in silent], late])
        starts = [now + AGAIN[row[2] or SILENT] for row in redialled]
        keys = [uuid.uuid4() for _ in redialled]
        numbers, indexes = [row[5] for row in redialled], [row[6] for row in redialled]
        cursor.execute(_BOOK, [HEAD_START, PLANNED, keys, numbers, indexes, starts])
        calls = [row[0] for row in cursor.fetchall()]
        cursor.execute(_TRY, _attempts(redialled, calls, starts, visited, self.station, now))
        busy = [row[0] for row in rows if row[2] == BUSY]
        cursor.execute(_ASSESS, [now, _REASONS, busy])
        cursor.execute(_RECORD, [now, *_lines(silent, redialled, starts, visited, self.station, now)])
        moved = [
            ("voice", at + PLANNED, 69 if row[2] == BUSY else 64)
            for row, at in zip(redialled, starts, strict=True)
        ]
        moved += [("visit", now + SENT, 64)] * len(visited)
        cursor.execute(
            _MOVE, [[*(row[0] for row in redialled), *visited], *map(list, zip(*moved, strict=True))]
        )


def _attempts(
    redialled: Sequence[Any],
    calls: Sequence[int],
    starts: Sequence[datetime],
    visited: Sequence[int],
    station: int | None,
    now: datetime,
) -> list[list[Any]]:
    """The columns of the new attempts, redials first."""
    rows: list[tuple[Any, ...]] = [
        (row[0], VOICE, "planned", row[4], call, None, at, at + PLANNED, None)
        for row, call, at in zip(redialled, calls, starts, strict=True)
    ]
    rows += [(case, VISIT, "sent", None, None, station, now, now + SENT, now) for case in visited]
    return [list(column) for column in zip(*rows, strict=True)]


def _lines(
    silent: Sequence[Any],
    redialled: Sequence[Any],
    starts: Sequence[datetime],
    visited: Sequence[int],
    station: int | None,
    now: datetime,
) -> list[list[Any]]:
    """The columns of the record's new lines."""
    settled = {"tier": "voice", "result": "outcome_unknown", "stage": "dialled"}
    lines = [(row[0], "settled", json.dumps({"attempt": row[1], **settled})) for row in silent]
    for row, at in zip(redialled, starts, strict=True):
        plan = {
            "tier": "voice",
            "starts": at.isoformat(),
            "due": (at + PLANNED).isoformat(),
            "stage": "planned",
        }
        lines.append(
            (row[0], "planned", json.dumps({**plan, "row": f"high.voice.{row[2] or SILENT}", "nth": 1}))
        )
    door = {"tier": "visit", "starts": now.isoformat(), "due": (now + SENT).isoformat(), "stage": "sent"}
    door_line = json.dumps({**door, "unit": station, "row": "high.voice.unreachable"})
    lines += [(case, "planned", door_line) for case in visited]
    return [list(column) for column in zip(*lines, strict=True)]
