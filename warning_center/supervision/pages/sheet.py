"""A table with its chart as frozen rows: what a page, a print, a file and a report are all made from. No Django."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Value:
    """A cell: what is shown, where it leads, and the number that a file gets (None: the text)."""

    text: str
    href: str = ""
    number: float | None = None
    count: bool = False  # of directives, or cases: small ones are hidden where persons could be told


@dataclass(frozen=True, slots=True)
class Chart:
    """What the page's script draws: `rates` with whiskers, `stack` of parts, `bars`; links open the same cases."""

    kind: str
    labels: tuple[str, ...]
    series: tuple[dict[str, Any], ...]
    links: tuple[str, ...] = ()

    def plain(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "labels": self.labels,
            "series": self.series,
            "links": self.links,
        }


@dataclass(frozen=True, slots=True)
class Plot:
    """A unit on the map: its outline (`path`, "" without one), its name, its rate, of how many.

    `stands` says how its rate is to that of all: above, below, same (the intervals meet), none (there is no rate).
    """

    name: Value
    rate: str
    n: Value
    stands: str
    path: str = ""
    x: float = 0.0
    y: float = 0.0
    sketch: bool = False


@dataclass(frozen=True, slots=True)
class Map:
    """Outlines with figures; what has no outline is listed beside."""

    width: float
    height: float
    plots: tuple[Plot, ...]
    beside: tuple[Plot, ...]
    legend: Mapping[str, str]  # what each way to stand is called

    @property
    def has_sketches(self) -> bool:
        return any(plot.sketch for plot in self.plots)


@dataclass(frozen=True, slots=True)
class Sheet:
    """`people`: its rows tell persons apart, so small counts are hidden in files."""

    slug: str
    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]
    remark: str = ""
    chart: Chart | None = None
    people: bool = False
    map: Map | None = None


def plain(text: object) -> Value:
    return Value(str(text))


def counted(n: int, href: str = "") -> Value:
    return Value(f"{n:,}", href, float(n), count=True)
