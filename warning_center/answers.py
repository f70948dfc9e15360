"""How phones and people behave in a play: the answers file, read and checked. It can't say what the system does."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from dispatch.vocabulary import FACE_TO_FACE, RESULTS_OF, Disposition, Result, Tier

OURS = frozenset({Result.FAILED_HERE, Result.NOT_PLACED, Result.CANCELLED, Result.NO_NEWS})
MISSING = {
    Tier.VOICE: Result.NO_ANSWER,
    Tier.VIDEO: Result.NO_ANSWER,
    Tier.VISIT: Result.NOT_THERE,
    Tier.FOLLOW_UP: Result.NO_LOSS,
}
ANSWERED = frozenset(
    {Result.ANSWERED_UNVERIFIED, Result.ANSWERED_BY_OTHER, Result.MACHINE, Result.HUNG_UP, Result.AUDIO_ONLY}
)
_WORD = re.compile(r"([a-z_]+)(?:@(\d{1,7}))?")


class BadAnswers(ValueError):
    """The answers file is not one; the message names the reference, the tier and the word."""


@dataclass(frozen=True, slots=True)
class Word:
    """What one attempt meets, and how long after it began it ends."""

    tier: Tier
    result: Result | None
    disposition: Disposition | None
    lasts: timedelta


@dataclass(frozen=True, slots=True)
class Answers:
    """Word lists by the reference that opened the first case of a chain."""

    lists: Mapping[str, Mapping[Tier, Sequence[Word]]] = field(default_factory=dict)

    def word(self, reference: str, tier: Tier, index: int) -> Word:
        """The word for the attempt with this index (from 0) at this tier; the last one repeats."""
        words = self.lists.get(reference, {}).get(tier, ())
        return words[min(index, len(words) - 1)] if words else _word(tier, MISSING[tier])


def read(path: Path) -> Answers:
    """Read an answers file. Raises BadAnswers."""
    try:
        document = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as fault:
        raise BadAnswers(f"{path.name}: {fault}") from fault
    return parse(document)


def parse(document: object) -> Answers:
    """Check `{"REFERENCE": {"voice": [..], "video": [..], "visit": [..], "follow_up": [..]}}`. Raises BadAnswers."""
    if not isinstance(document, dict):
        raise BadAnswers("answers: an object of references is expected")
    return Answers({str(reference): _lists(str(reference), lists) for reference, lists in document.items()})


def _lists(reference: str, lists: object) -> dict[Tier, list[Word]]:
    if not isinstance(lists, dict):
        raise BadAnswers(f"{reference}: an object of tiers is expected")
    tiers = {tier.code: tier for tier in Tier}
    read_lists = {}
    for code, words in lists.items():
        if code not in tiers:
            raise BadAnswers(f"{reference}.{code}: unknown tier; known are {', '.join(tiers)}")
        if not isinstance(words, list):
            raise BadAnswers(f"{reference}.{code}: a list of words is expected")
        tier = tiers[code]
        read_lists[tier] = [_read_word(f"{reference}.{code}[{n}]", tier, w) for n, w in enumerate(words)]
    return read_lists


def _read_word(where: str, tier: Tier, text: object) -> Word:
    match = _WORD.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise BadAnswers(f"{where}: {text!r} is not a word such as busy or persuaded@40")
    word, seconds = match.groups()
    lasts = timedelta(seconds=int(seconds)) if seconds else None
    if word in RESULTS_OF[tier] and Result(word) not in FACE_TO_FACE | OURS:
        return _word(tier, Result(word), lasts=lasts)
    if word in set(Disposition) and tier is not Tier.FOLLOW_UP:
        return _word(tier, None, Disposition(word), lasts)
    raise BadAnswers(f"{where}: unknown word {word!r} for {tier.code}")


def _word(
    tier: Tier,
    result: Result | None,
    disposition: Disposition | None = None,
    lasts: timedelta | None = None,
) -> Word:
    return Word(tier, result, disposition, _usual(tier, result) if lasts is None else lasts)


def _usual(tier: Tier, result: Result | None) -> timedelta:
    """An answered call 60 s, an unanswered one 30 s, a visit 20 min, a check 10 min."""
    if tier is Tier.VISIT:
        return timedelta(minutes=20)
    if tier is Tier.FOLLOW_UP:
        return timedelta(minutes=10)
    return timedelta(seconds=60 if result is None or result in ANSWERED else 30)
