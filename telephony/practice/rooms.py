"""Where several calls meet: the other end of a Dial, conferences with their people, and recordings of them."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from telephony.practice import post, tidings
from telephony.practice.recordings import Recording
from telephony.practice.records import Call, Conference, Participant, stamp
from telephony.practice.twiml import Verb

if TYPE_CHECKING:
    from telephony.practice.switch import Switch

_CHILD = {  # attributes of a number or SIP address in a Dial, and the fields of a call they mean
    "statusCallback": "StatusCallback",
    "statusCallbackEvent": "StatusCallbackEvent",
    "statusCallbackMethod": "StatusCallbackMethod",
}


def dial_out(switch: "Switch", parent: Call, noun: Verb, dial: Verb) -> Call:
    """Ring another phone for a call that talks; they are joined when it answers."""
    fields = {field: [noun.said[name]] for name, field in _CHILD.items() if name in noun.said}
    fields["Timeout"] = [dial.said.get("timeout", "30")]
    if "timeLimit" in dial.said:
        fields["TimeLimit"] = [dial.said["timeLimit"]]
    caller = dial.said.get("callerId", parent.caller)
    child = Call(
        parent.account, parent.token, noun.text, caller, fields, switch.phones.next(noun.text), switch.now(),
        direction="outbound-dial", parent=parent.sid,
    )  # fmt: skip
    parent.child = child
    switch.place(child)
    return child


def room_called(switch: "Switch", account: str, token: str, name: str) -> Conference:
    """The room of that name, or sid, that is not over; a new one if there is none."""
    for room in switch.conferences.values():
        if room.account == account and name in (room.name, room.sid) and room.status != "completed":
            return room
    room = Conference(account, token, name, switch.now())
    switch.conferences[room.sid] = room
    return room


def enter(switch: "Switch", call: Call, noun: Verb) -> None:
    """A call that talks goes into a room, as its TwiML says."""
    room = room_called(switch, call.account, call.token, noun.text)
    said = noun.said
    if "statusCallback" in said and not room.callback:
        room.callback = said["statusCallback"]
        room.callback_events = tuple(said.get("statusCallbackEvent", "start end").split())
    participant = Participant(
        call,
        room,
        switch.now(),
        label=said.get("participantLabel"),
        muted=said.get("muted") == "true",
        coaching="coach" in said,
        coaches=said.get("coach"),
        start_on_enter=said.get("startConferenceOnEnter", "true") == "true",
        end_on_exit=said.get("endConferenceOnExit") == "true",
    )
    _join(switch, participant)
    if said.get("record") == "record-from-start":
        events = tuple(said.get("recordingStatusCallbackEvent", "completed").split())
        kept = Recording(
            call, "Conference", switch.now(), said.get("recordingStatusCallback", ""), events, room=room.sid
        )
        begin_recording(switch, kept)


def enter_as_participant(switch: "Switch", call: Call) -> Conference:
    """A call that was made to bring somebody into a room has been answered."""
    participant = call.as_participant
    if participant is None:
        raise ValueError("only a participant's call enters so")
    _join(switch, participant)
    return participant.room


def _join(switch: "Switch", participant: Participant) -> None:
    room, call = participant.room, participant.call
    call.room, call.as_participant = room, participant
    participant.status, participant.updated = "connected", switch.now()
    room.people[call.sid] = participant
    room.updated = switch.now()
    _tell(switch, room, "participant-join", participant)
    if room.status == "init" and participant.start_on_enter and len(_inside(room)) > 1:
        room.status = "in-progress"
        _tell(switch, room, "conference-start", participant)


def _inside(room: Conference) -> list[Participant]:
    return [person for person in room.people.values() if person.status == "connected"]


def leave(switch: "Switch", call: Call) -> None:
    """A call goes out of its room, if it is in one; who ends the room by going takes the others along."""
    participant, room = call.as_participant, call.room
    if participant is None:
        return
    if participant.status in ("queued", "connecting", "ringing"):  # it was to come, and never did
        participant.status, participant.updated = "failed", switch.now()
    if room is None or participant.status != "connected":
        return
    _go(switch, participant)
    if participant.end_on_exit:
        end(switch, room, "participant-with-end-conference-on-exit-left", by=call.sid)
    elif not _inside(room):
        end(switch, room, "last-participant-left", by=call.sid)


def kick(switch: "Switch", participant: Participant) -> None:
    """Put somebody out of a room; their call goes on with whatever its TwiML says next."""
    room, call = participant.room, participant.call
    if participant.status != "connected":
        return
    _go(switch, participant)
    if participant.end_on_exit:
        end(switch, room, "participant-with-end-conference-on-exit-kicked", by=call.sid)
    elif not _inside(room):
        end(switch, room, "last-participant-kicked", by=call.sid)
    switch.resume(call)


def end(switch: "Switch", room: Conference, why: str, *, by: str | None = None) -> None:
    """Close a room: everybody in it goes on with what their TwiML says next, mostly to the end of the call."""
    if room.status == "completed":
        return
    room.status, room.why_ended, room.ended_by, room.updated = "completed", why, by, switch.now()
    for person in _inside(room):
        _go(switch, person)
        switch.resume(person.call)
    _tell(switch, room, "conference-end", None)


def alter(switch: "Switch", participant: Participant, *, muted: bool, hold: bool) -> None:
    """Somebody in a room is heard or not, waits or not; who has asked for it hears of each change."""
    before = participant.muted, participant.hold
    participant.muted, participant.hold, participant.updated = muted, hold, switch.now()
    if muted != before[0]:
        _tell(switch, participant.room, f"participant-{'' if muted else 'un'}mute", participant)
    if hold != before[1]:
        _tell(switch, participant.room, f"participant-{'' if hold else 'un'}hold", participant)


def announce(switch: "Switch", room: Conference, url: str, method: str) -> None:
    """Fetch what is to be said to all in a room; nothing is said."""
    form = {"AccountSid": room.account, "ConferenceSid": room.sid, "FriendlyName": room.name}
    switch.mail(post.letter(room.sid, "announce", url, form, room.token, method), switch.now())


def _go(switch: "Switch", participant: Participant) -> None:
    participant.status, participant.updated = "complete", switch.now()
    participant.call.room = None
    _tell(switch, participant.room, "participant-leave", participant)


def _tell(switch: "Switch", room: Conference, event: str, participant: Participant | None) -> None:
    order, room.events = room.events, room.events + 1
    if not room.callback or event.rpartition("-")[2].removeprefix("un") not in room.callback_events:
        return
    form = {
        "AccountSid": room.account,
        "ConferenceSid": room.sid,
        "FriendlyName": room.name,
        "SequenceNumber": str(order),
        "StatusCallbackEvent": event,
        "Timestamp": str(stamp(switch.now())),
    }
    if participant is not None:
        form |= _of(participant)
    if event == "conference-end":
        form |= {
            "ReasonConferenceEnded": room.why_ended or "",
            "CallSidEndingConference": room.ended_by or "",
        }
    about = participant.call.sid if participant else room.sid
    switch.mail(post.letter(about, "conference", room.callback, form, room.token), switch.now())


def _of(participant: Participant) -> dict[str, str]:
    said: Mapping[str, object] = {
        "CallSid": participant.call.sid,
        "Coaching": participant.coaching,
        "EndConferenceOnExit": participant.end_on_exit,
        "Hold": participant.hold,
        "Muted": participant.muted,
        "StartConferenceOnEnter": participant.start_on_enter,
        **({"ParticipantLabel": participant.label} if participant.label else {}),
    }
    return {
        name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in said.items()
    }


# ---- recordings


def begin_recording(switch: "Switch", kept: Recording) -> None:
    """A recording runs until its call is over, or it is stopped."""
    switch.recordings[kept.sid] = kept
    _tell_recording(switch, kept)


def record_from_the_answer(switch: "Switch", call: Call) -> None:
    """What `Record=true` asks for."""
    events = tuple(
        word for said in call.fields.get("RecordingStatusCallbackEvent", ()) for word in said.split()
    )
    begin_recording(
        switch,
        Recording(
            call,
            "OutboundAPI",
            switch.now(),
            call.one("RecordingStatusCallback"),
            events or ("completed",),
            2 if call.one("RecordingChannels") == "dual" else 1,
            call.one("RecordingTrack", "both"),
        ),
    )


def record_verb(switch: "Switch", call: Call, source: str, verb: Verb) -> None:
    """What the verb asks for."""
    events = tuple(verb.said.get("recordingStatusCallbackEvent", "completed").split())
    begin_recording(
        switch, Recording(call, source, switch.now(), verb.said.get("recordingStatusCallback", ""), events)
    )


def end_recordings(switch: "Switch", call: Call) -> None:
    """Its call is over."""
    for kept in list(switch.recordings.values()):
        if kept.call is call and kept.ended is None:
            finish(switch, kept)


def finish(switch: "Switch", kept: Recording) -> None:
    """A recording is over, and at once ready."""
    kept.status, kept.ended = "completed", switch.now()
    _tell_recording(switch, kept)


def _tell_recording(switch: "Switch", kept: Recording) -> None:
    if kept.callback and kept.status in kept.callback_events:
        form = tidings.of_recording(kept)
        switch.mail(
            post.letter(kept.call.sid, "recording", kept.callback, form, kept.call.token), switch.now()
        )
