"""Scripts: read and checked as data, chosen by a case's facts, versioned as policies are, marked on record."""

import copy
import tomllib
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import settings as within
from hypothesis import strategies as st
from pytest_django import Settings

from dispatch import policies, scripts
from dispatch.admin import script as beside
from dispatch.models import Attempt, Case, Event, PolicyVersion
from dispatch.scripts import BadScripts, Facts, situation
from dispatch.vocabulary import Disposition, FraudType, Result, Role, Situation, Tier
from dispatch.workflow import publishing, scripting
from dispatch.workflow.refusal import NotAllowedError
from telephony import clock
from telephony.carrier import CallResult
from tests import factories
from tests.examples import few
from tests.factories import START, Centre, Enter, enters

NOW = START + timedelta(seconds=20)
BUILT_IN = tomllib.loads((Path(scripts.__file__).parent / "scripts.toml").read_text(encoding="utf-8"))
KIND = PolicyVersion.Kind.SCRIPTS


@pytest.fixture(autouse=True)
def moving(settings: Settings) -> None:
    settings.CLOCK = "telephony.clock.moving"
    clock.moving.set(NOW)


@pytest.fixture
def place(db: None) -> Centre:
    return factories.centre()


@pytest.fixture
def enter(place: Centre) -> Enter:
    return enters(place)


# ---- As data


def test_the_built_in_scripts_have_words_for_every_type_and_situation() -> None:
    told = scripts.read(BUILT_IN)
    for fraud in FraudType:
        for one in Situation:
            script = told.script(fraud, one)
            assert script.known
            assert script.ask
            assert script.say
            assert script.never
            for line in (*script.ask, *script.say, *script.never):
                assert line.words["zh"]
                assert line.words["en"]
                assert line.reason.source["zh"]


def test_every_reason_and_every_source_is_used() -> None:
    lines = scripts.read(BUILT_IN).lines.values()
    assert {line.reason.words["zh"] for line in lines} == {r["zh"] for r in BUILT_IN["reason"].values()}
    used = {r["source"] for r in BUILT_IN["reason"].values()}
    assert used == set(BUILT_IN["source"])


def test_a_type_without_a_row_falls_back_and_says_so() -> None:
    document = copy.deepcopy(BUILT_IN)
    del document["loan"]
    told = scripts.read(document)
    general = told.script(FraudType.OTHER, Situation.DENIES)
    own, first_only, unknown = (
        told.script(FraudType.INVESTMENT, Situation.DENIES),
        told.script(FraudType.SHOPPING, Situation.DENIES),
        told.script(FraudType.LOAN, Situation.DENIES),
    )
    assert (own.own, first_only.own, unknown.own) == (True, False, False)
    assert (own.known, first_only.known, unknown.known) == (True, True, False)
    assert first_only.say == (
        *general.say,
        *told.script(FraudType.SHOPPING, Situation.FIRST_CONTACT).say,
    )
    assert unknown.say == general.say
    assert unknown.never == general.never


@pytest.mark.parametrize(
    ("row", "value", "flaw"),
    [
        ("lottery", {}, "lottery: no fraud type is called lottery"),
        ("loan.asleep", {"ask": []}, "loan.asleep: no situation is called asleep"),
        ("loan.denies", {"sing": []}, "loan.denies: no part is called sing"),
        ("loan.denies", {}, "loan.denies: a row says something"),
        ("loan.never", {}, "loan.never: a list of lines is expected"),
        ("loan", [], "loan: a table is expected"),
        ("other.denies", None, "other: every situation needs a general row; denies missing"),
        ("other.never", None, "other.never: what police never ask is missing"),
        ("reason.advance.source", "nowhere", "reason.advance: no source is called nowhere"),
        ("loan.never.0.why", "because", "loan.never.1: no reason is called because"),
        ("loan.never.0.id", "never-code", "loan.never.1: never-code is the id of another line"),
        (
            "loan.never.0.id",
            "Not so",
            "loan.never.1: an id has small letters, digits and hyphens, at most 24",
        ),
        ("loan.never.0.en", " ", "loan.never.1: en is missing"),
        ("loan.never.0.zh", "长" * 301, "loan.never.1: at most 300 characters"),
    ],
)
def test_what_is_unknown_or_missing_is_refused_by_its_name(row: str, value: object, flaw: str) -> None:
    document = copy.deepcopy(BUILT_IN)
    *outer, last = row.split(".")
    place: Any = document
    for step in outer:
        place = place[int(step)] if step.isdigit() else place[step]
    if value is None:
        del place[last]
    else:
        place[last] = value
    with pytest.raises(BadScripts) as refused:
        scripts.read(document)
    assert flaw in [str(found) for found in refused.value.flaws]


