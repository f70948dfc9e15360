"""What each ended attempt met: the result, who told of it, whose fault it was, and the raw evidence, masked."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.dateparse import parse_datetime
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


@dataclass(frozen=True, slots=True)
class Claim:
    """One word of several; `counts` if the chain goes by it."""

    code: str
    words: str
    who: str
    at: datetime | None
    counts: bool


@dataclass(frozen=True, slots=True)
class Dispute:
    """A visit of which officers say different things; `settled` once somebody has decided."""

    attempt: int
    words: str
    claims: tuple[Claim, ...]
    settled: bool


def disputes(attempts: Iterable[Attempt]) -> tuple[Dispute, ...]:
    """Every visit with contradicting reports, what nobody has decided first."""
    over = [a for a in attempts if a.evidence.get("contradicted")]
    users = User.objects.in_bulk({pk for a in over for pk in _claimants(a) if pk})
    found = [Dispute(a.pk, _where(a), _claims(a, users), _is_settled(a)) for a in over]
    return tuple(sorted(found, key=lambda one: (one.settled, one.attempt)))


def _is_settled(attempt: Attempt) -> bool:
    """Whether somebody has decided, and nothing was said since."""
    decided: int = attempt.evidence.get("settled", {}).get("of", 0)
    return decided == len(attempt.evidence["contradicted"])


def _claimants(attempt: Attempt) -> list[int | None]:
    return [_first_by(attempt), *(one["by"] for one in attempt.evidence["contradicted"])]


def _first_by(attempt: Attempt) -> int | None:
    first = attempt.disposition or attempt.result
    return next((said.get("by") for said in reversed(_said(attempt)) if said["word"] == first), None)


def _where(attempt: Attempt) -> str:
    return f"{name(Tier(attempt.tier))} {attempt.unit or ''}".strip()


def _claims(attempt: Attempt, users: Mapping[int, User]) -> tuple[Claim, ...]:
    first = attempt.disposition or attempt.result
    counts = attempt.evidence.get("settled", {}).get("word", first)
    told = [(first, _first_by(attempt), attempt.judged_at or attempt.ended_at)]
    told += [(one["word"], one["by"], parse_datetime(one["at"])) for one in attempt.evidence["contradicted"]]
    return tuple(
        Claim(
            word,
            wording.said(word),
            _person(users[by]) if by is not None and by in users else "",
            at,
            word == counts,
        )
        for word, by, at in told
    )


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
