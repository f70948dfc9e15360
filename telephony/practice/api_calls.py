"""Calls and recordings as the API offers them."""

from telephony.practice import checks, lists, requests, rooms, twiml
from telephony.practice.asked import Answer, Asked
from telephony.practice.checks import one
from telephony.practice.codes import Refused
from telephony.practice.lives import Redirected
from telephony.practice.recordings import Recording
from telephony.practice.records import Call


def create_call(asked: Asked) -> Answer:
    to, caller = requests.call_wanted(asked.form)
    switch = asked.switch
    switch.made_at.append((asked.account, switch.clock()))
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
