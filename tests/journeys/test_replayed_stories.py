"""The rarest stories of the chain table, played and replayed: they go as they went."""

from datetime import timedelta
from pathlib import Path

from pytest_django.plugin import DjangoDbBlocker

from dispatch.models import Case
from tests.journeys.test_demo_contract import AT_ONCE, MORNING, STORIES, TIERS, directives_of, written
from tests.journeys.test_played import goes_as_it_went, played

# What the demonstration has none of, and what is rarest in it.
HARDEST = ("fault-critical", "voice-yes-door-no", "two-on-one-phone", "merged", "moved")


def test_the_hardest_stories_of_the_chain_table_replay_as_they_went(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path: Path
) -> None:
    received = [
        row
        for n, story in enumerate(HARDEST)
        for row in directives_of(story, MORNING + timedelta(seconds=30 * (n // AT_ONCE)), f"190 0000 {n:04}")
    ]
    behaviour = {name: {tier: STORIES[name].get(tier, []) for tier in TIERS} for name in HARDEST}
    files = {
        "directives": written(tmp_path / "d.json", received),
        "answers": written(tmp_path / "a.json", behaviour),
    }
    for seen in played(django_db_blocker, **files):
        assert seen.instants
        assert Case.objects.count() >= len(HARDEST)
        assert goes_as_it_went()
