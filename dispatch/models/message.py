"""短信: an SMS of a case. Never an attempt, never counts as reaching anyone."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from telephony.row import Row


class Message(Row):
    case = models.ForeignKey("dispatch.Case", models.PROTECT, related_name="messages")
    kind = models.CharField(_("kind"), max_length=16)
    text = models.OneToOneField("telephony.Text", models.PROTECT, related_name="message")
    written_at = models.DateTimeField(_("written at"))

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")

    def __str__(self) -> str:
        return f"{self.kind} {self.written_at:%m-%d %H:%M}"
