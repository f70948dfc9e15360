"""A policy in words, as the table that people know: a line for each result, a column for each level. Frozen rows."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import IntEnum, StrEnum
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dispatch.admin import columns
from dispatch.admin.columns import Mark
from dispatch.chain import Cell, Chain, Rules, Rung
from dispatch.flaw import Flaw
from dispatch.models.choices import name
from dispatch.vocabulary import First, Level, Met, Stage, Tier

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
    place_lasts: str
    seen_within: str
    reach_km: int
    door_tolerance: int
    call_back: str
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
        span(rules.place_lasts),
        span(rules.seen_within),
        rules.reach_km,
        rules.door_tolerance,
        span(rules.call_back),
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
    for word, tell in _SETTINGS.items():
        yield _line(about(word), word, tell, rules, built_in)


def about(thing: str) -> str:
    """What a line of the table is about: a setting, a tier's own word, or what was met."""
    known = {
        "starts": _("at once"),
        "sends": _("message"),
        "head_start": _("head start in the queue for a line"),
        "most_calls": _("calls to one number in any 24 h"),
        "hours": _("calling hours"),
        "expires_after": _("expiry: then a visit, or a close that says so"),
        "call_back_after": _("a person calls back not sooner than"),
        "call_back_within": _("a person calls back not later than"),
        "within": _("time limits"),
        "announce": _("begins with"),
        "community": _("who goes"),
        "checks": _("checks"),
    }
    return known.get(thing) or name(Met(thing))


def _line(title: str, word: str, tell: Any, rules: Rules, built_in: Rules) -> Line:
    said = []
    for level in LEVELS:
        words, usual = tell(rules.levels[level]), tell(built_in.levels[level])
        row = f"{level.code}.{word}"
        said.append(_said(row, words, usual, rules.sources.get(row, "")))
    return Line(title, tuple(said))


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


_SETTINGS: dict[str, Callable[[Chain], tuple[str, ...]]] = {
    "starts": _starts,
    "head_start": lambda chain: (span(chain.head_start),),
    "most_calls": _most_calls,
    "hours": _hours,
    "expires_after": _expiry,
    "call_back_after": lambda chain: (span(chain.call_back_after),),
    "call_back_within": lambda chain: (span(chain.call_back_within),),
}


# a tier's lines


def _tier(tier: Tier, rules: Rules, built_in: Rules) -> Iterable[Line]:
    def of(chain: Chain) -> Rung:
        return chain.rungs.get(tier, Rung(within={}))

    yield _line(about("within"), f"{tier.code}.within", lambda chain: _within(of(chain)), rules, built_in)
    if tier is Tier.FOLLOW_UP:
        yield _line(about("checks"), f"{tier.code}.checks", lambda chain: _checks(of(chain)), rules, built_in)
    if tier is Tier.VISIT:
        yield _line(
            about("community"), f"{tier.code}.community", lambda chain: _who(of(chain)), rules, built_in
        )
    if tier is Tier.VOICE:
        yield _line(about("announce"), f"{tier.code}.announce", lambda c: _announced(of(c)), rules, built_in)
    met = {m for chain in rules.levels.values() for m in of(chain).cells}
    for word in (m for m in Met if m in met):
        yield _line(
            about(word),
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
    told = [_("a person after {spans}").format(spans=_spans(rung.checks))]
    if rung.ways:
        told.append(_(", ").join(name(way) for way in rung.ways))
    if rung.police:
        told.append(_("by the station"))
    return tuple(told)


def _who(rung: Rung) -> tuple[str, ...]:
    if rung.community:
        return (_("village or community"),)
    if rung.first is First.JURISDICTION:
        return (_("the police station in whose area they are, then the nearest"),)
    return (_("nearest police station"),)


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
