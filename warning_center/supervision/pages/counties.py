"""The map by county: each outline with its figure, how that is to the figure of all; the table has every unit."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from django.utils.translation import gettext as _

from dispatch import atlas
from dispatch.admin import unitmap
from dispatch.models import Unit
from warning_center.supervision import rates
from warning_center.supervision.pages import tables
from warning_center.supervision.pages.address import Asked
from warning_center.supervision.pages.sheet import Map, Plot, Sheet, Value
from warning_center.supervision.pages.tables import Group, RateTable
from warning_center.supervision.rates import Rate
from warning_center.supervision.rollups.read import Reading, together

WIDTH = 760.0
NOBODYS = {"unit": "="}


def sheet(asked: Asked) -> Sheet:
    """The map of what stands next below the chosen unit. Of everything with one city alone, of that city."""
    shown = _of_the_only_city(asked)
    by_unit = tables.by_unit if shown is asked else _by_unit
    table = RateTable(shown)
    made = table.sheet("map", _("By county"), _("unit"), by_unit)
    return replace(made, chart=None, map=_drawn(shown, table, by_unit(shown.reading)))


def _of_the_only_city(asked: Asked) -> Asked:
    roots = asked.reading.children if asked.reading.base is None and not asked.wanted.exactly else []
    if len(roots) != 1:
        return asked
    path = Unit.objects.values_list("path", flat=True).get(pk=roots[0]) or ""
    return Asked(replace(asked.wanted, unit=path), {**asked.query, "unit": path}, asked.wrong)


def _by_unit(reading: Reading) -> list[Group]:
    """The parts of that city, and what has no unit at all."""
    nobodys = Reading(replace(reading.wanted, unit="", exactly=True)).whole()
    groups = tables.by_unit(reading)
    return [*groups, Group("", _("no unit"), nobodys, NOBODYS)] if nobodys else groups


def _drawn(asked: Asked, table: RateTable, groups: Sequence[Group]) -> Map:
    whole = table.of(together(group.rows for group in groups))
    plots = {group.deeper or f"{group.key}=": _plot(asked, table, group, whole) for group in groups}
    below = Unit.objects.filter(pk__in=asked.reading.children)
    areas = unitmap.outlined(below)
    paper = atlas.atlas([outline for _area, outline in areas], [], width=WIDTH)
    drawn: list[Plot] = []
    for (area, _outline), region in zip(areas, unitmap.regions(areas, paper), strict=True):
        path = area.unit.path or ""
        # A county from which nothing came keeps its place on the map.
        plot = plots.pop(path, None) or _plot(
            asked, table, Group(path, region.name, (), {"unit": path}, path), whole
        )
        drawn.append(replace(plot, path=region.path, x=region.x, y=region.y, sketch=region.sketch))
    return Map(paper.width, paper.height, tuple(drawn), tuple(plots.values()), legend())


def _plot(asked: Asked, table: RateTable, group: Group, whole: Rate) -> Plot:
    rate = table.of(group.rows)
    name = Value(group.name, asked.deeper(group.deeper) if group.deeper else "")
    n = Value(f"{rate.k:,} / {rate.n:,}", asked.href(rate.whole, **group.narrower), float(rate.n))
    return Plot(name, tables.percent(rate.share), n, stands(rate, whole))


def stands(rate: Rate, whole: Rate) -> str:
    """How a rate is to that of all: `above`, `below`, `same` while their intervals meet, `none` without a rate."""
    if rate.share is None or whole.share is None:
        return "none"
    if not rates.differ([rate, whole]):
        return "same"
    return "above" if rate.share > whole.share else "below"


def legend() -> Mapping[str, str]:
    """What each pattern of the map says."""
    return {
        "above": _("above the rate of all"),
        "same": _("not to be told from it: the intervals meet"),
        "below": _("below it"),
        "none": _("nothing received"),
    }
