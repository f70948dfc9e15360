"""How urgent is it? Facts to a score, a level and the reasons, by a named version of the risk policy. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from dispatch.vocabulary import FraudType, Level

MOST = 100


class BadRiskRules(ValueError):
    """The document does not describe a risk policy; the message names the row."""


@dataclass(frozen=True, slots=True)
class Fraud:
    """One fraud type: its points, its names, and the days it was in use."""

    code: FraudType
    points: int
    zh: str
    aliases: tuple[str, ...]
    since: date
    until: date | None = None

    def is_called(self, word: str) -> bool:
        """Whether this is its code, its Chinese name or one of its aliases."""
        return word.strip() in (self.code, self.zh, *self.aliases)


@dataclass(frozen=True, slots=True)
class Scale:
    """Points for one fact: rising steps of its size."""

    steps: tuple[tuple[int, int], ...]

    def of(self, size: int) -> int:
        return max((points for at, points in self.steps if size >= at), default=0)


@dataclass(frozen=True, slots=True)
class RiskRules:
    """A whole risk policy."""

    thresholds: Mapping[Level, int]
    upstream: Mapping[Level, int]
    scales: Mapping[str, Scale]
    frauds: Mapping[FraudType, Fraud]

    def fraud(self, word: str) -> FraudType:
        """A code, the Chinese name or an alias; what is unknown is `other`."""
        return next((fraud.code for fraud in self.frauds.values() if fraud.is_called(word)), FraudType.OTHER)

    def knows(self, word: str) -> bool:
        """Whether any fraud type has this name."""
        return any(fraud.is_called(word) for fraud in self.frauds.values())


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
        if floor > total:
            reasons.insert(0, Reason("upstream_level", facts.upstream.code, floor - total))
            score = floor
    level = max(
        (level for level, from_points in rules.thresholds.items() if score >= from_points), default=Level.LOW
    )
    if facts.upstream is not None:
        level = max(level, facts.upstream)
    return Assessment(score, level, tuple(r for r in reasons if r.points))


def sizes_of(signs: Mapping[str, Any], amount: Decimal | None, age: int | None) -> dict[str, int]:
    """A directive's signs as sizes: true is 1, numbers are themselves, anything else counts nothing."""
    sizes = {
        name: int(value)
        for name, value in signs.items()
        if isinstance(value, (bool, int, float)) and value > 0
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
            scales={name: _scale(name, row) for name, row in document["points"].items()},
            frauds={FraudType(code): _fraud(code, row) for code, row in document["fraud_types"].items()},
        )
    except (KeyError, ValueError, TypeError, AttributeError) as fault:
        raise BadRiskRules(f"{type(fault).__name__}: {fault}") from fault
    _check(rules)
    return rules


def _scale(name: str, row: Mapping[str, Any]) -> Scale:
    steps = tuple((int(at), int(points)) for at, points in row.get("steps", [(1, row.get("flag", 0))]))
    if list(steps) != sorted(steps) or any(points < 0 for _, points in steps):
        raise BadRiskRules(f"points.{name}: steps must rise, and worse facts never take points away")
    if [p for _, p in steps] != sorted(p for _, p in steps):
        raise BadRiskRules(f"points.{name}: a larger fact never counts less")
    return Scale(steps)


def _fraud(code: str, row: Mapping[str, Any]) -> Fraud:
    until = row.get("until")
    return Fraud(
        code=FraudType(code),
        points=int(row["points"]),
        zh=row["zh"],
        aliases=tuple(row.get("aliases", ())),
        since=date.fromisoformat(row["from"]),
        until=date.fromisoformat(until) if until else None,
    )


def _check(rules: RiskRules) -> None:
    if missing := set(FraudType) - rules.frauds.keys():
        raise BadRiskRules(f"fraud_types: {', '.join(sorted(missing))} missing")
    ladder = [rules.thresholds.get(level, 0) for level in Level]
    if ladder != sorted(ladder) or ladder[0] != 0:
        raise BadRiskRules("thresholds: each level needs more points than the one below, low none")
    if missing_levels := set(Level) - rules.upstream.keys():
        names = ", ".join(level.code for level in sorted(missing_levels))
        raise BadRiskRules(f"upstream: {names} missing")
