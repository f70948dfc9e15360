"""The exhaustive walk: every way a case can begin, and everything that can then happen to it, step by step.

    python -m tests.walk --length 6

A walk goes through the pure policy with the real state machine beside it. Histories that leave the policy, and
whatever may happen next, nothing to tell them apart by are walked on from once, and each is counted.
"""

import argparse
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime, timedelta
from typing import Any

if __name__ == "__main__":
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "warning_center.settings")
    django.setup()

from dispatch.plan import Past
from dispatch.vocabulary import CALLS, FAULTS, Disposition, Level, Result, Stage, Tier
from tests.happenings import (
    NOT_FROM,
    Happening,
    happen,
    happenings,
    result_with,
    results,
    silent,
    sort_of,
    words,
)
from tests.lives import NIGHT, BrokenPromiseError, Life, chain

Key = tuple[Any, ...]


def key(life: Life) -> Key:
    """All of a life that the policy, or the walk, could tell apart; times count from now."""
    now = life.now

    def ago(at: datetime | None) -> int | None:
        return None if at is None else int((at - now).total_seconds())

    live = tuple(
        (
            p.tier,
            p.level,
            p.stage,
            ago(p.starts_at),
            ago(p.due_at),
            p.number,
            p.told,
            p.astray,
            p.id in life.begun,
        )
        for p in life.live
    )
    ended = sorted((p for p in life.past if p.result), key=lambda p: (p.tier, p.heard_at, p.id))
    counts: Counter[Key] = Counter()
    last: dict[Tier, Past] = {}
    first: dict[Key, int | None] = {}
    faults: Counter[Tier] = Counter()  # in a row
    for p in ended:
        sort = (p.tier, sort_of(p.tier, p.result, p.disposition))
        counts[
            (*sort, p.number, _is_villages(p), life.level_set_at is None or p.heard_at > life.level_set_at)
        ] += 1
        if p.result is not Result.CANCELLED or p.disposition:
            last[p.tier] = p
            first.setdefault(sort, ago(p.heard_at))
            faults[p.tier] = faults[p.tier] + 1 if p.result in FAULTS and not p.disposition else 0
    follow_up = [p for p in life.past if p.tier is Tier.FOLLOW_UP]
    visit = next((p for p in life.past if p.tier is Tier.VISIT), None)
    stands = life.standing()
    return (
        life.state, life.asides, life.level, life.opened_level, ago(life.issued_at), life.money_moved,
        life.sent, life.ordered,
        tuple(ago(order.due_at) for order in life.orders), live, frozenset(counts.items()),
        tuple((p.tier, sort_of(p.tier, p.result, p.disposition), ago(p.heard_at), p.astray, _is_villages(p))
              for p in last.values()),
        frozenset(first.items()), frozenset(faults.items()), now.hour,
        stands.spoken and (stands.spoken.tier, stands.spoken.disposition), ago(stands.agreed_at),
        tuple((p.result, ago(p.heard_at)) for p in follow_up if p.result),
        (follow_up[0].level, ago(follow_up[0].starts_at)) if follow_up else None,
        visit and (visit.level, *(visit.starts_at >= p.heard_at for p in last.values() if p.tier in CALLS)),
        tuple((p.tier, p.result, p.number, p.astray) for p in silent(life)),
        frozenset(Counter(n for n, _ in life.rung).items()),
        life.numbers, life.can_visit, life.trunks,
    )  # fmt: skip


def _is_villages(p: Past) -> bool:
    return p.tier is Tier.VISIT and chain().levels[p.level].rungs[p.tier].community


