"""Everybody who is not the system: phones, operators, officers, banks. Each does what its luck has drawn."""

from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from uuid import UUID

from django.db.models import QuerySet

from dispatch.models import Attempt
from dispatch.vocabulary import Disposition, OrderState, Stage, Tier
from dispatch.workflow import orders, words
from dispatch.workflow.refusal import NotAllowedError
from telephony.carrier import CallKind, CallResult, Dial
from telephony.carriers.simulated import Behaviour
from telephony.prepared import prepared
from warning_center.simulation import odds
from warning_center.simulation.agenda import Act, Agenda
from warning_center.simulation.hosts import Hosts
from warning_center.simulation.seen import AttemptRow, Seen

AGENT = "simulated"
IN_TIME = (0.05, 0.8)  # of the time an officer has
TOO_LATE = (1.05, 1.6)
CHECKED_AFTER = (600, 8 * 3600)  # seconds


class People:
    """They do what stands in `agenda`, through the same doors as people use. Who hears that something may not be done
    any more leaves it."""

    def __init__(self, seed: int, hosts: Hosts, befall: Callable[[Behaviour], Behaviour]) -> None:
        self.said: dict[int, set[str]] = defaultdict(set)  # by attempt: the words that people have said
        self.talks: list[tuple[datetime, datetime, datetime]] = []  # answered, ended, wrapped up
        self._seed, self._hosts, self._befall = seed, hosts, befall
        self.agenda = Agenda(hosts)
        self._met: set[tuple[int, str]] = set()  # attempts and stages that somebody has taken notice of
        self._drafted: set[int] = set()

    def behave(self, dial: Dial, nth: int) -> Behaviour:
        """How the dialled phone behaves; if somebody answers, the operator will have something to say."""
        luck = self._luck("call", dial.number, nth)
        dead = odds.draw(odds.DEAD_PHONE, self._luck("phone", dial.number))
        table = odds.VIDEO if dial.kind is CallKind.VIDEO else odds.VOICE
        result = dead or odds.draw(table, luck)
        lasts = timedelta(seconds=odds.LASTS.get(result, odds.LASTS_ELSE).draw(luck))
        if result is CallResult.ANSWERED:
            self._talk(dial, lasts, luck)
        return self._befall(Behaviour(result, lasts))

    def see(self, seen: Seen) -> None:
        """Officers and banks take notice of what has been sent to them."""
        for attempt in seen.attempts:
            if attempt.ended_at is None and attempt.started_at is not None:
                self._notice(attempt, attempt.started_at)
        for order in seen.orders:
            if order.state == OrderState.DRAFTED and order.pk not in self._drafted:
                self._drafted.add(order.pk)
                luck = self._luck("order", order.pk)
                after = timedelta(seconds=odds.SUBMITTED_AFTER.draw(luck))
                self.agenda.after(after, self._submitting(order.pk, luck))

    # operators

    def _talk(self, dial: Dial, lasts: timedelta, luck: Random) -> None:
        word = odds.draw(odds.ON_THE_LINE, luck)
        answered, ends = self._hosts.now + min(timedelta(seconds=8), lasts / 2), self._hosts.now + lasts
        wrapped = ends + timedelta(seconds=odds.WRAP_UP.draw(luck))
        if not dial.mode:  # an announcement takes nobody's time
            self.talks.append((answered, ends, wrapped))
        said_after = min(timedelta(seconds=odds.SAID_AFTER.draw(luck)), wrapped - ends)
        if isinstance(word, Disposition) and odds.IDENTIFIED.falls(luck):
            self.agenda.at(answered + (ends - answered) / 4, lambda now: self._identify(dial.key, now))
        if word is not None:
            self.agenda.at(ends + said_after, lambda now: self._tell(dial.key, word, now))

    def _identify(self, key: str, now: datetime) -> None:
        pk = _attempt_of(key)
        self.said[pk].add("identified")
        with suppress(NotAllowedError):
            words.identify(attempt_id=pk, now=now)

    def _tell(self, key: str, word: odds.Word, now: datetime) -> None:
        self._say(_attempt_of(key), word, now)

    def _say(self, pk: int, word: odds.Word, now: datetime) -> None:
        self.said[pk].add(word)
        with suppress(NotAllowedError):
            if isinstance(word, Disposition):
                words.judge(attempt_id=pk, disposition=word, now=now, agent=AGENT)
            else:
                words.record_result(attempt_id=pk, result=word, now=now, agent=AGENT)

    # officers

    def _notice(self, attempt: AttemptRow, began: datetime) -> None:
        tier, key = Tier(attempt.tier), (attempt.pk, attempt.stage)
        if tier not in (Tier.VISIT, Tier.FOLLOW_UP) or attempt.stage == Stage.PLANNED or key in self._met:
            return
        self._met.add(key)
        luck = self._luck("attempt", attempt.pk, attempt.stage)
        limit = (attempt.due_at or began) - began
        if attempt.stage == Stage.SENT:
            self._keeps(odds.ACKNOWLEDGES, limit, luck, lambda now: self._acknowledge(attempt.pk, luck, now))
        elif attempt.stage == Stage.CHECKING:
            self._report(attempt.pk, odds.CHECKS, timedelta(seconds=luck.uniform(*CHECKED_AFTER)), luck)
        elif attempt.stage == Stage.WATCHING:
            self._report(attempt.pk, odds.WATCHES, limit * luck.random(), luck)

    def _keeps(self, table: odds.Table[str], limit: timedelta, luck: Random, act: Act) -> None:
        """Within the limit, too late, or never."""
        how = odds.draw(table, luck)
        if how != "never":
            share = luck.uniform(*(IN_TIME if how == "in time" else TOO_LATE))
            self.agenda.after(_whole(limit * share), act)

    def _acknowledge(self, pk: int, luck: Random, now: datetime) -> None:
        try:
            attempt = words.acknowledge(attempt_id=pk, now=now, agent=AGENT)
        except NotAllowedError:
            return
        if attempt.due_at is not None and (pk, "acknowledged") not in self._met:
            self._met.add((pk, "acknowledged"))
            self._keeps(odds.ARRIVES, attempt.due_at - now, luck, lambda then: self._arrive(pk, luck, then))

    def _arrive(self, pk: int, luck: Random, now: datetime) -> None:
        try:
            words.arrive(attempt_id=pk, now=now, agent=AGENT)
        except NotAllowedError:
            return
        if (pk, "arrived") not in self._met:
            self._met.add((pk, "arrived"))
            self._report(pk, odds.AT_THE_DOOR, timedelta(seconds=odds.AT_THE_DOOR_FOR.draw(luck)), luck)

    def _report(self, pk: int, table: odds.Table[odds.Word | None], after: timedelta, luck: Random) -> None:
        word, anyway = odds.draw(table, luck), odds.LATE_ANYWAY.falls(luck)
        if word is not None:
            self.agenda.after(_whole(after), lambda now: self._tell_of(pk, word, anyway, now))

    def _tell_of(self, pk: int, word: odds.Word, anyway: bool, now: datetime) -> None:
        if anyway or _live(pk):
            self._say(pk, word, now)

    # banks

    def _submitting(self, pk: int, luck: Random) -> Act:
        return lambda now: self._submit(pk, luck, now)

    def _submit(self, pk: int, luck: Random, now: datetime) -> None:
        try:
            order = orders.submit(order_id=pk, now=now, agent=AGENT)
        except NotAllowedError:
            return
        if (pk, "submitted") in self._met:
            return
        self._met.add((pk, "submitted"))
        if odds.BANK_ANSWERS.falls(luck):
            held = (order.amount or Decimal()) * Decimal(round(luck.uniform(*odds.BANK_HOLDS), 2))
            after = timedelta(seconds=odds.BANK_ANSWERS_AFTER.draw(luck))
            self.agenda.after(after, lambda then: self._answer(pk, held, then))

    def _answer(self, pk: int, held: Decimal, now: datetime) -> None:
        with suppress(NotAllowedError):
            orders.answer(order_id=pk, held=held.quantize(Decimal("0.01")), now=now, agent=AGENT)

    def _luck(self, *of: object) -> Random:
        return Random(":".join(map(str, (self._seed, *of))))  # noqa: S311


def _whole(span: timedelta) -> timedelta:
    return timedelta(seconds=round(span.total_seconds()))


def _attempt_of(key: str) -> int:
    (pk,) = _carried_by(UUID(key))
    return pk


@prepared
def _carried_by(key: UUID) -> QuerySet[Attempt, int]:
    return Attempt.objects.filter(call__key=key).order_by().values_list("pk", flat=True)


@prepared
def _live(pk: int) -> QuerySet[Attempt, int]:
    return Attempt.objects.live().filter(pk=pk).order_by().values_list("pk", flat=True)
