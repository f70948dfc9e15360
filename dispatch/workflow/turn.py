"""One turn for many cases in one transaction: read all, decide each in memory, write all."""

import logging
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import QuerySet

from dispatch import policies, policy, record, risk
from dispatch.models import Case, PolicyVersion
from dispatch.models.event import FAULT
from dispatch.plan import Raise, Why
from dispatch.policies import RiskPolicy
from dispatch.standing import standing
from dispatch.vocabulary import Level, Outcome
from dispatch.workflow.facts import History, chain_facts, histories, risk_facts
from dispatch.workflow.moves import Moves
from dispatch.workflow.saving import Shared
from telephony.prepared import prepared

logger = logging.getLogger(__name__)
REST = timedelta(minutes=5)  # a case whose turn failed is due again after this long
MOST_STEPS = 8  # of one case in one turn: each step only states what time has done
SHARE = 20  # one place in so many of a batch is kept for each level, whatever is due above it


def advance_due(*, now: datetime, limit: int = 100) -> int:
    """Give up to `limit` due cases their turn, the riskiest first and nobody never: see `claim`; how many.

    All together; if that fails, each by itself: one bad case must not hold up ninety-nine.
    """
    claimed: list[int] = []
    try:
        with transaction.atomic():
            cases = claim(now, limit)
            claimed = [case.pk for case in cases]
            _turn(cases, now)
    except Exception:
        if not claimed:
            raise
        logger.exception("a turn of %s cases failed; each takes its own", len(claimed))
        for case_id in claimed:
            _turn_alone(case_id, now)
    return len(claimed)


