"""The centre of a simulated day: the demonstration's units and sources, and trunks that its operators can serve."""

from datetime import datetime

from telephony.models import Desk, Trunk
from warning_center import demonstration
from warning_center.models import Source
from warning_center.simulation.lines import Limits

TRUNKS = {"mobile": 0.6, "unicom": 0.4}  # the share of the lines; carrier and trunk have one name
LINES_A_DESK = 1.5  # some are for announcements, which no operator leads
PER_SECOND = 5.0


def found(now: datetime, operators: int) -> tuple[dict[str, Source], dict[str, Limits]]:
    """Its sources by code, and what each trunk may carry."""
    demonstration.load(now, people=False)
    Trunk.objects.all().delete()
    Desk.objects.all().delete()
    limits = {}
    for n, (name, share) in enumerate(TRUNKS.items(), 1):
        lines = max(2, round(operators * LINES_A_DESK * share))
        limits[name] = Limits(lines, PER_SECOND)
        Trunk.objects.create(
            name=name,
            carrier=name,
            priority=n,
            concurrent=lines,
            per_second=PER_SECOND,
            tokens=PER_SECOND,
            filled_at=now,
        )
    return {source.code: source for source in Source.objects.select_related("unit")}, limits
