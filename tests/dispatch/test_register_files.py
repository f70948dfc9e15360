"""Whatever a register's file holds: it is read, or refused by a rule; nothing else happens."""

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dispatch.register import files
from dispatch.register.cells import READ, BadCell, days
from tests.examples import few

WORDS = st.sampled_from(["type", "properties", "geometry", "coordinates", "code"])
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize("column", READ)
@given(text=st.text(max_size=12) | st.sampled_from(["Asia", "../x", "1e9", "²", "24:00", "1-", "2026-02-30"]))
@settings(max_examples=few(30))
def test_a_cell_is_read_or_breaks_its_rule(column: str, text: str) -> None:
    with contextlib.suppress(BadCell):
        READ[column](text)


@given(raw=st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
@settings(max_examples=few(60), suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_are_rows_or_faults(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "any.csv"
    path.write_bytes(raw)
    sheet = files.read(path)
    assert all(fault.rule.text for fault in sheet.faults)


@given(features=ANYTHING)
@settings(max_examples=few(60), suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_features_are_rows_or_faults(tmp_path: Path, features: Any) -> None:
    path = tmp_path / "any.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    sheet = files.read(path)
    assert isinstance(sheet.rows, list)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("1-5", "12345"),
        ("周一至周五", "12345"),
        ("六、日", "67"),
        ("67", "67"),
        ("1-3,5-6", "12356"),
        ("１－５", "12345"),
        ("", ""),
        ("1-7", ""),
    ],
)
def test_weekdays_are_read_as_people_write_them(typed: str, kept: str) -> None:
    assert days(typed) == kept
