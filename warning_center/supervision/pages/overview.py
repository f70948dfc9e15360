"""The first page as frozen rows: the parts of the bar, the rates of the sentence, each with its link."""

from collections.abc import Mapping
from dataclasses import dataclass

from warning_center.supervision import definitions, rates
from warning_center.supervision.pages.address import Asked
from warning_center.supervision.pages.tables import interval, percent
from warning_center.supervision.rollups.read import Rows


@dataclass(frozen=True, slots=True)
class Figure:
    """A number that opens into its cases."""

    n: int
    href: str


@dataclass(frozen=True, slots=True)
class RateRow:
    """A rate: numerator, denominator, share, interval."""

    name: str
    k: Figure
    n: Figure
    share: str
    interval: str
    what: str = ""


@dataclass(frozen=True, slots=True)
class Overview:
    """What the sentence and the bar tell; `later` have changed since their watch ended."""

    parts: Mapping[str, Figure]
    rates: Mapping[str, RateRow]
    before: RateRow | None
    later: Figure

    @property
    def success(self) -> RateRow:
        return self.rates["success"]

    @property
    def strict(self) -> RateRow:
        return self.rates["strict"]

    @property
    def defrauded(self) -> RateRow:
        return self.rates["defrauded"]


def draw(asked: Asked, language: str) -> Overview:
    """Everything above the tables."""
    reading = asked.reading
    reading.ask("", "later")
    rows = reading.whole()
    defined = definitions.built_in().rates
    changed = sum(row.directives for some in reading.cut("later").values() for row in some)
    return Overview(
        parts={part: Figure(rates.count(rows, part), asked.href(part)) for part in rates.PARTS},
        rates={name: _rate(asked, rows, name, language) for name in defined},
        before=_rate(asked, asked.reading_before.whole(), "success", language) if asked.compares else None,
        later=Figure(changed, asked.href("received", cut="later", key="*")),
    )


def _rate(asked: Asked, rows: Rows, name: str, language: str) -> RateRow:
    told = definitions.built_in().rates[name]
    rate = rates.rate(rows, told.part, told.whole)
    return RateRow(
        name=told.words[language],
        k=Figure(rate.k, asked.href(told.part)),
        n=Figure(rate.n, asked.href(told.whole)),
        share=percent(rate.share),
        interval=interval(rate),
        what=told.what[language],
    )
