"""话务员: who sits at which desk, and who of them leads the shift. The line knows desks, not people."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from telephony.row import Row


class Moved(models.TextChoices):
    """What a shift lead may do to another's desk."""

    PAUSED = "paused", _("paused")
    SIGNED_OFF = "away", _("signed off")


class Operator(Row):
    """Who leaves is deactivated, not deleted: their seat, and what hangs on it, stays readable."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="operator", verbose_name=_("user")
    )
    desk = models.OneToOneField(
        "telephony.Desk", models.PROTECT, related_name="operator", verbose_name=_("desk")
    )

    leads = models.BooleanField(_("leads the shift"), default=False, db_default=False)
    # What a shift lead did to the desk, told there until its operator is ready again.
    moved = models.CharField(max_length=8, blank=True, default="", db_default="", choices=Moved)
    moved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", editable=False
    )
    moved_at = models.DateTimeField(null=True)
    moved_why = models.CharField(max_length=120, blank=True, default="", db_default="")

    class Meta:
        verbose_name = _("operator")
        verbose_name_plural = _("operators")
        constraints = [
            models.CheckConstraint(
                name="dispatch_operator_moved_names_who_and_why",
                condition=Q(moved="")
                | (Q(moved_by__isnull=False, moved_at__isnull=False) & ~Q(moved_why="")),
            )
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.desk}"
