"""What happened in these days, whenever the directive was received: counts without rates, by day and by kind."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _

from warning_center.supervision.counting.happening import ONCE, SUMS
from warning_center.supervision.pages import keys
from warning_center.supervision.pages.address import Asked
from warning_center.supervision.pages.sheet import Chart, Sheet, Value, counted, plain
from warning_center.supervision.rollups.happened import Happened, Sizes
from warning_center.supervision.rollups.read import ANY

CUTS = (
    "on.came", "on.received", "on.opened", "on.begun", "on.met", "on.judged", "on.rung", "on.visit", "on.closed",
    "on.order", "on.held", "on.sum",
)  # fmt: skip
MOST_DAYS = 35  # of more the rows are months
NOTHING = (0, 0)


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the table by day: how many cases have this key of a cut; `ANY` where a case has one key at most."""

    word: str
    cut: str
    key: str = ANY


def sheets(asked: Asked) -> list[Sheet]:
    """By day first, then each kind of thing that happens."""
    found, before = Happened(asked.wanted), Happened(asked.before()) if asked.compares else None
    for each in filter(None, (found, before)):
        each.ask(*CUTS)
    made = [_kind(asked, found, before, cut, *words) for cut, words in titles().items()]
    return [_days(asked, found), *(sheet for sheet in made if sheet.rows)]


def href(asked: Asked, cut: str, key: str, since: date | None = None, until: date | None = None) -> str:
    """The list of the cases behind a figure, each once a day; of some of the days only, if told so."""
    days = {"from": since.isoformat(), "to": until.isoformat()} if since and until else {}
    told = {**asked.query, **days, "compare": "", "cut": cut, "key": key}
    return f"{reverse('supervision-happened')}?{urlencode({name: value for name, value in told.items() if value})}"


def titles() -> dict[str, tuple[str, str]]:
    """Of each cut its title, and what its keys are."""
    return {
        "on.received": (_("Directives received"), _("source")),
        "on.opened": (_("Cases opened"), _("case")),
        "on.begun": (_("Attempts begun"), _("tier")),
        "on.met": (_("What attempts met"), _("result")),
        "on.judged": (_("What people judged"), _("disposition")),
        "on.rung": (_("Rungs reached"), _("rung")),
        "on.visit": (_("Officers"), _("visit")),
        "on.closed": (_("Cases closed"), _("outcome")),
        "on.order": (_("Stop-payment orders"), _("stands")),
        "on.held": (_("Held by banks"), _("sum")),
        "on.sum": (_("Sums, by how much they became more or less"), _("sum")),
    }


def named(cut: str, key: str, scope: str | None) -> str:
    """What a figure is called above the list of its cases."""
    title = titles()[cut][0] if cut in titles() else _("A directive came")
    if key == ANY or cut not in titles():
        return title
    return _("{figure}: {key}").format(figure=title, key=keys.words(cut, [key], scope).get(key, key))


def _total(cut: str, total: int) -> Value:
    if cut in SUMS:
        return Value(keys.signed(Decimal(total) / 100), number=total / 100)
    return Value(f"{total:,}", number=float(total))


def _kind(
    asked: Asked, found: Happened, before: Happened | None, cut: str, title: str, heading: str
) -> Sheet:
    told, then = found.whole(cut), before.whole(cut) if before else {}
    named = keys.words(cut, {**told, **then})
    links = {key: href(asked, cut, key) for key in named}
    # What happens once to a case is told once; else beside the cases stands how often, or how much.
    often = () if cut in ONCE else (_("yuan") if cut in SUMS else _("times"),)
    heads = (heading, _("cases, once a day"), *often, *((_("the period before"),) if before else ()))
    rows = []
    for key, word in named.items():
        n, total = told.get(key, NOTHING)
        cells = [plain(word), counted(n, links[key]), *([_total(cut, total)] if often else [])]
        if before:
            earlier = then.get(key, NOTHING)
            cells.append(_total(cut, earlier[1]) if often else counted(earlier[0]))
        rows.append(tuple(cells))
    chart = None
    if named and cut not in SUMS:
        values = [told.get(key, NOTHING)[1 if often else 0] for key in named]
        series = ({"name": often[0] if often else _("cases"), "values": values},)
        chart = Chart("bars", tuple(named.values()), series, tuple(links.values()))
    return Sheet(cut.replace(".", "-"), title, heads, tuple(rows), "", chart)


def _days(asked: Asked, found: Happened) -> Sheet:
    columns = (
        Column(_("cases a directive came for"), "on.came", "any"),
        Column(_("cases opened"), "on.opened"),
        Column(_("agreed"), "on.rung", "agreed"),
        Column(_("verified"), "on.rung", "verified"),
        Column(_("cases closed"), "on.closed"),
    )
    spans = spread(asked.wanted.since, asked.wanted.until)
    rows, lines = [], []
    for since, until in spans:
        numbers = [_of(found, column, since, until) for column in columns]
        links = [href(asked, column.cut, column.key, since, until) for column in columns]
        lines.append(numbers)
        cells = [counted(n, link) for n, link in zip(numbers, links, strict=True)]
        rows.append((plain(_span_word(since, until)), *cells))
    labels = tuple(_span_word(*span) for span in spans)
    series = tuple(
        {"name": column.word, "values": [numbers[n] for numbers in lines]} for n, column in enumerate(columns)
    )
    remark = _("A case to which the same happens twice in a day is one case of that day.")
    chart = Chart("bars", labels, series) if any(any(numbers) for numbers in lines) else None
    return Sheet("days", _("Day by day"), (_("day"), *(c.word for c in columns)), tuple(rows), remark, chart)


def _of(found: Happened, column: Column, since: date, until: date) -> int:
    by_key: Mapping[str, Mapping[date, Sizes]] = found.days(column.cut)
    if column.key != ANY:
        by_key = {column.key: by_key.get(column.key, {})}
    return sum(sizes[0] for days in by_key.values() for day, sizes in days.items() if since <= day <= until)


def spread(since: date | None, until: date | None) -> list[tuple[date, date]]:
    """The rows of the table: each day, or each month (its part within) of a longer period; first and last day."""
    if since is None or until is None:
        return []
    if (until - since).days < MOST_DAYS:
        days = (since + timedelta(days=n) for n in range((until - since).days + 1))
        return [(day, day) for day in days]
    spans = []
    while since <= until:
        following = (since.replace(day=1) + timedelta(days=32)).replace(day=1)
        spans.append((since, min(until, following - timedelta(days=1))))
        since = following
    return spans


def _span_word(since: date, until: date) -> str:
    return f"{since:%m-%d}" if since == until else f"{since:%Y-%m-%d} – {until:%m-%d}"
