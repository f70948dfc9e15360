"""Conferences and the people in them as the API offers them."""

from telephony.practice import checks, lists, requests, rooms
from telephony.practice.asked import Answer, Asked
from telephony.practice.checks import one
from telephony.practice.codes import Refused
from telephony.practice.records import Call, Conference, Participant


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
    switch.made_at.append((asked.account, switch.clock()))
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
    person.end_on_exit = one(form, "EndConferenceOnExit", str(person.end_on_exit).lower()) == "true"
    person.coaches = one(form, "CallSidToCoach") or person.coaches
    person.coaching = one(form, "Coaching", str(person.coaching).lower()) == "true"
    rooms.alter(
        asked.switch,
        person,
        muted=one(form, "Muted", str(person.muted).lower()) == "true",
        hold=one(form, "Hold", str(person.hold).lower()) == "true",
    )
    return 200, person.as_json()


def delete_participant(asked: Asked) -> Answer:
    rooms.kick(asked.switch, _participant(asked))
    return 204, None
