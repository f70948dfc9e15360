"""An SMS on its way out: an outbox row first, the carrier afterwards."""

import uuid
from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from telephony.row import Row
from telephony.sealing import SealedTextField


class TextQuerySet(models.QuerySet["Text"]):
    def due(self, now: datetime) -> Self:
        return self.filter(state="queued", due_at__lte=now).order_by("due_at", "pk")


class Text(Row):
    class State(models.TextChoices):
        QUEUED = "queued", _("queued")
        SENT = "sent", _("sent")
        DELIVERED = "delivered", _("delivered")
        UNDELIVERED = "undelivered", _("not delivered")
        FAILED = "failed", _("failed")
        QUIET = "quiet", _("not repeated")  # the same had just gone to the same number

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    number = SealedTextField(_("number"))
    body = models.TextField(_("text"))
    state = models.CharField(_("state"), max_length=12, default=State.QUEUED, choices=State)
    external_id = models.CharField(max_length=64, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(_("sent at"), null=True)
    delivered_at = models.DateTimeField(_("delivered at"), null=True)
    number_index = models.CharField(max_length=64, blank=True, default="", db_default="", editable=False)
    trunk = models.ForeignKey("telephony.Trunk", models.PROTECT, null=True, verbose_name=_("trunk"))
    doubted_at = models.DateTimeField(
        null=True
    )  # since when the carrier may have taken it without our knowing
    evidence = models.JSONField(default=list)  # the carrier's own words, in the order they came

    objects = TextQuerySet.as_manager()

    class Meta:
        verbose_name = _("text")
        verbose_name_plural = _("texts")
        constraints = [
            models.CheckConstraint(
                name="telephony_text_queued_has_due_at",
                condition=Q(state="queued", due_at__isnull=False) | (~Q(state="queued") & Q(due_at=None)),
            )
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(state="queued"), name="telephony_text_due"),
            models.Index(fields=["number_index", "sent_at"], name="telephony_text_number"),
        ]

    def __str__(self) -> str:
        return f"SMS {self.pk} {self.state}"
