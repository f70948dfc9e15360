"""Which pages there are: each by its name, its title, and the tables it is made of."""

from collections.abc import Callable
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from warning_center.supervision.pages import counties, happenings, helped, period, tables, times
from warning_center.supervision.pages.address import Asked
from warning_center.supervision.pages.sheet import Sheet
from warning_center.supervision.pages.tables import RateTable, of_cut

PERIOD = "period"  # by the day things happened; all others are of what was received in the days
Draw = Callable[[Asked], list[Sheet]]


@dataclass(frozen=True, slots=True)
class Page:
    """`draw` makes its tables."""

    slug: str
    title: str | Promise
    draw: Draw


def _types(asked: Asked) -> list[Sheet]:
    return [RateTable(asked).sheet("type", _("By fraud type"), _("fraud type"), tables.by_type)]


def _levels(asked: Asked) -> list[Sheet]:
    return [RateTable(asked).sheet("level", _("By level"), _("level"), tables.by_level)]


def _sources(asked: Asked) -> list[Sheet]:
    return [RateTable(asked).sheet("source", _("By source"), _("source"), tables.by_source)]


def _units(asked: Asked) -> list[Sheet]:
    return [RateTable(asked).sheet("unit", _("By unit"), _("unit"), tables.by_unit)]


def _stations(asked: Asked) -> list[Sheet]:
    return [RateTable(asked).sheet("station", _("By station that was sent"), _("station"), of_cut("station"))]


def _hours(asked: Asked) -> list[Sheet]:
    return [RateTable(asked).sheet("hour", _("By hour of receipt"), _("hour"), of_cut("hour"))]


def _operators(asked: Asked) -> list[Sheet]:
    asked.reading.ask("operator", "talk")
    return [
        RateTable(asked).sheet("team", _("By operator team"), _("team"), tables.by_team),
        RateTable(asked).sheet(
            "operator", _("By operator whose word stands"), _("operator"), of_cut("operator")
        ),
        RateTable(asked, "brief").sheet(
            "brief", _("Agreed after a talk of less than a minute"), _("operator"), of_cut("operator")
        ),
        times.talks(asked),
    ]


def _people(asked: Asked) -> list[Sheet]:
    cuts = (
        ("age", _("By age"), _("age")),
        ("sex", _("By sex"), _("sex")),
        ("occupation", _("By occupation"), _("occupation")),
        ("sum", _("By sum at risk"), _("sum")),
    )
    asked.reading.ask(*(cut for cut, _title, _head in cuts))
    return [RateTable(asked).sheet(cut, title, head, of_cut(cut), people=True) for cut, title, head in cuts]


def _warned(asked: Asked) -> list[Sheet]:
    title, head = _("By warnings in the 30 days before"), _("warnings")
    return [
        RateTable(asked).sheet("warned", title, head, of_cut("warned"), people=True),
        RateTable(asked, "again").sheet(
            "again", _("Opened again, by fraud type"), _("fraud type"), tables.by_type
        ),
    ]


def _scripts(asked: Asked) -> list[Sheet]:
    by_type = RateTable(asked, "convinced").sheet(
        "scripts", _("Agreed, of those reached, by fraud type"), _("fraud type"), tables.by_type
    )
    return [*helped.sheets(asked), by_type]


def _doubts(asked: Asked) -> list[Sheet]:
    return [
        RateTable(asked, "again").sheet("again-unit", _("Opened again, by unit"), _("unit"), tables.by_unit),
        RateTable(asked, "brief").sheet(
            "brief-unit", _("Agreed after a brief talk, by unit"), _("unit"), tables.by_unit
        ),
        RateTable(asked, "duplicate").sheet(
            "duplicate-unit", _("Duplicates, by unit"), _("unit"), tables.by_unit
        ),
        RateTable(asked, "duplicate").sheet(
            "duplicate-source", _("Duplicates, by source"), _("source"), tables.by_source
        ),
        RateTable(asked, "void").sheet("void-unit", _("Voids, by unit"), _("unit"), tables.by_unit),
        happenings.voids(asked),
        happenings.later(asked),
    ]


PAGES = {
    page.slug: page
    for page in (
        Page(PERIOD, gettext_lazy("In this period"), period.sheets),
        Page("funnel", gettext_lazy("Funnel"), lambda asked: [tables.funnel(asked)]),
        Page("type", gettext_lazy("Fraud types"), _types),
        Page("level", gettext_lazy("Levels"), _levels),
        Page("source", gettext_lazy("Sources"), _sources),
        Page("map", gettext_lazy("Map"), lambda asked: [counties.sheet(asked)]),
        Page("unit", gettext_lazy("Units"), _units),
        Page("station", gettext_lazy("Stations"), _stations),
        Page("hour", gettext_lazy("Hours"), _hours),
        Page("operator", gettext_lazy("Operators"), _operators),
        Page("people", gettext_lazy("Who is hit"), _people),
        Page("times", gettext_lazy("Times"), times.sheets),
        Page("promises", gettext_lazy("Promises"), lambda asked: [happenings.promises(asked)]),
        Page("visits", gettext_lazy("Visits"), lambda asked: [happenings.visits(asked)]),
        Page("orders", gettext_lazy("Stop payment"), lambda asked: [happenings.orders(asked)]),
        Page("warned", gettext_lazy("Repeated warnings"), _warned),
        Page("scripts", gettext_lazy("Scripts that work"), _scripts),
        Page("doubts", gettext_lazy("Doubts"), _doubts),
    )
}


def overview(asked: Asked) -> list[Sheet]:
    """The tables beneath the sentence."""
    return [tables.funnel(asked), happenings.money(asked), *_types(asked), *_units(asked), *_sources(asked)]


def remark(slug: str) -> str:
    """What must be said above a page's tables."""
    told = {
        PERIOD: _(
            "What happened in these days, whenever the directive was received. No rate can be made of it: who agrees "
            "today may have been reported last week. Rates are of what was received in the days, on every other page."
        ),
        "scripts": _(
            "What operators marked after their calls, by the newest mark of each script a directive; a call without a "
            "mark is in no row. A mark is an opinion; whether people agreed stands beside it. Neither tells a cause."
        ),
        "doubts": _(
            "What could make a rate look better than the work was: each can be opened into its cases."
        ),
    }
    return told.get(slug, "")
