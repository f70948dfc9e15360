"""The second factor of somebody who works here: a sealed secret that their phone shares; codes for when it is lost."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from telephony.row import Row
from telephony.sealing import SealedTextField


class Factor(Row):
    """One row a person, moved under its lock. Reset, it is empty and is enrolled anew."""

    user = models.OneToOneField(
        "dispatch.User", models.PROTECT, related_name="factor", verbose_name=_("user")
    )
    secret = SealedTextField(blank=True)  # base32, as authenticators take it
    confirmed_at = models.DateTimeField(_("enrolled at"), null=True)
    last_step = models.BigIntegerField(
        default=0
    )  # of the last code taken: neither it nor an older one is again
    recovery = models.JSONField(default=list)  # keyed hashes of the codes that are left
    failures = models.PositiveSmallIntegerField(default=0)  # wrong codes since the last right one
    locked_until = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("second factor")
        verbose_name_plural = _("second factors")
        constraints = [
            models.CheckConstraint(
                name="warning_center_factor_enrolled_has_secret",
                condition=Q(confirmed_at=None) | ~Q(secret=""),
            )
        ]

    def __str__(self) -> str:
        return str(self.user)
