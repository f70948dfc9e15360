"""Units from files: rows checked and named by their rule, only what differs written, what is gone closed."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from dispatch.models import Area, Event, Shift, Unit
from dispatch.vocabulary import UnitKind
from telephony import clock
from tests.factories import START, centre

pytestmark = pytest.mark.django_db

TREE = """code,kind,adcode,name,lat,lon,duty_phone,room
,city,440900,茂名市,21.66,110.92,,
,county,440904,电白区,21.51,111.01,190 0000 9009,
,town,440904103,七迳镇,21.57,111.00,,
,village,440904103207,那楼村,21.578,110.997,,
S1,station,440904103,七迳派出所,21.571,111.006,190 0000 9015,4
S2,station,440904003,水东派出所,21.51,111.016,,2
"""
ROSTER = """unit,days,begins,ends,person
S1,1-5,08:00,20:00,甲
S1,1-5,20:00,08:00,乙
"""


@pytest.fixture
def run(tmp_path: Path, settings: Any) -> Any:
    settings.CLOCK = "telephony.clock.moving"
    clock.moving.set(START)

    def units(text: str | bytes, *options: str, name: str = "units.csv") -> dict[str, Any]:
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        out = StringIO()
        try:
            call_command("units", str(path), "--json", *options, stdout=out)
        except CommandError:
            assert json.loads(out.getvalue())["faults"]
        told: dict[str, Any] = json.loads(out.getvalue())
        return told

    return units


def faults(told: dict[str, Any]) -> list[tuple[int, str, str]]:
    return [(one["row"], one["field"], one["rule"]) for one in told["faults"]]


def test_a_tree_hangs_by_its_codes(run: Any) -> None:
    told = run(TREE)
    assert (told["added"], told["changed"], told["faults"]) == (6, 0, [])
    station = Unit.objects.get(code="S1")
    assert [unit.name for unit in station.ancestors()] == ["七迳派出所", "电白区", "茂名市"]
    village = Unit.objects.get(kind=UnitKind.VILLAGE)
    assert [unit.kind for unit in village.ancestors()] == ["village", "town", "county", "city"]
    assert Unit.objects.under(Unit.objects.get(adcode="440904", kind="county")).count() == 5


def test_a_second_load_changes_only_what_changed(run: Any) -> None:
    run(TREE)
    before = dict(Unit.objects.values_list("name", "pk"))
    told = run(TREE.replace("190 0000 9015,4", "190 0000 9016,5"))
    assert (told["added"], told["changed"], told["same"]) == (0, 1, 5)
    assert told["changes"] == [{"what": "changed", "unit": "七迳派出所", "fields": ["duty_phone", "room"]}]
    assert dict(Unit.objects.values_list("name", "pk")) == before
    assert Event.objects.filter(verb="changed", detail__name="七迳派出所").count() == 1
    assert run(TREE.replace("190 0000 9015,4", "190 0000 9016,5"))["changes"] == []


def test_a_vanished_unit_is_closed_and_opens_again_when_it_is_back(run: Any) -> None:
    run(TREE)
    without = "\n".join(line for line in TREE.splitlines() if not line.startswith("S2"))
    told = run(without)
    assert told["changes"] == [{"what": "closed", "unit": "水东派出所", "fields": []}]
    assert Unit.objects.get(code="S2").closed_at == START
    assert run(TREE)["reopened"] == 1
    assert Unit.objects.get(code="S2").closed_at is None


def test_a_file_of_another_name_closes_nothing(run: Any) -> None:
    run(TREE)
    told = run("code,duty_phone\nS1,110\n", name="phones.csv")
    assert (told["closed"], told["changed"]) == (0, 1)
    assert run("code,duty_phone\nS1,110\n", "--as", "units.csv", name="phones.csv")["faults"] != []


def test_nothing_is_closed_while_units_in_service_hang_under_it(run: Any) -> None:
    at = centre()
    Unit.objects.filter(pk=at.county.pk).update(register="units.csv")
    told = run("kind,adcode,name\ncity,440900,茂名市\n")
    assert faults(told) == [(0, "code", "文件中已无此单位，但仍有在用单位属于它")]
    assert Unit.objects.get(pk=at.county.pk).closed_at is None


def test_a_dry_run_says_it_and_writes_nothing(run: Any) -> None:
    told = run(TREE, "--dry-run")
    assert (told["added"], told["written"]) == (6, False)
    assert not Unit.objects.exists()
    assert not Event.objects.exists()


def test_gb_18030_with_chinese_heads_is_read(run: Any) -> None:
    heads = "代码,类型,行政区划代码,名称,纬度,经度,辖区代码\n"
    rows = ",市,440900,茂名市,,,\n,区,440904,电白区,,,\nS1,派出所,440904103,七迳所,21.57,111.0,440904103；440904003\n"
    assert run((heads + rows).encode("gb18030"))["added"] == 3
    assert sorted(Area.objects.values_list("code", flat=True)) == ["440904003", "440904103"]
    assert run((heads + rows.replace("；440904003", "")).encode("gb18030"))["changes"] == [
        {"what": "changed", "unit": "七迳所", "fields": ["area"]}
    ]


@pytest.mark.parametrize(
    ("row", "found"),
    [
        ("X,ship,440904,名,1,2", ["kind"]),
        ("X,station,4409,名,1,2", ["adcode"]),
        ("X,station,440904,,1,2", ["name"]),
        ("X,station,440904,名,91,2", ["lat"]),
        ("X,station,440904,名,nan,2", ["lat"]),
        ("X,station,440904,名,1,181", ["lon"]),
        ("X,station,440904,名,1,", ["lat"]),
        ("X,station,440904,名,,", ["lat"]),
        ("X,station,999999,名,1,2", ["parent"]),
        ("X,town,440904,名,1,2", ["adcode"]),
        ("S1,village,440904103207,名,1,2", ["code", "kind", "adcode"]),
        ("S1,station,440904103,名,1,2", ["code"]),
        ("X,station,440904103,水东派出所,1,2", ["name"]),
        ("X Y,station,440904,名,1,2", ["code"]),
        ("X,station,440904,名,1,2,3", [""]),
    ],
)
def test_a_row_that_breaks_a_rule_is_named_and_nothing_is_loaded(
    run: Any, row: str, found: list[str]
) -> None:
    heads = "code,kind,adcode,name,lat,lon\n"
    tree = "\n".join(",".join(line.split(",")[:6]) for line in TREE.splitlines()[1:])
    told = run(f"{heads}{tree}\n{row}\n")
    assert {one["field"] for one in told["faults"]} <= set(found)
    assert told["faults"]
    assert all(one["row"] == 8 for one in told["faults"])
    assert not Unit.objects.exists()


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        (b"\xff\xff\xff", "既不是 UTF-8 也不是 GB 18030"),
        ("code,colour\nS1,blue\n", "没有这一列"),
        ("code,code\nS1,S1\n", "重复"),
        ("name\n名\n", "单位需要"),
        ('{"type": "Feature"}', "FeatureCollection"),
        ("{", "不是 JSON"),
        ('code,name\nS1,"x\n', "CSV"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(run: Any, text: str | bytes, rule: str) -> None:
    told = run(text)
    assert len(told["faults"]) == 1
    assert rule in told["faults"][0]["rule"]


def test_geojson_gives_places_and_outlines(run: Any) -> None:
    square = [[110.9, 21.5], [111.1, 21.5], [111.1, 21.7], [110.9, 21.7], [110.9, 21.5]]
    features: list[dict[str, Any]] = [
        {
            "type": "Feature",
            "properties": {"code": "S1", "room": 7},
            "geometry": {"type": "Point", "coordinates": [111, 21.6]},
        },
        {
            "type": "Feature",
            "properties": {"code": "S2"},
            "geometry": {"type": "Polygon", "coordinates": [square]},
        },
    ]
    run(TREE)
    told = run(json.dumps({"type": "FeatureCollection", "features": features}), name="map.geojson")
    assert told["faults"] == []
    station, area = Unit.objects.get(code="S1"), Area.objects.get()
    assert (station.lat, station.lon, station.room) == (21.6, 111, 7)
    assert (area.unit.code, area.south, area.east) == ("S2", 21.5, 111.1)
    features[1]["geometry"]["coordinates"] = [square[:-1]]
    told = run(json.dumps({"type": "FeatureCollection", "features": features}), name="map.geojson")
    assert [one["field"] for one in told["faults"]] == ["geometry"]


def test_a_roster_is_replaced_where_it_differs(run: Any) -> None:
    run(TREE)
    assert run(ROSTER, name="roster.csv")["changes"] == [
        {"what": "changed", "unit": "七迳派出所", "fields": ["roster"]}
    ]
    assert sorted(Shift.objects.values_list("days", "person")) == [("12345", "乙"), ("12345", "甲")]
    assert run(ROSTER, name="roster.csv")["changes"] == []
    assert run(ROSTER.replace("乙", "丙"), name="roster.csv")["changed"] == 1
    assert Unit.objects.filter(closed_at=None).count() == 6


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ("S9,regular,,08:00,20:00,,,,", "unit"),
        ("S1,regular,,08:00,,,,,", "begins"),
        ("S1,regular,,,,,,,", "begins"),
        ("S1,regular,8,08:00,20:00,,,,", "days"),
        ("S1,regular,5-1,08:00,20:00,,,,", "days"),
        ("S1,regular,,25:00,20:00,,,,", "begins"),
        ("S1,holiday,,,,,,,", "since"),
        ("S1,holiday,,,,2026-03-02,2026-03-01,,", "until"),
        ("S1,stand_in,,08:00,20:00,2026-03-01,2026-03-02,甲,乙", "begins"),
        ("S1,stand_in,,,,2026-03-01,2026-03-02,甲,", "instead_of"),
        ("S1,regular,,08:00,20:00,,,甲,乙", "instead_of"),
        ("S1,sleep,,08:00,20:00,,,,", "shift"),
    ],
)
def test_a_line_of_a_roster_that_breaks_a_rule_is_named(run: Any, row: str, field: str) -> None:
    run(TREE)
    heads = "unit,shift,days,begins,ends,since,until,person,instead_of\n"
    told = run(f"{heads}{row}\n", name="roster.csv")
    assert [(one["row"], one["field"]) for one in told["faults"]] == [(2, field)]
    assert not Shift.objects.exists()


def test_the_demonstration_s_units_are_taken_over_by_name(run: Any) -> None:
    at = centre()
    told = run("code,kind,adcode,name,room\nS1,station,440904,七迳派出所,9\n")
    assert (told["added"], told["changed"]) == (0, 1)
    assert Unit.objects.get(pk=at.station.pk).code == "S1"
