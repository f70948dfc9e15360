"""Stand-in people: phones, operators, officers and banks who act until a person takes a case over.

They keep nothing in mind: what each does, and when, follows from the rows and the answers, so a stopped
program goes on where it stood. They use the same doors as people do.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random

from django.db.models import Q

from dispatch.models import Attempt, Order
from dispatch.vocabulary import CALLS, OrderState, Result, Stage, Tier
from dispatch.workflow import orders, words
from dispatch.workflow.refusal import NotAllowedError
from telephony import desks
from telephony.carrier import CallResult, Dial
from telephony.carriers.simulated import Behaviour
from telephony.models import Desk
from warning_center.answers import Answers, Word
from warning_center.due import asked
from warning_center.models import Directive

SUBMITS_AFTER = timedelta(minutes=2)
BANK_ANSWERS_AFTER = (180, 540)  # seconds
BANK_HOLDS = (40, 100)  # per cent of the sum
AGENT = "stand-in"
LONG = timedelta(days=365)  # no person's lease is so long; a stand-in's is renewed when so much is left of it
_CHAIN = ("case__chain", "case")  # the first case of a chain names none
# Words an operator says of a call that the carrier only knows as answered.
OPERATORS_WORDS = (Result.ANSWERED_UNVERIFIED, Result.ANSWERED_BY_OTHER, Result.HUNG_UP)

# Plain SQL: asked after every instant. No stand-in acts for a person who talks, or who has taken
# the case over for good; a case that is only reserved keeps them.
_BEGUN = """
SELECT a.id, c.chain_id, c.id, a.tier, a.stage, a.started_at, a.due_at
FROM dispatch_attempt a JOIN dispatch_case c ON c.id = a.case_id
LEFT JOIN telephony_call t ON t.id = a.call_id LEFT JOIN dispatch_operator o ON o.desk_id = t.desk_id
WHERE a.ended_at IS NULL AND a.started_at IS NOT NULL AND a.stage NOT IN ('planned', 'dialled')
  AND (c.holder_id IS NULL OR c.held_until IS NOT NULL) AND o.id IS NULL ORDER BY a.id
