"""Every word of the field, spelled once. Standard library only; codes are what files and databases hold."""

from enum import IntEnum, StrEnum
from functools import cache


class Level(IntEnum):
    """风险等级: how much danger, and so how much haste."""

    LOW = 1
    MEDIUM = 2
    HIGH = 3
    CRITICAL = 4

    @property
    def code(self) -> str:
        return self.name.lower()


class Tier(IntEnum):
    """层级: the four ways to reach a person, in the order they weigh."""

    VOICE = 1
    VIDEO = 2
    VISIT = 3
    FOLLOW_UP = 4

    @property
    def code(self) -> str:
        return self.name.lower()


CALLS = (Tier.VOICE, Tier.VIDEO)


class State(StrEnum):
    """The highest tier begun, or closed."""

    NEW = "new"
    VOICE = "voice"
    VIDEO = "video"
    VISIT = "visit"
    FOLLOW_UP = "follow_up"
    CLOSED = "closed"


class Outcome(StrEnum):
    """结案结论: how a whole case ended."""

    VERIFIED = "verified"
    UNCONFIRMED = "unconfirmed"
    NOT_PERSUADED = "not_persuaded"
    DEFRAUDED_AFTER_WARNING = "defrauded_after_warning"
    ALREADY_TRANSFERRED = "already_transferred"
    RELAPSED = "relapsed"
    FALSE_ALARM = "false_alarm"
    NOT_FOUND = "not_found"
    EXPIRED = "expired"
    HANDED_OVER = "handed_over"
    DUPLICATE = "duplicate"
    VOID = "void"


SUCCESSES = (Outcome.VERIFIED, Outcome.UNCONFIRMED)
UNCOUNTED = (Outcome.DUPLICATE, Outcome.VOID)


class Result(StrEnum):
    """处置结果: what one attempt met."""

    REACHED = "reached"
    ANSWERED_UNVERIFIED = "answered_unverified"
    ANSWERED_BY_OTHER = "answered_by_other"
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
    MET = "met"
    NOT_THERE = "not_there"
    REFUSES_DOOR = "refuses_door"
    WRONG_ADDRESS = "wrong_address"
    NO_ACKNOWLEDGEMENT = "no_acknowledgement"
    NO_LOSS = "no_loss"
    LOSS = "loss"
    NOT_FOUND = "not_found"
    REFUSED = "refused"
    RELAPSE = "relapse"
    NO_NEWS = "no_news"


R = Result
VIDEO_RESULTS = frozenset(
    {
        R.REACHED, R.ANSWERED_UNVERIFIED, R.ANSWERED_BY_OTHER, R.MACHINE, R.BUSY, R.NO_ANSWER, R.REJECTED,
        R.HUNG_UP, R.AUDIO_ONLY, R.POWERED_OFF, R.OUT_OF_AREA, R.SUSPENDED, R.INVALID_NUMBER, R.FORWARDED,
        R.LABELLED_NUISANCE, R.CONGESTION, R.FAILED_HERE, R.NOT_PLACED, R.CANCELLED, R.OUTCOME_UNKNOWN,
    }
)  # fmt: skip
RESULTS_OF: dict[Tier, frozenset[Result]] = {
    Tier.VOICE: VIDEO_RESULTS - {R.AUDIO_ONLY},
    Tier.VIDEO: VIDEO_RESULTS,
    Tier.VISIT: frozenset(
        {R.MET, R.NOT_THERE, R.REFUSES_DOOR, R.WRONG_ADDRESS, R.NO_ACKNOWLEDGEMENT, R.CANCELLED}
    ),
    Tier.FOLLOW_UP: frozenset({R.NO_LOSS, R.LOSS, R.NOT_FOUND, R.REFUSED, R.RELAPSE, R.NO_NEWS, R.CANCELLED}),
}
FACE_TO_FACE = frozenset({R.REACHED, R.MET})  # the target, identity checked
FAULTS = frozenset({R.CONGESTION, R.FAILED_HERE})
DANGER_SIGNS = frozenset({R.BUSY, R.FORWARDED, R.ANSWERED_BY_OTHER})


