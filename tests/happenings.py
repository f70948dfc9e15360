"""Everything that can happen next to a simulated case: results, words, late words, time, and news from outside."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta
from functools import cache
from typing import Any, NamedTuple

from dispatch.plan import Past
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
from tests.lives import NEVER_RANG, Life, chain

MOMENT = timedelta(seconds=30)  # from one happening to the next
MOST_ASIDES = 1  # in a sequence: happenings that are no result, such as another directive or a bank's answer
ASIDES = {"directive", "lowered", "money moved", "bank answered", "another place"}
ENGINES_OWN = {Result.NOT_PLACED, Result.CANCELLED, Result.NO_NEWS}  # time brings these about
NOT_FROM = {
    Stage.TALKING: {Result.BUSY, Result.FORWARDED},  # no longer, once answered
    Stage.ARRIVED: {Result.NO_ACKNOWLEDGEMENT},
    Stage.WATCHING: {Result.NO_LOSS, Result.NOT_FOUND},  # nobody asks
}
WATCHED = {Result.LOSS, Result.RELAPSE, Result.NO_LOSS}  # what the policy itself asks for by name
Sort = tuple[Any, ...]


class Happening(NamedTuple):
    """One thing that can happen next; `times` is how many words of the vocabulary it stands for."""

    what: str
    attempt: int = -1
    result: Result | None = None
    disposition: Disposition | None = None
    level: Level | None = None
    times: int = 1


# words the policy cannot tell apart


@cache
def sort_of(tier: Tier, result: Result, disposition: Disposition | None) -> Sort:
    """All that the policy can see of a result and its word: what was met at each level, and what it asks for."""
    mets = tuple(what_was_met(tier, level, result, disposition) for level in Level)
    named = result if result in WATCHED or result is Result.CANCELLED else None
    wrong = disposition is Disposition.WRONG_PERSON
    return (*mets, named, result in FACE_TO_FACE, disposition is not None, wrong)


@cache
def alike(tier: Tier) -> dict[Result, list[Result]]:
    """What a machine or a person may report of a tier, sort by sort, each under one that stands for all."""
    sorts: dict[Sort, list[Result]] = defaultdict(list)
    for result in sorted(RESULTS_OF[tier] - ENGINES_OWN):
        sorts[sort_of(tier, result, None)].append(result)
    return {same[0]: same for same in sorts.values()}


@cache
def results(tier: Tier) -> list[tuple[Result, int]]:
    """One result of each sort, and how many it stands for."""
    return [(stand_in, len(same)) for stand_in, same in alike(tier).items()]


@cache
def words(tier: Tier) -> list[tuple[Disposition, int]]:
    """One disposition of each sort, and how many it stands for."""
    met = Result.REACHED if tier in CALLS else Result.MET
    sorts: dict[Sort, list[Disposition]] = defaultdict(list)
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
            if result not in NOT_FROM.get(p.stage, ()):
                yield Happening("met", p.id, result, times=times)
        if p.tier is not Tier.FOLLOW_UP:
            for word, times in words(p.tier):
                yield Happening("judged", p.id, result_with(p.tier, word), word, times=times)
    for p in unheard(life):
        for word, times in words(p.tier):
            yield Happening("late word", p.id, p.result, word, times=times)
    if life.asides < MOST_ASIDES:
        yield from _asides(life)


def _asides(life: Life) -> Iterator[Happening]:
    for level in Level:
        if level > life.level or (level is life.level and chain().levels[level].expires_after):
            yield Happening("directive", level=level)
    if life.level_set_at is None and life.level > Level.LOW:
        yield Happening("lowered", level=Level(life.level - 1))
    if not life.money_moved:
        yield Happening("money moved")
    if life.orders:
        yield Happening("bank answered")
    if any(p.tier is Tier.VISIT for p in life.past):
        yield Happening("another place")


def silent(life: Life) -> list[Past]:
    """The ended attempts that had begun and of which nobody has said a word."""
    return [
        p
        for p in life.past
        if p.result and not p.disposition and p.id in life.begun and p.tier is not Tier.FOLLOW_UP
    ]


def unheard(life: Life) -> list[Past]:
    """Of each tier the newest of them: on that a late word may be said."""
    return list({p.tier: p for p in silent(life)}.values())


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
    after.asides += what.what in ASIDES
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
    word = {"disposition": what.disposition, "judged_at": life.now}
    life.change(what.attempt, result=what.result, ended_at=life.now, due_at=None, **word)


def _late_word(life: Life, what: Happening) -> None:
    life.change(what.attempt, disposition=what.disposition, judged_at=life.now)


def _directive(life: Life, what: Happening) -> None:
    life.level, life.issued_at = what.level or life.level, life.now


def _lowered(life: Life, what: Happening) -> None:
    life.level, life.level_set_at = what.level or life.level, life.now


def _money_moved(life: Life, what: Happening) -> None:
    life.money_moved = True


def _another_place(life: Life, what: Happening) -> None:
    visit = max(p.id for p in life.past if p.tier is Tier.VISIT)
    life.change(visit, astray=True)


def _bank_answered(life: Life, what: Happening) -> None:
    life.orders = life.orders[1:]


_CHANGE = {
    "answered": _answered, "arrived": _arrived, "met": _met, "judged": _judged, "late word": _late_word,
    "directive": _directive, "lowered": _lowered, "money moved": _money_moved,
    "bank answered": _bank_answered,
    "another place": _another_place,
}  # fmt: skip
