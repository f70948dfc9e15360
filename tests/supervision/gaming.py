"""Cases lived at random through the engine's own doors, with all that could make figures look better than they are."""

import random
from datetime import timedelta
from decimal import Decimal

from dispatch.models import Case
from dispatch.vocabulary import Disposition, Level, Money, Outcome, Result, Role, Stage, Tier
from dispatch.workflow import closing, desk, report, sums, turn, undoing, words
from dispatch.workflow.refusal import NotAllowedError
from telephony import calls, exchange
from telephony.carrier import CallResult, CallStatus, Update
from tests import factories
from tests.factories import START, Centre

STEPS = {
    "directive": 5, "call": 8, "judge": 8, "advance": 4, "visit": 5, "check": 9, "void": 0.4, "hand_over": 0.3,
    "sum": 2, "merge": 3, "undo": 0.7, "late": 1, "whole": 0.6, "raise": 1, "days": 1,
}  # fmt: skip


class Lives:
    """A few persons' cases; each step is one thing that may happen, mostly in the order that things take."""

    def __init__(self, centre: Centre, chance: random.Random) -> None:
        self.centre, self.chance, self.now = centre, chance, START
        self.chief = centre.user(Role.SUPERVISOR)
        self.operators = [centre.user(Role.OPERATOR), centre.user(Role.OPERATOR, centre.county)]
        self.told = 0

    def step(self) -> None:
        """One thing happens; what the engine refuses does not."""
        self.now += timedelta(seconds=self.chance.choice((1, 20, 90, 600, 3600)))
        what = self.chance.choices(list(STEPS), list(STEPS.values()))[0]
        try:
            getattr(self, f"_{what}")()
        except NotAllowedError:
            return

    def _any(self, *, still_open: bool = True) -> Case | None:
        cases = Case.objects.open() if still_open else Case.objects.filter(closed_at__isnull=False)
        found = list(cases.order_by("pk"))
        return self.chance.choice(found) if found else None

    def _directive(self) -> None:
        self.told += 1
        given: dict[str, object] = {"level": self.chance.choice(list(Level))}
        if self.chance.random() < 0.4:
            given["amount"] = str(self.chance.choice((500, 20_000, 300_000)))
        if self.chance.random() < 0.3:
            given["place"] = factories.elsewhere()
        if self.chance.random() < 0.3:
            given["fraud_word"] = self.chance.choice(("刷单", "investment", "贷款"))
        number = self.chance.randint(1, 6)
        factories.directive(self.centre, f"R{self.told}", number=number, now=self.now, **given)

    def _call(self) -> None:
        exchange.connect(now=self.now)
        case = self._any()
        attempt = (
            case
            and case.attempts.filter(tier=Tier.VOICE, ended_at=None, call__dialled_at__isnull=False).first()
        )
        if attempt and attempt.call and attempt.call.is_live:
            news = self.chance.choice((CallStatus.TALKING, CallStatus.ENDED))
            result = (
                self.chance.choice((CallResult.BUSY, CallResult.NO_ANSWER))
                if news is CallStatus.ENDED
                else None
            )
            calls.hear(Update(str(attempt.call.key), news, result), now=self.now)

    def _judge(self) -> None:
        case = self._any()
        attempt = (
            case and case.attempts.live().filter(started_at__isnull=False, tier__lt=Tier.FOLLOW_UP).first()
        )
        if attempt:
            word = self.chance.choice((*[Disposition.PERSUADED] * 8, *Disposition))
            words.judge(
                attempt_id=attempt.pk, disposition=word, now=self.now, by=self.chance.choice(self.operators)
            )

    def _advance(self) -> None:
        case = self._any()
        if case:
            self.now = max(self.now, min(case.due_at or self.now, self.now + timedelta(hours=2)))
            turn.advance([case.pk], now=self.now)

    def _visit(self) -> None:
        case = self._any()
        visit = case and case.attempts.live().filter(tier=Tier.VISIT, started_at__isnull=False).first()
        if visit:
            words.acknowledge(attempt_id=visit.pk, now=self.now, agent="test")
            if self.chance.random() < 0.6:
                words.arrive(attempt_id=visit.pk, now=self.now + timedelta(minutes=9), agent="test")
            if self.chance.random() < 0.4:
                result = self.chance.choice((Result.NOT_THERE, Result.REFUSES_DOOR))
                words.record_result(
                    attempt_id=visit.pk, result=result, now=self.now + timedelta(minutes=12), agent="test"
                )

    def _check(self) -> None:
        case = self._any()
        check = case and case.attempts.live().filter(tier=Tier.FOLLOW_UP).first()
        if case and check:
            self.now = max(self.now, check.starts_at)
            turn.advance([case.pk], now=self.now)
            result = self.chance.choice(
                (*[Result.NO_LOSS] * 6, Result.LOSS, Result.NOT_FOUND, Result.RELAPSE)
            )
            words.record_result(attempt_id=check.pk, result=result, now=self.now, agent="test")

    def _void(self) -> None:
        case = self._any()
        if case:
            closing.void(case_id=case.pk, by=self.chief, why="looks better", now=self.now)

    def _hand_over(self) -> None:
        case = self._any()
        if case:
            closing.hand_over(case_id=case.pk, by=self.operators[0], why="elsewhere", now=self.now)

    def _sum(self) -> None:
        case = self._any(still_open=self.chance.random() < 0.7)
        if case:
            kind = self.chance.choice(list(Money))
            sums.say(case_id=case.pk, kind=kind, amount=Decimal(self.chance.choice((0, 900, 70_000))),
                     by=self.operators[1], why="said so", now=self.now)  # fmt: skip

    def _merge(self) -> None:
        """Somebody is reported by their ID number alone, then with a number that is another's open case."""
        one = self.chance.randint(1, 6)
        for number in self.chance.choice((("",), ("", f"+8619000{one:06d}"))):
            self.told += 1
            person = report.Person(
                number=number, id_number=id_number(one), name="测试人", sex="女", birth_year=1990
            )
            factories.directive(self.centre, f"R{self.told}", person=person, now=self.now)

    def _whole(self) -> None:
        """An effort to its end: persuaded at once, and checked for days."""
        case = self._any()
        call = case and case.attempts.live().filter(tier=Tier.VOICE).first()
        if case and call and self.now < START + timedelta(days=4):
            word = Disposition.PERSUADED
            words.judge(attempt_id=call.pk, disposition=word, now=self.now, by=self.operators[0])
            while (case := Case.objects.get(pk=case.pk)).is_open:
                check = case.attempts.live().filter(tier=Tier.FOLLOW_UP).first()
                if check is None:
                    return
                self.now = max(
                    self.now, check.starts_at if check.started_at is None else check.due_at or self.now
                )
                turn.advance([case.pk], now=self.now)
                check = case.attempts.live().filter(tier=Tier.FOLLOW_UP, started_at__isnull=False).first()
                if check and check.stage == Stage.CHECKING:
                    words.record_result(
                        attempt_id=check.pk, result=Result.NO_LOSS, now=self.now, agent="test"
                    )

    def _undo(self) -> None:
        duplicate = Case.objects.filter(outcome=Outcome.DUPLICATE).first()
        if duplicate:
            undoing.undo(case_id=duplicate.pk, by=self.chief, why="two people", now=self.now)

    def _late(self) -> None:
        case = self._any(still_open=False)
        attempt = case and case.attempts.filter(tier=Tier.VOICE, started_at__isnull=False).first()
        if attempt:
            words.judge(
                attempt_id=attempt.pk,
                disposition=Disposition.NOT_PERSUADED,
                now=self.now,
                by=self.operators[0],
            )

    def _raise(self) -> None:
        case = self._any()
        if case:
            desk.set_level(
                case_id=case.pk, level=self.chance.choice(list(Level)), by=self.chief, why="so", now=self.now
            )

    def _days(self) -> None:
        """Midnight, or a day or two."""
        self.now = min(self.now + timedelta(hours=self.chance.choice((9, 16))), START + timedelta(days=13))


def id_number(number: int) -> str:
    """An invented ID number with its check digit."""
    body = f"44090419900101{number:03d}"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return body + "10X98765432"[sum(int(d) * w for d, w in zip(body, weights, strict=True)) % 11]
