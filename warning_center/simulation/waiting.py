"""What is due next, and what is overdue, read off the heads of indexes in one plain statement."""

from dataclasses import dataclass
from datetime import datetime

from warning_center.due import Moments, asked, moments
from warning_center.simulation.hosts import Hosts


@dataclass(frozen=True, slots=True)
class Overdue:
    """Something that should have moved: which kind, its id, and when it was due."""

    what: str
    pk: int
    due_at: datetime


_OVERDUE = """
SELECT 'case', id, due_at FROM dispatch_case WHERE closed_at IS NULL AND level = 4 AND due_at <= %s
UNION ALL SELECT 'case', id, due_at FROM dispatch_case WHERE closed_at IS NULL AND level = 3 AND due_at <= %s
UNION ALL SELECT 'case', id, due_at FROM dispatch_case WHERE closed_at IS NULL AND level = 2 AND due_at <= %s
UNION ALL SELECT 'case', id, due_at FROM dispatch_case WHERE closed_at IS NULL AND level = 1 AND due_at <= %s
UNION ALL SELECT 'order', case_id, due_at FROM dispatch_order
  WHERE state IN ('drafted', 'submitted') AND due_at <= %s
UNION ALL SELECT 'call', id, due_at FROM telephony_call
  WHERE status IN ('dialling', 'ringing', 'talking') AND due_at <= %s
UNION ALL SELECT 'text', id, due_at FROM telephony_text WHERE state = 'queued' AND due_at <= %s
UNION ALL SELECT 'news', id, due_at FROM dispatch_news WHERE due_at IS NOT NULL AND due_at <= %s
"""


def overdue(cases: datetime, calls: datetime, texts: datetime) -> list[Overdue]:
    """What was due by these moments and has not moved."""
    return [Overdue(*row) for row in asked(_OVERDUE, [*[cases] * 5, calls, texts, cases])]


class Clockwork:
    """The moments of now: read again only when something has been written."""

    def __init__(self, hosts: Hosts) -> None:
        self._hosts, self._read_at, self._known = hosts, -1, Moments()

    def moments(self) -> Moments:
        if self._read_at != self._hosts.writes:
            self._known, self._read_at = moments(), self._hosts.writes
        return self._known
