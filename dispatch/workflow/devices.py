"""Officers' devices: signed in and out."""

from datetime import datetime, timedelta

from django.db import transaction

from dispatch import record
from dispatch.models import DeviceToken, User
from dispatch.models.token import digest, new_key

VALID_FOR = timedelta(hours=12)  # one shift


@transaction.atomic
def sign_in(*, user: User, device: str, now: datetime) -> tuple[DeviceToken, str]:
    """A token for one device, and the key itself, which nobody can be shown again."""
    key = new_key()
    token = DeviceToken.objects.create(
        user=user, device=device, digest=digest(key), created_at=now, expires_at=now + VALID_FOR
    )
    record.write("signed_in", now=now, by=user, token=token.pk)
    return token, key


@transaction.atomic
def sign_out(*, token: DeviceToken, now: datetime) -> None:
    """The token is worth nothing from here on. Doing it twice does nothing."""
    if DeviceToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=now):
        record.write("signed_out", now=now, by=token.user, token=token.pk)
