"""When each part of the program next has something to do, read off the heads of indexes in one plain statement."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db import connection

from dispatch.workflow import debts


@dataclass(frozen=True, slots=True)
class Moments:
    """When each part of the program next has something to do."""

    cases: datetime | None = None
    orders: datetime | None = None
    booked: datetime | None = None
    silent: datetime | None = None
    desks: datetime | None = None
    texts: datetime | None = None
    legs: datetime | None = None  # one that waits for a line is due all the while
    news: datetime | None = None  # that nobody has looked at
    debts: datetime | None = None  # when the first lapses; the word itself may be said before


# One statement, each part read off the head of an index: it is asked after every instant. The plus keeps SQLite from
# the desks' index, in which most calls that ever were stand under no desk.
_MOMENTS = """
SELECT (SELECT min(due_at) FROM dispatch_case WHERE closed_at IS NULL AND level = 4),
       (SELECT min(due_at) FROM dispatch_case WHERE closed_at IS NULL AND level = 3),
       (SELECT min(due_at) FROM dispatch_case WHERE closed_at IS NULL AND level = 2),
       (SELECT min(due_at) FROM dispatch_case WHERE closed_at IS NULL AND level = 1),
       (SELECT min(due_at) FROM dispatch_order WHERE state IN ('drafted', 'submitted')),
       (SELECT min(due_at) FROM telephony_call WHERE status = 'booked' AND +desk_id IS NULL),
       (SELECT min(due_at) FROM telephony_call WHERE status IN ('dialling', 'ringing', 'talking')),
       (SELECT min(CASE WHEN owes IS NULL AND wrap_until < lease_until THEN wrap_until ELSE lease_until END)
        FROM telephony_desk WHERE state <> 'talking'),
       (SELECT min(due_at) FROM telephony_text WHERE state = 'queued'),
       (SELECT min(due_at) FROM telephony_leg WHERE ended_at IS NULL),
       (SELECT min(due_at) FROM dispatch_news WHERE due_at IS NOT NULL),
       (SELECT min(c.dialled_at) FROM telephony_desk d JOIN telephony_call c ON c.id = d.owes)
"""


def moments() -> Moments:
    ((*heads, talked),) = asked(_MOMENTS)
    cases = min((at for at in heads[:4] if at), default=None)
    lapses = talked and talked + debts.LOOKS_BACK
    return Moments(cases, *[*heads[4:], lapses])


def asked(sql: str, given: Sequence[object] = ()) -> list[tuple[Any, ...]]:
    """The rows of a plain statement, moments in UTC on either database."""
    with connection.cursor() as cursor:
        adapt = connection.ops.adapt_datetimefield_value
        told: list[Any] = [adapt(value) if isinstance(value, datetime) else value for value in given]
        cursor.execute(sql, told)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    if connection.vendor == "postgresql":
        return rows
    return [tuple([_moment(cell) if type(cell) in _MAY_BE else cell for cell in row]) for row in rows]


_MAY_BE = {datetime, str}
_BEGINS = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")


def _moment(value: Any) -> Any:
    """SQLite hands out a moment without its zone, or as text."""
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC)
    if value[:1].isdigit() and _BEGINS.match(value):
        return datetime.fromisoformat(value).replace(tzinfo=UTC)
    return value
