"""Desks and calls through random happenings: the rows do as a small model of the design does, and its promises hold."""

from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

import pytest
from django.db import transaction
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from telephony import calls, desks, exchange, owing
from telephony.carrier import CallResult, CallStatus, Update
from telephony.models import Call, Desk
from tests.examples import few
from tests.fakes.puppet import Puppet
from tests.seats import taken_seats
from tests.telephony.rows import Exchange
from tests.telephony.samples import START

LEASE, OFFER, WRAP = 90, 15, 60  # seconds
DESKS = 2
ACTS = ("sign_in", "ready", "pause", "away", "beat", "done", "accept", "decline", "owe", "paid")
NEWS = ("rings", "answers", "silent", "hangs up", "machine")
OPENING = [(what, n) for n in range(DESKS) for what in ("sign_in", "ready", "book")]
OFTEN = ("sign_in", "ready", "accept", "answers", "hangs up", "silent") * 4
HAPPENS = [
    *((what, n) for n in range(DESKS) for what in (*ACTS, *NEWS, *OFTEN)),
    *[("match", 0)] * 12,
    *[("book", 0), ("tick", 0)] * 4,
    *[("wait", seconds) for seconds in (1, 15, 59, 91)] * 3,
]
LENGTH = 40


def course(chance: Random, model: "Model") -> Iterator[tuple[str, int]]:
    """Random happenings, mostly such as make a difference to the model; each is the model's before the next comes."""
    for happening in OPENING:
        model.do(*happening)
        yield happening
    for _ in range(LENGTH):
        for _try in range(chance.randint(1, 8)):
            happening = chance.choice(HAPPENS)
            trial = deepcopy(model)
            trial.do(*happening)
            if trial != model:
                break
        model.do(*happening)
        yield happening


@dataclass
class Ring:
    """A call as the model knows it."""

    stands: str = "booked"  # booked, dialled, talking, ended
    desk: int | None = None
    dropped: bool = False


@dataclass
class Seat:
    """A desk as the model knows it."""

    preview: bool
    state: str = "away"
    after: str = ""
    lease: int | None = None
    turn: int | None = None  # ready since
    wrap: int | None = None
    ring: Ring | None = None
    declined: Ring | None = None
    owes: bool = False

    def be(self, state: str, now: int) -> None:
        if state == "ready" and self.owes:
            state = "wrapping"
        self.state, self.after, self.ring = state, "", None
        self.wrap = now + WRAP if state == "wrapping" else None
        if state != "ready":
            self.turn = self.declined = None
        elif self.turn is None:
            self.turn = now
        if state == "away":
            self.lease = None


