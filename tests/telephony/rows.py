"""Rows made short: a trunk, a call that is booked, a call that has been given a line."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from telephony import calls, clock, lines
from telephony.carrier import CallKind
from telephony.clock import MovingClock
from telephony.models import Call, Trunk
from telephony.signals import call_moved
from tests.seats import taken_seats
from tests.telephony.samples import NUMBER, START


class Exchange:
    """Makes them."""

    def trunk(self, *, desks: int | None = None, **given: Any) -> Trunk:
        """A trunk, and a ready desk for each of its lines unless told otherwise."""
        plain: dict[str, Any] = {
            "name": f"trunk {Trunk.objects.count()}",
            "carrier": "simulated",
            "concurrent": 10,
            "per_second": 10,
            "tokens": 10,
            "filled_at": START,
        }
        trunk = Trunk.objects.create(**{**plain, **given})
        taken_seats(trunk.concurrent if desks is None else desks, START)
        return trunk

    def booked(self, number: str = NUMBER, *, at: datetime = START, **given: Any) -> Call:
        plain: dict[str, Any] = {
            "kind": CallKind.VOICE,
            "until": at + timedelta(hours=1),
            "head_start": timedelta(),
        }
        call = calls.booking(number=number, at=at, **{**plain, **given})
        calls.book([call])
        return Call.objects.get(key=call.key)

    def on_line(self, number: str = NUMBER, *, trunk: Trunk | None = None) -> Call:
        """A call that `connect` has committed as dialling and no carrier has been asked for yet."""
        call = self.booked(number)
        now = clock.now()
        Call.objects.filter(pk=call.pk).update(
            status="dialling", dialled_at=now, due_at=now + calls.SILENCE, trunk=trunk or self.trunk()
        )
        return Call.objects.get(pk=call.pk)


@contextmanager
def standing_clock() -> Iterator[MovingClock]:
    """The program's clock, standing at START, and no adapter left over from another test."""
    clock.moving.set(START)
    lines.forget()
    yield clock.moving
    lines.forget()


@contextmanager
def announced() -> Iterator[list[tuple[str, str]]]:
    """The status and result of each call as it is announced, in order."""
    heard: list[tuple[str, str]] = []

    def hear(sender: object, call: Call, now: datetime, **_: object) -> None:
        heard.append((str(call.status), str(call.result)))

    call_moved.connect(hear)
    yield heard
    call_moved.disconnect(hear)
