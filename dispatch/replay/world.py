"""What the world answers in a replay: the recorded answers, tier by tier, in their order. No Django."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from dispatch.lateness import sent_at
from dispatch.plan import Past
from dispatch.replay.history import Answer, History, Ordered
from dispatch.vocabulary import CALLS, FAULTS, Disposition, Result, Stage, Tier

SLACK = timedelta(minutes=1)  # what was stood down in fact may be stood down this much later: turns come late
LAST = 9  # of one instant: the policy may stand down what is known no further


@dataclass(frozen=True, slots=True)
class Step:
    """What becomes of a begun attempt after so long: a stage, an identity, a result or a word; nothing: unknown."""

    after: timedelta
    stage: Stage | None = None
    identified: bool = False
    result: Result | None = None
    word: Disposition | None = None
    order: int = 0

    @property
    def wakes(self) -> bool:
        """Whether the case takes its turn; a stage only moves a limit."""
        return self.stage is None and not self.identified


class World:
    """Gives out the answers of one history, each once, and counts what it had to assume."""

    def __init__(self, history: History) -> None:
        self.answers = history.answers
        self.taken = dict.fromkeys(Tier, 0)
        self.orders = iter([order for order in history.orders if not order.by_person])
        self.assumed = int(history.guessed)

    def peek(self, tier: Tier) -> Answer | None:
        """What the next attempt of this tier will meet."""
        return self._next(tier)[0]

    def take(self, tier: Tier, stage: Stage) -> tuple[Answer | None, bool]:
        """What the attempt that begins now meets, and whether that is assumed; None: nobody knows."""
        answer, assumed = self._next(tier)
        self.taken[tier] += 1
        if answer is not None and stage in (Stage.WATCHING, Stage.CHECKING):
            answer, otherwise = self._followed(answer, watching=stage is Stage.WATCHING)
            assumed = assumed or otherwise
        self.assumed += assumed and answer is not None
        return answer, assumed

    def take_order(self) -> Ordered | None:
        """What becomes of the order that the chain drafts now; None: not known, and taken as unanswered."""
        order = next(self.orders, None)
        self.assumed += order is None
        return order

    def _next(self, tier: Tier) -> tuple[Answer | None, bool]:
        given, nth = self.answers.get(tier, ()), self.taken[tier]
        if nth < len(given):
            return given[nth], False
        # A fault or a missing line was that moment's; the person's own answer is what is said again.
        whole = (a for a in reversed(given) if a.placed and not a.cut and a.result not in FAULTS)
        return next(whole, None), True

    def _followed(self, answer: Answer, *, watching: bool) -> tuple[Answer | None, bool]:
        """A check answers what was asked; a watch hears only of losses, and tells nothing of what a check had found."""
        if answer.watched is watching:
            return answer, False
        losses = any(a.tells_of_loss for a in self.answers[Tier.FOLLOW_UP])
        if losses or not watching or answer.cut:
            return None, False
        return Answer(watched=True), True


def steps_of(tier: Tier, answer: Answer) -> Iterator[Step]:
    """What becomes of an attempt that begins, in order. What its limits bring about is the policy's."""
    if answer.identified is not None:
        yield Step(answer.identified, identified=True)
    stages = (
        ((answer.talking, Stage.TALKING), (answer.hung_up, Stage.JUDGING))
        if tier in CALLS
        else ((answer.acknowledged, Stage.ACKNOWLEDGED), (answer.arrived, Stage.ARRIVED))
    )
    for after, stage in stages:
        if after is not None:
            yield Step(after, stage=stage)
    if answer.result:
        yield Step(answer.lasted, result=answer.result)
    if answer.disposition and answer.spoken is not None:
        yield Step(answer.spoken, word=answer.disposition)
    if answer.cut:
        yield Step(answer.lasted + SLACK, order=LAST)


def stage_limit(
    p: Past, within: Mapping[Stage, timedelta], began: datetime, now: datetime, answer: Answer
) -> datetime:
    """When the stage that begins now is over without news. A line that lives tells of itself, and renews it."""
    if p.stage is Stage.ACKNOWLEDGED:
        return (sent_at(began, p.due_at, within) if p.due_at else began) + within[p.stage]
    known = now
    if p.stage is Stage.DIALLED:
        known = began + (answer.talking or answer.ended_by_itself or timedelta())
    elif p.stage is Stage.TALKING:
        known = began + (answer.hung_up or answer.ended_by_itself or timedelta())
    return max(known, now) + within[p.stage]
