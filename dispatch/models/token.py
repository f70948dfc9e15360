"""An officer's device: a short token to ask with and a longer one to renew it by, each kept as a hash only."""

import hashlib
import secrets
from datetime import datetime
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from telephony.row import Row


def digest(key: str) -> str:
    """What is stored of a token. It has 256 random bits, so a plain hash hides it."""
    return hashlib.sha256(key.encode()).hexdigest()


def new_key() -> str:
    """A token nobody can guess."""
    return f"wd_{secrets.token_urlsafe(32)}"


def new_refresh_key() -> str:
    """One to renew by."""
    return f"wr_{secrets.token_urlsafe(32)}"


class DeviceTokenQuerySet(models.QuerySet["DeviceToken"]):
    def valid(self, now: datetime) -> Self:
        return self.filter(revoked_at=None, expires_at__gt=now)


class DeviceToken(Row):
    """`family` is one sign-in on one device: all its tokens end together."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="device_tokens", verbose_name=_("user")
    )
    device = models.CharField(_("device"), max_length=64)
    family = models.UUIDField(null=True, db_index=True, editable=False)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField(_("signed in"))
    expires_at = models.DateTimeField(_("valid until"))
    revoked_at = models.DateTimeField(_("signed out"), null=True)

    objects = DeviceTokenQuerySet.as_manager()

    class Meta:
        verbose_name = _("device token")
        verbose_name_plural = _("device tokens")
        constraints = [
            models.CheckConstraint(
                name="dispatch_devicetoken_expires", condition=Q(expires_at__gt=F("created_at"))
            )
        ]

    def __str__(self) -> str:
        return self.device


class RefreshToken(Row):
    """Good once: it is exchanged for the next pair. `renewal` is the hash of the word it was exchanged with."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("user")
    )
    device = models.CharField(_("device"), max_length=64)
    family = models.UUIDField(db_index=True, editable=False)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField(_("signed in"))
    expires_at = models.DateTimeField(_("valid until"))
    used_at = models.DateTimeField(_("exchanged"), null=True)
    renewal = models.CharField(max_length=64, blank=True, editable=False)
    revoked_at = models.DateTimeField(_("signed out"), null=True)

    class Meta:
        verbose_name = _("signed-in phone")
        verbose_name_plural = _("signed-in phones")
        constraints = [
            models.CheckConstraint(
                name="dispatch_refreshtoken_expires", condition=Q(expires_at__gt=F("created_at"))
            ),
            models.CheckConstraint(
                name="dispatch_refreshtoken_used_names_renewal",
                condition=Q(used_at=None, renewal="") | (Q(used_at__isnull=False) & ~Q(renewal="")),
            ),
        ]

    def __str__(self) -> str:
        return self.device