def claim(now: datetime, limit: int) -> list[Case]:
    """Lock up to `limit` due cases, the riskiest level first, within a level the longest due.

    The row lock is the claim: there is no lease, and a claim never hides how late a case is. A level leaves
    `limit // SHARE` places to each level below it, so whatever else is due, the n-th longest due case of a level
    is among the next n / (limit // SHARE) batches, rounded up. Places nobody takes stay empty.
    """
    cases: list[Case] = []
    for level in _levels_due(now):
        below = level - min(Level)
        places = limit - len(cases) - below * (limit // SHARE)
        if places > 0:
            cases += _due(now, level, places)
    return cases


@transaction.atomic(savepoint=False)
def advance(case_ids: Collection[int], *, now: datetime) -> int:
    """Give these cases their turn now, those that are open; how many."""
    cases = _open(case_ids)
    _turn(cases, now)
    return len(cases)


def begin(case: Case, history: History, judge: RiskPolicy, *, now: datetime) -> None:
    """The first turn of a case that this transaction has opened, so that nobody else can hold it."""
    _take([case], {case.pk: history}, judge, now)


def _turn_alone(case_id: int, now: datetime) -> None:
    """The turn of one case, unless another worker has it; if that fails too, it rests and the record says so."""
    due = Case.objects.filter(pk=case_id, closed_at=None, due_at__lte=now)
    try:
        with transaction.atomic():
            _turn(list(due.select_for_update(skip_locked=True)), now)
    except Exception:
        logger.exception("case %s could not take its turn", case_id)
        with transaction.atomic():
            for case in due.select_for_update(of=("self",)):
                Case.objects.filter(pk=case_id).update(due_at=now + REST)
                record.write(FAULT, now=now, case=case)


# At a quiet tick one question answers for all levels. The order keeps PostgreSQL from reading the table instead.
_LEVELS_DUE = " UNION ALL ".join(
    f"SELECT {level:d} FROM (SELECT id FROM dispatch_case WHERE closed_at IS NULL AND level = {level:d} "  # noqa: S608
    f"AND due_at <= %s ORDER BY due_at, id LIMIT 1) AS first_{level:d}"
    for level in reversed(Level)
)


def _levels_due(now: datetime) -> list[Level]:
    """Those of which any case is due, the riskiest first, each by a look at the head of its index."""
    with connection.cursor() as cursor:
        cursor.execute(_LEVELS_DUE, [connection.ops.adapt_datetimefield_value(now)] * len(Level))
        return sorted((Level(level) for (level,) in cursor.fetchall()), reverse=True)


@prepared
def _due(now: datetime, level: int, most: int) -> QuerySet[Case]:
    """Those that are due and that nobody holds, held from here on."""
    due = Case.objects.due(now, level).select_related("unit")
    return due.select_for_update(skip_locked=True, of=("self",))[:most]


@prepared
def _open(ids: Collection[int]) -> QuerySet[Case]:
    return (
        Case.objects.open()
        .filter(pk__in=ids)
        .select_related("unit")
        .order_by("pk")
        .select_for_update(of=("self",))
    )


def _turn(cases: list[Case], now: datetime) -> None:
    if cases:
        _take(cases, histories(cases, now), policies.risk_policy(now), now)


def _take(cases: list[Case], read: Mapping[int, History], judge: RiskPolicy, now: datetime) -> None:
    shared = Shared(now)
    for case in cases:
        moves = Moves(case, read[case.pk], now)
        _decide(case, read[case.pk], moves, judge)
        shared.add(moves)
    shared.save()
    for lost in shared.relapsed:
        successor = succeed(lost, level=Level.CRITICAL, now=now)
        record.opened_after(successor, now=now, why=Outcome.RELAPSED)
        advance([successor.pk], now=now)


def _decide(case: Case, history: History, moves: Moves, judge: RiskPolicy) -> None:
    """Ask the policies until nothing is due any more, carrying each answer out in memory."""
    now = moves.now
    for _ in range(MOST_STEPS):
        _assess(case, history, moves, judge)
        rules = policies.escalation_rules(case.policy_id)
        facts = chain_facts(case, history)
        plan = policy.next_steps(facts, rules, now)
        for action in plan.actions:
            moves.take(action, rules)
        if plan.due_at is None or plan.due_at > now:
            case.due_at = plan.due_at
            moves.climb_ladder(standing(facts.past, Level(case.level)))
            moves.take_calls_along()
            return
    raise RuntimeError(f"case {case.pk} did not come to rest in {MOST_STEPS} steps")


def _assess(case: Case, history: History, moves: Moves, judge: RiskPolicy) -> None:
    """New facts re-assess; a level rises by itself and never falls by itself."""
    judged = risk.assess(risk_facts(case, history), judge.rules)
    if judged.score == case.score and judged.level == case.assessed_level:
        return
    if judged.level > case.level and judged.level > case.assessed_level:
        moves.take(Raise(judged.level, Why("risk")), policies.escalation_rules(case.policy_id))
    case.score, case.assessed_level = judged.score, max(judged.level, case.assessed_level)
    moves.assessed(judge.version, judged)


def succeed(lost: Case, *, level: Level, now: datetime, money_moved: bool = False) -> Case:
    """A new case for the same person, with the closed one as `previous`. It still needs its turn."""
    sizes = {**lost.sizes, "agreed_before": int(lost.agreed_at is not None), "money_moved": int(money_moved)}
    case = Case(
        target_id=lost.target_id,
        level=level,
        fraud_type=lost.fraud_type,
        unit_id=lost.unit_id,
        fallback_id=lost.fallback_id,
        policy=policies.current(PolicyVersion.Kind.ESCALATION, now),
        opened_at=now,
        issued_at=now,
        due_at=now,
        upstream_level=lost.upstream_level,
        sizes=sizes,
        lat=lost.lat,
        lon=lost.lon,
        adcode=lost.adcode,
        address=lost.address,
        place_at=lost.place_at,
        place_kind=lost.place_kind,
        place_accuracy=lost.place_accuracy,
        previous=lost,
        chain_id=lost.chain_id or lost.pk,
    )
    case.save(force_insert=True)
    return case
