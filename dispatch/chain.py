"""The escalation policy as frozen rows: levels, tiers, and what follows each result."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time, timedelta
from zoneinfo import ZoneInfo

from dispatch.flaw import Flaw
from dispatch.vocabulary import First, Level, Met, Outcome, Stage, Tier, Way

_CONTACT = {Met.NOT_PERSUADED, Met.PERSUADED, Met.TRANSFERRED, Met.FALSE_ALARM}
CELLS_OF: Mapping[Tier, frozenset[Met]] = {
    Tier.VOICE: frozenset({Met.BUSY, Met.SILENT, Met.UNREACHABLE, Met.FAULT, Met.NOT_PLACED} | _CONTACT),
    Tier.VIDEO: frozenset({Met.NOT_TAKEN, Met.FAULT} | _CONTACT),
    Tier.VISIT: frozenset({Met.IGNORED, Met.NOT_THERE} | _CONTACT),
    Tier.FOLLOW_UP: frozenset(),  # its course is fixed by the words: checks or a watch, then an outcome
}
STAGES_OF: Mapping[Tier, tuple[Stage, ...]] = {
    Tier.VOICE: (Stage.PLANNED, Stage.DIALLED, Stage.TALKING, Stage.JUDGING),
    Tier.VIDEO: (Stage.PLANNED, Stage.DIALLED, Stage.TALKING, Stage.JUDGING),
    Tier.VISIT: (Stage.SENT, Stage.ACKNOWLEDGED, Stage.ARRIVED),
    Tier.FOLLOW_UP: (Stage.CHECKING,),
}
DOOR_TOLERANCE = 300  # metres, where the document names none
# How soon and how late a person may put the next call, where the document names neither.
CALL_BACK_AFTER = timedelta(minutes=1)
CALL_BACK_WITHIN = {
    Level.CRITICAL: timedelta(minutes=10),
    Level.HIGH: timedelta(hours=1),
    Level.MEDIUM: timedelta(hours=12),
    Level.LOW: timedelta(hours=24),
}
CALL_BACK = timedelta(hours=24)


class BadRules(ValueError):
    """The document does not describe a chain that always ends. `flaws` names each row and what is wrong with it."""

    def __init__(self, flaws: list[Flaw]) -> None:
        super().__init__("; ".join(map(str, flaws)))
        self.flaws = flaws


@dataclass(frozen=True, slots=True)
class Cell:
    """What one result leads to; the words are explained at the head of chain.toml."""

    again: tuple[timedelta, ...] = ()
    repeat: bool = False
    lasts: timedelta | None = None
    keep_while: Tier | None = None
    most: int = 0
    then: tuple[Tier, ...] = ()
    seek: str = "same"
    reinforced: bool = False
    recalls: tuple[Tier, ...] = ()
    raises: tuple[int, Level] | None = None
    orders: tuple[str, ...] = ()
    closes: Outcome | None = None


@dataclass(frozen=True, slots=True)
class Rung:
    """One tier under one level."""

    within: Mapping[Stage, timedelta]
    cells: Mapping[Met, Cell] = field(default_factory=dict)
    announce: bool = False  # a call begins with a spoken announcement
    community: bool = False  # a visit is the village's or community's
    first: First = First.DISTANCE  # who is sent on a visit
    checks: tuple[timedelta, ...] = ()  # follow-up by a person, counted from the contact
    ways: tuple[Way, ...] = ()  # how each check is to be made; none: as the checker thinks fit
    police: bool = False  # the nearest station's community officers check, not the village's grid workers
    watch: timedelta | None = None  # or a watch without anybody asking


@dataclass(frozen=True, slots=True)
class Chain:
    """One level's chain."""

    starts: tuple[Tier, ...]
    sends: tuple[str, ...] = ()
    head_start: timedelta = timedelta()
    most_calls: int = 0  # per number in any 24 h; 0: no cap
    hours: tuple[time, time] | None = None  # when a call may begin; None: at any hour
    expires_after: timedelta | None = None  # later than this after the newest directive no call is made
    call_back_after: timedelta = CALL_BACK_AFTER  # a call back that a person arranges: not sooner
    call_back_within: timedelta = CALL_BACK_WITHIN[Level.CRITICAL]  # and not later
    rungs: Mapping[Tier, Rung] = field(default_factory=dict)
    raises: tuple[
        tuple[Tier, Met, tuple[int, Level]], ...
    ] = ()  # the cells whose n-th result raises the level


@dataclass(frozen=True, slots=True)
class Rules:
    """A whole escalation policy."""

    zone: ZoneInfo
    order_within: timedelta
    levels: Mapping[Level, Chain]
    place_lasts: timedelta = timedelta(
        hours=24
    )  # an older place is stale: it says so, and any newer one replaces it
    seen_within: timedelta = timedelta(
        minutes=5
    )  # a stand-down or a raise to critical that nobody has seen by then is told to duty phones
    reach_km: int = 100  # nobody farther away than this is sent
    sources: Mapping[str, str] = field(
        default_factory=dict
    )  # per row, where its numbers come from; else a default
    door_tolerance: int = (
        DOOR_TOLERANCE  # metres: farther from the address than this, an officer is asked why
    )
    # the head start in the queue of a call back to somebody who has asked for an officer by a key
    call_back: timedelta = CALL_BACK
