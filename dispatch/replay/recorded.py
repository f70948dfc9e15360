"""Recorded cases read as histories that a policy can be tried on: many in a fixed number of queries."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q
from django.utils.dateparse import parse_datetime

from dispatch.models import Attempt, Case, Event, Order, TargetNumber
from dispatch.models.case import CaseQuerySet
from dispatch.replay.answered import answer_of
from dispatch.replay.history import Answer, Ended, History, LevelSet, News, Ordered, Really, Rung
from dispatch.replay.rung import rung_by_others
from dispatch.vocabulary import CALLS, FraudType, Level, OrderState, Outcome, Result, Tier
from telephony import exchange

AT_ONCE = 500  # cases
BY_HAND = (Outcome.HANDED_OVER, Outcome.VOID, Outcome.DUPLICATE)
_VERBS = ("opened", "joined", "merged", "noted", "sum", "raised", "lowered", "settled", "ordered", "closed")
_CASE = (
    "target_id", "fraud_type", "outcome", "opened_at", "issued_at", "closed_at", "upstream_level", "level",
    "sizes", "unit_id", "fallback_id", "policy_id", "previous_id", "chain_id", "due_at",
)  # fmt: skip
_ATTEMPT = (
    "case_id", "tier", "stage", "phone_id", "unit_id", "starts_at", "started_at", "acknowledged_at",
    "arrived_at", "identified_at", "result", "ended_at", "disposition", "judged_at",
    "call__answered_at", "call__ended_at", "call__result",
)  # fmt: skip


@dataclass(slots=True)
class _Rows:
    """The rows of one case."""

    attempts: list[Attempt] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)  # known by now
    relapse: Event | None = None  # the opening of the case that followed at the same moment


def histories(
    cases: CaseQuerySet, *, now: datetime, at_once: int = AT_ONCE
) -> Iterator[tuple[Case, History]]:
    """These cases, the oldest first, each with its history; read in batches of `at_once`."""
    last = 0
    while batch := list(cases.filter(pk__gt=last).order_by("pk").only(*_CASE)[:at_once]):
        yield from zip(batch, _read(batch, now), strict=True)
        last = batch[-1].pk


def _read(batch: Sequence[Case], now: datetime) -> Iterator[History]:
    rows, trunks = _rows_of(batch), exchange.trunk_count()
    known = {case.pk: _phones(rows[case.pk]) for case in batch}
    own = {case.pk: {attempt.call_id for attempt in rows[case.pk].attempts} for case in batch}
    met, rung = _met_before(batch), rung_by_others(batch, known, own)
    for case in batch:
        yield _history(case, rows[case.pk], trunks, case.pk in met, rung[case.pk], now)


def _rows_of(batch: Sequence[Case]) -> dict[int, _Rows]:
    rows = {case.pk: _Rows() for case in batch}
    for attempt in (
        Attempt.objects.filter(case__in=batch).select_related("call").only(*_ATTEMPT).order_by("pk")
    ):
        rows[attempt.case_id].attempts.append(attempt)
    told = Event.objects.filter(
        Q(case__in=batch, verb__in=_VERBS) | Q(case__previous__in=batch, verb="opened")
    ).select_related("case").only(
        "at", "verb", "by_id", "agent", "detail", "case__previous_id", "case__opened_at"
    )  # fmt: skip
    for event in told.order_by("pk"):
        if event.case is None:
            continue
        if event.case_id in rows:
            rows[event.case_id].events.append(event)
        if event.verb == "opened" and event.case.previous_id in rows:
            rows[event.case.previous_id].relapse = event
    for order in (
        Order.objects.filter(case__in=batch)
        .order_by("pk")
        .only("case_id", "state", "drafted_at", "due_at", "ended_at")
    ):
        rows[order.case_id].orders.append(order)
    numbers = defaultdict(list)
    uses = TargetNumber.objects.filter(target__in={case.target_id for case in batch})
    for target, phone in uses.values_list("target_id", "phone_id"):
        numbers[target].append(phone)
    for case in batch:
        rows[case.pk].numbers = numbers[case.target_id]
    return rows


def _met_before(batch: Sequence[Case]) -> set[int]:
    """The cases whose person had been reached in an earlier case of the chain."""
    roots = {case.chain_id for case in batch if case.chain_id}
    reached = Case.objects.filter(Q(pk__in=roots) | Q(chain__in=roots), reached_at__isnull=False)
    met = defaultdict(list)
    for chain, pk in reached.values_list("chain_id", "pk"):
        met[chain or pk].append(pk)
    return {case.pk for case in batch if any(pk < case.pk for pk in met.get(case.chain_id or 0, ()))}


def _phones(rows: _Rows) -> set[int]:
    """Every number that plays a part in the case, by id."""
    reported = (
        phone for event in rows.events for phone in event.detail.get("reported", {}).get("numbers", ())
    )
    return {*reported, *rows.numbers, *(a.phone_id for a in rows.attempts if a.phone_id)}


# one case


def _history(
    case: Case,
    rows: _Rows,
    trunks: int,
    met_before: bool,
    rung: Mapping[int, tuple[Rung, ...]],
    now: datetime,
) -> History:
    by_hand = case.outcome in BY_HAND and case.closed_at is not None
    settled = {event.detail["attempt"] for event in rows.events if event.verb == "settled"}
    news, guessed = _news(case, rows)
    return History(
        number=case.number,
        news=news,
        answers=_answers(rows.attempts, settled, now),
        really=_really(case, rows),
        can_visit_from=case.opened_at if case.unit_id or case.fallback_id else None,
        rung=rung,
        trunks=trunks,
        met_before=met_before,
        askable=_askable(rows.attempts),
        orders=_orders(rows),
        levels_set=tuple(
            LevelSet(event.at, _level(event.detail["level"]) or Level.LOW)
            for event in rows.events
            if event.verb in ("raised", "lowered") and event.by_id is not None
        ),
        ended=Ended(case.closed_at, Outcome(case.outcome)) if by_hand and case.closed_at else None,
        known_until=_known_until(case, now),
        guessed=guessed,
    )


def _known_until(case: Case, now: datetime) -> datetime | None:
    """Where an open case's record ends: now, or before the turn that it still waits for."""
    return min(now, case.due_at - timedelta(microseconds=1)) if case.due_at else None


