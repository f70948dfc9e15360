"""大屏: a screen on a wall, with a key of its own. It is no user, so no other door knows it."""

import secrets

from django.db import models
from django.utils.translation import gettext_lazy as _

from telephony.row import Row
from warning_center.models.source import digest


class Screen(Row):
    name = models.CharField(_("name"), max_length=64, unique=True)
    unit = models.ForeignKey("dispatch.Unit", models.PROTECT, verbose_name=_("unit"))
    key_digest = models.CharField(max_length=64, unique=True, editable=False)
    enabled = models.BooleanField(_("enabled"), default=True)

    class Meta:
        verbose_name = _("wallboard")
        verbose_name_plural = _("wallboards")

    def __str__(self) -> str:
        return self.name

    def renew_key(self) -> str:
        """A new key; it is shown this once and only its hash is kept. The caller saves."""
        key = f"wb_{secrets.token_urlsafe(32)}"
        self.key_digest = digest(key)
        return key
