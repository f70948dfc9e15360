"""外勤写入: one write from an officer's device, kept under its key, so that sent twice it is taken once."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from telephony.row import Row
from telephony.sealing import SealedTextField


class Written(Row):
    """What was sent, when the device says it was so, and how it was answered: 200, or 409 with why.

    `digest` is a keyed one of the whole request; `typed` is what the officer wrote, kept whatever the answer was.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    key = models.CharField(max_length=64)
    attempt = models.ForeignKey("dispatch.Attempt", models.PROTECT, related_name="written")
    step = models.CharField(_("what"), max_length=16)
    digest = models.CharField(max_length=64)
    saw = models.BigIntegerField(_("version seen"))
    at = models.DateTimeField(_("when"))  # by our clock: the device's, put right
    received_at = models.DateTimeField(_("received"))
    skew = models.IntegerField(_("device clock is behind by seconds"), null=True)
    status = models.PositiveSmallIntegerField(_("answer"))
    refusal = models.CharField(max_length=200, blank=True)  # a message id, and its words
    words = models.JSONField(default=dict)
    typed = SealedTextField(_("note"), blank=True)

    class Meta:
        verbose_name = _("write from the field")
        verbose_name_plural = _("writes from the field")
        constraints = [models.UniqueConstraint(name="dispatch_written_once_a_key", fields=["user", "key"])]

    def __str__(self) -> str:
        return f"{self.step} {self.status}"
