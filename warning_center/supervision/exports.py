"""Tables and lists as files: CSV and Excel, masked, with small counts of persons hidden, each on record."""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from django.utils.translation import gettext as _
from openpyxl import Workbook
from openpyxl.styles import Font

from dispatch import record
from dispatch.models import User
from warning_center.supervision.pages.sheet import Sheet, Value

SMALL = 5  # fewer persons than this could be told apart
MOST = 20_000  # rows of a list in one file
KINDS = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}

Cell = str | float


def hidden(sheet: Sheet) -> Sheet:
    """A table that tells persons apart, without the rows of few, and without what subtraction would tell.

    If one row alone is hidden, the smallest of the others is hidden with it.
    """
    if not sheet.people:
        return sheet
    few = {n for n, row in enumerate(sheet.rows) if any(_small(value) for value in row)}
    others = [n for n in range(len(sheet.rows)) if n not in few and _size(sheet.rows[n])]
    if len(few) == 1 and others:
        few.add(min(others, key=lambda n: _size(sheet.rows[n])))
    rows = tuple(_without(row) if n in few else row for n, row in enumerate(sheet.rows))
    note = _(
        "Rows with fewer than {n} in any column are hidden, and another where that would tell them."
    ).format(n=SMALL)
    return replace(
        sheet, rows=rows, remark=f"{sheet.remark} {note}".strip() if few else sheet.remark, chart=None
    )


def _small(value: Value) -> bool:
    return value.count and value.number is not None and 0 < value.number < SMALL


def _size(row: Sequence[Value]) -> float:
    return next((value.number or 0 for value in row if value.count), 0)


def _without(row: Sequence[Value]) -> tuple[Value, ...]:
    return (row[0], *(Value("*") for _value in row[1:]))


def rows_of(sheets: Iterable[Sheet]) -> list[list[Cell]]:
    """Tables one below the other, each under its title."""
    told: list[list[Cell]] = []
    for sheet in map(hidden, sheets):
        told += [[sheet.title], list(sheet.heads), *([_plain(v) for v in row] for row in sheet.rows)]
        told += [[sheet.remark], []] if sheet.remark else [[]]
    return told


def _plain(value: Value) -> Cell:
    return value.text if value.number is None else value.number


def _harmless(cell: Cell) -> Cell:
    """A text that a spreadsheet would run as a formula is a text."""
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell


def as_csv(rows: Iterable[Sequence[Cell]]) -> bytes:
    """UTF-8 with its mark, so that spreadsheets read Chinese."""
    text = io.StringIO()
    csv.writer(text).writerows([_harmless(cell) for cell in row] for row in rows)
    return text.getvalue().encode("utf-8-sig")


def as_xlsx(rows: Iterable[Sequence[Cell]]) -> bytes:
    """One worksheet."""
    book = Workbook()
    page = book.worksheets[0]
    for row in rows:
        page.append([_harmless(cell) for cell in row])
        if len(row) == 1:
            page.cell(page.max_row, 1).font = Font(bold=True)
    page.column_dimensions["A"].width = 32
    held = io.BytesIO()
    book.save(held)
    return held.getvalue()


def file_of(kind: str, rows: Iterable[Sequence[Cell]]) -> bytes:
    """Raises KeyError for a kind of file that is not made."""
    return {"csv": as_csv, "xlsx": as_xlsx}[kind](rows)


def written(what: str, kind: str, address: str, *, by: User | None, now: datetime) -> None:
    """Who took which figures out, on record."""
    record.write("exported", now=now, by=by, what=what, kind=kind, filter=address)
