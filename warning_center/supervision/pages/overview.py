"""The supervisors' page as frozen rows: figures with their links, rates with their whiskers, the funnel's bars."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from dispatch.models.choices import name
from dispatch.wording import agent
from warning_center.supervision import rates, statistics
from warning_center.supervision.rates import Rate, Row
from warning_center.supervision.statistics import Filter, Pot

WHISKER = (4, 148)  # where 0 % and 100 % stand, in pixels
FUNNEL_HEIGHT, FUNNEL_STEP, FUNNEL_BAR = 140, 150, 110


@dataclass(frozen=True, slots=True)
class Figure:
    """A number that opens into its cases."""

    n: int
    href: str


@dataclass(frozen=True, slots=True)
class RateRow:
    """A rate of a group: numerator, denominator, share, interval, and where the whisker is drawn."""

    name: str
    k: Figure
    n: Figure
    share: str
    interval: str
    at: float
    low: float
    high: float
    strict: str = ""
    pending: Figure | None = None
    failed: Figure | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """Rates side by side; `differ` says whether any two are further apart than chance explains."""

    rows: tuple[RateRow, ...]
    differ: bool


@dataclass(frozen=True, slots=True)
class Bar:
    """One tier of the funnel: begun with so many, of whom so many agreed there and were saved."""

    x: float
    middle: float
    name: str
    tried: Figure
    won: Figure
    tried_y: float
    tried_height: float
    won_y: float
    won_height: float


@dataclass(frozen=True, slots=True)
class Purse:
    """One of the three sums."""

    name: str
    total: str
    by: tuple[tuple[str, str], ...]
    cases: Figure


@dataclass(frozen=True, slots=True)
class Overview:
    """Everything on the page."""

    parts: Mapping[str, Figure]
    success: RateRow
    strict: RateRow
    defrauded: RateRow
    purses: tuple[Purse, ...]
    bars: tuple[Bar, ...]
    ladder: tuple[RateRow, ...]
    tiers: Table
    types: Table
    units: Table
    sources: Table


class Drawing:
    """Draws one filter's figures; `query` is the filter as the address has it."""

    def __init__(self, wanted: Filter, query: Mapping[str, str]) -> None:
        self.wanted = wanted
        self.query = query

    def overview(self) -> Overview:
        rows = statistics.read(self.wanted)
        above = self.wanted.unit or self.wanted.scope or ""
        units = statistics.by_unit(rows, above)
        types = statistics.by_fraud(rows)
        return Overview(
            parts={part: self.figure(rows, part) for part in rates.PARTS},
            success=self.rate("", rates.success(rows)),
            strict=self.rate("", rates.strict(rows)),
            defrauded=self.rate("", rates.defrauded(rows)),
            purses=tuple(self.purse(pot) for pot in statistics.money(self.wanted)),
            bars=self.bars(rows),
            ladder=tuple(
                self.rate(word, rates.rate(rows, part, "counted")) for word, part in _ladder().items()
            ),
            tiers=self.tiers(rows),
            types=self.table([(name(fraud), group, {"type": fraud.value}) for fraud, group in types]),
            units=self.table([(line.name, line.rows, {"unit": line.key}) for line in units]),
            sources=self.table(
                [(line.name, line.rows, {"source": line.key}) for line in statistics.by_source(rows)]
            ),
        )

    def href(self, part: str, **narrower: str) -> str:
        """The list of a figure's cases, under the same filter."""
        query = {key: value for key, value in {**self.query, **narrower, "part": part}.items() if value}
        return f"{reverse('supervision-cases')}?{urlencode(query)}"

    def figure(self, rows: Sequence[Row], part: str, **narrower: str) -> Figure:
        return Figure(rates.count(rows, part), self.href(part, **narrower))

    def rate(self, word: str, rate: Rate, **narrower: str) -> RateRow:
        low, high = rate.interval
        share = rate.share
        return RateRow(
            name=word,
            k=Figure(rate.k, self.href(rate.part, **narrower)),
            n=Figure(rate.n, self.href(rate.whole, **narrower)),
            share="–" if share is None else f"{100 * share:.1f} %",
            interval="–" if share is None else f"{100 * low:.1f}–{100 * high:.1f}",
            at=_place(share or 0),
            low=_place(low),
            high=_place(high),
        )

    def table(self, groups: Sequence[tuple[str, Sequence[Row], dict[str, str]]]) -> Table:
        rows = []
        for word, group, narrower in groups:
            drawn = self.rate(word, rates.success(group), **narrower)
            strict = rates.strict(group)
            rows.append(
                RateRow(
                    **{field: getattr(drawn, field) for field in _DRAWN},
                    strict="–" if strict.share is None else f"{100 * strict.share:.1f} %",
                    pending=self.figure(group, "pending", **narrower),
                    failed=self.figure(group, "failed", **narrower),
                )
            )
        return Table(tuple(rows), rates.differ(rates.success(group) for _word, group, _narrower in groups))

    def tiers(self, rows: Sequence[Row]) -> Table:
        told = rates.by_tier(rows)
        return Table(
            tuple(self.rate(name(tier), rate) for tier, rate in told),
            rates.differ(rate for _tier, rate in told),
        )

    def bars(self, rows: Sequence[Row]) -> tuple[Bar, ...]:
        told = rates.by_tier(rows)
        most = max((rate.n for _, rate in told), default=0) or 1
        bars = []
        for number, (tier, rate) in enumerate(told):
            tried, won = (FUNNEL_HEIGHT * part / most for part in (rate.n, rate.k))
            x = float(number * FUNNEL_STEP)
            bars.append(
                Bar(
                    x=x,
                    middle=x + FUNNEL_BAR / 2,
                    name=name(tier),
                    tried=Figure(rate.n, self.href(rate.whole)),
                    won=Figure(rate.k, self.href(rate.part)),
                    tried_y=round(FUNNEL_HEIGHT - tried + 24, 1),
                    tried_height=round(tried, 1),
                    won_y=round(FUNNEL_HEIGHT - won + 24, 1),
                    won_height=round(won, 1),
                )
            )
        return tuple(bars)

    def purse(self, pot: Pot) -> Purse:
        return Purse(
            name=name(pot.kind),
            total=sum_in_words(pot.total),
            by=tuple((agent(who), sum_in_words(amount)) for who, amount in pot.by),
            cases=Figure(len(pot.cases), self.href(f"money_{pot.kind.value}")),
        )


_DRAWN = ("name", "k", "n", "share", "interval", "at", "low", "high")


def _ladder() -> dict[str, str]:
    return {
        _("reached"): "reached",
        _("listened"): "listened",
        _("agreed"): "agreed",
        _("verified"): "confirmed",
    }


def _place(share: float) -> float:
    """Where a share stands on the whisker's axis."""
    left, right = WHISKER
    return round(left + share * (right - left), 1)


def sum_in_words(amount: Decimal) -> str:
    """`3,120.0 万元`, or `¥31,200,000`: as each language counts money."""
    if (get_language() or "").startswith("zh"):
        return f"{amount / 10000:,.1f} 万元" if amount >= 10000 else f"{amount:,.0f} 元"
    return f"¥{amount:,.0f}"
