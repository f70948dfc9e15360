"""What is broken now, kept in the database; the record says once when a promise breaks and once when it mends."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import transaction

from dispatch import record
from warning_center import pulses
from warning_center.models import Breach
from warning_center.watchdog.finding import Finding

AGENT = "watchdog"


@transaction.atomic
def settle(
    findings: Sequence[Finding], *, now: datetime, missed: Mapping[str, datetime] | None = None
) -> tuple[set[str], set[str]]:
    """Write down what has broken and what has mended since the last time; the names of both.

    `missed` broke, at those times, while nothing could be written. However many watchdogs there are, one
    of them writes each line. A promise that was not looked at stays as it was.
    """
    seen = {finding.name: finding for finding in findings if not finding.unseen}
    broken = {name: finding for name, finding in seen.items() if not finding.ok}
    begun = {**dict.fromkeys(broken, now), **(missed or {})}
    known = set(Breach.objects.values_list("name", flat=True))
    broke = {name for name in begun.keys() - known if _break(name, begun[name], broken.get(name))}
    mended = {name for name in (known | broke) & seen.keys() - broken.keys() if _mend(name, now)}
    return broke, mended


def forget(*, wall: datetime) -> None:
    """Drop what nobody needs any more."""
    pulses.forget(wall)


def _break(name: str, since: datetime, finding: Finding | None) -> bool:
    _breach, new = Breach.objects.get_or_create(name=name, defaults={"since": since})
    if new:
        told = finding.plain() if finding else {}
        told.pop("ok", None)
        record.write("broken", now=since, agent=AGENT, promise=name, host=pulses.HOST, **told)
    return new


def _mend(name: str, now: datetime) -> bool:
    since = Breach.objects.filter(name=name).values_list("since", flat=True).first()
    gone, _each = Breach.objects.filter(name=name).delete()
    if gone and since:
        lasted = round((now - since).total_seconds())
        record.write("mended", now=now, agent=AGENT, promise=name, host=pulses.HOST, lasted=lasted)
    return bool(gone)
