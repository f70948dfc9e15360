"""Every phone and every mischief of the practice Twilio at once, over the real adapter and the real views."""

import logging
from datetime import timedelta

import pytest
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from telephony import calls, desks, exchange, legs
from telephony.carrier import ANNOUNCE, CallStatus, Update
from telephony.clock import MovingClock
from telephony.models import Call
from telephony.practice.phones import BY_DIGITS, Directory
from tests.seats import taken_seats
from tests.telephony.carried import Ours, what_is_wrong
from tests.telephony.practising import SID, TOKEN, practising
from tests.telephony.rows import Exchange
from tests.telephony.samples import START

PER_SECOND, AT_ONCE = 5, 30
NOT_HERE = ("44",)  # a silence waits for our time-out: see test_twilio


def test_every_call_ends_once_as_it_ended_and_nothing_false_is_believed(
    live_server: LiveServer,
    settings: Settings,
    moving: MovingClock,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ends: list[str] = []
    hear = calls.hear

    def counted(update: Update, **how: object) -> bool:
        before = Call.objects.get(key=update.key).status
        moved = hear(update, **how)  # type: ignore[arg-type]
        if before != "ended" and Call.objects.get(key=update.key).status == CallStatus.ENDED:
            ends.append(update.key)
        return moved

    monkeypatch.setattr(calls, "hear", counted)
    with practising(moving, phones=Directory()) as practice:
        settings.CARRIERS = {
            "twilio": {
                "adapter": "telephony.carriers.twilio.TwilioCarrier",
                "account_sid": SID,
                "auth_token": TOKEN,
                "caller_id": "+861096110",
                "base_url": practice.url,
                "callback_base": live_server.url,
            }
        }
        rows = Exchange()
        rows.trunk(carrier="twilio", concurrent=AT_ONCE, per_second=PER_SECOND, tokens=PER_SECOND, desks=0)
        taken_seats(4, START, address="+861080100000")
        taken_seats(2, START)
        endings = [ending for ending in BY_DIGITS if ending not in NOT_HERE]
        numbers = [f"+861900007{n % 10}{ending:0>2}" for n, ending in enumerate(endings)]
        for n, number in enumerate(numbers):
            rows.booked(number, mode=ANNOUNCE if n % 3 else "", tag="loan")
        with caplog.at_level(logging.WARNING, logger="telephony.webhooks"):
            for _ in range(400):
                while exchange.turn(now=moving()):
                    pass
                waiting = Call.objects.filter(status="booked").exists()
                moving.forward(timedelta(seconds=0.7 if waiting else 3))
                practice.run()
                calls.tend(now=moving())
                legs.tend(now=moving())
                desks.release_lapsed(now=moving())
                if not Call.objects.exclude(status="ended").exists():
                    break
            moving.forward(timedelta(seconds=200))
            practice.run()  # what is late, or replayed, comes too
        ours = [
            Ours(c.number, c.status, c.result, ends.count(str(c.key)), c.dropped_at is not None)
            for c in Call.objects.all()
        ]
        assert what_is_wrong(practice.switch, ours, {SID: (PER_SECOND, AT_ONCE)}) == []
        for kind in ("forged", "altered", "replayed"):
            assert practice.answers_to(kind)
        assert "its signature is missing or wrong" in caplog.text
        assert "it has been heard before" in caplog.text
    assert len(ours) == len(numbers)
