"""The three sums a case is told in, each with who said so."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from dispatch.models.choices import choices
from dispatch.vocabulary import Money
from telephony.row import Row


class Sum(Row):
    """The newest saying of a kind is the case's; older ones stay on record."""

    case = models.ForeignKey("dispatch.Case", models.PROTECT, related_name="sums")
    kind = models.CharField(_("sum"), max_length=12, choices=choices(Money))
    amount = models.DecimalField(_("amount"), max_digits=16, decimal_places=2)
    at = models.DateTimeField(_("when"))
    said_by = models.CharField(_("who said so"), max_length=64)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    class Meta:
        verbose_name = _("sum")
        verbose_name_plural = _("sums")
        constraints = [
            models.CheckConstraint(name="dispatch_sum_is_not_negative", condition=models.Q(amount__gte=0))
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.amount}"
