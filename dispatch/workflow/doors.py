"""How far from the door an officer says they stand, and whether that is too far to go unasked."""

from dispatch import nearness, policies
from dispatch.models import Case
from dispatch.workflow.refusal import NotAllowedError


class FarAwayError(NotAllowedError):
    """They are farther off than the policy tolerates, and have not said why."""


def metres_away(case: Case, at: nearness.Place | None) -> int | None:
    """From the place we know; None where either is not known."""
    if at is None or case.lat is None or case.lon is None:
        return None
    return round(nearness.distance_km(at, nearness.Place(case.lat, case.lon)) * 1000)


def tolerance(case: Case) -> int:
    """In metres, by the policy the case started under."""
    return policies.escalation_rules(case.policy_id).door_tolerance


def is_far(case: Case, away: int, accuracy: float = 0) -> bool:
    """Whether they stand too far off even where the device errs by its whole accuracy, in metres."""
    return away - accuracy > tolerance(case)
