"""What is kept of how an attempt ended: whose fault it was, and the raw evidence, whoever or whatever told of it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from dispatch.models import Attempt, User
from dispatch.vocabulary import Result
from telephony.carrier import FAULT_OF, CallResult, Fault

R = Result
_OURS = dict.fromkeys((R.NO_ACKNOWLEDGEMENT, R.CANCELLED, R.NOT_PLACED), Fault.OURS)
_NOBODYS = dict.fromkeys(
    (R.REACHED, R.MET, R.ANSWERED_UNVERIFIED, R.WRONG_ADDRESS, R.NO_LOSS, R.LOSS, R.RELAPSE, R.NO_NEWS),
    Fault.NOBODY,
)
_LINES = {R(result.value): fault for result, fault in FAULT_OF.items() if result is not CallResult.ANSWERED}
_FAULTS = {**_LINES, **_OURS, **_NOBODYS}


def whose_fault(result: Result) -> Fault:
    """What is not listed lies with the person's side. A carrier's or our own never counts against the person."""
    return _FAULTS.get(result, Fault.PERSON)


def end(attempt: Attempt, result: Result, now: datetime, **evidence: Any) -> None:
    """A live attempt ends; still to be saved. What was kept of it before stays."""
    attempt.result, attempt.fault = result, whose_fault(result)
    attempt.evidence = {**attempt.evidence, **evidence}
    attempt.ended_at, attempt.due_at = now, None


def hear(
    attempt: Attempt,
    word: str,
    *,
    now: datetime,
    by: User | None,
    agent: str,
    evidence: Mapping[str, Any] | None = None,
    note: str = "",
) -> None:
    """A person has said a word about an attempt: who and when, with their ticks and note; still to be saved."""
    who = {"by": by.pk} if by else {"agent": agent or "engine"}
    said = [*attempt.evidence.get("said", ()), {"word": word, "at": now.isoformat(), **who}]
    attempt.evidence = {**attempt.evidence, **(evidence or {}), "said": said}
    attempt.note = "\n".join(filter(None, (attempt.note, note)))
