"""What the centre and its relay say to each other about a call: small JSON that names nobody who is called."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from telephony.carrier import CallResult, CallStatus, Update
from telephony.video.lobby import Told


def to_wire(told: Told, now: float) -> dict[str, object]:
    """Times travel as an age in seconds: the two clocks need not agree."""
    news = told.news
    return {
        "key": told.key,
        "status": news.status,
        "result": news.result,
        "external_id": told.external_id,
        "age": max(0.0, now - news.at),
        "evidence": dict(news.evidence),
    }


def from_wire(said: Mapping[str, Any], now: datetime) -> Update:
    """Raises ValueError if it is not in our words."""
    try:
        return Update(
            key=said["key"],
            status=CallStatus(said["status"]),
            result=CallResult(said["result"]) if said["result"] else None,
            external_id=said["external_id"],
            at=now - timedelta(seconds=said["age"]),
            evidence=said["evidence"],
        )
    except (TypeError, KeyError) as fault:
        raise ValueError(f"not a piece of news: {fault}") from fault
