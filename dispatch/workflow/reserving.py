"""Cases that operators hold: the next one reserved for a while, and one passed to a colleague."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from dispatch import record
from dispatch.models import Attempt, Case, Operator, User
from dispatch.models.case import BY_RISK
from dispatch.vocabulary import CALLS, Stage, State
from dispatch.workflow import debts
from dispatch.workflow.desk import at_the_desk, booked_calls, free, lock_open, not_anothers
from dispatch.workflow.refusal import NotAllowedError
from telephony import desks, dialling
from telephony.models import Call, Desk

HOLD = timedelta(minutes=3)  # a hidden browser tab wakes once a minute; the router waits no longer than this
MOST_LOOKED_AT = 20  # cases that somebody else may be taking this moment


@transaction.atomic
def next_case(*, by: User, scope: str | None, now: datetime) -> Case | None:
    """Reserve the case whose call stands first in the router's order, in the subtree `scope` (None: everywhere).

    Where no call waits, the riskiest case whose next call is still to come. The case is theirs for `HOLD`, and the
    router leaves its calls alone as long; both lapse by themselves. What they had reserved before is let go, and their
    desk takes no calls from the router until they say that they are ready. None if nothing is to be done.
    Raises NotAllowedError during a call, and while a contact of theirs has no disposition.
    Order of locks: desk, case; calls are only skipped over.
    """
    at_the_desk(by)
    desk = _desk_of(by, lock=True)
    debts.must_be_free(by=by, now=now)
    let_go_of(by=by, now=now)
    ids = list(_candidates(scope, desk, now))
    if not ids:
        return None
    before = desk.state if desk else Desk.State.AWAY
    if desk is not None and before != Desk.State.AWAY:
        dialling.work(desk_id=desk.pk, now=now)
    case = next(filter(None, (_try(case_id, now) for case_id in ids)), None)
    if case is None:
        if desk is not None and before == Desk.State.READY:
            desks.ready(desk_id=desk.pk, now=now)
        return None
    _hold(case, by, now)
    record.write("reserved", now=now, case=case, by=by, until=case.held_until)
    return case


def hold_on(*, case: Case, by: User, now: datetime) -> None:
    """Whoever does something about a case they have reserved keeps it for as long again; the case is locked here."""
    with transaction.atomic():
        mine = Case.objects.select_for_update(of=("self",)).filter(pk=case.pk, holder=by, closed_at=None)
        for held in mine.filter(held_until__isnull=False):
            held.held_until = now + HOLD
            held.save(update_fields=["held_until"])


@transaction.atomic
def let_go_of(*, by: User, now: datetime) -> None:
    """What somebody has reserved is free again, and the router takes its calls up; what they hold for good stays."""
    theirs = Case.objects.open().filter(holder=by, held_until__isnull=False)
    for case in theirs.order_by("pk").select_for_update(of=("self",)):
        free(case)


@transaction.atomic
def pass_on(*, case_id: int, to: User | None, by: User, why: str, now: datetime) -> Case:
    """Give a case to a colleague, who holds it from here on. Raises NotAllowedError."""
    at_the_desk(by)
    if to is None or not to.is_active or to.pk == by.pk:
        raise NotAllowedError("name a colleague who works here")
    at_the_desk(to)
    case = lock_open(case_id)
    not_anothers(case, by, now)
    case.holder, case.held_until = to, None
    case.save(update_fields=["holder", "held_until"])
    dialling.let_go(booked_calls(case))
    record.write("passed", now=now, case=case, by=by, why=why.strip(), to=str(to.get_full_name() or to))
    return case


def _candidates(scope: str | None, desk: Desk | None, now: datetime) -> Iterator[int]:
    """Ids of cases, the first to be worked first: whose calls wait by the router's rank, then what comes next."""
    open_ = Q(attempt__isnull=False, attempt__ended_at=None, attempt__case__closed_at=None)
    free_ = Q(attempt__case__holder=None) | Q(attempt__case__held_until__lte=now)
    here = Q() if scope is None else Q(attempt__case__unit__path__startswith=scope or "/nowhere")
    heads: list[tuple[datetime, int, int]] = []
    for needs in ("", "video") if desk is not None and "video" in desk.tags else ("",):
        calls = Call.objects.waiting(now, needs=needs).filter(open_, free_, here)
        heads += calls.values_list("rank_at", "pk", "attempt__case_id")[:MOST_LOOKED_AT]
    seen = [case_id for _rank, _pk, case_id in sorted(heads)]
    yield from dict.fromkeys(seen)
    if not seen:
        yield from _to_come(scope, desk, now)


def _to_come(scope: str | None, desk: Desk | None, now: datetime) -> list[int]:
    """The riskiest free cases that are still to be reached by telephone, and that no other desk is asked to call."""
    planned = Attempt.objects.live().filter(tier__in=CALLS, stage=Stage.PLANNED)
    mine = planned.filter(Q(call__desk=None) | Q(call__desk=desk)).values("case")
    cases = Case.objects.open().free(now).filter(state__in=(State.NEW, State.VOICE, State.VIDEO, State.VISIT))
    if scope is not None:
        cases = cases.filter(unit__path__startswith=scope or "/nowhere")
    waiting = cases.filter(agreed_at=None, pk__in=mine)
    return list(waiting.order_by(*BY_RISK).values_list("pk", flat=True)[:MOST_LOOKED_AT])


def _try(case_id: int, now: datetime) -> Case | None:
    """The case, locked, unless somebody is taking it or has taken it, or a call of it has gone to another desk."""
    free_ = Case.objects.open().free(now).filter(pk=case_id)
    case = free_.select_for_update(skip_locked=True, of=("self",)).first()
    begun = Attempt.objects.live().filter(case=case_id, tier__in=CALLS).exclude(stage=Stage.PLANNED)
    if case is None or begun.exists() or not dialling.are_at_no_desk(booked_calls(case)):
        return None
    return case


def _hold(case: Case, by: User, now: datetime) -> None:
    case.holder, case.held_until = by, now + HOLD
    case.save(update_fields=["holder", "held_until"])
    dialling.keep_back(booked_calls(case), until=now + HOLD)


def _desk_of(by: User, *, lock: bool = False) -> Desk | None:
    operator = Operator.objects.filter(user=by).first() if by.is_active else None
    desks_ = Desk.objects.defer("address")
    if lock:
        desks_ = desks_.select_for_update(no_key=True)
    return desks_.get(pk=operator.desk_id) if operator else None
