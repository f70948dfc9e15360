"""Words and news that come when a case, or the check they are about, is over: closed is final, and nothing is lost."""

import logging
from collections.abc import Callable
from datetime import datetime

from django.db import IntegrityError, transaction

from dispatch import record
from dispatch.models import Attempt, Case, User
from dispatch.vocabulary import Disposition, Level, Outcome, Result, Stage, Tier
from dispatch.workflow import evidence
from dispatch.workflow.facts import larger
from dispatch.workflow.turn import advance, succeed

logger = logging.getLogger(__name__)
LOSSES = (Outcome.DEFRAUDED_AFTER_WARNING, Outcome.ALREADY_TRANSFERRED)


def reopen(case: Case, disposition: Disposition, now: datetime) -> None:
    """A word after the end: the person's open case is joined if there is one, else a new one follows the last."""
    gone = disposition is Disposition.ALREADY_TRANSFERRED

    def follow(last: Case) -> None:
        new = succeed(last, level=Level(last.level), now=now, money_moved=gone)
        record.opened_after(new, now=now, why=disposition)

    going_on = _open_case(case) or _opened_by(follow, case)
    if gone:
        _money_is_gone(going_on, now)
    advance([going_on.pk], now=now)


def bad_news(case: Case, result: Result, *, now: datetime, by: User | None = None, agent: str = "") -> None:
    """A loss or a relapse that no live check can tell any more.

    While the case, or one that followed it, is open: its check of those days has met it; without a check, a
    loss is money that moved, and the effort goes on. After the end a new case follows the last of them: a loss
    closes it at once as a check's does, with an order, so that it counts as defrauded after warning if they
    were ever met. Nothing follows a case that closed with a loss.
    """

    def follow(last: Case) -> None:
        level = Level.CRITICAL if result is Result.RELAPSE else Level(last.level)
        new = succeed(last, level=level, now=now, money_moved=result is Result.LOSS)
        record.opened_after(new, now=now, by=by, agent=agent, why=result)
        if result is Result.LOSS:
            check = Attempt(
                case=new, tier=Tier.FOLLOW_UP, level=new.level, stage=Stage.CHECKING, starts_at=now
            )
            _meet(check, result, now, by, agent)

    going_on = _open_case(case)
    if going_on is None:
        last = _last(case)
        if result is Result.LOSS and last.outcome in LOSSES:
            return
        going_on = _opened_by(follow, case)
    else:
        check = Attempt.objects.live().filter(case=going_on, tier=Tier.FOLLOW_UP).first()
        if check is not None and going_on.agreed_at is not None:
            _meet(check, result, now, by, agent)
        elif result is Result.LOSS:
            _money_is_gone(going_on, now)
    advance([going_on.pk], now=now)


def _meet(check: Attempt, result: Result, now: datetime, by: User | None, agent: str) -> None:
    check.started_at = check.started_at or now
    evidence.hear(check, result, now=now, by=by, agent=agent)
    evidence.end(check, result, now)
    check.save()
    record.write(
        "met", now=now, case=check.case, by=by, agent=agent,
        attempt=check.pk, tier=Tier.FOLLOW_UP.code, result=result,
    )  # fmt: skip


def _open_case(case: Case) -> Case | None:
    theirs = Case.objects.open().filter(target=case.target_id)
    return theirs.select_for_update(of=("self",)).first()


def _last(case: Case) -> Case:
    return Case.objects.filter(target=case.target_id).to_follow().first() or case


def _opened_by(follow: Callable[[Case], None], case: Case) -> Case:
    """The case that follows the last of the person's, or one that somebody else has opened meanwhile."""
    try:
        with transaction.atomic():
            follow(_last(case))
    except IntegrityError:
        logger.info("case %s: another was opened for the person meanwhile", case.pk)
    return Case.objects.open().select_for_update(of=("self",)).get(target=case.target_id)


def _money_is_gone(case: Case, now: datetime) -> None:
    if not case.sizes.get("money_moved"):
        case.sizes = larger(case.sizes, {"money_moved": 1})
        case.save(update_fields=["sizes"])
        told = record.reported(case, issued=case.issued_at)
        record.write("noted", now=now, case=case, signs=["money_moved"], reported=told)
