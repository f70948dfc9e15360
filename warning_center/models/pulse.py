"""What the watchdog goes by: the last sign of life of each beat, tick and queue; the promises that are broken."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from telephony.row import Row


class Pulse(Row):
    """One row for each name and host, written over and over."""

    name = models.CharField(_("name"), max_length=64)
    host = models.CharField(_("host"), max_length=128)
    at = models.DateTimeField(_("by the host's clock"))
    kept_at = models.DateTimeField(_("by the database's clock"))  # so no host's clock hides how old it is

    class Meta:
        verbose_name = _("pulse")
        verbose_name_plural = _("pulses")
        constraints = [
            models.UniqueConstraint(name="warning_center_pulse_is_one_hosts", fields=["name", "host"])
        ]

    def __str__(self) -> str:
        return f"{self.name}@{self.host}"


class Breach(Row):
    """A promise of the system that is broken now; the row goes when it is mended."""

    name = models.CharField(_("promise"), max_length=64, unique=True)
    since = models.DateTimeField(_("since"))

    class Meta:
        verbose_name = _("broken promise")
        verbose_name_plural = _("broken promises")

    def __str__(self) -> str:
        return self.name
