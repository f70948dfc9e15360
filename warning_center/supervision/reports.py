"""Daily, weekly and monthly reports: which are due, and their paper as PDF, in Chinese, with its font inside."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from html import unescape

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone, translation
from django.utils.html import strip_tags
from django.utils.translation import gettext as _
from fpdf import FPDF
from fpdf.fonts import FontFace

from dispatch import record
from dispatch.models import Unit
from dispatch.vocabulary import UnitKind
from warning_center.models import Cell, Report
from warning_center.supervision.exports import hidden
from warning_center.supervision.pages import address, catalogue, overview, verdict
from warning_center.supervision.pages.address import Asked
from warning_center.supervision.pages.sheet import Sheet

LANGUAGE = "zh-hans"
EARLIEST = 6  # o'clock: a night's cases have been written by then
PAGES = ("period", "level", "times", "promises", "visits", "orders", "doubts")
OF_UNITS = (UnitKind.CITY, UnitKind.COUNTY)


def last(kind: Report.Kind, today: date) -> tuple[date, date]:
    """The first and the last day of the newest period that has ended before `today`."""
    if kind == Report.Kind.DAILY:
        return today - timedelta(days=1), today - timedelta(days=1)
    if kind == Report.Kind.WEEKLY:
        until = today - timedelta(days=today.weekday() + 1)
        return until - timedelta(days=6), until
    until = today.replace(day=1) - timedelta(days=1)
    return until.replace(day=1), until


def make_due(*, now: datetime, most: int | None = None) -> int:
    """Make the newest report of each kind for each city and county that a directive came for; how many were made.

    With `most` no more than so many: the next round makes the others.
    """
    here = timezone.localtime(now)
    if here.hour < EARLIEST:
        return 0
    made = 0
    for kind in Report.Kind:
        since, until = last(kind, here.date())
        done = set(Report.objects.filter(kind=kind, until=until).values_list("unit", flat=True))
        told = Cell.objects.filter(cut="", day__range=(since, until)).values("node")
        for unit in Unit.objects.filter(kind__in=OF_UNITS, pk__in=told).exclude(pk__in=done):
            if made == most:
                return made
            made += make(kind, unit, now=now) is not None
    return made


def make(kind: Report.Kind, unit: Unit, *, now: datetime) -> Report | None:
    """Make one and keep it; None if somebody else has made it meanwhile."""
    since, until = last(kind, timezone.localtime(now).date())
    paper = draw(kind, unit, since, until, now=now)
    try:
        with transaction.atomic():
            made = Report.objects.create(
                kind=kind, unit=unit, since=since, until=until, made_at=now, paper=paper
            )
            record.write("exported", now=now, agent="engine", what=f"report {kind}", kind="pdf", unit=unit.pk)
    except IntegrityError:
        return None
    return made


def draw(kind: Report.Kind, unit: Unit, since: date, until: date, *, now: datetime) -> bytes:
    """The paper: the sentence, the tables of the overview, then those of PAGES; small counts of persons hidden."""
    with translation.override(LANGUAGE):
        days = {"from": since.isoformat(), "to": until.isoformat(), "compare": "1"}
        asked = address.read(days, scope=unit.path, now=now)
        figures = overview.draw(asked, "zh")
        title = f"{unit.name} {kind.label}"
        lines = [
            f"{since.isoformat()} – {until.isoformat()}",
            _plainly(verdict.sentence(figures, asked.wanted)),
            _plainly(verdict.stricter(figures)),
            *(
                f"{rate.name}：{rate.k.n} / {rate.n.n} = {rate.share}（{rate.interval}）。{rate.what}"
                for rate in figures.rates.values()
            ),
        ]
        made = _("Made {moment}.").format(moment=f"{timezone.localtime(now):%Y-%m-%d %H:%M}")
        return _paper(title, [*lines, made], _sheets(asked))


def _sheets(asked: Asked) -> list[Sheet]:
    sheets = [
        *catalogue.overview(asked),
        *(_of_its_page(sheet, slug) for slug in PAGES for sheet in catalogue.PAGES[slug].draw(asked)),
    ]
    return [hidden(sheet) for sheet in sheets if sheet.rows and not sheet.slug.startswith("time-")]


def _of_its_page(sheet: Sheet, slug: str) -> Sheet:
    """On paper what happened in the days says so in each title: the others are of what was received in them."""
    if slug != catalogue.PERIOD:
        return sheet
    return replace(
        sheet,
        title=_("{figure}: {key}").format(figure=catalogue.PAGES[slug].title, key=sheet.title),
        remark=f"{sheet.remark} {catalogue.remark(slug)}".strip() if sheet.slug == "days" else sheet.remark,
    )


def _plainly(html: str) -> str:
    return " ".join(unescape(strip_tags(html)).split())


def _paper(title: str, lines: Sequence[str], sheets: Sequence[Sheet]) -> bytes:
    paper = FPDF(format="A4")
    paper.set_title(title)
    paper.add_font("centre", fname=settings.REPORT_FONT)
    paper.set_auto_page_break(True, margin=14)
    paper.add_page()
    paper.set_font("centre", size=16)
    paper.multi_cell(0, 10, title, new_x="LMARGIN", new_y="NEXT")
    paper.set_font("centre", size=9)
    for line in lines:
        paper.multi_cell(0, 5, line, new_x="LMARGIN", new_y="NEXT")
        paper.ln(1)
    for sheet in sheets:
        paper.ln(3)
        paper.set_font("centre", size=11)
        paper.multi_cell(0, 7, sheet.title, new_x="LMARGIN", new_y="NEXT")
        paper.set_font("centre", size=7)
        widths = (3, *[1] * (len(sheet.heads) - 1))
        with paper.table(col_widths=widths, line_height=4, headings_style=FontFace(emphasis="")) as table:
            for row in (sheet.heads, *([value.text for value in row] for row in sheet.rows)):
                table.row(tuple(row))
        if sheet.remark:
            paper.multi_cell(0, 4, sheet.remark, new_x="LMARGIN", new_y="NEXT")
    return bytes(paper.output())
