"""One simulated case, lived without a database: it takes its turns, and breaks off when a promise is broken."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from operator import attrgetter
from typing import Any

from dispatch import plan, policies, policy, rules
from dispatch.calling import DAY
from dispatch.chain import Rules
from dispatch.models import Case, PolicyVersion
from dispatch.plan import Facts, OpenOrder, Past
from dispatch.standing import Standing, standing, was_met
from dispatch.vocabulary import CALLS, Disposition, Level, Outcome, Result, Stage, State, Tier

MOST_STEPS = 4  # a case takes at one instant
NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)  # 12:00 in Shanghai, a Monday
NIGHT = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)  # 23:00
NEVER_RANG = (Result.CONGESTION, Result.FAILED_HERE, Result.NOT_PLACED, Result.CANCELLED)
_LADDER = (State.NEW, State.VOICE, State.VIDEO, State.VISIT, State.FOLLOW_UP, State.CLOSED)


class BrokenPromiseError(AssertionError):
    """The policy did what the design forbids."""


@cache
def chain() -> Rules:
    """The rules that ship with the program."""
    return rules.read(policies.built_in(PolicyVersion.Kind.ESCALATION))


@cache
def climb(state: State, tier: Tier) -> State:
    """Where the real state machine goes when an attempt of this tier is planned."""
    case = Case(state=state)
    case.climb(tier)
    return State(case.state)


@cache
def close(state: State, outcome: Outcome) -> State:
    """Where the real state machine goes when the case closes."""
    case = Case(state=state)
    case.close(outcome)
    return State(case.state)


class Life:
    """A case as its rows would hold it, and the plan it last followed."""

    def __init__(
        self,
        level: Level,
        *,
        numbers: tuple[int, ...] = (1, 2),
        can_visit: bool = True,
        money_moved: bool = False,
        now: datetime = NOON,
        age: timedelta = timedelta(),
        rung: int = 0,
        trunks: int = 2,
    ) -> None:
        self.level, self.numbers, self.can_visit, self.trunks = level, numbers, can_visit, trunks
        self.money_moved, self.now, self.issued_at = money_moved, now, now - age
        self.rung = tuple((numbers[0], now - timedelta(hours=1)) for _ in range(rung))
        self.past: tuple[Past, ...] = ()
        self.begun: frozenset[int] = frozenset()  # attempts that were dialled, sent or due
        self.opened_level: Level | None = None
        self.level_set_at: datetime | None = None
        self.sent: frozenset[str] = frozenset()
        self.ordered: frozenset[str] = frozenset()
        self.orders: tuple[OpenOrder, ...] = ()
        self.state, self.due_at = State.NEW, now
        self.outcome: Outcome | None = None
        self.asides = 0
        self.trail: tuple[object, ...] = ()  # (what came before, what happened last)

    def copy(self) -> "Life":
        """Another life with the same past."""
        twin = object.__new__(Life)
        twin.__dict__ = (
            self.__dict__.copy()
        )  # half a million times in a gate: by hand it takes ten times as long
        return twin

    @property
    def live(self) -> list[Past]:
        return [p for p in self.past if p.result is None]

    def facts(self) -> Facts:
        """What the policy is asked about."""
        rung: dict[int, tuple[datetime, ...]] = {}
        for number, at in self.rung:
            if at > self.now - DAY:
                rung[number] = (*rung.get(number, ()), at)
        return Facts(
            level=self.level,
            issued_at=self.issued_at,
            past=self.past,
            opened_level=self.opened_level,
            level_set_at=self.level_set_at,
            numbers=self.numbers,
            rung=rung,
            trunks=self.trunks,
            can_visit=self.can_visit,
            sent=self.sent,
            ordered=self.ordered,
            orders=self.orders,
            money_moved=self.money_moved,
        )

    def change(self, attempt: int, **fields: object) -> None:
        """Write fields of one attempt. (By hand: `dataclasses.replace` takes a third of a walk's time.)"""
        values = list(_READ(self.past[attempt]))
        for name, value in fields.items():
            values[_PLACE[name]] = value
        self.past = (*self.past[:attempt], Past(*values), *self.past[attempt + 1 :])

    def dial(self, attempt: int, at: datetime, *, rings: bool = True) -> None:
        """A planned call gets its line."""
        p = self.past[attempt]
        _promise(may_call(self, p.number, at), "rang a number though it may not be rung")
        if rings and p.number is not None:
            self.rung += ((p.number, at),)
        self.begun |= {attempt}

    def turn(self) -> "Life":
        """Ask the policy until nothing is due any more, carry it out, and check every promise."""
        before = self.state
        for _ in range(MOST_STEPS):
            steps = policy.next_steps(self.facts(), chain(), self.now)
            for action in steps.actions:
                _TAKE[type(action)](self, action)
            if self.outcome is not None:
                _promise(steps.due_at is None, "closed, and due again")
                _check_end(self)
                return self
            if steps.due_at is not None and steps.due_at > self.now:
                break
        else:
            raise BrokenPromiseError(f"no rest after {MOST_STEPS} steps at one instant")
        live = self.live
        _check_due(self, live, steps)
        _check_words(self, live)
        self.due_at = steps.due_at
        _promise(_LADDER.index(self.state) >= _LADDER.index(before), "the state went back")
        return self

    def rest(self) -> "Life":
        """Nothing has happened since: asked again, the policy must want nothing else."""
        if self.outcome is not None:
            return self
        again = policy.next_steps(self.facts(), chain(), self.now)
        _promise(not again.actions and again.due_at == self.due_at, "asked again, it wants something else")
        return self

    def standing(self) -> Standing:
        return standing(self.past, self.level)


_READ = attrgetter(*Past.__slots__)
_PLACE = {name: n for n, name in enumerate(Past.__slots__)}


def may_call(life: Life, number: int | None, at: datetime, *, besides: int = 0) -> bool:
    """The design's three bars, told anew: calling hours, expiry, the cap of any 24 hours."""
    rows = chain().levels[life.level]
    clock = (at + timedelta(hours=8)).time()
    rung = sum(n == number and at - DAY < rang <= at for n, rang in life.rung)
    return (
        (rows.hours is None or rows.hours[0] <= clock < rows.hours[1])
        and (rows.expires_after is None or at < life.issued_at + rows.expires_after)
        and (not rows.most_calls or rung + besides < rows.most_calls)
    )


def wrong_numbers(life: Life) -> set[int | None]:
    return {p.number for p in life.past if p.disposition is Disposition.WRONG_PERSON and p.tier in CALLS}


# carrying out


def _raise(life: Life, action: plan.Raise) -> None:
    _promise(action.level > life.level, "a level fell by itself")
    life.level = action.level


def _opened(life: Life, action: plan.Opened) -> None:
    life.opened_level = action.level


def _end(life: Life, attempt: int, result: Result) -> None:
    _promise(life.past[attempt].result is None, "ended what had ended")
    life.change(attempt, result=result, ended_at=life.now, due_at=None)


def _settle(life: Life, action: plan.Settle) -> None:
    due_at = life.past[action.attempt].due_at
    _promise(due_at is not None and due_at <= life.now, "settled before its time")
    reached = action.result in (Result.REACHED, Result.MET)
    _promise(not reached or life.past[action.attempt].identified, "reached whom nobody had identified")
    _end(life, action.attempt, action.result)


def _recall(life: Life, action: plan.Recall) -> None:
    _end(life, action.attempt, Result.CANCELLED)


def _begin(life: Life, action: plan.Begin) -> None:
    life.change(action.attempt, stage=action.stage, due_at=action.due_at)
    life.begun |= {action.attempt}


def _tell(life: Life, action: plan.Tell) -> None:
    life.change(action.attempt, told=True)


def _pace(life: Life, action: plan.Pace) -> None:
    p = life.past[action.attempt]
    sooner = p.due_at is not None and life.now < action.due_at < p.due_at
    _promise(p.tier is Tier.VISIT and sooner, "took a pace that is no quicker")
    life.change(action.attempt, due_at=action.due_at)


def _send(life: Life, action: plan.Send) -> None:
    _promise(action.what not in life.sent, "a message went out twice")
    if life.numbers:
        life.sent |= {action.what}


def _order(life: Life, action: plan.Order) -> None:
    _promise(action.what not in life.ordered, "ordered twice")
    life.ordered |= {action.what}
    life.orders += (OpenOrder(len(life.ordered), action.due_at),)


def _lapse(life: Life, action: plan.Lapse) -> None:
    life.orders = tuple(order for order in life.orders if order.id != action.order)


def _try(life: Life, action: plan.Try) -> None:
    _check_try(life, action)
    life.state = climb(life.state, action.tier)
    attempt = Past(
        len(life.past), action.tier, life.level, action.stage, action.starts_at, action.due_at,
        number=action.number, told=action.told,
    )  # fmt: skip
    life.past += (attempt,)
    if action.stage is not Stage.PLANNED:
        life.begun |= {attempt.id}


def _close(life: Life, action: plan.Close) -> None:
    life.state, life.outcome = close(life.state, action.outcome), action.outcome


_TAKE: dict[type[plan.Action], Callable[[Life, Any], None]] = {
    plan.Raise: _raise, plan.Opened: _opened, plan.Settle: _settle, plan.Begin: _begin,
    plan.Recall: _recall, plan.Tell: _tell, plan.Pace: _pace, plan.Send: _send, plan.Order: _order,
    plan.Lapse: _lapse, plan.Try: _try, plan.Close: _close,
}  # fmt: skip


# promises


def _promise(kept: bool, broken: str) -> None:
    if not kept:
        raise BrokenPromiseError(broken)


def _check_due(life: Life, live: list[Past], steps: plan.Plan) -> None:
    """An open case is due when the first of its live attempts and open orders is."""
    dues = [p.due_at for p in live] + [order.due_at for order in life.orders]
    _promise(bool(dues) and all(dues), "an open case with nothing to wait for")
    _promise(steps.due_at == min(due for due in dues if due), "not due at the least due time")


def _check_words(life: Life, live: list[Past]) -> None:
    """The design's rule told anew: the last word of the highest tier that spoke; and what must follow from it."""
    said = [p for p in life.past if p.disposition not in (None, Disposition.WRONG_PERSON)]
    last = max(said, key=lambda p: (p.tier, p.judged_at or life.now, p.id)) if said else None
    gone = any(p.disposition is Disposition.ALREADY_TRANSFERRED for p in said)
    agreed = last is not None and last.disposition is Disposition.PERSUADED and not gone
    _promise(
        agreed is (life.standing().agreed_at is not None), "an agreement that nobody made, or not theirs"
    )
    tiers = [p.tier for p in live]
    waiting = [p for p in live if p.tier in CALLS and p.stage is Stage.PLANNED]
    _promise(not waiting or not (agreed or gone), "a call is booked though nothing is left to say")
    _promise(not agreed or Tier.FOLLOW_UP in tiers, "agreed, and nobody follows up")
    _promise(not gone or Tier.FOLLOW_UP not in tiers, "gone, and somebody follows up")
    wrong = wrong_numbers(life) if waiting else ()
    _promise(all(p.number not in wrong for p in waiting), "a call is booked to a wrong number")


def _check_try(life: Life, action: plan.Try) -> None:
    _promise(all(p.tier is not action.tier for p in life.live), "two live attempts in one tier")
    _promise(life.now <= action.starts_at <= action.due_at > life.now, "planned into the past")
    if action.tier is Tier.VISIT:
        _promise(life.can_visit, "a visit with nowhere to send it")
    if action.tier not in CALLS:
        return
    stands = life.standing()
    _promise(not stands.gone and stands.agreed_at is None, "called though nothing is left to say")
    _promise(action.number in life.numbers, "called nobody's number")
    _promise(action.number not in wrong_numbers(life), "called a wrong number again")
    booked = sum(p.number == action.number and p.id not in life.begun for p in life.live)
    last = action.due_at - timedelta(seconds=1)
    for at in (action.starts_at, last):
        _promise(
            may_call(life, action.number, at, besides=booked), "booked for a time when it may not be called"
        )
    _promise(last - action.starts_at < DAY or not chain().levels[life.level].hours, "booked through a night")


def _check_end(life: Life) -> None:
    stands = life.standing()
    agreed = any(p.disposition is Disposition.PERSUADED for p in life.past)
    checks = [p for p in life.past if p.result is Result.NO_LOSS]
    _promise(not life.live, "closed over a live attempt")
    if life.outcome in (Outcome.VERIFIED, Outcome.UNCONFIRMED):
        _promise(agreed and stands.agreed_at is not None, "a success without an agreement")
    if life.outcome is Outcome.VERIFIED:
        later = [p for p in checks if stands.agreed_at and p.heard_at >= stands.agreed_at]
        _promise(bool(later), "verified, and no person asked after the agreement")
    if life.outcome is Outcome.ALREADY_TRANSFERRED:
        loss = any(p.result is Result.LOSS for p in life.past)
        _promise(loss or (stands.gone and not life.orders), "gone, and the order is still open")
        _promise("stop_payment" in life.ordered, "gone, and no order was given")
    if life.outcome is Outcome.DEFRAUDED_AFTER_WARNING:
        _promise(was_met(life.past), "warned, though nobody met them")
