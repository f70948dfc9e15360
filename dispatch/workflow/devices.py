"""Officers' devices: signed in, renewed, and out. A refresh token that is shown twice ends all of its device's tokens.

A phone without signal may lose the answer to a renewal and ask again. So it sends a word of its own making with it
(`renewal`), and the next pair is worked out from the old token and that word: asked again with the same word it is
given the same pair, as long as that has not been renewed itself. Any other second showing means that two hold it.
"""

import hashlib
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from dispatch import record
from dispatch.models import DeviceToken, RefreshToken, User
from dispatch.models.token import digest, new_key, new_refresh_key
from telephony import sealing

VALID_FOR = timedelta(minutes=30)
SHIFT = timedelta(hours=12)  # after which a password is asked for again


@dataclass(frozen=True, slots=True)
class Pair:
    """The two keys themselves, which nobody can be shown again, and until when they are good."""

    token: str
    expires_at: datetime
    refresh_token: str
    refresh_expires_at: datetime


@transaction.atomic
def sign_in(*, user: User, device: str, now: datetime) -> Pair:
    """The first pair for one device."""
    keys = new_key(), new_refresh_key()
    token, pair = _issue(user, device, uuid.uuid4(), keys, now, now + SHIFT)
    record.write("signed_in", now=now, by=user, token=token.pk)
    return pair


def renew(*, refresh_token: str, renewal: str, now: datetime) -> Pair | None:
    """The next pair, or None where there is none: not known, over, or shown twice. Why is on record."""
    with transaction.atomic():
        old = (
            RefreshToken.objects.select_for_update(of=("self",))
            .select_related("user")
            .filter(digest=digest(refresh_token))
            .first()
        )
        if old is None or old.revoked_at is not None or old.expires_at <= now or not old.user.is_active:
            return None
        word = hashlib.sha256(renewal.encode()).hexdigest()
        keys = _next(refresh_token, renewal)
        if old.used_at is None:
            old.used_at, old.renewal = now, word
            old.save(update_fields=["used_at", "renewal"])
            return _issue(old.user, old.device, old.family, keys, now, old.expires_at)[1]
        following = RefreshToken.objects.filter(digest=digest(keys[1]), used_at=None, revoked_at=None).first()
        token = DeviceToken.objects.filter(digest=digest(keys[0])).first()
        if old.renewal == word and following is not None and token is not None:
            return Pair(keys[0], token.expires_at, keys[1], following.expires_at)
        _end(old.family, now)
        record.write("refused", now=now, by=old.user, why="refresh token shown twice", device=old.device)
        return None


@transaction.atomic
def sign_out(*, token: DeviceToken | RefreshToken, now: datetime, by: User | None = None) -> None:
    """All tokens of its device are worth nothing from here on. Doing it twice does nothing."""
    live = type(token)._default_manager.filter(pk=token.pk, revoked_at=None).update(revoked_at=now)
    ended = _end(token.family, now) if token.family else 0
    if live or ended:
        record.write("signed_out", now=now, by=by or token.user, token=token.pk, of=token.user_id)


def _issue(
    user: User, device: str, family: uuid.UUID, keys: tuple[str, str], now: datetime, until: datetime
) -> tuple[DeviceToken, Pair]:
    plain = {"user": user, "device": device, "family": family, "created_at": now}
    token = DeviceToken.objects.create(
        **plain, digest=digest(keys[0]), expires_at=min(now + VALID_FOR, until)
    )
    RefreshToken.objects.create(**plain, digest=digest(keys[1]), expires_at=until)
    return token, Pair(keys[0], token.expires_at, keys[1], until)


def _next(refresh_token: str, renewal: str) -> tuple[str, str]:
    """As long and as secret as drawn ones: they hang on our index key and on a token of 256 random bits."""
    word = f"{refresh_token}:{renewal}"
    return f"wd_{sealing.index('device token', word)}", f"wr_{sealing.index('refresh token', word)}"


def _end(family: uuid.UUID, now: datetime) -> int:
    """How many tokens that ended."""
    live = {"family": family, "revoked_at": None}
    ended = DeviceToken.objects.filter(**live).update(revoked_at=now)
    return ended + RefreshToken.objects.filter(**live).update(revoked_at=now)
