"""What each request of the API may say: its fields with their checks, and what must be there."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from telephony.practice import checks, lists
from telephony.practice.checks import Check, Form, many, one, whole, words
from telephony.practice.codes import Refused

EVENTS = ("initiated", "ringing", "answered", "completed")
RECORDED = ("in-progress", "completed", "absent")
SOONEST, LATEST = timedelta(seconds=300), timedelta(days=35)  # from now, of a message that is to wait
STATUSES = ("queued", "ringing", "in-progress", "completed", "busy", "failed", "no-answer", "canceled")

_DETECTION: Mapping[str, Check] = {
    "MachineDetection": words("Enable", "DetectMessageEnd"),
    "MachineDetectionTimeout": whole(3, 59),
    "MachineDetectionSpeechThreshold": whole(1000, 6000),
    "MachineDetectionSpeechEndThreshold": whole(500, 5000),
    "MachineDetectionSilenceTimeout": whole(2000, 10000),
}
_RECORDING: Mapping[str, Check] = {
    "RecordingChannels": words("mono", "dual"),
    "RecordingStatusCallback": checks.CALLBACK,
    "RecordingStatusCallbackMethod": checks.METHOD,
    "RecordingTrack": words("inbound", "outbound", "both"),
    "Trim": words("trim-silence", "do-not-trim"),
}

CREATE_CALL: Mapping[str, Check] = {
    "Method": checks.METHOD,
    "FallbackUrl": checks.URL,
    "FallbackMethod": checks.METHOD,
    "StatusCallback": checks.CALLBACK,
    "StatusCallbackEvent": many(*EVENTS, code=21626),
    "StatusCallbackMethod": checks.METHOD,
    "SendDigits": checks.DIGITS,
    "Timeout": whole(1, 600, 21208),
    "TimeLimit": whole(1, 86400),
    "Record": checks.BOOLEAN,
    "RecordingStatusCallbackEvent": many(*RECORDED),
    "AsyncAmd": checks.BOOLEAN,
    "AsyncAmdStatusCallback": checks.CALLBACK,
    "AsyncAmdStatusCallbackMethod": checks.METHOD,
    "Byoc": checks.BYOC,
    "CallerId": checks.ENDPOINT,
    "ClientNotificationUrl": checks.URL,
    "Url": checks.URL,
    "Twiml": checks.TWIML,
    "ApplicationSid": checks.APPLICATION,
    **_DETECTION,
    **_RECORDING,
}
UPDATE_CALL: Mapping[str, Check] = {
    "Url": checks.URL,
    "Method": checks.METHOD,
    "Status": words("canceled", "completed"),
    "FallbackUrl": checks.URL,
    "FallbackMethod": checks.METHOD,
    "StatusCallback": checks.CALLBACK,
    "StatusCallbackMethod": checks.METHOD,
    "Twiml": checks.TWIML,
    "TimeLimit": whole(1, 86400),
}
LIST_CALLS: Mapping[str, Check] = {
    "ParentCallSid": checks.CALL_SID,
    "Status": words(*STATUSES),
}
CREATE_MESSAGE: Mapping[str, Check] = {
    "StatusCallback": checks.CALLBACK,
    "ApplicationSid": checks.APPLICATION,
    "ProvideFeedback": checks.BOOLEAN,
    "Attempt": whole(1, 10**6),
    "ValidityPeriod": whole(1, 36000),
    "ForceDelivery": checks.BOOLEAN,
    "ContentRetention": words("retain", "discard"),
    "AddressRetention": words("retain", "obfuscate"),
    "SmartEncoded": checks.BOOLEAN,
    "TrafficType": words("free"),
    "ShortenUrls": checks.BOOLEAN,
    "ScheduleType": words("fixed"),
    "SendAsMms": checks.BOOLEAN,
    "RiskCheck": words("enable", "disable"),
    "MessagingServiceSid": checks.SERVICE,
    "ContentSid": checks.CONTENT,
}
UPDATE_MESSAGE: Mapping[str, Check] = {"Status": words("canceled")}
CREATE_PARTICIPANT: Mapping[str, Check] = {
    "StatusCallback": checks.CALLBACK,
    "StatusCallbackMethod": checks.METHOD,
    "StatusCallbackEvent": many(*EVENTS, code=21626),
    "Label": checks.LABEL,
    "Timeout": whole(5, 600, 21208),
    "TimeLimit": whole(1, 86400),
    "Record": checks.BOOLEAN,
    "Muted": checks.BOOLEAN,
    "Beep": words("true", "false", "onEnter", "onExit"),
    "StartConferenceOnEnter": checks.BOOLEAN,
    "EndConferenceOnExit": checks.BOOLEAN,
    "WaitUrl": checks.URL,
    "WaitMethod": checks.METHOD,
    "EarlyMedia": checks.BOOLEAN,
    "MaxParticipants": whole(2, 250),
    "ConferenceRecord": words("true", "false", "record-from-start", "do-not-record"),
    "ConferenceTrim": words("trim-silence", "do-not-trim"),
    "ConferenceStatusCallback": checks.CALLBACK,
    "ConferenceStatusCallbackMethod": checks.METHOD,
    "ConferenceStatusCallbackEvent": many(
        "start", "end", "join", "leave", "mute", "hold", "modify", "speaker", "announcement"
    ),
    "RecordingStatusCallbackEvent": many(
        "started", "in-progress", "paused", "resumed", "stopped", "completed", "failed", "absent"
    ),
    "Region": words("us1", "us2", "ie1", "de1", "sg1", "br1", "au1", "jp1"),
    "ConferenceRecordingStatusCallback": checks.CALLBACK,
    "ConferenceRecordingStatusCallbackMethod": checks.METHOD,
    "ConferenceRecordingStatusCallbackEvent": many("in-progress", "completed", "failed", "absent"),
    "Coaching": checks.BOOLEAN,
    "CallSidToCoach": checks.CALL_SID,
    "JitterBufferSize": words("off", "small", "medium", "large"),
    "Byoc": checks.BYOC,
    "AmdStatusCallback": checks.CALLBACK,
    "AmdStatusCallbackMethod": checks.METHOD,
    "ClientNotificationUrl": checks.URL,
    **_DETECTION,
    **_RECORDING,
}
UPDATE_PARTICIPANT: Mapping[str, Check] = {
    "Muted": checks.BOOLEAN,
    "Hold": checks.BOOLEAN,
    "HoldUrl": checks.URL,
    "HoldMethod": checks.METHOD,
    "AnnounceUrl": checks.URL,
    "AnnounceMethod": checks.METHOD,
    "WaitUrl": checks.URL,
    "WaitMethod": checks.METHOD,
    "BeepOnExit": checks.BOOLEAN,
    "EndConferenceOnExit": checks.BOOLEAN,
    "Coaching": checks.BOOLEAN,
    "CallSidToCoach": checks.CALL_SID,
}
LIST_PARTICIPANTS: Mapping[str, Check] = dict.fromkeys(("Muted", "Hold", "Coaching"), checks.BOOLEAN)
LIST_CONFERENCES: Mapping[str, Check] = {"Status": words("init", "in-progress", "completed")}
UPDATE_CONFERENCE: Mapping[str, Check] = {
    "Status": words("completed"),
    "AnnounceUrl": checks.URL,
    "AnnounceMethod": checks.METHOD,
}
CREATE_RECORDING: Mapping[str, Check] = {**_RECORDING, "RecordingStatusCallbackEvent": many(*RECORDED)}
UPDATE_RECORDING: Mapping[str, Check] = {
    "Status": words("in-progress", "paused", "stopped", "processing", "completed", "absent"),
    "PauseBehavior": words("skip", "silence"),
}
LIST_RECORDINGS: Mapping[str, Check] = {"CallSid": checks.CALL_SID, "IncludeSoftDeleted": checks.BOOLEAN}


def ends(form: Form) -> tuple[str, str]:
    """Who is called, and in whose name. Raises Refused for what Twilio would refuse."""
    to, caller = checks.plain(one(form, "To")), checks.plain(one(form, "From"))
    if not to:
        raise Refused(21201)
    if not caller:
        raise Refused(21213)
    if not checks.is_endpoint(to):
        raise Refused(21211, to)
    if not (checks.is_number(caller) if checks.is_number(to) else _may_call(caller)):
        raise Refused(21212, caller)
    return to, caller


def _may_call(caller: str) -> bool:
    """In whose name a SIP address or a client may be called: also by a plain name."""
    return checks.is_endpoint(caller) or (caller.isascii() and caller.isalnum())


def call_wanted(form: Form) -> tuple[str, str]:
    """What a new call needs: two ends, and one of Url, Twiml and ApplicationSid. Raises Refused."""
    to, caller = ends(form)
    if not (one(form, "Url") or one(form, "Twiml") or one(form, "ApplicationSid")):
        raise Refused(21205, "Url parameter is required.")
    checks.every(form, CREATE_CALL)
    return to, caller


def message_wanted(form: Form) -> str:
    """What a new message needs: somebody to (who it is), somebody from, something to say. Raises Refused."""
    to = checks.plain(one(form, "To"))
    if not to:
        raise Refused(21604)
    if not checks.is_number(to):
        raise Refused(21211, to)
    sender, service = checks.plain(one(form, "From")), one(form, "MessagingServiceSid")
    if not sender and not service:
        raise Refused(21603)
    short = sender.isdecimal() and 3 <= len(sender) <= 8
    named = sender.isascii() and 1 < len(sender) <= 11 and sender.replace(" ", "").isalnum()
    if sender and not (checks.is_number(sender) or short or named):
        raise Refused(21212, sender)
    if not (one(form, "Body") or form.get("MediaUrl") or one(form, "ContentSid")):
        raise Refused(21602)
    if len(one(form, "Body")) > checks.LONGEST_BODY:
        raise Refused(21617)
    if not all(checks.is_url(url) for url in form.get("MediaUrl", ())):
        raise Refused(21620)
    checks.every(form, CREATE_MESSAGE)
    return to


def send_at(form: Form, now: datetime) -> datetime | None:
    """When a message is to be sent that waits; None: at once. Raises Refused.

    https://www.twilio.com/docs/messaging/features/message-scheduling
    """
    said = one(form, "SendAt")
    at = lists.moment("SendAt", said) if said else None
    if not one(form, "ScheduleType"):
        return None
    if not one(form, "MessagingServiceSid"):
        raise Refused(35118)
    if at is None:
        raise Refused(35111)
    if not SOONEST <= at - now <= LATEST:
        raise Refused(35114, said)
    return at


def participant_wanted(form: Form) -> tuple[str, str]:
    """What a new participant needs. Raises Refused."""
    to, caller = ends(form)
    checks.every(form, CREATE_PARTICIPANT)
    if one(form, "Coaching") == "true" and not one(form, "CallSidToCoach"):
        raise Refused(20001, "Coaching needs CallSidToCoach")
    return to, caller
