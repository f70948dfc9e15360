"""What the practice Twilio knows of a video room and of those who came into it."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import uuid4


def iso(at: datetime | None) -> str | None:
    """As Twilio writes a moment in JSON of its newer APIs: in whole seconds."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ") if at else None


@dataclass(slots=True)
class Person:
    """Somebody in a room."""

    identity: str
    came: datetime
    left: datetime | None = None
    sid: str = field(default_factory=lambda: f"PA{uuid4().hex}")

    def lasted(self) -> int:
        return int(((self.left or self.came) - self.came).total_seconds())

    def as_json(self, room: "Room") -> dict[str, Any]:
        return {
            "sid": self.sid,
            "room_sid": room.sid,
            "account_sid": room.account,
            "identity": self.identity,
            "status": "disconnected" if self.left else "connected",
            "date_created": iso(self.came),
            "date_updated": iso(self.left or self.came),
            "start_time": iso(self.came),
            "end_time": iso(self.left),
            "duration": self.lasted() if self.left else None,
        }


@dataclass(slots=True)
class Room:
    """A room, and all who ever came into it."""

    account: str
    token: str
    name: str
    callback: str
    made: datetime
    ended: datetime | None = None
    people: list[Person] = field(default_factory=list)
    told: int = 0
    sid: str = field(default_factory=lambda: f"RM{uuid4().hex}")

    @property
    def status(self) -> str:
        return "completed" if self.ended else "in-progress"

    def as_json(self) -> dict[str, Any]:
        return {
            "sid": self.sid,
            "account_sid": self.account,
            "unique_name": self.name,
            "status": self.status,
            "type": "group",
            "date_created": iso(self.made),
            "date_updated": iso(self.ended or self.made),
            "end_time": iso(self.ended),
            "duration": int((self.ended - self.made).total_seconds()) if self.ended else None,
            "status_callback": self.callback,
            "status_callback_method": "POST",
            "max_participants": 2,
            "url": f"https://video.twilio.com/v1/Rooms/{self.sid}",
            "links": {"participants": f"https://video.twilio.com/v1/Rooms/{self.sid}/Participants"},
        }