@within(max_examples=few(40))
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["source", "reason", "other", "denies", "ask", "zh"]), inner)
        ),
        max_leaves=12,
    )
)
def test_whatever_a_document_holds_it_is_read_or_refused(anything: Any) -> None:
    document = anything if isinstance(anything, dict) else {"other": anything}
    with pytest.raises(BadScripts):
        scripts.read(document)


# ---- Which situation


@pytest.mark.parametrize(
    ("facts", "here"),
    [
        (Facts(), Situation.FIRST_CONTACT),
        (Facts((Result.NO_ANSWER,)), Situation.FIRST_CONTACT),
        (Facts((Result.BUSY, Result.NO_ANSWER)), Situation.BUSY_AGAIN),
        (Facts((Result.NO_ANSWER, Result.BUSY)), Situation.FIRST_CONTACT),
        (Facts((Result.ANSWERED_BY_OTHER,)), Situation.OTHER_ANSWERS),
        (Facts((Result.FORWARDED,)), Situation.OTHER_ANSWERS),
        (Facts((Result.ANSWERED_BY_OTHER,), identified=True), Situation.FIRST_CONTACT),
        (Facts(judged=Disposition.WRONG_PERSON), Situation.OTHER_ANSWERS),
        (Facts((Result.BUSY,), Disposition.DENIES), Situation.DENIES),
        (Facts(judged=Disposition.NOT_PERSUADED), Situation.DENIES),
        (Facts(judged=Disposition.PERSUADED), Situation.FIRST_CONTACT),
        (Facts(judged=Disposition.DENIES, signs=frozenset({"screen_shared"})), Situation.MID_TRANSFER),
        (Facts(signs=frozenset({"screen_shared", "money_moved"})), Situation.ALREADY_TRANSFERRED),
        (Facts(judged=Disposition.ALREADY_TRANSFERRED), Situation.ALREADY_TRANSFERRED),
    ],
)
def test_the_facts_tell_the_situation(facts: Facts, here: Situation) -> None:
    assert situation(facts) is here


@within(max_examples=few(40))
@given(
    st.lists(st.sampled_from(Result), max_size=4),
    st.none() | st.sampled_from(Disposition),
    st.booleans(),
    st.frozensets(st.sampled_from(["money_moved", "screen_shared", "line_forwarded"])),
)
def test_some_situation_is_always_told_and_money_that_is_gone_weighs_most(
    met: list[Result], judged: Disposition | None, identified: bool, signs: frozenset[str]
) -> None:
    here = situation(Facts(met, judged, identified, signs))
    assert here is not Situation.ASHAMED  # that, only an operator hears
    if "money_moved" in signs:
        assert here is Situation.ALREADY_TRANSFERRED


# ---- Beside a case


