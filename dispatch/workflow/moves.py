"""Carrying out a plan in memory, one case at a time; `saving` writes what came of it."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from dispatch import plan, record, risk
from dispatch.chain import Rules
from dispatch.models import (
    Assessment,
    Assignment,
    Attempt,
    Case,
    Event,
    Message,
    News,
    Order,
    PhoneNumber,
    PolicyVersion,
)
from dispatch.standing import Standing
from dispatch.stations import Choice, wanted
from dispatch.vocabulary import CALLS, FAULTS, Level, NewsKind, OrderState, Outcome, Result, Stage, Tier
from dispatch.wording import sms_body
from dispatch.workflow import evidence, news
from dispatch.workflow.facts import History, has_faults
from telephony import calls, texts
from telephony.carrier import ANNOUNCE, CallKind
from telephony.models.call import PAGE

_KIND = {Tier.VOICE: CallKind.VOICE, Tier.VIDEO: CallKind.VIDEO}
_NEEDS = {Tier.VIDEO: ("video",)}  # of a desk


class Moves:
    """What one turn does to one case. Rows change in memory only; `saving.Shared` writes them."""

    def __init__(self, case: Case, history: History, now: datetime) -> None:
        self.case, self.history, self.now = case, history, now
        self.changed: dict[int, Attempt] = {}
        self.attempts: list[Attempt] = []
        self.assignments: list[Assignment] = []
        self.called_off: list[int] = []
        self.hurried: list[int] = []
        self.moved: list[int] = []
        self.lapsed: list[int] = []
        self.withdrawn = False
        self.orders: list[Order] = []
        self.messages: list[Message] = []
        self.assessments: list[Assessment] = []
        self.events: list[Event] = []
        self.news: list[News | None] = []
        self._take: dict[type[plan.Action], Callable[[Any, Rules], None]] = {
            plan.Raise: self._raise,
            plan.Opened: self._opened,
            plan.Settle: self._settle,
            plan.Begin: self._begin,
            plan.Recall: self._recall,
            plan.Tell: self._tell,
            plan.Pace: self._pace,
            plan.Send: self._send,
            plan.Order: self._order,
            plan.Lapse: self._lapse,
            plan.Try: self._try,
            plan.Close: self._close,
        }

    def take(self, action: plan.Action, rules: Rules) -> None:
        """Carry out one action of a plan."""
        self._take[type(action)](action, rules)

    def log(self, verb: str, **detail: Any) -> None:
        self.events.append(record.line(verb, now=self.now, case=self.case, **detail))

    def tell(self, attempt: Attempt, kind: NewsKind) -> None:
        self.news.append(news.line(attempt, kind, self.now, self.case))

    def assessed(self, version: PolicyVersion, judged: risk.Assessment) -> None:
        """Keep the assessment: the score, the case's level by now, and the reasons with their points."""
        reasons = [{"fact": r.fact, "size": r.size, "points": r.points} for r in judged.reasons]
        self.assessments.append(
            Assessment(
                case=self.case,
                at=self.now,
                policy=version,
                score=judged.score,
                level=self.case.level,
                reasons=reasons,
            )
        )

    def climb_ladder(self, standing: Standing) -> None:
        """The rungs are stored facts with their times: reached, listened, agreed."""
        case = self.case
        met = [a.identified_at for a in self.history.attempts if a.identified_at]
        case.reached_at = min(filter(None, (case.reached_at, *met)), default=None)
        if standing.spoken is not None:
            case.listened_at = case.listened_at or standing.spoken.heard_at
        if case.outcome != Outcome.VERIFIED:
            case.agreed_at = standing.agreed_at

    def take_calls_along(self) -> None:
        """A case may have gone to another unit: its booked calls are for that unit's operators."""
        planned = (a for a in self.history.attempts if a.call and a.stage == Stage.PLANNED and not a.ended_at)
        self.moved = [a.call.pk for a in planned if a.call and a.call.area != self.case.area]

    # one action each

    def _raise(self, action: plan.Raise, rules: Rules) -> None:
        self.log("raised", level=action.level.code, before=Level(self.case.level).code, **_by(action.why))
        self.case.level = action.level
        for attempt in self.history.attempts:
            if attempt.ended_at is None:
                self.tell(attempt, NewsKind.RAISED)
        waiting = (
            a for a in self.history.attempts if a.ended_at is None and not a.asked
        )  # who asked is ahead
        self.hurried = [a.call_id for a in waiting if a.call_id]

    def _opened(self, action: plan.Opened, rules: Rules) -> None:
        self.case.opened_level = action.level

    def _find(self, attempt_id: int) -> Attempt:
        return next(a for a in self.history.attempts if a.pk == attempt_id)

    def _settle(self, action: plan.Settle, rules: Rules) -> None:
        attempt = self._find(action.attempt)
        late = attempt.stage
        self._end(attempt, action.result, time_up={"stage": late, "due": _iso(attempt.due_at)})
        self.log("settled", attempt=attempt.pk, tier=_tier(attempt), result=action.result, stage=late)
        self.tell(attempt, NewsKind.TIME_UP)

    def _end(self, attempt: Attempt, result: Result, **told: Any) -> None:
        evidence.end(attempt, result, self.now, **told)
        if attempt.call_id:
            self.called_off.append(attempt.call_id)
        self.changed[attempt.pk] = attempt

    def _begin(self, action: plan.Begin, rules: Rules) -> None:
        attempt = self._find(action.attempt)
        attempt.stage, attempt.due_at, attempt.started_at = action.stage, action.due_at, self.now
        self.changed[attempt.pk] = attempt
        self.log("begun", attempt=attempt.pk, tier=_tier(attempt), unit=attempt.unit_id, due=action.due_at)
        self.tell(attempt, NewsKind.SENT)
        self._give(attempt)

    def _give(self, attempt: Attempt) -> None:
        """A check that has begun is somebody's."""
        if attempt.stage != Stage.CHECKING or attempt.unit_id is None:
            return
        if who := self.history.around.checkers.choose(attempt.unit_id, self.case.pk):
            self.assignments.append(Assignment(attempt=attempt, user_id=who.pk, at=self.now))
            self.log("assigned", attempt=attempt.pk, tier=_tier(attempt), to=who.username)

    def _recall(self, action: plan.Recall, rules: Rules) -> None:
        attempt = self._find(action.attempt)
        self._end(attempt, Result.CANCELLED, stood_down={"stage": attempt.stage})
        self.log("recalled", attempt=attempt.pk, tier=_tier(attempt))
        self.tell(attempt, NewsKind.STOOD_DOWN)

    def _tell(self, action: plan.Tell, rules: Rules) -> None:
        attempt = self._find(action.attempt)
        attempt.told_at = self.now
        self.changed[attempt.pk] = attempt
        self.log("told", attempt=attempt.pk, tier=_tier(attempt))
        self.tell(attempt, NewsKind.TOLD)

    def _pace(self, action: plan.Pace, rules: Rules) -> None:
        attempt = self._find(action.attempt)
        attempt.due_at = action.due_at
        self.changed[attempt.pk] = attempt
        self.log("paced", attempt=attempt.pk, tier=_tier(attempt), unit=attempt.unit_id, due=action.due_at)

    def _send(self, action: plan.Send, rules: Rules) -> None:
        if not self.history.numbers:
            return
        phone = self.history.numbers[0].phone
        text = texts.write(number=phone.number, body=sms_body(self.case.fraud_type), now=self.now)
        self.messages.append(Message(case=self.case, kind=action.what, text=text, written_at=self.now))
        self.log("messaged", message=action.what)

    def _order(self, action: plan.Order, rules: Rules) -> None:
        amount = self.case.sizes.get("amount")
        self.orders.append(
            Order(case=self.case, kind=action.what, drafted_at=self.now, due_at=action.due_at, amount=amount)
        )
        self.log("ordered", order=action.what, due=action.due_at)

    def _lapse(self, action: plan.Lapse, rules: Rules) -> None:
        self.lapsed.append(action.order)
        for order in self.history.orders:
            if order.pk == action.order:
                order.state, order.ended_at = OrderState.UNANSWERED, self.now
        self.log("lapsed", order=plan.STOP_PAYMENT)

    def _try(self, action: plan.Try, rules: Rules) -> None:
        self.case.climb(action.tier)
        attempt = Attempt(
            case=self.case,
            tier=action.tier,
            level=self.case.level,
            stage=action.stage,
            starts_at=action.starts_at,
            due_at=action.due_at,
            started_at=None if action.stage is Stage.PLANNED else action.starts_at,
            reinforced=action.reinforced,
            told_at=self.now if action.told else None,
        )
        choice: Choice | None = None
        if action.tier in CALLS:
            self._book(attempt, action, rules)
        else:
            choice = self._choose(action, rules)
            attempt.unit = choice.unit
        if action.tier is Tier.VISIT and attempt.started_at:
            self.history.around.roster.sent(attempt.unit)
        self.attempts.append(attempt)
        self.tell(attempt, NewsKind.SENT)
        self.log(
            "planned",
            tier=action.tier.code,
            starts=action.starts_at,
            due=action.due_at,
            stage=action.stage,
            unit=attempt.unit_id,
            reinforced=action.reinforced or None,
            choice=choice.told if choice and action.tier is Tier.VISIT else None,
            **_by(action.why),
        )
        self._give(attempt)
        if action.tier is Tier.VISIT and action.seek == "next":
            self._pass_on(attempt)

    def _pass_on(self, attempt: Attempt) -> None:
        """Those who did not acknowledge in time are told who goes instead."""
        before = [unit for unit in dict.fromkeys(self.history.ignoring) if unit != attempt.unit_id]
        if before:
            self.log("passed_on", unit=attempt.unit_id, passed_by=before)

    def _book(self, attempt: Attempt, action: plan.Try, rules: Rules) -> None:
        chain = rules.levels[Level(self.case.level)]
        phone = next(use.phone for use in self.history.numbers if use.phone_id == action.number)
        desks = [a.call.desk_id for a in self.history.attempts if a.call and a.call.desk_id]
        announced = chain.rungs[action.tier].announce
        attempt.phone = phone
        attempt.call = calls.booking(
            number=phone.number,
            kind=_KIND[action.tier],
            at=action.starts_at,
            until=action.due_at,
            head_start=chain.head_start,
            mode=ANNOUNCE if announced else "",
            tag=self.case.fraud_type,
            needs=() if announced else _NEEDS.get(action.tier, ()),
            area=self.case.area,
            prefers=desks[-1] if desks else None,
            avoid=self._failed_trunk(),
            route=PAGE if self._by_page(phone, action.tier) else "",
        )

    def _by_page(self, phone: PhoneNumber, tier: Tier) -> bool:
        return tier is Tier.VIDEO and (phone.by_page or self.history.around.pages_alone)

    def _failed_trunk(self) -> list[int]:
        """The trunk over which the last call failed, if one of the last round did."""
        if not has_faults(self.history):
            return []
        placed = [a for a in self.history.attempts if a.call][-self.history.around.trunks :]
        failed = [a.call.trunk_id for a in placed if a.call and a.call.trunk_id and a.result in FAULTS]
        return failed[-1:]

    def _choose(self, action: plan.Try, rules: Rules) -> Choice:
        """Who goes on a visit or does a check."""
        roster = self.history.around.roster
        want = wanted(rules, Level(self.case.level), action.tier)
        if action.tier is Tier.FOLLOW_UP:
            return roster.choose(self.case, want)
        visits = [a for a in self.history.attempts if a.tier == Tier.VISIT and a.unit_id]
        if action.seek == "same" and visits and visits[-1].unit:
            return roster.again(visits[-1].unit)
        return roster.choose(self.case, want, self.history.ignoring)

    def _close(self, action: plan.Close, rules: Rules) -> None:
        self.case.close(action.outcome)
        self.case.closed_at = self.now
        if action.outcome is Outcome.VERIFIED:
            checks = [a.ended_at for a in self.history.attempts if a.result == Result.NO_LOSS and a.ended_at]
            self.case.verified_at = max(checks)
        self.withdrawn = action.outcome is Outcome.FALSE_ALARM
        self.log("closed", outcome=action.outcome, **_by(action.why))


def _by(why: plan.Why | None) -> dict[str, Any]:
    """The row of the policy, as the record keeps it."""
    return {"row": why.row, "nth": why.nth or None} if why else {}


def _iso(at: datetime | None) -> str:
    return at.isoformat() if at else ""


def _tier(attempt: Attempt) -> str:
    return Tier(attempt.tier).code
