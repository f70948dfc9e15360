"""How urgent is it? Facts to a score, a level and the reasons, by a named version of the risk policy. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from dispatch.flaw import Flaw
from dispatch.vocabulary import FraudType, Level

MOST = 100
OUR_OWN = ("agreed_before", "line_signs")  # facts of our own record


class BadRiskRules(ValueError):
    """The document does not describe a risk policy. `flaws` names each row and what is wrong with it."""

    def __init__(self, flaws: list[Flaw]) -> None:
        super().__init__("; ".join(map(str, flaws)))
        self.flaws = flaws


@dataclass(frozen=True, slots=True)
class Fraud:
    """One fraud type: its points, its names, and the days it was in use."""

    code: FraudType
    points: int
    zh: str
    aliases: tuple[str, ...]
    since: date
    until: date | None = None
    loss: int | None = None  # usual, in yuan per case; no public source gives one per type

    def is_called(self, word: str, on: date) -> bool:
        """Whether this is its code, its Chinese name or one of its aliases, and it is in use on that day."""
        in_use = self.since <= on and (self.until is None or on <= self.until)
        return in_use and word.strip() in (self.code, self.zh, *self.aliases)


@dataclass(frozen=True, slots=True)
class Scale:
    """Points for one fact: rising steps of its size."""

    steps: tuple[tuple[int, int], ...]

    @property
    def flag(self) -> bool:
        """Whether there is only yes or no."""
        return [at for at, _ in self.steps] == [1]

    @property
    def most(self) -> int:
        """The points of its gravest step."""
        return max(points for _, points in self.steps)

    def of(self, size: int) -> int:
        return max((points for at, points in self.steps if size >= at), default=0)


@dataclass(frozen=True, slots=True)
class RiskRules:
    """A whole risk policy."""

    thresholds: Mapping[Level, int]
    upstream: Mapping[Level, int]
    scales: Mapping[str, Scale]
    frauds: Mapping[FraudType, Fraud]

    @property
    def signs(self) -> tuple[str, ...]:
        """The flags that somebody may see and report, the gravest first; what our own record knows is none."""
        flags = [name for name, scale in self.scales.items() if scale.flag and name not in OUR_OWN]
        return tuple(sorted(flags, key=lambda name: (-self.scales[name].most, name)))

    def fraud(self, word: str, on: date) -> FraudType:
        """A code, the Chinese name or an alias in use on that day; what is unknown is `other`."""
        return next((f.code for f in self.frauds.values() if f.is_called(word, on)), FraudType.OTHER)

    def knows(self, word: str, on: date) -> bool:
        """Whether any fraud type has this name on that day."""
        return any(fraud.is_called(word, on) for fraud in self.frauds.values())


@dataclass(frozen=True, slots=True)
class RiskFacts:
    """What is known of the danger. `sizes` holds facts by the policy's names: flags are 0 or 1."""

    fraud: FraudType
    upstream: Level | None = None
    sizes: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reason:
    """One fact that counted: its name, its size and its points. Pages put it into words."""

    fact: str
    size: str
    points: int


@dataclass(frozen=True, slots=True)
class Assessment:
    """A score from 0 to 100, the level, and why."""

    score: int
    level: Level
    reasons: tuple[Reason, ...]


def assess(facts: RiskFacts, rules: RiskRules) -> Assessment:
    """Add up the points. The score decides the level; the upstream level is a floor under both."""
    reasons = [Reason("fraud_type", facts.fraud, rules.frauds[facts.fraud].points)]
    for fact, scale in rules.scales.items():
        size = facts.sizes.get(fact, 0)
        if points := scale.of(size):
            reasons.append(Reason(fact, str(size), points))
    total = min(MOST, sum(reason.points for reason in reasons))
    score = total
    if facts.upstream is not None:
        floor = rules.upstream[facts.upstream]
        reasons.insert(0, Reason("upstream_level", facts.upstream.code, max(0, floor - total)))
        score = max(total, floor)
    level = max(
        (level for level, from_points in rules.thresholds.items() if score >= from_points), default=Level.LOW
    )
    if facts.upstream is not None:
        level = max(level, facts.upstream)
    return Assessment(score, level, tuple(r for r in reasons if r.points))


