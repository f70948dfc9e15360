"""The endpoints of the API: each takes what was asked and gives the status and the JSON of its answer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from telephony.practice import checks, lists, requests, rooms, twiml
from telephony.practice.checks import Form, one
from telephony.practice.codes import Refused
from telephony.practice.lives import Redirected
from telephony.practice.records import Call, Conference, Message, Participant, Recording
from telephony.practice.switch import Switch

Json = Mapping[str, Any]
Answer = tuple[int, Json | None]


@dataclass(frozen=True, slots=True)
class Asked:
    """One request: whose, in which words, for what."""

    switch: Switch
    account: str
    token: str
    path: str
    form: Form
    query: Form
    named: tuple[str, ...]  # the sids in the address

    def missing(self) -> Refused:
        return Refused(20404, self.path)

    def call(self, nth: int = 0) -> Call:
        """The call that is named. Raises Refused."""
        call = self.switch.calls.get(self.named[nth])
        if call is None or call.account != self.account:
            raise self.missing()
        return call


# ---- calls


def create_call(asked: Asked) -> Answer:
    to, caller = requests.call_wanted(asked.form)
    switch = asked.switch
    switch.made_at.append(switch.clock())
    phone = switch.phones.next(to)
    if phone.refuse:
        status, code = phone.refuse
        raise Refused(code, to, status=status)
    call = Call(asked.account, asked.token, to, caller, dict(asked.form), phone, switch.clock())
    switch.place(call)
    return 201, call.as_json()


def list_calls(asked: Asked) -> Answer:
    query = asked.query
    checks.every(query, requests.LIST_CALLS)
    rows = [
        call
        for call in reversed(asked.switch.calls.values())
        if call.account == asked.account
        and one(query, "To", call.to) == call.to
        and one(query, "From", call.caller) == call.caller
        and one(query, "ParentCallSid", call.parent or "") == (call.parent or "")
        and one(query, "Status", call.status) == call.status
        and lists.in_time(query, "StartTime", call.answered or call.started)
        and lists.in_time(query, "EndTime", call.ended)
    ]
    return 200, lists.page(rows, Call.as_json, query, path=asked.path, name="calls")


def fetch_call(asked: Asked) -> Answer:
    return 200, asked.call().as_json()


def update_call(asked: Asked) -> Answer:
    """Hang up, or go on with other TwiML."""
    call, form, switch = asked.call(), asked.form, asked.switch
    checks.every(form, requests.UPDATE_CALL)
    if switch.deaf:
        raise Refused(20500)
    status = one(form, "Status")
    if status and one(form, "Twiml") + one(form, "Url"):
        raise Refused(20001, "Status cannot be given with Url or Twiml")
    if status == "canceled" and call.status not in ("queued", "ringing"):
        raise Refused(21220)
    if status and not switch.hang_up(call):
        raise Refused(21220)
    if one(form, "Twiml") or one(form, "Url"):
        verbs = None if one(form, "Url") else twiml.read(one(form, "Twiml"))
        if not switch.redirect(call, Redirected(verbs, one(form, "Url"), one(form, "Method", "POST"))):
            raise Refused(21220)
    return 200, call.as_json()


def delete_call(asked: Asked) -> Answer:
    call = asked.call()
    if call.is_live:
        raise Refused(20001, "the call is not over")
    del asked.switch.calls[call.sid]
    return 204, None


# ---- recordings


def create_recording(asked: Asked) -> Answer:
    call, form = asked.call(), asked.form
    checks.every(form, requests.CREATE_RECORDING)
    if call.status != "in-progress":
        raise Refused(21220)
    events = tuple(word for said in form.get("RecordingStatusCallbackEvent", ()) for word in said.split())
    kept = Recording(
        call,
        "StartCallRecordingAPI",
        asked.switch.now(),
        one(form, "RecordingStatusCallback"),
        events or ("completed",),
        2 if one(form, "RecordingChannels") == "dual" else 1,
        one(form, "RecordingTrack", "both"),
    )
    rooms.begin_recording(asked.switch, kept)
    return 201, kept.as_json()


def _recordings(asked: Asked, **wanted: str) -> list[Recording]:
    return [
        kept
        for kept in reversed(asked.switch.recordings.values())
        if kept.call.account == asked.account
        and wanted.get("call", kept.call.sid) == kept.call.sid
        and wanted.get("room", kept.room) == kept.room
        and lists.in_time(asked.query, "DateCreated", kept.created)
    ]


def list_call_recordings(asked: Asked) -> Answer:
    rows = _recordings(asked, call=asked.call().sid)
    return 200, lists.page(rows, Recording.as_json, asked.query, path=asked.path, name="recordings")


def list_recordings(asked: Asked) -> Answer:
    checks.every(asked.query, requests.LIST_RECORDINGS)
    wanted = {"call": one(asked.query, "CallSid"), "room": one(asked.query, "ConferenceSid")}
    rows = _recordings(asked, **{name: said for name, said in wanted.items() if said})
    return 200, lists.page(rows, Recording.as_own_json, asked.query, path=asked.path, name="recordings")


def _recording(asked: Asked, sid: str) -> Recording:
    kept = asked.switch.recordings.get(sid)
    if kept is None or kept.call.account != asked.account:
        raise asked.missing()
    return kept


def fetch_recording(asked: Asked) -> Answer:
    return 200, _recording(asked, asked.named[-1]).as_own_json()


def fetch_call_recording(asked: Asked) -> Answer:
    return 200, _of_call(asked).as_json()


def _of_call(asked: Asked) -> Recording:
    kept = _recording(asked, asked.named[1])
    if kept.call is not asked.call():
        raise asked.missing()
    return kept


def update_recording(asked: Asked) -> Answer:
    """Stop, pause, or go on; `Twilio.CURRENT` names the one that runs."""
    form = asked.form
    if not one(form, "Status"):
        raise Refused(20001, "Status is required")
    checks.every(form, requests.UPDATE_RECORDING)
    if asked.named[1] == "Twilio.CURRENT":
        running = [
            kept for kept in asked.switch.recordings.values() if kept.call is asked.call() and not kept.ended
        ]
        if not running:
            raise asked.missing()
        kept = running[-1]
    else:
        kept = _of_call(asked)
    if kept.ended is not None:
        raise Refused(21220)
    if one(form, "Status") == "stopped":
        rooms.finish(asked.switch, kept)
        return 200, {**kept.as_json(), "status": "stopped"}
    kept.status = one(form, "Status")
    return 200, kept.as_json()


def delete_recording(asked: Asked) -> Answer:
    del asked.switch.recordings[_recording(asked, asked.named[-1]).sid]
    return 204, None


# ---- conferences


def list_conferences(asked: Asked) -> Answer:
    query = asked.query
    checks.every(query, requests.LIST_CONFERENCES)
    rows = [
        room
        for room in reversed(asked.switch.conferences.values())
        if room.account == asked.account
        and one(query, "FriendlyName", room.name) == room.name
        and one(query, "Status", room.status) == room.status
        and lists.in_time(query, "DateCreated", room.created)
        and lists.in_time(query, "DateUpdated", room.updated or room.created)
    ]
    return 200, lists.page(rows, Conference.as_json, query, path=asked.path, name="conferences")


def _conference(asked: Asked) -> Conference:
    """By its sid, or by its name while it lasts. Raises Refused."""
    for room in reversed(asked.switch.conferences.values()):
        named = room.sid == asked.named[0] or (room.name == asked.named[0] and room.status != "completed")
        if named and room.account == asked.account:
            return room
    raise asked.missing()


def fetch_conference(asked: Asked) -> Answer:
    return 200, _conference(asked).as_json()


def update_conference(asked: Asked) -> Answer:
    room = _conference(asked)
    checks.every(asked.form, requests.UPDATE_CONFERENCE)
    if one(asked.form, "Status") == "completed":
        rooms.end(asked.switch, room, "conference-ended-via-api")
    if one(asked.form, "AnnounceUrl"):
        rooms.announce(
            asked.switch, room, one(asked.form, "AnnounceUrl"), one(asked.form, "AnnounceMethod", "POST")
        )
    return 200, room.as_json()


def create_participant(asked: Asked) -> Answer:
    """Ring somebody and bring them into the room, which is made if there is none of that name."""
    form, switch = asked.form, asked.switch
    to, caller = requests.participant_wanted(form)
    name = asked.named[0]
    if checks.sid("CF").fullmatch(name):
        room = _conference(asked)
        if room.status == "completed":
            raise asked.missing()
    else:
        room = rooms.room_called(switch, asked.account, asked.token, name)
    switch.made_at.append(switch.clock())
    phone = switch.phones.next(to)
    if phone.refuse:
        raise Refused(phone.refuse[1], to, status=phone.refuse[0])
    fields = {**form, "ConferenceSid": [room.sid]}
    call = Call(asked.account, asked.token, to, one(form, "CallerId", caller), fields, phone, switch.clock())
    call.as_participant = participant = Participant(
        call,
        room,
        switch.clock(),
        label=one(form, "Label") or None,
        muted=one(form, "Muted") == "true",
        coaching=one(form, "Coaching") == "true" or bool(one(form, "CallSidToCoach")),
        coaches=one(form, "CallSidToCoach") or None,
        start_on_enter=one(form, "StartConferenceOnEnter", "true") == "true",
        end_on_exit=one(form, "EndConferenceOnExit") == "true",
    )
    room.people[call.sid] = participant
    switch.place(call)
    return 201, participant.as_json()


def list_participants(asked: Asked) -> Answer:
    """Those who are in the room, or on their way."""
    room, query = _conference(asked), asked.query
    checks.every(query, requests.LIST_PARTICIPANTS)
    rows = [
        person
        for person in room.people.values()
        if person.status not in ("complete", "failed")
        and all(
            one(query, name, str(flag).lower()) == str(flag).lower()
            for name, flag in (("Muted", person.muted), ("Hold", person.hold), ("Coaching", person.coaching))
        )
    ]
    return 200, lists.page(rows, Participant.as_json, query, path=asked.path, name="participants")


def _participant(asked: Asked) -> Participant:
    """By the sid of the call, or by the label. Raises Refused."""
    room, named = _conference(asked), asked.named[1]
    for person in room.people.values():
        if named in (person.call.sid, person.label):
            return person
    raise asked.missing()


def fetch_participant(asked: Asked) -> Answer:
    return 200, _participant(asked).as_json()


def update_participant(asked: Asked) -> Answer:
    person, form = _participant(asked), asked.form
    checks.every(form, requests.UPDATE_PARTICIPANT)
    if person.status != "connected":
        raise asked.missing()
    person.muted = one(form, "Muted", str(person.muted).lower()) == "true"
    person.hold = one(form, "Hold", str(person.hold).lower()) == "true"
    person.end_on_exit = one(form, "EndConferenceOnExit", str(person.end_on_exit).lower()) == "true"
    person.coaches = one(form, "CallSidToCoach") or person.coaches
    person.coaching = one(form, "Coaching", str(person.coaching).lower()) == "true"
    person.updated = asked.switch.now()
    return 200, person.as_json()


def delete_participant(asked: Asked) -> Answer:
    rooms.kick(asked.switch, _participant(asked))
    return 204, None


# ---- messages


def create_message(asked: Asked) -> Answer:
    form, switch = asked.form, asked.switch
    to = requests.message_wanted(form)
    phone = switch.phones.text(to)
    if phone.refuse:
        raise Refused(phone.refuse[1], to, status=phone.refuse[0])
    message = Message(
        asked.account,
        asked.token,
        to,
        checks.plain(one(form, "From")) or None,
        one(form, "MessagingServiceSid") or None,
        one(form, "Body"),
        one(form, "StatusCallback"),
        phone,
        switch.clock(),
        len(form.get("MediaUrl", ())),
    )
    shown = message.as_json()
    switch.text(message)
    return 201, shown


def list_messages(asked: Asked) -> Answer:
    query = asked.query
    rows = [
        message
        for message in reversed(asked.switch.messages.values())
        if message.account == asked.account
        and one(query, "To", message.to) == message.to
        and one(query, "From", message.sender or "") == (message.sender or "")
        and lists.in_time(query, "DateSent", message.sent)
    ]
    return 200, lists.page(rows, Message.as_json, query, path=asked.path, name="messages")


def _message(asked: Asked) -> Message:
    message = asked.switch.messages.get(asked.named[0])
    if message is None or message.account != asked.account:
        raise asked.missing()
    return message


def fetch_message(asked: Asked) -> Answer:
    return 200, _message(asked).as_json()


def update_message(asked: Asked) -> Answer:
    """Blank its text, the only one it may be given; or cancel it while it waits."""
    message = _message(asked)
    checks.every(asked.form, requests.UPDATE_MESSAGE)
    if one(asked.form, "Status") and message.status not in ("accepted", "scheduled", "queued"):
        raise Refused(20001, "the message is on its way already")
    if one(asked.form, "Status"):
        message.status = "canceled"
    if "Body" in asked.form:
        if one(asked.form, "Body"):
            raise Refused(20001, "Body may only be made empty")
        message.body = ""
    return 200, message.as_json()


def delete_message(asked: Asked) -> Answer:
    del asked.switch.messages[_message(asked).sid]
    return 204, None


Endpoint = Callable[[Asked], Answer]
_CA, _CF, _SM, _RE, _ANY = (p.pattern for p in map(checks.sid, ("CA", "CF", "SM|MM", "RE", "ZZ")))
_NAME = r"[^/]+"

# The path below the account, with the patterns of its sids; for each method what is done.
ENDPOINTS: list[tuple[str, Mapping[str, Endpoint]]] = [
    ("Calls", {"POST": create_call, "GET": list_calls}),
    (f"Calls/({_CA})", {"GET": fetch_call, "POST": update_call, "DELETE": delete_call}),
    (f"Calls/({_CA})/Recordings", {"POST": create_recording, "GET": list_call_recordings}),
    (
        f"Calls/({_CA})/Recordings/({_RE}|Twilio\\.CURRENT)",
        {"GET": fetch_call_recording, "POST": update_recording, "DELETE": delete_recording},
    ),
    ("Recordings", {"GET": list_recordings}),
    (f"Recordings/({_RE})", {"GET": fetch_recording, "DELETE": delete_recording}),
    ("Conferences", {"GET": list_conferences}),
    (f"Conferences/({_NAME})", {"GET": fetch_conference, "POST": update_conference}),
    (f"Conferences/({_NAME})/Participants", {"POST": create_participant, "GET": list_participants}),
    (
        f"Conferences/({_NAME})/Participants/({_NAME})",
        {"GET": fetch_participant, "POST": update_participant, "DELETE": delete_participant},
    ),
    ("Messages", {"POST": create_message, "GET": list_messages}),
    (f"Messages/({_SM})", {"GET": fetch_message, "POST": update_message, "DELETE": delete_message}),
]
