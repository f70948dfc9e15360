"""The operators: they come and go by their shifts, sit at real desks, take what is offered, write up, have breaks."""

from datetime import datetime, timedelta
from math import ceil
from random import Random
from zoneinfo import ZoneInfo

from telephony import desks
from telephony.models import Desk
from warning_center.simulation import odds
from warning_center.simulation.agenda import Act, Agenda
from warning_center.simulation.asked import START, Asked
from warning_center.simulation.hosts import Hosts
from warning_center.simulation.seen import DeskRow, Seen

LOOKS_EVERY = timedelta(minutes=5)  # at the desk's page: its sign of life
LEASE = timedelta(minutes=12)
BREAK, VIDEO = "break", "video"
ZONE = ZoneInfo("Asia/Shanghai")
State = Desk.State


def staffed(operators: int, at: datetime) -> int:
    """At how many desks somebody sits."""
    hour = at.astimezone(ZONE).hour
    share = sum(row.weight for row in odds.STAFFED if any(h in range(*row.what) for h in (hour, hour + 24)))
    return ceil(operators * share)


class Operators:
    """So many desks. Once the day's directives are in, somebody sits there only while calls are to be made."""

    def __init__(self, asked: Asked, hosts: Hosts) -> None:
        self.seed, self.many, self.agenda = asked.seed, asked.operators, Agenda(hosts)
        self.wanted_until = START + timedelta(hours=asked.hours)
        self._noticed: set[tuple[int, str, datetime]] = set()
        Desk.objects.bulk_create(Desk(name=f"desk {n + 1}", since=START) for n in range(self.many))
        pks = Desk.objects.order_by("pk").values_list("pk", flat=True)
        self._seats = [_Seat(self, pk, n) for n, pk in enumerate(pks)]
        for n, seat in enumerate(self._seats):
            self.agenda.at(START + timedelta(seconds=n % 60), seat.look)

    def wanted(self, booked: datetime | None, now: datetime) -> None:
        """The next call is booked for that moment: whoever has gone home comes back in time."""
        if booked is not None and now > self.wanted_until and booked <= now + LOOKS_EVERY:
            self.wanted_until = now + LOOKS_EVERY
            for seat in self._seats:
                if seat.at_home:
                    seat.at_home = False
                    self.agenda.after(timedelta(), seat.look)

    def see(self, seen: Seen) -> None:
        """Each sees its own desk: a call it is offered, a talk that is over."""
        for desk in seen.desks:
            key = (desk.pk, desk.state, desk.since)
            if key in self._noticed:
                continue
            if desk.state == State.WRAPPING:
                self._noticed.add(key)
                after = timedelta(seconds=odds.WRAP_UP.draw(self.luck(*key)))
                self.agenda.after(after, _wrapped_up(desk.pk))
            elif desk.state == State.OFFERED and desk.offer is not None:
                self._noticed.add(key)
                self._answer(desk, desk.offer, self.luck(*key))

    def luck(self, *of: object) -> Random:
        return Random(":".join(map(str, (self.seed, "desk", *of))))  # noqa: S311

    def _answer(self, desk: DeskRow, call: int, luck: Random) -> None:
        how = odds.draw(odds.ANSWERS_OFFER, luck)
        after = timedelta(seconds=round(odds.THINKS.draw(luck)))
        if how == "accept":
            self.agenda.after(after, lambda now: desks.accept(desk_id=desk.pk, call_id=call, now=now))
        elif how == "decline":
            self.agenda.after(after, lambda now: desks.decline(desk_id=desk.pk, call_id=call, now=now))


def _wrapped_up(pk: int) -> Act:
    return lambda now: desks.wrapped_up(desk_id=pk, now=now)


class _Seat:
    """One desk and whoever sits there: every few minutes they look at it, as its page does for them."""

    def __init__(self, of: Operators, pk: int, number: int) -> None:
        self.at_home = False
        self._of, self._pk, self._number = of, pk, number
        self._luck = of.luck(pk)
        self._mode = Desk.Mode.PREVIEW if odds.PREVIEW.falls(self._luck) else Desk.Mode.PROGRESSIVE
        self._tags = [VIDEO] if odds.VIDEO_DESK.falls(self._luck) or not number else []
        self._break_until = START

    def look(self, now: datetime) -> None:
        """What the shift, or a break, asks for; then another look after a while."""
        of = self._of
        there = self._number < staffed(of.many, now)
        if not there or now > of.wanted_until:
            desks.away(desk_id=self._pk, now=now)
        else:
            self._work(now)
        self.at_home = now > of.wanted_until
        if not self.at_home:
            of.agenda.after(LOOKS_EVERY, self.look)

    def _work(self, now: datetime) -> None:
        desk = desks.heartbeat(desk_id=self._pk, now=now)
        if desk.state == State.AWAY:
            desks.sign_in(desk_id=self._pk, now=now, tags=self._tags, mode=self._mode, lease=LEASE)
        if now < self._break_until:
            return
        if desk.state in (State.AWAY, State.PAUSED):
            desks.ready(desk_id=self._pk, now=now)
        elif odds.BREAK.falls(self._luck):
            self._break_until = now + timedelta(seconds=odds.BREAK_OF.draw(self._luck))
            desks.pause(desk_id=self._pk, reason=BREAK, now=now)
