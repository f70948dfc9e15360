"""Two officers say different things of one visit: what stands, what is kept, and what a person at the desk decides.

A judgement counts before a result, whichever came first: whoever met the person knows. Of two judgements the first
stands, and no arrival changes that. The other word is kept with the visit until somebody decides; what was written is
never rewritten: the decision says which word the chain goes by from then on.
"""

from datetime import datetime
from typing import Any

from django.db import transaction

from dispatch import record
from dispatch.models import Attempt, Case, User
from dispatch.vocabulary import Disposition, Tier
from dispatch.workflow import held
from dispatch.workflow.desk import at_the_desk
from dispatch.workflow.refusal import NotAllowedError
from dispatch.workflow.reopening import reopen

BAD_NEWS = (Disposition.ALREADY_TRANSFERRED, Disposition.NOT_PERSUADED)
LONGEST_WHY = 200


class ContradictedError(NotAllowedError):
    """A visit was judged already, and differently. `word` is the one that does not stand."""

    def __init__(self, template: str, *, word: str, **words: Any) -> None:
        super().__init__(template, **words)
        self.word = word


def keep(case: Case, attempt: Attempt, word: str, *, by: int | None, at: datetime, now: datetime) -> None:
    """A word that does not stand is kept beside the one that does, once from each person.

    `by` is the id of who said it, `at` when it was so. Of visits only; the attempt is locked, and saved here.
    """
    if Tier(attempt.tier) is not Tier.VISIT:
        return  # an operator who says another word of a call is told so, and decides at once
    known = attempt.evidence.get("contradicted", [])
    if any((one["word"], one["by"]) == (word, by) for one in known):
        return
    one = {"word": word, "by": by, "at": at.isoformat()}
    attempt.evidence = {**attempt.evidence, "contradicted": [*known, one]}
    attempt.save(update_fields=["evidence"])
    stands = attempt.disposition or attempt.result
    record.write("contradicted", now=now, case=case, attempt=attempt.pk, word=word, stands=stands, who=by)


def said_by(attempt: Attempt, word: str) -> int | None:
    """The id of who said a word of this attempt, if a user did."""
    said = [one for one in attempt.evidence.get("said", ()) if one["word"] == word]
    return said[-1].get("by") if said else None


def was_said(attempt: Attempt, word: str) -> bool:
    """Whether a person said it, and not the clock or the centre."""
    return any(one["word"] == word for one in attempt.evidence.get("said", ()))


@transaction.atomic
def settle(*, attempt_id: int, word: str, by: User, why: str, now: datetime) -> Attempt:
    """A person at the desk says which of the contradicting words the chain goes by; the case takes its turn.

    After the case has closed, bad news opens a new one, as a late word does. Raises NotAllowedError where nothing is
    contradicted, for a word nobody said, or without a reason. The same again does nothing.
    """
    at_the_desk(by)
    if not why.strip():
        raise NotAllowedError("a reason is needed")
    case, attempt = held.lock(attempt_id)
    first = attempt.disposition or attempt.result
    kept = [one["word"] for one in attempt.evidence.get("contradicted", ())]
    if not kept:
        raise NotAllowedError("nothing that was said of this visit is contradicted")
    if word not in (first, *kept):
        raise NotAllowedError("nobody said that of this visit")
    before = attempt.evidence.get("settled", {})
    if (before.get("word"), before.get("of")) == (word, len(kept)):
        return attempt
    attempt.evidence = {
        **attempt.evidence,
        "settled": {"word": word, "by": by.pk, "at": now.isoformat(), "of": len(kept)},
    }
    attempt.save(update_fields=["evidence"])
    record.write("settled_words", now=now, case=case, by=by, why=why.strip(), attempt=attempt.pk, word=word)
    if case.is_open:
        held.wake(case, now)
    elif word in BAD_NEWS and word not in (before.get("word"), first):
        reopen(case, Disposition(word), now)
    return attempt
