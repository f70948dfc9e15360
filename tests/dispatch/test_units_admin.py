"""Units in the admin: rosters and areas are checked, gaps are told, a map shows one's own subtree only."""

from datetime import time, timedelta
from typing import Any

import pytest
from django.test import Client

from dispatch.models import Area, Shift, Unit
from dispatch.register.parts import outlined
from dispatch.vocabulary import Role, UnitKind
from telephony import clock
from tests import factories
from tests.factories import START, Centre, Enter, enters

pytestmark = pytest.mark.django_db


@pytest.fixture
def at(settings: Any) -> Centre:
    settings.CLOCK = "telephony.clock.moving"
    clock.moving.set(START)
    return factories.centre()


@pytest.fixture
def enter(at: Centre) -> Enter:
    return enters(at, Role.ADMINISTRATOR)


def page(unit: Unit) -> str:
    return f"/admin/dispatch/unit/{unit.pk}/change/"


def form(unit: Unit, **given: Any) -> dict[str, Any]:
    plain = {
        "code": unit.code, "name": unit.name, "kind": unit.kind, "adcode": unit.adcode, "lat": unit.lat,
        "lon": unit.lon, "duty_phone": "", "room": 4, "on_duty": "on", "in_service": "on", "zone": unit.zone,
        "shifts-TOTAL_FORMS": 0, "shifts-INITIAL_FORMS": 0, "areas-TOTAL_FORMS": 0, "areas-INITIAL_FORMS": 0,
    }  # fmt: skip
    return {**plain, **given}


def lines(of: str, unit: Unit, **cells: Any) -> dict[str, Any]:
    """One new line of a unit's roster or areas."""
    return {
        f"{of}-TOTAL_FORMS": 1,
        f"{of}-0-unit": unit.pk,
        **{f"{of}-0-{name}": value for name, value in cells.items()},
    }


def test_a_roster_is_typed_as_people_write_weekdays_and_tells_its_gaps(at: Centre, enter: Enter) -> None:
    client = enter()
    shift = lines(
        "shifts", at.station, kind="regular", days="周一至周五", begins="08:00", ends="20:00", person="甲"
    )
    assert client.post(page(at.station), form(at.station, **shift)).status_code == 302
    assert Shift.objects.get().days == "12345"
    shown = client.get(page(at.station)).content.decode()
    assert "on duty until 03-02 20:00 甲; gap: 03-02 20:00 – 03-03 08:00" in shown
    clock.moving.set(START + timedelta(days=5))
    assert "nobody is on duty until 03-09 08:00" in client.get(page(at.station)).content.decode()


@pytest.mark.parametrize(
    ("of", "cells", "said"),
    [
        ("shifts", {"kind": "regular", "days": "x", "begins": "08:00", "ends": "20:00"}, "weekdays such as"),
        ("shifts", {"kind": "regular"}, "a regular shift has hours"),
        ("shifts", {"kind": "holiday"}, "have a first and a last day"),
        ("areas", {"code": "4409"}, "6, 9 or 12 digits"),
        ("areas", {"code": "440904", "outline": '{"type": "Point"}'}, "Either a code or an outline."),
        ("areas", {"outline": '{"type": "Point"}'}, "Polygon or MultiPolygon"),
        ("areas", {}, "Either a code or an outline."),
    ],
)
def test_a_line_that_breaks_a_rule_is_told_so(
    at: Centre, enter: Enter, of: str, cells: dict[str, Any], said: str
) -> None:
    extra = {"shifts": {"person": "甲"}, "areas": {"sketch": "on"}}[of]
    answer = enter().post(page(at.station), form(at.station, **lines(of, at.station, **extra, **cells)))
    assert answer.status_code == 200
    assert said in answer.content.decode()
    assert not Shift.objects.exists()
    assert not Area.objects.exists()


def test_an_outline_is_kept_with_its_box(at: Centre, enter: Enter) -> None:
    ring = "[[110,21],[111,21],[111,22],[110,21]]"
    outline = f'{{"type": "Polygon", "coordinates": [{ring}]}}'
    answer = enter().post(page(at.county), form(at.county, **lines("areas", at.county, outline=outline)))
    assert answer.status_code == 302
    area = Area.objects.get()
    assert (area.south, area.north, area.west, area.east) == (21, 22, 110, 111)


def test_a_unit_is_closed_and_opened_but_not_over_units_in_service(at: Centre, enter: Enter) -> None:
    client = enter()
    assert client.post(page(at.station), form(at.station, in_service="")).status_code == 302
    assert Unit.objects.get(pk=at.station.pk).closed_at == START
    client.get("/admin/dispatch/unit/")  # says that it was changed
    listed = client.get("/admin/dispatch/unit/").content.decode()
    assert at.station.name not in listed
    assert at.station.name in client.get("/admin/dispatch/unit/?closed=1").content.decode()
    assert client.post(page(at.station), form(at.station)).status_code == 302
    assert Unit.objects.get(pk=at.station.pk).closed_at is None
    assert "hang under it" in client.post(page(at.county), form(at.county, in_service="")).content.decode()


@pytest.mark.parametrize("role", list(Role))
def test_units_and_their_map_end_at_the_subtree(at: Centre, enter: Enter, role: Role) -> None:
    Shift.objects.create(unit=at.station, begins=time(0), ends=time(1))
    for where in ("other", "county", "city"):
        Unit.objects.filter(pk=at.station.pk).update(room=20)
        ends_at_the_subtree(at, enter(role, getattr(at, where)), role, where)


def ends_at_the_subtree(at: Centre, client: Client, role: Role, where: str) -> None:
    chief = role in (Role.SUPERVISOR, Role.ADMINISTRATOR)
    mine = chief and where != "other"
    for address in ("/admin/dispatch/unit/", "/admin/dispatch/unit/map/"):
        answer = client.get(address)
        assert (answer.status_code == 200) is chief
        assert (at.station.name in answer.content.decode()) is mine
    assert (client.get(page(at.station)).status_code == 200) is mine
    answer = client.post(page(at.station), form(at.station, room=9))
    changed = Unit.objects.get(pk=at.station.pk).room == 9
    assert changed is (mine and role is Role.ADMINISTRATOR)


def test_the_map_draws_outlines_and_stations_with_how_they_stand(at: Centre, enter: Enter) -> None:
    square = [[110.8, 21.4], [111.2, 21.4], [111.2, 21.7], [110.8, 21.7], [110.8, 21.4]]
    outlined(at.county, {"type": "Polygon", "coordinates": [square]}, sketch=True).save()
    Unit.objects.filter(pk=at.station.pk).update(lon=111.19)
    Unit.objects.filter(kind=UnitKind.STATION).exclude(pk=at.station.pk).update(on_duty=False)
    shown = enter(Role.SUPERVISOR).get("/admin/dispatch/unit/map/").content.decode()
    assert 'class="region sketch"' in shown
    assert 'text-anchor="end"' in shown  # the easternmost name has no room on its right
    assert "Sketches of our own drawing" in shown
    assert shown.count('class="spot on"') == 1
    assert shown.count('class="spot off"') == 1
    assert (
        "http" not in shown[shown.index('<svg class="atlas"') : shown.index("</svg>", shown.index("atlas"))]
    )
