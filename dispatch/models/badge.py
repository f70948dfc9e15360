"""警官证: what an officer shows on a video page, so that the person called can check who they are."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from telephony.row import Row
from telephony.sealing import SealedTextField
from telephony.video.card import Card


class Badge(Row):
    """Shown to a person before anything is asked of them. `face` is a small picture as a data address."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="badge", verbose_name=_("user")
    )
    name = models.CharField(_("name as shown"), max_length=32)
    number = models.CharField(_("badge number"), max_length=16)
    station = models.CharField(_("station as shown"), max_length=64)
    face = SealedTextField(_("face"), blank=True)

    class Meta:
        verbose_name = _("badge")
        verbose_name_plural = _("badges")
        constraints = [
            models.UniqueConstraint(name="dispatch_badge_number_is_one_persons", fields=["number"])
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.number}"

    def as_card(self) -> Card:
        """Raises ValueError if something is missing that a person could check."""
        return Card(self.name, self.number, self.station, self.face)
