"""来源: who may send directives."""

import hashlib
import secrets

from django.db import models
from django.utils.translation import gettext_lazy as _

from telephony.row import Row


def digest(key: str) -> str:
    """What is stored of an API key. It has 256 random bits, so a plain hash hides it."""
    return hashlib.sha256(key.encode()).hexdigest()


class Source(Row):
    code = models.SlugField(_("code"), max_length=32, unique=True)
    name = models.CharField(_("name"), max_length=64)
    unit = models.ForeignKey("dispatch.Unit", models.PROTECT, verbose_name=_("duty unit"))
    key_digest = models.CharField(max_length=64, unique=True, null=True, editable=False)  # noqa: DJ001  none yet
    kind = models.CharField(  # of warning_center.kinds: people enter its directives by hand; "": a feed
        _("kind"), max_length=16, blank=True, default="", db_default=""
    )
    enabled = models.BooleanField(_("enabled"), default=True)

    class Meta:
        verbose_name = _("source")
        verbose_name_plural = _("sources")

    def __str__(self) -> str:
        return self.name

    def renew_key(self) -> str:
        """A new API key; it is shown this once and only its hash is kept. The caller saves."""
        key = f"wc_{secrets.token_urlsafe(32)}"
        self.key_digest = digest(key)
        return key
