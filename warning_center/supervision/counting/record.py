"""Reading chains of cases out of the record: a handful of queries for however many. Nothing sealed is opened."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import timedelta
from typing import Any

from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce

from dispatch import policies
from dispatch.models import Attempt, Case, Event, Order, Sum
from dispatch.models.event import SCRIPT_MARKED
from dispatch.vocabulary import CALLS, Disposition, FraudType, Level, Outcome, Result, Stage, Tier
from warning_center.models import Directive
from warning_center.supervision.counting.life import Chain, Life, Ordered, Said, Told, Tried, Used

_CASE = (
    "pk", "opened_at", "level", "fraud_type", "unit__path", "closed_at", "outcome", "reached_at", "listened_at",
    "agreed_at", "verified_at", "closed_by", "sizes", "policy", "previous", "target__birth_year", "target__sex",
    "target__occupation",
)  # fmt: skip
_ATTEMPT = (
    "tier", "level", "starts_at", "started_at", "acknowledged_at", "arrived_at", "ended_at", "result",
    "disposition", "judged_at", "judged_by", "unit", "call__answered_at", "call__ended_at",
)  # fmt: skip
_PROMISED = {
    Tier.VOICE: (Stage.PLANNED,),
    Tier.VIDEO: (Stage.PLANNED,),
    Tier.VISIT: (Stage.SENT, Stage.ACKNOWLEDGED),
    Tier.FOLLOW_UP: (),
}


def roots_of(cases: Collection[int]) -> set[int]:
    """The first cases of the chains that these stand in."""
    found = Case.objects.filter(pk__in=cases).annotate(root=Coalesce("chain", "pk"))
    return set(found.values_list("root", flat=True))


def read(roots: Collection[int]) -> list[Chain]:
    """The chains that begin with these cases. What comes after must be in no later transaction than the reading."""
    of = Q(pk__in=roots) | Q(chain__in=roots)
    cases = Case.objects.filter(of).annotate(root=Coalesce("chain", "pk")).order_by("pk")
    rows = list(cases.values("root", *_CASE))
    mine = [row["pk"] for row in rows]
    tried = _attempts(mine, {row["pk"]: row["policy"] for row in rows})
    orders, sums, used = _orders(mine), _sums(mine), _used(mine)
    followed = {row["previous"]: row["opened_at"] for row in rows if row["previous"]}
    told = _directives(mine)
    lives: dict[int, list[Life]] = defaultdict(list)
    heard: dict[int, list[Told]] = defaultdict(list)
    for row in rows:
        pk, root = row["pk"], row["root"]
        lives[root].append(_life(row, followed.get(pk), tried[pk], orders[pk], sums[pk], used[pk]))
        heard[root] += told[pk]
    return [
        Chain(root, tuple(lives[root]), tuple(sorted(heard[root], key=lambda t: (t.received_at, t.pk))))
        for root in sorted(lives)
    ]


def _life(
    row: dict[str, Any],
    followed: Any,
    tried: list[Tried],
    orders: list[Ordered],
    sums: list[Said],
    used: list[Used],
) -> Life:
    return Life(
        pk=row["pk"],
        opened_at=row["opened_at"],
        level=Level(row["level"]),
        fraud=FraudType(row["fraud_type"]),
        path=row["unit__path"] or "",
        closed_at=row["closed_at"],
        outcome=Outcome(row["outcome"]) if row["outcome"] else None,
        reached_at=row["reached_at"],
        listened_at=row["listened_at"],
        agreed_at=row["agreed_at"],
        verified_at=row["verified_at"],
        closed_by=row["closed_by"],
        followed_at=followed,
        warnings=int(row["sizes"].get("warnings_30d", 0)),
        birth_year=row["target__birth_year"],
        sex=row["target__sex"],
        occupation=row["target__occupation"],
        tried=tuple(tried),
        orders=tuple(orders),
        sums=tuple(sums),
        used=tuple(used),
    )


def _attempts(cases: Collection[int], policy_of: dict[int, int]) -> dict[int, list[Tried]]:
    found: dict[int, list[Tried]] = defaultdict(list)
    rows = Attempt.objects.filter(case__in=cases).order_by("pk").values_list("case", *_ATTEMPT)
    for case, tier, level, *rest in rows:
        starts, started, acknowledged, arrived, ended, result, word, judged, by, unit, answered, hung_up = (
            rest
        )
        found[case].append(
            Tried(
                tier=Tier(tier),
                starts_at=starts,
                started_at=started,
                acknowledged_at=acknowledged,
                arrived_at=arrived,
                ended_at=ended,
                result=Result(result) if result else None,
                disposition=Disposition(word) if word else None,
                judged_at=judged,
                judged_by=by,
                unit=unit,
                answered_at=answered if tier in CALLS else None,
                hung_up_at=hung_up if tier in CALLS else None,
                allowed=_allowed(policy_of[case], Level(level), Tier(tier)),
            )
        )
    return found


def _allowed(policy: int, level: Level, tier: Tier) -> dict[str, timedelta]:
    within = policies.escalation_rules(policy).levels[level].rungs[tier].within
    return {stage: within[stage] for stage in _PROMISED[tier] if stage in within}


def _orders(cases: Collection[int]) -> dict[int, list[Ordered]]:
    found: dict[int, list[Ordered]] = defaultdict(list)
    fields = ("drafted_at", "due_at", "submitted_at", "ended_at", "state", "held")
    for case, *rest in Order.objects.filter(case__in=cases).order_by("pk").values_list("case", *fields):
        found[case].append(Ordered(*rest))
    return found


def _sums(cases: Collection[int]) -> dict[int, list[Said]]:
    found: dict[int, list[Said]] = defaultdict(list)
    fields = ("kind", "amount", "at", "said_by")
    for case, *rest in Sum.objects.filter(case__in=cases).order_by("at", "pk").values_list("case", *fields):
        found[case].append(Said(*rest))
    return found


def _used(cases: Collection[int]) -> dict[int, list[Used]]:
    found: dict[int, list[Used]] = defaultdict(list)
    marks = Event.objects.filter(case__in=cases, verb=SCRIPT_MARKED).order_by("at", "pk")
    for case, at, told in marks.values_list("case", "at", "detail"):
        if case is not None:
            found[case].append(
                Used(
                    attempt=told["attempt"],
                    at=at,
                    fraud=told["fraud"],
                    situation=told["situation"],
                    version=told["version"],
                    helped=told["helped"],
                    sentence=told.get("sentence", ""),
                )
            )
    return found


def _directives(cases: Collection[int]) -> dict[int, list[Told]]:
    found: dict[int, list[Told]] = defaultdict(list)
    for pk, case, received, source in _told().filter(case__in=cases):
        found[case].append(Told(pk, case, received, source))
    return found


def _told() -> QuerySet[Directive, Any]:
    return Directive.objects.values_list("pk", "case", "received_at", F("source__code")).order_by("pk")


def all_roots() -> Iterable[int]:
    """The first case of every chain, in order."""
    return Case.objects.filter(chain=None).order_by("pk").values_list("pk", flat=True).iterator()
