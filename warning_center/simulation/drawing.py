"""What a simulated day came to, drawn: one page that stands alone, and the same in a few lines for a terminal."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import log10
from pathlib import Path
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from dispatch.models.choices import name
from dispatch.vocabulary import SUCCESSES, Level, Outcome, Result, Tier
from dispatch.wording import MARKS
from warning_center.simulation.figures import BY_RISK, QUANTILES

Told = Mapping[str, Any]
WIDTH, HEIGHT = 600.0, 120.0  # of a chart's field
LEAST, MOST = 1.0, 30 * 86400.0  # seconds, the ends of the axis of times
TICKS = ((1, "1 s"), (60, "1 min"), (3600, "1 h"), (86400, "1 d"), (7 * 86400, "7 d"))
STYLE = Path("warning_center") / "static" / "warning_center" / "center.css"

_TIMES: Mapping[str, Promise] = {
    "to_first_attempt": gettext_lazy("To the first attempt"),
    "wait_for_a_line": gettext_lazy("Waiting for a line and a desk"),
    "to_reached": gettext_lazy("To reached"),
    "to_verified": gettext_lazy("To verified"),
}
_BROKEN: Mapping[str, Promise] = {
    "acknowledge": gettext_lazy("visits not acknowledged in time"),
    "arrive": gettext_lazy("visits not arrived in time"),
    "report": gettext_lazy("visits not reported in time"),
    "no_line_in_time": gettext_lazy("calls without a line or desk in time"),
    "expiry": gettext_lazy("cases that expired"),
}
FAULTS: Mapping[str, Promise] = {
    "dying": gettext_lazy("processes that died between two writes"),
    "lost": gettext_lazy("calls whose news never came"),
    "late": gettext_lazy("calls whose news came late"),
    "double": gettext_lazy("calls whose news came twice"),
    "reordered": gettext_lazy("calls whose news came backwards"),
    "outage": gettext_lazy("requests that a carrier did not answer"),
    "skew": gettext_lazy("days on which the hosts' clocks were apart"),
    "restart": gettext_lazy("restarts of the database"),
}


@dataclass(frozen=True, slots=True)
class Bar:
    """One hour of a chart: its parts from the ground up, each with its class, top and height."""

    x: float
    width: float
    label: str
    parts: tuple[tuple[str, float, float], ...]
    title: str


@dataclass(frozen=True, slots=True)
class Line:
    """A row of a table of times: a level, how many, the quantiles in words and on the axis."""

    level: int
    mark: str
    n: int
    said: tuple[str, ...]
    at: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Share:
    """A part of all the cases that have closed."""

    css: str
    said: str
    n: int


def page(told: Told) -> str:
    """The whole page in the language that is active: its style inside it, no script, nothing from elsewhere."""
    return render_to_string(
        "simulation.html",
        {
            "told": told,
            "style": (settings.BASE_DIR / STYLE).read_text(encoding="utf-8"),
            "verdict": verdict(told),
            "asked": asked(told),
            "shares": _shares(told["outcomes"], told["open"]),
            "arrivals": _arrivals(told["arrivals"]),
            "desks": _desks(told["desks"]),
            "times": [(words, _lines(told[key])) for key, words in _TIMES.items()],
            "ticks": [(_place(seconds), words) for seconds, words in TICKS],
            "broken": [(words, told["promises_broken"][key]) for key, words in _BROKEN.items()],
            "faults": [(FAULTS[key], n) for key, n in told["faults"].items()],
            "outcomes": [(name(Outcome(key)), n) for key, n in _most_first(told["outcomes"])],
            "results": [
                (name(tier), [(name(Result(key)), n) for key, n in _most_first(told["results"][tier.code])])
                for tier in Tier
            ],
            "width": WIDTH,
        },
    )


def summary(told: Told) -> Iterator[str]:
    """The day in a few lines."""
    yield asked(told)
    yield verdict(told)
    for key, words in _TIMES.items():
        for line in _lines(told[key]):
            if line.n:
                yield f"  {words} · {line.mark}: n {line.n}, " + ", ".join(
                    f"p{q} {said}" for q, said in zip(QUANTILES, line.said, strict=True)
                )
    yield "  " + " · ".join(f"{name(Outcome(key))} {n}" for key, n in _most_first(told["outcomes"]))


def asked(told: Told) -> str:
    """What was simulated."""
    options = told["options"]
    words = _("{directives} directives in {hours} h, {operators} operators, seed {seed}; faults: {faults}")
    return words.format(
        directives=options["directives"],
        hours=round(options["hours"]),
        operators=options["operators"],
        seed=told["seed"],
        faults=", ".join(options["faults"]) or _("none"),
    )


def verdict(told: Told) -> str:
    """Whether all that must hold did."""
    steps = told["steps"]
    if not told["violations"]:
        words = _("Every promise held after each of {n} instants, while {died} processes died.")
        return words.format(n=steps["instants"], died=steps["processes_died"])
    many = len(told["violated"])
    words = ngettext("{n} promise was broken: {which}", "{n} promises were broken: {which}", many)
    return words.format(n=many, which=", ".join(f"{key} × {n}" for key, n in told["violated"].items()))


def span(seconds: float) -> str:
    """A length of time in at most two units."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    if seconds < 3600:
        return f"{seconds / 60:.1f} min"
    hours, rest = divmod(round(seconds / 60), 60)
    if hours < 48:
        return f"{hours} h {rest:02d} min"
    return f"{hours // 24} d {hours % 24} h"


