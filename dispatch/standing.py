"""What people have judged so far, all in all: who has been met, who agreed and since when. No Django."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from dispatch.plan import Past
from dispatch.vocabulary import FACE_TO_FACE, Disposition, Level, Met, what_was_met

_WORDS = (Met.PERSUADED, Met.NOT_PERSUADED, Met.TRANSFERRED, Met.FALSE_ALARM)


@dataclass(frozen=True, slots=True)
class Standing:
    """The word that counts, and what follows from all of them."""

    spoken: Past | None  # the highest tier's last word
    gone: bool  # the money was sent before we reached them
    agreed_at: datetime | None  # since when the agreement has stood


def standing(past: Sequence[Past], level: Level) -> Standing:
    """Weigh the words in the order they were said: a voice cannot undo a door, a door can undo a voice.

    Money gone stays gone, unless whoever counts most calls it a false alarm.
    """
    words = [p for p in past if p.disposition and met(p, level) in _WORDS]
    if not words:
        return Standing(None, False, None)
    words.sort(key=lambda p: (p.heard_at, p.id))
    spoken, agreed_at = words[0], None
    for word in words:
        if word.tier >= spoken.tier:
            spoken = word
        agreed = met(spoken, level) is Met.PERSUADED
        agreed_at = (agreed_at or word.heard_at) if agreed else None
    if met(spoken, level) is Met.FALSE_ALARM:
        return Standing(spoken, False, None)
    gone = any(met(p, level) is Met.TRANSFERRED for p in words)
    return Standing(spoken, gone, None if gone else agreed_at)


def met(p: Past, level: Level) -> Met:
    """What an ended attempt met, as the chain of this level reads it. Raises ValueError for a live one."""
    if p.result is None:
        raise ValueError("a live attempt has met nothing yet")
    return what_was_met(p.tier, level, p.result, p.disposition)


def was_met(past: Sequence[Past]) -> bool:
    """Whether anybody ever met the target, identity checked."""
    return any(
        (p.result in FACE_TO_FACE) or (p.disposition not in (None, Disposition.WRONG_PERSON)) for p in past
    )
