"""A register's file as rows of cells: CSV in UTF-8 or GB 18030, or GeoJSON. Nothing is judged yet."""

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dispatch.flaw import Flaw

MOST_BYTES = 64 * 1024 * 1024
MOST_ROWS = 200_000
COLUMNS = {
    "代码": "code", "类型": "kind", "行政区划代码": "adcode", "名称": "name", "上级": "parent", "纬度": "lat",
    "经度": "lon", "值班电话": "duty_phone", "同时出警数": "room", "时区": "zone", "值班": "on_duty",
    "辖区代码": "codes", "草图": "sketch", "单位": "unit", "班次": "shift", "星期": "days", "起": "begins",
    "止": "ends", "首日": "since", "末日": "until", "人员": "person", "代谁": "instead_of",
}  # fmt: skip
OF_UNITS = frozenset({
    "code", "kind", "adcode", "name", "parent", "lat", "lon", "duty_phone", "room", "zone", "on_duty", "codes",
    "sketch",
})  # fmt: skip
OF_SHIFTS = frozenset({"unit", "shift", "days", "begins", "ends", "since", "until", "person", "instead_of"})


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its cells by column, blanks trimmed; `number` counts as a person would, the head of a CSV file is 1."""

    file: str
    number: int
    cells: Mapping[str, str]
    geometry: Any = None

    @property
    def is_shift(self) -> bool:
        return "unit" in self.cells


@dataclass(frozen=True, slots=True)
class Fault:
    """A row that cannot be taken: its file and number, the field, what stands there, and the rule it breaks."""

    file: str
    row: int
    field: str
    value: str
    rule: Flaw


@dataclass
class Sheet:
    """A file's rows, or what is wrong with it as a whole."""

    name: str
    rows: list[Row] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    def wrong(self, text: str, row: int = 0, column: str = "", value: str = "", **blanks: object) -> None:
        self.faults.append(Fault(self.name, row, column, value, Flaw(text, column, **blanks)))


def read(path: Path) -> Sheet:
    """Read one file. A file that cannot be read at all is a fault of row 0."""
    sheet = Sheet(path.name)
    try:
        if path.stat().st_size > MOST_BYTES:
            sheet.wrong("a file has at most 64 MB")
            return sheet
        text = _decoded(path.read_bytes())
    except OSError:
        sheet.wrong("the file cannot be opened")
        return sheet
    except UnicodeDecodeError:
        sheet.wrong("the file is neither UTF-8 nor GB 18030")
        return sheet
    if text.lstrip().startswith("{"):
        _read_geojson(text, sheet)
    else:
        _read_csv(text, sheet)
    if len(sheet.rows) > MOST_ROWS:
        sheet.wrong("a file has at most 200,000 rows")
        sheet.rows.clear()
    return sheet


def _decoded(raw: bytes) -> str:
    """UTF-8 first: text in GB 18030 is hardly ever valid UTF-8 by chance, the other way round it often is."""
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("gb18030")


def _read_csv(text: str, sheet: Sheet) -> None:
    reader = csv.reader(io.StringIO(text), strict=True)
    try:
        heads = [COLUMNS.get(head.strip(), head.strip()) for head in next(reader, [])]
        if not _heads_fit(heads, sheet):
            return
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) > len(heads):
                sheet.wrong("the row has more cells than the head", reader.line_num)
                continue
            named = dict(zip(heads, (cell.strip() for cell in cells), strict=False))
            sheet.rows.append(Row(sheet.name, reader.line_num, named))
    except csv.Error as fault:
        sheet.wrong("the row is no CSV: {fault}", reader.line_num, fault=str(fault))


def _heads_fit(heads: list[str], sheet: Sheet) -> bool:
    known = OF_SHIFTS if "unit" in heads else OF_UNITS
    for head in dict.fromkeys(heads):
        if head not in known:
            sheet.wrong(
                "there is no such column; known are: {known}", 1, head, head, known=", ".join(sorted(known))
            )
        elif heads.count(head) > 1:
            sheet.wrong("the column stands there twice", 1, head, head)
    if known is OF_UNITS and not {"kind", "adcode"} & set(heads) and "code" not in heads:
        sheet.wrong("units need a code, or a kind and an administrative code", 1)
    return not sheet.faults


def _read_geojson(text: str, sheet: Sheet) -> None:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        sheet.wrong("the file is no JSON")
        return
    features = document.get("features") if document.get("type") == "FeatureCollection" else None
    if not isinstance(features, list):
        sheet.wrong("the file is no GeoJSON FeatureCollection")
        return
    for number, feature in enumerate(features, start=1):
        said = feature.get("properties") if isinstance(feature, dict) else None
        if not isinstance(said, dict):
            sheet.wrong("a feature has properties", number)
            continue
        cells = {COLUMNS.get(str(key), str(key)): _cell(value) for key, value in said.items()}
        geometry = feature.get("geometry")
        if isinstance(geometry, dict) and geometry.get("type") == "Point":
            cells |= _point(geometry)
            geometry = None
        unknown = [key for key in cells if key not in OF_UNITS]
        for key in unknown:
            sheet.wrong(
                "there is no such column; known are: {known}",
                number,
                key,
                key,
                known=", ".join(sorted(OF_UNITS)),
            )
        if not unknown:
            sheet.rows.append(Row(sheet.name, number, cells, geometry))


def _point(geometry: Mapping[str, Any]) -> dict[str, str]:
    given = geometry.get("coordinates")
    if not isinstance(given, list) or len(given) < 2:
        return {"lat": "?", "lon": "?"}  # the check of the cells says what is wrong
    return {"lat": _cell(given[1]), "lon": _cell(given[0])}


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, list):
        return ";".join(map(_cell, value))
    return str(value).strip()
