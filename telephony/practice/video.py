"""The practice Twilio's video rooms: made, entered and left by name, ended; each step told by a signed callback."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from telephony.practice import checks, post
from telephony.practice.asked import Answer, Asked
from telephony.practice.checks import one
from telephony.practice.codes import Refused
from telephony.practice.switch import Switch
from telephony.practice.video_records import Person, Room

CREATE: Mapping[str, checks.Check] = {
    "Type": checks.words("group", "go", "peer-to-peer", "group-small"),
    "MaxParticipants": checks.whole(1, 50),
    "MaxParticipantDuration": checks.whole(600, 86400),
    "EmptyRoomTimeout": checks.whole(1, 60),
    "UnusedRoomTimeout": checks.whole(1, 60),
    "RecordParticipantsOnConnect": checks.BOOLEAN,
    "StatusCallback": checks.CALLBACK,
    "StatusCallbackMethod": checks.METHOD,
}


# ---- What the API is asked


def create_room(asked: Asked) -> Answer:
    checks.every(asked.form, CREATE)
    name = one(asked.form, "UniqueName")
    if any(room.name == name and not room.ended for room in _mine(asked)):
        raise Refused(53113)
    made = Room(asked.account, asked.token, name, one(asked.form, "StatusCallback"), asked.switch.now())
    asked.switch.video[made.sid] = made
    _tell(asked.switch, made, "room-created", made.made)
    return 201, made.as_json()


def list_rooms(asked: Asked) -> Answer:
    status, name = one(asked.query, "Status", "in-progress"), one(asked.query, "UniqueName")
    rows = [room for room in _mine(asked) if room.status == status and (not name or room.name == name)]
    return 200, _page("rooms", [room.as_json() for room in reversed(rows)], asked.path)


def fetch_room(asked: Asked) -> Answer:
    return 200, _room(asked).as_json()


def update_room(asked: Asked) -> Answer:
    room = _room(asked)
    if one(asked.form, "Status") != "completed":
        raise Refused(20001, "Status")
    end(asked.switch, room, asked.switch.now())
    return 200, room.as_json()


def list_participants(asked: Asked) -> Answer:
    room = _room(asked)
    return 200, _page("participants", [person.as_json(room) for person in room.people], asked.path)


# ---- What happens in the rooms


def enter(switch: Switch, room: Room, identity: str, at: datetime) -> None:
    """Somebody's browser comes in; into a room that has ended nobody does."""
    if not room.ended:
        person = Person(identity, at)
        room.people.append(person)
        _tell(switch, room, "participant-connected", at, person)


def leave(switch: Switch, room: Room, identity: str, at: datetime) -> None:
    for person in room.people:
        if person.identity == identity and not person.left:
            person.left = at
            _tell(switch, room, "participant-disconnected", at, person)


def end(switch: Switch, room: Room, at: datetime) -> None:
    """The room is over, and all are out of it."""
    if room.ended:
        return
    for person in room.people:
        leave(switch, room, person.identity, at)
    room.ended = at
    _tell(switch, room, "room-ended", at)


def _tell(switch: Switch, room: Room, event: str, at: datetime, person: Person | None = None) -> None:
    form = {
        "AccountSid": room.account,
        "RoomName": room.name,
        "RoomSid": room.sid,
        "RoomStatus": room.status,
        "RoomType": "group",
        "StatusCallbackEvent": event,
        "Timestamp": f"{at:%Y-%m-%dT%H:%M:%S.%f}Z",
        "SequenceNumber": str(room.told),
    }
    room.told += 1
    if person is not None:
        form |= {"ParticipantSid": person.sid, "ParticipantIdentity": person.identity}
        form["ParticipantStatus"] = "disconnected" if person.left else "connected"
        if person.left:
            form["ParticipantDuration"] = str(person.lasted())
    if room.ended:
        form["RoomDuration"] = str(int((room.ended - room.made).total_seconds()))
    if room.callback:
        switch.mail(post.letter(room.sid, "room", room.callback, form, room.token), at)


def _mine(asked: Asked) -> list[Room]:
    return [room for room in asked.switch.video.values() if room.account == asked.account]


def _room(asked: Asked) -> Room:
    """By its sid, or by its name while it lasts. Raises Refused."""
    named = asked.named[0]
    for room in _mine(asked):
        if room.sid == named or (room.name == named and not room.ended):
            return room
    raise asked.missing()


def _page(name: str, rows: list[dict[str, Any]], path: str) -> dict[str, Any]:
    meta = {"page": 0, "page_size": 50, "key": name, "url": path, "next_page_url": None}
    return {name: rows, "meta": {**meta, "first_page_url": path, "previous_page_url": None}}