def test_a_case_shows_the_version_in_force_and_follows_what_its_calls_met(place: Centre) -> None:
    by = place.user()
    case = factories.directive(place, "A", number=1)
    shown = beside.panel(case, by, NOW)
    assert (shown.version, shown.situation, shown.attempt) == (1, "first_contact", 0)
    factories.unanswered(case, CallResult.BUSY, now=NOW)
    assert beside.panel(Case.objects.get(), by, NOW).situation == "busy_again"
    later = NOW + timedelta(minutes=3)
    call = factories.answer(Case.objects.get(), now=later)
    shown = beside.panel(Case.objects.get(), by, later)
    assert (shown.situation, shown.attempt) == ("busy_again", call.pk)
    factories.judged(factories.directive(place, "B", number=2), Disposition.DENIES, now=later)
    other = Case.objects.latest("pk")
    assert beside.panel(other, by, later).situation == "denies"
    assert [tab.code for tab in shown.tabs] == [one.value for one in Situation]
    assert [tab.code for tab in shown.tabs if tab.chosen] == ["busy_again"]


def test_the_panel_takes_a_handful_of_queries(
    place: Centre, django_assert_max_num_queries: Callable[[int], Any]
) -> None:
    case = factories.directive(place, "A", number=1)
    factories.answer(case, now=NOW)
    by = place.user()
    beside.panel(case, by, NOW)
    with django_assert_max_num_queries(4):
        beside.panel(case, by, NOW)


# ---- Marks


@pytest.fixture
def talk(place: Centre) -> Attempt:
    return factories.answer(factories.directive(place, "A", number=1), now=NOW)


def say(client: Client, attempt: Attempt, **given: object) -> Any:
    sent = {"attempt": attempt.pk, "version": 1, "situation": "first_contact", "helped": "yes", **given}
    return client.post(reverse("admin:dispatch_script_mark"), sent, headers={"x-requested-with": "script"})


def marks() -> list[dict[str, Any]]:
    return [event.detail for event in Event.objects.filter(verb="script_marked").order_by("pk")]


def test_a_mark_is_on_record_with_version_type_situation_and_sentence(enter: Enter, talk: Attempt) -> None:
    client = enter()
    answer = say(client, talk, sentence="auth-no-safe-account")
    assert answer.json() == {"words": "On record.", "done": True}
    say(client, talk, sentence="auth-no-safe-account")  # pressed twice
    plain = {"attempt": talk.pk, "version": 1, "fraud": "authority", "situation": "first_contact"}
    assert marks() == [{**plain, "helped": True, "sentence": "auth-no-safe-account"}]
    say(client, talk, helped="no", situation="denies")
    assert marks()[1:] == [{**plain, "helped": False, "situation": "denies"}]
    page = client.get(reverse("admin:dispatch_case_change", args=[talk.case_id])).content.decode()
    assert "Script marked: denies it, did not help" in page
    assert "✗ did not help" in page


def test_what_is_no_mark_is_refused_on_record(enter: Enter, talk: Attempt) -> None:
    client = enter()
    for wrong, why in (
        ({"situation": "asleep"}, "no such situation"),
        ({"version": "7"}, "no scripts of version 7"),
        ({"version": "x"}, "no scripts of version x"),
        ({"helped": "perhaps"}, "whether it helped"),
        ({"sentence": "loan-rule"}, "not in the script: loan-rule"),
    ):
        answer = say(client, talk, **wrong)
        assert answer.status_code == 409
        assert why in answer.json()["words"]
    assert marks() == []
    assert Event.objects.filter(verb="refused", case=talk.case).count() == 5


def test_only_a_call_that_has_begun_is_marked(place: Centre, enter: Enter) -> None:
    case = factories.directive(place, "A", number=1)
    planned = factories.live(case, Tier.VOICE)
    assert say(enter(), planned).status_code == 409
    assert say(enter(), Attempt(pk=999)).status_code == 404


def test_another_units_case_is_not_marked_and_trying_is_on_record(
    place: Centre, enter: Enter, talk: Attempt
) -> None:
    assert say(enter(unit=place.other), talk).status_code == 404
    assert marks() == []
    assert Event.objects.filter(verb="refused", why="not their unit's", case=talk.case).exists()


