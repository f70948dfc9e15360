"""The addresses of the API and what is done at each; every endpoint gives the status and the JSON of its answer."""

from collections.abc import Callable, Mapping

from telephony.practice import api_calls as calls
from telephony.practice import api_rooms as rooms
from telephony.practice import api_texts as texts
from telephony.practice import checks, video
from telephony.practice.asked import Answer, Asked

Endpoint = Callable[[Asked], Answer]
_CA, _CF, _SM, _RE, _ANY = (p.pattern for p in map(checks.sid, ("CA", "CF", "SM|MM", "RE", "ZZ")))
_NAME = r"[^/]+"

# The path below the account, with the patterns of its sids; for each method what is done.
ENDPOINTS: list[tuple[str, Mapping[str, Endpoint]]] = [
    ("Calls", {"POST": calls.create_call, "GET": calls.list_calls}),
    (
        f"Calls/({_CA})",
        {"GET": calls.fetch_call, "POST": calls.update_call, "DELETE": calls.delete_call},
    ),
    (
        f"Calls/({_CA})/Recordings",
        {"POST": calls.create_recording, "GET": calls.list_call_recordings},
    ),
    (
        f"Calls/({_CA})/Recordings/({_RE}|Twilio\\.CURRENT)",
        {
            "GET": calls.fetch_call_recording,
            "POST": calls.update_recording,
            "DELETE": calls.delete_recording,
        },
    ),
    ("Recordings", {"GET": calls.list_recordings}),
    (f"Recordings/({_RE})", {"GET": calls.fetch_recording, "DELETE": calls.delete_recording}),
    ("Conferences", {"GET": rooms.list_conferences}),
    (f"Conferences/({_NAME})", {"GET": rooms.fetch_conference, "POST": rooms.update_conference}),
    (
        f"Conferences/({_NAME})/Participants",
        {"POST": rooms.create_participant, "GET": rooms.list_participants},
    ),
    (
        f"Conferences/({_NAME})/Participants/({_NAME})",
        {
            "GET": rooms.fetch_participant,
            "POST": rooms.update_participant,
            "DELETE": rooms.delete_participant,
        },
    ),
    ("Messages", {"POST": texts.create_message, "GET": texts.list_messages}),
    (
        f"Messages/({_SM})",
        {
            "GET": texts.fetch_message,
            "POST": texts.update_message,
            "DELETE": texts.delete_message,
        },
    ),
]

# The same below /v1, where the account is the one that asks.
VIDEO_ENDPOINTS: list[tuple[str, Mapping[str, Endpoint]]] = [
    ("Rooms", {"POST": video.create_room, "GET": video.list_rooms}),
    (f"Rooms/({_NAME})", {"GET": video.fetch_room, "POST": video.update_room}),
    (f"Rooms/({_NAME})/Participants", {"GET": video.list_participants}),
]
