"""When a person's numbers were rung for somebody else, and when that was booked: two may have one phone."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from django.utils.dateparse import parse_datetime

from dispatch.calling import DAY
from dispatch.models import Attempt, Case, Event, PhoneNumber
from dispatch.replay.history import Rung
from dispatch.vocabulary import Tier
from telephony import calls


def rung_by_others(
    batch: Sequence[Case], known: Mapping[int, set[int]], own: Mapping[int, set[int | None]]
) -> dict[int, dict[int, tuple[Rung, ...]]]:
    """The calls to each case's numbers for other cases, from a day before the first of the batch opened.

    By case: `known` are the ids of its numbers, `own` the ids of its calls.
    """
    index = dict(PhoneNumber.objects.filter(pk__in=set().union(*known.values())).values_list("pk", "index"))
    first = min(case.opened_at for case in batch) - DAY
    rung = calls.rung_since(set(index.values()), first)
    theirs = {
        case.pk: {
            phone: {pk: at for pk, at in rung.get(index[phone], {}).items() if pk not in own[case.pk]}
            for phone in known[case.pk]
        }
        for case in batch
    }
    booked = _booked_at({pk for phones in theirs.values() for times in phones.values() for pk in times})
    return {
        case: {
            phone: tuple(Rung(at, booked.get(pk, at)) for pk, at in times.items())
            for phone, times in phones.items()
        }
        for case, phones in theirs.items()
    }


def _booked_at(call_ids: Collection[int]) -> dict[int, datetime]:
    """When calls were booked, by their ids: the record says when each attempt was planned, and for when."""
    attempts = Attempt.objects.filter(call__in=call_ids).values_list(
        "call_id", "case_id", "tier", "starts_at"
    )
    of = {(case, Tier(tier).code, starts): call or 0 for call, case, tier, starts in attempts}
    planned = Event.objects.filter(case__in={case for case, _tier, _starts in of}, verb="planned").order_by(
        "-pk"
    )
    booked = {}
    for case, at, detail in planned.values_list("case_id", "at", "detail"):
        key = (case or 0, detail["tier"], parse_datetime(detail["starts"]) or at)
        if key in of:
            booked[of[key]] = at
    return booked
