"""The demonstration, played by the real program and replayed under the policy it ran under: nothing changes."""

from collections.abc import Iterator
from io import StringIO

import pytest
from django.core.management import call_command
from django.utils import translation
from pytest_django.fixtures import Settings

from dispatch import policies, recorded, replay, risk, rules, trial
from dispatch.comparison import reproduces
from dispatch.history import Regime
from dispatch.models import Case, PolicyVersion
from dispatch.vocabulary import Level
from telephony import clock, lines

pytestmark = pytest.mark.django_db


@pytest.fixture
def played(settings: Settings, monkeypatch: pytest.MonkeyPatch, db: None) -> Iterator[None]:
    """The whole demonstration, played in this process on this database."""
    settings.CLOCK = "telephony.clock.moving"
    monkeypatch.setenv("WARNING_CENTER_DEMO", "1")
    lines.forget()
    policies.forget()
    with translation.override("zh-hans"):
        call_command("demo", json=True, stdout=StringIO())
    yield
    lines.forget()
    policies.forget()


def test_replayed_under_its_own_policy_the_demonstration_goes_as_it_went_case_by_case(played: None) -> None:
    now = clock.moving()
    cases, total = Case.objects.all(), Case.objects.count()
    chain = rules.read(policies.built_in(PolicyVersion.Kind.ESCALATION))
    risks = risk.read(policies.built_in(PolicyVersion.Kind.RISK))
    for candidate in (chain, risks):
        told = trial.compare(cases, candidate, now=now)
        assert (told.cases, told.reproduced, told.strayed, told.failed) == (total, total, (), ())
        assert (told.changed, told.unknown, told.guessed, told.assumed) == (0, (), 0, 0)
    for case, history in recorded.histories(cases, now=now):
        course = replay.play(history, Regime(chain, ((case.opened_at, risks),)))
        assert reproduces(course, history)
        assert course.closed_at == case.closed_at
        tried = case.attempts.filter(started_at__isnull=False).order_by("pk")
        assert [t.started_at for t in course.attempts] == [attempt.started_at for attempt in tried]
    document = policies.built_in(PolicyVersion.Kind.RISK)
    lower = risk.read({**document, "thresholds": {"critical": 50, "high": 25, "medium": 10}})
    told = trial.compare(cases, lower, now=now)
    assert told.reproduced == total
    assert {row.after for row in told.risen} == {Level.HIGH, Level.CRITICAL}
    assert told.unknown  # somebody is sent where nobody went: what they would have met is not made up
