"""News that a carrier keeps until it is asked: heard when it has come, and one bad piece loses no other."""

from datetime import datetime, timedelta
from uuid import UUID

import pytest
from django.dispatch import receiver

from telephony import exchange as exchange_module
from telephony import inbox
from telephony.carrier import CallStatus
from telephony.models import Call
from telephony.signals import call_moved
from tests.telephony.rows import Exchange
from tests.telephony.samples import NUMBER, START


def dialled(rows: Exchange, count: int = 1) -> list[Call]:
    rows.trunk()
    for n in range(count):
        rows.booked(f"+8619000001{n}1")
    exchange_module.turn(now=START)
    return list(Call.objects.order_by("pk"))


def test_a_call_lives_by_the_news_that_is_collected(exchange: Exchange) -> None:
    dialled(exchange)
    assert inbox.next_news_at() == START + timedelta(seconds=2)
    assert inbox.collect(now=START + timedelta(seconds=10)) == 2
    assert Call.objects.get().status == CallStatus.TALKING
    assert inbox.collect(now=START + timedelta(seconds=60)) == 1
    assert Call.objects.get().result == "answered"
    assert inbox.next_news_at() is None


def test_one_bad_piece_of_news_loses_no_other(exchange: Exchange, caplog: pytest.LogCaptureFixture) -> None:
    bad, *good = dialled(exchange, 3)
    met: list[UUID] = []

    @receiver(call_moved)
    def stumble(sender: object, call: Call, now: datetime, **_: object) -> None:
        met.append(call.key)
        if call.pk == bad.pk:
            raise RuntimeError("a bug elsewhere")

    inbox.collect(now=START + timedelta(seconds=3))
    call_moved.disconnect(stumble)
    assert set(met) == {bad.key, *(c.key for c in good)}
    assert {c.status for c in Call.objects.exclude(pk=bad.pk)} == {"ringing"}
    assert Call.objects.get(pk=bad.pk).status == CallStatus.DIALLING
    assert NUMBER[3:] not in caplog.text
