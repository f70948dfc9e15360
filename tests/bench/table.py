"""The one table of all measurements: what, of how much work, how fast, for how much CPU, beside which goal."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

HEAD = "| what | size of the work | median | rounds | CPU ms: ours + database | pace | ratio | goal |"
RULE = "|---|---|---:|---|---:|---:|---:|---|"


@dataclass(frozen=True, slots=True)
class Row:
    """One measurement. `figures` are those of its rounds, `cpu` milliseconds a piece (ours, PostgreSQL's).

    `pace` tells how fast the machine was meanwhile: see `cpu.pace`.
    """

    what: str
    work: str
    figures: tuple[float, ...]
    unit: str
    cpu: tuple[float, float] | None = None
    pace: float | None = None
    ratio: str = ""
    goal: str = ""
    kept: bool | None = None  # whether the goal is met; None: there is none

    @property
    def median(self) -> float:
        return median(self.figures)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, said: dict[str, Any]) -> "Row":
        cpu = tuple(said["cpu"]) if said["cpu"] else None
        return cls(**{**said, "figures": tuple(said["figures"]), "cpu": cpu})

    def line(self) -> str:
        spread = f"{min(self.figures):,.4g} – {max(self.figures):,.4g}" if len(self.figures) > 1 else "one"
        cpu = f"{self.cpu[0]:.2f} + {self.cpu[1]:.2f}" if self.cpu else ""
        verdict = {None: "", True: ": met", False: ": **missed**"}[self.kept]
        pace = f"{self.pace:.0f}" if self.pace else ""
        figure = f"{number(self.median)} {self.unit}"
        cells = (self.what, self.work, figure, spread, cpu, pace, self.ratio, f"{self.goal}{verdict}")
        return f"| {' | '.join(cells)} |"


def number(figure: float) -> str:
    """Three digits that count, and no tail."""
    return f"{figure:,.0f}" if abs(figure) >= 100 or figure == int(figure) else f"{figure:.3g}"


def middle(pairs: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """The pair whose sum is the median of all sums."""
    return sorted(pairs, key=sum)[len(pairs) // 2]


def lines(rows: Iterable[Row]) -> Iterator[str]:
    """The table in Markdown."""
    yield HEAD
    yield RULE
    for row in rows:
        yield row.line()


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that is not below `share` (0 to 1) of them all."""
    ordered = sorted(values)
    return ordered[max(0, -int(-share * len(ordered) // 1) - 1)]
