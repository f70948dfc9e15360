"""What is likely in a simulated day: tables of data, each row with its source, or that it is assumed."""

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Generic, TypeVar

from dispatch.vocabulary import Disposition, FraudType, Level, Result
from telephony.carrier import CallResult

T = TypeVar("T")
ASSUMED = "assumed"


@dataclass(frozen=True, slots=True)
class Row(Generic[T]):
    """One thing that may be the case, its weight among the rows of its table, and where that comes from."""

    what: T
    weight: float
    source: str


@dataclass(frozen=True, slots=True)
class Chance:
    """How likely something is, from 0 to 1."""

    likely: float
    source: str

    def falls(self, luck: Random) -> bool:
        return luck.random() < self.likely


@dataclass(frozen=True, slots=True)
class Span:
    """Seconds: never less than `least`, mostly about `mode`, never more than `most`."""

    least: float
    mode: float
    most: float
    source: str

    def draw(self, luck: Random) -> float:
        """Seconds, in tenths."""
        return round(luck.triangular(self.least, self.most, self.mode), 1)


Table = tuple[Row[T], ...]


def draw(table: Table[T], luck: Random) -> T:
    """One of a table's rows, by their weights."""
    (row,) = luck.choices(table, [row.weight for row in table])
    return row.what


# What comes in

_PEAKS = "domain.md 5: scam calls peak 08-11 and least 01-05, one city most at 17:00; the rest assumed"
HOURS: Table[int] = tuple(
    Row(hour, weight, _PEAKS)
    for hour, weight in enumerate(
        (1.5, 0.7, 0.6, 0.6, 0.6, 0.8, 1.5, 3.5, 7.5, 9, 9.5, 8.5, 5.5, 5.5, 7, 7, 6.5, 7.5, 5.5, 4, 3.5, 3, 2.5, 2)
    )
)  # fmt: skip
IN_BURSTS = Chance(0.25, "domain.md 5: feeds can come in batches; how many assumed")
BURST_OF = (5, 40)  # directives; domain.md 5: bursts of 5 to 10 a second to be tested
BATCHED = Chance(0.5, ASSUMED)  # of the bursts; the others come one by one, as fast as they can
SAME_PERSON = Chance(0.08, "domain.md 2 and 6: repeated warnings of one person are common; how many assumed")
REPEATED = Chance(0.03, "domain.md 6: duplicate warnings have a status of their own; how many assumed")
CHANGED = Chance(0.01, "domain.md 6: mismatched warnings have a status of their own; how many assumed")
LATE = Chance(0.02, "domain.md 5: warnings also come late; how many assumed")
LATE_BY = Span(600, 3600, 6 * 3600, ASSUMED)
ON_THE_WAY = Span(1, 10, 60, "domain.md 1: under a minute from directive to the duty chief's phone")

LEVELS: Table[Level | None] = (
    Row(Level.CRITICAL, 5, ASSUMED),
    Row(Level.HIGH, 20, ASSUMED),
    Row(Level.MEDIUM, 35, ASSUMED),
    Row(Level.LOW, 35, ASSUMED),
    Row(None, 5, ASSUMED),  # the source gives none: the score decides
)
FRAUDS: Table[FraudType] = (
    Row(FraudType.BRUSHING, 26, "domain.md 2: first by cases and total loss; shares assumed"),
    Row(FraudType.INVESTMENT, 14, "domain.md 2: the largest loss a case; shares assumed"),
    Row(FraudType.SHOPPING, 12, ASSUMED),
    Row(FraudType.CUSTOMER_SERVICE, 11, ASSUMED),
    Row(FraudType.LOAN, 9, ASSUMED),
    Row(FraudType.CREDIT_RECORD, 5, ASSUMED),
    Row(FraudType.ACQUAINTANCE, 4, ASSUMED),
    Row(FraudType.AUTHORITY, 4, ASSUMED),
    Row(FraudType.ROMANCE, 2, ASSUMED),
    Row(FraudType.GAME_ITEMS, 2, ASSUMED),
    Row(FraudType.OTHER, 11, "domain.md 2: the ten types are 88.4 % of cases"),
)
AGES: Table[tuple[int, int]] = (
    Row((18, 40), 62.1, "domain.md 2: 18-40 are 62.1 %"),
    Row((41, 65), 33.1, "domain.md 2: 41-65 are 33.1 %"),
    Row((66, 85), 4.8, "domain.md 2: the rest"),
)
SOURCES: Table[str] = (
    Row("national", 55, "domain.md 1 and 5: the national platform pushes about half; the rest assumed"),
    Row("province", 25, ASSUMED),
    Row("carrier", 8, ASSUMED),
    Row("bank", 7, ASSUMED),
    Row("tip", 5, ASSUMED),
)
WITH_ID = Chance(0.6, "domain.md 2: searched by phone or ID card; how many assumed")
WITHOUT_PHONE = Chance(0.02, ASSUMED)
SECOND_PHONE = Chance(0.1, ASSUMED)  # of those who are warned of again
SHARED_PHONE = Chance(0.01, ASSUMED)  # two people, one phone
PLACED = Chance(0.85, ASSUMED)
WITH_AMOUNT = Chance(0.35, ASSUMED)
ON_CALL = Chance(0.08, "domain.md 2: a long call in progress; how many assumed")
MONEY_MOVED = Chance(0.03, "domain.md 2: money already moved; how many assumed")
POOLED = Chance(0.02, "domain.md 2: money pooled into one card; how many assumed")
SCREEN_SHARED = Chance(0.02, "domain.md 2: screen shared is the first of five questions; how many assumed")

