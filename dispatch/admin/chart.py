"""A policy in words, as the table that people know: a line for each result, a column for each level. Frozen rows."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import IntEnum, StrEnum
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dispatch import drafting, wording
from dispatch.admin import columns
from dispatch.admin.columns import Mark
from dispatch.chain import Cell, Chain, Rules, Rung
from dispatch.flaw import Flaw
from dispatch.models.choices import name
from dispatch.vocabulary import FraudType, Level, Met, Stage, Tier

LEVELS = tuple(reversed(Level))  # the most urgent first, as in the table


@dataclass(frozen=True, slots=True)
class Said:
    """What one level's policy says of one thing. `row` is its name in the document; `differs`: not as built in."""

    row: str
    words: tuple[str, ...]
    differs: bool = False
    built_in: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table."""

    about: str
    said: tuple[Said, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """The lines of one tier, or of what holds for a level as a whole."""

    title: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """The escalation policy as a table."""

    levels: tuple[Mark, ...]
    sections: tuple[Section, ...]
    differs: bool
    order_within: str
    sources: Mapping[str, str]


def chart(rules: Rules, built_in: Rules) -> Chart:
    """The table of an escalation policy; what is not as built in says so."""
    sections = [Section(_("from the beginning"), tuple(_whole(rules, built_in)))]
    for tier in Tier:
        sections.append(Section(name(tier), tuple(_tier(tier, rules, built_in))))
    differs = any(said.differs for section in sections for line in section.lines for said in line.said)
    return Chart(
        tuple(columns.mark(level) for level in LEVELS),
        tuple(sections),
        differs,
        span(rules.order_within),
        rules.sources,
    )


def marks() -> list[tuple[Level, Mark]]:
    """The levels in the table's order, each with its mark."""
    return [(level, columns.mark(level)) for level in LEVELS]


def flaw(found: Flaw) -> str:
    """A flaw in the reader's language, without its row."""
    told = {k: name(v) if isinstance(v, (StrEnum, IntEnum)) else v for k, v in found.blanks.items()}
    return _(found.text).format(**told)


