"""The plan: the least operators and lines that keep a promise, and what one fewer or one more would do."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from math import ceil

from dispatch.vocabulary import Level
from warning_center.planning.erlang import Impatient, erlang_b
from warning_center.planning.load import HOUR, Load
from warning_center.planning.precedence import Wait, waits

NARROWEST = 1e-9  # of a share: less than this is rounding


@dataclass(frozen=True, slots=True)
class Aim:
    """So great a share of the calls of `level` and above begins within so many seconds; so few meet full lines."""

    within: float = 60.0
    share: float = 0.9
    level: Level = Level.HIGH
    blocked: float = 0.01

    def binds(self, level: Level) -> bool:
        return level >= self.level


@dataclass(frozen=True, slots=True)
class Row:
    """What so many operators and lines do. A call that finds no line free counts as late."""

    operators: int
    lines: int
    occupancy: float
    blocked: float
    shares: Mapping[Level, float]  # begun within the aim's time
    means: Mapping[Level, float]  # seconds of waiting; infinite where the queue grows without end
    given_up: float | None  # of all calls, by Erlang A; None: nobody gives up


@dataclass(frozen=True, slots=True)
class Plan:
    """The answer and its neighbours."""

    load: Load
    aim: Aim
    rows: tuple[Row, ...]
    answer: Row

    @property
    def paid(self) -> int:
        """Operators on the roster, some of whom are away from their desks."""
        return ceil(round(self.answer.operators / (1.0 - self.load.away), 9))


def plan(load: Load, aim: Aim) -> Plan:
    """The least operators that keep the aim, then the least lines that do not spoil it, and one fewer and one more."""
    operators = least_operators(load, aim)
    lines = least_lines(load, aim, operators)
    sizes = [(operators + step, lines + step) for step in (-1, 0, 1) if min(operators, lines) + step > 0]
    rows = tuple(_row(load, aim, n, trunks) for n, trunks in sizes)
    answer = next(row for row in rows if row.operators == operators)
    return Plan(load, aim, rows, answer)


def least_operators(load: Load, aim: Aim) -> int:
    """The fewest operators who keep up with every level, keep the aim, and keep the precedence true.

    Calls stand in line by the moment they may begin less their level's head start. That is strict precedence for
    as long as nobody behind has waited for longer than the two head starts differ; so the aim's share of each lower
    level must begin within that time. Without it the formula would promise more than the queue can hold.
    """
    erlangs = load.arrivals * load.handled
    return _least(int(erlangs) + 1, lambda n: n > erlangs and not missed(load, aim, n))


def least_lines(load: Load, aim: Aim, operators: int) -> int:
    """The fewest lines on which no more calls than the aim allows find none free, and which leave it kept.

    Erlang B takes callers without number; as many lines as operators are always enough, for each call has one.
    """
    worst = min(
        (w.within(aim.within) for level, w in by_level(load, operators).items() if aim.binds(level)),
        default=1.0,
    )

    def enough(lines: int) -> bool:
        lost = blocked(load, lines, operators)
        return lost <= aim.blocked and worst * (1.0 - lost) >= aim.share - NARROWEST

    return _least(1, enough)


def by_level(load: Load, operators: int) -> dict[Level, Wait]:
    """What each level waits."""
    arrivals = [calls / HOUR for calls in load.calls.values()]
    return dict(zip(load.calls, waits(arrivals, load.handled, operators), strict=True))


def blocked(load: Load, lines: int, operators: int) -> float:
    """The share of calls that an operator is free for and no line."""
    return 0.0 if lines >= operators else erlang_b(lines, load.arrivals * load.held)


def overtakes(load: Load, aim: Aim, operators: int) -> list[tuple[Level, Level]]:
    """Neighbouring levels, the higher first, whose precedence does not hold: too many below outwait the head start.

    The higher one's wait is then longer than told here, and the lower one's shorter.
    """
    of_level = by_level(load, operators)
    starts = load.head_starts
    return [
        (higher, lower)
        for higher, lower in pairwise(load.calls)
        if of_level[lower].within(starts[higher] - starts[lower]) < aim.share
    ]


def missed(load: Load, aim: Aim, operators: int) -> list[Level]:
    """The levels for which so many operators are too few: bound ones too late, others so late that they go first."""
    of_level = by_level(load, operators)
    lowest = min((level for level in of_level if aim.binds(level)), default=None)
    late = []
    for level, wait in of_level.items():
        limit = aim.within
        if not aim.binds(level):
            if lowest is None:
                continue
            limit = load.head_starts[lowest] - load.head_starts[level]
        if wait.within(limit) < aim.share - NARROWEST:
            late.append(level)
    return late


def _row(load: Load, aim: Aim, operators: int, lines: int) -> Row:
    of_level = by_level(load, operators)
    lost = blocked(load, lines, operators)
    given_up = None
    if load.patience is not None:
        given_up = Impatient(operators, load.arrivals, load.handled, load.patience).given_up
    return Row(
        operators=operators,
        lines=lines,
        occupancy=min(1.0, load.arrivals * load.handled / operators),
        blocked=lost,
        shares={level: wait.within(aim.within) * (1.0 - lost) for level, wait in of_level.items()},
        means={level: wait.mean for level, wait in of_level.items()},
        given_up=given_up,
    )


def _least(start: int, enough: Callable[[int], bool]) -> int:
    """The least number from `start` on that is enough; once enough, always enough."""
    step = 1
    low = start - 1  # not known to be enough
    while not enough(low + step):
        low += step
        step *= 2
    high = low + step
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high
