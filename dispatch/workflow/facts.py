"""A case's rows as the plain facts the policies decide on."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from django.db.models import QuerySet

from dispatch import plan, policies, risk
from dispatch.calling import DAY
from dispatch.models import Attempt, Case, Message, Order, TargetNumber
from dispatch.stations import Roster, wanted
from dispatch.vocabulary import DANGER_SIGNS, FAULTS, FraudType, Level, Result, Stage, Tier
from dispatch.workflow.checkers import Checkers
from telephony import calls, exchange
from telephony.prepared import prepared

# Of a call no more than its trunk, its desk and its area: a case under a fault of the line has hundreds.
_READ = [*(field.name for field in Attempt._meta.concrete_fields), "call__trunk", "call__desk", "call__area"]


class Surroundings:
    """What all cases of a turn share, read when one of them asks for it."""

    def __init__(self, now: datetime) -> None:
        self.roster = Roster(now)
        self.checkers = Checkers()

    @cached_property
    def trunks(self) -> int:
        return exchange.trunk_count()

    @cached_property
    def pages_alone(self) -> bool:
        """Whether video goes by the page, whatever the phone."""
        return exchange.no_video()


@dataclass(slots=True)
class History:
    """Everything a turn reads of one case besides its row."""

    around: Surroundings
    attempts: list[Attempt] = field(default_factory=list)  # oldest first
    numbers: list[TargetNumber] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)
    sent: set[str] = field(default_factory=set)
    rung: dict[int, tuple[datetime, ...]] = field(default_factory=dict)
    met_before: bool = False  # in an earlier case of the chain

    @property
    def ignoring(self) -> list[int]:
        """Ids of the units that did not acknowledge a visit, in the order they were asked."""
        visits = (a for a in self.attempts if a.tier == Tier.VISIT and a.unit_id)
        return [a.unit_id for a in visits if a.unit_id and a.result == Result.NO_ACKNOWLEDGEMENT]


def histories(cases: Collection[Case], now: datetime) -> dict[int, History]:
    """The histories of many cases in a handful of queries."""
    around = Surroundings(now)
    read = {case.pk: History(around) for case in cases}
    for attempt in _attempts(read):
        read[attempt.case_id].attempts.append(attempt)
    _look_back(cases, read)
    for order in _orders(read):
        read[order.case_id].orders.append(order)
    for case_id, kind in _messages(read):
        read[case_id].sent.add(kind)
    by_target = {case.target_id: case.pk for case in cases}
    for use in _numbers(by_target):
        read[by_target[use.target_id]].numbers.append(use)
    _look_up_calls(read.values(), now)
    return read


@prepared
def _attempts(cases: Collection[int]) -> QuerySet[Attempt]:
    return Attempt.objects.filter(case__in=cases).select_related("call").only(*_READ).order_by("pk")


@prepared
def _orders(cases: Collection[int]) -> QuerySet[Order]:
    return Order.objects.filter(case__in=cases).order_by("pk")


@prepared
def _messages(cases: Collection[int]) -> QuerySet[Message, tuple[int, str]]:
    return Message.objects.filter(case__in=cases).values_list("case_id", "kind")


@prepared
def _numbers(targets: Collection[int]) -> QuerySet[TargetNumber]:
    return TargetNumber.objects.filter(target__in=targets).select_related("phone")


def newborn(case: Case, numbers: list[TargetNumber], now: datetime) -> History:
    """The history of a case whose row has just been written: nothing has been tried, sent or ordered in it."""
    history = History(Surroundings(now), numbers=numbers)
    _look_back([case], {case.pk: history})
    _look_up_calls([history], now)
    return history


def _look_back(cases: Collection[Case], read: Mapping[int, History]) -> None:
    """Whether they were met in an earlier case of their chain."""
    if chains := {case.chain_id for case in cases if case.chain_id}:
        met = set(_met_in(chains))
        for case in cases:
            read[case.pk].met_before = case.chain_id in met


@prepared
def _met_in(chains: Collection[int]) -> QuerySet[Case, int | None]:
    return Case.objects.met_in(chains)


def _look_up_calls(read: Collection[History], now: datetime) -> None:
    """When each number has been rung of late, or will be; of its own plans the policy keeps count itself."""
    rung = calls.rung_since({use.phone.index for h in read for use in h.numbers}, now - DAY)
    for history in read:
        planned = {a.call_id for a in history.attempts if a.stage == Stage.PLANNED}
        for use in history.numbers:
            others = {pk: at for pk, at in rung.get(use.phone.index, {}).items() if pk not in planned}
            history.rung[use.phone_id] = tuple(others.values())


def chain_facts(case: Case, history: History) -> plan.Facts:
    """The case as the escalation policy sees it."""
    return plan.Facts(
        level=Level(case.level),
        issued_at=case.issued_at,
        past=tuple(attempt.as_past() for attempt in history.attempts),
        opened_level=Level(case.opened_level) if case.opened_level else None,
        level_set_at=case.level_set_at,
        numbers=tuple(use.phone_id for use in history.numbers),
        rung=history.rung,
        trunks=history.around.trunks if has_faults(history) else 1,
        can_visit=case.unit_id is not None or case.fallback_id is not None,
        met_before=history.met_before,
        can_ask_next=_can_ask_next(case, history),
        sent=frozenset(history.sent),
        ordered=frozenset(order.kind for order in history.orders),
        orders=tuple(plan.OpenOrder(o.pk, o.due_at) for o in history.orders if o.ended_at is None),
        money_moved=bool(case.sizes.get("money_moved")),
    )


def has_faults(history: History) -> bool:
    """Whether any call met a fault; only then it matters how many trunks there are."""
    return any(attempt.result in FAULTS for attempt in history.attempts)


def _can_ask_next(case: Case, history: History) -> bool:
    """Whether anybody in the line has not been asked; looked up only when it matters."""
    visits = [a for a in history.attempts if a.tier == Tier.VISIT]
    if not visits or visits[-1].result != Result.NO_ACKNOWLEDGEMENT:
        return True
    want = wanted(policies.escalation_rules(case.policy_id), Level(case.level), Tier.VISIT)
    return bool(history.around.roster.in_line(case, want, history.ignoring))


def larger(known: Mapping[str, int], told: Mapping[str, int]) -> dict[str, int]:
    """Of every fact the larger danger."""
    return {fact: max(known.get(fact, 0), told.get(fact, 0)) for fact in {**known, **told}}


def risk_facts(case: Case, history: History) -> risk.RiskFacts:
    """The case as the risk policy sees it: what was reported, and the danger signs of the line."""
    signs = sum(attempt.result in DANGER_SIGNS for attempt in history.attempts)
    return risk.RiskFacts(
        fraud=FraudType(case.fraud_type),
        upstream=Level(case.upstream_level) if case.upstream_level else None,
        sizes={**case.sizes, "line_signs": signs},
    )
