"""The sheet on which the next version of a policy is drafted: every entry as an input, checked as a whole."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from dispatch import drafting, policies, wording
from dispatch.admin import chart
from dispatch.chain import BadRules
from dispatch.drafting import Change, Entry
from dispatch.flaw import Flaw
from dispatch.models import PolicyVersion
from dispatch.models.choices import name
from dispatch.risk import BadRiskRules
from dispatch.vocabulary import First, FraudType, Level, Stage, Tier

Kind = PolicyVersion.Kind
_FIRST = ("again", "then", "checks", "watch")  # shown at once; the other words of a cell fold away
_WITH = {"watch": "checks", "ways": "checks", "police": "checks", "first": "community"}  # in one line with


@dataclass(frozen=True, slots=True)
class Input:
    """One input of the sheet; `options` are (code, words, chosen)."""

    name: str
    kind: str
    label: str
    value: str
    options: tuple[tuple[str, str, bool], ...] = ()

    @property
    def count(self) -> str:
        """Of a raise: at which time."""
        return self.value.partition(" ")[0]


@dataclass(frozen=True, slots=True)
class Cell:
    """The inputs of one level for one line; `flaws` are what is wrong with that row."""

    row: str
    first: tuple[Input, ...]
    more: tuple[Input, ...]
    flaws: tuple[str, ...]

    @property
    def opened(self) -> bool:
        """Whether anything is said in what folds away."""
        return any(one.value or any(chosen for _code, _words, chosen in one.options[1:]) for one in self.more)


@dataclass(frozen=True, slots=True)
class Line:
    about: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Section:
    title: str
    lines: tuple[Line, ...]


@dataclass
class Sheet:
    """A draft: the version it starts from, the document it makes, what is wrong with it, and what it changes."""

    kind: Kind
    entries: list[Entry]
    document: dict[str, Any]
    flaws: list[Flaw] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    given: Mapping[str, str] = field(default_factory=dict)
    asked: bool = False  # something has been sent, and looked at
    judges = True  # recorded cases can be replayed under it

    @classmethod
    def of(cls, version: PolicyVersion, sent: QueryDict | None) -> "Sheet":
        """The sheet of a version, with what was sent written over it."""
        kind = Kind(version.kind)
        base = version.document if kind == Kind.RISK else drafting.resolved(version.document)
        entries = list(drafting.risk_entries(base) if kind == Kind.RISK else drafting.chain_entries())
        if sent is None:
            return cls(
                kind, entries, base, given={entry.name: drafting.text(base, entry) for entry in entries}
            )
        given = {entry.name: _given(entry, sent) for entry in entries}
        document, flaws = drafting.edited(base, entries, given)
        if not flaws:
            try:
                policies.read(kind, document)
            except (BadRules, BadRiskRules) as bad:
                flaws = bad.flaws
        changes = drafting.changes(base, document, entries)
        return cls(kind, entries, document, flaws, changes, given, asked=True)

    @property
    def told_flaws(self) -> list[tuple[str, str]]:
        """Each flaw as its row and its words."""
        return [(found.row, chart.flaw(found)) for found in self.flaws]

    def tables(self) -> dict[str, Any]:
        """What the template shows."""
        if self.kind == Kind.RISK:
            return {"risk_sections": list(self._risk_sections())}
        return {
            "marks": [mark for _level, mark in chart.marks()],
            "whole": [self._input(e, _whole()[e.name]) for e in self.entries if len(e.path) == 1],
            "sections": [Section(title, tuple(self._lines(key))) for key, title in _sections()],
        }

    # an escalation policy: a line for each thing, a cell for each level

    def _lines(self, section: str) -> Iterable[Line]:
        things: dict[str, list[Entry]] = {}
        for entry in self.entries:
            if len(entry.path) > 1 and _section(entry) == section:
                things.setdefault(_thing(entry), []).append(entry)
        for thing, entries in things.items():
            yield Line(chart.about(thing), tuple(self._cell(level, entries) for level in chart.LEVELS))

    def _cell(self, level: Level, entries: list[Entry]) -> Cell:
        mine = [entry for entry in entries if entry.path[0] == level.code]
        row = mine[0].row if mine else ""
        inputs = [(entry, self._input(entry, _label(entry))) for entry in mine]
        first = tuple(one for entry, one in inputs if len(entry.path) < 4 or _shown(entry))
        more = tuple(one for entry, one in inputs if len(entry.path) == 4 and not _shown(entry))
        rows = {row, *(entry.name for entry in mine), *(entry.name.rpartition(".")[0] for entry in mine)}
        return Cell(row, first, more, tuple(chart.flaw(found) for found in self.flaws if found.row in rows))

    def _input(self, entry: Entry, label: str) -> Input:
        value = self.given.get(entry.name, "")
        options = _OPTIONS[entry.kind](entry, value) if entry.kind in _OPTIONS else ()
        return Input(entry.name, entry.kind, label, value, options)

    # a risk policy: a line for each level, fact and fraud type

    def _risk_sections(self) -> Iterable[tuple[str, list[tuple[str, str, list[Input], list[str]]]]]:
        titles = {
            "thresholds": _("levels, from so many points on"),
            "upstream": _("the floor that upstream's level sets"),
            "points": _("points for each fact"),
            "fraud_types": _("fraud types"),
        }
        for part, title in titles.items():
            lines: dict[str, list[Entry]] = {}
            for entry in self.entries:
                if entry.path[0] == part:
                    lines.setdefault(entry.path[1], []).append(entry)
            yield title, [self._risk_line(part, key, entries) for key, entries in lines.items()]

    def _risk_line(
        self, part: str, key: str, entries: list[Entry]
    ) -> tuple[str, str, list[Input], list[str]]:
        row = f"{part}.{key}"
        wrong = [chart.flaw(found) for found in self.flaws if found.row in (row, part)]
        return (
            row,
            _risk_about(part, key),
            [self._input(entry, _risk_label(entry)) for entry in entries],
            wrong,
        )


def _risk_about(part: str, key: str) -> str:
    match part:
        case "points":
            return wording.fact(key)
        case "fraud_types":
            return name(FraudType(key))
    return name(Level[key.upper()])


def _given(entry: Entry, sent: QueryDict) -> str:
    """What was sent for an entry, as its text."""
    match entry.kind:
        case "tiers":
            return " ".join(sent.getlist(entry.name))
        case "raises":
            count, level = sent.get(entry.name, "").strip(), sent.get(f"{entry.name}.level", "")
            return f"{count} {level}" if count or level else ""
    return sent.get(entry.name, "")


def _sections() -> list[tuple[str, str]]:
    return [("", _("from the beginning")), *((tier.code, name(tier)) for tier in Tier)]


def _section(entry: Entry) -> str:
    return entry.path[1] if len(entry.path) > 2 else ""


def _thing(entry: Entry) -> str:
    """What a line is about: a setting, the time limits, or what was met."""
    if len(entry.path) == 2:
        return entry.path[1]
    return _WITH.get(entry.path[2], entry.path[2])


def _shown(entry: Entry) -> bool:
    return entry.path[-1] in _FIRST or entry.path[2] == "within"


def _whole() -> dict[str, str]:
    """What holds for a policy as a whole."""
    return {
        "order_within": _("a bank answers a stop-payment order within"),
        "place_lasts": _("a place is stale after"),
        "seen_within": _("officers see a stand-down, or a raise to critical, within"),
        "reach_km": _("nobody is sent farther than, km"),
        "door_tolerance": _("who arrives farther from the address is asked why, metres"),
        "call_back": _("who asked for an officer by a key is called back ahead of the rest by"),
    }


def _label(entry: Entry) -> str:
    if len(entry.path) == 2:
        return _("SMS") if entry.path[1] == "sends" else ""
    last = entry.path[-1]
    if entry.path[2] == "within":
        return chart.limits()[Stage(last)]
    return _labels()[last]


def _labels() -> dict[str, str]:
    return {
        "again": _("again after"),
        "then": _("then"),
        "repeat": _("the last wait goes on"),
        "lasts": _("for at most"),
        "keep_while": _("goes on during"),
        "most": _("times at most"),
        "raises": _("raises at no."),
        "seek": _("who is sent again"),
        "reinforced": _("reinforced"),
        "recalls": _("stands down"),
        "announce": _("an announcement"),
        "community": _("village or community"),
        "first": _("who is sent first"),
        "ways": _("each by call or visit"),
        "police": _("by the station"),
        "checks": _("a person after"),
        "watch": _("or a watch for"),
    }


def _risk_label(entry: Entry) -> str:
    known = {
        "points": _("points"),
        "loss": _("usual loss, yuan"),
        "zh": _("Chinese name"),
        "aliases": _("also called"),
        "from": _("in use from"),
        "until": _("until"),
        "steps": _("from:points"),
    }
    return known.get(entry.path[-1], _("points"))


def _tiers(entry: Entry, value: str) -> tuple[tuple[str, str, bool], ...]:
    """Only what stands higher on the ladder may follow; anything may begin, and be stood down."""
    own = Tier[entry.path[1].upper()] if entry.path[-1] == "then" else 0
    return tuple((tier.code, name(tier), tier.code in value.split()) for tier in Tier if tier > own)


def _tier(entry: Entry, value: str) -> tuple[tuple[str, str, bool], ...]:
    own = Tier[entry.path[1].upper()]
    higher = ((tier.code, name(tier), tier.code == value) for tier in Tier if own < tier < Tier.FOLLOW_UP)
    return (("", "–", not value), *higher)


def _seek(entry: Entry, value: str) -> tuple[tuple[str, str, bool], ...]:
    words = (("same", _("the same unit")), ("next", _("the next unit")))
    return tuple((code, told, code == value) for code, told in words)


def _who_first(entry: Entry, value: str) -> tuple[tuple[str, str, bool], ...]:
    return tuple((one.value, name(one), one.value == value) for one in First)


def _raises(entry: Entry, value: str) -> tuple[tuple[str, str, bool], ...]:
    chosen, own = value.partition(" ")[2], Level[entry.path[0].upper()]
    higher = ((level.code, name(level), level.code == chosen) for level in Level if level > own)
    return (("", "–", not chosen), *higher)


_OPTIONS: dict[str, Callable[[Entry, str], tuple[tuple[str, str, bool], ...]]] = {
    "tiers": _tiers,
    "tier": _tier,
    "seek": _seek,
    "first": _who_first,
    "raises": _raises,
}
