"""A network in a process of its own (`manage.py carrier`, `manage.py trunk`), asked in small signed JSON over HTTP."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError, URLError

from telephony import tables
from telephony.carrier import CallKind, CallResult, CallStatus, CarrierError, Dial, Update
from telephony.signing import SIGNATURE, is_signed, post, sign


class RemoteCarrier:
    """Calls over that network. Its news comes to our callback address, signed with the same secret."""

    def __init__(self, *, clock: Callable[[], datetime], url: str, secret: str, timeout: float = 5) -> None:
        self.clock = clock
        self.url = url.rstrip("/")
        self.secret = secret
        self.timeout = timeout

    def place(self, dial: Dial) -> str:
        return str(self._ask("place", dial_to_wire(dial))["external_id"])

    def find(self, dial: Dial) -> Update | None:
        found = self._ask("find", dial_to_wire(dial))["update"]
        return None if found is None else update_from_wire(found)

    def hang_up(self, dial: Dial) -> None:
        self._ask("hang_up", dial_to_wire(dial))

    def send_text(self, *, key: str, number: str, body: str) -> str:
        return str(self._ask("text", {"key": key, "number": number, "body": body})["external_id"])

    def is_genuine(
        self, *, key: str, event: str, headers: Mapping[str, str], form: Mapping[str, str], body: bytes
    ) -> bool:
        """Whether the network signed this piece of news."""
        return is_signed(self.secret, f"{key}/{event}", body, headers.get(SIGNATURE, ""))

    def read(self, *, key: str, form: Mapping[str, str], body: bytes) -> Update:
        """A genuine piece of news. Raises ValueError if it is not about that call, or in no words of ours."""
        update = update_from_wire(json.loads(body))
        if update.key != key:
            raise ValueError("the news is about another call than its address")
        return update

    def _ask(self, what: str, about: Mapping[str, object]) -> dict[str, Any]:
        """One request; the network's answer. Raises CarrierError, certain only if nothing was done."""
        body = json.dumps(about).encode()
        try:
            answer: dict[str, Any] = json.loads(
                post(f"{self.url}/{what}", body, sign(self.secret, what, body), self.timeout)
            )
        except HTTPError as refusal:
            raise _refusal(refusal.code) from None
        except (OSError, HTTPException, ValueError) as fault:
            reason = fault.reason if isinstance(fault, URLError) else fault
            raise CarrierError(
                "the network did not answer",
                certain=isinstance(reason, ConnectionRefusedError),
                result=CallResult.CONGESTION,
                evidence={"fault": type(reason).__name__},
            ) from None
        if "refused" in answer:
            raise _refused(answer["refused"])
        return answer


def refusal_to_wire(fault: CarrierError) -> dict[str, object]:
    return {"why": str(fault), "result": fault.result, "evidence": fault.evidence}


def _refused(said: Mapping[str, Any]) -> CarrierError:
    """A refusal in the network's own words: it is certain."""
    result = CallResult(said["result"])
    return CarrierError(str(said["why"]), certain=True, result=result, evidence=said["evidence"])


def _refusal(status: int) -> CarrierError:
    """409 says that the call was asked for before: that one may well ring."""
    certain = 400 <= status <= 499 and status != 409
    result = CallResult.CONGESTION if status == 429 or not certain else CallResult.FAILED_HERE
    return CarrierError(
        "the network refused", certain=certain, result=result, evidence={"http_status": status}
    )


def dial_to_wire(dial: Dial) -> dict[str, object]:
    return {
        "key": dial.key,
        "number": dial.number,
        "kind": dial.kind,
        "dialled_at": dial.dialled_at.isoformat(),
        "mode": dial.mode,
        "tag": dial.tag,
        "external_id": dial.external_id,
        "caller": dial.caller,
        "desk": dial.desk,
    }


def dial_from_wire(said: Mapping[str, Any]) -> Dial:
    """Raises ValueError if it is not in our words."""
    try:
        when = datetime.fromisoformat(said["dialled_at"])
        return Dial(**{**said, "kind": CallKind(said["kind"]), "dialled_at": when})
    except (TypeError, KeyError) as fault:
        raise ValueError(f"not a call to dial: {fault}") from fault


def update_to_wire(update: Update) -> dict[str, object]:
    return {
        "key": update.key,
        "status": update.status,
        "result": update.result,
        "external_id": update.external_id,
        "at": update.at.isoformat() if update.at else None,
        "evidence": dict(update.evidence),
        "unknown": update.unknown,
    }


def update_from_wire(said: Mapping[str, Any]) -> Update:
    """A network may tell, instead of a result, a voice service's own code, `service` and `code`, or what a carrier's
    announcement was heard to say, `heard`: the tables know what that means. Raises ValueError for words not ours.
    """
    try:
        status = CallStatus(said["status"])
        result, unknown = _translated(said, status)
        raw = {name: said[name] for name in ("service", "code", "heard") if name in said}
        return Update(
            key=said["key"],
            status=status,
            result=result,
            external_id=said["external_id"],
            at=datetime.fromisoformat(said["at"]) if said["at"] else None,
            evidence={**said["evidence"], **raw},
            unknown=unknown or str(said.get("unknown", ""))[:64],
        )
    except (TypeError, KeyError) as fault:
        raise ValueError(f"not a piece of news: {fault}") from fault


def _translated(said: Mapping[str, Any], status: CallStatus) -> tuple[CallResult | None, str]:
    """The result, and the raw code if no table knows it."""
    if said["result"] or status is not CallStatus.ENDED:
        return (CallResult(said["result"]) if said["result"] else None), ""
    if "code" in said:
        service, code = str(said.get("service", "")), str(said["code"])
        return tables.of_code(service, code), "" if tables.of_code(service, code) else f"{service} {code}"[
            :64
        ]
    if "heard" in said:
        result = tables.of_announcement(str(said["heard"]))
        return result, "" if result else "announcement"
    return None, ""
