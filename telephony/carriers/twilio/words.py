"""Twilio's words for a call, in ours: the table of endings (telephony/tables/twilio.toml) says what each met."""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from telephony import tables
from telephony.carrier import CallResult, CallStatus
from telephony.tables import Ending

R = CallResult
Words = Mapping[str, str]

GOING: Mapping[str, CallStatus] = {
    "queued": CallStatus.DIALLING,
    "initiated": CallStatus.DIALLING,
    "ringing": CallStatus.RINGING,
    "in-progress": CallStatus.TALKING,
    "answered": CallStatus.TALKING,
}
OVER = ("completed", "busy", "no-answer", "failed", "canceled")
MACHINES = ("machine_start", "machine_end_beep", "machine_end_silence", "machine_end_other", "fax")
RANG_AT = 2  # the end is the third event (after 0 initiated, 1 ringing) or later only if the phone rang
KNOWN_EARS = (
    "human",
    "unknown",
    "fax",
    "machine_start",
    "machine_end_beep",
    "machine_end_silence",
    "machine_end_other",
)

EVIDENCE = (  # what is kept of a callback; numbers, names and places of the called are not
    "CallStatus",
    "SipResponseCode",
    "AnsweredBy",
    "MachineDetectionDuration",
    "SequenceNumber",
    "Timestamp",
    "CallDuration",
    "ErrorCode",
    "Digits",
    "RecordingSid",
    "RecordingStatus",
    "RecordingDuration",
    "StatusCallbackEvent",
    "ConferenceSid",
    "ParticipantLabel",
)


def known(word: str) -> bool:
    """Whether this is one of Twilio's words that we know."""
    return word in GOING or word in OVER


def translate(words: Words) -> tuple[CallStatus, CallResult | None]:
    """Twilio's words for one call in ours. What none of our words fits is outcome_unknown, never a guess.

    A machine heard while the call is up is TALKING with MACHINE: the call is not over until it is hung up.
    `unknown` detection is no machine, and no person either: who answered is a person's word.
    """
    word = words.get("CallStatus", "")
    machine = R.MACHINE if words.get("AnsweredBy", "").startswith(("machine", "fax")) else None
    if not word and "AnsweredBy" in words:
        return CallStatus.TALKING, machine
    if word in GOING:
        status = GOING[word]
        return status, machine if status is CallStatus.TALKING else None
    if word not in OVER:
        over = "CallDuration" in words or "SipResponseCode" in words
        return (CallStatus.ENDED, R.OUTCOME_UNKNOWN) if over else (CallStatus.DIALLING, None)
    return CallStatus.ENDED, tables.of_ending(_ending(words)) or R.OUTCOME_UNKNOWN


def unknown(words: Words) -> str:
    """The words no table of ours knows, raw and in short; empty if all are known."""
    word, ear = words.get("CallStatus", ""), words.get("AnsweredBy", "")
    strange = [f"AnsweredBy={ear}"] if ear and ear not in (*MACHINES, "human", "unknown") else []
    if word and not known(word):
        strange.append(f"CallStatus={word}")
    elif word in OVER and tables.of_ending(_ending(words)) is None:
        strange.append(f"CallStatus={word} SipResponseCode={words.get('SipResponseCode', '')}")
    return " ".join(strange)[:64]


def kept(words: Words) -> dict[str, object]:
    """What of a callback may be kept as evidence."""
    return {word: words[word] for word in EVIDENCE if word in words}


def _ending(words: Words) -> Ending:
    """How a call ended. The end's own number says whether ringing came before it, in whatever order they arrive."""
    word, code, order = (words.get(name, "") for name in ("CallStatus", "SipResponseCode", "SequenceNumber"))
    return Ending(
        status=word,
        sip=(int(code) if code.isdecimal() else -1) if code else None,
        rang=int(order) >= RANG_AT if order.isdecimal() else word == "no-answer",
        heard=words.get("AnsweredBy", ""),
    )


def moment(words: Words) -> datetime | None:
    """When it happened, if Twilio says so in a way that can be read."""
    try:
        at = parsedate_to_datetime(words.get("Timestamp", ""))
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
