"""May we call, whom, and when: known numbers, calling hours, expiry, the cap per number. No Django."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from dispatch.chain import Chain
from dispatch.plan import Facts, Past, Try, Why
from dispatch.vocabulary import Disposition, Stage, Tier

DAY = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Calling:
    """The bars a call must pass. One question, asked wherever a call would be planned."""

    facts: Facts
    chain: Chain
    zone: ZoneInfo

    @property
    def wrong(self) -> set[int | None]:
        """Numbers at which somebody found another person."""
        return {p.number for p in self.facts.past if p.disposition is Disposition.WRONG_PERSON}

    @property
    def number(self) -> int | None:
        """The likeliest known number that is not a wrong one."""
        wrong = self.wrong
        return next((n for n in self.facts.numbers if n not in wrong), None)

    def book(self, tier: Tier, at: datetime, booked: Iterable[Past | Try], why: Why) -> Try | None:
        """A call from `at` on; None: no number is known, it would be too late, or the number has rung enough.

        It may wait for a line until its allowance, the calling hours or the case's expiry end. `booked` are
        calls that have not rung yet and count all the same.
        """
        number, at = self.number, self.within_hours(at)
        if number is None or self.expired(at) or self._rung_enough(number, at, booked):
            return None
        ends = [at + self.chain.rungs[tier].within[Stage.PLANNED], self._expires_at(), self._hours_end(at)]
        return Try(tier, at, min(filter(None, ends)), number=number, why=why)

    def still_fits(self, call: Past, now: datetime) -> bool:
        """Whether a planned call is still to one of their numbers, and no wrong one, within its hours."""
        return (
            call.number in self.facts.numbers
            and call.number not in self.wrong
            and (call.due_at is None or now < call.due_at)
        )

    def allowance_over(self, call: Past, now: datetime) -> bool:
        """Whether a planned call has waited for a line as long as it may, so that time is not just up for today."""
        return now >= call.starts_at + self.chain.rungs[call.tier].within[Stage.PLANNED] or self.expired(now)

    def expired(self, at: datetime) -> bool:
        """Whether the case is then too old to be helped by telephone."""
        expires_at = self._expires_at()
        return expires_at is not None and at >= expires_at

    def _expires_at(self) -> datetime | None:
        after = self.chain.expires_after
        return self.facts.issued_at + after if after else None

    def _rung_enough(self, number: int, at: datetime, booked: Iterable[Past | Try]) -> bool:
        recent = sum(rung > at - DAY for rung in self.facts.rung.get(number, ()))
        recent += sum(call.number == number for call in booked)
        return bool(self.chain.most_calls) and recent >= self.chain.most_calls

    def within_hours(self, at: datetime) -> datetime:
        """The same moment, or the next one at which the hours begin."""
        if self.chain.hours is None:
            return at
        opens, closes = self.chain.hours
        local = at.astimezone(self.zone)
        if local.time() >= closes:
            return self._on(local + DAY, opens, at)
        return max(at, self._on(local, opens, at))

    def _hours_end(self, at: datetime) -> datetime | None:
        if self.chain.hours is None:
            return None
        return self._on(at.astimezone(self.zone), self.chain.hours[1], at)

    def _on(self, day: date, clock: time, like: datetime) -> datetime:
        """That time of that day where the centre is, told in the zone of `like`."""
        return datetime.combine(day, clock, self.zone).astimezone(like.tzinfo)
