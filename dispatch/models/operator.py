"""话务员: who sits at which desk. The line knows desks, not people."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Operator(models.Model):
    """A seat is no evidence: what was said stands with the attempt and in the record. So it goes with its user."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="operator", verbose_name=_("user")
    )
    desk = models.OneToOneField(
        "telephony.Desk", models.PROTECT, related_name="operator", verbose_name=_("desk")
    )

    class Meta:
        verbose_name = _("operator")
        verbose_name_plural = _("operators")

    def __str__(self) -> str:
        return f"{self.user} · {self.desk}"
