"""What an officer's device writes, once: under its key, with the version it saw, and nothing they typed is lost.

A phone without signal sends hours later, again, and in any order. So each write is kept under its key; the moment it
was so counts, put right by how far the device's clock is off; and whatever the case makes of it, what was typed stays
with the visit.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet

from dispatch import record
from dispatch.models import Attempt, User, Written
from dispatch.vocabulary import NewsKind
from dispatch.workflow import contradictions, held, news
from dispatch.workflow.contradictions import ContradictedError
from dispatch.workflow.doors import FarAwayError
from dispatch.workflow.refusal import NotAllowedError

TAKEN, REFUSED = 200, 409
NOTED_FROM = timedelta(minutes=1)  # a device whose clock is off by more is named on the record


class KeyUsedError(Exception):
    """This key was sent before with something else."""


@dataclass(frozen=True, slots=True)
class Writing:
    """A write as it came. `said_at` and `sent_at` are by the device's clock; `typed` is the officer's own words.

    `exact`: it only makes sense if nothing has turned since what they saw. `otherwise`: what else they typed, kept
    if it is refused.
    """

    key: str
    step: str
    digest: str
    saw: int
    said_at: datetime | None = None
    sent_at: datetime | None = None
    typed: str = ""
    otherwise: str = ""
    exact: bool = False


Act = Callable[[datetime], object]


@transaction.atomic
def take(*, attempt_id: int, by: User, writing: Writing, act: Act, now: datetime) -> Written:
    """Carry it out unless that was done, and keep it; the same again gets the same answer.

    `act` is given the moment it was so, and may raise NotAllowedError: that is kept as a 409, with what was typed.
    Raises KeyUsedError, and FarAwayError, which asks for a reason and keeps nothing.
    """
    case, attempt = held.lock(attempt_id)
    known = _known(by, writing.key)
    if known is not None:
        if (known.digest, known.attempt_id) != (writing.digest, attempt_id):
            raise KeyUsedError
        return known
    skew = now - writing.sent_at if writing.sent_at else None
    at = held.was_so_at(attempt, _put_right(writing.said_at, skew), now)
    written = Written(
        user=by,
        key=writing.key,
        attempt=attempt,
        step=writing.step,
        digest=writing.digest,
        saw=writing.saw,
        at=at,
        received_at=now,
        skew=round(skew.total_seconds()) if skew is not None else None,
        status=TAKEN,
        typed=writing.typed,
    )
    try:
        with transaction.atomic():
            if writing.exact and news.has_turned(attempt, since=writing.saw):
                raise NotAllowedError("it has changed since you looked")
            act(at)
    except FarAwayError:
        raise
    except NotAllowedError as refusal:
        if isinstance(refusal, ContradictedError):
            fresh = Attempt.objects.get(pk=attempt_id)
            contradictions.keep(case, fresh, refusal.word, by=by.pk, at=at, now=now)
        written.status, written.refusal, written.words = REFUSED, refusal.template, refusal.codes()
        written.typed = "\n".join(filter(None, (writing.typed, writing.otherwise)))
    written.save(force_insert=True)
    _keep_typed(written, now)
    off = written.skew if skew is not None and abs(skew) >= NOTED_FROM else None
    if off or written.status == REFUSED:
        detail = {"attempt": attempt.pk, "step": writing.step, "skew": off, "status": written.status}
        record.write("from_field", now=now, case=case, by=by, typed=bool(written.typed) or None, **detail)
    return written


def _known(by: User, key: str) -> Written | None:
    return Written.objects.filter(user=by, key=key).first()


def _put_right(said_at: datetime | None, skew: timedelta | None) -> datetime | None:
    """The device's moment by our clock. How long the message travelled counts as skew: never later than it was."""
    if said_at is None:
        return None
    return said_at + skew if skew is not None and abs(skew) >= NOTED_FROM else said_at


def _keep_typed(written: Written, now: datetime) -> None:
    """The visit's note ends with all that was typed, in the order it was so, however it came in."""
    if not written.typed:
        return
    attempt = Attempt.objects.get(pk=written.attempt_id)
    typed = list(_typed(attempt.pk))
    others = attempt.note.removesuffix(_joined(one for one in typed if one.pk != written.pk)).rstrip("\n")
    attempt.note = "\n".join(filter(None, (others, _joined(typed))))
    attempt.save(update_fields=["note"])
    news.tell(attempt, NewsKind.ADDED, now=now)


def _joined(written: Iterable[Written]) -> str:
    return "\n".join(dict.fromkeys(one.typed for one in written))


def _typed(attempt_id: int) -> QuerySet[Written]:
    return Written.objects.filter(attempt=attempt_id).exclude(typed="").order_by("at", "pk")
