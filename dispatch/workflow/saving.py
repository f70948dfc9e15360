"""What the moves of a turn have changed, of many cases, written in a few statements."""

from datetime import datetime

from dispatch import policies
from dispatch.models import Case, Order
from dispatch.vocabulary import Level, OrderState, Outcome
from dispatch.workflow import news
from dispatch.workflow.moves import Moves
from telephony import calls
from telephony.models import Call
from telephony.writeback import insert, write_back

_CASE_FIELDS = [
    "state", "level", "score", "assessed_level", "opened_level", "outcome", "due_at", "closed_at",
    "reached_at", "listened_at", "agreed_at", "verified_at",
]  # fmt: skip
_ATTEMPT_FIELDS = ["stage", "due_at", "started_at", "result", "fault", "evidence", "ended_at", "told_at"]


class Shared:
    """The writes of a whole turn, gathered and then saved together."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.moves: list[Moves] = []

    def add(self, moves: Moves) -> None:
        self.moves.append(moves)

    @property
    def relapsed(self) -> list[Case]:
        return [m.case for m in self.moves if m.case.outcome == Outcome.RELAPSED]

    def save(self) -> None:
        """All rows of the turn: calls before attempts, since attempts name them; cases last."""
        self._save_attempts()
        self._save_orders()
        messages = [message for m in self.moves for message in m.messages]
        insert([message.text for message in messages])
        insert(messages)
        insert([a for m in self.moves for a in m.assessments])
        insert([e for m in self.moves for e in m.events])
        news.save(line for m in self.moves for line in m.news)
        write_back([m.case for m in self.moves], _CASE_FIELDS)

    def _save_attempts(self) -> None:
        changed = [attempt for m in self.moves for attempt in m.changed.values()]
        write_back(changed, _ATTEMPT_FIELDS)
        if off := [call_id for m in self.moves for call_id in m.called_off]:
            calls.call_off(off, now=self.now)
        for m in self.moves:
            if m.hurried:
                chain = policies.escalation_rules(m.case.policy_id).levels[Level(m.case.level)]
                calls.hurry(m.hurried, chain.head_start)
            if m.moved:
                calls.move(m.moved, m.case.area)
        new = [attempt for m in self.moves for attempt in m.attempts]
        bookings: list[Call] = [attempt.call for attempt in new if attempt.call]
        calls.book(bookings)
        insert(new)
        insert([given for m in self.moves for given in m.assignments])

    def _save_orders(self) -> None:
        insert([order for m in self.moves for order in m.orders])
        if lapsed := [order_id for m in self.moves for order_id in m.lapsed]:
            Order.objects.filter(pk__in=lapsed).update(state=OrderState.UNANSWERED, ended_at=self.now)
        if off := [m.case.pk for m in self.moves if m.withdrawn]:
            Order.objects.filter(case__in=off, state=OrderState.DRAFTED).update(
                state=OrderState.WITHDRAWN, ended_at=self.now
            )
