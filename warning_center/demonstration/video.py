"""The demonstration's video page: a trunk that carries it, and a badge for the login `operator`."""

from datetime import datetime

from django.db import transaction

from dispatch.models import Badge, User
from telephony.models import Trunk
from telephony.models.call import PAGE
from warning_center.demonstration.face import drawn

TRUNK = {
    "name": "视频网页",
    "carrier": "page",
    "carries": PAGE,
    "priority": 9,
    "concurrent": 10,
    "per_second": 5,
}
BADGE = {"name": "演示民警", "number": "000110", "station": "茂名市反诈中心（演示）"}


@transaction.atomic
def load_video(now: datetime) -> None:
    """Twice is as good as once. Carried pictures come before the page, so the stories go as they would without it."""
    fresh = {**TRUNK, "tokens": TRUNK["per_second"], "filled_at": now}
    Trunk.objects.get_or_create(name=fresh.pop("name"), defaults=fresh)
    user = User.objects.filter(username="operator").first()
    if user is not None:
        Badge.objects.get_or_create(user=user, defaults={**BADGE, "face": drawn()})