class Walk:
    """A walk over many starts at once; a life that several histories lead to is walked on from once."""

    def __init__(self, starts: Iterable[Life], length: int) -> None:
        self.starts = [life.turn() for life in starts]
        self.length = length
        self.steps = 0  # turns taken and checked
        self.closed: dict[int, int] = {}  # of a life: so many ways close it at once
        self.onward: dict[int, dict[int, int]] = {}  # and so many lead to another life
        self.leaves: dict[int, int] = {}  # of a life one step before the walk's end: all its ways

    def run(self) -> int:
        """Walk every sequence of the length, or until the case closes; how many there are."""
        frontier = {hash(key(life)): life for life in self.starts if life.outcome is None}
        ways = dict.fromkeys(frontier, 1)
        for _ in range(self.length - 2):
            ahead: dict[int, Life] = {}
            for mark, life in frontier.items():
                self.closed[mark], self.onward[mark] = self._expand(life, ahead.setdefault)
            frontier = {mark: life for mark, life in ahead.items() if mark not in self.closed}
        for mark, life in frontier.items():  # the last two steps keep no lives: there are too many
            self.closed[mark], self.onward[mark] = self._expand(life, self._leave)
        return self._count(ways)

    def _expand(self, life: Life, onto: Callable[[int, Life], object]) -> tuple[int, dict[int, int]]:
        closed, onward = 0, Counter[int]()
        life.rest()
        for what in happenings(life):
            after = self._step(life, what)
            if after.outcome is not None:
                closed += what.times
            else:
                mark = hash(key(after))
                onward[mark] += what.times
                onto(mark, after)
        return closed, onward

    def _leave(self, mark: int, life: Life) -> None:
        """Take every last step from here, unless it has been taken."""
        if mark in self.closed or mark in self.leaves:
            return
        self.leaves[mark] = 0
        life.rest()
        for what in happenings(life):
            self._step(life, what)
            self.leaves[mark] += what.times

    def _count(self, ways: dict[int, int]) -> int:
        ended = sum(life.outcome is not None for life in self.starts)
        for _ in range(self.length - 1):
            ahead: Counter[int] = Counter()
            for mark, times in ways.items():
                ended += times * self.closed[mark]
                for to, onward in self.onward[mark].items():
                    ahead[to] += times * onward
            ways = ahead
        for mark, times in ways.items():
            last = (
                self.closed[mark] + sum(self.onward[mark].values())
                if mark in self.closed
                else self.leaves[mark]
            )
            ended += times * last
        return ended

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


# every way of starting


def main_starts() -> dict[str, Life]:
    """One fresh directive at each level, in the daytime, for a person with two numbers and a known place."""
    return {level.code: Life(level) for level in reversed(Level)}


def other_starts() -> dict[str, Life]:
    """The other ways a case can begin, and two in which it has come to follow-up."""
    starts: dict[str, Life] = {}
    for level in Level:
        rows = chain().levels[level]
        ways = {
            "no number": Life(level, numbers=()),
            "one number": Life(level, numbers=(1,)),
            "nowhere to visit": Life(level, can_visit=False),
            "no number, nowhere to visit": Life(level, numbers=(), can_visit=False),
            "money moved": Life(level, money_moved=True),
            "money moved, nowhere to visit": Life(level, money_moved=True, can_visit=False),
            "one trunk": Life(level, trunks=1),
            "agreed": _agreed(level),
            "not found": _not_found(level),
        }
        if rows.hours:
            ways["night"] = Life(level, now=NIGHT)
        if rows.most_calls:
            ways["one call short of the cap"] = Life(level, rung=rows.most_calls - 1)
            ways["capped"] = Life(level, numbers=(1,), rung=rows.most_calls)
        if rows.expires_after:
            age = rows.expires_after + timedelta(hours=1)
            ways["stale"] = Life(level, age=age)
            ways["stale, nowhere to visit"] = Life(level, age=age, can_visit=False)
        starts |= {f"{level.code}, {name}": life for name, life in ways.items()}
    for level in Level:  # opened low, raised by a second directive before anything was met
        raised = Life(Level.LOW).turn()
        raised.level = level
        starts[f"low, joined at {level.code}"] = raised
    return starts


def _agreed(level: Level) -> Life:
    life = Life(level).turn()
    voice = next(p for p in life.live if p.tier is Tier.VOICE)
    return happen(life, Happening("judged", voice.id, Result.REACHED, Disposition.PERSUADED))


