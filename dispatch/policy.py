"""What happens next? One pure function over plain facts: no database, no clock, no Django."""

from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from itertools import takewhile
from operator import attrgetter
from typing import Any

from dispatch.calling import Calling
from dispatch.chain import Cell, Rules
from dispatch.checks import next_check
from dispatch.lateness import begun, passed
from dispatch.plan import (
    STOP_PAYMENT,
    Action,
    Close,
    Facts,
    Opened,
    Order,
    Pace,
    Past,
    Plan,
    Raise,
    Recall,
    Send,
    Tell,
    Try,
    Why,
)
from dispatch.standing import met, standing, was_met
from dispatch.vocabulary import CALLS, Level, Met, Outcome, Result, Stage, Tier

_DOWNWARDS = tuple(reversed(Tier))
_ID, _HEARD_AT = attrgetter("id"), attrgetter("heard_at")


class DeadEndError(Exception):
    """Nothing lives, nothing is planned, nothing closes: rules.read and the walk forbid it."""


def next_steps(facts: Facts, rules: Rules, now: datetime) -> Plan:
    """The plan for a case with these facts at this moment.

    When a limit has passed, the plan only states that (and is due at once): first the facts, then what
    they mean. Asked again with the plan carried out, it ends in a plan that is due later.
    """
    if late := passed(facts, rules, now):
        return Plan(tuple(late), now)
    raised = _raised(facts, rules)
    draft = _Draft(facts, rules, raised.level if raised else facts.level, now)
    if raised:
        draft.actions.append(raised)
    return draft.plan()


def _raised(facts: Facts, rules: Rules) -> Raise | None:
    """What raises the level by its number. What came before a person set it counts no more."""
    raised, since = None, facts.level_set_at
    for tier, what, (most, higher) in rules.levels[facts.level].raises:
        same = (p for p in facts.past if p.tier is tier and p.result and met(p, facts.level) is what)
        times = sum(since is None or p.heard_at > since for p in same)
        if times >= most and higher > (raised or facts).level:
            raised = Raise(higher, _row(facts.level, tier, what, times))
    return raised


@cache
def _row(level: Level, tier: Tier, what: str, nth: int = 0) -> Why:
    return Why(f"{level.code}.{tier.code}.{what}", nth)


@cache
def _setting(level: Level, word: str) -> Why:
    return Why(f"{level.code}.{word}")


