"""What two merged cases need to be parted again: whose numbers, contacts and earlier cases went along."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from telephony.row import Row
from telephony.sealing import SealedTextField


class Merge(Row):
    """The nameless `person` was taken for somebody known; their case `other` closed as a duplicate.

    The lists hold ids. `place` is where the kept case's person was known to be before, as JSON; blank if that
    case kept its own.
    """

    other = models.OneToOneField("dispatch.Case", models.PROTECT, related_name="merge")
    person = models.ForeignKey("dispatch.Target", models.PROTECT, related_name="+")
    at = models.DateTimeField(_("when"))
    phones = models.JSONField(default=list)  # the person's
    shared = models.JSONField(default=list)  # of these, what the known person had as well
    contacts = models.JSONField(default=list)
    cases = models.JSONField(default=list)  # the person's, `other` among them
    place = SealedTextField(blank=True)
    undone_at = models.DateTimeField(_("undone"), null=True)
    undone_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    class Meta:
        verbose_name = _("merge")
        verbose_name_plural = _("merges")
        constraints = [
            models.CheckConstraint(
                name="dispatch_merge_undone_names_who",
                condition=Q(undone_at=None, undone_by=None)
                | Q(undone_at__isnull=False, undone_by__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return f"{self.other} {self.at:%m-%d %H:%M}"
