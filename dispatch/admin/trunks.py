"""The trunks as rows: how many lines are in use, and how well each goes."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dispatch.admin.columns import span
from telephony import health
from telephony.models import Call, Trunk

LATELY = timedelta(minutes=10)  # of faults


@dataclass(frozen=True, slots=True)
class Carried:
    """A trunk: how many lines are in use, and how well it goes."""

    name: str
    carrier: str
    used: int
    most: int
    well: bool
    words: str
    faults: int
    placed: int


def look(now: datetime) -> tuple[Carried, ...]:
    """All of them, in the order they are taken: three queries."""
    used = dict(Call.objects.on_line().order_by().values_list("trunk").annotate(Count("pk")))
    recent = Call.objects.filter(placed_at__gt=now - LATELY).order_by().values_list("trunk")
    bad = Count("pk", filter=Q(result__in=health.FAULTY))
    placed = {trunk: (n, faults) for trunk, n, faults in recent.annotate(Count("pk"), bad=bad)}
    told = []
    for trunk in Trunk.objects.order_by("priority", "pk"):
        many, faults = placed.get(trunk.pk, (0, 0))
        words = _health(trunk, now)
        told.append(
            Carried(
                name=trunk.name,
                carrier=trunk.carrier,
                used=used.get(trunk.pk, 0),
                most=trunk.concurrent,
                well=not words,
                words=words or _("well"),
                faults=faults,
                placed=many,
            )
        )
    return tuple(told)


def _health(trunk: Trunk, now: datetime) -> str:
    """What is wrong with a trunk; "" if nothing is."""
    if not trunk.enabled:
        return _("switched off")
    if trunk.rests_until is not None and trunk.rests_until > now:
        return _("rests for {span} after {n} faults in a row").format(
            span=span(trunk.rests_until - now), n=trunk.faults
        )
    if trunk.trust is not None:
        return _("comes back, trusted with {n}").format(n=trunk.trust)
    if not trunk.faults:
        return ""
    return ngettext("{n} fault in a row", "{n} faults in a row", trunk.faults).format(n=trunk.faults)
