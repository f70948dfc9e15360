"""What the practice Twilio keeps of calls, texts, conferences and recordings, each shown as Twilio's API shows it."""

import uuid
from collections.abc import Generator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

from telephony.practice.phones import Phone

API = "2010-04-01"
Json = dict[str, object]
Fields = dict[str, list[str]]

OVER = ("completed", "busy", "failed", "no-answer", "canceled")
CALL_PARTS = (
    "Notifications", "Recordings", "Payments", "Events", "Siprec", "Streams", "Transcriptions",
    "UserDefinedMessageSubscriptions", "UserDefinedMessages",
)  # fmt: skip


def new_sid(prefix: str) -> str:
    return f"{prefix}{uuid.uuid4().hex}"


def stamp(at: datetime | None) -> str | None:
    """A time as Twilio writes it: RFC 2822, in UTC, whole seconds."""
    return None if at is None else format_datetime(at.astimezone(UTC))


def seconds(since: datetime | None, until: datetime | None) -> str:
    """Whole seconds between two moments, as Twilio writes them; 0 if there are not two."""
    passed = (until - since) if since and until else timedelta()
    return str(max(0, round(passed.total_seconds())))


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")


@dataclass(eq=False)
class Call:
    """One call, or one leg of one. `fields` is the request that made it."""

    account: str
    token: str
    to: str
    caller: str
    fields: Fields
    phone: Phone
    created: datetime
    direction: str = "outbound-api"
    parent: str | None = None
    sid: str = field(default_factory=lambda: new_sid("CA"))
    status: str = "queued"
    updated: datetime | None = None
    started: datetime | None = None
    answered: datetime | None = None
    ended: datetime | None = None
    answered_by: str | None = None
    sip: int | None = None
    detected: bool = False
    events: int = 0  # fired so far
    presses: str = ""
    document: str = ""  # where its TwiML came from
    room: "Conference | None" = None
    as_participant: "Participant | None" = None
    child: "Call | None" = None
    life: Generator[Any, Any, None] | None = None
    moving: bool = False  # its life goes on this very moment
    epoch: int = 0  # how often its life has moved: what waited for an older one waits for nothing
    held: list[Any] = field(default_factory=list)  # letters kept for the end

    def __post_init__(self) -> None:
        self.presses = self.phone.presses

    @property
    def is_live(self) -> bool:
        return self.status not in OVER

    @property
    def uri(self) -> str:
        return f"/{API}/Accounts/{self.account}/Calls/{self.sid}.json"

    def one(self, name: str, otherwise: str = "") -> str:
        """A field of the request."""
        return (self.fields.get(name) or [""])[0] or otherwise

    def as_json(self) -> Json:
        base = self.uri.removesuffix(".json")
        completed = self.status == "completed"
        return {
            "account_sid": self.account,
            "answered_by": self.answered_by,
            "api_version": API,
            "caller_name": None,
            "date_created": stamp(self.created),
            "date_updated": stamp(self.updated or self.created),
            "direction": self.direction,
            "duration": seconds(self.answered, self.ended) if self.ended else None,
            "end_time": stamp(self.ended) if completed else None,
            "forwarded_from": None,  # told of calls that come in alone
            "from": self.caller,
            "from_formatted": self.caller,
            "group_sid": None,
            "parent_call_sid": self.parent,
            "phone_number_sid": None,
            "price": None,
            "price_unit": "USD",
            "queue_time": "0",
            "sid": self.sid,
            "start_time": stamp(self.answered or self.started),
            "status": self.status,
            "subresource_uris": {_snake(part): f"{base}/{part}.json" for part in CALL_PARTS},
            "to": self.to,
            "to_formatted": self.to,
            "trunk_sid": None,
            "uri": self.uri,
        }


@dataclass(eq=False)
class Message:
    """One text."""

    account: str
    token: str
    to: str
    sender: str | None
    service: str | None
    body: str
    callback: str
    phone: Phone
    created: datetime
    media: int = 0
    status: str = "queued"
    sid: str = field(default_factory=lambda: new_sid("SM"))
    updated: datetime | None = None
    sent: datetime | None = None
    error: int | None = None

    @property
    def uri(self) -> str:
        return f"/{API}/Accounts/{self.account}/Messages/{self.sid}.json"

    def as_json(self) -> Json:
        plain = all(ord(letter) < 128 for letter in self.body)
        short, long = (160, 153) if plain else (70, 67)  # GSM-7, UCS-2
        parts = 1 if len(self.body) <= short else -(-len(self.body) // long)
        return {
            "account_sid": self.account,
            "api_version": API,
            "body": self.body,
            "date_created": stamp(self.created),
            "date_sent": stamp(self.sent),
            "date_updated": stamp(self.updated or self.created),
            "direction": "outbound-api",
            "error_code": self.error,
            "error_message": None if self.error is None else "Unreachable destination handset",
            "from": self.sender,
            "messaging_service_sid": self.service,
            "num_media": str(self.media),
            "num_segments": str(parts),
            "price": None,
            "price_unit": "USD",
            "sid": self.sid,
            "status": self.status,
            "subresource_uris": {"media": f"{self.uri.removesuffix('.json')}/Media.json"},
            "to": self.to,
            "uri": self.uri,
        }


@dataclass(eq=False)
class Conference:
    """A room of several calls."""

    account: str
    token: str
    name: str
    created: datetime
    sid: str = field(default_factory=lambda: new_sid("CF"))
    status: str = "init"
    updated: datetime | None = None
    people: dict[str, "Participant"] = field(default_factory=dict)  # by the sid of their call
    why_ended: str | None = None
    ended_by: str | None = None
    callback: str = ""
    callback_events: tuple[str, ...] = ()
    events: int = 0

    @property
    def uri(self) -> str:
        return f"/{API}/Accounts/{self.account}/Conferences/{self.sid}.json"

    def as_json(self) -> Json:
        base = self.uri.removesuffix(".json")
        return {
            "account_sid": self.account,
            "api_version": API,
            "call_sid_ending_conference": self.ended_by,
            "date_created": stamp(self.created),
            "date_updated": stamp(self.updated or self.created),
            "friendly_name": self.name,
            "reason_conference_ended": self.why_ended,
            "region": "us1",
            "sid": self.sid,
            "status": self.status,
            "subresource_uris": {
                "participants": f"{base}/Participants.json",
                "recordings": f"{base}/Recordings.json",
            },
            "uri": self.uri,
        }


@dataclass(eq=False)
class Participant:
    """One call's place in a conference."""

    call: Call
    room: Conference
    created: datetime
    label: str | None = None
    muted: bool = False
    hold: bool = False
    coaching: bool = False
    coaches: str | None = None
    start_on_enter: bool = True
    end_on_exit: bool = False
    status: str = "queued"
    updated: datetime | None = None

    def as_json(self) -> Json:
        return {
            "account_sid": self.call.account,
            "call_sid": self.call.sid,
            "call_sid_to_coach": self.coaches,
            "coaching": self.coaching,
            "conference_sid": self.room.sid,
            "date_created": stamp(self.created),
            "date_updated": stamp(self.updated or self.created),
            "end_conference_on_exit": self.end_on_exit,
            "hold": self.hold,
            "label": self.label,
            "muted": self.muted,
            "queue_time": "0",
            "start_conference_on_enter": self.start_on_enter,
            "status": self.status,
            "uri": f"{self.room.uri.removesuffix('.json')}/Participants/{self.call.sid}.json",
        }
