"""What the practice Twilio keeps of recordings: nothing is recorded, but all is told."""

from dataclasses import dataclass, field
from datetime import datetime

from telephony.practice.records import API, Call, Json, new_sid, seconds, stamp


@dataclass(eq=False)
class Recording:
    """A recording of a call or a conference; nothing is recorded."""

    call: Call
    source: str
    created: datetime
    callback: str = ""
    callback_events: tuple[str, ...] = ("completed",)
    channels: int = 1
    track: str = "both"
    room: str | None = None
    sid: str = field(default_factory=lambda: new_sid("RE"))
    status: str = "in-progress"
    ended: datetime | None = None

    @property
    def duration(self) -> str | None:
        return seconds(self.created, self.ended) if self.ended else None

    @property
    def short_uri(self) -> str:
        return f"/{API}/Accounts/{self.call.account}/Recordings/{self.sid}"

    def _common(self) -> Json:
        return {
            "account_sid": self.call.account,
            "api_version": API,
            "call_sid": self.call.sid,
            "channels": self.channels,
            "conference_sid": self.room,
            "date_created": stamp(self.created),
            "date_updated": stamp(self.ended or self.created),
            "duration": self.duration,
            "encryption_details": None,
            "error_code": None,
            "price": None,
            "price_unit": None,
            "sid": self.sid,
            "source": self.source,
            "start_time": stamp(self.created),
            "status": self.status,
        }

    def as_json(self) -> Json:
        """As a recording of its call."""
        uri = f"{self.call.uri.removesuffix('.json')}/Recordings/{self.sid}.json"
        return {**self._common(), "track": self.track, "uri": uri}

    def as_own_json(self) -> Json:
        """As it stands in the list of all recordings."""
        return {
            **self._common(),
            "media_url": f"https://api.twilio.com{self.short_uri}",
            "subresource_uris": {
                "add_on_results": f"{self.short_uri}/AddOnResults.json",
                "transcriptions": f"{self.short_uri}/Transcriptions.json",
            },
            "uri": f"{self.short_uri}.json",
        }
