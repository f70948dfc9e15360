"""Histories of cases as a replay is given them, made by hand: short words for what the world answered."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from dispatch import policies, risk, rules
from dispatch.models import PolicyVersion
from dispatch.replay.history import Answer, History, News, Really, Regime
from dispatch.vocabulary import CALLS, Disposition, Level, Result, Tier
from tests.lives import NOON, chain

HALF, LONG = timedelta(seconds=30), timedelta(minutes=3)
BUILT_IN = risk.read(policies.built_in(PolicyVersion.Kind.RISK))
OWN = Regime(chain(), ((NOON - timedelta(days=1000), BUILT_IN),))


def minutes(n: float) -> timedelta:
    return timedelta(minutes=n)


def after(n: float) -> datetime:
    """So many minutes after the case opened."""
    return NOON + minutes(n)


def met(result: Result, lasted: timedelta = HALF, **given: Any) -> Answer:
    """A machine's or a person's result."""
    return Answer(result, lasted=lasted, **given)


def said(tier: Tier, word: Disposition, lasted: timedelta = LONG, **given: Any) -> Answer:
    """A person's word; a visit is acknowledged and arrives before."""
    on_the_way = {"talking": lasted / 3} if tier in CALLS else {}
    if tier is Tier.VISIT:
        on_the_way = {"acknowledged": lasted / 4, "arrived": lasted / 2}
    return Answer(disposition=word, lasted=lasted, spoken=lasted, **{**on_the_way, **given})


def history(
    level: Level | None = Level.HIGH, *later: News, sizes: Mapping[str, int] | None = None, **given: Any
) -> History:
    """A case opened at noon by a directive that upstream says has this level."""
    opening = News(NOON, NOON, upstream=level, sizes=sizes or {}, numbers=(1, 2))
    plain = {"answers": {}, "really": Really((), 0, None), "can_visit_from": NOON, "trunks": 2}
    return History("2026-03-000001", (opening, *later), **{**plain, **given})


def under(rows: Mapping[str, Any], /) -> Regime:
    """The built-in escalation policy with other rows: `{"high.voice": {"silent": {...}}}`."""
    document: dict[str, Any] = dict(policies.built_in(PolicyVersion.Kind.ESCALATION))
    for path, cells in rows.items():
        level, tier = path.split(".")
        document[level] = {**document[level], tier: {**document[level].get(tier, {}), **cells}}
    return Regime(rules.read(document), OWN.risks)


def risking(**thresholds: int) -> Regime:
    """The built-in risk policy with other thresholds."""
    document = policies.built_in(PolicyVersion.Kind.RISK)
    other = risk.read({**document, "thresholds": {**document["thresholds"], **thresholds}})
    return Regime(OWN.chain, ((NOON, other),))
