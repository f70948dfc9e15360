"""Endings and joins that the chain does not bring about: merged, relapsed by a directive, void, handed over."""

from datetime import datetime

from django.db import transaction

from dispatch import record
from dispatch.models import Attempt, Case, Proposal, User
from dispatch.vocabulary import Level, NewsKind, Outcome, Result, Role
from dispatch.workflow import evidence, news, places
from dispatch.workflow.facts import larger
from dispatch.workflow.refusal import NotAllowedError
from telephony import calls
from telephony.writeback import write_back

OUTSIDE = frozenset({Outcome.DUPLICATE, Outcome.RELAPSED, Outcome.VOID, Outcome.HANDED_OVER})


def fold(
    case: Case, outcome: Outcome, *, now: datetime, by: User | None = None, agent: str = "", why: str = ""
) -> None:
    """Close a locked case from outside the chain: its live attempts are stood down first.

    Raises ValueError for an outcome that only the chain may come to.
    """
    if outcome not in OUTSIDE:
        raise ValueError(f"{outcome} is the chain's to say")
    live = list(Attempt.objects.live().filter(case=case))
    for attempt in live:
        evidence.end(attempt, Result.CANCELLED, now, stood_down={"closed": outcome})
    write_back(live, ["result", "fault", "evidence", "ended_at", "due_at"])
    news.save(news.line(attempt, NewsKind.STOOD_DOWN, now, case) for attempt in live)
    calls.call_off([a.call_id for a in live if a.call_id], now=now)
    case.close(outcome)
    case.closed_at, case.due_at, case.closed_by = now, None, by
    case.save()
    record.write("closed", now=now, case=case, by=by, agent=agent, why=why, outcome=outcome)


def raise_to(case: Case, level: Level, *, now: datetime, agent: str) -> None:
    """A locked case rises by what has been reported; still to be saved, and to take its turn."""
    before = Level(case.level).code
    case.level = level
    record.write("raised", now=now, case=case, agent=agent, level=level.code, before=before)
    news.tell_who_goes(case, NewsKind.RAISED, now=now)


def merge(*, kept: Case, other: Case, now: datetime) -> None:
    """Two open cases are one person's: the kept one takes the larger dangers and the newer place.

    The other is a duplicate.
    """
    kept.sizes = larger(kept.sizes, other.sizes)
    told = record.reported(kept, issued=other.issued_at, level=Level(other.level).code)
    record.write("merged", now=now, case=kept, other=other.number, reported=told)
    if other.level > kept.level:
        raise_to(kept, Level(other.level), now=now, agent="engine")
    if kept.is_placed_before(other):
        places.move(kept, other, now)
        news.tell_who_goes(kept, NewsKind.MOVED, now=now)
    kept.issued_at = max(kept.issued_at, other.issued_at)
    kept.due_at = now
    other.merged_into = kept
    fold(other, Outcome.DUPLICATE, now=now, why=kept.number)
    kept.save()


@transaction.atomic
def void(*, case_id: int, by: User, why: str, now: datetime) -> Case:
    """A directive that should never have been: only a supervisor may say so, with a reason."""
    if not by.is_a(Role.SUPERVISOR, Role.ADMINISTRATOR):
        raise NotAllowedError("only a supervisor may void a case")
    return _close_by_hand(case_id, Outcome.VOID, by, why, now)


@transaction.atomic
def hand_over(*, case_id: int, by: User, why: str, now: datetime) -> Case:
    """Give a case to another centre; `why` names it."""
    if not by.is_a(Role.OPERATOR, Role.SUPERVISOR, Role.ADMINISTRATOR):
        raise NotAllowedError("only operators and supervisors hand a case over")
    return _close_by_hand(case_id, Outcome.HANDED_OVER, by, why, now)


def _close_by_hand(case_id: int, outcome: Outcome, by: User, why: str, now: datetime) -> Case:
    if not why.strip():
        raise NotAllowedError("a reason is needed")
    case = Case.objects.open().select_for_update(of=("self",)).filter(pk=case_id).first()
    if case is None:
        raise NotAllowedError("the case is closed already")
    fold(case, outcome, now=now, by=by, why=why)
    if outcome is Outcome.HANDED_OVER:
        proposed = Proposal.objects.filter(case=case, decided_at=None)
        proposed.update(accepted=True, decided_at=now, decided_by=by)
    return case
