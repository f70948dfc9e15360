"""What the network's own journal shows: whom it rang, when, how many at once, and whether anybody here knows."""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from dispatch.chain import Rules
from dispatch.vocabulary import Level
from telephony.calls import NEVER_RANG
from telephony.carrier import CallStatus
from warning_center.simulation import seen
from warning_center.simulation.network import Ring
from warning_center.simulation.seen import PlacedRow
from warning_center.simulation.violations import Broken

DAY = timedelta(hours=24)
SLACK = timedelta(seconds=5)  # between the turn that chose a call and the network's taking it


@dataclass(frozen=True, slots=True)
class Limits:
    """What a trunk may carry."""

    concurrent: int
    per_second: float


@dataclass(slots=True)
class _Bucket:
    """A token bucket on the network's clock; clocks that are apart let it run over by as much."""

    limits: Limits
    apart: float
    tokens: float = 0.0
    at: datetime | None = None

    def takes(self, now: datetime) -> bool:
        rate = self.limits.per_second
        most = max(1.0, rate) + rate * self.apart
        passed = (now - self.at).total_seconds() if self.at else float("inf")
        self.tokens, self.at = min(most, self.tokens + passed * rate), now
        self.tokens -= 1
        return self.tokens >= 0


@dataclass(slots=True)
class Linesmen:
    """Reads the journal on. `apart` is how far the hosts' clocks are from one another."""

    broken: Broken
    limits: Mapping[str, Limits]
    rules: Rules
    apart: timedelta = timedelta()
    _read: int = 0
    _buckets: dict[str, _Bucket] = field(default_factory=dict)
    _live: dict[str, list[Ring]] = field(default_factory=dict)
    _rung: dict[tuple[str, int | None], deque[datetime]] = field(default_factory=dict)

    def instant(self, now: datetime, rings: Sequence[Ring]) -> None:
        """The calls that have been placed since the last time."""
        fresh, self._read = rings[self._read :], len(rings)
        if not fresh:
            return
        known = {row.key: row for row in seen.placed([ring.key for ring in fresh])}
        for ring in fresh:
            row = known.get(ring.key.replace("-", ""))
            self._ring(now, ring, row.pk if row else None, row.status if row else "unknown")
            if row is not None and not row.mode and row.desk_id is None:
                self.broken.add(now, "desks", "rung, and nobody of ours to speak", call=row.pk)
            if row is not None and row.case_id is not None:
                self._allowed(now, ring, row)

    def order(self, now: datetime, placed: Sequence[Ring], shown: datetime) -> None:
        """After a turn of the matcher, whose clock showed `shown`: nobody left ranks before who was served."""
        for served, left in seen.served_and_left([ring.key for ring in placed], shown):
            if left < served:
                self.broken.add(now, "rank", f"call {served[1]} was dialled before it", call=left[1])

    def _ring(self, now: datetime, ring: Ring, pk: int | None, status: str) -> None:
        if ring.engaged:
            self.broken.add(now, "one_call_per_number", "rung while on the line", call=pk)
        if ring.again:
            self.broken.add(now, "known_calls", "asked for twice", call=pk)
        if pk is None or status == CallStatus.BOOKED:
            self.broken.add(now, "known_calls", f"the network carries a call that is {status} here", call=pk)
        limits = self.limits[ring.trunk]
        live = [other for other in self._live.get(ring.trunk, ()) if other.ends_at > ring.at]
        self._live[ring.trunk] = [*live, ring]
        if len(live) >= limits.concurrent:
            self.broken.add(now, "trunk_limits", f"{ring.trunk}: {len(live) + 1} calls at once", call=pk)
        bucket = self._buckets.setdefault(ring.trunk, _Bucket(limits, self.apart.total_seconds()))
        if not bucket.takes(ring.at):
            self.broken.add(now, "trunk_limits", f"{ring.trunk}: too many calls in a second", call=pk)

    def _allowed(self, now: datetime, ring: Ring, row: PlacedRow) -> None:
        """The cap is counted by person: what a number that two share has rung is told of when a call is booked,
        and what it rings for the other after that takes no call back."""
        level, case = Level(row.level or 0), row.case_id
        chain, slack = self.rules.levels[level], SLACK + self.apart
        rung = self._rung.setdefault((ring.number, row.target_id), deque())
        while rung and rung[0] <= ring.at - DAY + slack:
            rung.popleft()
        if ring.result not in NEVER_RANG:
            rung.append(ring.at)
        if chain.most_calls and len(rung) > chain.most_calls:
            self.broken.add(now, "cap", f"call {len(rung)} in 24 h, {level.code}", case=case)
        if chain.hours is not None and not _within(ring.at, chain.hours, self.rules.zone, slack):
            self.broken.add(now, "hours", f"{level.code}, rung {ring.at:%T}", case=case)
        if chain.expires_after and row.issued_at and ring.at > row.issued_at + chain.expires_after + slack:
            self.broken.add(now, "expiry", f"{level.code}, issued {row.issued_at}", case=case)


def _within(at: datetime, hours: tuple[time, time], zone: ZoneInfo, slack: timedelta) -> bool:
    opens, closes = hours
    return opens <= (at + slack).astimezone(zone).time() and (at - slack).astimezone(zone).time() < closes