def _not_found(level: Level) -> Life:
    """Nobody answered and nobody was there until follow-up began."""
    life = Life(level, numbers=(), can_visit=False).turn()
    life.can_visit, life.numbers = True, (1, 2)
    return life


# every history ends

Answer = tuple[Result | None, Disposition | None]  # no result: nothing is ever heard
AFTER = {Tier.VOICE: timedelta(seconds=30), Tier.VIDEO: timedelta(seconds=30)}
AFTER |= {Tier.VISIT: timedelta(minutes=20), Tier.FOLLOW_UP: timedelta(minutes=10)}


def answers(tier: Tier) -> Iterator[Answer]:
    """Every fixed way in which a tier can go on and on."""
    yield None, None
    yield from ((result, None) for result, _ in results(tier))
    if tier is not Tier.FOLLOW_UP:
        yield from ((result_with(tier, word), word) for word, _ in words(tier))


def endings(start: Life, most_turns: int) -> Iterator[tuple[dict[Tier, Answer], Life]]:
    """Follow a start to its end with one fixed answer a tier, for every such answer that is ever asked for."""
    todo: list[tuple[dict[Tier, Answer], Life, int]] = [({}, start.turn(), 0)]
    while todo:
        given, life, turns = todo.pop()
        while life.outcome is None:
            if turns >= most_turns:
                raise BrokenPromiseError(f"no end after {turns} turns with {given}")
            p, at = _next_to_answer(life, given)
            if p is None or at is None:
                life = happen(life, Happening("time"))
            elif p.tier not in given:
                todo += [({**given, p.tier: answer}, life, turns) for answer in answers(p.tier)]
                break
            else:
                life = _answer(life, p, at, given[p.tier])
            turns += 1
        else:
            yield given, life


def _next_to_answer(life: Life, given: dict[Tier, Answer]) -> tuple[Past | None, datetime | None]:
    """The live attempt that is answered before anything falls due, and when."""
    soonest: tuple[Past | None, datetime | None] = None, life.due_at
    for p in life.live:
        waits = p.stage is Stage.PLANNED and p.tier not in CALLS
        said = given.get(p.tier, (Result.LOSS, None))[0]
        silent = said is None or said in NOT_FROM.get(p.stage, ())
        at = max(life.now, p.starts_at) + AFTER[p.tier]
        if not waits and not silent and soonest[1] and at < soonest[1]:
            soonest = p, at
    return soonest


def _answer(life: Life, p: Past, at: datetime, answer: Answer) -> Life:
    result, disposition = answer
    what = Happening("judged" if disposition else "met", p.id, result, disposition)
    after = life.copy()
    after.now = at - timedelta(seconds=30)
    return happen(after, what)


# the named command


def _walk(task: tuple[str, Life, int]) -> tuple[str, int, int]:
    name, life, length = task
    walk = Walk([life], length)
    return name, walk.run(), walk.steps


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--length", type=int, default=6, help="of the walks from the four main starts")
    options.add_argument("--others", type=int, default=4, help="of the walks from the other starts")
    options.add_argument("--processes", type=int, default=os.cpu_count())
    options.add_argument("--only", default="", help="starts whose names begin so, as in: critical")
    given = options.parse_args()
    began = time.monotonic()
    tasks = [(name, life, given.length) for name, life in main_starts().items()]
    tasks += [(name, life, given.others) for name, life in other_starts().items()]
    tasks = [task for task in tasks if task[0].startswith(given.only)]
    total = 0
    with ProcessPoolExecutor(given.processes) as pool:
        for name, sequences, steps in pool.map(_walk, tasks):
            total += sequences
            sys.stdout.write(f"{name}: {sequences:,} sequences, {steps:,} steps\n")
            sys.stdout.flush()
    sys.stdout.write(f"{total:,} sequences kept every promise, {time.monotonic() - began:.0f} s\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