"""
_OWED = """
SELECT o.id, o.drafted_at, o.submitted_at FROM dispatch_order o JOIN dispatch_case c ON c.id = o.case_id
WHERE o.state IN ('drafted', 'submitted') AND (c.holder_id IS NULL OR c.held_until IS NOT NULL) ORDER BY o.id
"""


@dataclass(frozen=True, slots=True)
class Begun:
    """A live attempt that has begun, as much of it as stand-ins go by."""

    pk: int
    chain: int
    tier: Tier
    stage: str
    began: datetime
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Act:
    """Something a stand-in does at a moment."""

    at: datetime
    attempt: Begun | None
    order: int | None
    stage: Stage | None  # the stage it brings a visit to; None: the attempt's word


class Cast:
    """Everybody who is not the system."""

    def __init__(self, answers: Answers, *, seed: int = 1) -> None:
        self.answers, self.seed = answers, seed
        self._roots: dict[int, str] = {}
        self._words: dict[int, Word] = {}

    def behave(self, dial: Dial) -> Behaviour:
        """How the dialled phone behaves: the script of the simulated carrier."""
        known = Attempt.objects.filter(call__key=dial.key).values_list("pk", *_CHAIN, "tier").first()
        if known is None:
            return Behaviour(CallResult.OUTCOME_UNKNOWN, timedelta(seconds=30))
        pk, chain, case, tier = known
        word = self._word(pk, chain or case, Tier(tier), dial.dialled_at)
        human = word.result is None or word.result in OPERATORS_WORDS
        result = CallResult.ANSWERED if human or word.result is None else CallResult(word.result)
        return Behaviour(result, word.lasts)

    def act(self, now: datetime) -> int:
        """Do everything that is due by now; how many acts."""
        self._sit(now)
        done = 0
        for act in sorted(self._acts(), key=lambda a: a.at):
            if act.at <= now:
                with suppress(NotAllowedError):  # something else was quicker
                    self._do(act, now)
                done += 1
        return done

    def next_at(self) -> datetime | None:
        """When somebody next does something."""
        return min((act.at for act in self._acts()), default=None)

    def _sit(self, now: datetime) -> None:
        """Stay at the desks at which no person sits; a lease is renewed long before it lapses."""
        ours = Desk.objects.filter(operator=None, lease__gt=LONG)
        for desk in ours.filter(Q(lease_until=None) | Q(lease_until__lte=now + LONG)):
            desks.sign_in(desk_id=desk.pk, now=now, lease=desk.lease)
            desks.ready(desk_id=desk.pk, now=now)

    def _acts(self) -> Iterator[Act]:
        for pk, chain, case, tier, stage, began, due_at in asked(_BEGUN):
            act = self._next_act(Begun(pk, chain or case, Tier(tier), stage, began, due_at))
            if act is not None:
                yield act
        for order, drafted_at, submitted_at in asked(_OWED):
            if submitted_at is None:
                yield Act(drafted_at + SUBMITS_AFTER, None, order, None)
            else:
                after = timedelta(seconds=self._chance(order).randint(*BANK_ANSWERS_AFTER))
                yield Act(submitted_at + after, None, order, None)

    def _next_act(self, attempt: Begun) -> Act | None:
        began, tier = attempt.began, attempt.tier
        word = self._word(attempt.pk, attempt.chain, tier, began)
        ends = Act(began + word.lasts, attempt, None, None)
        if tier in CALLS:
            human = word.result is None or word.result in OPERATORS_WORDS
            return ends if human else None
        if tier is Tier.FOLLOW_UP:
            watching = attempt.stage == Stage.WATCHING
            heard = word.result in (Result.LOSS, Result.RELAPSE) or not watching
            return ends if heard else None
        if word.result is Result.NO_ACKNOWLEDGEMENT:
            return None
        if attempt.stage == Stage.ARRIVED:
            return ends
        limit = attempt.due_at - began
        share = 4 if attempt.stage == Stage.SENT else 2
        after = min(word.lasts / share, limit * 9 / 10)  # officers keep their promises
        stage = Stage.ACKNOWLEDGED if attempt.stage == Stage.SENT else Stage.ARRIVED
        return Act(began + after, attempt, None, stage)

    def _do(self, act: Act, now: datetime) -> None:
        if act.order is not None:
            self._handle(act.order, now)
        elif act.attempt is None:
            return
        elif act.stage is Stage.ACKNOWLEDGED:
            words.acknowledge(attempt_id=act.attempt.pk, now=now, agent=AGENT)
        elif act.stage is Stage.ARRIVED:
            words.arrive(attempt_id=act.attempt.pk, now=now, agent=AGENT)
        else:
            self._say(act.attempt, now)

    def _say(self, attempt: Begun, now: datetime) -> None:
        if not Attempt.objects.live().filter(pk=attempt.pk).exists():
            return  # stood down meanwhile
        word = self._word(attempt.pk, attempt.chain, attempt.tier, attempt.began)
        if word.disposition is not None:
            words.judge(attempt_id=attempt.pk, disposition=word.disposition, now=now, agent=AGENT)
        elif word.result is not None:
            words.record_result(attempt_id=attempt.pk, result=word.result, now=now, agent=AGENT)

    def _handle(self, pk: int, now: datetime) -> None:
        order = Order.objects.get(pk=pk)
        if order.state == OrderState.DRAFTED:
            orders.submit(order_id=pk, now=now, agent=AGENT)
        else:
            share = Decimal(self._chance(pk).randint(*BANK_HOLDS)) / 100
            held = (order.amount or Decimal()) * share
            orders.answer(order_id=pk, held=held.quantize(Decimal("0.01")), now=now, agent=AGENT)

    def _chance(self, order: int) -> Random:
        """The bank's luck with an order: the same for the same seed, whenever it is asked."""
        return Random(f"{self.seed}:{order}")  # noqa: S311

    def _word(self, pk: int, chain: int, tier: Tier, began: datetime) -> Word:
        """The attempt's word; once it has begun it is the same for ever."""
        if pk not in self._words:
            self._words[pk] = self._look_up(pk, chain, tier, began)
        return self._words[pk]

    def _look_up(self, pk: int, chain: int, tier: Tier, began: datetime) -> Word:
        """One word per attempt of its tier in the whole chain of cases, in the order they began."""
        earlier = (
            Attempt.objects.filter(Q(case=chain) | Q(case__chain=chain), tier=tier)
            .exclude(started_at=None)
            .exclude(pk=pk)
            .filter(Q(started_at__lt=began) | Q(started_at=began, pk__lt=pk))
            .count()
        )
        return self.answers.word(self._root(chain), tier, earlier)

    def _root(self, chain: int) -> str:
        """The reference that opened the first case of a chain."""
        if chain not in self._roots:
            first = Directive.objects.filter(case=chain).order_by("pk").values_list("reference", flat=True)
            self._roots[chain] = first[0] if first else ""
        return self._roots[chain]