@dataclass
class Model:
    """The design in seconds: who is there, who has which call, and where each call stands."""

    seats: list[Seat]
    now: int = 0
    rings: list[Ring] = field(default_factory=list)

    def do(self, what: str, which: int) -> None:
        if what == "wait":
            self.now += which
        elif what == "book":
            self.rings.append(Ring())
        elif what == "match":
            self.match()
        elif what == "tick":
            self.tick()
        elif what in ("owe", "paid"):
            self.word(which, what == "owe")
        elif what in ACTS:
            self.act(self.seats[which], what)
        else:
            self.news(self.seats[which], which, what)

    def act(self, seat: Seat, what: str) -> None:
        asked = seat.ring is not None and seat.ring.stands == "booked"
        busy = seat.ring is not None and not asked
        if what == "sign_in" and seat.state == "away":
            seat.be("paused", self.now)
        elif what == "sign_in" and seat.after == "away":
            seat.after = ""
        elif seat.state == "away" and what != "away":
            return
        elif what in ("pause", "away"):
            self.go(seat, "paused" if what == "pause" else "away", busy)
            if what == "away":
                return
        elif what == "ready" and busy:
            seat.after = ""
        elif what == "ready" and not asked:
            seat.declined = None
            seat.be("ready", self.now)
        elif what == "done":
            if seat.state != "wrapping" or seat.owes:
                return
            seat.be("ready", self.now)
        elif what in ("accept", "decline"):
            self.answer(seat, what, asked)
            return
        if not (seat.ring is not None and seat.ring.stands == "booked"):
            seat.lease = max(seat.lease or 0, self.now + LEASE)

    def word(self, number: int, owes: bool) -> None:
        """What came of a talk just over is still to be said, or has been: no other call is this desk's by then."""
        seat = self.seats[number]
        if owes and any(ring.desk == number and ring.stands != "ended" for ring in self.rings):
            return
        seat.owes = owes
        if owes and seat.state == "ready":
            seat.be("wrapping", self.now)

    def go(self, seat: Seat, to: str, busy: bool) -> None:
        if busy:
            seat.after = to
            return
        self.back(seat)
        seat.be(to, self.now)

    def answer(self, seat: Seat, what: str, asked: bool) -> None:
        ring = seat.ring
        if not asked or ring is None or seat.lease is None:
            return
        if what == "accept" and self.now < seat.lease:
            ring.stands = "dialled"
        else:
            self.back(seat)
            seat.be("ready", self.now)
            if what == "decline":
                seat.turn, seat.declined = self.now, ring
        seat.lease = max(seat.lease, self.now + LEASE)

    def back(self, seat: Seat) -> None:
        if seat.ring is not None and seat.ring.stands == "booked":
            seat.ring.desk = None

    def match(self) -> None:
        held = {ring.desk for ring in self.rings if ring.stands != "ended"}
        free = [
            (seat.turn or 0, n)
            for n, seat in enumerate(self.seats)
            if seat.state == "ready" and (seat.lease or 0) > self.now and n not in held
        ]
        waiting = [ring for ring in self.rings if ring.stands == "booked" and ring.desk is None]
        for ring in waiting[: 2 * len(free)]:
            able = [place for place in sorted(free) if self.seats[place[1]].declined is not ring]
            if not able:
                continue
            free.remove(able[0])
            seat = self.seats[able[0][1]]
            seat.state, seat.ring, ring.desk = "offered", ring, able[0][1]
            if seat.preview:
                seat.lease = self.now + OFFER
            else:
                ring.stands = "dialled"

    def news(self, seat: Seat, number: int, what: str) -> None:
        """Of the call that is on the line for this desk, whether or not somebody still sits there."""
        rings = [r for r in self.rings if r.desk == number and r.stands in ("dialled", "talking")]
        if not rings or what == "rings":
            return
        (ring,) = rings
        if what == "answers":
            ring.stands = "talking"
            if seat.ring is ring:
                seat.state, seat.declined = "talking", None
            return
        spoke = what == "hangs up"
        ring.stands = "ended"
        if seat.ring is not ring:
            return
        after = seat.after
        if (seat.lease or 0) <= self.now or after == "away":
            seat.be("away", self.now)
        elif after == "paused":
            seat.be("paused", self.now)
        elif spoke:
            seat.be("wrapping", self.now)
        else:
            declined = seat.declined
            seat.be("ready", self.now)
            seat.declined = declined

    def tick(self) -> None:
        for seat in self.seats:
            lapsed = seat.lease is not None and seat.lease <= self.now
            if lapsed and seat.state != "talking":
                if seat.ring is not None:
                    seat.ring.dropped = seat.ring.stands == "dialled"
                self.back(seat)
                seat.be("away", self.now)
            elif seat.wrap is not None and seat.wrap <= self.now and not seat.owes:
                seat.be("ready", self.now)