class _Draft:
    """One plan in the making. Each tier begun is a branch; its last ended attempt speaks for it."""

    def __init__(self, facts: Facts, rules: Rules, level: Level, now: datetime) -> None:
        self.facts, self.rules, self.chain = facts, rules, rules.levels[level]
        self.level, self.now = level, now
        self.actions: list[Action] = []
        self.why: Why  # the row that is being followed
        past = sorted(facts.past, key=_ID)
        self.live = {p.tier: p for p in past if p.result is None}
        self.ended: dict[Tier, list[Past]] = {}
        for p in past:
            if p.result is not None and (p.disposition or p.result is not Result.CANCELLED):
                self.ended.setdefault(p.tier, []).append(p)
        for branch in self.ended.values():
            branch.sort(key=_HEARD_AT)  # a late word speaks from when it was said
        self.known = {p.tier for p in facts.past}
        self.planned: dict[Tier, Try] = {}
        self.ordered = set(facts.ordered)
        self.order_dues = [order.due_at for order in facts.orders]
        self.calling = Calling(facts, self.chain, rules.zone)
        self.standing = standing(facts.past, level)
        settled = self.standing.gone or self.standing.agreed_at is not None
        self.settled = (
            self.standing.spoken if settled else None
        )  # the word that leaves nothing to say by phone

    def _says(self, word: str) -> Why:
        return _setting(self.level, word)

    def plan(self) -> Plan:
        if self.facts.money_moved or self.standing.gone:
            self._order()
        outcome = self._end()
        if outcome is None:
            self._stand_down()
            self._redirect()
            self._keep_pace()
            outcome = self._take_back() or self._begin_by_words() or self._branches()
        if outcome is not None:
            self.actions += [Recall(p.id) for p in self.live.values()]
            return Plan((*self.actions, Close(outcome, self.why)), None)
        self.actions += self.planned.values()
        wakes = [p.due_at for p in self.live.values() if p.due_at]
        wakes += [t.due_at for t in self.planned.values()] + self.order_dues
        if not wakes:
            raise DeadEndError(f"nothing lives and nothing follows: {self.facts!r}")
        return Plan(tuple(self.actions), min(wakes))

    # endings

    def _end(self) -> Outcome | None:
        """An ending that words or bad news bring about at once."""
        spoken = self.standing.spoken
        if spoken and met(spoken, self.level) is Met.FALSE_ALARM:
            self.why = _row(self.level, spoken.tier, Met.FALSE_ALARM)
            return Outcome.FALSE_ALARM
        for check in self.ended.get(Tier.FOLLOW_UP, ()):
            if check.result in (Result.LOSS, Result.RELAPSE):
                self.why = _row(self.level, Tier.FOLLOW_UP, check.result)
            if check.result is Result.LOSS:
                self._order()
                warned = self.facts.met_before or was_met(self.facts.past)
                return Outcome.DEFRAUDED_AFTER_WARNING if warned else Outcome.ALREADY_TRANSFERRED
            if check.result is Result.RELAPSE:
                return Outcome.RELAPSED
        return None

    def _verdict(self) -> Outcome:
        """After the last check or watch."""
        agreed_at = self.standing.agreed_at
        if agreed_at is None:
            return Outcome.NOT_PERSUADED if was_met(self.facts.past) else Outcome.NOT_FOUND
        confirmed = any(
            p.result is Result.NO_LOSS and p.heard_at >= agreed_at for p in self.ended.get(Tier.FOLLOW_UP, ())
        )
        return Outcome.VERIFIED if confirmed else Outcome.UNCONFIRMED

    # when branches meet

    def _stand_down(self) -> None:
        """One branch succeeded, or the money is gone: the others are recalled, or told."""
        if self.settled is None:
            return
        for tier, p in list(self.live.items()):
            if tier is Tier.FOLLOW_UP:
                if self.standing.gone:
                    self._recall(p)
            elif self._stands_down(p, self.settled):
                self._recall(p)
            elif not p.told:
                self.actions.append(Tell(p.id))

    def _stands_down(self, p: Past, spoken: Past) -> bool:
        if p.tier is spoken.tier and not self.standing.gone:
            return True
        if p.tier is Tier.VISIT:
            return not self._visit_goes_on(spoken) and (
                p.stage is not Stage.ARRIVED or spoken.tier is Tier.VISIT
            )
        return self.standing.gone or p.stage is Stage.PLANNED or p.tier in self._cell(spoken).recalls

    def _visit_goes_on(self, spoken: Past) -> bool:
        """Though the person has agreed, or the money is gone: until somebody at the door says the same."""
        if self.standing.gone:
            said = {met(p, self.level) for p in self.ended.get(Tier.VISIT, ())}
            return not said & {Met.PERSUADED, Met.TRANSFERRED}
        return spoken.tier is not Tier.VISIT and Tier.VISIT not in self._cell(spoken).recalls

    def _recall(self, p: Past) -> None:
        self.actions.append(Recall(p.id))
        del self.live[p.tier]

    def _redirect(self) -> None:
        """A visit on its way to where they no longer are, or the village's where the level asks for the police, is
        stood down unless it is at the door; whoever is nearest goes at once."""
        visit = self.live.get(Tier.VISIT)
        if visit is None or visit.stage is Stage.ARRIVED or not self.facts.can_visit:
            return
        if visit.astray or self._is_outgrown(visit):
            self._recall(visit)
            self.why = _row(self.level, Tier.VISIT, "another_place" if visit.astray else "police")
            self._try_visit(self.now, "first", reinforced=False)

    def _is_outgrown(self, p: Past) -> bool:
        """A visit that a lower level gave to the village, where the police are to go now."""
        planned_by = self.rules.levels[p.level]
        return planned_by.rungs[p.tier].community and not self.chain.rungs[p.tier].community

    def _keep_pace(self) -> None:
        """A visit under way has no more time than the level gives from now on: a raise finds slower promises."""
        visit = self.live.get(Tier.VISIT)
        if visit is None or visit.stage is Stage.PLANNED or visit.due_at is None:
            return
        due_at = self.now + self.chain.rungs[Tier.VISIT].within[visit.stage]
        if due_at < visit.due_at:
            self.actions.append(Pace(visit.id, due_at))
            self.live[Tier.VISIT] = replace(visit, due_at=due_at)

    def _take_back(self) -> Outcome | None:
        """What is planned, has not begun and does not fit any more is taken back and thought of anew."""
        for tier, p in list(self.live.items()):
            outcome = None
            if p.stage not in (Stage.PLANNED, Stage.WATCHING) or self._fits(p):
                continue
            self._recall(p)
            if tier is Tier.FOLLOW_UP:
                outcome = self._follow_up()
            elif tier not in self.ended:
                self.why = self._says("starts")
                outcome = self._begin((tier,), again=True)
            if outcome is not None:
                return outcome
        return None

    def _fits(self, p: Past) -> bool:
        """Not if an older level planned it, the number is a wrong one, the day's hours are over, or the contact
        from which a check counts is another. A call back that somebody asked for is theirs at any level."""
        if p.tier is Tier.FOLLOW_UP:
            return p.due_at == next_check(self.facts, self.standing, self.rules, self.level, self.now)
        return (p.asked or p.level is self.level) and (
            p.tier not in CALLS or self.calling.still_fits(p, self.now)
        )

    def _begin_by_words(self) -> Outcome | None:
        """What a person said is heard, even if a later attempt in that tier has met something else."""
        if self.standing.gone:
            self._transferred()
            return self._begin((Tier.VISIT,)) if self.facts.can_visit else None
        if self.standing.agreed_at is not None:
            return self._begin((Tier.FOLLOW_UP,))
        for branch in list(self.ended.values()):
            for p in branch:
                if met(p, self.level) is not Met.NOT_PERSUADED or self._cell(p).again:
                    continue
                self.why = _row(self.level, p.tier, Met.NOT_PERSUADED)
                outcome = self._begin(self._cell(p).then)
                if outcome is not None:
                    return outcome
        return None

    # each branch in its turn

    def _branches(self) -> Outcome | None:
        """The highest tier first, since a redial may look up at a visit under way."""
        opened = self.facts.opened_level
        opens = not self.settled and (opened is None or opened < self.level)
        if opens:
            self.actions += [Send(what) for what in self.chain.sends if what not in self.facts.sent]
            self.actions.append(Opened(self.level))
        for tier in _DOWNWARDS:
            outcome = None
            if tier in self.ended and tier not in self.live and tier not in self.planned:
                outcome = self._react(tier)
            if opens and tier in self.chain.starts:
                self.why = self._says("starts")
                outcome = outcome or self._begin((tier,), again=True)
            if outcome is not None:
                return outcome
        if self.standing.gone and Tier.VISIT not in self.live and Tier.VISIT not in self.planned:
            self._transferred()
            return None if self.order_dues else Outcome.ALREADY_TRANSFERRED
        return None

    def _transferred(self) -> None:
        if self.standing.spoken:
            self.why = _row(self.level, self.standing.spoken.tier, Met.TRANSFERRED)

    def _react(self, tier: Tier) -> Outcome | None:
        if tier is Tier.FOLLOW_UP:
            return None if self.standing.gone else self._follow_up()
        if self.settled and not (tier is Tier.VISIT and self._visit_goes_on(self.settled)):
            return None
        last = self.ended[tier][-1]
        what = met(last, self.level)
        if what is Met.PERSUADED:
            return None  # a higher tier has undone it, and goes on
        if self._is_outgrown(last):
            self.why = _row(self.level, tier, "police")
            return self._try_visit(self.now, "first", reinforced=False)
        self.why = _row(self.level, tier, what)
        if what is Met.WRONG_PERSON:
            if self.calling.number is not None:
                return self._try_call(tier, self.now)
            what = _unreachable(tier)
        cell = self.chain.rungs[tier].cells[what]
        if tier in CALLS and not cell.keep_while and self._gave_way(last):
            return None
        same = self._same(tier, what) or [last]
        self.why = _row(self.level, tier, what, len(same))
        wait = self._wait(cell, what, same)
        if wait is None:
            return None if self.standing.gone else self._begin(cell.then)
        if cell.keep_while and len(same) > len(cell.again):
            self._begin(cell.then)
        at = max(self.now, last.heard_at + wait)
        if tier in CALLS:
            return self._try_call(tier, at)
        if last.astray:
            return self._try_visit(self.now, "first", cell.reinforced)
        return self._try_visit(at, cell.seek, cell.reinforced)

    def _gave_way(self, call: Past) -> bool:
        """Whether the first visit began because no call could follow this one: none does later by chance either.

        Not if the visit's level begins with one: then it was there beside the calls.
        """
        visits = (p for p in self.facts.past if p.tier is Tier.VISIT)
        first = min(visits, key=_ID, default=None)
        return (
            first is not None
            and Tier.VISIT not in self.rules.levels[first.level].starts
            and first.starts_at >= call.heard_at
        )

    def _same(self, tier: Tier, what: Met) -> list[Past]:
        """What counts together: each word by itself; faults in a row, since the line worked in between. What the
        village met counts for the village alone."""
        ended = [p for p in self.ended[tier] if not self._is_outgrown(p)]
        if what is Met.FAULT:
            return [*takewhile(lambda p: met(p, self.level) is what, reversed(ended))][::-1]
        return [p for p in ended if met(p, self.level) is what]

    def _wait(self, cell: Cell, what: Met, same: list[Past]) -> timedelta | None:
        """How long until the next try after the n-th such result; None: the list is spent."""
        times = len(same)
        if what is Met.IGNORED and not self.facts.can_ask_next:
            return None
        if what is Met.FAULT:
            if times % self.facts.trunks:
                return timedelta()  # the other trunk, at once
            times //= self.facts.trunks
        wait = self._nth_wait(cell, times)
        if wait is not None and cell.lasts is not None:
            at = max(self.now, same[-1].heard_at + wait)
            return wait if at < same[0].heard_at + cell.lasts else None
        return wait

    def _nth_wait(self, cell: Cell, times: int) -> timedelta | None:
        if times <= len(cell.again):
            return cell.again[times - 1]
        if cell.repeat or (cell.keep_while and self._keeps(cell, cell.keep_while, times)):
            return cell.again[-1]
        return None

    def _keeps(self, cell: Cell, tier: Tier, times: int) -> bool:
        """Whether a call is redialled on beside that tier: under way, or begun together with the redial."""
        begins = tier in cell.then and tier not in self.known and self.facts.can_visit
        return (begins or tier in self.live or tier in self.planned) and not (cell.most and times > cell.most)

    def _follow_up(self) -> Outcome | None:
        """Plan the next check, or the watch; after the last one, the verdict."""
        watch = self.chain.rungs[Tier.FOLLOW_UP].watch
        due_at = next_check(self.facts, self.standing, self.rules, self.level, self.now)
        self.why = _row(self.level, Tier.FOLLOW_UP, "watch" if watch else "checks")
        if due_at is None:
            return self._verdict()
        if watch:
            self.planned[Tier.FOLLOW_UP] = Try(Tier.FOLLOW_UP, self.now, due_at, Stage.WATCHING, why=self.why)
        else:
            self._plan(Tier.FOLLOW_UP, due_at)
        return None

    # beginning and trying

    def _begin(self, tiers: tuple[Tier, ...], again: bool = False) -> Outcome | None:
        """Begin these tiers where they have not begun; `again` begins them anew unless they live."""
        for tier in tiers:
            if tier in self.live or tier in self.planned or (tier in self.known and not again):
                continue
            if tier is Tier.FOLLOW_UP:
                outcome = self._follow_up()
            elif tier is Tier.VISIT:
                outcome = self._try_visit(self.now, "first", reinforced=False)
            elif self.calling.number is None:
                self.why = _row(self.level, tier, _unreachable(tier))
                outcome = self._begin(self.chain.rungs[tier].cells[_unreachable(tier)].then)
            else:
                outcome = self._try_call(tier, self.now)
            if outcome is not None:
                return outcome
        return None

    def _try_visit(self, at: datetime, seek: str, reinforced: bool) -> Outcome | None:
        if not self.facts.can_visit:  # nowhere to send it
            if self.calling.expired(self.now) and Tier.FOLLOW_UP not in self.known:
                self.why = self._says("expires_after")
                return Outcome.EXPIRED
            return self._begin((Tier.FOLLOW_UP,))
        self._plan(Tier.VISIT, at, seek=seek, reinforced=reinforced, told=self.settled is not None)
        return None

    def _plan(self, tier: Tier, at: datetime, **how: Any) -> None:
        """A visit or a check: one for later waits for its hour, one for now begins."""
        if at > self.now:
            self.planned[tier] = Try(tier, at, at, why=self.why, **how)
        else:
            stage, due_at = begun(tier, self.chain, self.now)
            self.planned[tier] = Try(tier, self.now, due_at, stage, why=self.why, **how)

    def _try_call(self, tier: Tier, at: datetime) -> Outcome | None:
        """Book a call for `at` or the next moment allowed; where none is, a visit instead."""
        booked = [p for p in self.live.values() if p.stage is Stage.PLANNED]
        call = self.calling.book(tier, at, [*booked, *self.planned.values()], self.why)
        if call is None:
            self.why = self._no_call(tier, at)
            return self._begin((Tier.VISIT,))
        self.planned[tier] = call
        return None

    def _no_call(self, tier: Tier, at: datetime) -> Why:
        """The row that forbids one."""
        if self.calling.number is None:
            return _row(self.level, tier, _unreachable(tier))
        too_late = self.calling.expired(self.calling.within_hours(at))
        return self._says("expires_after" if too_late else "most_calls")

    # side orders

    def _order(self) -> None:
        """The stop-payment order, once a case."""
        if STOP_PAYMENT not in self.ordered:
            self.ordered.add(STOP_PAYMENT)
            due_at = self.now + self.rules.order_within
            self.actions.append(Order(STOP_PAYMENT, due_at))
            self.order_dues.append(due_at)

    def _cell(self, p: Past) -> Cell:
        return self.chain.rungs[p.tier].cells[met(p, self.level)]


def _unreachable(tier: Tier) -> Met:
    """What it comes to when no number is left."""
    return Met.NOT_TAKEN if tier is Tier.VIDEO else Met.UNREACHABLE
