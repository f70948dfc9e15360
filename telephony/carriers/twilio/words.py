"""Twilio's words for a call, in ours."""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from telephony.carrier import CallResult, CallStatus

R = CallResult
Words = Mapping[str, str]

GOING: Mapping[str, CallStatus] = {
    "queued": CallStatus.DIALLING,
    "initiated": CallStatus.DIALLING,
    "ringing": CallStatus.RINGING,
    "in-progress": CallStatus.TALKING,
    "answered": CallStatus.TALKING,
}
BY_WORD: Mapping[str, CallResult] = {
    "completed": R.ANSWERED,
    "busy": R.BUSY,
    "no-answer": R.NO_ANSWER,
    "failed": R.CONGESTION,
    "canceled": R.CANCELLED,
}
BY_SIP: Mapping[int, CallResult] = {
    401: R.FAILED_HERE,
    403: R.REJECTED,
    404: R.INVALID_NUMBER,
    407: R.FAILED_HERE,
    410: R.INVALID_NUMBER,
    484: R.INVALID_NUMBER,
    485: R.INVALID_NUMBER,
    486: R.BUSY,
    600: R.BUSY,
    603: R.REJECTED,
    604: R.INVALID_NUMBER,
    607: R.LABELLED_NUISANCE,
    608: R.LABELLED_NUISANCE,
}
NOTHING_CAME_BACK = (408, 480)  # switched off, out of area, or rung out: ringing tells them apart
RANG_AT = 2  # the end is the third event (after 0 initiated, 1 ringing) or later only if the phone rang

EVIDENCE = (  # what is kept of a callback; numbers, names and places of the called are not
    "CallStatus",
    "SipResponseCode",
    "AnsweredBy",
    "MachineDetectionDuration",
    "SequenceNumber",
    "Timestamp",
    "CallDuration",
    "ErrorCode",
)


def known(word: str) -> bool:
    """Whether this is one of Twilio's words that we know."""
    return word in GOING or word in BY_WORD


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
    if word not in BY_WORD:
        over = "CallDuration" in words or "SipResponseCode" in words
        return (CallStatus.ENDED, R.OUTCOME_UNKNOWN) if over else (CallStatus.DIALLING, None)
    if word == "completed":
        return CallStatus.ENDED, machine or R.ANSWERED
    return CallStatus.ENDED, _unanswered(word, words)


def kept(words: Words) -> dict[str, object]:
    """What of a callback may be kept as evidence."""
    return {word: words[word] for word in EVIDENCE if word in words}


def _unanswered(word: str, words: Words) -> CallResult:
    """Why a call was not answered. The SIP code says more than Twilio's word, where there is one."""
    code = words.get("SipResponseCode", "")
    if word == "canceled" or not code:
        return BY_WORD[word]
    number = int(code) if code.isdecimal() else 0
    if number in NOTHING_CAME_BACK:
        order = words.get("SequenceNumber", "")
        rang = int(order) >= RANG_AT if order.isdecimal() else word == "no-answer"
        return R.NO_ANSWER if rang else R.OUT_OF_AREA
    if number in BY_SIP:
        return BY_SIP[number]
    if 500 <= number <= 599:
        return R.CONGESTION
    return R.OUTCOME_UNKNOWN if word == "failed" else BY_WORD[word]


def moment(words: Words) -> datetime | None:
    """When it happened, if Twilio says so in a way that can be read."""
    try:
        at = parsedate_to_datetime(words.get("Timestamp", ""))
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
