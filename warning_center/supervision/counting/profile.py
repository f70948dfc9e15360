"""How a directive stands at a moment: which case decides for it, how that ended, who was met. No Django.

Each directive counts once, by the last case of its chain; a duplicate or void case takes only its own directives
out, and decides for nobody else's. A duplicate whose merge was undone is none: the case that follows it decides.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache

from dispatch.vocabulary import CALLS, UNCOUNTED, Disposition, Level, Outcome, Tier
from warning_center.supervision.counting.life import Chain, Life, Told, Tried
from warning_center.supervision.definitions import OPEN, RUNGS, SIGNS

_FLAGS = dict(zip((*RUNGS, *SIGNS), "rlavxb", strict=True))


@dataclass(frozen=True, slots=True)
class Profile:
    """All that a predicate of the definitions may ask of a directive."""

    level: Level
    outcome: Outcome | None = None  # None: the case that decides is open
    tried: frozenset[Tier] = frozenset()
    agreed_in: Tier | None = None
    reached: bool = False
    listened: bool = False
    agreed: bool = False
    verified: bool = False
    again: bool = False  # another case followed its own
    brief: bool = False  # they agreed after a short talk

    @property
    def code(self) -> str:
        """`4 verified 13 1 rlav`: level, outcome, tiers begun, where they agreed, what stands."""
        tried = "".join(str(tier.value) for tier in sorted(self.tried))
        flags = "".join(letter for name, letter in _FLAGS.items() if getattr(self, name))
        agreed = self.agreed_in.value if self.agreed_in else ""
        return f"{self.level.value} {self.outcome or OPEN} {tried} {agreed} {flags}"


@lru_cache(maxsize=4096)
def parse(code: str) -> Profile:
    """A profile from its code."""
    level, outcome, tried, agreed, flags = code.split(" ")
    return Profile(
        level=Level(int(level)),
        outcome=None if outcome == OPEN else Outcome(outcome),
        tried=frozenset(Tier(int(digit)) for digit in tried),
        agreed_in=Tier(int(agreed)) if agreed else None,
        **{name: letter in flags for name, letter in _FLAGS.items()},
    )


@lru_cache(maxsize=4096)
def plain(profile: Profile) -> Profile:
    """Without the tiers: what most tables need, in far fewer rows."""
    return replace(profile, tried=frozenset(), agreed_in=None, listened=False, verified=False)


@lru_cache(maxsize=16)
def level_only(profile: Profile) -> Profile:
    """The level, and nothing else: what distributions need."""
    return Profile(level=profile.level)


def decides(chain: Chain, told: Told, at: datetime) -> Life:
    """The case that decides for a directive, as the chain stood then."""
    own = chain.life(told.case)
    followed = own.followed_at is not None and own.followed_at <= at
    if own.outcome_at(at) is Outcome.VOID or not followed:
        return own
    later = (life for life in reversed(chain.lives) if life.pk >= own.pk and life.opened_at <= at)
    return next((life for life in later if life.outcome_at(at) not in UNCOUNTED), own)


def stands(chain: Chain, told: Told, at: datetime, brief: timedelta) -> tuple[Life, Profile]:
    """The case that decides for a directive by then, and how the directive so stands."""
    life = decides(chain, told, at)
    agreeing = agreement(life, at)
    talk = talked(agreeing) if agreeing else None
    return life, Profile(
        level=life.level,
        outcome=life.outcome_at(at),
        tried=frozenset(t.tier for t in life.tried if _by(t.started_at, at)),
        agreed_in=agreeing.tier if agreeing else None,
        reached=_by(life.reached_at, at),
        listened=_by(life.listened_at, at),
        agreed=_by(life.agreed_at, at),
        verified=_by(life.verified_at, at),
        again=life.pk != told.case,
        brief=talk is not None and talk < brief,
    )


def agreement(life: Life, at: datetime) -> Tried | None:
    """The attempt in which they agreed, of several at one moment the highest tier's."""
    if not _by(life.agreed_at, at):
        return None
    agreeing = [
        t for t in life.tried if t.disposition is Disposition.PERSUADED and t.judged_at == life.agreed_at
    ]
    return max(agreeing, key=lambda t: t.tier, default=None)


def talked(tried: Tried) -> timedelta | None:
    """From the answer, or the arrival, to the judgement, or to the end of the call if that came first."""
    began = tried.answered_at if tried.tier in CALLS else tried.arrived_at
    if began is None or tried.judged_at is None:
        return None
    ended = min(filter(None, (tried.judged_at, tried.hung_up_at)))
    return ended - began if ended >= began else None


def _by(fact: datetime | None, at: datetime) -> bool:
    return fact is not None and fact <= at
