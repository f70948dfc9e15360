"""What a play has brought about, as one document: directives, cases, attempts, orders, events. Codes, not words."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Prefetch
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from dispatch.models import Attempt, Case, Event, Message, Unit
from dispatch.vocabulary import Level, Tier
from warning_center.models import Directive
from warning_center.supervision import statistics


def tell(directives: Sequence[Directive]) -> dict[str, Any]:
    """The document that `demo --json` prints."""
    # Texts are joined, not prefetched: beyond a thousand SQLite takes no such list of keys (Django 5.2).
    messages = Prefetch("messages", Message.objects.select_related("text").defer("text__number"))
    attempts = Prefetch("attempts", Attempt.objects.select_related("unit").defer("note"))
    cases = Case.objects.select_related("previous").prefetch_related(messages, attempts, "orders", "events")
    references: dict[int, list[str]] = {}
    for directive in directives:
        references.setdefault(directive.case_id, []).append(directive.reference)
    units = {unit.pk: unit for unit in Unit.objects.all()}
    return {
        "directives": [{"reference": d.reference, "case": d.case.number} for d in directives],
        "cases": [_case(case, references.get(case.pk, []), units) for case in cases.order_by("pk")],
        "totals": statistics.totals(),
    }


def _case(case: Case, references: list[str], units: dict[int, Unit]) -> dict[str, Any]:
    return {
        "case": case.number,
        "previous": case.previous.number if case.previous else None,
        "directives": references,
        "level": Level(case.level).code,
        "levels": levels_of(case),
        "state": case.state,
        "outcome": case.outcome or None,
        "opened_at": _time(case.opened_at),
        "closed_at": _time(case.closed_at),
        "attempts": [_attempt(a) for a in sorted(case.attempts.all(), key=_by_time)],
        "messages": [
            {"kind": m.kind, "state": m.text.state, "sent_at": _time(m.text.sent_at)}
            for m in sorted(case.messages.all(), key=lambda m: m.pk)
        ],
        "orders": [
            {"kind": o.kind, "state": o.state, "due_at": _time(o.due_at)}
            for o in sorted(case.orders.all(), key=lambda o: o.pk)
        ],
        "events": [_event(e, units) for e in sorted(case.events.all(), key=lambda e: e.pk)],
    }


def levels_of(case: Case) -> list[str]:
    """Every level the case had, in order."""
    levels: list[str] = []
    for event in sorted(case.events.all(), key=lambda e: e.pk):
        if event.verb in ("opened", "raised", "lowered") and event.detail["level"] not in levels[-1:]:
            levels.append(event.detail["level"])
    return levels


def _by_time(attempt: Attempt) -> tuple[datetime, int]:
    return attempt.started_at or attempt.starts_at, attempt.pk


def _attempt(attempt: Attempt) -> dict[str, Any]:
    return {
        "tier": Tier(attempt.tier).code,
        "result": attempt.result or None,
        "disposition": attempt.disposition or None,
        "station": attempt.unit.name if attempt.unit else None,
        "started_at": _time(attempt.started_at),
        "ended_at": _time(attempt.ended_at),
    }


def _event(event: Event, units: dict[int, Unit]) -> dict[str, Any]:
    detail = dict(event.detail)
    if unit := units.get(detail.pop("unit", 0)):
        detail["unit"] = unit.name
    detail.pop("attempt", None)
    detail.pop("reported", None)  # what a replay goes by
    for moment in detail.keys() & {"starts", "due"}:
        detail[moment] = _time(parse_datetime(detail[moment]))
    return {"at": _time(event.at), "verb": event.verb, "agent": event.agent, **detail}


def _time(at: datetime | None) -> str | None:
    return timezone.localtime(at).isoformat() if at else None


def masked_person(case: Case) -> str:
    """Who it is about, masked: `张* 190****0001`."""
    uses: Iterable[Any] = case.target.numbers.all()
    number = next((use.phone.masked for use in uses), "")
    return " ".join(filter(None, (case.target.masked_name, number)))
