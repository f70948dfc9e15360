"""A directive at the door: stored once, handed to dispatch, answered; one transaction."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from django.db import IntegrityError, OperationalError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from dispatch import policies, record, risk
from dispatch.models import User
from dispatch.vocabulary import Level
from dispatch.workflow import opening, report
from telephony import sealing
from telephony.prepared import prepared
from telephony.writeback import insert
from warning_center.models import Directive, Source

TRIES = 4
_RACES = ("40P01", "40001")  # PostgreSQL's deadlock_detected and serialization_failure
CLOCKS_DIFFER = timedelta(minutes=10)  # later than now by more than this is worth a note


class Answer(StrEnum):
    """What became of a directive at the door."""

    ACCEPTED = "accepted"
    JOINED = "joined"
    UNCHANGED = "unchanged"


class ChangedError(Exception):
    """The same reference came again with another content."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """A directive that has passed the door's checks: normalised, nothing left out, nothing made up.

    `body` is what came, without absent fields; `person.number` is E.164; `fraud_word` is as received;
    `signs` are the ones we know, as flags and numbers; `age` is the source's; `notes` (warning_center.notes)
    say what looked odd and was accepted all the same.
    """

    reference: str
    issued_at: datetime
    fraud_word: str
    person: report.Person
    body: Mapping[str, Any]
    level: Level | None = None
    age: int | None = None
    amount: Decimal | None = None
    place: report.Place = field(default_factory=report.Place)
    signs: Mapping[str, Any] = field(default_factory=dict)
    contacts: tuple[report.Related, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Receipt:
    """The answer to a source: the stored directive and what it did."""

    directive: Directive
    answer: Answer


def receive(incoming: Incoming, *, source: Source, now: datetime, by: User | None = None) -> Receipt:
    """Store a directive and open, or join, its case. The same again changes nothing. `by` typed it, if anybody did.

    Raises ChangedError when the reference is known with another content. What is returned is committed
    together with the case's first steps, so an acknowledged directive is never lost. Who loses a race (the
    same reference twice at once, a case closed and followed meanwhile, a deadlock) looks again.
    """
    for _ in range(TRIES - 1):
        try:
            return _receive(incoming, source, now, by)
        except (IntegrityError, OperationalError) as fault:
            if not _was_a_race(fault):
                raise
    return _receive(incoming, source, now, by)


def _was_a_race(fault: Exception) -> bool:
    return isinstance(fault, IntegrityError) or getattr(fault.__cause__, "sqlstate", "") in _RACES


@transaction.atomic
def _receive(incoming: Incoming, source: Source, now: datetime, by: User | None) -> Receipt:
    body = json.dumps(incoming.body, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=str)
    digest = sealing.index("directive", body)
    if (before := _known.first(source.pk, incoming.reference)) is not None:
        if before.digest != digest:
            raise ChangedError(incoming.reference)
        return Receipt(before, Answer.UNCHANGED)
    judge = policies.in_force(now)
    rules = judge.risk.rules
    report = _report(incoming, source, rules, now)
    opened = opening.take_in(report, judge=judge, now=now)
    answer = Answer.JOINED if opened.joined else Answer.ACCEPTED
    directive = Directive(
        source=source,
        reference=incoming.reference,
        received_at=now,
        issued_at=incoming.issued_at,
        body=body,
        digest=digest,
        notes=[*incoming.notes, *_late_notes(incoming, rules, now)],
        answer=answer,
        case=opened.case,
    )
    insert([directive])
    if by is not None:
        what = {"source": source.code, "reference": incoming.reference}
        record.write("entered", now=now, case=opened.case, by=by, **what)
    return Receipt(directive, answer)


@prepared
def _known(source_id: int, reference: str) -> QuerySet[Directive]:
    return Directive.objects.filter(source=source_id, reference=reference).select_related("case")


def _report(incoming: Incoming, source: Source, rules: risk.RiskRules, now: datetime) -> report.Report:
    age = _age(incoming, now) if incoming.age is None else incoming.age
    return report.Report(
        person=incoming.person,
        fraud=rules.fraud(incoming.fraud_word, timezone.localtime(incoming.issued_at).date()),
        issued_at=min(incoming.issued_at, now),  # a source's clock that runs ahead postpones nothing
        source=f"source:{source.code}",
        fallback=source.unit,
        upstream=incoming.level,
        sizes=risk.sizes_of(incoming.signs, incoming.amount, age),
        amount=incoming.amount,
        place=incoming.place,
        contacts=incoming.contacts,
    )


def _age(incoming: Incoming, now: datetime) -> int | None:
    born = incoming.person.birth_year
    return now.year - born if born else None


def _late_notes(incoming: Incoming, rules: risk.RiskRules, now: datetime) -> list[str]:
    """What only the rules and the clock can tell."""
    notes = []
    if incoming.issued_at > now + CLOCKS_DIFFER:
        notes.append("issued_at_future")
    if not rules.knows(incoming.fraud_word, timezone.localtime(incoming.issued_at).date()):
        notes.append("fraud_type_unknown")
    return notes
