"""What calls an hour brings and what each takes, composed of what is given, measured, the chain's own, or assumed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import time
from enum import StrEnum

from dispatch.chain import Chain, Rules
from dispatch.vocabulary import Level, Met, Tier

HOUR = 3600.0  # seconds
BY_PRECEDENCE = tuple(sorted(Level, reverse=True))


class Origin(StrEnum):
    """Where a figure comes from."""

    GIVEN = "given"
    MEASURED = "measured"
    POLICY = "policy"
    ASSUMED = "assumed"


class Quantity(StrEnum):
    """What a figure is of."""

    DIRECTIVES = "directives"  # an hour
    SHARE = "share"  # of a level among them
    EACH = "each"  # calls a directive of a level, redials included
    CALLS = "calls"  # an hour, of a level
    ANSWERED = "answered"  # the share of calls
    RING = "ring"  # seconds, from dialling to the answer or the end
    TALK = "talk"  # seconds of an answered call
    WRAP = "wrap"  # seconds after it until the operator is free
    AT = "at"  # the hour of the day
    HEAD_START = "head_start"  # seconds
    PATIENCE = "patience"  # seconds
    AWAY = "away"  # the share of paid time not at the desk


ASSUMED: Mapping[Quantity, float] = {
    Quantity.DIRECTIVES: 1300.0,
    Quantity.ANSWERED: 0.6,
    Quantity.RING: 25.0,
    Quantity.TALK: 180.0,
    Quantity.WRAP: 60.0,
    Quantity.AWAY: 0.3,
}
ASSUMED_SHARES: Mapping[Level, float] = {
    Level.CRITICAL: 0.05,
    Level.HIGH: 0.20,
    Level.MEDIUM: 0.35,
    Level.LOW: 0.40,
}


@dataclass(frozen=True, slots=True)
class Figure:
    """One number the plan stands on. `seen` is how many rows it was measured on."""

    of: Quantity
    value: float
    origin: Origin
    level: Level | None = None
    seen: int = 0


@dataclass(frozen=True, slots=True)
class Measured:
    """One hour of the day as a record shows it, an average over its days; a mean of nothing is missing."""

    at: int  # the hour of the day, local
    directives: Mapping[Level, float]  # in that hour
    calls: Mapping[Level, float]  # in that hour
    each: Mapping[Level, float]  # calls a directive, over the whole window
    means: Mapping[Quantity, float]  # of ANSWERED, RING, TALK, WRAP
    seen: Mapping[Quantity, int]


@dataclass(frozen=True, slots=True)
class Given:
    """What the asker says; the rest is measured, or assumed."""

    values: Mapping[Quantity, float] = field(default_factory=dict)
    shares: Mapping[Level, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Load:
    """What the operators and the lines have to carry."""

    calls: Mapping[Level, float]  # an hour, the levels that are called at all, the first to go first
    ring: float  # seconds
    answered: float
    talk: float
    wrap: float
    head_starts: Mapping[Level, float]  # seconds
    away: float
    patience: float | None = None  # seconds; None: a directive waits
    figures: tuple[Figure, ...] = ()

    @property
    def held(self) -> float:
        """Seconds a call takes a line, in the mean: it rings, and who answers talks."""
        return self.ring + self.answered * self.talk

    @property
    def handled(self) -> float:
        """Seconds a call takes an operator, in the mean: the line's, and the wrap-up of an answered one."""
        return self.held + self.answered * self.wrap

    @property
    def arrivals(self) -> float:
        """Calls a second, of all levels."""
        return sum(self.calls.values()) / HOUR


def tries(chain: Chain, answered: float) -> float:
    """Calls a directive of one chain: rung until answered, or as often as the chain redials a silent phone.

    A geometric count cut off at m calls, each answered with the chance p: (1 - (1 - p)^m) / p.
    """
    cell = chain.rungs[Tier.VOICE].cells[Met.SILENT]
    most = max(len(cell.again) + 1, cell.most)
    most = min(most, chain.most_calls) if chain.most_calls else most
    return (1.0 - (1.0 - answered) ** most) / answered if answered else float(most)


def shares(given: Mapping[Level, float], usual: Mapping[Level, float]) -> dict[Level, float]:
    """All levels' shares: what is not given shares the rest as usual. Given ones sum up to 1 at most."""
    rest = max(0.0, 1.0 - sum(given.values()))
    others = {level: share for level, share in usual.items() if level not in given}
    if not sum(others.values()):
        others = {level: share for level, share in ASSUMED_SHARES.items() if level not in given}
    whole = sum(others.values()) or 1.0
    return {
        level: given[level] if level in given else rest * others.get(level, 0.0) / whole
        for level in BY_PRECEDENCE
    }


def compose(given: Given, rules: Rules, measured: Measured | None = None) -> Load:
    """The load: what is given counts first, then what was measured, then what we assume. Every figure is kept."""
    return _Composition(given, rules, measured).load()


