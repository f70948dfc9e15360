"""When the next check of a follow-up, or its watch's end, is due: counted from the contact. No Django."""

from datetime import datetime

from dispatch.chain import Rules
from dispatch.plan import Facts
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
    checked = [p for p in facts.past if p.tier is Tier.FOLLOW_UP and p.result not in (None, Result.CANCELLED)]
    done = sum(p.heard_at >= since for p in checked)
    return since + rung.checks[done] if done < len(rung.checks) else None


def _since(facts: Facts, rules: Rules, now: datetime) -> datetime:
    """When follow-up began without an agreement: a watch at once, the first check its wait later."""
    checks = (p for p in facts.past if p.tier is Tier.FOLLOW_UP)
    first = min(checks, key=lambda p: p.id, default=None)
    if first is None:
        return now
    waits = rules.levels[first.level].rungs[Tier.FOLLOW_UP].checks
    return first.starts_at - waits[0] if waits else first.starts_at