# What a call meets

_REFUSED = "domain.md 3: some 40 % were refused in Guangdong before 96110; with its label fewer, assumed"
VOICE: Table[CallResult] = (
    Row(CallResult.ANSWERED, 52, ASSUMED),
    Row(CallResult.BUSY, 12, "domain.md 3: busy is very common; how common assumed"),
    Row(CallResult.NO_ANSWER, 16, ASSUMED),
    Row(CallResult.REJECTED, 7, _REFUSED),
    Row(CallResult.HUNG_UP, 3, _REFUSED),
    Row(CallResult.MACHINE, 3, ASSUMED),
    Row(CallResult.POWERED_OFF, 3, ASSUMED),
    Row(CallResult.OUT_OF_AREA, 1.5, ASSUMED),
    Row(CallResult.FORWARDED, 1, "domain.md 3: forwarding occurs; how often assumed"),
    Row(CallResult.LABELLED_NUISANCE, 0.5, "domain.md 3: some numbers were marked as spam"),
    Row(CallResult.CONGESTION, 1, ASSUMED),
)
VIDEO: Table[CallResult] = (
    Row(CallResult.ANSWERED, 35, ASSUMED),
    Row(CallResult.AUDIO_ONLY, 15, ASSUMED),
    Row(CallResult.REJECTED, 20, ASSUMED),
    Row(CallResult.NO_ANSWER, 22, ASSUMED),
    Row(CallResult.BUSY, 6, ASSUMED),
    Row(CallResult.CONGESTION, 2, ASSUMED),
)
DEAD_PHONE: Table[CallResult | None] = (  # of a phone, for as long as the day lasts
    Row(None, 98, ASSUMED),
    Row(CallResult.INVALID_NUMBER, 1.2, ASSUMED),
    Row(CallResult.SUSPENDED, 0.8, "domain.md 3: carriers suspend lines on request; how many assumed"),
)
LASTS: Mapping[CallResult, Span] = {  # from dialling to the end
    CallResult.ANSWERED: Span(30, 150, 900, "assumed; a robot's call takes about 40 s (domain.md 6)"),
    CallResult.HUNG_UP: Span(8, 14, 30, ASSUMED),
    CallResult.MACHINE: Span(15, 30, 40, ASSUMED),
    CallResult.AUDIO_ONLY: Span(15, 25, 60, ASSUMED),
    CallResult.NO_ANSWER: Span(30, 45, 60, ASSUMED),
    CallResult.REJECTED: Span(4, 12, 30, ASSUMED),
    CallResult.FORWARDED: Span(8, 12, 20, ASSUMED),
}
LASTS_ELSE = Span(2, 4, 8, ASSUMED)

