"""现场照片: a photo taken on a visit; the picture itself lies sealed in a file, under a name that tells nothing."""

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from telephony.row import Row


class Photo(Row):
    """`key` asks for it, `file` is where it lies; `digest` is of what was sent."""

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    attempt = models.ForeignKey("dispatch.Attempt", models.PROTECT, related_name="photos")
    file = models.CharField(max_length=64, unique=True, editable=False)
    digest = models.CharField(max_length=64)
    width = models.PositiveIntegerField(_("width"))
    height = models.PositiveIntegerField(_("height"))
    size = models.PositiveIntegerField(_("bytes"))
    at = models.DateTimeField(_("taken"))
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("who"))

    class Meta:
        verbose_name = _("photo")
        verbose_name_plural = _("photos")
        ordering = ("at", "pk")
        constraints = [
            models.UniqueConstraint(name="dispatch_photo_kept_once", fields=["attempt", "digest"]),
            models.CheckConstraint(name="dispatch_photo_is_no_empty_file", condition=models.Q(size__gt=0)),
        ]

    def __str__(self) -> str:
        return f"{self.width}×{self.height}"
