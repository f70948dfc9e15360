"""A plan in the reader's language: the answer in a sentence, the table around it, what it stands on; as JSON too."""

from collections.abc import Callable, Iterator, Mapping
from math import isinf
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dispatch.models.choices import name
from dispatch.vocabulary import Level
from warning_center.planning.load import Figure, Origin, Quantity, sorted_figures
from warning_center.planning.staffing import Plan, Row, missed, overtakes
from warning_center.teller import columns, pad

_ORIGINS: Mapping[Origin, Promise] = {
    Origin.GIVEN: gettext_lazy("given"),
    Origin.MEASURED: gettext_lazy("measured here"),
    Origin.POLICY: gettext_lazy("policy in force"),
    Origin.ASSUMED: gettext_lazy("assumed"),
}
_NAMES: Mapping[Quantity, Promise] = {
    Quantity.DIRECTIVES: gettext_lazy("directives an hour"),
    Quantity.SHARE: gettext_lazy("share of directives"),
    Quantity.EACH: gettext_lazy("calls a directive, redials included"),
    Quantity.CALLS: gettext_lazy("calls an hour, redials included"),
    Quantity.ANSWERED: gettext_lazy("share of calls answered"),
    Quantity.RING: gettext_lazy("ringing, to the answer or the end"),
    Quantity.TALK: gettext_lazy("talk, of an answered call"),
    Quantity.WRAP: gettext_lazy("wrap-up, of an answered call"),
    Quantity.AT: gettext_lazy("hour of the day"),
    Quantity.HEAD_START: gettext_lazy("head start"),
    Quantity.PATIENCE: gettext_lazy("given up on after, in the mean"),
    Quantity.AWAY: gettext_lazy("share of paid time away from the desk"),
}
_SOURCES: Mapping[Quantity, Promise] = {
    Quantity.DIRECTIVES: gettext_lazy(
        "a city: some 13,000 a day (Nanchang 2021: 5.08 million a year), a tenth of them in its busiest hour"
    ),
    Quantity.SHARE: gettext_lazy("no public source; every town differs"),
    Quantity.ANSWERED: gettext_lazy("some 40 % of warning calls were refused in Guangdong before 96110"),
    Quantity.RING: gettext_lazy("no public source; every town differs"),
    Quantity.TALK: gettext_lazy("no public source; every town differs"),
    Quantity.WRAP: gettext_lazy("no public source; every town differs"),
    Quantity.AWAY: gettext_lazy("the usual example of staffing tables: breaks, training, leave"),
}
_DERIVED: Mapping[Quantity, Promise] = {
    Quantity.EACH: gettext_lazy("rung until answered, or as often as the chain redials a silent phone"),
}


def lines(plan: Plan) -> Iterator[str]:
    """For a terminal: the answer first."""
    yield sentence(plan)
    yield _on_the_roster(plan)
    yield ""
    yield from _table(plan)
    yield _why_not_fewer(plan)
    yield ""
    yield _("What it stands on")
    yield from (f"  {figure}" for figure in map(_figure, sorted_figures(plan.load.figures)))
    yield ""
    yield _("How it is reckoned")
    yield from (f"  {line}" for line in _method(plan))


def sentence(plan: Plan) -> str:
    """The answer: how many operators and lines, and what share they keep."""
    row, aim = plan.answer, plan.aim
    kept = min(share for level, share in row.shares.items() if aim.binds(level))
    return _(
        "{operators} operators at their desks and {lines} lines: of the directives of {level} and above, {kept} "
        "are first called within {within} ({share} wanted)."
    ).format(
        operators=row.operators,
        lines=row.lines,
        level=name(aim.level),
        kept=_percent(kept),
        within=_seconds(aim.within),
        share=_percent(aim.share),
    )


def _on_the_roster(plan: Plan) -> str:
    load = plan.load
    return _(
        "{paid} on the roster. They carry {calls} calls an hour, each {handled} of an operator and {held} of a "
        "line: {work} and {traffic} erlang."
    ).format(
        paid=plan.paid,
        calls=f"{sum(load.calls.values()):,.1f}",
        handled=_seconds(load.handled),
        held=_seconds(load.held),
        work=f"{load.arrivals * load.handled:,.2f}",
        traffic=f"{load.arrivals * load.held:,.2f}",
    )


def _why_not_fewer(plan: Plan) -> str:
    """What one operator fewer would spoil."""
    load, fewer = plan.load, plan.answer.operators - 1
    if fewer <= load.arrivals * load.handled:
        return _("One operator fewer could not keep up: the queue would grow without end.")
    late = missed(load, plan.aim, fewer)
    if bound := [name(level) for level in late if plan.aim.binds(level)]:
        return _("With one operator fewer too many would be called too late: {levels}.").format(
            levels=_(", ").join(bound)
        )
    return _(
        "With one operator fewer too many would wait until their age puts them before {level}: {levels}."
    ).format(level=name(plan.aim.level), levels=_(", ").join(name(level) for level in late))