class Disposition(StrEnum):
    """劝阻结论: what a person judged after meeting the target."""

    PERSUADED = "persuaded"
    NOT_PERSUADED = "not_persuaded"
    DENIES = "denies"
    ALREADY_TRANSFERRED = "already_transferred"
    FALSE_ALARM = "false_alarm"
    WRONG_PERSON = "wrong_person"


class Stage(StrEnum):
    """How far a live attempt has come; each stage has its own time limit."""

    PLANNED = "planned"
    DIALLED = "dialled"
    TALKING = "talking"
    JUDGING = "judging"  # they talked; the operator's word is awaited
    SENT = "sent"
    ACKNOWLEDGED = "acknowledged"
    ARRIVED = "arrived"
    CHECKING = "checking"
    WATCHING = "watching"


class NewsKind(StrEnum):
    """外勤动态: what officers learn of a visit or check."""

    SENT = "sent"
    ACKNOWLEDGED = "acknowledged"
    SET_OUT = "set_out"
    ARRIVED = "arrived"
    IDENTIFIED = "identified"
    REPORTED = "reported"
    HANDED_BACK = "handed_back"
    TIME_UP = "time_up"
    STOOD_DOWN = "stood_down"
    REASSIGNED = "reassigned"  # to another unit
    GIVEN = "given"  # to a colleague of the same unit
    TOLD = "told"  # the call got through; the visit goes on
    RAISED = "raised"
    LOWERED = "lowered"
    MOVED = "moved"  # the person is elsewhere than was thought
    REINFORCED = "reinforced"
    ADDED = "added"  # a photo, an answer, a contact, a note, an order


TAKEN_AWAY = frozenset({NewsKind.STOOD_DOWN, NewsKind.REASSIGNED})
MUST_BE_SEEN = TAKEN_AWAY | {NewsKind.RAISED, NewsKind.MOVED, NewsKind.TOLD}


class Met(StrEnum):
    """A column of the chain table: what a result, with its disposition, means for the next step."""

    BUSY = "busy"
    SILENT = "silent"
    UNREACHABLE = "unreachable"
    FAULT = "fault"
    NOT_PLACED = "not_placed"
    NOT_TAKEN = "not_taken"  # a video call without a disposition
    WRONG_PERSON = "wrong_person"
    IGNORED = "ignored"
    NOT_THERE = "not_there"
    NOT_PERSUADED = "not_persuaded"
    PERSUADED = "persuaded"
    TRANSFERRED = "transferred"
    FALSE_ALARM = "false_alarm"
    CHECKED = "checked"  # a check or watch that ended without bad news, or found nobody
    LOSS = "loss"
    RELAPSE = "relapse"
    CANCELLED = "cancelled"  # ours: never in the table, never counted


_SILENT = {R.NO_ANSWER, R.MACHINE, R.REJECTED, R.HUNG_UP, R.ANSWERED_UNVERIFIED, R.OUTCOME_UNKNOWN, R.REACHED}
_UNREACHABLE = {
    R.POWERED_OFF, R.OUT_OF_AREA, R.SUSPENDED, R.INVALID_NUMBER, R.FORWARDED, R.LABELLED_NUISANCE,
}  # fmt: skip
_OF_RESULT: dict[Result, Met] = {
    **dict.fromkeys(_SILENT, Met.SILENT),
    **dict.fromkeys(_UNREACHABLE, Met.UNREACHABLE),
    **dict.fromkeys(FAULTS, Met.FAULT),
    R.BUSY: Met.BUSY,
    R.AUDIO_ONLY: Met.NOT_TAKEN,
    R.NOT_PLACED: Met.NOT_PLACED,
    R.MET: Met.NOT_THERE,  # met, but no disposition came in time
    R.NOT_THERE: Met.NOT_THERE,
    R.WRONG_ADDRESS: Met.NOT_THERE,
    R.REFUSES_DOOR: Met.NOT_PERSUADED,
    R.NO_ACKNOWLEDGEMENT: Met.IGNORED,
    R.NO_LOSS: Met.CHECKED,
    R.NOT_FOUND: Met.CHECKED,
    R.REFUSED: Met.CHECKED,
    R.NO_NEWS: Met.CHECKED,
    R.LOSS: Met.LOSS,
    R.RELAPSE: Met.RELAPSE,
    R.CANCELLED: Met.CANCELLED,
}
_OF_DISPOSITION: dict[Disposition, Met] = {
    Disposition.PERSUADED: Met.PERSUADED,
    Disposition.NOT_PERSUADED: Met.NOT_PERSUADED,
    Disposition.DENIES: Met.NOT_PERSUADED,
    Disposition.ALREADY_TRANSFERRED: Met.TRANSFERRED,
    Disposition.FALSE_ALARM: Met.FALSE_ALARM,
    Disposition.WRONG_PERSON: Met.WRONG_PERSON,
}


