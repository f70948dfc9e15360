"""The scripts as their page shows them, and the sheet on which one fraud type's next version is drafted."""

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Max
from django.http import QueryDict
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from dispatch import policies, scripts
from dispatch.admin import chart
from dispatch.admin.script import Said, said
from dispatch.flaw import Flaw
from dispatch.models import PolicyVersion
from dispatch.models.choices import name
from dispatch.scripts import NEVER, PARTS, BadScripts, Line, Scripts
from dispatch.vocabulary import FraudType, Situation

NEW = "new"  # the reason, or source, that is being written on the sheet
_WORDS = ("zh", "en", "why")


Parts = tuple[tuple[str, tuple[Said, ...]], ...]  # by name, its lines


@dataclass(frozen=True, slots=True)
class Chapter:
    """One fraud type: what police never ask, then each situation with its parts."""

    code: str
    title: str
    rows: tuple[tuple[str, Parts], ...]


@dataclass(frozen=True, slots=True)
class Named:
    """What a change is about, as the tables of changes name it."""

    name: str


@dataclass(frozen=True, slots=True)
class Change:
    """A line before and after."""

    entry: Named
    before: str
    after: str


def chapters(version: PolicyVersion) -> list[Chapter]:
    """Everything a version says, in both languages."""
    told = policies.scripts_of(version.pk)
    every = (scripts.GENERAL, *(f for f in FraudType if f is not scripts.GENERAL))
    return [_chapter(fraud, told) for fraud in every if fraud in told.rows]


def _chapter(fraud: FraudType, told: Scripts) -> Chapter:
    rows: list[tuple[str, Parts]] = []
    if never := told.never.get(fraud):
        rows.append((_part(NEVER), (("", _both(never)),)))
    for situation in Situation:
        if (row := told.rows[fraud].get(situation)) is not None:
            parts = tuple((_part(part), _both(getattr(row, part))) for part in PARTS)
            rows.append((name(situation), parts))
    return Chapter(fraud.value, _title(fraud), tuple(rows))


def _both(lines: tuple[Line, ...]) -> tuple[Said, ...]:
    return tuple(said(line, both=True) for line in lines)


def _title(fraud: FraudType) -> str:
    return _("every type") if fraud is scripts.GENERAL else name(fraud)


def _part(part: str) -> str:
    return {"ask": _("Ask first"), "say": _("Sentences that convince"), NEVER: _("Police never")}[part]


