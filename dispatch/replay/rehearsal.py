"""A case in memory instead of in rows: what the policies are asked, and their plans carried out. No Django."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from dispatch import plan, risk
from dispatch.calling import DAY
from dispatch.plan import Facts, OpenOrder, Past
from dispatch.policy import next_steps
from dispatch.replay.history import History, News, Regime
from dispatch.vocabulary import CALLS, DANGER_SIGNS, FAULTS, FraudType, Level, Outcome, Result, Stage, Tier

MOST_STEPS = 8  # of one case at one instant, as in a real turn


class EndlessError(RuntimeError):
    """A case that never comes to rest: `rules.read` forbids it."""


class Rehearsal:
    """One case as its rows would hold it. Whoever drives it says what happens, and when it is its turn."""

    def __init__(self, history: History, regime: Regime) -> None:
        first = history.news[0]
        self.history, self.regime = history, regime
        self.now = history.opened_at
        self.due_at: datetime | None = None
        self.past: list[Past] = []
        self.started: dict[int, datetime] = {}  # dialled, sent or due
        self.new: list[Past] = []  # planned or begun since they were last looked at
        self.drafted: list[OpenOrder] = []  # since they were last looked at
        self.issued_at, self.fraud, self.upstream = first.issued_at, first.fraud, first.upstream
        self.sizes, self.numbers = dict(first.sizes), first.numbers
        self.level_set_at: datetime | None = None
        self.opened_level: Level | None = None
        self.sent: set[str] = set()
        self.orders: dict[int, OpenOrder] = {}
        self.ordered = 0
        self.outcome: Outcome | None = None
        self.assessed = Level.LOW
        self._judged: dict[tuple[int, int], Level] = {}  # by the line's signs and the rules
        self.level = first.level or self.judged()
        self.levels = [(self.now, self.level)]

    def turn(self) -> None:
        """Ask the policies until nothing is due any more, and carry their plans out."""
        for _ in range(MOST_STEPS):
            self._assess()
            steps = next_steps(self._facts(), self.regime.chain, self.now)
            for action in steps.actions:
                self._carry_out(action)
            self.due_at = steps.due_at
            if self.due_at is None or self.due_at > self.now:
                return
        raise EndlessError(f"{self.history.number}: not at rest after {MOST_STEPS} steps at {self.now}")

    # what it is told

    def judged(self) -> Level:
        """The level that the facts give by themselves, with the line's danger signs."""
        signs = sum(p.result in DANGER_SIGNS for p in self.past)
        rules = self.regime.risk_at(self.now)
        known = (signs, id(rules))
        if known not in self._judged:
            facts = risk.RiskFacts(self.fraud, self.upstream, {**self.sizes, "line_signs": signs})
            self._judged[known] = risk.assess(facts, rules).level
        return self._judged[known]

    def learn(self, news: News) -> None:
        """The larger danger counts, and the newest issue time."""
        for fact, size in news.sizes.items():
            self.sizes[fact] = max(self.sizes.get(fact, 0), size)
        self.upstream = max(filter(None, (self.upstream, news.upstream)), default=None)
        self.issued_at = max(self.issued_at, news.issued_at)
        self.numbers = news.numbers or self.numbers
        if self.fraud is FraudType.OTHER:
            self.fraud = news.fraud
        self._judged.clear()

    def rise(self, level: Level) -> None:
        """The level rises, unless it is as high already."""
        if level > self.level:
            self.level = level
            self.levels.append((self.now, level))

    def set_level(self, level: Level) -> None:
        """A person sets it."""
        if level is not self.level:
            self.level, self.level_set_at = level, self.now
            self.levels.append((self.now, level))

    def change(self, attempt: int, **fields: Any) -> Past:
        """Write fields of one attempt."""
        self.past[attempt] = replace(self.past[attempt], **fields)
        return self.past[attempt]

    def end(self, attempt: int, result: Result) -> None:
        """A live attempt ends."""
        self.change(attempt, result=result, ended_at=self.now, due_at=None)

    def begin(self, p: Past) -> None:
        """It is dialled, sent or due."""
        self.started[p.id] = self.now
        self.new.append(p)

    def open_order(self, due_at: datetime) -> OpenOrder:
        """A stop-payment order is drafted."""
        self.ordered += 1
        self.orders[self.ordered] = OpenOrder(self.ordered, due_at)
        return self.orders[self.ordered]

    def retime(self) -> None:
        """A limit has moved and nothing else: the case is due when its first limit is."""
        limits = [p.due_at for p in self.past if p.due_at is not None]
        self.due_at = min([*limits, *(order.due_at for order in self.orders.values())])

    def last(self, tier: Tier) -> Past | None:
        return next((p for p in reversed(self.past) if p.tier is tier), None)

    # what the policies are told

    def _assess(self) -> None:
        judged = self.judged()
        if judged > self.assessed:
            self.rise(judged)
            self.assessed = judged

    def _facts(self) -> Facts:
        visit_from = self.history.can_visit_from
        ignored = sum(p.result is Result.NO_ACKNOWLEDGEMENT for p in self.past)
        return Facts(
            level=self.level,
            issued_at=self.issued_at,
            past=tuple(self.past),
            opened_level=self.opened_level,
            level_set_at=self.level_set_at,
            numbers=self.numbers,
            rung=self._rung(),
            trunks=self.history.trunks,
            can_visit=visit_from is not None and visit_from <= self.now,
            met_before=self.history.met_before,
            can_ask_next=self.history.askable is None or ignored < self.history.askable,
            sent=frozenset(self.sent),
            ordered=frozenset({plan.STOP_PAYMENT} if self.ordered else ()),
            orders=tuple(self.orders.values()),
            money_moved=bool(self.sizes.get("money_moved")),
        )

    def _rung(self) -> dict[int, tuple[datetime, ...]]:
        since, rung = self.now - DAY, dict[int, tuple[datetime, ...]]()
        for number, others in self.history.rung.items():
            rung[number] = tuple(r.at for r in others if since <= r.at and r.booked_at <= self.now)
        for p in self.past:
            at = self.started.get(p.id)
            if p.number is not None and at is not None and at >= since and p.result not in FAULTS:
                rung[p.number] = (*rung.get(p.number, ()), at)
        return rung

    # what they answer

    def _carry_out(self, action: plan.Action) -> None:
        match action:
            case plan.Raise():
                self.rise(action.level)
            case plan.Opened():
                self.opened_level = action.level
            case plan.Settle():
                self.end(action.attempt, action.result)
            case plan.Begin():
                self.begin(self.change(action.attempt, stage=action.stage, due_at=action.due_at))
            case plan.Recall():
                self.end(action.attempt, Result.CANCELLED)
            case plan.Tell() | plan.Pace():
                told = {"told": True} if isinstance(action, plan.Tell) else {"due_at": action.due_at}
                self.change(action.attempt, **told)
            case plan.Send():
                self.sent |= {action.what} if self.numbers else set()
            case plan.Order():
                self.drafted.append(self.open_order(action.due_at))
            case plan.Lapse():
                del self.orders[action.order]
            case plan.Try():
                self._try(action)
            case plan.Close():
                self.outcome = action.outcome

    def _try(self, action: plan.Try) -> None:
        p = Past(
            len(self.past), action.tier, self.level, action.stage, action.starts_at, action.due_at,
            number=action.number, told=action.told,
        )  # fmt: skip
        self.past.append(p)
        if action.stage is not Stage.PLANNED:
            self.begin(p)
        elif action.tier in CALLS:
            self.new.append(p)