def _table(plan: Plan) -> Iterator[str]:
    head = ["", _("operators"), _("lines"), _("occupancy"), _("no line free")]
    head += [f"{name(level)} ≤{_seconds(plan.aim.within)} · {_('mean wait')}" for level in plan.load.calls]
    head += [_("given up on")] if plan.load.patience is not None else []
    rows = [head, *(_cells(plan, row) for row in plan.rows)]
    widths = [max(columns(row[n]) for row in rows) for n in range(len(head))]
    for row in rows:
        yield "  ".join(pad(cell, width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _cells(plan: Plan, row: Row) -> list[str]:
    cells = ["→" if row is plan.answer else "", str(row.operators), str(row.lines)]
    cells += [_percent(row.occupancy), _percent(row.blocked)]
    cells += [f"{_percent(share)} · {_mean(row.means[level])}" for level, share in row.shares.items()]
    return cells if row.given_up is None else [*cells, _percent(row.given_up)]


def _mean(seconds: float) -> str:
    return _("grows without end") if isinf(seconds) else f"{seconds:,.1f} s"


def _figure(figure: Figure) -> str:
    what = f"{_NAMES[figure.of]}" + (f" · {name(figure.level)}" if figure.level else "")
    told = f"[{_ORIGINS[figure.origin]}] {what}: {_VALUES.get(figure.of, _plain)(figure.value)}"
    if figure.origin is Origin.ASSUMED:
        return f"{told} ({_SOURCES[figure.of]})"
    if figure.origin is Origin.POLICY and figure.of in _DERIVED:
        return f"{told} ({_DERIVED[figure.of]})"
    return told + (_(" (of {seen})").format(seen=figure.seen) if figure.seen else "")


def _method(plan: Plan) -> Iterator[str]:
    yield _(
        "An operator dials one call at a time and is busy from dialling to the end of the wrap-up, a line until the "
        "hanging up. Redials come as fresh calls do; an answered call is taken as a directive's last."
    )
    yield _(
        "Waits: the higher level first, no call cut off (M/M/n with precedence: Cobham 1954; Kella and Yechiali "
        "1985). The desk goes by head starts; the two agree while nobody behind outwaits their difference."
    )
    yield _(
        "Lines: Erlang B, so that at most {share} of calls find none free; such a call counts as late."
    ).format(share=_percent(plan.aim.blocked))
    yield _(
        "The wait is told from the moment the call may begin; the program's own turn adds about a second."
    )
    if plan.load.patience is not None:
        yield _(
            "Given up on: Erlang A (Palm 1957) over all levels alike; the shares and waits beside it are without it."
        )
    for higher, lower in overtakes(plan.load, plan.aim, plan.answer.operators):
        yield _(
            "Careful: many of {lower} wait for longer than the head start of {higher} over them and then go first; "
            "{higher} waits longer than the table says."
        ).format(lower=name(lower), higher=name(higher))


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _plain(value: float) -> str:
    return f"{value:,.2f}".rstrip("0").rstrip(".")


def _seconds(value: float) -> str:
    return f"{_plain(round(value, 1))} s"


_VALUES: Mapping[Quantity, Callable[[float], str]] = {
    Quantity.SHARE: _percent,
    Quantity.ANSWERED: _percent,
    Quantity.AWAY: _percent,
    Quantity.AT: lambda hour: f"{hour:02.0f}:00",
    **dict.fromkeys(
        (Quantity.RING, Quantity.TALK, Quantity.WRAP, Quantity.HEAD_START, Quantity.PATIENCE), _seconds
    ),
}


def document(plan: Plan) -> dict[str, Any]:
    """The plan as plain data: shares from 0 to 1, times in seconds; a wait that grows without end is null."""
    load, aim = plan.load, plan.aim
    return {
        "operators": plan.answer.operators,
        "lines": plan.answer.lines,
        "roster": plan.paid,
        "says": sentence(plan),
        "aim": {
            "level": aim.level.code,
            "within": aim.within,
            "share": aim.share,
            "blocked_at_most": aim.blocked,
        },
        "load": {
            "calls_per_hour": _by_code(load.calls, 3),
            "operator_seconds": round(load.handled, 3),
            "line_seconds": round(load.held, 3),
            "erlang": round(load.arrivals * load.handled, 4),
            "line_erlang": round(load.arrivals * load.held, 4),
        },
        "rows": [_row(row) for row in plan.rows],
        "figures": [_plain_figure(figure) for figure in sorted_figures(load.figures)],
        "overtaken": [
            [higher.code, lower.code] for higher, lower in overtakes(load, aim, plan.answer.operators)
        ],
    }


def _by_code(of: Mapping[Level, float], digits: int) -> dict[str, float | None]:
    return {level.code: None if isinf(value) else round(value, digits) for level, value in of.items()}


def _row(row: Row) -> dict[str, Any]:
    return {
        "operators": row.operators,
        "lines": row.lines,
        "occupancy": round(row.occupancy, 6),
        "blocked": round(row.blocked, 6),
        "within": _by_code(row.shares, 6),
        "mean_wait": _by_code(row.means, 3),
        "given_up": None if row.given_up is None else round(row.given_up, 6),
    }


def _plain_figure(figure: Figure) -> dict[str, Any]:
    assumed = _SOURCES.get(figure.of) if figure.origin is Origin.ASSUMED else None
    return {
        "of": figure.of.value,
        "level": figure.level.code if figure.level else None,
        "value": figure.value,
        "origin": figure.origin.value,
        "seen": figure.seen or None,
        "source": str(assumed) if assumed else None,
    }