def test_officers_mark_nothing(place: Centre, talk: Attempt) -> None:
    with pytest.raises(NotAllowedError):
        scripting.mark(
            attempt_id=talk.pk,
            version=1,
            situation=Situation.DENIES,
            helped=True,
            by=place.user(Role.OFFICER),
            now=NOW,
        )


# ---- Versions


def sheet(version: PolicyVersion, fraud: str, **typed: str) -> dict[str, str]:
    """What the browser sends of one type's sheet, some of it changed."""
    table = version.document[fraud]
    sent = {"type": fraud, "note": "夜班补充"}
    lists = {"never": table.get("never", [])}
    for one in Situation:
        row = table.get(one.value, {})
        lists |= {f"{one}.{part}": row.get(part, []) for part in ("ask", "say")}
    for where, lines in lists.items():
        for nth, line in enumerate([*lines, {"id": "", "zh": "", "en": "", "why": ""}], start=1):
            sent |= {f"{where}.{nth}.{word}": line[word] for word in ("id", "zh", "en", "why")}
    return {**sent, **{name.replace("__", "."): value for name, value in typed.items()}}


def test_a_chief_publishes_the_next_version_and_cases_show_it_from_then_on(
    place: Centre, enter: Enter, talk: Attempt
) -> None:
    client, first = enter(Role.SUPERVISOR), policies.current(KIND, NOW)
    draft = reverse("admin:dispatch_policyversion_next", args=[first.pk])
    assert "auth-no-safe-account" in client.get(f"{draft}?type=authority").content.decode()
    typed = sheet(
        first,
        "authority",
        first_contact__say__4__zh="民警和您一起去银行。",
        first_contact__say__4__en="An officer goes to the bank with you.",
        first_contact__say__4__why="new",
        first_contact__ask__1__zh="",
        first_contact__ask__1__en="",
        reason__zh="茂名民警陪同到银行",
        reason__en="Officers of Maoming went along to the bank",
        reason__source="S4",
    )
    checked = client.post(draft, {**typed, "check": ""}).content.decode()
    assert "v2-1" in checked
    assert PolicyVersion.objects.filter(kind=KIND).count() == 1
    answer = client.post(draft, {**typed, "publish": ""}, follow=True)
    assert "Version 2 is in force" in answer.content.decode()
    shown = beside.panel(talk.case, place.user(), NOW)
    here = shown.tabs[0]
    assert shown.version == 2
    assert here.say[-1].zh == "民警和您一起去银行。"
    assert "auth-who" not in {line.id for line in here.ask}
    say(client, talk, version=2, sentence="v2-1")
    assert marks()[-1]["version"] == 2
    published = Event.objects.get(verb="published")
    assert published.detail["what"] == "scripts 2"
    assert published.why == "夜班补充"


def test_a_draft_with_a_flaw_is_kept_as_typed_and_the_line_is_named(enter: Enter, place: Centre) -> None:
    client, first = enter(Role.SUPERVISOR), policies.current(KIND, NOW)
    draft = reverse("admin:dispatch_policyversion_next", args=[first.pk])
    typed = sheet(first, "loan", first_contact__say__1__en="")
    answer = client.post(draft, {**typed, "publish": ""})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "loan.first_contact.say.1" in page
    assert "en is missing" in page
    assert PolicyVersion.objects.filter(kind=KIND).count() == 1


def test_operators_read_the_scripts_and_publish_none(enter: Enter, place: Centre) -> None:
    client, first = enter(), policies.current(KIND, NOW)
    page = client.get(reverse("admin:dispatch_policyversion_change", args=[first.pk])).content.decode()
    assert "公检法绝不会打电话" in page
    with pytest.raises(NotAllowedError):
        publishing.publish(
            kind=KIND, document=first.document, starts_at=NOW, note="x", by=place.user(), now=NOW
        )
