"""Times as distributions: how many, the mean, p50 and p90, how many within the promise; a chart of the steps."""

from collections.abc import Mapping

from django.utils.translation import gettext as _

from warning_center.supervision.pages import keys
from warning_center.supervision.pages.address import Asked
from warning_center.supervision.pages.sheet import Chart, Sheet, Value, counted, plain
from warning_center.supervision.pages.tables import interval, rate_value
from warning_center.supervision.rates import Rate
from warning_center.supervision.rollups.read import ANY, Rows

PROMISED = {"ack": "ack", "arrive": "arrive", "first": "line"}  # the time, and the promise about it


def names() -> dict[str, str]:
    return {
        "first": _("received → first attempt"),
        "reached": _("received → reached"),
        "door": _("received → at the door"),
        "ack": _("sent → acknowledged"),
        "arrive": _("sent → arrived"),
        "submit": _("order drafted → submitted"),
        "closed": _("received → closed"),
        "talk": _("answered → judged: agreed"),
    }


def many(rows: Rows) -> int:
    return sum(row.directives for row in rows)


def quantile(steps: Mapping[int, int], share: float) -> int | None:
    """The lower edge of the step on which this share of all times has come; within a tenth of the time itself."""
    left = share * sum(steps.values())
    for edge in sorted(steps):
        left -= steps[edge]
        if left <= 0:
            return edge
    return None


def sheets(asked: Asked) -> list[Sheet]:
    reading = asked.reading
    reading.ask("promise", *(f"time.{code}" for code in names()))
    promises = reading.cut("promise")
    lines, charts = [], []
    for code, title in names().items():
        found = {int(key): rows for key, rows in reading.cut(f"time.{code}").items()}
        steps = {edge: many(rows) for edge, rows in sorted(found.items())}
        n, total = sum(steps.values()), sum(row.total for rows in found.values() for row in rows)
        if not n:
            continue
        kept = _promise(promises, PROMISED.get(code, ""))
        href = asked.href("received", cut=f"time.{code}", key=ANY)
        middle, late = quantile(steps, 0.5), quantile(steps, 0.9)
        lines.append(
            (
                plain(title),
                Value(f"{n:,}", href, float(n)),
                *(Value(keys.span(size or 0), number=float(size or 0)) for size in (total / n, middle, late)),
                *((rate_value(kept), plain(interval(kept))) if kept else (plain("–"), plain("–"))),
            )
        )
        charts.append(_steps(asked, code, title, steps))
    heads = (_("time"), _("times"), _("mean"), "p50", "p90", _("within the promise"), _("95 % interval"))
    remark = _(
        "The first clock: every time runs from the receipt of the directive, through cases opened again. "
        "The mean is exact, p50 and p90 to within a tenth. What has not happened yet is in no row."
    )
    return [Sheet("times", _("Times"), heads, tuple(lines), remark), *charts]


def _promise(promises: Mapping[str, Rows], code: str) -> Rate | None:
    told = {key.partition(":")[2]: many(rows) for key, rows in promises.items() if key.startswith(f"{code}:")}
    return Rate("", "", told.get("kept", 0), sum(told.values())) if code and told else None


def _steps(asked: Asked, code: str, title: str, steps: Mapping[int, int]) -> Sheet:
    edges = sorted(steps)
    links = tuple(asked.href("received", cut=f"time.{code}", key=str(edge)) for edge in edges)
    n, so_far, rows = sum(steps.values()), 0, []
    for edge, link in zip(edges, links, strict=True):
        so_far += steps[edge]
        share = Value(f"{100 * so_far / n:.0f} %", number=so_far / n)
        rows.append(
            (plain(f"≥ {keys.span(edge)}"), Value(f"{steps[edge]:,}", link, float(steps[edge])), share)
        )
    chart = Chart(
        "bars",
        tuple(keys.span(edge) for edge in edges),
        ({"name": title, "values": [steps[edge] for edge in edges]},),
        links,
    )
    return Sheet(f"time-{code}", title, (_("from"), _("times"), _("so far")), tuple(rows), "", chart)


def talks(asked: Asked) -> Sheet:
    """Whose word it was that somebody agreed, and how long the talk before it was."""
    steps: dict[str, dict[int, int]] = {}
    totals: dict[str, int] = {}
    for key, rows in asked.reading.cut("talk").items():
        who, _colon, edge = key.partition(":")
        steps.setdefault(who, {})[int(edge)] = many(rows)
        totals[who] = totals.get(who, 0) + sum(row.total for row in rows)
    lines = []
    for who, word in keys.words("operator", steps, asked.wanted.scope).items():
        n = sum(steps[who].values())
        sizes = (totals[who] / n, quantile(steps[who], 0.5), quantile(steps[who], 0.9))
        told = (Value(keys.span(size or 0), number=float(size or 0)) for size in sizes)
        lines.append((plain(word), counted(n, asked.href("received", cut="talk", key=f"{who}:{ANY}")), *told))
    remark = _("From the answer, or the arrival, to the judgement, or the call's end before it.")
    heads = (_("operator"), _("agreed, talk known"), _("mean"), "p50", "p90")
    return Sheet("talks", _("Who closed the talk, and how long it was"), heads, tuple(lines), remark)