class _Composition:
    def __init__(self, given: Given, rules: Rules, measured: Measured | None) -> None:
        self.given, self.rules, self.measured = given, rules, measured
        self.figures: list[Figure] = []

    def load(self) -> Load:
        at = self._hour()
        called = [level for level in BY_PRECEDENCE if _is_called(self.rules.levels[level], at)]
        answered = self._one(Quantity.ANSWERED)
        calls = self._calls(answered)
        starts = {level: self.rules.levels[level].head_start.total_seconds() for level in called}
        self.figures += [Figure(Quantity.HEAD_START, s, Origin.POLICY, level) for level, s in starts.items()]
        return Load(
            calls={level: calls.get(level, 0.0) for level in called},
            answered=answered,
            ring=self._one(Quantity.RING),
            talk=self._one(Quantity.TALK),
            wrap=self._one(Quantity.WRAP),
            away=self._one(Quantity.AWAY),
            patience=self._patience(),
            head_starts=starts,
            figures=tuple(self.figures),
        )

    def _hour(self) -> int | None:
        if Quantity.AT in self.given.values:
            at, origin = int(self.given.values[Quantity.AT]), Origin.GIVEN
        elif self.measured:
            at, origin = self.measured.at, Origin.MEASURED
        else:
            return None
        self.figures.append(Figure(Quantity.AT, at, origin))
        return at

    def _one(self, of: Quantity) -> float:
        if of in self.given.values:
            figure = Figure(of, self.given.values[of], Origin.GIVEN)
        elif self.measured and of in self.measured.means:
            figure = Figure(of, self.measured.means[of], Origin.MEASURED, seen=self.measured.seen.get(of, 0))
        else:
            figure = Figure(of, ASSUMED[of], Origin.ASSUMED)
        self.figures.append(figure)
        return figure.value

    def _patience(self) -> float | None:
        patience = self.given.values.get(Quantity.PATIENCE)
        if patience is not None:
            self.figures.append(Figure(Quantity.PATIENCE, patience, Origin.GIVEN))
        return patience

    def _calls(self, answered: float) -> dict[Level, float]:
        """Calls an hour by level: as measured, unless the directives themselves are given."""
        stated = Quantity.DIRECTIVES in self.given.values or self.given.shares
        if self.measured and not stated and Quantity.ANSWERED not in self.given.values:
            self._seen_directives(self.measured)
            seen = self.measured.seen.get(Quantity.CALLS, 0)
            for level, an_hour in self.measured.calls.items():
                self.figures.append(Figure(Quantity.CALLS, an_hour, Origin.MEASURED, level, seen))
            return dict(self.measured.calls)
        directives = self._directives()
        return {
            level: directives * share * self._each(level, answered) for level, share in self._shares().items()
        }

    def _seen_directives(self, measured: Measured) -> None:
        seen = measured.seen.get(Quantity.DIRECTIVES, 0)
        total = sum(measured.directives.values())
        self.figures.append(Figure(Quantity.DIRECTIVES, total, Origin.MEASURED, seen=seen))
        for level, an_hour in measured.directives.items():
            self.figures.append(
                Figure(Quantity.SHARE, an_hour / (total or 1.0), Origin.MEASURED, level, seen)
            )

    def _directives(self) -> float:
        if self.measured and Quantity.DIRECTIVES not in self.given.values:
            total = sum(self.measured.directives.values())
            seen = self.measured.seen.get(Quantity.DIRECTIVES, 0)
            self.figures.append(Figure(Quantity.DIRECTIVES, total, Origin.MEASURED, seen=seen))
            return total
        return self._one(Quantity.DIRECTIVES)

    def _shares(self) -> dict[Level, float]:
        usual, origin = dict(ASSUMED_SHARES), Origin.ASSUMED
        if self.measured and sum(self.measured.directives.values()):
            usual, origin = dict(self.measured.directives), Origin.MEASURED
        of_each = shares(self.given.shares, usual)
        for level, share in of_each.items():
            where = Origin.GIVEN if level in self.given.shares else origin
            self.figures.append(Figure(Quantity.SHARE, share, where, level))
        return of_each

    def _each(self, level: Level, answered: float) -> float:
        if self.measured and level in self.measured.each and Quantity.ANSWERED not in self.given.values:
            figure = Figure(Quantity.EACH, self.measured.each[level], Origin.MEASURED, level)
        else:
            chain = self.rules.levels[level]
            figure = Figure(Quantity.EACH, tries(chain, answered), Origin.POLICY, level)
        self.figures.append(figure)
        return figure.value


def _is_called(chain: Chain, at: int | None) -> bool:
    if at is None or chain.hours is None:
        return True
    opens, closes = chain.hours
    return opens <= time(at) < closes


def sorted_figures(figures: tuple[Figure, ...]) -> Iterator[Figure]:
    """In the order of the words, and of precedence within one."""
    order = list(Quantity)
    return iter(sorted(figures, key=lambda f: (order.index(f.of), -(f.level or 0))))
