"""The demonstration, watched: no promise that the watchdog looks at is broken at any instant that is looked at."""

from datetime import datetime
from io import StringIO

import pytest
from django.core.management import call_command
from django.utils import translation
from pytest_django import Settings

from dispatch import policies
from telephony import lines
from warning_center.management.commands import demo
from warning_center.watchdog.finding import judge
from warning_center.watchdog.promises import PROMISES

ONE_IN = 5  # instants: a look costs more than the instant itself


@pytest.mark.django_db
def test_the_demonstration_breaks_no_promise_on_its_way(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.CLOCK = "telephony.clock.moving"
    monkeypatch.setenv(demo.STAGED, "1")
    broken: list[object] = []
    instants: list[datetime] = []

    def watch(now: datetime) -> None:
        instants.append(now)
        if len(instants) % ONE_IN:
            return
        for name, promise in PROMISES.items():
            finding = judge(name, promise(now), settings.WATCHDOG_ALLOWANCES[name])
            if not finding.ok:
                broken.append((now, finding))

    monkeypatch.setattr(demo, "_nobody", watch)
    lines.forget()
    policies.forget()
    with translation.override("zh-hans"):
        call_command("demo", json=True, stdout=StringIO())
    lines.forget()
    policies.forget()
    assert broken == []
    assert len(instants) > 100
