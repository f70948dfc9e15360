"""Try before you switch: recorded cases under the policies they ran under, and under a candidate."""

from collections.abc import Callable
from datetime import UTC, datetime

from dispatch import policies
from dispatch.chain import BadRules
from dispatch.models import PolicyVersion
from dispatch.models.case import CaseQuerySet
from dispatch.policy import DeadEndError
from dispatch.replay import course, recorded
from dispatch.replay.comparison import Comparison, Tally
from dispatch.replay.history import Regime
from dispatch.replay.rehearsal import EndlessError
from dispatch.risk import RiskRules

ALWAYS = datetime.min.replace(tzinfo=UTC)


def compare(
    cases: CaseQuerySet,
    candidate: policies.Policy,
    *,
    now: datetime,
    watch: Callable[[int], None] = lambda done: None,
) -> Comparison:
    """What would have been otherwise in these cases under the candidate; open ones are known until `now`.

    Each is played twice by the same means: under the policies it ran under, and with the candidate in the
    place of its own. `watch` is told after each case how many are done. Reads, and writes nothing.
    """
    tally, risks = Tally(), _risks()
    for done, (case, history) in enumerate(recorded.histories(cases, now=now), 1):
        try:
            own = Regime(policies.escalation_rules(case.policy_id), risks)
            tally.add(history, course.play(history, own), course.play(history, _with(candidate, own)))
        except (BadRules, DeadEndError, EndlessError):
            tally.fail(history.number)
        watch(done)
    return tally.total()


def _with(candidate: policies.Policy, own: Regime) -> Regime:
    if isinstance(candidate, RiskRules):
        return Regime(own.chain, ((ALWAYS, candidate),))
    return Regime(candidate, own.risks)


def _risks() -> tuple[tuple[datetime, RiskRules], ...]:
    """Every risk policy there was, since when it was in force."""
    versions = PolicyVersion.objects.filter(kind=PolicyVersion.Kind.RISK).order_by("starts_at", "version")
    return tuple((version.starts_at, policies.risk_rules(version.pk)) for version in versions)
