"""What SIP and Q.850 say about a call, in our words: the rows of `telephony/tables/sip.toml`."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from telephony.carrier import CallResult, fault_of

TABLE = Path(__file__).parents[1] / "tables" / "sip.toml"
ANSWERED = "answered"
LIMIT = "limit"  # we gave up: it had rung, or been silent, for as long as we wait
SILENCE = "silence"  # nothing at all came back
WORDS = (ANSWERED, LIMIT, SILENCE)
FACTS = ("rang", "early", "forwarded", "sound_alone", "joined")


class BadTable(ValueError):
    """The table cannot be used; the message names the row."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a call ended: the final SIP status or one of WORDS, Q.850 causes, and what had been seen before."""

    answer: int | str
    causes: tuple[int, ...] = ()
    rang: bool = False  # a 180 was seen
    early: bool = False  # sound was offered before any answer
    forwarded: bool = False  # a 181 was seen
    sound_alone: bool = False  # a picture was asked for and none came
    joined: bool = True  # ours and theirs had heard of each other


@dataclass(frozen=True, slots=True)
class Row:
    result: CallResult
    source: str
    answers: frozenset[int | str]
    causes: frozenset[int]
    facts: Mapping[str, bool]

    def fits(self, ending: Ending) -> bool:
        return (
            ending.answer in self.answers
            and (not self.causes or not self.causes.isdisjoint(ending.causes))
            and all(getattr(ending, name) == value for name, value in self.facts.items())
        )


def meaning(ending: Ending) -> CallResult:
    """What such a call met: the first row that fits; OUTCOME_UNKNOWN if none does, never a guess."""
    return next((row.result for row in rows() if row.fits(ending)), CallResult.OUTCOME_UNKNOWN)


def unknown(ending: Ending) -> str:
    """The answer and causes no row has, raw and in short; empty if a row fits."""
    if any(row.fits(ending) for row in rows()):
        return ""
    causes = "".join(f" Q.850 {cause}" for cause in ending.causes)
    return f"SIP {ending.answer}{causes}"[:64]


@cache
def rows() -> tuple[Row, ...]:
    return read(TABLE.read_text(encoding="utf-8"))


def read(text: str) -> tuple[Row, ...]:
    """The rows of such a table. Raises BadTable."""
    return tuple(_row(said, n) for n, said in enumerate(tomllib.loads(text)["row"], 1))


def _row(said: Mapping[str, Any], n: int) -> Row:
    known = {"answer", "cause", "result", "fault", "source", *FACTS}
    if strange := set(said) - known:
        raise BadTable(f"row {n}: nothing is called {', '.join(sorted(strange))}")
    if not said.get("answer") or not said.get("source"):
        raise BadTable(f"row {n}: it says of which answers, and where that is written")
    try:
        result = CallResult(said.get("result", ""))
    except ValueError as fault:
        raise BadTable(f"row {n}: {fault}") from fault
    if said.get("fault") != fault_of(result):
        raise BadTable(f"row {n}: {result} is {fault_of(result)}'s fault")
    return Row(
        result,
        said["source"],
        frozenset(answer for word in said["answer"] for answer in _answers(word, n)),
        frozenset(said.get("cause", ())),
        {name: said[name] for name in FACTS if name in said},
    )


def _answers(word: int | str, n: int) -> Sequence[int | str]:
    """A status, all of a hundred of them (`5xx`), or a word."""
    if isinstance(word, int) or word in WORDS:
        return [word]
    if len(word) == 3 and word.endswith("xx") and word[0] in "3456":
        return range(100 * int(word[0]), 100 * int(word[0]) + 100)
    raise BadTable(f"row {n}: {word!r} is no answer")
