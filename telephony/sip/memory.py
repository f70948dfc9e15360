"""A live call as plain words for a journal, and back: so that a talk outlives the process that joined it."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from telephony.carrier import CallKind, CallResult, CallStatus, Dial
from telephony.sip.call import Call

_FACTS = ("status", "result", "rang", "early", "forwarded", "joined", "pictured", "seen", "unknown")


def remember(call: Call) -> dict[str, Any]:
    """All that is needed to go on with it. It holds the number: it is for sealed places only."""
    return {
        "dial": {**asdict(call.dial), "dialled_at": call.dial.dialled_at.isoformat()},
        "facts": {name: getattr(call, name) for name in _FACTS},
        "evidence": call.evidence,
        "answered_at": call.answered_at and call.answered_at.isoformat(),
        "lead": call.lead.plain(),
        "person": call.person.plain(),
    }


def dial_of(said: Mapping[str, Any]) -> Dial:
    """What was asked for."""
    plain = said["dial"]
    when = datetime.fromisoformat(plain["dialled_at"])
    return Dial(**{**plain, "kind": CallKind(plain["kind"]), "dialled_at": when})


def revive(call: Call, said: Mapping[str, Any]) -> None:
    """Make a new call, whose legs have been made, what `remember` told."""
    for name in _FACTS:
        if name in said["facts"]:  # a journal of before knew fewer
            setattr(call, name, said["facts"][name])
    call.status = CallStatus(call.status)
    call.result = CallResult(call.result) if call.result else None
    call.evidence = dict(said["evidence"])
    call.answered_at = datetime.fromisoformat(said["answered_at"]) if said["answered_at"] else None
    call.lead.resume(said["lead"])
    call.person.resume(said["person"])
    call.go_on()