class Program:
    """The same through the real functions on the real tables."""

    def __init__(self, modes: list[bool], rows: Exchange) -> None:
        rows.trunk(carrier="puppet", desks=0, per_second=1000, tokens=1000)
        short = {"lease": timedelta(seconds=LEASE), "wrap": timedelta(seconds=WRAP)}
        gone = {"state": "away", "lease_until": None, "ready_since": None}
        self.rows, self.now, self.booked = rows, START, list[int]()
        self.desks = [
            taken_seats(1, START, **short, **gone, mode="preview" if preview else "progressive")[0].pk
            for preview in modes
        ]

    def do(self, what: str, which: int) -> None:
        if what == "wait":
            self.now += timedelta(seconds=which)
        elif what == "book":
            number = f"+8619000004{len(self.booked):03}"
            call = self.rows.booked(number, at=self.now, until=START + timedelta(days=1))
            self.booked.append(call.pk)
        elif what == "match":
            exchange.connect(now=self.now)
        elif what == "tick":
            desks.release_lapsed(now=self.now)
        elif what in ACTS:
            self.act(self.desks[which], what)
        else:
            self.news(self.desks[which], what)

    def act(self, desk: int, what: str) -> None:
        call = Call.objects.at_desks().filter(desk=desk).values_list("pk", flat=True).first() or 0
        acts: dict[str, Callable[[], object]] = {
            "sign_in": lambda: desks.sign_in(desk_id=desk, now=self.now, lease=timedelta(seconds=LEASE)),
            "ready": lambda: desks.ready(desk_id=desk, now=self.now),
            "pause": lambda: desks.pause(desk_id=desk, reason="tea", now=self.now),
            "away": lambda: desks.away(desk_id=desk, now=self.now),
            "beat": lambda: desks.heartbeat(desk_id=desk, now=self.now),
            "done": lambda: desks.wrapped_up(desk_id=desk, now=self.now),
            "accept": lambda: desks.accept(desk_id=desk, call_id=call, now=self.now),
            "decline": lambda: desks.decline(desk_id=desk, call_id=call, now=self.now),
            "owe": lambda: None if call else owing.owe(desk_id=desk, call_id=7, now=self.now),
            "paid": lambda: owing.paid(desk_id=desk, call_id=7),
        }
        try:
            acts[what]()
        except desks.NotSignedInError:
            assert Desk.objects.get(pk=desk).state == "away"

    def news(self, desk: int, what: str) -> None:
        status, result = {
            "rings": (CallStatus.RINGING, None),
            "answers": (CallStatus.TALKING, None),
            "silent": (CallStatus.ENDED, CallResult.NO_ANSWER),
            "hangs up": (CallStatus.ENDED, CallResult.ANSWERED),
            "machine": (CallStatus.ENDED, CallResult.MACHINE),
        }[what]
        for call in Call.objects.on_line().filter(desk=desk):
            if what == "silent" and call.status == CallStatus.TALKING:
                result = CallResult.MACHINE  # who has answered is not silent
            calls.hear(Update(str(call.key), status, result), now=self.now)

    def at(self, moment: datetime | None) -> int | None:
        return None if moment is None else int((moment - START).total_seconds())


def seen(model: Model) -> tuple[list[object], list[object]]:
    seats = [(s.state, s.after, s.lease, s.wrap, s.turn if s.state == "ready" else None) for s in model.seats]
    return list(seats), [(r.stands, r.desk, r.dropped) for r in model.rings]


def stored(program: Program) -> tuple[list[object], list[object]]:
    at = program.at
    rows = Desk.objects.filter(pk__in=program.desks).order_by("pk")
    seats = [
        (
            d.state,
            d.after,
            at(d.lease_until),
            at(d.wrap_until),
            at(d.ready_since) if d.state == "ready" else None,
        )
        for d in rows
    ]
    words = {"dialling": "dialled", "ringing": "dialled"}
    made = Call.objects.filter(pk__in=program.booked).order_by("pk")
    rings = [
        (
            words.get(c.status, c.status),
            program.desks.index(c.desk_id) if c.desk_id else None,
            bool(c.dropped_at),
        )
        for c in made
    ]
    return list(seats), list(rings)


def promises_hold(program: Program, what: str) -> None:
    """Those that need no model."""
    live = Call.objects.on_line().filter(mode="")
    assert all(call.desk_id for call in live), "dialled without a desk"
    assert live.count() <= DESKS
    busy = Desk.objects.filter(state__in=Desk.BUSY)
    assert {d.pk for d in busy} <= set(Call.objects.at_desks().values_list("desk", flat=True))
    for call in live.filter(status="talking", dropped_at=None):
        assert call.desk is not None
        assert call.desk.state == Desk.State.TALKING
    for call in live.filter(dropped_at=None).exclude(status="talking"):
        assert call.desk is not None
        assert call.desk.state == Desk.State.OFFERED
    if what == "tick":
        assert not Desk.objects.overdue(program.now).exists(), "a lapsed lease frees"


@pytest.fixture
def rows(exchange: Exchange, puppet: Puppet) -> Exchange:
    """The fixture, under a name that leaves `exchange` to the module."""
    return exchange


@example(modes=[True, False], seed=2975480)  # a desk that is back while the call it left goes on
@settings(
    max_examples=few(10), suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(modes=st.lists(st.booleans(), min_size=DESKS, max_size=DESKS), seed=st.integers(0, 2**32))
def test_whatever_happens_desks_and_calls_do_as_the_model_does(
    rows: Exchange, modes: list[bool], seed: int
) -> None:
    with transaction.atomic():
        model, program = Model([Seat(preview) for preview in modes]), Program(modes, rows)
        done: list[tuple[str, int]] = []
        for what, which in course(Random(seed), model):
            done.append((what, which))
            program.do(what, which)
            assert stored(program) == seen(model), done
            promises_hold(program, what)
        transaction.set_rollback(True)
