"""Counting, and nothing but: which directives belong to which figure, rates, Wilson's interval. No Django."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Protocol, TypeVar

from dispatch.vocabulary import FraudType, Level, Outcome, Tier
from warning_center.supervision import definitions

Z = 1.959963984540054  # 95 %


@dataclass(frozen=True, slots=True)
class Row:
    """So many directives of one source that are decided by one case: the last of their chain."""

    case: int
    source: str
    directives: int
    outcome: Outcome | None  # None: the case is open
    level: Level
    fraud: FraudType
    path: str  # of the case's unit: the ids from the root down
    tried: frozenset[Tier] = frozenset()  # the tiers that were begun
    agreed_in: Tier | None = None
    reached: bool = False
    listened: bool = False
    agreed: bool = False
    verified: bool = False
    again: bool = False
    brief: bool = False

    def holds(self, part: str) -> bool:
        """Whether these belong to a part."""
        return PARTS[part](self)


class Counts(Protocol):
    """So many directives that stand alike."""

    @property
    def directives(self) -> int: ...
    def holds(self, part: str) -> bool: ...


R = TypeVar("R", bound=Counts)


# A figure and the list of its cases ask the same question, so that they cannot disagree.
PARTS = {name: part.holds for name, part in definitions.built_in().parts.items()}


@dataclass(frozen=True, slots=True)
class Rate:
    """`part` of `whole` directives, both by name, with the interval that the true rate lies in (95 %)."""

    part: str
    whole: str
    k: int
    n: int

    @property
    def share(self) -> float | None:
        return self.k / self.n if self.n else None

    @property
    def interval(self) -> tuple[float, float]:
        return wilson(self.k, self.n)


def wilson(k: int, n: int) -> tuple[float, float]:
    """The 95 % score interval of k out of n (Wilson 1927), from 0 to 1; of nothing, all of it."""
    if n == 0:
        return 0.0, 1.0
    share, square = k / n, Z * Z / n
    middle = (share + square / 2) / (1 + square)
    half = Z / (1 + square) * sqrt(share * (1 - share) / n + square / n / 4)
    return max(0.0, middle - half), min(1.0, middle + half)


def select(rows: Iterable[R], part: str) -> list[R]:
    """The rows of one figure. Raises KeyError for a figure that does not exist."""
    if part not in PARTS:
        raise KeyError(part)
    return [row for row in rows if row.holds(part)]


def count(rows: Iterable[Counts], part: str) -> int:
    """How many directives one figure stands for."""
    return sum(row.directives for row in select(rows, part))


def rate(rows: Sequence[Counts], part: str, whole: str) -> Rate:
    return Rate(part, whole, count(rows, part), count(rows, whole))


def success(rows: Sequence[Counts]) -> Rate:
    """Closed verified or unconfirmed ÷ received less duplicate and void; what is open counts below only."""
    return rate(rows, "succeeded", "counted")


def strict(rows: Sequence[Counts]) -> Rate:
    return rate(rows, "verified", "counted")


def defrauded(rows: Sequence[Counts]) -> Rate:
    """The counter-measure: defrauded after warning ÷ (itself + successes)."""
    return rate(rows, "defrauded_after_warning", "warned")


def by_tier(rows: Sequence[Counts]) -> list[tuple[Tier, Rate]]:
    """Of those with whom a tier was begun, how many agreed there and were closed as a success.

    Nobody agrees in follow-up: its row tells how many that came to it ended as a success.
    """
    return [(tier, rate(rows, f"succeeded_{tier.code}", f"tried_{tier.code}")) for tier in Tier]


def differ(rates: Iterable[Rate]) -> bool:
    """Whether any two of these rates are further apart than chance explains: intervals that do not meet."""
    intervals = [rate.interval for rate in rates if rate.n]
    if not intervals:
        return False
    return max(low for low, _ in intervals) > min(high for _, high in intervals)
