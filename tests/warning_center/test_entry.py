"""Manual entry: the checks of the sources' door, every word kept, pressed twice it counts once, and on to the case."""

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import settings as within
from hypothesis import strategies as st
from pytest_django import Settings

from dispatch.models import Case, Event, User
from dispatch.vocabulary import Role
from telephony import clock
from tests import factories
from tests.examples import few
from tests.factories import START, Centre, Enter, enters
from warning_center import kinds
from warning_center.api import serializers
from warning_center.entry.sheet import FLAGS, TEXTS, Sheet
from warning_center.models import Directive, Source

PAGE = "/entry/"


@pytest.fixture(autouse=True)
def moving(settings: Settings) -> None:
    settings.CLOCK = "telephony.clock.moving"
    clock.moving.set(START)


@pytest.fixture
def place(db: None) -> Centre:
    return factories.centre()


@pytest.fixture
def enter(place: Centre) -> Enter:
    return enters(place)


def blank(client: Client) -> dict[str, str]:
    """What the empty page would send."""
    page = client.get(PAGE).content.decode()
    reference = re.search(r'name="reference" value="([^"]+)"', page)
    assert reference
    return {"reference": reference[1], "source": "own:walk_in"}


def typed(client: Client, **more: str) -> dict[str, str]:
    """A whole, good entry about nobody."""
    plain = {
        "phone": "190 0000 0001",
        "name": "测试人",
        "fraud_type": "authority",
        "amount": "30000",
        "signs.on_call_seconds": "600",
        "signs.screen_shared": "true",
        "location.adcode": "440904",
        "location.address": "某酒店",
        "contacts[1].relation": "子女",
        "contacts[1].phone": "19000000002",
    }
    return {**blank(client), **plain, **{name.replace("__", "."): value for name, value in more.items()}}


def send(client: Client, sent: dict[str, str]) -> Any:
    return client.post(PAGE, sent, follow=True)


def test_a_walk_in_becomes_a_directive_and_one_is_on_its_case(place: Centre, enter: Enter) -> None:
    client = enter()
    answer = send(client, typed(client))
    case, directive = Case.objects.get(), Directive.objects.get()
    assert answer.redirect_chain[-1][0] == f"/admin/dispatch/case/{case.pk}/change/"
    assert f"Taken in as case {case.number}." in answer.content.decode()
    assert directive.source.kind == "walk_in"
    assert directive.source.unit == place.city
    body = json.loads(directive.body)
    assert body["phone"] == "190 0000 0001"
    assert body["contacts"] == [{"relation": "子女", "phone": "19000000002"}]
    assert case.sizes["on_call_seconds"] == 600
    assert case.sizes["screen_shared"] == 1
    assert case.unit == place.county or place.county.holds(case.unit)
    by = User.objects.get(role=Role.OPERATOR)
    assert Event.objects.get(verb="entered", case=case).by == by


def test_pressed_twice_it_counts_once_also_later(place: Centre, enter: Enter) -> None:
    client = enter()
    sent = typed(client)
    send(client, sent)
    clock.moving.set(START + timedelta(seconds=3))
    again = send(client, sent)
    assert "It had been taken in already" in again.content.decode()
    assert Directive.objects.count() == 1
    assert Event.objects.filter(verb="entered").count() == 1


@pytest.mark.parametrize("more", [{"name": "另一人"}, {"source": "own:bank"}])
def test_the_same_entry_with_other_words_is_refused_and_offered_as_a_new_one(
    place: Centre, enter: Enter, more: dict[str, str]
) -> None:
    client = enter()
    sent = typed(client)
    send(client, sent)
    answer = client.post(PAGE, {**sent, **more})
    assert answer.status_code == 409
    page = answer.content.decode()
    assert "taken in before, with other words" in page
    assert sent["reference"] not in page
    assert 'value="190 0000 0001"' in page
    assert Directive.objects.count() == 1


def test_a_refusal_names_field_value_and_rule_and_keeps_every_word(place: Centre, enter: Enter) -> None:
    client = enter()
    sent = typed(
        client,
        phone="12345",
        id_number="44",
        fraud_type="",
        amount="many",
        location__adcode="44",
    ) | {"contacts[1].phone": "1"}
    answer = client.post(PAGE, sent)
    assert answer.status_code == 422
    wrong = {one.name: one.faults for one in answer.context["wrong"]}
    assert set(wrong) == {
        "phone", "id_number", "fraud_type", "amount", "location.adcode", "contacts[1].phone",
    }  # fmt: skip
    assert wrong["phone"][0][0] == "12345"
    assert "11 digits" in wrong["phone"][0][1]
    page = answer.content.decode()
    for name, value in sent.items():
        if value and name != "signs.screen_shared":
            assert value in page, name
    assert 'value="true" checked' in page
    assert sent["reference"] in page
    assert not Directive.objects.exists()
    refused = Event.objects.get(verb="refused", why="bad directive")
    assert "12345" not in json.dumps(refused.detail)
    mended = {**sent, "phone": "19000000001", "id_number": "", "fraud_type": "loan", "amount": ""}
    mended |= {"location.adcode": "", "contacts[1].phone": "19000000002"}
    send(client, mended)
    assert Directive.objects.get().reference == sent["reference"]


