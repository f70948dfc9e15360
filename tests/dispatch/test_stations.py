"""Whom to send: room is what is left after the visits under way, those of the same turn included."""

from datetime import timedelta

import pytest

from dispatch.models import Attempt, Case, Unit
from dispatch.vocabulary import Level, Tier, UnitKind
from dispatch.workflow import turn
from telephony import calls, exchange
from telephony.carrier import CallResult, CallStatus, Update
from telephony.models import Call, Trunk
from tests.factories import START, centre, directive

pytestmark = pytest.mark.django_db
ROOM = 2
SOON = START + timedelta(seconds=20)


def test_the_visits_of_one_turn_do_not_overfill_a_station() -> None:
    at = centre()
    Unit.objects.filter(kind=UnitKind.STATION).update(room=ROOM)
    cases = [directive(at, f"R-{n}", number=n, level=Level.MEDIUM) for n in range(1, 4)]
    Trunk.objects.update(tokens=len(cases))
    exchange.connect(now=START)
    for call in Call.objects.on_line():  # switched off: an officer goes
        calls.hear(Update(str(call.key), CallStatus.ENDED, CallResult.POWERED_OFF), now=SOON)
    assert turn.advance_due(now=SOON) == len(cases)
    sent = [Attempt.objects.get(case=case, tier=Tier.VISIT).unit for case in Case.objects.order_by("pk")]
    nearest = sent[0]
    assert nearest is not None
    assert nearest.kind == UnitKind.STATION
    assert sent.count(nearest) == ROOM
    assert sent[-1] not in (None, nearest)
