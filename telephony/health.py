"""How far each trunk is trusted, by how its calls went of late: it rests after faults in a row, and returns slowly.

Rests and trust only choose among trunks: where no other trunk is well, a resting one is asked all the same, since a
call that fails costs nothing and one that is not tried saves nobody.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.models import Case, F, Q, QuerySet, Value, When
from django.db.models.functions import Least

from telephony.carrier import CallResult, CallStatus
from telephony.models import Call, Trunk
from telephony.prepared import prepared

FAULTY = (CallResult.CONGESTION, CallResult.FAILED_HERE)
SAYS_NOTHING = (CallResult.NOT_PLACED, CallResult.CANCELLED, CallResult.OUTCOME_UNKNOWN)
NOT_ASKED = "not_asked"  # in the evidence: why the carrier never was
MOST = 4  # faults in a row before it rests
REST = timedelta(seconds=30)  # the first; each further one twice as long, up to LONGEST
LONGEST = timedelta(minutes=10)


def note(call: Call, now: datetime) -> None:
    """Take account of a call that has ended; not of one that ended for want of a desk, or before it was asked for."""
    if call.trunk_id is None or call.status != CallStatus.ENDED or call.dropped_at is not None:
        return
    if any(NOT_ASKED in piece for piece in call.evidence):
        return
    trunk = Trunk.objects.filter(pk=call.trunk_id)
    if call.result in FAULTY:
        trunk.update(faults=Least(F("faults") + 1, MOST + 10))
        for faults in trunk.filter(faults__gte=MOST).values_list("faults", flat=True):
            rest = min(LONGEST, REST * 2 ** (faults - MOST))
            trunk.update(rests_until=now + rest, trust=1)
    elif call.result not in SAYS_NOTHING and _is_doubted(call.trunk_id):
        trunk.update(
            faults=0,
            rests_until=None,
            trust=Case(When(trust__lt=F("concurrent"), then=F("trust") * 2), default=Value(None)),
        )


@prepared
def _is_doubted(trunk: int) -> QuerySet[Trunk, int]:
    """Asked first: mostly there is nothing to write, and the row is the matchers' lock."""
    doubted = Q(faults__gt=0) | Q(trust__isnull=False)
    return Trunk.objects.filter(doubted, pk=trunk).order_by().values_list("pk", flat=True)


def trusted(trunks: Sequence[Trunk], now: datetime) -> list[Trunk]:
    """Those that may be asked now: the ones that do not rest; all of them if all do."""
    awake = [trunk for trunk in trunks if trunk.rests_until is None or trunk.rests_until <= now]
    return awake or list(trunks)


def most(trunk: Trunk, among: Sequence[Trunk]) -> int:
    """How many calls at once it is trusted with; with all it can carry where no other trunk is well."""
    others_well = any(other.trust is None for other in among if other.pk != trunk.pk)
    return trunk.concurrent if trunk.trust is None or not others_well else min(trunk.trust, trunk.concurrent)
