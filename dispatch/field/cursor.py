"""Where a phone has read its unit's news up to: opaque, of use to that unit alone, and not to be made up."""

from django.utils.translation import gettext as _
from rest_framework.exceptions import APIException

from dispatch.models import Unit
from telephony import sealing

LONGEST = 200


class BadCursor(APIException):
    """400: not one of ours, or of another unit: read the visits anew and go on from a new cursor."""

    status_code = 400
    default_code = "bad_cursor"


def write(unit: Unit, place: int) -> str:
    """The cursor after the news at `place`."""
    return sealing.seal(f"news:{unit.pk}:{place}").replace("+", "-").replace("/", "_").rstrip("=")


def read(unit: Unit, cursor: str) -> int:
    """The place it stands at. Raises BadCursor."""
    try:
        name, dot, body = cursor[:LONGEST].partition(".")
        padded = body.replace("-", "+").replace("_", "/") + "=" * (-len(body) % 4)
        kind, unit_id, place = sealing.unseal(f"{name}{dot}{padded}").split(":")
        if (kind, unit_id) == ("news", str(unit.pk)):
            return int(place)
    except ValueError:  # Unsealable is one
        pass
    raise BadCursor(_("This cursor is not one of your unit's. Read your visits anew and go on from there."))
