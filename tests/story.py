"""Telling one simulated case's life step by step: what it meets, what is said, how time passes, what is planned."""

from datetime import datetime, timedelta

from dispatch.plan import Past
from dispatch.vocabulary import CALLS, Disposition, Level, Outcome, Result, Stage, State, Tier
from tests.happenings import result_with
from tests.lives import NEVER_RANG, Life, chain

HALF_A_MINUTE = timedelta(seconds=30)


class Story:
    """A case from its opening on. Every step takes its turn and checks every promise of `tests.lives`."""

    def __init__(self, level: Level, *, set_by_a_person: bool = False, **start: object) -> None:
        self.life = Life(level, **start)  # type: ignore[arg-type]
        if set_by_a_person:
            self.life.level_set_at = self.life.now + timedelta(days=365)  # results raise it no more
        self.life.turn()

    @property
    def now(self) -> datetime:
        return self.life.now

    @property
    def level(self) -> Level:
        return self.life.level

    @property
    def state(self) -> State:
        return self.life.state

    @property
    def outcome(self) -> Outcome | None:
        return self.life.outcome

    @property
    def tiers(self) -> set[Tier]:
        """The tiers with a live attempt."""
        return {p.tier for p in self.life.live}

    def find(self, tier: Tier) -> Past:
        """The live attempt of a tier."""
        return next(p for p in self.life.live if p.tier is tier)

    def gap(self, tier: Tier) -> timedelta:
        """How long from now until the live attempt of a tier begins."""
        return self.find(tier).starts_at - self.now

    def ended(self, tier: Tier) -> list[Past]:
        return [p for p in self.life.past if p.tier is tier and p.result]

    def meet(self, tier: Tier, result: Result, after: timedelta = HALF_A_MINUTE) -> "Story":
        """The live attempt of a tier begins, if it has not, and ends with a result."""
        p = self._begin(tier, rings=result not in NEVER_RANG)
        self._at(after)
        self.life.change(p.id, result=result, ended_at=self.now, due_at=None)
        return self._turn()

    def say(self, tier: Tier, word: Disposition, after: timedelta = HALF_A_MINUTE) -> "Story":
        """The live attempt of a tier ends with a person's word."""
        p = self._begin(tier)
        self._at(after)
        self.life.change(
            p.id, result=result_with(tier, word), ended_at=self.now, due_at=None, identified=True,
            disposition=word, judged_at=self.now,
        )  # fmt: skip
        return self._turn()

    def late(self, attempt: Past, word: Disposition, after: timedelta = HALF_A_MINUTE) -> "Story":
        """A person's word about an attempt that has ended."""
        self._at(after)
        self.life.change(attempt.id, disposition=word, judged_at=self.now)
        return self._turn()

    def answer(self, tier: Tier) -> "Story":
        """The live call of a tier is answered and they talk."""
        p = self._begin(tier)
        limit = chain().levels[self.level].rungs[tier].within[Stage.TALKING]
        self._at(HALF_A_MINUTE)
        self.life.change(p.id, stage=Stage.TALKING, due_at=self.now + limit, identified=True)
        return self._turn()

    def acknowledge(self) -> "Story":
        """The unit that was sent says that it goes."""
        p = self._begin(Tier.VISIT)
        limit = chain().levels[self.level].rungs[Tier.VISIT].within[Stage.ACKNOWLEDGED]
        self._at(HALF_A_MINUTE)
        self.life.change(p.id, stage=Stage.ACKNOWLEDGED, due_at=p.starts_at + limit)
        return self._turn()

    def arrive(self) -> "Story":
        """The officer stands at the door."""
        p = self._begin(Tier.VISIT)
        limit = chain().levels[self.level].rungs[Tier.VISIT].within[Stage.ARRIVED]
        self._at(HALF_A_MINUTE)
        self.life.change(p.id, stage=Stage.ARRIVED, due_at=self.now + limit)
        return self._turn()

    def directive(self, level: Level, after: timedelta = HALF_A_MINUTE) -> "Story":
        """A second directive joins."""
        self._at(after)
        self.life.level, self.life.issued_at = max(self.level, level), self.now
        return self._turn()

    def wait(self, times: int = 1, *, late: timedelta = timedelta()) -> "Story":
        """Nothing happens until the case is due; so many times, and the turn comes so late."""
        for _ in range(times):
            self.life.now = self.life.due_at + late
            self._turn()
        return self

    def wait_for(self, tier: Tier) -> "Story":
        """Nothing happens until the live attempt of a tier has begun."""
        while self.gap(tier) > timedelta() or (tier not in CALLS and self.find(tier).stage is Stage.PLANNED):
            self.wait()
        return self

    def _begin(self, tier: Tier, *, rings: bool = True) -> Past:
        p = self.find(tier)
        if tier in CALLS and p.stage is Stage.PLANNED:
            self.life.now = max(self.now, p.starts_at)
            self.life.dial(p.id, self.now, rings=rings)
        elif p.stage is Stage.PLANNED:
            self.wait_for(tier)
        return p

    def _at(self, after: timedelta) -> None:
        self.life.now += after

    def _turn(self) -> "Story":
        self.life.turn().rest()
        return self
