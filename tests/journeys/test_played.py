"""One play of the demonstration by the real program: watched on its way, then replayed, then planned from."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import transaction
from django.test import override_settings
from django.utils import timezone, translation
from pytest_django.plugin import DjangoDbBlocker

from dispatch import policies, risk, rules
from dispatch.chain import Rules
from dispatch.models import Attempt, Case, PolicyVersion
from dispatch.replay import course, recorded, trial
from dispatch.replay.comparison import reproduces
from dispatch.replay.history import Regime
from dispatch.vocabulary import CALLS, Level
from telephony import clock, lines
from warning_center.management import staged
from warning_center.management.commands import demo
from warning_center.models import Directive
from warning_center.watchdog.finding import judge
from warning_center.watchdog.promises import PROMISES

Kind = PolicyVersion.Kind
LOOKS = 5  # the watchdog looks at one instant in so many: a look costs more than the instant itself


@dataclass
class Watch:
    """What the watchdog saw on the way."""

    instants: int = 0
    broken: list[object] = field(default_factory=list)

    def look(self, now: datetime) -> None:
        self.instants += 1
        if self.instants % LOOKS:
            return
        for name, promise in PROMISES.items():
            finding = judge(name, promise(now), settings.WATCHDOG_ALLOWANCES[name])
            if not finding.ok:
                self.broken.append((now, finding))


class Undo(Exception):
    """Takes the play's transaction back."""


def played(blocker: DjangoDbBlocker, **options: Any) -> Iterator[Watch]:
    """Directives played to the end in this process, on a database that forgets them when the tests are over."""
    seen = Watch()
    with (
        pytest.MonkeyPatch.context() as patch,
        override_settings(CLOCK="telephony.clock.moving"),
        blocker.unblock(),
    ):
        patch.setenv(staged.MARK, "1")
        patch.setattr(demo, "_nobody", seen.look)
        lines.forget()
        policies.forget()
        try:
            with transaction.atomic():
                with translation.override("zh-hans"):
                    call_command("demo", json=True, stdout=StringIO(), **options)
                yield seen
                raise Undo
        except Undo:
            pass
        finally:
            lines.forget()
            policies.forget()


@pytest.fixture(scope="module")
def demonstration(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Watch]:
    yield from played(django_db_blocker)


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


def test_no_promise_that_the_watchdog_looks_at_is_broken_on_the_way(demonstration: Watch) -> None:
    assert demonstration.broken == []
    assert demonstration.instants > 100


def test_the_demonstration_replays_as_it_went_and_lower_thresholds_raise_more_of_it(
    demonstration: Watch,
) -> None:
    assert goes_as_it_went()
    _chain, lower = built_in({"critical": 50, "high": 25, "medium": 10})
    told = trial.compare(Case.objects.all(), lower, now=clock.moving())
    assert told.reproduced == told.cases
    assert {row.after for row in told.risen} == {Level.HIGH, Level.CRITICAL}
    assert told.unknown  # somebody is sent where nobody went: what they would have met is not made up


def test_what_the_record_shows_is_measured_and_planned_from(demonstration: Watch) -> None:
    out = StringIO()
    call_command("plan", "--from-record", "--days=60", "--json", stdout=out)
    document = json.loads(out.getvalue())
    dialled = Attempt.objects.filter(tier__in=CALLS, call__dialled_at__isnull=False).select_related("call")
    hours = Counter(timezone.localtime(a.call.booked_for).hour for a in dialled if a.call)
    figures = {(figure["of"], figure["level"]): figure for figure in document["figures"]}
    first = Directive.objects.order_by("received_at")[0].received_at
    days = -((first - clock.moving()) // timedelta(days=1))
    at = figures["at", None]["value"]
    assert hours[at] == max(hours.values())
    assert sum(document["load"]["calls_per_hour"].values()) == pytest.approx(hours[at] / days, abs=0.01)
    assert figures["calls", "critical"]["seen"] == dialled.count()
    for of in ("ring", "talk", "wrap", "answered", "directives"):
        assert figures[of, None]["origin"] == "measured"
    rings = []
    for call in (attempt.call for attempt in dialled):
        assert call is not None
        until = call.answered_at or call.ended_at
        assert until is not None
        assert call.dialled_at is not None
        rings.append((until - call.dialled_at).total_seconds())
    assert figures["ring", None]["value"] == pytest.approx(sum(rings) / len(rings))
    assert document["operators"] >= 1
