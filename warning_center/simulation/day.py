"""The day itself: from instant to instant, what is due is done by the real doors, what has moved is looked at."""

from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random
from typing import Any

from dispatch import policies
from dispatch.models import PolicyVersion
from dispatch.workflow import debts, orders, turn, unseen
from telephony import calls, desks, exchange, inbox, legs, texts
from warning_center.due import Moments
from warning_center.simulation import arrivals, centre, faults
from warning_center.simulation.asked import START, Asked
from warning_center.simulation.hosts import Host, Hosts, Ran
from warning_center.simulation.invariants import RECOVERS_WITHIN, Invariants, Outside
from warning_center.simulation.lines import Linesmen
from warning_center.simulation.network import Network, wired
from warning_center.simulation.operators import Operators
from warning_center.simulation.people import People
from warning_center.simulation.seen import Onlooker
from warning_center.simulation.senders import Senders
from warning_center.simulation.violations import Broken
from warning_center.simulation.waiting import Clockwork

BEAT = timedelta(seconds=1)
HOSTS = ("web-1", "web-2", "worker-1", "worker-2", "worker-3")
BATCH = 100
WHOLE_EVERY = timedelta(hours=1)
AFTERWARDS_EVERY = timedelta(days=1)  # once all directives are in
LATE_EVERY = timedelta(seconds=30)
LONGEST = timedelta(days=60)  # after the last directive every case has ended by then
LOOKS_AGAIN = timedelta(seconds=5)  # calls that found no line, if nothing has moved on the lines

Watch = Callable[[datetime, int], None]


