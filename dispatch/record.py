"""Writing the append-only record: one line for every change, view and refusal."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from dispatch.models import Case, Event, TargetNumber, User
from dispatch.vocabulary import Level
from telephony.writeback import insert


def line(
    verb: str,
    *,
    now: datetime,
    case: Case | None = None,
    by: User | None = None,
    agent: str = "",
    why: str = "",
    **detail: Any,
) -> Event:
    """A line of the record, not yet saved: turns save theirs in bulk."""
    if case is not None and case.pk is None:
        raise ValueError("the record speaks of saved cases only")
    return Event(
        case=case,
        at=now,
        verb=verb,
        by=by,
        agent="" if by else (agent or "engine"),
        why=why[:200],
        detail={name: _plain(value) for name, value in detail.items() if value not in (None, "")},
    )


def write(verb: str, *, now: datetime, **rest: Any) -> Event:
    """Save one line of the record now, in the caller's transaction."""
    event = line(verb, now=now, **rest)
    insert([event])
    return event


def reported(
    case: Case,
    *,
    issued: datetime,
    upstream: int | None = None,
    numbers: Iterable[int] | None = None,
    **more: Any,
) -> dict[str, Any]:
    """What is known of a case now that something was reported, so that it can be replayed: codes, counts and ids.

    `numbers` are the ids of the person's numbers, if the caller has them.
    """
    if numbers is None:
        numbers = TargetNumber.objects.filter(target=case.target_id).values_list("phone_id", flat=True)
    return {
        "sizes": case.sizes,
        "fraud": case.fraud_type,
        "issued": issued.isoformat(),
        "upstream": Level(upstream).code if upstream else None,
        "numbers": list(numbers),
        **more,
    }


def opened_after(case: Case, *, now: datetime, issued: datetime | None = None, **who: Any) -> Event:
    """The line that a case begins with which follows another: with its level given, not judged."""
    told = reported(case, issued=issued or now, upstream=case.upstream_level, given=True)
    return write("opened", now=now, case=case, level=Level(case.level).code, reported=told, **who)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if not isinstance(value, (int, float, bool, list, dict)) else value