def _lines(levels: Mapping[str, Any]) -> list[Line]:
    lines = []
    for level in BY_RISK:
        row = levels[level.code]
        at = [row[f"p{q}"] for q in QUANTILES] if row["n"] else []
        said = tuple(map(span, at)) or ("–",) * len(QUANTILES)
        mark = f"{MARKS[Level(level)]} {name(level)}".strip()
        lines.append(Line(int(level), mark, row["n"], said, tuple(map(_place, at))))
    return lines


def _place(seconds: float) -> float:
    """On the axis of times, whose scale is logarithmic."""
    inside = min(max(seconds, LEAST), MOST)
    return round(log10(inside / LEAST) / log10(MOST / LEAST) * WIDTH, 1)


def _arrivals(hours: Sequence[int]) -> list[Bar]:
    most, wide = max(hours, default=0) or 1, WIDTH / max(1, len(hours))
    bars = []
    for n, many in enumerate(hours):
        height = round(many / most * HEIGHT, 1)
        parts = (("came", round(HEIGHT - height, 1), height),)
        bars.append(_bar(n, wide, (8 + n) % 24, parts, str(many)))
    return bars


def _desks(hours: Sequence[Told]) -> list[Bar]:
    """How the time at the desks was spent: of all the time there, never more than all of it."""
    bars, wide = [], WIDTH / max(1, len(hours))
    for n, hour in enumerate(hours):
        there = max(hour["there"], hour["talking"] + hour["writing"]) or 1
        talking, writing = hour["talking"] / there * HEIGHT, hour["writing"] / there * HEIGHT
        parts = (
            ("there", 0.0, HEIGHT),
            ("writing", round(HEIGHT - talking - writing, 1), round(writing, 1)),
            ("talking", round(HEIGHT - talking, 1), round(talking, 1)),
        )
        bars.append(_bar(n, wide, hour["hour"], parts, f"{(hour['talking'] + hour['writing']) / there:.0%}"))
    return bars


def _bar(n: int, wide: float, hour: int, parts: tuple[tuple[str, float, float], ...], title: str) -> Bar:
    label = f"{hour:02d}" if hour % 3 == 2 else ""
    return Bar(round(n * wide, 1), round(max(1.0, wide - 3), 1), label, parts, f"{hour:02d}:00 · {title}")


def _shares(outcomes: Mapping[str, int], unfinished: int) -> list[Share]:
    won = {outcome.value for outcome in SUCCESSES}
    shares = [Share(outcome.value, name(outcome), outcomes.get(outcome, 0)) for outcome in SUCCESSES]
    lost = sum(n for key, n in outcomes.items() if key not in won)
    return [*shares, Share("pending", _("open"), unfinished), Share("failed", _("not a success"), lost)]


def _most_first(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
