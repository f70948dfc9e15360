"""The plan of a played demonstration: what its own record shows is measured, and told as such."""

import json
from collections import Counter
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.utils import timezone, translation
from pytest_django.fixtures import Settings

from dispatch import policies
from dispatch.models import Attempt
from dispatch.vocabulary import CALLS
from telephony import clock, lines
from warning_center.models import Directive


@pytest.mark.django_db
def test_a_played_demonstration_plans_from_its_own_record(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.CLOCK = "telephony.clock.moving"
    monkeypatch.setenv("WARNING_CENTER_DEMO", "1")
    lines.forget()
    policies.forget()
    with translation.override("zh-hans"):
        call_command("demo", json=True, stdout=StringIO())
    out = StringIO()
    call_command("plan", "--from-record", "--days=60", "--json", stdout=out)
    document = json.loads(out.getvalue())

    dialled = Attempt.objects.filter(tier__in=CALLS, call__dialled_at__isnull=False).select_related("call")
    hours = Counter(timezone.localtime(a.call.booked_for).hour for a in dialled if a.call)
    figures = {(figure["of"], figure["level"]): figure for figure in document["figures"]}
    first = Directive.objects.order_by("received_at")[0].received_at
    days = -((first - clock.now()) // timedelta(days=1))
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
    lines.forget()
    policies.forget()
