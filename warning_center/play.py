"""The whole program in one thread on a moving clock, leaping from deadline to deadline."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count

from django.db.models import Count

from dispatch.models import Case
from dispatch.workflow import debts, orders, turn, unseen
from telephony import calls, exchange, inbox, legs, texts
from telephony.clock import MovingClock
from warning_center import intake
from warning_center.due import moments as due_moments
from warning_center.intake import Incoming, Receipt
from warning_center.models import Directive, Source
from warning_center.standins import Cast

Part = Callable[[datetime], int]
A_MOMENT = timedelta(seconds=1)  # what waits for a line looks again after this
MOST_CASES = 20  # in one chain; more means that its answers let it relapse for ever
LOOKS_EVERY = 100  # instants
MOST_ROUNDS = 1000  # in one instant; more means that something turns on the spot


class StuckError(RuntimeError):
    """The play turns on the spot, or would go on for ever."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A directive and when it comes in."""

    at: datetime
    source: Source
    incoming: Incoming
    row: int = 0  # of the file it stands in


class Play:
    """Runs arrivals through the real program until every case is closed and every order has ended."""

    def __init__(self, cast: Cast, clock: MovingClock, arrivals: Sequence[Arrival]) -> None:
        self.cast, self.clock = cast, clock
        self.arrivals = sorted(arrivals, key=lambda arrival: arrival.at)
        self.receipts: list[Receipt] = []
        self.refused: list[Arrival] = []
        self._parts: tuple[Part, ...] = (
            self._receive, self._news, self._people, self._cases, self._unseen, self._match, self._tend, self._texts
        )  # fmt: skip
        self._lines = {self._match, self._tend}  # what waits there is looked at once until something moves
        self._act_at: datetime | None = None
        self._has_moved = True  # anything that people act on

    def run(self, watch: Callable[[datetime], None]) -> None:
        """Play to the end; `watch` is called after each instant with its time."""
        now: datetime | None = self.arrivals[0].at if self.arrivals else self.clock()
        for instant in count(1):
            if now is None:
                return
            if instant % LOOKS_EVERY == 0:
                _refuse_endless_chains()
            self.clock.set(now)
            following = self._instant(now)
            watch(now)
            now = following

    def _instant(self, now: datetime) -> datetime | None:
        """Everything that happens at one moment, until it is quiet; then the next moment, None at the end."""
        waiting: set[Part] = set()
        for _ in range(MOST_ROUNDS):
            moments = self._look()
            due = [part for part, at in moments.items() if at <= now and part not in waiting]
            if not due:
                return self._following(moments, now)
            idle = {part for part in due if not part(now)}
            waiting = idle & self._lines
            self._has_moved |= not self._lines.issuperset(due)
        raise StuckError(f"{now:%F %T}: not quiet after {MOST_ROUNDS} rounds")

    def _following(self, moments: dict[Part, datetime], now: datetime) -> datetime | None:
        if moments.keys().isdisjoint((self._receive, self._cases, self._unseen)):
            return None  # every open case and order is due some time, and what somebody must still look at
        return min(at if at > now else now + A_MOMENT for at in moments.values())

    def _look(self) -> dict[Part, datetime]:
        """When each part of the program next has something to do."""
        if self._has_moved:
            self._act_at, self._has_moved = self.cast.next_at(), False
        due = due_moments()
        next_at = (
            self.arrivals[0].at if self.arrivals else None, inbox.next_news_at(), self._act_at,
            _first(due.cases, due.orders), _first(due.news, due.debts), due.booked, _first(due.silent, due.legs),
            due.texts,
        )  # fmt: skip
        return {part: at for part, at in zip(self._parts, next_at, strict=True) if at is not None}

    def _receive(self, now: datetime) -> int:
        came = 0
        while self.arrivals and self.arrivals[0].at <= now:
            arrival = self.arrivals.pop(0)
            came += 1
            try:
                self.receipts.append(intake.receive(arrival.incoming, source=arrival.source, now=now))
            except intake.ChangedError:
                self.refused.append(arrival)
        return came

    def _news(self, now: datetime) -> int:
        return inbox.collect(now=now)

    def _people(self, now: datetime) -> int:
        return self.cast.act(now)

    def _cases(self, now: datetime) -> int:
        return turn.advance_due(now=now) + orders.lapse_due(now=now)

    def _unseen(self, now: datetime) -> int:
        return debts.settle(now=now) + unseen.press_due(now=now)

    def _match(self, now: datetime) -> int:
        return exchange.turn(now=now)

    def _tend(self, now: datetime) -> int:
        return calls.tend(now=now) + legs.tend(now=now)

    def _texts(self, now: datetime) -> int:
        return texts.send_due(now=now)


def _first(*moments: datetime | None) -> datetime | None:
    return min(filter(None, moments), default=None)


def _refuse_endless_chains() -> None:
    relapsed = Case.objects.exclude(chain=None).filter(directives=None)  # no directive opened them
    chains = relapsed.values("chain").annotate(cases=Count("pk"))
    endless = chains.filter(cases__gte=MOST_CASES).values_list("chain", flat=True)
    reference = Directive.objects.filter(case__in=endless).values_list("reference", flat=True).first()
    if reference is not None:
        raise StuckError(
            f"{reference}: more than {MOST_CASES} cases in a chain; its answers relapse for ever"
        )
