"""What an officer had to see and nobody has looked at in time: duty phones are told, one after another.

As with a visit that nobody acknowledges, each step has its due time in a row, whoever is asked next stands in the tree,
and the record says who was passed over. A stand-down may close its case, so the time stands with the news and not with
the case.
"""

import logging
from datetime import datetime, timedelta

from django.db import transaction

from dispatch import policies, record, wording
from dispatch.models import Message, News, Unit
from dispatch.models.event import FAULT
from dispatch.vocabulary import NewsKind, UnitKind
from dispatch.workflow import turn
from telephony import numbers, texts
from telephony.writeback import insert, write_back

logger = logging.getLogger(__name__)
UNSEEN = "unseen"  # the kind of these messages, and the verb
_OFFICES = (UnitKind.COUNTY, UnitKind.CITY)


@transaction.atomic
def press_due(*, now: datetime, limit: int = 100) -> int:
    """Take the next step with up to `limit` of those that are due, the longest due first; how many.

    Each by itself: one whose step fails rests, its case's record says so, and the others go on.
    """
    late = News.objects.due(now).select_for_update(skip_locked=True, of=("self",))
    rows = list(late.select_related("unit", "attempt__case")[:limit])
    for row in rows:
        pressed = row.pressed
        try:
            with transaction.atomic():
                _press(row, now)
        except Exception:
            logger.exception("news %s could not press anybody", row.pk)
            row.pressed, row.due_at = pressed, now + turn.REST
            record.write(FAULT, now=now, case=row.attempt.case)
    write_back(rows, ["due_at", "pressed"])
    return len(rows)


def _press(row: News, now: datetime) -> None:
    """Tell the next one who has a telephone. A raise of what has ended presses nobody any more."""
    row.due_at = None
    if row.kind == NewsKind.RAISED and row.attempt.ended_at is not None:
        return
    line = whom(row.unit)
    while row.pressed < len(line):
        unit = line[row.pressed]
        row.pressed += 1
        if _tell(row, unit, now):
            break
    if row.pressed < len(line):
        row.due_at = now + _within(row)


def whom(unit: Unit) -> list[Unit]:
    """The unit that goes, then the duty officer above it: the county's, or the city's for a county."""
    return [unit, *[above for above in unit.ancestors()[1:] if above.kind in _OFFICES][:1]]


def _tell(row: News, unit: Unit, now: datetime) -> bool:
    """By SMS; False where there is no number for one. The record says so either way."""
    case = row.attempt.case
    number = _number(unit)
    told = {"unit": unit.pk, "news": row.kind, "attempt": row.attempt_id, "duty_phone": bool(number)}
    record.write(UNSEEN, now=now, case=case, **told)
    if not number:
        return False
    minutes = max(1, round((now - row.at).total_seconds() / 60))
    body = wording.unseen_body(case.number, NewsKind(row.kind), row.at, minutes)
    text = texts.write(number=number, body=body, now=now)
    insert([text])
    insert([Message(case=case, kind=UNSEEN, text=text, written_at=now)])
    return True


def _number(unit: Unit) -> str:
    try:
        return numbers.normalise(unit.duty_phone) if unit.duty_phone.strip() else ""
    except numbers.BadNumber:
        return ""


def _within(row: News) -> timedelta:
    return policies.escalation_rules(row.attempt.case.policy_id).seen_within
