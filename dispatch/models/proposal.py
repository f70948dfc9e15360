"""移交建议: somebody, or a person's last known place, proposes that another centre takes a case; a lead decides."""

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from telephony.row import Row


class ProposalQuerySet(models.QuerySet["Proposal"]):
    def waiting(self) -> Self:
        """Undecided, of cases that are still open; the oldest first."""
        return self.filter(decided_at=None, case__closed_at=None).order_by("at", "pk")


class Proposal(Row):
    """Kept when it is decided. One that nobody decided before its case closed otherwise stays as it was."""

    case = models.ForeignKey(
        "dispatch.Case", models.PROTECT, related_name="proposals", verbose_name=_("case")
    )
    to = models.CharField(_("centre"), max_length=64)  # or the code of its city
    why = models.CharField(_("why"), max_length=200, blank=True)
    by = models.ForeignKey(  # none: nobody but the person's last known place
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("who")
    )
    at = models.DateTimeField(_("when"))
    accepted = models.BooleanField(null=True)
    decided_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    objects = ProposalQuerySet.as_manager()

    class Meta:
        verbose_name = _("proposed hand-over")
        verbose_name_plural = _("proposed hand-overs")
        constraints = [
            models.UniqueConstraint(
                name="dispatch_proposal_one_undecided_per_case",
                fields=["case"],
                condition=Q(decided_at=None),
            ),
            models.CheckConstraint(
                name="dispatch_proposal_decided_names_who",
                condition=Q(accepted=None, decided_at=None, decided_by=None)
                | Q(accepted__isnull=False, decided_at__isnull=False, decided_by__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.case} → {self.to}"
