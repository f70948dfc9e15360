"""The link by which a person joins a video call in a browser: sent once, opened once, over by a fixed moment."""

from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from telephony.row import Row


class LinkQuerySet(models.QuerySet["Link"]):
    def due(self, now: datetime) -> Self:
        return self.filter(ended_at=None, due_at__lte=now).order_by("due_at", "pk")


class Link(Row):
    """Live means not over; `due_at` is when it is to be seen to: told to the relay, or declared expired.

    Of its secret only the hash is kept. The text holds a mark in its place, which is filled when it is sent.
    """

    class State(models.TextChoices):
        WANTED = "wanted", _("wanted")  # the relay does not know it yet
        SENT = "sent", _("sent")
        OPENED = "opened", _("opened by them")
        OVER = "over", _("over")

    call = models.OneToOneField("telephony.Call", models.PROTECT, related_name="link", verbose_name=_("call"))
    text = models.OneToOneField("telephony.Text", models.PROTECT, related_name="link", verbose_name=_("text"))
    secret_hash = models.CharField(max_length=64, unique=True)
    card = models.JSONField(default=dict)  # the officer's, until the link is over
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.WANTED)
    written_at = models.DateTimeField(_("written at"))
    expires_at = models.DateTimeField(_("expires"))
    opened_at = models.DateTimeField(_("opened by them"), null=True)
    ended_at = models.DateTimeField(_("over since"), null=True)
    due_at = models.DateTimeField(null=True)

    objects = LinkQuerySet.as_manager()

    class Meta:
        verbose_name = _("link")
        verbose_name_plural = _("links")
        constraints = [
            models.CheckConstraint(
                name="telephony_link_live_has_due_at",
                condition=Q(state="over", due_at=None, ended_at__isnull=False)
                | (~Q(state="over") & Q(due_at__isnull=False, ended_at=None)),
            ),
            models.CheckConstraint(
                name="telephony_link_opened_has_its_moment",
                condition=~Q(state="opened") | Q(opened_at__isnull=False),
            ),
        ]
        indexes = [models.Index(fields=["due_at"], condition=Q(ended_at=None), name="telephony_link_due")]

    def __str__(self) -> str:
        return f"link {self.pk} {self.state}"