def span(length: timedelta) -> str:
    """`30 s`, `5 min`, `4 h`, `7 d`: in the largest unit that fits."""
    seconds = int(length.total_seconds())
    for unit, words in ((86_400, _("{n} d")), (3_600, _("{n} h")), (60, _("{n} min"))):
        if seconds and seconds % unit == 0:
            return words.format(n=seconds // unit)
    return _("{n} s").format(n=seconds)


# what holds for a level as a whole


def _whole(rules: Rules, built_in: Rules) -> Iterable[Line]:
    for word, (about, tell) in _settings().items():
        yield _line(about, word, tell, rules, built_in)


def _settings() -> dict[str, tuple[str, Any]]:
    return {
        "starts": (_("at once"), _starts),
        "head_start": (_("head start in the queue for a line"), lambda chain: (span(chain.head_start),)),
        "most_calls": (_("calls to one number in any 24 h"), _most_calls),
        "hours": (_("calling hours"), _hours),
        "expires_after": (_("expiry: then a visit, or a close that says so"), _expiry),
    }


def _line(about: str, word: str, tell: Any, rules: Rules, built_in: Rules) -> Line:
    said = []
    for level in LEVELS:
        words, usual = tell(rules.levels[level]), tell(built_in.levels[level])
        row = f"{level.code}.{word}"
        said.append(_said(row, words, usual, rules.sources.get(row, "")))
    return Line(about, tuple(said))


def _said(row: str, words: tuple[str, ...], usual: tuple[str, ...], source: str) -> Said:
    differs = words != usual
    return Said(row, words, differs, _joined(usual) if differs else "", source)


def _joined(words: tuple[str, ...]) -> str:
    return _("; ").join(words) or "–"


def _starts(chain: Chain) -> tuple[str, ...]:
    begun = [name(tier) for tier in chain.starts] + ([_("SMS")] if "sms" in chain.sends else [])
    return (_(", ").join(begun),)


def _most_calls(chain: Chain) -> tuple[str, ...]:
    return (str(chain.most_calls) if chain.most_calls else _("no cap"),)


def _hours(chain: Chain) -> tuple[str, ...]:
    if chain.hours is None:
        return (_("any"),)
    return (f"{chain.hours[0]:%H:%M}–{chain.hours[1]:%H:%M}",)


def _expiry(chain: Chain) -> tuple[str, ...]:
    return (span(chain.expires_after) if chain.expires_after else _("none"),)


# a tier's lines


def _tier(tier: Tier, rules: Rules, built_in: Rules) -> Iterable[Line]:
    def of(chain: Chain) -> Rung:
        return chain.rungs.get(tier, Rung(within={}))

    yield _line(_("time limits"), f"{tier.code}.within", lambda chain: _within(of(chain)), rules, built_in)
    if tier is Tier.FOLLOW_UP:
        yield _line(_("checks"), f"{tier.code}.checks", lambda chain: _checks(of(chain)), rules, built_in)
    if tier is Tier.VISIT:
        yield _line(_("who goes"), f"{tier.code}.community", lambda chain: _who(of(chain)), rules, built_in)
    if tier is Tier.VOICE:
        yield _line(_("begins with"), f"{tier.code}.announce", lambda c: _announced(of(c)), rules, built_in)
    met = {m for chain in rules.levels.values() for m in of(chain).cells}
    for word in (m for m in Met if m in met):
        yield _line(
            name(word),
            f"{tier.code}.{word}",
            lambda chain, word=word: cell(of(chain).cells.get(word)),
            rules,
            built_in,
        )


def _within(rung: Rung) -> tuple[str, ...]:
    return tuple(
        f"{words} {span(rung.within[stage])}" for stage, words in limits().items() if stage in rung.within
    )


def limits() -> dict[Stage, str]:
    return {
        Stage.PLANNED: _("find a line within"),
        Stage.DIALLED: _("ring at most"),
        Stage.TALKING: _("talk at most"),
        Stage.JUDGING: _("disposition within"),
        Stage.SENT: _("acknowledge within"),
        Stage.ACKNOWLEDGED: _("arrive within"),
        Stage.ARRIVED: _("report within"),
        Stage.CHECKING: _("each check within"),
    }


def _checks(rung: Rung) -> tuple[str, ...]:
    if rung.watch:
        return (_("watch for {span}").format(span=span(rung.watch)),)
    return (_("a person after {spans}").format(spans=_spans(rung.checks)),)


def _who(rung: Rung) -> tuple[str, ...]:
    return (_("village or community") if rung.community else _("nearest police station"),)


def _announced(rung: Rung) -> tuple[str, ...]:
    return (_("an announcement") if rung.announce else _("an operator"),)


def _spans(spans: tuple[timedelta, ...]) -> str:
    if len(spans) > 2 and len(set(spans)) == 1:
        return _("{n} × {span}").format(n=len(spans), span=span(spans[0]))
    return _(", ").join(span(one) for one in spans)


def cell(found: Cell | None) -> tuple[str, ...]:
    """What follows one result, in words."""
    return tuple(_cell(found)) if found is not None else ("–",)


def _cell(found: Cell) -> Iterable[str]:
    yield from _tries(found)
    if found.reinforced:
        yield _("reinforced")
    if found.raises:
        times, level = found.raises
        yield _("no. {n} raises to {level}").format(n=times, level=name(level))
    if found.orders:
        yield _("stop-payment order")
    if found.then:
        yield _("then {tiers}").format(tiers=_(", ").join(name(tier) for tier in found.then))
    if found.recalls:
        yield _("stands down {tiers}").format(tiers=_(", ").join(name(tier) for tier in found.recalls))
    if found.closes:
        yield _("closes as {outcome}").format(outcome=name(found.closes))


def _tries(found: Cell) -> Iterable[str]:
    """When it is tried again, and how long that goes on."""
    if found.again and not any(found.again) and found.seek == "next":
        times = len(found.again)
        yield ngettext("the next unit at once, {n} time", "the next unit at once, {n} times", times).format(
            n=times
        )
    elif found.again and found.seek == "next":
        yield _("the next unit after {spans}").format(spans=_spans(found.again))
    elif found.again:
        yield _("again after {spans}").format(spans=_spans(found.again))
    if found.repeat and found.again:
        yield _("then every {span}").format(span=span(found.again[-1]))
    if found.lasts:
        yield _("for {span} in all").format(span=span(found.lasts))
    if found.keep_while:
        yield _("goes on during the {tier}").format(tier=name(found.keep_while))
    if found.most:
        yield _("{n} times at most").format(n=found.most)


# the risk policy


@dataclass(frozen=True, slots=True)
class Points:
    """A fact and what it adds: each step's size and points."""

    row: str
    about: str
    steps: tuple[tuple[str, int], ...]
    differs: bool


@dataclass(frozen=True, slots=True)
class FraudLine:
    """A fraud type as the policy knows it."""

    row: str
    name: str
    points: int
    called: str
    since: str
    until: str
    loss: str
    differs: bool


@dataclass(frozen=True, slots=True)
class RiskChart:
    """The risk policy as tables."""

    levels: tuple[tuple[Mark, int, int], ...]  # from so many points on; the floor that upstream's level sets
    points: tuple[Points, ...]
    frauds: tuple[FraudLine, ...]
    differs: bool


def risk_chart(document: Mapping[str, Any], built_in: Mapping[str, Any]) -> RiskChart:
    """The tables of a risk policy; what is not as built in says so."""
    changed = drafting.changes(built_in, document, list(drafting.risk_entries(document)))
    rows = {".".join(change.entry.path[:2]) for change in changed}
    levels = tuple(
        (columns.mark(level), document["thresholds"].get(level.code, 0), document["upstream"][level.code])
        for level in LEVELS
    )
    points = tuple(
        Points(f"points.{fact}", wording.fact(fact), _steps(row), f"points.{fact}" in rows)
        for fact, row in _in_order(document["points"], built_in["points"])
    )
    frauds = tuple(
        _fraud(code, document["fraud_types"][code], f"fraud_types.{code}" in rows) for code in FraudType
    )
    return RiskChart(levels, points, frauds, bool(rows))


def _in_order(rows: Mapping[str, Any], usual: Iterable[str]) -> list[tuple[str, Any]]:
    """In the built-in document's order, since a database keeps none; what is new comes last."""
    order = [*usual]
    return sorted(rows.items(), key=lambda item: order.index(item[0]) if item[0] in order else len(order))


def _steps(row: Mapping[str, Any]) -> tuple[tuple[str, int], ...]:
    if "flag" in row:
        return (("", row["flag"]),)
    return tuple((f"{at:,}", points) for at, points in row["steps"])


def _fraud(code: FraudType, row: Mapping[str, Any], differs: bool) -> FraudLine:
    called = _(", ").join((row["zh"], *row.get("aliases", ())))
    loss = columns.yuan(row["loss"]) if row.get("loss") else ""
    return FraudLine(
        f"fraud_types.{code}",
        name(code),
        row["points"],
        called,
        row["from"],
        row.get("until", ""),
        loss,
        differs,
    )
