"""The port: what a carrier must do for us, and the words it must answer in. Standard library only."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol, runtime_checkable


class CallKind(StrEnum):
    """What the person is offered: sound, or sound and picture."""

    VOICE = "voice"
    VIDEO = "video"


ANNOUNCE = "announce"  # the mode of a call that a spoken announcement leads; "": an operator does


class CallStatus(StrEnum):
    """Where a call stands. A call is live, that is on the line, from DIALLING to TALKING."""

    BOOKED = "booked"
    DIALLING = "dialling"
    RINGING = "ringing"
    TALKING = "talking"
    ENDED = "ended"

    @property
    def rank(self) -> int:
        """How far a call has come; news never takes it back to a lower rank."""
        return _RANK[self]


_RANK = {s: n for n, s in enumerate(CallStatus)}
ON_LINE = (CallStatus.DIALLING, CallStatus.RINGING, CallStatus.TALKING)


class CallResult(StrEnum):
    """What a machine can know about how a call ended. Who answered is a person's word, never ours."""

    ANSWERED = "answered"
    MACHINE = "machine"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    REJECTED = "rejected"
    HUNG_UP = "hung_up"
    AUDIO_ONLY = "audio_only"
    POWERED_OFF = "powered_off"
    OUT_OF_AREA = "out_of_area"
    SUSPENDED = "suspended"
    INVALID_NUMBER = "invalid_number"
    FORWARDED = "forwarded"
    LABELLED_NUISANCE = "labelled_nuisance"
    CONGESTION = "congestion"
    FAILED_HERE = "failed_here"
    NOT_PLACED = "not_placed"
    CANCELLED = "cancelled"
    OUTCOME_UNKNOWN = "outcome_unknown"


class Fault(StrEnum):
    """Whose fault a result was; a carrier's or our own never counts against the person."""

    PERSON = "person"
    CARRIER = "carrier"
    OURS = "ours"
    NOBODY = "nobody"


FAULT_OF: Mapping[CallResult, Fault] = {
    CallResult.CONGESTION: Fault.CARRIER,
    CallResult.LABELLED_NUISANCE: Fault.CARRIER,
    CallResult.FAILED_HERE: Fault.OURS,
    CallResult.NOT_PLACED: Fault.OURS,
    CallResult.CANCELLED: Fault.OURS,
    CallResult.ANSWERED: Fault.NOBODY,
    CallResult.OUTCOME_UNKNOWN: Fault.NOBODY,
}


def fault_of(result: CallResult) -> Fault:
    """Whose fault `result` was; what is not listed lies with the person's side."""
    return FAULT_OF.get(result, Fault.PERSON)


@dataclass(frozen=True, slots=True)
class Dial:
    """One call a carrier is asked to place.

    `key` is our own id; it travels in the callback address, so that news may come before our commit and
    a call placed by a process that then died can be found again. `number` is E.164. `mode` is "" or
    ANNOUNCE (a spoken announcement comes first). `tag` names what is spoken (a fraud type's code). `caller` is
    the number to be shown, "" for the carrier's own; `desk` the number or SIP address at which the operator who
    leads the call is rung, "" if none is known.
    """

    key: str
    number: str
    kind: CallKind
    dialled_at: datetime
    mode: str = ""
    tag: str = ""
    external_id: str = ""
    caller: str = ""
    desk: str = ""


@dataclass(frozen=True, slots=True)
class Update:
    """One piece of a carrier's news. May come late, twice, out of order or never."""

    key: str
    status: CallStatus
    result: CallResult | None = None  # only with ENDED; MACHINE also with TALKING, when heard on the line
    external_id: str = ""
    at: datetime | None = None  # when it happened, if the carrier says
    evidence: Mapping[str, object] = field(default_factory=dict)  # the carrier's own words, raw
    unknown: str = ""  # a word or code that no table knows, raw and in short
    seal: str = ""  # of the letter it came in: the same letter is heard once; "": it came in none


class LegState(StrEnum):
    """Where somebody of ours stands who is rung to join a call."""

    ASKED = "asked"
    RINGING = "ringing"
    TALKING = "talking"
    ENDED = "ended"


class Way(StrEnum):
    """How somebody takes part: heard by all, by nobody, or by the operator alone."""

    TALK = "talk"
    LISTEN = "listen"
    WHISPER = "whisper"


@dataclass(frozen=True, slots=True)
class Joint:
    """Somebody of ours who joins a call: our key, the number or SIP address that is rung, how they take part.

    `leads` says that the call ends when they go; `coaches` is the carrier's id of whom a whisper is for; `muted`
    that nobody hears them for the moment, however they take part.
    """

    key: str
    address: str
    way: Way = Way.TALK
    leads: bool = False
    coaches: str = ""
    external_id: str = ""
    muted: bool = False


@dataclass(frozen=True, slots=True)
class LegNews:
    """One piece of a carrier's news of somebody who was rung to join a call."""

    key: str
    state: LegState
    external_id: str = ""
    result: CallResult | None = None  # only with ENDED
    at: datetime | None = None
    evidence: Mapping[str, object] = field(default_factory=dict)


class TextState(StrEnum):
    """How far a text has come, as the carrier tells it."""

    SENT = "sent"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class TextNews:
    """One piece of a carrier's news of a text."""

    key: str
    state: TextState | None  # None: nothing that moves it
    external_id: str = ""
    evidence: Mapping[str, object] = field(default_factory=dict)


class CarrierError(Exception):
    """The carrier did not take the call.

    `certain` says that no call was placed; otherwise (a time-out, a cut connection) it may well ring,
    and only asking the carrier can tell. `result` is what the call then met.
    """

    def __init__(
        self,
        message: str,
        *,
        certain: bool,
        result: CallResult = CallResult.FAILED_HERE,
        evidence: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(message)
        self.certain = certain
        self.result = result
        self.evidence = dict(evidence or {})


class Carrier(Protocol):
    """What a carrier must do. All four are called outside any transaction and may raise CarrierError."""

    def place(self, dial: Dial) -> str:
        """Ask for the call; the carrier's own id for it. Called at most once for a key."""
        ...

    def find(self, dial: Dial) -> Update | None:
        """What became of the call. None: the carrier is certain that it knows no such call."""
        ...

    def hang_up(self, dial: Dial) -> None:
        """End a call that is on the line. Doing it to an ended call does nothing."""
        ...

    def send_text(self, *, key: str, number: str, body: str) -> str:
        """Send an SMS; the carrier's own id for it."""
        ...


@runtime_checkable
class Joins(Protocol):
    """A carrier that can ring others of ours into a call. All may raise CarrierError."""

    def join(self, dial: Dial, joint: Joint) -> str:
        """Ring them; the carrier's own id of their call. Called at most once for a key."""
        ...

    def find_joint(self, dial: Dial, joint: Joint) -> LegNews | None:
        """What became of them. None: the carrier is certain that they were never rung."""
        ...

    def turn(self, dial: Dial, joint: Joint) -> None:
        """Let them take part in another way, lead, or be muted, from now on."""
        ...

    def part(self, dial: Dial, joint: Joint) -> None:
        """Hang up on them. Doing it to who has gone does nothing."""
        ...

    def record(self, dial: Dial) -> str:
        """Say that the call is recorded, and record it; the carrier's own id of the recording."""
        ...


@runtime_checkable
class FindsTexts(Protocol):
    """A carrier that can be asked whether it has taken a text."""

    def find_text(self, *, number: str, body: str, since: datetime) -> str | None:
        """The carrier's own id of such a text made since then; None: it is certain that there is none."""
        ...
