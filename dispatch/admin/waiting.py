"""What of a case waits for somebody's word: attempts that are live or unjudged, and its stop-payment orders."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from dispatch import wording
from dispatch.admin import columns
from dispatch.admin.columns import Moment
from dispatch.models import Attempt, Order
from dispatch.models.choices import name
from dispatch.vocabulary import CALLS, FACE_TO_FACE, RESULTS_OF, Disposition, OrderState, Result, Stage, Tier
from dispatch.workflow import words

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Trying:
    """An attempt that waits for somebody's word."""

    id: int
    words: str
    about: str
    live: bool
    until: Moment | None
    begun: bool
    identified: bool
    dispositions: Pairs
    results: Pairs


@dataclass(frozen=True, slots=True)
class Paper:
    """A stop-payment order."""

    id: int
    words: str
    until: Moment | None
    amount: str
    held: str
    bank: str
    drafted: bool
    awaits_answer: bool


def waits_for_a_word(attempt: Attempt, attempts: list[Attempt]) -> bool:
    """Live, or the newest of its tier if it was a call that was answered and nobody has judged it."""
    if attempt.ended_at is None:
        return True
    newest = [a for a in attempts if a.tier == attempt.tier and a.started_at][-1:] == [attempt]
    answered = attempt.result in (*FACE_TO_FACE, Result.ANSWERED_UNVERIFIED) or attempt.identified_at
    return bool(newest and answered and not attempt.disposition and attempt.tier != Tier.FOLLOW_UP)


def trying(attempt: Attempt, now: datetime) -> Trying:
    """An attempt with the words that may be said of it."""
    tier, live = Tier(attempt.tier), attempt.ended_at is None
    stage = name(Stage(attempt.stage)) if live else name(Result(attempt.result))
    about = [attempt.phone.masked] if attempt.phone else []
    about += [str(attempt.unit)] if attempt.unit else []
    about += [_("reinforced")] if attempt.reinforced else []
    until = None
    if live and attempt.stage == Stage.PLANNED and attempt.starts_at > now:
        until = columns.moment(_("planned for"), attempt.starts_at, now)
    elif attempt.due_at:
        until = columns.moment(columns.promised(attempt), attempt.due_at, now)
    said = RESULTS_OF[tier] - FACE_TO_FACE - words.NOT_A_PERSONS_WORD
    return Trying(
        id=attempt.pk,
        words=f"{name(tier)} {stage}",
        about=" · ".join(about),
        live=live,
        until=until,
        begun=attempt.started_at is not None and (tier not in CALLS or attempt.stage != Stage.PLANNED),
        identified=attempt.identified_at is not None,
        dispositions=() if tier is Tier.FOLLOW_UP else tuple((d.value, name(d)) for d in Disposition),
        results=tuple((r.value, name(r)) for r in Result if r in said) if live else (),
    )


def paper(order: Order, now: datetime) -> Paper:
    """An order, and what may be done with it."""
    return Paper(
        id=order.pk,
        words=wording.order_state(order.state),
        until=None if order.ended_at else columns.moment(_("answered by"), order.due_at, now),
        amount=columns.yuan(order.amount),
        held=columns.yuan(order.held),
        bank=order.bank,
        drafted=order.state == OrderState.DRAFTED,
        awaits_answer=order.awaits_answer,
    )
