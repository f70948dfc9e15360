"""The named parts and rates of definitions.toml as predicates: one question for a figure and its cases. No Django."""

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from dispatch.vocabulary import Level, Outcome, Tier

OPEN = "open"
RUNGS = ("reached", "listened", "agreed", "verified")
SIGNS = ("again", "brief")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


class BadDefinitionError(ValueError):
    """The document names something that is not there, or says what no part may say."""


class Standing(Protocol):
    """What a predicate may ask of a directive: how it stands."""

    @property
    def level(self) -> Level: ...
    @property
    def outcome(self) -> Outcome | None: ...
    @property
    def tried(self) -> frozenset[Tier]: ...
    @property
    def agreed_in(self) -> Tier | None: ...


Predicate = Callable[[Any], bool]


@dataclass(frozen=True, slots=True)
class Part:
    """A set of directives: its words, its predicate, and what of a standing that looks at."""

    name: str
    words: Mapping[str, str]
    holds: Predicate
    asks: frozenset[str]


@dataclass(frozen=True, slots=True)
class Definition:
    """A named rate: `part` of `whole`, and the sentence that says so."""

    name: str
    part: str
    whole: str
    words: Mapping[str, str]
    what: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Definitions:
    """All of a document. `watch`: how long after receipt a figure is frozen; `brief`: what a short talk is."""

    watch: timedelta
    brief: timedelta
    parts: Mapping[str, Part]
    rates: Mapping[str, Definition]


@cache
def built_in() -> Definitions:
    """The definitions in force."""
    return read(tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8")))


def read(document: Mapping[str, Any]) -> Definitions:
    """A document as definitions. Raises BadDefinitionError, which says where."""
    reader = _Reader(document)
    return Definitions(
        watch=_span(document["watch"]),
        brief=_span(document["brief"]),
        parts=reader.parts(),
        rates={name: reader.rate(name, row) for name, row in document["rate"].items()},
    )


def _span(text: str) -> timedelta:
    return timedelta(**{_UNITS[text[-1]]: int(text[:-1])})


def _words(row: Mapping[str, Any], **given: str) -> dict[str, str]:
    return {
        language: row[language].replace("{tier}", given.get("tier", "{tier}")) for language in ("zh", "en")
    }


class _Reader:
    def __init__(self, document: Mapping[str, Any]) -> None:
        self.rows: dict[str, tuple[Mapping[str, Any], Tier | None]] = {
            **{outcome.value: ({"outcome": [outcome.value]}, None) for outcome in Outcome},
            **{name: (row, None) for name, row in document["part"].items()},
            **{f"{name}_{tier.code}": (row, tier) for name, row in document["tier"].items() for tier in Tier},
        }
        self.read: dict[str, Part] = {}

    def parts(self) -> dict[str, Part]:
        return {name: self.part(name, ()) for name in self.rows}

    def part(self, name: str, above: tuple[str, ...]) -> Part:
        if name not in self.rows:
            raise BadDefinitionError(f"{'/'.join(above)}: there is no part {name!r}")
        if name in above:
            raise BadDefinitionError(f"{'/'.join(above)}: {name!r} is made of itself")
        if name not in self.read:
            self.read[name] = self._made(name, above)
        return self.read[name]

    def _made(self, name: str, above: tuple[str, ...]) -> Part:
        row, tier = self.rows[name]
        unknown = row.keys() - {"zh", "en", "all", "any", "none", "outcome", "rungs", "signs", "tier"}
        if unknown:
            raise BadDefinitionError(f"{name}: {', '.join(sorted(unknown))}")
        within = (*above, name)
        conditions = [*self._others(row, within), *self._own(name, row, tier)]
        asks = frozenset[str]().union(*(asked for _, asked in conditions))
        holds = [holds for holds, _ in conditions]
        words = _words(row) if "zh" in row else {}
        return Part(name, words, lambda standing: all(h(standing) for h in holds), asks)

    def _others(
        self, row: Mapping[str, Any], within: tuple[str, ...]
    ) -> list[tuple[Predicate, frozenset[str]]]:
        conditions: list[tuple[Predicate, frozenset[str]]] = []
        for how, test in _HOW.items():
            if how in row:
                parts = [self.part(other, within) for other in row[how]]
                asks = frozenset[str]().union(*(part.asks for part in parts))
                conditions.append((_joined(test, [part.holds for part in parts]), asks))
        return conditions

    def _own(
        self, name: str, row: Mapping[str, Any], tier: Tier | None
    ) -> list[tuple[Predicate, frozenset[str]]]:
        conditions: list[tuple[Predicate, frozenset[str]]] = []
        if "outcome" in row:
            wanted = {None if word == OPEN else Outcome(word) for word in row["outcome"]}
            conditions.append((lambda standing: standing.outcome in wanted, frozenset({"outcome"})))
        for sign in (*row.get("rungs", ()), *row.get("signs", ())):
            if sign not in (*RUNGS, *SIGNS):
                raise BadDefinitionError(f"{name}: nothing is called {sign!r}")
            conditions.append((_stands(sign), frozenset({sign})))
        if tier is not None:
            conditions.append((_TIER[row["tier"]](tier), frozenset({"tried", "agreed_in"})))
        return conditions

    def rate(self, name: str, row: Mapping[str, Any]) -> Definition:
        for part in (row["part"], row["whole"]):
            self.part(part, (f"rate.{name}",))
        return Definition(name, row["part"], row["whole"], _words(row), _words(row["what"]))


_HOW: dict[str, Callable[[list[bool]], bool]] = {
    "all": all,
    "any": any,
    "none": lambda held: not any(held),
}


def _joined(test: Callable[[list[bool]], bool], holds: list[Predicate]) -> Predicate:
    return lambda standing: test([h(standing) for h in holds])


def _stands(sign: str) -> Predicate:
    return lambda standing: bool(getattr(standing, sign))


def _saved(tier: Tier) -> Predicate:
    """Nobody agrees in follow-up: there it is those who came to it."""
    if tier is Tier.FOLLOW_UP:
        return lambda standing: tier in standing.tried
    return lambda standing: standing.agreed_in is tier


def _passed(tier: Tier) -> Predicate:
    """Begun here, not settled here, and a higher tier was begun."""
    return lambda standing: (
        tier in standing.tried and standing.agreed_in is not tier and any(t > tier for t in standing.tried)
    )


def _last(tier: Tier) -> Predicate:
    return lambda standing: tier in standing.tried and not any(t > tier for t in standing.tried)


_TIER: dict[str, Callable[[Tier], Predicate]] = {
    "begun": lambda tier: lambda standing: tier in standing.tried,
    "agreed": lambda tier: lambda standing: standing.agreed_in is tier,
    "saved": _saved,
    "last": _last,
    "passed": _passed,
}
