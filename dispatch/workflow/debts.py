"""What an operator owes after a talk: the disposition, or a result. Until it is said their desk goes on wrapping up.

The desk's row names the call (`telephony.owing`); whether its word has been said, the attempt says. The desk is freed
after the word's commit, since desks are locked before cases; the tick frees what a crash in between left.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction
from django.db.models import QuerySet

from dispatch.models import Attempt, Operator, User
from dispatch.vocabulary import Stage
from dispatch.workflow import held
from dispatch.workflow.leading import sees
from dispatch.workflow.refusal import NotAllowedError
from telephony import attendance, owing
from telephony.carrier import CallResult, CallStatus
from telephony.models import Call, Desk
from telephony.prepared import prepared

LOOKS_BACK = timedelta(hours=24)  # what nobody has said by then has long been settled by the clock
_NOBODY_OF_OURS = (CallResult.MACHINE, CallResult.FAILED_HERE)


def call_moved(call: Call, *, now: datetime) -> None:
    """A talk is over: whoever sits at its desk owes what came of it. Inside the transaction that holds the desk."""
    if call.status != CallStatus.ENDED or call.desk_id is None or not _talked(call):
        return
    attempt = _attempt_of.first(call.pk)
    if attempt is not None and not _is_said(attempt) and _may_say(attempt, call.desk_id):
        owing.owe(desk_id=call.desk_id, call_id=call.pk, now=now)


def said(attempt: Attempt) -> None:
    """Its word is on record; after the commit the desk that owed it knows."""
    if attempt.call_id is not None:
        transaction.on_commit(partial(_free, attempt.call_id), robust=True)


def settle(*, now: datetime) -> int:
    """Desks are freed of what they owe no more: it has been said, a machine had answered, or a day has gone by."""
    rows = Desk.objects.exclude(owes=None).values_list("pk", "owes")
    owed = {pk: call for pk, call in rows if call is not None}
    if not owed:
        return 0
    still = {a.call_id for a in _of(set(owed.values())) if _is_owed(a, now)}
    return sum(owing.paid(desk_id=pk, call_id=call) for pk, call in owed.items() if call not in still)


def owed(*, by: User, now: datetime) -> Attempt | None:
    """The last talk at their desk, if nobody has said yet what came of it."""
    operator = Operator.objects.filter(user=by).first() if by.is_active else None
    if operator is None:
        return None
    last = (
        Attempt.objects.filter(call__desk=operator.desk_id, call__answered_at__isnull=False)
        .exclude(call__result__in=_NOBODY_OF_OURS)
        .select_related("call", "case__unit")
        .order_by("-call__dialled_at")
        .first()
    )
    return last if last is not None and _is_owed(last, now) else None


def must_be_free(*, by: User, now: datetime) -> None:
    """Raises NotAllowedError during a call, and while the word of the last one is owed."""
    last = owed(by=by, now=now)
    if last is not None and last.call is not None and last.call.status != CallStatus.ENDED:
        raise NotAllowedError("your call is still up")
    must_have_said(by=by, now=now)


def must_have_said(*, by: User, now: datetime) -> None:
    """Raises NotAllowedError while the word of a talk that is over is owed."""
    last = owed(by=by, now=now)
    if last is not None and last.call is not None and last.call.status == CallStatus.ENDED:
        raise NotAllowedError("say first what came of your last call: {case}", case=last.case.number)


def until(calls: Collection[int]) -> dict[int, tuple[Attempt, datetime]]:
    """Of talks that are over and whose word is owed: the attempt, and by when its case's policy wants the word."""
    found = {}
    for attempt in _of(calls):
        if attempt.call is not None and attempt.call.ended_at is not None and not _is_said(attempt):
            within = held.rung(attempt.case, attempt).within[Stage.JUDGING]
            found[attempt.call.pk] = (attempt, attempt.call.ended_at + within)
    return found


@prepared
def _attempt_of(call: int) -> QuerySet[Attempt]:
    return Attempt.objects.filter(call=call).select_related("case__unit").order_by("pk")[:1]


@prepared
def _operator_at(desk: int) -> QuerySet[Operator]:
    return Operator.objects.filter(desk=desk).select_related("user__unit").order_by("pk")[:1]


def _of(calls: Collection[int]) -> list[Attempt]:
    known = Attempt.objects.filter(call__in=list(calls)).select_related("call", "case__unit")
    return list(known.defer("note", "call__number"))


def _talked(call: Call) -> bool:
    return call.spoke and call.result not in _NOBODY_OF_OURS and attendance.took_part(call)


def _may_say(attempt: Attempt, desk_id: int | None) -> bool:
    """Whether who sits there may open the case: nobody owes a word that they are not let say."""
    operator = _operator_at.first(desk_id) if desk_id is not None else None
    return operator is not None and sees(operator.user, attempt.case.unit)


def _is_said(attempt: Attempt) -> bool:
    return bool(attempt.disposition or attempt.evidence.get("said"))


def _is_owed(attempt: Attempt, now: datetime) -> bool:
    call = attempt.call
    if call is None or _is_said(attempt) or (call.dialled_at or now) <= now - LOOKS_BACK:
        return False
    return call.status != CallStatus.ENDED or (_talked(call) and _may_say(attempt, call.desk_id))


def _free(call_id: int) -> None:
    for desk_id in Desk.objects.filter(owes=call_id).values_list("pk", flat=True):
        owing.paid(desk_id=desk_id, call_id=call_id)
