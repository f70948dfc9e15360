"""预警指令: one message from a source, kept as received, never changed."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from telephony.row import Row
from telephony.sealing import SealedTextField


class Directive(Row):
    class Answer(models.TextChoices):
        ACCEPTED = "accepted", _("opened a case")
        JOINED = "joined", _("joined a case")

    source = models.ForeignKey("warning_center.Source", models.PROTECT, verbose_name=_("source"))
    reference = models.CharField(_("reference"), max_length=64)
    received_at = models.DateTimeField(_("received"), db_index=True)
    issued_at = models.DateTimeField(_("issued"))
    body = SealedTextField(_("as received"))  # canonical JSON
    digest = models.CharField(
        max_length=64, editable=False
    )  # keyed, of the body: the same again, or changed?
    notes = models.JSONField(_("notes"), default=list)
    answer = models.CharField(_("answer"), max_length=8, choices=Answer)
    case = models.ForeignKey(
        "dispatch.Case", models.PROTECT, related_name="directives", verbose_name=_("case")
    )

    class Meta:
        verbose_name = _("directive")
        verbose_name_plural = _("directives")
        constraints = [
            models.UniqueConstraint(
                name="warning_center_directive_reference_is_one_sources", fields=["source", "reference"]
            )
        ]

    def __str__(self) -> str:
        return self.reference
