"""What the real program has played, replayed under the policies it ran under: everything goes as it went."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import translation
from pytest_django.fixtures import Settings

from dispatch import policies, risk, rules
from dispatch.chain import Rules
from dispatch.models import Case, PolicyVersion
from dispatch.replay import course, recorded, trial
from dispatch.replay.comparison import reproduces
from dispatch.replay.history import Regime
from dispatch.vocabulary import Level
from telephony import clock, lines
from tests.journeys.test_demo_contract import AT_ONCE, MORNING, STORIES, TIERS, directives_of, written

Kind = PolicyVersion.Kind
Play = Callable[..., None]
pytestmark = pytest.mark.django_db


@pytest.fixture
def play(settings: Settings, monkeypatch: pytest.MonkeyPatch, db: None) -> Iterator[Play]:
    """Plays directives to the end, in this process on this database."""
    settings.CLOCK = "telephony.clock.moving"
    monkeypatch.setenv("WARNING_CENTER_DEMO", "1")
    lines.forget()
    policies.forget()

    def demo(**options: Any) -> None:
        with translation.override("zh-hans"):
            call_command("demo", json=True, stdout=StringIO(), **options)

    yield demo
    lines.forget()
    policies.forget()


def built_in(thresholds: dict[str, int] | None = None) -> tuple[Rules, risk.RiskRules]:
    chain, document = (policies.built_in(kind) for kind in (Kind.ESCALATION, Kind.RISK))
    return rules.read(chain), risk.read({**document, "thresholds": thresholds or document["thresholds"]})


def goes_as_it_went() -> bool:
    """Every case, under either policy it ran under, attempt by attempt."""
    cases, now = Case.objects.all(), clock.moving()
    chain, risks = built_in()
    for candidate in (chain, risks):
        told = trial.compare(cases, candidate, now=now)
        assert told.reproduced == told.cases == cases.count() > 0, told.strayed
        assert (told.changed, told.unknown, told.guessed, told.assumed) == (0, (), 0, 0)
    for case, history in recorded.histories(cases, now=now):
        went = course.play(history, Regime(chain, ((case.opened_at, risks),)))
        assert reproduces(went, history)
        assert went.closed_at == case.closed_at
        tried = case.attempts.filter(started_at__isnull=False).order_by("pk")
        assert [t.started_at for t in went.attempts] == [attempt.started_at for attempt in tried]
    return True


def test_the_demonstration_goes_as_it_went_and_lower_thresholds_raise_more_of_it(play: Play) -> None:
    play()
    assert goes_as_it_went()
    _chain, lower = built_in({"critical": 50, "high": 25, "medium": 10})
    told = trial.compare(Case.objects.all(), lower, now=clock.moving())
    assert told.reproduced == told.cases
    assert {row.after for row in told.risen} == {Level.HIGH, Level.CRITICAL}
    assert told.unknown  # somebody is sent where nobody went: what they would have met is not made up


# What the demonstration has none of, and what is rarest in it.
HARDEST = (
    "fault-critical", "ignored-nowhere", "voice-yes-door-no", "two-on-one-phone", "raised-by-signs", "merged", "moved",
    "evening",
)  # fmt: skip


def test_the_hardest_stories_of_the_chain_table_go_as_they_went(play: Play, tmp_path: Path) -> None:
    received = [
        row
        for n, story in enumerate(HARDEST)
        for row in directives_of(story, MORNING + timedelta(seconds=30 * (n // AT_ONCE)), f"190 0000 {n:04}")
    ]
    behaviour = {name: {tier: STORIES[name].get(tier, []) for tier in TIERS} for name in HARDEST}
    play(directives=written(tmp_path / "d.json", received), answers=written(tmp_path / "a.json", behaviour))
    assert Case.objects.count() >= len(HARDEST)
    assert goes_as_it_went()