def result_with(tier: Tier, disposition: Disposition) -> Result:
    """The result that goes with a person's word said in time."""
    if disposition is Disposition.WRONG_PERSON:
        return R.ANSWERED_BY_OTHER if tier in CALLS else R.WRONG_ADDRESS
    return R.REACHED if tier in CALLS else R.MET


@cache  # asked a dozen times in every turn
def what_was_met(tier: Tier, level: Level, result: Result, disposition: Disposition | None) -> Met:
    """Fold a result and its disposition into the chain's column. A person's word outranks the machine's."""
    if disposition is not None:
        if disposition is Disposition.WRONG_PERSON and tier is Tier.VISIT:
            return Met.NOT_THERE
        return _OF_DISPOSITION[disposition]
    if result is R.ANSWERED_BY_OTHER:
        met = Met.UNREACHABLE if level >= Level.HIGH else Met.SILENT
    else:
        met = _OF_RESULT[result]
    if tier is Tier.VIDEO and met not in (Met.FAULT, Met.CANCELLED):
        return Met.NOT_TAKEN
    return met


class OrderState(StrEnum):
    """How far an urgent stop-payment order has come; the last three end it."""

    DRAFTED = "drafted"
    SUBMITTED = "submitted"
    ANSWERED = "answered"
    UNANSWERED = "unanswered"
    WITHDRAWN = "withdrawn"


OPEN_ORDERS = (OrderState.DRAFTED, OrderState.SUBMITTED)


class Role(StrEnum):
    """What a user of the centre does."""

    OPERATOR = "operator"
    OFFICER = "officer"
    SUPERVISOR = "supervisor"
    ADMINISTRATOR = "administrator"


class UnitKind(StrEnum):
    """单位: the tree by administrative code, and the stations that hang in it."""

    CITY = "city"
    COUNTY = "county"
    TOWN = "town"
    VILLAGE = "village"
    STATION = "station"


class PlaceKind(StrEnum):
    """How we know where a person is; unknown is blank."""

    POSITION = "position"  # of their phone
    HOTEL = "hotel"
    REGISTERED = "registered"  # where they are registered as living: they need not be there


class ShiftKind(StrEnum):
    """What a line of a duty roster says."""

    REGULAR = "regular"
    HOLIDAY = "holiday"
    STAND_IN = "stand_in"


class First(StrEnum):
    """Who is sent first: whoever is nearest, or the station in whose area the place lies."""

    DISTANCE = "distance"
    JURISDICTION = "jurisdiction"


class Way(StrEnum):
    """How a check of the follow-up is made."""

    CALL = "call"
    VISIT = "visit"


class Money(StrEnum):
    """The three sums a case is told in."""

    AT_RISK = "at_risk"
    LOST = "lost"
    PROTECTED = "protected"


class Situation(StrEnum):
    """话术情形: where a talk stands when somebody looks for words."""

    FIRST_CONTACT = "first_contact"
    BUSY_AGAIN = "busy_again"
    OTHER_ANSWERS = "other_answers"
    DENIES = "denies"
    ASHAMED = "ashamed"
    MID_TRANSFER = "mid_transfer"
    ALREADY_TRANSFERRED = "already_transferred"


class FraudType(StrEnum):
    """诈骗类型: the ministry's ten common types and the rest."""

    BRUSHING = "brushing"
    INVESTMENT = "investment"
    SHOPPING = "shopping"
    CUSTOMER_SERVICE = "customer_service"
    LOAN = "loan"
    CREDIT_RECORD = "credit_record"
    ACQUAINTANCE = "acquaintance"
    AUTHORITY = "authority"
    ROMANCE = "romance"
    GAME_ITEMS = "game_items"
    OTHER = "other"