def sizes_of(signs: Mapping[str, Any], amount: Decimal | None, age: int | None) -> dict[str, int]:
    """A directive's signs as sizes: true is 1, numbers are themselves, anything else counts nothing."""
    sizes = {
        name: int(value) for name, value in signs.items() if isinstance(value, (int, float)) and value > 0
    }
    if amount:
        sizes["amount"] = int(amount)
    if age:
        sizes["age"] = age
    return sizes


def read(document: Mapping[str, Any]) -> RiskRules:
    """Build and check a risk policy. Raises BadRiskRules."""
    try:
        rules = RiskRules(
            thresholds={Level[name.upper()]: int(n) for name, n in document["thresholds"].items()},
            upstream={Level[name.upper()]: int(n) for name, n in document["upstream"].items()},
            scales={name: _scale(row) for name, row in document["points"].items()},
            frauds={FraudType(code): _fraud(code, row) for code, row in document["fraud_types"].items()},
        )
    except (KeyError, ValueError, TypeError, AttributeError) as fault:
        told = f"{type(fault).__name__}: {fault}"
        raise BadRiskRules([Flaw("cannot be read: {fault}", "the document", fault=told)]) from fault
    if found := list(_flaws(rules)):
        raise BadRiskRules(found)
    return rules


def _scale(row: Mapping[str, Any]) -> Scale:
    return Scale(tuple((int(at), int(points)) for at, points in row.get("steps", [(1, row.get("flag", 0))])))


def _fraud(code: str, row: Mapping[str, Any]) -> Fraud:
    until = row.get("until")
    return Fraud(
        code=FraudType(code),
        points=int(row["points"]),
        zh=row["zh"],
        aliases=tuple(row.get("aliases", ())),
        since=date.fromisoformat(row["from"]),
        until=date.fromisoformat(until) if until else None,
        loss=int(row["loss"]) if row.get("loss") else None,
    )


def _flaws(rules: RiskRules) -> Iterator[Flaw]:
    for name, scale in rules.scales.items():
        points = [points for _, points in scale.steps]
        if list(scale.steps) != sorted(scale.steps) or any(point < 0 for point in points):
            yield Flaw("steps must rise, and worse facts never take points away", f"points.{name}")
        elif points != sorted(points):
            yield Flaw("a larger fact never counts less", f"points.{name}")
    if missing := set(FraudType) - rules.frauds.keys():
        yield Flaw("{words} missing", "fraud_types", words=", ".join(sorted(missing)))
    for fraud in rules.frauds.values():
        yield from _flaws_of(fraud, rules)
    ladder = [rules.thresholds.get(level, 0) for level in Level]
    if ladder != sorted(ladder) or ladder[0] != 0:
        yield Flaw("each level needs more points than the one below, low none", "thresholds")
    if ladder[-1] > MOST:
        yield Flaw("no score is above {most}", "thresholds", most=MOST)
    if missing_levels := set(Level) - rules.upstream.keys():
        names = ", ".join(level.code for level in sorted(missing_levels))
        yield Flaw("{words} missing", "upstream", words=names)
    floors = [rules.upstream.get(level, 0) for level in Level]
    if floors != sorted(floors) or not 0 <= floors[0] <= floors[-1] <= MOST:
        yield Flaw("a higher upstream level never counts less, and none above {most}", "upstream", most=MOST)


def _flaws_of(fraud: Fraud, rules: RiskRules) -> Iterator[Flaw]:
    row = f"fraud_types.{fraud.code}"
    if fraud.points < 0:
        yield Flaw("points are never below zero", row)
    if fraud.until and fraud.until < fraud.since:
        yield Flaw("ends before it begins", row)
    for other in rules.frauds.values():
        shared = {fraud.zh, *fraud.aliases} & {other.zh, *other.aliases}
        if other.code < fraud.code and shared:
            yield Flaw("{words} is also {other}", row, words="、".join(sorted(shared)), other=other.code)
