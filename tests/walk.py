"""The exhaustive walk: every way a case can begin, and everything that can then happen to it, step by step.

    python -m tests.walk --length 6

A walk goes through the pure policy with the real state machine beside it. Two histories that leave the policy
nothing to tell them apart by are walked on from once, and counted as two.
"""

import argparse
import os
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cache, lru_cache
from typing import Any, NamedTuple

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "warning_center.settings")
    import django

    django.setup()

from dispatch.vocabulary import (
    CALLS,
    FACE_TO_FACE,
    RESULTS_OF,
    Disposition,
    Level,
    Result,
    Stage,
    Tier,
    what_was_met,
)
from dispatch.plan import Past
from tests.lives import NEVER_RANG, NIGHT, BrokenPromiseError, Life, chain

MOMENT = timedelta(seconds=30)  # from one happening to the next
ENGINES_OWN = {Result.NOT_PLACED, Result.CANCELLED, Result.NO_NEWS}  # time brings these about
WATCHED = {Result.LOSS, Result.RELAPSE, Result.NO_LOSS}  # what the policy itself asks for by name
Key = tuple[Any, ...]


class Happening(NamedTuple):
    """One thing that can happen next; `times` is how many words of the vocabulary it stands for."""

    what: str
    attempt: int = -1
    result: Result | None = None
    disposition: Disposition | None = None
    level: Level | None = None
    times: int = 1


# words the policy cannot tell apart


@lru_cache(maxsize=None)
def sort_of(tier: Tier, result: Result, disposition: Disposition | None) -> Key:
    """All that the policy can see of a result and its word: what was met at each level, and what it asks for."""
    mets = tuple(what_was_met(tier, level, result, disposition) for level in Level)
    named = result if result in WATCHED or result is Result.CANCELLED else None
    wrong = disposition is Disposition.WRONG_PERSON
    return (*mets, named, result in FACE_TO_FACE, disposition is not None, wrong)


@cache
def results(tier: Tier) -> list[tuple[Result, int]]:
    """One result of each sort that a machine or a person may report of a tier, and how many it stands for."""
    sorts: dict[Key, list[Result]] = defaultdict(list)
    for result in sorted(RESULTS_OF[tier] - ENGINES_OWN):
        sorts[sort_of(tier, result, None)].append(result)
    return [(same[0], len(same)) for same in sorts.values()]


@cache
def words(tier: Tier) -> list[tuple[Disposition, int]]:
    """One disposition of each sort, and how many it stands for."""
    met = Result.REACHED if tier in CALLS else Result.MET
    sorts: dict[Key, list[Disposition]] = defaultdict(list)
    for word in Disposition:
        sorts[sort_of(tier, met, word)].append(word)
    return [(same[0], len(same)) for same in sorts.values()]


def result_with(tier: Tier, word: Disposition) -> Result:
    """The result that goes with a word said in time."""
    if word is Disposition.WRONG_PERSON:
        return Result.ANSWERED_BY_OTHER if tier in CALLS else Result.WRONG_ADDRESS
    return Result.REACHED if tier in CALLS else Result.MET


# what can happen


def happenings(life: Life) -> Iterator[Happening]:
    """Everything that can happen to an open case before, or as, its time comes."""
    yield Happening("time")
    for p in life.live:
        at = max(life.now, p.starts_at)
        if p.stage is Stage.PLANNED and (p.tier not in CALLS or at + MOMENT >= life.due_at):
            continue
        if p.tier in CALLS and p.stage is Stage.PLANNED:
            yield Happening("answered", p.id)
        if p.tier is Tier.VISIT and p.stage is Stage.SENT:
            yield Happening("arrived", p.id)
        for result, times in results(p.tier):
            yield Happening("met", p.id, result, times=times)
        if p.tier is not Tier.FOLLOW_UP:
            for word, times in words(p.tier):
                yield Happening("judged", p.id, result_with(p.tier, word), word, times=times)
    for p in unheard(life):
        for word, times in words(p.tier):
            yield Happening("late word", p.id, p.result, word, times=times)
    for level in Level:
        if level >= life.level:
            yield Happening("directive", level=level)
        elif life.level_set_at is None:
            yield Happening("lowered", level=level)
    if not life.money_moved:
        yield Happening("money moved")
    if life.orders:
        yield Happening("bank answered")


def unheard(life: Life) -> list[Past]:
    """The newest ended attempt of each tier that had begun and on which a word may still be said."""
    newest = {p.tier: p for p in life.past if p.result and not p.disposition and p.id in life.begun}
    return [p for tier, p in newest.items() if tier is not Tier.FOLLOW_UP]


def happen(life: Life, what: Happening) -> Life:
    """The life in which this has happened and the case has taken its turn."""
    after = life.copy()
    after.trail = (life.trail, what)
    if what.what == "time":
        after.now = life.due_at
        return after.turn()
    after.now = min(life.now + MOMENT, life.now + (life.due_at - life.now) / 2)
    p = life.past[what.attempt] if what.attempt >= 0 else None
    if p is not None and p.result is None and p.stage is Stage.PLANNED:
        at = max(life.now, p.starts_at)
        after.now = max(after.now, at + MOMENT)
        after.dial(p.id, at, rings=what.result not in NEVER_RANG)
    _CHANGE[what.what](after, what)
    return after.turn()


def _answered(life: Life, what: Happening) -> None:
    within = chain().levels[life.level].rungs[life.past[what.attempt].tier].within
    life.change(what.attempt, stage=Stage.TALKING, due_at=life.now + within[Stage.TALKING], identified=True)


