"""日报, 周报, 月报: what was told of a unit at the time, as paper; never changed."""

from datetime import date
from typing import Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from telephony.row import Row


class ReportQuerySet(models.QuerySet["Report"]):
    def under(self, scope: str | None) -> Self:
        """Only those of the subtree with this path; None is everything, "" is nothing."""
        if scope is None:
            return self.all()
        return self.filter(unit__path__startswith=scope) if scope else self.none()


class Report(Row):
    class Kind(models.TextChoices):
        DAILY = "daily", _("daily report")
        WEEKLY = "weekly", _("weekly report")
        MONTHLY = "monthly", _("monthly report")

    kind = models.CharField(_("report"), max_length=8, choices=Kind)
    unit = models.ForeignKey("dispatch.Unit", models.PROTECT, verbose_name=_("unit"))
    since = models.DateField(_("from"))
    until = models.DateField(_("to"))
    made_at = models.DateTimeField(_("made"))
    paper = models.BinaryField()

    objects = ReportQuerySet.as_manager()

    class Meta:
        verbose_name = _("report")
        verbose_name_plural = _("reports")
        ordering = ("-until", "-since", "unit")
        constraints = [
            models.UniqueConstraint(
                name="warning_center_report_is_made_once", fields=["kind", "unit", "until"]
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.unit} {self.until}"

    @property
    def days(self) -> tuple[date, date]:
        return self.since, self.until
