"""Held after every instant to what has moved, and at intervals to all: what the design says must always hold.

It knows the database, the network's journal and what people and sources say they did; nothing of how faults are made.
"""

import json
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import Count, Exists, OuterRef

from dispatch.models import Attempt, Case, Order
from dispatch.vocabulary import FACE_TO_FACE, Outcome, Result, State, Tier
from telephony.carrier import CallStatus
from telephony.models import Desk
from warning_center.models import Directive
from warning_center.simulation import seen, waiting
from warning_center.simulation.seen import AttemptRow, CaseRow, OrderRow, Seen
from warning_center.simulation.senders import Receipt
from warning_center.simulation.violations import Broken

RECOVERS_WITHIN = timedelta(seconds=10)  # once no fault is under way any more
ALLOWED = timedelta(seconds=10)  # from due to done
ASKED_WITHIN = timedelta(seconds=15)  # a silent call, after the moment its carrier was to be asked
SENT_WITHIN = timedelta(seconds=90)  # a text; who claimed it and died held it for a minute
_STATES = list(State)
_ENDS = {"met", "judged", "settled", "recalled", "closed", "merged", "joined", "opened", "undone"}
_LEVELS = {"raised", "lowered", "merged"}


@dataclass(slots=True)
class Outside:
    """What is known without the database: receipts by source and reference, and the words people have said."""

    receipts: Mapping[tuple[str, str], Receipt]
    said: Mapping[int, Set[str]]
    taken_though_changed: Sequence[str]