def _arrived(life: Life, what: Happening) -> None:
    within = chain().levels[life.level].rungs[Tier.VISIT].within
    life.change(what.attempt, stage=Stage.ARRIVED, due_at=life.now + within[Stage.ARRIVED])


def _met(life: Life, what: Happening) -> None:
    life.change(what.attempt, result=what.result, ended_at=life.now, due_at=None)


def _judged(life: Life, what: Happening) -> None:
    _met(life, what)
    _late_word(life, what)


def _late_word(life: Life, what: Happening) -> None:
    life.change(what.attempt, disposition=what.disposition, judged_at=life.now)


def _directive(life: Life, what: Happening) -> None:
    life.level, life.issued_at = what.level or life.level, life.now


def _lowered(life: Life, what: Happening) -> None:
    life.level, life.level_set_at = what.level or life.level, life.now


def _money_moved(life: Life, what: Happening) -> None:
    life.money_moved = True


def _bank_answered(life: Life, what: Happening) -> None:
    life.orders = life.orders[1:]


_CHANGE = {
    "answered": _answered, "arrived": _arrived, "met": _met, "judged": _judged, "late word": _late_word,
    "directive": _directive, "lowered": _lowered, "money moved": _money_moved,
    "bank answered": _bank_answered,
}  # fmt: skip


# walking


def key(life: Life) -> Key:
    """All of a life that the policy, or the walk, could tell apart; times count from now."""
    now = life.now

    def ago(at: datetime | None) -> int | None:
        return None if at is None else int((at - now).total_seconds())

    live = tuple(
        (p.tier, p.level, p.stage, ago(p.starts_at), ago(p.due_at), p.number, p.told, p.id in life.begun)
        for p in life.live
    )
    ended = sorted((p for p in life.past if p.result), key=lambda p: (p.tier, p.heard_at, p.id))
    counts: Counter[Key] = Counter()
    last: dict[Tier, Key] = {}
    first: dict[Key, int | None] = {}
    for p in ended:
        sort = (p.tier, sort_of(p.tier, p.result, p.disposition), p.number)
        counts[(*sort, life.level_set_at is None or p.heard_at > life.level_set_at)] += 1
        if p.result is not Result.CANCELLED or p.disposition:
            last[p.tier] = (sort, ago(p.heard_at))
            first.setdefault(sort[:2], ago(p.heard_at))
    worded = sorted((p for p in ended if p.disposition), key=lambda p: (p.heard_at, p.id))
    follow_up = [p for p in life.past if p.tier is Tier.FOLLOW_UP]
    return (
        life.state, life.level, life.opened_level, ago(life.issued_at), life.money_moved, life.sent, life.ordered,
        tuple(ago(order.due_at) for order in life.orders), live, frozenset(counts.items()),
        tuple(last.values()), tuple(first.values()), now.hour,
        tuple((p.tier, p.disposition) for p in worded), ago(life.standing().agreed_at),
        tuple((p.result, ago(p.heard_at)) for p in follow_up if p.result),
        (follow_up[0].level, ago(follow_up[0].starts_at)) if follow_up else None,
        tuple((p.tier, p.result, p.number) for p in unheard(life)),
        frozenset(Counter(n for n, _ in life.rung).items()),
        life.numbers, life.can_visit, life.trunks,
    )  # fmt: skip


class Walk:
    """A walk of one length over lives; what several starts share is walked once."""

    def __init__(self, length: int) -> None:
        self.length = length
        self.steps = 0  # turns taken and checked
        self.edges: dict[int, tuple[int, list[tuple[int, int]]]] = {}  # ways that end here, ways on
        self.leaves: dict[int, int] = {}  # ways on from where the walk stops

    def count(self, start: Life) -> int:
        """Walk every sequence from a start, up to the length or until the case closes; how many there are."""
        first = start.turn()
        if first.outcome is not None:
            return 1
        ended = 0
        frontier = {hash(key(first)): (first, 1)}
        for depth in range(self.length):
            ahead: dict[int, tuple[Life, int]] = {}
            for mark, (life, ways) in frontier.items():
                if depth == self.length - 1:
                    ended += ways * self._leaf(mark, life)
                    continue
                ended += ways * self._expand(mark, life, ways, ahead)
            frontier = ahead
        return ended

    def _leaf(self, mark: int, life: Life) -> int:
        if mark in self.edges:
            closed, onward = self.edges[mark]
            return closed + sum(times for _, times in onward)
        if mark not in self.leaves:
            self.leaves[mark] = sum(what.times for what in happenings(life) if self._step(life, what))
        return self.leaves[mark]

    def _expand(self, mark: int, life: Life, ways: int, ahead: dict[int, tuple[Life, int]]) -> int:
        closed = 0
        for what in happenings(life):
            after = self._step(life, what)
            if after.outcome is not None:
                closed += what.times
                continue
            to = hash(key(after))
            known = ahead.get(to)
            ahead[to] = (after, ways * what.times) if known is None else (known[0], known[1] + ways * what.times)
        return closed

    def _step(self, life: Life, what: Happening) -> Life:
        self.steps += 1
        try:
            return happen(life, what)
        except Exception as fault:
            raise BrokenPromiseError(f"{fault}\n{story(life)}\n  then {what}") from fault


def story(life: Life) -> str:
    """How a life came to be as it is."""
    told: list[str] = []
    trail: tuple[Any, ...] = life.trail
    while trail:
        trail, what = trail
        told.append(f"  {what}")
    begun = f"  {life.level.name} numbers={life.numbers} can_visit={life.can_visit} money={life.money_moved}"
    return "\n".join([*reversed(told), begun, *(f"    {p}" for p in life.past)])
