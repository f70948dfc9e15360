"""What Twilio's webhooks say, field by field, and what befalls them on the way."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from typing import TYPE_CHECKING

from telephony.practice import post
from telephony.practice.phones import LATE_BY
from telephony.practice.post import Letter
from telephony.practice.recordings import Recording
from telephony.practice.records import API, Call, Message, seconds, stamp

if TYPE_CHECKING:
    from telephony.practice.switch import Switch

REPLAYED_AFTER = timedelta(seconds=30)
LIES = {"CallStatus": "busy", "SipResponseCode": "404", "AnsweredBy": "fax"}


def events_asked(call: Call) -> tuple[str, ...]:
    """The events our side wants to hear of; without a word only the end."""
    said = tuple(word for value in call.fields.get("StatusCallbackEvent", ()) for word in value.split())
    return said or ("completed",)


def of_call(call: Call) -> dict[str, str]:
    """What every webhook about a call says."""
    said = {
        "AccountSid": call.account,
        "ApiVersion": API,
        "CallSid": call.sid,
        "CallStatus": call.status,
        "Called": call.to,
        "Caller": call.caller,
        "Direction": call.direction,
        "From": call.caller,
        "To": call.to,
    }
    if call.parent:
        said["ParentCallSid"] = call.parent
    return said


def of_status(switch: "Switch", call: Call, event: str, order: int) -> dict[str, str]:
    """A call's progress. `initiated` is told under its own word, though the resource then says queued."""
    said = {
        **of_call(call),
        "CallStatus": "initiated" if event == "initiated" else call.status,
        "CallbackSource": "call-progress-events",
        "SequenceNumber": str(order),
        "Timestamp": str(stamp(switch.now())),
    }
    if event == "completed":
        said["CallDuration"] = seconds(call.answered, call.ended)
        said["Duration"] = str(-(-int(said["CallDuration"]) // 60))
        if call.sip is not None:
            said["SipResponseCode"] = str(call.sip)
        if call.answered_by:
            said["AnsweredBy"] = call.answered_by
        said.update(_recorded(switch, call))
    return said


def _recorded(switch: "Switch", call: Call) -> dict[str, str]:
    for kept in switch.recordings.values():
        if kept.call is call and kept.source == "OutboundAPI":
            return {
                "RecordingSid": kept.sid,
                "RecordingUrl": f"https://api.twilio.com{kept.short_uri}",
                "RecordingDuration": kept.duration or "0",
            }
    return {}


def of_detection(call: Call) -> dict[str, str]:
    """Who answered, as asynchronous detection tells it: no status stands in it."""
    return {
        "AccountSid": call.account,
        "AnsweredBy": call.answered_by or "unknown",
        "CallSid": call.sid,
        "MachineDetectionDuration": str(round(call.phone.detects * 1000)),
    }


def of_recording(kept: Recording) -> dict[str, str]:
    """A recording's status."""
    return {
        "AccountSid": kept.call.account,
        "CallSid": kept.call.sid,
        **({"ConferenceSid": kept.room} if kept.room else {}),
        "ErrorCode": "0",
        "RecordingChannels": str(kept.channels),
        "RecordingDuration": kept.duration or "0",
        "RecordingSid": kept.sid,
        "RecordingSource": kept.source,
        "RecordingStartTime": str(stamp(kept.created)),
        "RecordingStatus": kept.status,
        "RecordingTrack": kept.track,
        "RecordingUrl": f"https://api.twilio.com{kept.short_uri}",
    }


def of_message(message: Message) -> dict[str, str]:
    """An SMS's status."""
    said = {
        "AccountSid": message.account,
        "ApiVersion": API,
        "From": message.sender or "",
        "MessageSid": message.sid,
        "MessageStatus": message.status,
        "SmsSid": message.sid,
        "SmsStatus": message.status,
        "To": message.to,
    }
    if message.error is not None:
        said["ErrorCode"] = str(message.error)
    return said


def befallen(
    call: Call, made: Letter, now: datetime, chance: Random, *, last: bool
) -> Iterator[tuple[Letter, datetime]]:
    """What becomes of one letter: each that is sent, and when. Kept ones come with the last, the last first."""
    news = call.phone.news
    if news == "lost":
        return
    if news == "backwards":
        call.held.insert(0, made)
        if last:
            kept, call.held = call.held, []
            yield from ((letter, now) for letter in kept)
        return
    if news == "late":
        yield made, now + timedelta(seconds=chance.uniform(*LATE_BY))
        return
    if news == "forged":
        lie = {**made.form, **LIES}
        yield post.letter(made.call, "forged", made.url, lie, "not the account's token", made.method), now
    if news == "altered":
        yield replace(made, kind="altered", form={**made.form, **LIES}), now
    yield made, now
    if news == "twice":
        yield made, now
    if news == "replayed":
        yield replace(made, kind="replayed"), now + REPLAYED_AFTER
