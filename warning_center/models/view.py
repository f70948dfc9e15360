"""A supervisor's own name for an address of the figures."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from telephony.row import Row


class SavedView(Row):
    """No evidence: it goes with its user."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("user")
    )
    name = models.CharField(_("name"), max_length=64)
    page = models.CharField(max_length=32, blank=True)
    address = models.CharField(max_length=500, blank=True)

    class Meta:
        verbose_name = _("saved view")
        verbose_name_plural = _("saved views")
        constraints = [
            models.UniqueConstraint(
                name="warning_center_savedview_name_is_one_users", fields=["user", "name"]
            )
        ]

    def __str__(self) -> str:
        return self.name
