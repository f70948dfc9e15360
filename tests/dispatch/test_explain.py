"""Why a case is where it is, told from its record."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import translation

from dispatch import explain, policies
from dispatch.models import Attempt, Case, Event, PolicyVersion
from dispatch.vocabulary import Level, Tier
from tests import factories

pytestmark = pytest.mark.django_db


def busy_twice() -> Case:
    case = factories.directive(factories.centre(), "A1", number="1", level=Level.HIGH)
    for _ in range(2):
        factories.unanswered(case, now=Attempt.objects.live().get(case=case, tier=Tier.VOICE).starts_at)
    return Case.objects.get(pk=case.pk)


def test_every_step_names_the_row_it_went_by() -> None:
    with translation.override("en"):
        told = list(explain.steps(busy_twice()))
    rows = [(step.row, step.says) for step in told if "." in step.row]
    busy = policies.built_in(PolicyVersion.Kind.ESCALATION)["high"]["voice"]["busy"]
    assert busy["raises"] == [2, "critical"]
    first = "again 30s, 60s, 60s; keep_while visit; then visit; raises 2, critical"
    assert rows[0] == ("high.starts", "voice")
    assert rows[1] == ("high.voice.busy (no. 1)", first)
    assert ("high.voice.busy (no. 2)", first) in rows
    assert ("critical.starts", "voice, visit") in rows


def test_whatever_the_engine_plans_raises_or_closes_has_its_row() -> None:
    case = busy_twice()
    spoken = Event.objects.filter(case=case, verb__in=["planned", "raised", "closed"], agent="engine")
    document = case.policy.document
    assert spoken.count() > 3
    assert all(explain.what_stands(document, event.detail["row"]) for event in spoken)


def test_a_shared_row_is_found_under_every_level() -> None:
    document = policies.built_in(PolicyVersion.Kind.ESCALATION)
    assert explain.what_stands(document, "low.voice.unreachable") == "then visit"
    assert explain.what_stands(document, "low.visit.another_place") == ""


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_command_tells_all_of_it_and_nobodys_number(lang: str) -> None:
    case, out = busy_twice(), StringIO()
    call_command("policy", "explain", case.number, "--lang", lang, stdout=out)
    told = out.getvalue()
    assert told.startswith(case.number)
    assert "high.voice.busy" in told
    assert "19000" not in told
    assert ("风险分" in told) == (lang == "zh")


@pytest.mark.parametrize("number", ["7", "2026-03-999999", "", "2026-03-x"])
def test_what_is_no_case_number_is_said(number: str) -> None:
    with pytest.raises(CommandError, match="is not the number of a case"):
        call_command("policy", "explain", number)
