"""What officers learn of their visits: a row each, written with the change, numbered once it is committed.

Ids are given before the commit, so whoever followed them would pass over a row that comes later. A place is given
to rows that are committed already, by one numberer at a time, whose own commit ends before the next begins: nothing
ever appears before a place that has been read.
"""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from dispatch import policies, record
from dispatch.models import Attempt, Case, News, NewsHead, User
from dispatch.vocabulary import MUST_BE_SEEN, TAKEN_AWAY, Level, NewsKind, Tier
from telephony.writeback import insert, write_back

AT_ONCE = 1000


def line(attempt: Attempt, kind: NewsKind, now: datetime, case: Case | None = None) -> News | None:
    """A row about a visit or check that its unit knows of, not yet saved; None for what it does not.

    `case` is its case as it is now, where the caller has it.
    """
    if attempt.unit_id is None or not attempt.is_in_field:
        return None
    due_at = _to_be_seen_by(attempt, kind, now, case)
    return News(unit_id=attempt.unit_id, attempt=attempt, kind=kind, at=now, due_at=due_at)


def _to_be_seen_by(attempt: Attempt, kind: NewsKind, now: datetime, case: Case | None) -> datetime | None:
    """When somebody is told by telephone: whoever is on the way for nothing, or too slowly, must hear of it."""
    if attempt.tier != Tier.VISIT or not (kind in TAKEN_AWAY or kind is NewsKind.RAISED):
        return None
    case = case or attempt.case
    if kind is NewsKind.RAISED and case.level != Level.CRITICAL:
        return None
    return now + policies.escalation_rules(case.policy_id).seen_within


def save(lines: Iterable[News | None]) -> None:
    insert([one for one in lines if one is not None])


def tell(attempt: Attempt, kind: NewsKind, *, now: datetime) -> None:
    """Write one row, with the change it tells of."""
    save([line(attempt, kind, now)])


def tell_who_goes(case: Case, kind: NewsKind, *, now: datetime) -> None:
    """Something about the case: to whoever is on a visit or check of it now."""
    save(line(attempt, kind, now, case) for attempt in Attempt.objects.in_field().live().filter(case=case))


def has_turned(attempt: Attempt, *, since: int) -> bool:
    """Whether something has come after that version which whoever goes must know: raised, moved, stood down ..."""
    return News.objects.filter(attempt=attempt, pk__gt=since, kind__in=MUST_BE_SEEN).exists()


def number() -> None:
    """Give committed rows their places, in the order of their ids as far as they are there."""
    if not News.objects.unnumbered().exists():
        return
    with transaction.atomic():
        NewsHead.objects.get_or_create(pk=1)
        head = NewsHead.objects.select_for_update().get(pk=1)
        while rows := list(News.objects.unnumbered()[:AT_ONCE]):
            for row in rows:
                head.last += 1
                row.place = head.last
            write_back(rows, ["place"])
        head.save(update_fields=["last"])


def last_place() -> int:
    """The place of the newest numbered row; 0 where there is none."""
    number()
    return NewsHead.objects.filter(pk=1).values_list("last", flat=True).first() or 0


@transaction.atomic
def seen(*, news_id: int, by: User, now: datetime) -> News:
    """An officer has seen it. The first one counts; again does nothing."""
    row = News.objects.select_for_update(of=("self",)).select_related("attempt__case").get(pk=news_id)
    if row.seen_at is None:
        row.seen_at, row.seen_by, row.due_at = now, by, None
        row.save(update_fields=["seen_at", "seen_by", "due_at"])
        record.write(
            "seen",
            now=now,
            case=row.attempt.case,
            by=by,
            attempt=row.attempt_id,
            news=row.kind,
            unit=row.unit_id,
        )
    return row