@dataclass(slots=True)
class Invariants:
    """Remembers each case, attempt and call as it last stood."""

    broken: Broken
    outside: Outside
    ahead: timedelta = timedelta()  # by which a host's clock may be
    cases: dict[int, CaseRow] = field(default_factory=dict)
    _attempts: dict[int, AttemptRow] = field(default_factory=dict)
    _calls: dict[int, str] = field(default_factory=dict)
    _heard: dict[int, int] = field(default_factory=dict)  # the length of a call's evidence
    _on_line: set[int] = field(default_factory=set)
    _changed: int = 0

    def instant(self, now: datetime, moved: Seen) -> None:
        """What has moved in this instant."""
        events: dict[int, set[str]] = {}
        for event in moved.events:
            if event.case_id is not None:
                events.setdefault(event.case_id, set()).add(event.verb)
        live = _earliest(moved.attempts, moved.orders)
        for case in moved.cases:
            self._case(now, case, events[case.pk], live.get(case.pk))
        for attempt in moved.attempts:
            if self._attempts.get(attempt.pk) != attempt:
                self._attempt(now, attempt, events[attempt.case_id])
        self._lines(now, moved)
        self._desks(now, moved)
        for reference in self.outside.taken_though_changed[self._changed :]:
            self.broken.add(now, "once", f"{reference}: taken in with another content")
        self._changed = len(self.outside.taken_though_changed)

    # one case, one attempt, the lines

    def _case(self, now: datetime, case: CaseRow, verbs: set[str], live: datetime | None) -> None:
        before = self.cases.get(case.pk)
        self.cases[case.pk] = case
        broken = self.broken
        if case.closed_at is None and not _will_move(case.due_at, live, now + self.ahead):
            broken.add(now, "due", f"due {case.due_at}, its first limit {live}", case=case.pk)
        if case.closed_at is not None and (case.due_at is not None or not case.outcome):
            broken.add(now, "final", "closed, and still due", case=case.pk)
        if before is None:
            if "opened" not in verbs:
                broken.add(now, "record", "opened without a line", case=case.pk)
        else:
            self._change(now, before, case, verbs)
        if case.outcome == Outcome.VERIFIED and (before is None or before.outcome != case.outcome):
            self._verified(now, case)
        if case.outcome == Outcome.UNCONFIRMED and case.agreed_at is None:
            broken.add(now, "verified", "unconfirmed, and nobody had agreed", case=case.pk)

    def _change(self, now: datetime, before: CaseRow, case: CaseRow, verbs: set[str]) -> None:
        broken = self.broken
        if before.closed_at is not None:
            if (case.state, case.outcome, case.closed_at) != (before.state, before.outcome, before.closed_at):
                broken.add(now, "final", f"was closed as {before.outcome}", case=case.pk)
            return
        if _STATES.index(State(case.state)) < _STATES.index(State(before.state)):
            broken.add(now, "state", f"from {before.state} back to {case.state}", case=case.pk)
        if case.closed_at is not None and "closed" not in verbs:
            broken.add(now, "record", "closed without a line", case=case.pk)
        if case.level != before.level and not verbs & _LEVELS:
            broken.add(now, "record", "its level changed without a line", case=case.pk)

    def _verified(self, now: datetime, case: CaseRow) -> None:
        rows = Attempt.objects.filter(case=case.pk, tier=Tier.FOLLOW_UP, result=Result.NO_LOSS)
        found = [
            pk
            for pk, ended_at in rows.values_list("pk", "ended_at")
            if case.agreed_at is not None and ended_at is not None and ended_at >= case.agreed_at
        ]
        if case.agreed_at is None or not any(Result.NO_LOSS in self.outside.said[pk] for pk in found):
            self.broken.add(now, "verified", "no check after they agreed found no loss", case=case.pk)

    def _attempt(self, now: datetime, attempt: AttemptRow, verbs: set[str]) -> None:
        before = self._attempts.get(attempt.pk)
        self._attempts[attempt.pk] = attempt
        broken, said = self.broken, self.outside.said.get(attempt.pk, frozenset())
        if attempt.disposition and attempt.disposition not in said:
            broken.add(now, "a_persons_word", f"{attempt.disposition}: nobody said so", case=attempt.case_id)
        if attempt.result in FACE_TO_FACE and not said:
            broken.add(now, "a_persons_word", f"{attempt.result}: nobody said so", case=attempt.case_id)
        if before is None:
            if not verbs & {"planned", "met", "opened"}:
                broken.add(now, "record", "an attempt was planned without a line", case=attempt.case_id)
        elif before.ended_at is None and attempt.ended_at is not None and not verbs & _ENDS:
            broken.add(now, "record", "an attempt ended without a line", case=attempt.case_id)
        elif before.ended_at is not None and (attempt.result, attempt.ended_at) != (
            before.result,
            before.ended_at,
        ):
            broken.add(
                now, "final", f"an attempt that ended as {before.result} changed", case=attempt.case_id
            )

    def _lines(self, now: datetime, moved: Seen) -> None:
        """Calls on the line: none has gone back, none is back from its end."""
        there = {call.pk for call in moved.calls}
        for call in moved.calls:
            before = self._calls.get(call.pk, CallStatus.BOOKED.value)
            if _rank(call.status) < _rank(before):
                self.broken.add(now, "forward", f"from {before} back to {call.status}", call=call.pk)
            self._calls[call.pk] = call.status
            if self._heard.get(call.pk) == len(call.evidence):
                continue
            self._heard[call.pk] = len(call.evidence)
            furthest = max((_rank(piece["status"]) for piece in json.loads(call.evidence)), default=0)
            if furthest > _rank(call.status):
                self.broken.add(now, "forward", f"is {call.status}, and news has told of more", call=call.pk)
        for pk in self._on_line - there:
            self._calls[pk] = CallStatus.ENDED.value
        self._on_line = there

    def _desks(self, now: datetime, moved: Seen) -> None:
        """Who talks does so at one desk, which says so."""
        states = {desk.pk: desk.state for desk in moved.desks}
        at: dict[int, int] = {}
        for call in moved.calls:
            if call.desk_id is None:
                continue
            if call.desk_id in at:
                self.broken.add(
                    now, "desks", f"desk {call.desk_id} has call {at[call.desk_id]} too", call=call.pk
                )
            at[call.desk_id] = call.pk
            if call.status == CallStatus.TALKING and states[call.desk_id] != Desk.State.TALKING:
                told = f"somebody answered, and desk {call.desk_id} is {states[call.desk_id]}"
                self.broken.add(now, "desks", told, call=call.pk)

    # all of it

    def whole(self, now: datetime) -> None:
        """Everything that is open, and every receipt."""
        for what in (self._receipts, self._open, self._persons):
            what(now)

    def _receipts(self, now: datetime) -> None:
        rows = Directive.objects.order_by("pk").values_list("source__code", "reference", "case")
        kept = {(source, reference): case for source, reference, case in rows}
        for whose in self.outside.receipts:
            if kept.get(whose) is None:
                self.broken.add(now, "nothing_lost", f"{whose[0]} {whose[1]}: acknowledged and not there")
        if len(rows) != len(kept):
            self.broken.add(now, "once", f"{len(rows) - len(kept)} references are there twice")

    def _open(self, now: datetime) -> None:
        open_now = seen.open_cases()
        for case in open_now:
            before = self.cases.get(case.pk)
            told = before and (before.state, before.level, before.outcome, before.closed_at)
            if told != (case.state, case.level, case.outcome, case.closed_at):
                self.broken.add(now, "record", f"is {case.state}, last told {told}", case=case.pk)
            if case.due_at is None:
                self.broken.add(now, "due", "open, and never due", case=case.pk)
        known = {pk for pk, case in self.cases.items() if case.closed_at is None}
        for pk in sorted(known - {case.pk for case in open_now}):
            self.broken.add(now, "record", "is not open any more, and nothing told of it", case=pk)
        live = Attempt.objects.live().filter(case=OuterRef("pk"))
        owed = Order.objects.open().filter(case=OuterRef("pk"))
        idle = Case.objects.open().exclude(Exists(live)).exclude(Exists(owed))
        idle = idle.filter(due_at__gt=now + self.ahead)  # the others have been woken
        for pk in idle.order_by("pk").values_list("pk", flat=True):
            self.broken.add(now, "due", "open, and nothing of it lives", case=pk)
        undead = Attempt.objects.live().filter(case__closed_at__isnull=False)
        for pk in undead.order_by("pk").values_list("case", flat=True):
            self.broken.add(now, "final", "closed, and an attempt lives", case=pk)

    def _persons(self, now: datetime) -> None:
        twice = Case.objects.open().order_by().values("target").annotate(n=Count("pk")).filter(n__gt=1)
        for target in twice.values_list("target", flat=True):
            (first, *_) = (
                Case.objects.open().filter(target=target).order_by("pk").values_list("pk", flat=True)
            )
            self.broken.add(now, "one_open_case", "its person has another", case=first)

    def late(self, now: datetime) -> None:
        """What is overdue though nothing keeps it: to be asked when no fault has been under way for a while."""
        by = now - self.ahead
        for one in waiting.overdue(by - ALLOWED, by - ASKED_WITHIN, by - SENT_WITHIN):
            told = f"{one.what} was due {one.due_at}"
            case, call = (one.pk if one.what in kinds else None for kinds in (("case", "order"), ("call",)))
            self.broken.add(now, "in_time", told, case=case, call=call)


def _rank(status: str) -> int:
    return CallStatus(status).rank


def _will_move(due: datetime | None, live: datetime | None, now: datetime) -> bool:
    """Whether a case is due by its first limit; one that has been woken is due already."""
    return due is not None and (due <= now or (live is not None and due <= live))


def _earliest(attempts: Iterable[AttemptRow], orders: Iterable[OrderRow]) -> dict[int, datetime]:
    """By case: the first limit of what lives."""
    first: dict[int, datetime] = {}
    limits = [(row.case_id, row.due_at) for row in attempts if row.ended_at is None]
    limits += [(row.case_id, row.due_at) for row in orders if row.ended_at is None]
    for case, due_at in limits:
        if due_at is not None:
            first[case] = min(due_at, first.get(case, due_at))
    return first