Word = Result | Disposition
ON_THE_LINE: Table[Word | None] = (  # what the operator says of an answered call; None: never a word
    Row(Disposition.PERSUADED, 70, ASSUMED),
    Row(Disposition.NOT_PERSUADED, 6, ASSUMED),
    Row(Disposition.DENIES, 5, "domain.md 3: claims not to be defrauded; how many assumed"),
    Row(Disposition.ALREADY_TRANSFERRED, 3, "domain.md 3: already transferred; how many assumed"),
    Row(Disposition.FALSE_ALARM, 4, "domain.md 1: does not match is a status; how many assumed"),
    Row(Disposition.WRONG_PERSON, 2, "domain.md 3: wrong or mismatched person; how many assumed"),
    Row(Result.ANSWERED_BY_OTHER, 5, "domain.md 3: answered by someone else; how many assumed"),
    Row(Result.ANSWERED_UNVERIFIED, 4, ASSUMED),
    Row(None, 1, ASSUMED),
)
SAID_AFTER = Span(0, 20, 120, ASSUMED)  # the end of the call
IDENTIFIED = Chance(0.5, ASSUMED)  # with a press of its own, before the word
WRAP_UP = Span(5, 25, 90, ASSUMED)

# Operators at their desks

STAFFED: Table[tuple[int, int]] = (  # hours of the day, and the share of the desks that somebody sits at
    Row((8, 22), 1.0, ASSUMED),
    Row((22, 32), 0.35, "domain.md 3: duty at all hours; how many assumed"),
)
PREVIEW = Chance(0.25, ASSUMED)  # of the desks that want to see a call before it is dialled
VIDEO_DESK = Chance(0.5, ASSUMED)  # of the desks that can show a face; the first one always can
ANSWERS_OFFER: Table[str] = (
    Row("accept", 93, ASSUMED),
    Row("decline", 4, ASSUMED),
    Row("nothing", 3, ASSUMED),  # gone to fetch tea: the offer lapses
)
THINKS = Span(1, 3, 10, ASSUMED)
BREAK = Chance(0.03, ASSUMED)  # at each look at the clock
BREAK_OF = Span(300, 600, 1800, ASSUMED)

# What officers meet, and when

ACKNOWLEDGES: Table[str] = (
    Row("in time", 92, ASSUMED),
    Row("late", 5, "domain.md 8: no deadline is public; how many are late assumed"),
    Row("never", 3, ASSUMED),
)
ARRIVES: Table[str] = (
    Row("in time", 90, "domain.md 1: some 30 minutes to the door was achieved; how many assumed"),
    Row("late", 7, ASSUMED),
    Row("never", 3, ASSUMED),
)
AT_THE_DOOR: Table[Word | None] = (
    Row(Disposition.PERSUADED, 64, ASSUMED),
    Row(Result.NOT_THERE, 15, ASSUMED),
    Row(Disposition.NOT_PERSUADED, 6, "domain.md 3: 11 visits to one woman in vain; how many assumed"),
    Row(Result.REFUSES_DOOR, 4, "domain.md 3: victims are told not to open; how many assumed"),
    Row(Disposition.ALREADY_TRANSFERRED, 4, ASSUMED),
    Row(Disposition.FALSE_ALARM, 3, ASSUMED),
    Row(Result.WRONG_ADDRESS, 2, ASSUMED),
    Row(Disposition.WRONG_PERSON, 1, ASSUMED),
    Row(None, 1, ASSUMED),
)
AT_THE_DOOR_FOR = Span(360, 1200, 5400, "domain.md 3: at least six minutes; one took hours; the rest assumed")
LATE_ANYWAY = Chance(0.1, ASSUMED)  # a word said though the attempt has ended meanwhile
CHECKS: Table[Word | None] = (
    Row(Result.NO_LOSS, 90, ASSUMED),
    Row(Result.NOT_FOUND, 4, "domain.md 1: cannot find is a status; how many assumed"),
    Row(Result.REFUSED, 2, ASSUMED),
    Row(Result.LOSS, 1, "domain.md 1: defrauded after warning is counted; how many assumed"),
    Row(Result.RELAPSE, 1, "domain.md 2: people are often defrauded again; how many assumed"),
    Row(None, 2, ASSUMED),
)
WATCHES: Table[Word | None] = (
    Row(None, 98.5, ASSUMED),
    Row(Result.LOSS, 1, ASSUMED),
    Row(Result.RELAPSE, 0.5, ASSUMED),
)

# Banks

SUBMITTED_AFTER = Span(30, 120, 900, ASSUMED)
BANK_ANSWERS = Chance(0.9, "domain.md 4: not every account matches; how many assumed")
BANK_ANSWERS_AFTER = Span(120, 400, 1500, "domain.md 4: within 30 minutes 17 % rose to 96 %")
BANK_HOLDS = (0.0, 1.0)  # of the sum; domain.md 4: a part is often gone already
