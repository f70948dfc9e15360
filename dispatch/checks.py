"""When the next check of a follow-up, or its watch's end, is due: counted from the contact. No Django."""

from collections.abc import Sequence
from datetime import datetime

from dispatch.chain import Rules
from dispatch.plan import Facts, Past
from dispatch.standing import Standing
from dispatch.vocabulary import Level, Result, Tier


def next_check(
    facts: Facts, standing: Standing, rules: Rules, level: Level, now: datetime
) -> datetime | None:
    """When the next one is due, possibly a moment gone by; None after the last one."""
    rung = rules.levels[level].rungs[Tier.FOLLOW_UP]
    since = standing.agreed_at or _since(facts, rules, now)
    if rung.watch:
        return since + rung.watch if since + rung.watch > now else None
    done = checks_done(facts.past, since)
    return since + rung.checks[done] if done < len(rung.checks) else None


def checks_done(past: Sequence[Past], since: datetime) -> int:
    """How many checks have ended since the contact from which they count."""
    checked = (p for p in past if p.tier is Tier.FOLLOW_UP and p.result not in (None, Result.CANCELLED))
    return sum(p.heard_at >= since for p in checked)


def _since(facts: Facts, rules: Rules, now: datetime) -> datetime:
    """When follow-up began without an agreement: a watch at once, the first check its wait later."""
    checks = (p for p in facts.past if p.tier is Tier.FOLLOW_UP)
    first = min(checks, key=lambda p: p.id, default=None)
    if first is None:
        return now
    waits = rules.levels[first.level].rungs[Tier.FOLLOW_UP].checks
    return first.starts_at - waits[0] if waits else first.starts_at
