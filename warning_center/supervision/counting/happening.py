"""What happened to a case on one day, by the day it happened: never mixed with the day of receipt. No Django."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from decimal import Decimal

from dispatch.vocabulary import UNCOUNTED
from warning_center.supervision.counting import cells, marks
from warning_center.supervision.counting.cells import CellKey
from warning_center.supervision.counting.life import Chain, Life
from warning_center.supervision.counting.marks import UNKNOWN, Mark

Fact = tuple[datetime, str, str, int]  # when, cut, key; how often, or how many cents
ONCE = ("on.opened", "on.rung", "on.closed")  # of a case there is at most one
SUMS = ("on.held", "on.sum")  # what these add up is cents


@dataclass(frozen=True, slots=True)
class Happening(cells.Spread):
    """A case's day. `marks` as stored; each stands for the case once, and its total for how often, or for cents."""

    case: int
    root: int
    day: date
    path: str
    level: int
    fraud: str
    source: str
    marks: str

    def spread(self) -> Iterator[tuple[CellKey, Mark]]:
        kept = marks.level_code(self.level)
        return cells.spread(self.path, self.day, ((mark, kept) for mark in marks.parse(self.marks)))


def happened(chain: Chain, zone: tzinfo) -> list[Happening]:
    """Every day of every case of a chain on which something happened; days are of that time zone."""
    return [one for life in chain.lives for one in _days(chain, life, zone)]


def _days(chain: Chain, life: Life, zone: tzinfo) -> Iterator[Happening]:
    days: dict[date, Counter[tuple[str, str]]] = {}
    for at, cut, key, size in facts(chain, life):
        days.setdefault(at.astimezone(zone).date(), Counter())[cut, key] += size
    for day, found in sorted(days.items()):
        told = [Mark(cut, key, size) for (cut, key), size in sorted(found.items())]
        yield Happening(
            case=life.pk,
            root=chain.root,
            day=day,
            path=life.path,
            level=life.level.value,
            fraud=life.fraud.value,
            source=_source(chain, life),
            marks=marks.joined(told),
        )


def _source(chain: Chain, life: Life) -> str:
    """Of its first directive; of a case that has none, of the chain's first."""
    own = (told for told in chain.told if told.case == life.pk)
    first = next(own, None) or next(iter(chain.told), None)
    return first.source if first else UNKNOWN


def facts(chain: Chain, life: Life) -> Iterator[Fact]:
    """All that happened to a case, each with its moment."""
    for told in chain.told:
        if told.case == life.pk:
            yield told.received_at, "on.received", told.source, 1
            yield told.received_at, "on.came", "any", 1
    yield life.opened_at, "on.opened", "first" if life.pk == chain.root else "again", 1
    yield from _attempts(life)
    rungs = {
        "reached": life.reached_at,
        "listened": life.listened_at,
        "agreed": life.agreed_at,
        "verified": life.verified_at,
    }
    yield from ((at, "on.rung", name, 1) for name, at in rungs.items() if at is not None)
    if life.closed_at is not None and life.outcome is not None:
        yield life.closed_at, "on.closed", life.outcome.value, 1
    yield from _orders(life)
    if life.outcome not in UNCOUNTED:
        yield from _sums(life)


def _attempts(life: Life) -> Iterator[Fact]:
    for t in life.tried:
        if t.started_at is None:
            continue
        yield t.started_at, "on.begun", t.tier.code, 1
        for name, at in (("acknowledged", t.acknowledged_at), ("arrived", t.arrived_at)):
            if at is not None:
                yield at, "on.visit", name, 1
        if t.ended_at is not None and t.result is not None:
            yield t.ended_at, "on.met", f"{t.tier.code}.{t.result.value}", 1
        if t.judged_at is not None and t.disposition is not None:
            yield t.judged_at, "on.judged", t.disposition.value, 1


def _orders(life: Life) -> Iterator[Fact]:
    for order in life.orders:
        yield order.drafted_at, "on.order", "drafted", 1
        if order.submitted_at is not None:
            yield order.submitted_at, "on.order", "submitted", 1
        if order.answered_late:
            yield order.due_at, "on.order", "unanswered", 1
        if order.ended_at is not None:
            yield order.ended_at, "on.order", order.state, 1
            if order.held:
                yield order.ended_at, "on.held", "held", marks.cents(order.held)


def _sums(life: Life) -> Iterator[Fact]:
    """By how much each sum became more, or less: so two days add up, and nothing counts twice."""
    known: dict[str, Decimal] = {}
    for said in life.sums:
        more = said.amount - known.get(said.kind, Decimal(0))
        known[said.kind] = said.amount
        yield said.at, "on.sum", said.kind, marks.cents(more)
