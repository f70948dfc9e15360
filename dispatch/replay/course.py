"""One recorded case played forward under a policy, leaping from deadline to deadline. No Django."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from heapq import heappop, heappush
from itertools import count
from typing import Any

from dispatch.plan import OpenOrder, Past
from dispatch.replay.history import Answer, Course, History, News, Ordered, Regime, Tried
from dispatch.replay.rehearsal import EndlessError, Rehearsal
from dispatch.replay.world import SLACK, Step, World, stage_limit, steps_of
from dispatch.standing import standing
from dispatch.vocabulary import (
    CALLS,
    Disposition,
    Level,
    Outcome,
    Result,
    Stage,
    Tier,
    result_with,
)

MOST_INSTANTS = 20_000  # more means that a case would go on for ever


def play(history: History, regime: Regime) -> Course:
    """How this case goes under these policies, as far as the record can tell. Raises EndlessError.

    The world answers as it did: the answers of each tier in their order, the last one again when they are
    used up (an assumption). A tier that was never tried has no answer: from there on nothing is known.
    """
    return _Play(history, regime).run()


@dataclass(order=True, slots=True)
class _Coming:
    """Something that happens at a moment."""

    at: datetime
    order: int  # of one moment
    nth: int
    happen: Callable[[], None] = field(compare=False)
    wakes: bool = field(compare=False)


class _Play:
    """What comes and when, told to a rehearsal of the case."""

    def __init__(self, history: History, regime: Regime) -> None:
        self.history, self.case, self.world = history, Rehearsal(history, regime), World(history)
        self.answers: dict[int, Answer] = {}
        self.again: set[int] = set()  # attempts whose answer is assumed
        self.turned_away: set[int] = (
            set()
        )  # visits taken up too late: the door refuses them, and they go home
        self.unknown_from: datetime | None = None
        self.coming: list[_Coming] = []
        self._nth = count()
        for news in history.news[1:]:
            self._expect(news.at, self._join, news)
        for said in history.levels_set:
            self._expect(said.at, self.case.set_level, said.level)
        for order in history.orders:
            if order.by_person:
                self._expect(order.at, self._draft, order)
        if history.ended:
            self._expect(history.ended.at, self._close, history.ended.outcome)

    # the course of time

    def run(self) -> Course:
        self._turn()
        for _ in range(MOST_INSTANTS):
            moments = (self.coming[0].at if self.coming else None, self.case.due_at)
            at = min(filter(None, moments), default=None)
            if self.is_over or at is None or at > (self.history.known_until or at):
                return self._course()
            self.case.now = at
            self._instant()
        raise EndlessError(f"{self.history.number}: not at rest after {MOST_INSTANTS} instants")

    @property
    def is_over(self) -> bool:
        return self.case.outcome is not None or self.unknown_from is not None

    def _instant(self) -> None:
        """All that comes now, the case taking its turn after each; where nothing comes, its time is up."""
        now = self.case.now
        if not self.coming or self.coming[0].at > now:
            self._turn()
        while self.coming and self.coming[0].at <= now and not self.is_over:
            coming = heappop(self.coming)
            coming.happen()
            if coming.wakes and not self.is_over:
                self._turn()
            elif not self.is_over:
                self.case.retime()

    def _expect(
        self, at: datetime, what: Callable[..., None], *given: Any, order: int = 0, wakes: bool = True
    ) -> None:
        """At that moment this happens, and wakes the case, unless it only moves a limit."""
        heappush(self.coming, _Coming(at, order, next(self._nth), partial(what, *given), wakes))

    def _turn(self) -> None:
        waiting = [p.id for p in self.case.past if p.result is None and p.stage is Stage.PLANNED]
        self.case.turn()
        for attempt in waiting:
            self._note_unplaced(self.case.past[attempt])
        self._take_notice()

    def _take_notice(self) -> None:
        """Of what has been planned, begun or drafted: the world will answer it."""
        new, self.case.new = self.case.new, []
        for p in new:
            if p.id in self.case.started:
                self._begun(p)
            else:
                self._booked(p)
        drafted, self.case.drafted = self.case.drafted, []
        for order in drafted:
            self._await_bank(order, self.world.take_order())

    # calls, visits and checks

    def _booked(self, call: Past) -> None:
        answer = self.world.peek(call.tier)
        if answer is not None and not answer.placed:
            return  # it waits for a line until its allowance is over
        at = call.starts_at + (answer.waited if answer else timedelta())
        if call.due_at is not None and at < call.due_at:
            self._expect(at, self._dial, call.id, wakes=False)

    def _note_unplaced(self, p: Past) -> None:
        """The answer "no line was free" is used up by a call that waited for one in vain."""
        answer = self.world.peek(p.tier)
        waited = p.result is Result.NOT_PLACED or (p.result and self.case.now > p.starts_at)
        if waited and answer is not None and not answer.placed:
            self.world.take(p.tier, p.stage)
            self.world.assumed += self.case.now > p.starts_at + answer.waited + SLACK

    def _dial(self, attempt: int) -> None:
        if self.case.past[attempt].result is None:
            self.case.begin(self.case.change(attempt, stage=Stage.DIALLED))
            self._take_notice()
            self._limit(attempt)

    def _begun(self, p: Past) -> None:
        """From here the world answers."""
        answer, assumed = self.world.take(p.tier, p.stage)
        if answer is None:
            self.unknown_from = self.case.now
            return
        self.answers[p.id] = answer
        if assumed:
            self.again.add(p.id)
        for step in steps_of(p.tier, answer):
            at = self.case.now + step.after
            self._expect(at, self._step, p.id, step, order=step.order, wakes=step.wakes)

    def _step(self, attempt: int, step: Step) -> None:
        p = self.case.past[attempt]
        if attempt in self.turned_away:
            return
        if step.word is not None:
            identified = p.identified or step.word is not Disposition.WRONG_PERSON
            self.case.change(attempt, disposition=step.word, judged_at=self.case.now, identified=identified)
            if p.result is None:
                self.case.end(attempt, result_with(p.tier, step.word))
        elif p.result is not None:
            if p.tier is Tier.VISIT and step.stage is not None:
                self.turned_away.add(attempt)
        elif step.result is not None:
            self.case.end(attempt, step.result)
        elif step.stage is not None:
            self.case.change(attempt, stage=step.stage)
            self._limit(attempt)
        elif step.identified:
            self.case.change(attempt, identified=True)
        else:
            self.unknown_from = self.case.now

    def _limit(self, attempt: int) -> None:
        p = self.case.past[attempt]
        if attempt in self.answers:
            within = self.case.regime.chain.levels[self.case.level].rungs[p.tier].within
            began, answer = self.case.started[attempt], self.answers[attempt]
            self.case.change(attempt, due_at=stage_limit(p, within, began, self.case.now, answer))

    # orders

    def _draft(self, order: Ordered) -> None:
        if not self.case.orders:  # else it is that one
            self._await_bank(self.case.open_order(self.case.now + order.within), order)

    def _await_bank(self, order: OpenOrder, recorded: Ordered | None) -> None:
        if recorded is not None and recorded.answered is not None:
            self._expect(self.case.now + recorded.answered, self._bank_answered, order.id)

    def _bank_answered(self, order: int) -> None:
        self.case.orders.pop(order, None)

    # what is reported

    def _join(self, news: News) -> None:
        case = self.case
        if not news.merged and self._tells_of_relapse(news):
            self._close(Outcome.RELAPSED)
            return
        case.learn(news)
        self._lead_astray(news)
        judged = case.judged()
        newly = judged if judged > case.assessed and not news.merged else Level.LOW
        case.rise(max(newly, news.upstream or Level.LOW, news.level or Level.LOW))

    def _tells_of_relapse(self, news: News) -> bool:
        agreed_at = standing(self.case.past, self.case.level).agreed_at
        followed = self.case.last(Tier.FOLLOW_UP) is not None
        return followed and agreed_at is not None and news.issued_at > agreed_at

    def _lead_astray(self, news: News) -> None:
        visit = self.case.last(Tier.VISIT)
        if visit is not None and (news.moved if news.astray is None else news.astray):
            self.world.assumed += news.astray is None
            self.case.change(visit.id, astray=True)

    def _close(self, outcome: Outcome) -> None:
        self.case.outcome = outcome

    # what is told of it

    def _course(self) -> Course:
        case, tried = self.case, self._tried()
        visits = (t.started_at for t in tried if t.tier is Tier.VISIT)
        return Course(
            levels=tuple(case.levels),
            attempts=tried,
            calls=sum(t.tier in CALLS and t.started_at is not None for t in tried),
            first_visit=min(filter(None, visits), default=None),
            outcome=case.outcome,
            closed_at=case.now if case.outcome else None,
            assumed=self.world.assumed,
            unknown_from=self.unknown_from,
        )

    def _tried(self) -> tuple[Tried, ...]:
        return tuple(
            Tried(p.tier, self.case.started.get(p.id), p.result, p.disposition, p.id in self.again)
            for p in self.case.past
            if p.id in self.case.started or p.result is Result.NOT_PLACED
        )
