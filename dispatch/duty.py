"""Who is on duty, until when, and where a roster has gaps: shifts by a unit's own wall clock. No Django."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from dispatch.vocabulary import ShiftKind

DAY = timedelta(days=1)
HORIZON = 14  # days that are looked ahead for the end of a duty, or for the next one


@dataclass(frozen=True, slots=True)
class Shift:
    """One line of a roster.

    `regular`: on these weekdays (0 is Monday; none: every day) from `begins` to `ends` by the wall clock, overnight if
    that is no later; it belongs to the day it begins on. `holiday`: on these dates its hours stand for all regular
    ones; without hours nobody is there. `stand_in`: on these dates `person` does the shifts of `instead_of`; without a
    person nobody does.
    """

    kind: ShiftKind = ShiftKind.REGULAR
    days: frozenset[int] = frozenset()
    begins: time | None = None
    ends: time | None = None
    since: date | None = None
    until: date | None = None  # the last day
    person: str = ""
    instead_of: str = ""

    def is_of(self, day: date) -> bool:
        """Whether it speaks of this day."""
        if (self.since and day < self.since) or (self.until and day > self.until):
            return False
        return not self.days or day.weekday() in self.days


@dataclass(frozen=True, slots=True)
class Span:
    """Somebody's duty, from one moment to another (UTC)."""

    begins: datetime
    ends: datetime
    person: str = ""


def is_on(roster: Sequence[Shift], zone: ZoneInfo, at: datetime) -> bool:
    """Whether anybody is on duty; without a roster somebody always is."""
    return not roster or any(span.begins <= at < span.ends for span in _around(roster, zone, at, 1))


def on_now(roster: Sequence[Shift], zone: ZoneInfo, at: datetime) -> tuple[str, ...]:
    """Who is on duty by name, as far as the roster names them."""
    spans = (span for span in _around(roster, zone, at, 1) if span.begins <= at < span.ends)
    return tuple(dict.fromkeys(span.person for span in spans if span.person))


def until(roster: Sequence[Shift], zone: ZoneInfo, at: datetime) -> datetime | None:
    """When the duty that is on ends; None if it goes on for a fortnight or more, or nobody is on."""
    end = None
    for begins, ends in merged(_around(roster, zone, at, HORIZON)):
        if begins <= at < ends:
            end = ends
    return end if end and end < at + (HORIZON - 1) * DAY else None


def again(roster: Sequence[Shift], zone: ZoneInfo, at: datetime) -> datetime | None:
    """When somebody is next on duty, if nobody is now; None if not within a fortnight."""
    return min((s.begins for s in _around(roster, zone, at, HORIZON) if s.begins > at), default=None)


def gaps(roster: Sequence[Shift], zone: ZoneInfo, first: date, days: int) -> list[tuple[datetime, datetime]]:
    """When nobody is on duty, from the first day's midnight on for so many days. Without a roster: never."""
    if not roster:
        return []
    at, end = _moment(first, time(), zone), _moment(first + days * DAY, time(), zone)
    found = []
    for begins, ends in merged(spans(roster, zone, first - DAY, days + 1)):
        if begins > at:
            found.append((at, min(begins, end)))
        at = max(at, ends)
        if at >= end:
            return found
    return [*found, (at, end)]


def spans(roster: Sequence[Shift], zone: ZoneInfo, first: date, days: int) -> Iterator[Span]:
    """Everybody's duties that begin on these days."""
    for n in range(days):
        day = first + n * DAY
        holidays = [s for s in roster if s.kind is ShiftKind.HOLIDAY and s.is_of(day)]
        regular = [s for s in roster if s.kind is ShiftKind.REGULAR and s.is_of(day)]
        stand_ins = {s.instead_of: s.person for s in roster if s.kind is ShiftKind.STAND_IN and s.is_of(day)}
        for shift in holidays or regular:
            absent = shift.person in stand_ins and not stand_ins[shift.person]
            if shift.begins is None or shift.ends is None or absent:
                continue
            last = day if shift.ends > shift.begins else day + DAY
            begins, ends = _moment(day, shift.begins, zone), _moment(last, shift.ends, zone)
            if begins < ends:
                yield Span(begins, ends, stand_ins.get(shift.person, shift.person))


def merged(found: Iterable[Span]) -> list[tuple[datetime, datetime]]:
    """When anybody is on duty: spans that meet become one."""
    whole: list[tuple[datetime, datetime]] = []
    for span in sorted(found, key=lambda s: s.begins):
        if whole and span.begins <= whole[-1][1]:
            whole[-1] = (whole[-1][0], max(whole[-1][1], span.ends))
        else:
            whole.append((span.begins, span.ends))
    return whole


def _around(roster: Sequence[Shift], zone: ZoneInfo, at: datetime, days: int) -> Iterator[Span]:
    """From the day before, whose night may still go on."""
    return spans(roster, zone, at.astimezone(zone).date() - DAY, days + 1)


def _moment(day: date, at: time, zone: ZoneInfo) -> datetime:
    """In UTC, since moments of one zone are compared by the wall clock, which may be put back."""
    return datetime.combine(day, at, tzinfo=zone).astimezone(UTC)