@within(max_examples=few(25))
@given(
    st.dictionaries(
        st.sampled_from([name for name in TEXTS if not name.startswith("location.adcode")]),
        st.text(max_size=12),
        max_size=6,
    ),
    st.sets(st.sampled_from(FLAGS)),
)
def test_what_is_typed_meets_exactly_the_checks_of_the_sources_door(
    texts: dict[str, str], flags: set[str]
) -> None:
    """The same row at both doors is read alike, or refused in the same fields."""
    sheet = Sheet.of({"reference": "E-1", **texts, **dict.fromkeys(flags, "true")})
    row = sheet.row(START)
    plain: dict[str, Any] = {"reference": "E-1", "issued_at": row["issued_at"]}
    for name, value in [*texts.items(), *((flag, True) for flag in flags)]:
        outer, _dot, last = name.rpartition(".")
        (plain.setdefault(outer, {}) if outer else plain)[last] = value
    answers: list[Any] = []
    for one in (row, plain):
        try:
            read = serializers.read(one)
            answers.append((read.person, read.signs, read.place, read.amount, read.level))
        except serializers.BadDirective as bad:
            answers.append({fault.field for fault in bad.faults})
    assert answers[0] == answers[1]
    if isinstance(answers[0], set):
        refused = sheet.refused([serializers.FieldFault(path, None, "rule") for path in answers[0]])
        assert set(refused.faults) | {fault.field for fault in refused.others} == answers[0]


def test_a_case_of_another_unit_is_taken_in_but_not_opened(place: Centre, enter: Enter) -> None:
    client = enter(unit=place.other)
    answer = send(client, typed(client))
    assert Directive.objects.get().source.unit == place.other
    assert answer.redirect_chain[-1][0] == PAGE
    assert "another unit" in answer.content.decode()


def test_officers_and_strangers_enter_nothing(place: Centre, enter: Enter) -> None:
    assert enter(Role.OFFICER).get(PAGE).status_code == 403
    assert enter(Role.OFFICER).post(PAGE, {"phone": "1"}).status_code == 403
    assert Event.objects.filter(verb="refused", why="only operators enter directives").count() == 2
    assert Client().post(PAGE).status_code == 302


def test_what_may_be_chosen_is_the_units_own_or_what_administrators_added(
    place: Centre, enter: Enter
) -> None:
    def ways(client: Client) -> list[str]:
        return [words for _code, words in client.get(PAGE).context["ways"]]

    assert ways(enter()) == ["walk-in", "a bank's call", "a citizen's tip"]
    mine = Source.objects.create(code="icbc", name="工行城区支行", unit=place.county, kind="bank")
    assert "a bank's call · 工行城区支行" in ways(enter())
    assert "a bank's call · 工行城区支行" not in ways(enter(unit=place.other))
    client = enter(unit=place.other)
    answer = client.post(PAGE, {**typed(client), "source": str(mine.pk)})
    assert answer.status_code == 422
    assert [one.name for one in answer.context["wrong"]] == ["source"]
    send(enter(), {**typed(enter()), "source": str(mine.pk)})
    assert Directive.objects.get().source == mine
    Source.objects.update(enabled=False)
    assert "walk-in" in ways(enter())
    send(enter(), typed(enter(), phone="19000000009"))
    Source.objects.update(enabled=False)
    assert "walk-in" not in ways(enter())


def test_a_second_entry_about_the_person_joins_their_case(place: Centre, enter: Enter) -> None:
    client = enter()
    send(client, typed(client))
    again = send(client, typed(client, fraud_type="loan"))
    assert "it joined case" in again.content.decode()
    assert Case.objects.count() == 1


@pytest.mark.parametrize(
    ("document", "why"),
    [
        ({}, "there is none"),
        ({"kind": {"no name": {"zh": "a", "en": "b"}}}, "kind.no name"),
        ({"kind": {"tip": {"zh": "线索"}}}, "kind.tip"),
        ({"kind": {"tip": {"zh": "线索", "en": "tip"}}, "kinds": {}}, "kinds"),
    ],
)
def test_kinds_that_cannot_be_are_refused_by_name(document: dict[str, Any], why: str) -> None:
    with pytest.raises(kinds.BadKinds, match=re.escape(why)):
        kinds.read(document)
