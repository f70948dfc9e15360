"""Keys of sources: renewed by an administrator, shown once, only their hash kept."""

from datetime import datetime

from django.db import transaction

from dispatch import record
from dispatch.models import User
from warning_center.models import Source


@transaction.atomic
def renew_key(*, source_id: int, by: User, now: datetime) -> str:
    """A new API key for a source; from now on the old one is refused."""
    source = Source.objects.select_for_update(of=("self",)).get(pk=source_id)
    key = source.renew_key()
    source.save(update_fields=["key_digest"])
    record.write("key_renewed", now=now, by=by, source=source.code)
    return key
