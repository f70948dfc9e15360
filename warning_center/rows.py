"""Directives from a file: a JSON array, NDJSON or CSV, in UTF-8 or GB18030, one directive a row."""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Numbered = tuple[int, Any]  # from 1


class BadFile(ValueError):
    """The file is no list of rows; the message says what was expected and where it broke."""


def read(path: Path) -> Iterator[Numbered]:
    """Each row with its number. A CSV column `location.lat` is the field lat within location.

    A row that is no JSON comes as the ValueError it raised, so that the rows around it still run.
    Raises BadFile when the file cannot be read at all.
    """
    try:
        text = _decode(path.read_bytes()).strip()
    except OSError as fault:
        raise BadFile(f"{path.name}: {fault.strerror}") from fault
    if not text:
        raise BadFile(
            f"{path.name}: the file is empty; a JSON array, NDJSON or CSV of directives is expected"
        )
    if text.startswith("["):
        yield from enumerate(_array(path, text), 1)
    elif text.startswith("{") or (not _has_columns(text) and "\n{" in text):
        yield from _ndjson(text)  # the first line of it may be what is broken
    else:
        yield from _csv(path, text)


def _decode(raw: bytes) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    try:
        return raw.decode("gb18030")
    except UnicodeDecodeError as fault:
        raise BadFile("the file is neither UTF-8 nor GB18030") from fault


def _array(path: Path, text: str) -> list[Any]:
    try:
        rows: list[Any] = json.loads(text)
    except (ValueError, RecursionError) as fault:
        raise BadFile(f"{path.name}: not a JSON array: {fault}") from fault
    return rows


def _ndjson(text: str) -> Iterator[Numbered]:
    if _is_one_object(text):
        yield 1, json.loads(text)
        return
    number = 0
    for line in text.split("\n"):  # not splitlines: a name may hold U+2028
        if line.strip():
            number += 1
            try:
                yield number, json.loads(line)
            except (ValueError, RecursionError) as fault:
                yield number, ValueError(f"not JSON: {fault}")


def _is_one_object(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _has_columns(text: str) -> bool:
    return "reference" in _columns(csv.DictReader(io.StringIO(text, newline="")))


def _columns(reader: "csv.DictReader[str]") -> list[str]:
    try:
        return [name.strip() for name in reader.fieldnames or ()]
    except csv.Error:
        return []


def _csv(path: Path, text: str) -> Iterator[Numbered]:
    reader = csv.DictReader(io.StringIO(text, newline=""))
    names = _columns(reader)
    if "reference" not in names:
        raise BadFile(f"{path.name}: neither JSON nor a CSV with a `reference` column")
    reader.fieldnames = names
    try:
        for number, row in enumerate(reader, 1):
            if any(cell and cell.strip() for cell in row.values() if isinstance(cell, str)):
                yield number, _unflatten(row)
    except csv.Error as fault:
        raise BadFile(f"{path.name}: not CSV: {fault}") from fault


def _unflatten(row: dict[str | None, Any]) -> dict[str, Any] | ValueError:
    nested: dict[str, Any] = {}
    for name, value in row.items():
        if name is None:  # more cells than columns
            nested["_extra"] = value
            continue
        if value is None or not value.strip():
            continue
        inner: Any = nested
        *outer, last = name.split(".")
        for step in outer:
            inner = inner.setdefault(step, {})
            if not isinstance(inner, dict):
                return ValueError(f"the column {step} is filled beside {name}")
        inner[last] = value.strip()
    return nested


def split_source(row: Any) -> tuple[str, Any]:
    """The code of the source a row names beside its directive ("" if none), and the directive itself."""
    if not isinstance(row, dict):
        return "", row
    return str(row.get("source") or ""), {name: value for name, value in row.items() if name != "source"}