class Day:
    """One simulated day and the days until its last case has closed. Needs an empty database that is migrated."""

    def __init__(self, asked: Asked, broken: Broken | None = None) -> None:
        self.asked, self.instants, self.checks = asked, 0, 0
        luck = Random(f"{asked.seed}:hosts")  # noqa: S311
        sendings = arrivals.of_a_day(asked.seed, start=START, directives=asked.directives, hours=asked.hours)
        span = faults.Span(asked.hours, [sending.at for sending in sendings])
        self.plan = faults.plan(asked.faults, seed=asked.seed, span=span)
        hosts = [Host(name, self.plan.ahead(n)) for n, name in enumerate(HOSTS)]
        self.hosts = Hosts(hosts, self.plan.faults, luck)
        self.people = People(asked.seed, self.hosts, self.plan.befall)
        self.sources, self.limits = centre.found(START, asked.operators)
        self.operators = Operators(asked, self.hosts)
        self.network = Network(lambda: self.hosts.now, behave=self.people.behave, step=self.hosts.step)
        self.senders = Senders(sendings, self.hosts, self.sources)
        self.broken = broken or Broken()
        outside = Outside(self.senders.receipts, self.people.said, self.senders.taken_though_changed)
        ahead = [host.ahead for host in hosts]
        self.invariants = Invariants(self.broken, outside, max(ahead) - min(ahead))
        escalation = policies.current(PolicyVersion.Kind.ESCALATION, START)
        rules = policies.escalation_rules(escalation.pk)
        self.linesmen = Linesmen(self.broken, self.limits, rules, max(ahead) - min(ahead))
        self._onlooker, self._clockwork = Onlooker(self.hosts), Clockwork(self.hosts)
        self._calm_since, self._astray = START, False
        self._booked: datetime | None = None
        self._whole_at, self._late_at, self._lines_at = START + WHOLE_EVERY, START, START
        self._ends = START + timedelta(hours=asked.hours) + LONGEST

    def run(self, watch: Watch) -> None:
        """To the end; `watch` is told the time and how many directives have been acknowledged, after each instant."""
        now: datetime | None = START
        with wired(self.network, {name: name for name in self.limits}), self.hosts.watched():
            while now is not None:
                self._instant(now)
                watch(now, len(self.senders.receipts))
                now = self._following(now)
            self.invariants.whole(self.hosts.now)

    # one instant

    def _instant(self, now: datetime) -> None:
        self.hosts.now = now
        self.instants += 1
        if self.plan.under_way(now):
            self._calm_since = now
        self.senders.send(now)
        self.people.agenda.act(now)
        if self.operators.agenda.act(now):
            self._lines_at = now
        due = self._clockwork.moments()
        if due.booked != self._booked:
            self._lines_at = now
        self.operators.wanted(due.booked, now)
        self._cases(now, due)
        self._lines(now, due)
        self._look(now)

    def _cases(self, now: datetime, due: Moments) -> None:
        """All cases that are due, batch by batch, as the workers' tick does."""
        soon = now + self.hosts.most_ahead
        while (
            _is_due(due.cases, soon) and self._part(lambda at: turn.advance_due(now=at, limit=BATCH)).answer
        ):
            due = self._clockwork.moments()
        if _is_due(due.orders, soon):
            self._part(lambda at: orders.lapse_due(now=at))
        if due.debts is not None:  # a word may have been said, and its hint lost
            self._part(lambda at: debts.settle(now=at))
        if _is_due(due.news, soon):
            self._part(lambda at: unseen.press_due(now=at))

    def _lines(self, now: datetime, due: Moments) -> None:
        soon = now + self.hosts.most_ahead
        if _is_due(self.network.next_news_at(), now):
            self._part(lambda at: inbox.collect(now=at))
            self._lines_at = now
        if _is_due(due.desks, soon) or self._astray:
            self._part(lambda at: desks.release_lapsed(now=at))
            self._lines_at = now
        if _is_due(due.legs, soon):  # before new calls
            self._part(lambda at: legs.tend(now=at))
        if _is_due(due.booked, soon) and now >= self._lines_at:
            self._match(now)
        if _is_due(due.silent, soon):
            self._part(lambda at: calls.tend(now=at))
            self._lines_at = now
        if _is_due(due.texts, soon):
            self._part(lambda at: texts.send_due(now=at))

    def _match(self, now: datetime) -> None:
        """Due calls meet free lines; whoever is left waiting ranks behind those who were served."""
        shown: list[datetime] = []
        before = len(self.network.journal.rings)

        def match(at: datetime) -> int:
            shown.append(at)
            return exchange.turn(now=at)

        ran = self._part(match)
        placed = self.network.journal.rings[before:]
        self._lines_at = now + (BEAT if placed or not ran.well else LOOKS_AGAIN)
        if ran.well and placed:
            self.linesmen.order(now, placed, shown[0])

    def _part(self, part: Callable[[datetime], Any]) -> Ran:
        """Run a part of the workers."""
        return self.hosts.run("worker", part)

    def _look(self, now: datetime) -> None:
        moved = self._onlooker.look()
        self.invariants.instant(now, moved)
        self.linesmen.instant(now, self.network.journal.rings)
        self.people.see(moved)
        self.operators.see(moved)
        self._astray = moved.has_astray_desks
        if moved.events:  # a call may have been booked
            self._lines_at = min(self._lines_at, now + BEAT)
        errors = self.hosts.take_errors()
        if errors and not self.plan.under_way(now):
            self.broken.add(now, "goes_well", errors[0])
        if now >= self._late_at and now - self._calm_since > RECOVERS_WITHIN:
            self.invariants.late(now)
            self.checks += 1
            self._late_at = now + LATE_EVERY
        if now >= self._whole_at:
            self.invariants.whole(now)
            self.checks += 1
            self._whole_at = now + (WHOLE_EVERY if self.senders.next_at() else AFTERWARDS_EVERY)

    # the next one

    def _following(self, now: datetime) -> datetime | None:
        """The next beat at which anything is due; None when every case and order has ended, whoever had to be told has
        been, and nobody sends."""
        due = self._clockwork.moments()
        self._booked = due.booked
        sends = self.senders.next_at()
        if not any((sends, due.cases, due.orders, due.news)):
            return None
        if self.broken.enough:
            return None
        if now >= self._ends:
            self.broken.add(now, "ends", f"cases are open {LONGEST.days} days after the last directive")
            return None
        booked = due.booked and max(due.booked, self._lines_at)
        people, lines = (due.news, due.debts), (due.legs, booked, due.silent, due.desks, due.texts)
        ours = [at - self.hosts.most_ahead for at in (due.cases, due.orders, *people, *lines) if at]
        outside = (
            sends,
            self.people.agenda.next_at(),
            self.operators.agenda.next_at(),
            self.network.next_news_at(),
            self.plan.next_change(now),
        )
        if self._astray:
            return now + BEAT
        first = min([*ours, *(at for at in outside if at is not None)])
        return max(now + BEAT, _on_the_beat(first))


def _is_due(at: datetime | None, now: datetime) -> bool:
    return at is not None and at <= now


def _on_the_beat(at: datetime) -> datetime:
    """The first whole second that is not before it."""
    return at if not at.microsecond else at.replace(microsecond=0) + BEAT
