"""What each ended attempt met: the result, who told of it, whose fault it was, and the raw evidence, masked."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from dispatch import wording
from dispatch.models import Attempt, User
from dispatch.models.choices import name
from dispatch.vocabulary import Disposition, Result, Tier
from telephony import numbers
from telephony.carrier import Fault

MOST = 50
_NUMBER = re.compile(r"\+?\d{7,}|\b1\d{2}[ -]\d{4}[ -]\d{4}\b")


@dataclass(frozen=True, slots=True)
class Ended:
    """One ended attempt. `fault` is blank unless it was the carrier's or ours; `evidence` is JSON."""

    words: str
    about: str
    at: datetime | None
    who: str
    fault: str
    evidence: str


def ended(attempts: Iterable[Attempt]) -> tuple[Ended, ...]:
    """The newest ended attempts, the newest first; each with its call and unit at hand."""
    over = sorted((a for a in attempts if a.ended_at), key=lambda a: (a.ended_at, a.pk), reverse=True)[:MOST]
    users = User.objects.in_bulk({said["by"] for a in over for said in _said(a) if "by" in said})
    return tuple(
        Ended(
            words=_words(attempt),
            about=attempt.phone.masked if attempt.phone else str(attempt.unit or ""),
            at=attempt.ended_at,
            who=_who(attempt, users),
            fault=_fault(attempt),
            evidence=_raw(attempt),
        )
        for attempt in over
    )


def _said(attempt: Attempt) -> list[dict[str, Any]]:
    said: list[dict[str, Any]] = attempt.evidence.get("said", [])
    return said


def _words(attempt: Attempt) -> str:
    met = [name(Result(attempt.result))]
    met += [name(Disposition(attempt.disposition))] if attempt.disposition else []
    return f"{name(Tier(attempt.tier))} {_(', ').join(met)}"


def _who(attempt: Attempt, users: Mapping[int, User]) -> str:
    """Whoever said a word, first the one it ended by; else what ended it."""
    who = [
        _person(users[said["by"]]) if "by" in said else wording.agent(said["agent"])
        for said in _said(attempt)
    ]
    if "time_up" in attempt.evidence:
        who.insert(0, _("its time was up"))
    elif "stood_down" in attempt.evidence:
        who.insert(0, wording.agent("engine"))
    elif "line" in attempt.evidence:
        who.insert(0, wording.agent("line"))
    return _(", ").join(dict.fromkeys(who))


def _person(user: User) -> str:
    return str(user.get_full_name() or user)


def _fault(attempt: Attempt) -> str:
    blamed = attempt.fault in (Fault.CARRIER, Fault.OURS) and attempt.result != Result.CANCELLED
    return name(Fault(attempt.fault)) if blamed else ""


def _raw(attempt: Attempt) -> str:
    """What the carrier said, word for word, and what else was kept; numbers masked."""
    line = {"line": attempt.call.evidence} if attempt.call and attempt.call.evidence else {}
    kept = {**attempt.evidence, **line}
    return json.dumps(mask(kept), ensure_ascii=False, indent=1) if kept else ""


def mask(raw: Any) -> Any:
    """The same data with every telephone or account number in it masked, however deep."""
    match raw:
        case str():
            return _NUMBER.sub(lambda found: numbers.mask(found[0]), raw)
        case bool() | None:
            return raw
        case int() if len(str(abs(raw))) >= 7:
            return numbers.mask(str(raw))
        case dict():
            return {mask(key): mask(value) for key, value in raw.items()}
        case list():
            return [mask(value) for value in raw]
    return raw
