"""Which scripts operators say helped: by script, by sentence, by version; beside it whether people then agreed."""

from collections.abc import Iterable, Mapping

from django.utils.translation import gettext as _

from warning_center.supervision.pages import keys
from warning_center.supervision.pages.address import Asked
from warning_center.supervision.pages.sheet import Chart, Sheet, Value, counted, plain
from warning_center.supervision.pages.tables import RateTable, interval, of_cut, rate_value, remark
from warning_center.supervision.pages.times import many
from warning_center.supervision.rates import Rate
from warning_center.supervision.rollups.read import Rows

CUTS = ("script", "script_yes", "sentence", "edition", "edition_yes")


def sheets(asked: Asked) -> list[Sheet]:
    """What was marked, then what became of those in whose calls it was."""
    asked.reading.ask(*CUTS)
    return [
        _sheet(asked, "script", _("Helped, by script"), _("script")),
        _sentences(asked),
        _sheet(asked, "edition", _("Helped, by version of the scripts"), _("version")),
        RateTable(asked, "convinced").sheet(
            "script-agreed", _("Agreed, of those reached, by script marked"), _("script"), of_cut("script")
        ),
    ]


def _sheet(asked: Asked, cut: str, title: str, heading: str) -> Sheet:
    marked, yes = asked.reading.cut(cut), asked.reading.cut(f"{cut}_yes")
    named = keys.words(cut, marked, asked.wanted.scope)
    whole = {key: (many(marked[key]), asked.href("received", cut=cut, key=key)) for key in named}
    part = {key: (_many(yes, key), asked.href("received", cut=f"{cut}_yes", key=key)) for key in named}
    heads = (heading, _("marked"), _("helped"), _("rate"), _("95 % interval"))
    return _drawn(cut, title, heads, named, whole, part)


def _sentences(asked: Asked) -> Sheet:
    """Of the directives whose script was marked, how often this line was named as the one that helped."""
    marked, found = asked.reading.cut("script"), asked.reading.cut("sentence")
    named = keys.words("sentence", found, asked.wanted.scope)
    of = {key: key.rpartition(".")[0] for key in named}
    whole = {
        key: (_many(marked, script), asked.href("received", cut="script", key=script))
        for key, script in of.items()
    }
    part = {key: (many(found[key]), asked.href("received", cut="sentence", key=key)) for key in named}
    heads = (_("sentence"), _("script marked"), _("named"), _("rate"), _("95 % interval"))
    return _drawn("sentence", _("The sentence that helped"), heads, named, whole, part)


def _many(found: Mapping[str, Rows], key: str) -> int:
    return many(found.get(key, ()))


def _drawn(
    slug: str,
    title: str,
    heads: tuple[str, ...],
    named: Mapping[str, str],
    whole: Mapping[str, tuple[int, str]],
    part: Mapping[str, tuple[int, str]],
) -> Sheet:
    told = {key: Rate("", "", part[key][0], whole[key][0]) for key in named}
    rows: Iterable[tuple[Value, ...]] = (
        (
            plain(word),
            counted(*whole[key]),
            counted(*part[key]),
            rate_value(told[key]),
            plain(interval(told[key])),
        )
        for key, word in named.items()
    )
    series = {
        "name": heads[2],
        "values": [None if r.share is None else round(100 * r.share, 2) for r in told.values()],
        "low": [round(100 * r.interval[0], 2) if r.n else None for r in told.values()],
        "high": [round(100 * r.interval[1], 2) if r.n else None for r in told.values()],
        "n": [r.n for r in told.values()],
    }
    links = tuple(href for _n, href in whole.values())
    chart = Chart("rates", tuple(named.values()), (series,), links) if told else None
    return Sheet(slug, title, heads, tuple(rows), remark(list(told.values())), chart)
