"""Where each desk is rung, as it is sealed in its row; nothing where no key of ours opens it."""

import logging

from django.db.models import QuerySet

from telephony.models import Desk
from telephony.prepared import prepared
from telephony.sealing import Unsealable

logger = logging.getLogger(__name__)


def address_of(desk_id: int | None) -> str:
    """The number or SIP address of a desk; "" for none, so that a call is made all the same."""
    try:
        return _address.first(desk_id) or "" if desk_id else ""
    except Unsealable:
        logger.error("the address of desk %s cannot be opened", desk_id)
        return ""


@prepared
def _address(desk: int) -> QuerySet[Desk, str]:
    return Desk.objects.filter(pk=desk).values_list("address", flat=True)