def since(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    """Every line that differs between two documents."""
    old, new = _by_id(before), _by_id(after)
    both = [*old, *(key for key in new if key not in old)]
    found = ((key, old.get(key, ("", "")), new.get(key, ("", ""))) for key in both)
    return [Change(Named(now[0] or was[0]), was[1], now[1]) for _key, was, now in found if was != now]


def _by_id(document: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    return {
        line["id"]: (f"{where} {line['id']}", f"{line['zh']} / {line['en']} [{line['why']}]")
        for where, lines in _lists(document)
        for line in lines
    }


def _lists(document: Mapping[str, Any]) -> Iterator[tuple[str, list[dict[str, str]]]]:
    """Every list of lines with its row."""
    for code in (fraud.value for fraud in FraudType if fraud.value in document):
        for word, given in document[code].items():
            if word == NEVER:
                yield f"{code}.{word}", given
            else:
                yield from ((f"{code}.{word}.{part}", given.get(part, [])) for part in PARTS)


@dataclass(frozen=True, slots=True)
class Input:
    """A line's three inputs, by the beginning of their names; `flaws` are what is wrong with it."""

    name: str
    id: str
    zh: str
    en: str
    why: str
    flaws: tuple[str, ...] = ()


@dataclass
class ScriptSheet:
    """A draft of one type's lines: the document it makes, what is wrong with it, and what it changes."""

    fraud: FraudType
    base: Mapping[str, Any]
    document: dict[str, Any]
    flaws: list[Flaw] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    given: Mapping[str, str] = field(default_factory=dict)
    asked: bool = False  # something has been sent, and looked at
    kind = PolicyVersion.Kind.SCRIPTS
    judges = False  # recorded cases cannot be replayed under scripts

    @classmethod
    def of(cls, version: PolicyVersion, wanted: QueryDict, sent: QueryDict | None) -> "ScriptSheet":
        """The sheet of the type that `wanted` names, with what was sent written over it."""
        codes = {fraud.value for fraud in FraudType}
        code = (sent or wanted).get("type", "")
        fraud = FraudType(code) if code in codes else scripts.GENERAL
        if sent is None:
            return cls(fraud, version.document, version.document)
        document = _edited(version, fraud, sent)
        sheet = cls(
            fraud, version.document, document, given={key: sent.get(key, "") for key in sent}, asked=True
        )
        try:
            policies.check(cls.kind, document)
        except BadScripts as bad:
            sheet.flaws = bad.flaws
        sheet.changes = since(version.document, document)
        return sheet

    @property
    def told_flaws(self) -> list[tuple[str, str]]:
        """Each flaw as its row and its words."""
        return [(found.row, chart.flaw(found)) for found in self.flaws]

    def tables(self) -> dict[str, Any]:
        """What the template shows."""
        reasons = self.document.get("reason", {})
        language = "zh" if (get_language() or "").startswith("zh") else "en"
        return {
            "script_type": self.fraud.value,
            "script_types": [
                (f.value, _title(f))
                for f in (scripts.GENERAL, *(f for f in FraudType if f is not scripts.GENERAL))
            ],
            "script_sections": list(self._sections()),
            "reasons": [(code, row[language]) for code, row in reasons.items() if row.get(language)],
            "sources": [
                (code, row[language]) for code, row in self.document["source"].items() if row.get(language)
            ],
            **{f"made_{key.replace('.', '_')}": self.given.get(key, "") for key in _MADE},
        }

    def _sections(self) -> Iterator[tuple[str, list[tuple[str, str, list[Input]]]]]:
        """(situation, [(part, row, its lines and one empty one)])."""
        mine = self.document.get(self.fraud.value, {})
        yield (
            _part(NEVER),
            [(_part(NEVER), f"{self.fraud}.{NEVER}", self._inputs(NEVER, mine.get(NEVER, [])))],
        )
        for situation in Situation:
            row = mine.get(situation.value, {})
            parts = [
                (
                    _part(part),
                    f"{self.fraud}.{situation}.{part}",
                    self._inputs(f"{situation}.{part}", row.get(part, [])),
                )
                for part in PARTS
            ]
            yield name(situation), parts

    def _inputs(self, where: str, lines: list[dict[str, str]]) -> list[Input]:
        made = []
        for nth, line in enumerate([*lines, {}], start=1):
            row = f"{self.fraud}.{where}.{nth}"
            wrong = tuple(chart.flaw(found) for found in self.flaws if found.row == row)
            words = {word: line.get(word, "") for word in ("id", *_WORDS)}
            made.append(Input(f"{where}.{nth}", **words, flaws=wrong))
        return made


_MADE = ("reason.zh", "reason.en", "reason.source", "source.zh", "source.en")


def _edited(version: PolicyVersion, fraud: FraudType, sent: QueryDict) -> dict[str, Any]:
    """The document with this type's lines as they were sent; empty ones are gone, new ones get ids of their own."""
    document: dict[str, Any] = copy.deepcopy(version.document)
    newest = PolicyVersion.objects.filter(kind=version.kind).aggregate(n=Max("version"))["n"]
    mark = f"v{newest + 1}"
    _make(document, sent, mark)
    table: dict[str, Any] = {}
    taken = {value for key, value in sent.items() if key.endswith(".id")}
    fresh = (own for nth in range(1, 10_000) if (own := f"{mark}-{nth}") not in taken)
    if never := _sent_lines(sent, NEVER, mark, fresh):
        table[NEVER] = never
    for situation in Situation:
        row = {part: _sent_lines(sent, f"{situation}.{part}", mark, fresh) for part in PARTS}
        if any(row.values()):
            table[situation.value] = row
    document.pop(fraud.value, None)
    if table:
        document[fraud.value] = table
    return document


def _make(document: dict[str, Any], sent: QueryDict, mark: str) -> None:
    """A reason, and a source, that are new."""
    if sent.get("source.zh", "").strip():
        document["source"][mark] = {word: sent.get(f"source.{word}", "").strip() for word in ("zh", "en")}
    if sent.get("reason.zh", "").strip():
        source = sent.get("reason.source", "")
        words = {word: sent.get(f"reason.{word}", "").strip() for word in ("zh", "en")}
        document["reason"][mark] = {**words, "source": mark if source == NEW else source}


def _sent_lines(sent: QueryDict, where: str, mark: str, fresh: Iterator[str]) -> list[dict[str, str]]:
    lines = []
    for nth in range(1, 100):
        name = f"{where}.{nth}"
        if f"{name}.zh" not in sent:
            break
        words = {word: sent.get(f"{name}.{word}", "").strip() for word in _WORDS}
        if words["zh"] or words["en"]:
            why = mark if words["why"] == NEW else words["why"]
            lines.append({"id": sent.get(f"{name}.id", "") or next(fresh), **words, "why": why})
    return lines