def _level(code: str | None) -> Level | None:
    return Level[code.upper()] if code else None


def _news(case: Case, rows: _Rows) -> tuple[tuple[News, ...], bool]:
    """What was reported and when; and whether it had to be guessed, since older rows of the record do not say."""
    told = [event for event in rows.events if event.verb in ("opened", "joined", "merged") or _is_news(event)]
    opened = next((event for event in told if event.verb == "opened"), None)
    later = [event for event in told if event.verb != "opened"]
    guessed = opened is None or any("reported" not in event.detail for event in told)
    if opened is None or "reported" not in opened.detail:
        first = News(
            case.opened_at,
            case.opened_at if later else case.issued_at,
            FraudType(case.fraud_type),
            Level(case.upstream_level) if case.upstream_level else None,
            case.sizes,
            tuple(rows.numbers),
            _level(opened.detail["level"]) if opened and opened.why else None,
        )
    else:
        first = _report(opened)
    news = [first, *(_report(event) for event in later)]
    if rows.relapse is not None and _relapsed_by_directive(case, rows):
        issued = parse_datetime(rows.relapse.detail.get("reported", {}).get("issued", ""))
        news.append(replace(_report(rows.relapse), level=None, issued_at=issued or rows.relapse.at))
    return tuple(news), guessed


def _is_news(event: Event) -> bool:
    """A note, a sum or a pressed key that told of danger."""
    return event.verb in ("noted", "sum", "key_pressed") and "reported" in event.detail


def _relapsed_by_directive(case: Case, rows: _Rows) -> bool:
    closed = next((event for event in rows.events if event.verb == "closed"), None)
    return case.outcome == Outcome.RELAPSED and closed is not None and closed.agent.startswith("source:")


def _report(event: Event) -> News:
    told: dict[str, Any] = event.detail.get("reported", {})
    given = told.get("given", False)
    issued = parse_datetime(told["issued"]) if "issued" in told and not given else None
    level = event.detail.get("level") if given else told.get("level")
    return News(
        at=event.at,
        issued_at=issued or event.at,
        fraud=FraudType(told.get("fraud", FraudType.OTHER)),
        upstream=_level(told.get("upstream")),
        sizes=told.get("sizes", {}),
        numbers=tuple(told.get("numbers", ())),
        level=_level(level),
        merged=event.verb == "merged",
        moved=told.get("moved", False),
        astray=told.get("astray"),
    )


def _answers(attempts: Iterable[Attempt], settled: set[int], now: datetime) -> dict[Tier, tuple[Answer, ...]]:
    answers: dict[Tier, list[Answer]] = defaultdict(list)
    for attempt in attempts:
        answer = answer_of(attempt, settled=attempt.pk in settled, now=now)
        if answer is not None:
            answers[Tier(attempt.tier)].append(answer)
    return {tier: tuple(given) for tier, given in answers.items()}


def _askable(attempts: Iterable[Attempt]) -> int | None:
    """So many units let a visit go by, and then nobody else was asked; None: somebody was, or none did."""
    visits = [attempt for attempt in attempts if attempt.tier == Tier.VISIT]
    if not visits or visits[-1].result != Result.NO_ACKNOWLEDGEMENT:
        return None
    return sum(visit.result == Result.NO_ACKNOWLEDGEMENT for visit in visits)


def _orders(rows: _Rows) -> tuple[Ordered, ...]:
    by_people = {event.at for event in rows.events if event.verb == "ordered" and event.by_id is not None}
    return tuple(
        Ordered(
            order.drafted_at,
            order.due_at - order.drafted_at,
            order.drafted_at in by_people,
            order.ended_at - order.drafted_at
            if order.state == OrderState.ANSWERED and order.ended_at
            else None,
        )
        for order in rows.orders
    )


def _really(case: Case, rows: _Rows) -> Really:
    told = (event for event in rows.events if event.verb in ("opened", "raised", "lowered"))
    levels = [level for event in told if (level := _level(event.detail.get("level")))]
    return Really(
        levels=tuple(level for n, level in enumerate(levels) if not n or level is not levels[n - 1]),
        calls=sum(a.tier in CALLS and a.started_at is not None for a in rows.attempts),
        outcome=Outcome(case.outcome) if case.outcome else None,
    )
