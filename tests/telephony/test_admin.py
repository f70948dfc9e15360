"""The line in the admin: numbers masked, trunks set, nothing added, nothing deleted."""

import pytest
from django.contrib.admin import site
from django.contrib.auth import get_user_model
from django.db.models import Model
from django.test import Client, RequestFactory
from pytest_django import Settings

from telephony import admin as line
from telephony import texts
from telephony.models import Call, Desk, Leg, Text, Trunk
from tests.telephony.rows import Exchange
from tests.telephony.samples import NUMBER, START

PAGES = ("call", "text", "trunk")


@pytest.fixture
def admin(client: Client, db: None) -> Client:
    client.force_login(get_user_model().objects.create_superuser(username="root", password="x"))
    return client


@pytest.fixture
def rows(exchange: Exchange) -> Exchange:
    exchange.on_line()
    texts.write(number=NUMBER, body="请勿转账", now=START).save()
    return exchange


@pytest.mark.parametrize("name", PAGES)
def test_lists_and_rows_open_and_show_no_number(admin: Client, rows: Exchange, name: str) -> None:
    pk = {"call": Call.objects.get().pk, "text": Text.objects.get().pk, "trunk": Trunk.objects.get().pk}[name]
    for path in (f"/admin/telephony/{name}/", f"/admin/telephony/{name}/{pk}/change/"):
        answer = admin.get(path)
        assert answer.status_code == 200, path
        page = answer.content.decode()
        assert NUMBER[3:] not in page
        assert name == "trunk" or "190****0001" in page


@pytest.mark.parametrize(
    ("page", "model"), [(line.CallAdmin, Call), (line.TextAdmin, Text), (line.TrunkAdmin, Trunk)]
)
def test_nothing_is_added_or_deleted(
    rf: RequestFactory, page: type[line.LookedAt], model: type[Model]
) -> None:
    shown = page(model, site)
    assert not shown.has_add_permission(rf.get("/"))
    assert not shown.has_delete_permission(rf.get("/"))


def test_calls_with_codes_nobody_knows_are_found_and_shown(admin: Client, rows: Exchange) -> None:
    assert "aliyun 200999" not in admin.get("/admin/telephony/call/?unknown__isempty=0").content.decode()
    Call.objects.update(unknown="aliyun 200999")
    assert "aliyun 200999" in admin.get("/admin/telephony/call/?unknown__isempty=0").content.decode()


def test_who_was_rung_into_a_call_is_shown_and_not_changed(admin: Client, rows: Exchange) -> None:
    call = Call.objects.get()
    desk = Desk.objects.all()[0]
    leg = Leg.objects.create(call=call, desk=desk, role=Leg.Role.DESK, begun_at=START, due_at=START)
    for path in ("/admin/telephony/leg/", f"/admin/telephony/leg/{leg.pk}/change/"):
        page = admin.get(path)
        assert page.status_code == 200
        assert NUMBER[3:] not in page.content.decode()
    assert admin.post(f"/admin/telephony/leg/{leg.pk}/change/", {"state": "ended"}).status_code == 403


def test_a_call_cannot_be_changed(admin: Client, rows: Exchange) -> None:
    pk = Call.objects.get().pk
    assert admin.post(f"/admin/telephony/call/{pk}/change/", {"status": "ended"}).status_code in (302, 403)
    assert Call.objects.get().status == "dialling"


def test_a_trunk_is_set_and_its_bucket_left_alone(admin: Client, rows: Exchange) -> None:
    trunk = Trunk.objects.get()
    path = f"/admin/telephony/trunk/{trunk.pk}/change/"
    form = {
        "priority": 5,
        "concurrent": 7,
        "per_second": 2.5,
        "tokens": 999,
        "carrier": "nobody",
        "carries": "voice",
    }
    assert admin.post(path, {**form, "carries": "pigeons"}).status_code == 200
    assert admin.post(path, form).status_code == 302
    trunk.refresh_from_db()
    assert (trunk.priority, trunk.concurrent, trunk.per_second, trunk.enabled) == (5, 7, 2.5, False)
    assert (trunk.tokens, trunk.carrier) == (10, "simulated")


def test_a_trunk_that_rings_the_operator_too_has_two_lines_at_least(
    admin: Client, rows: Exchange, settings: Settings
) -> None:
    settings.CARRIERS = {
        "twilio": {"adapter": "telephony.carriers.twilio.TwilioCarrier"},
        "simulated": {"adapter": "telephony.carriers.simulated.SimulatedCarrier"},
    }
    trunk = Trunk.objects.get()
    given = {"carries": "voice text", "priority": 1, "per_second": 1, "callers": "", "enabled": "on"}

    def takes(carrier: str, **more: object) -> bool:
        Trunk.objects.filter(pk=trunk.pk).update(carrier=carrier, concurrent=9)
        answer = admin.post(f"/admin/telephony/trunk/{trunk.pk}/change/", {**given, "concurrent": 1, **more})
        assert (answer.status_code == 302) or "至少为 2" in answer.content.decode()
        return answer.status_code == 302

    assert [takes(carrier) for carrier in ("twilio", "simulated")] == [False, True]
    assert takes("twilio", concurrent=2)
    assert takes("twilio", carries="text")
