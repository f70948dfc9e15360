"""After an upgrade everything is counted anew by itself, slice by slice, while what changes goes on being counted.

A migration leaves a row in `Sweep`; each slice is one transaction, and says in it how far it has come. A slice that
dies is done again; counted twice, a chain is counted once. The figures stay readable all the while.
"""

import time

from django.db import transaction

from dispatch.models import Case
from warning_center.models import Sweep
from warning_center.supervision.rollups import keep

CHAINS = 200  # in a slice: about a second, for which other counting waits


def under_way() -> int | None:
    """How far it has come, in per cent of the chains; None: nothing is to be counted anew."""
    sweep = Sweep.objects.order_by("pk").first()
    return int(100 * sweep.after / max(sweep.until, 1)) if sweep else None


@transaction.atomic
def step(*, limit: int = CHAINS) -> int:
    """Count the next chains anew; how many. 0 when all are done, and while another keeper works."""
    if not keep.locked():
        return 0
    sweep = Sweep.objects.order_by("pk").first()
    if sweep is None:
        return 0
    begins = Case.objects.filter(chain=None, pk__gt=sweep.after, pk__lte=sweep.until).order_by("pk")
    roots = list(begins.values_list("pk", flat=True)[:limit])
    if not roots:
        sweep.delete()
        return 0
    keep.recount(roots)
    sweep.after = roots[-1]
    sweep.save(update_fields=["after"])
    return len(roots)


def run(*, seconds: float) -> int:
    """Slices for about so long, each after what has changed meanwhile; how many chains were counted anew."""
    ends, counted = time.monotonic() + seconds, 0
    while Sweep.objects.exists():
        keep.keep()
        done = step()
        counted += done
        if not done or time.monotonic() >= ends:
            break
    return counted
