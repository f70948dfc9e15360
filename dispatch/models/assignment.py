"""Who does a check of the follow-up: a community officer or grid worker."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from telephony.row import Row


class Assignment(Row):
    """The newest saying holds; `by` is blank where the system shared the check out."""

    attempt = models.OneToOneField("dispatch.Attempt", models.PROTECT, related_name="assignment")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("given to")
    )
    at = models.DateTimeField(_("when"))
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    class Meta:
        verbose_name = _("assignment")
        verbose_name_plural = _("assignments")

    def __str__(self) -> str:
        return f"{self.attempt} {self.user}"
