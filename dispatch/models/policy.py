"""Policies and scripts as data: versioned documents, each with a start time and an author."""

from datetime import datetime
from typing import Self

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from telephony.row import Row


class PolicyQuerySet(models.QuerySet["PolicyVersion"]):
    def started(self, now: datetime) -> Self:
        """The versions that have come into force by `now`; of each kind the first is the one in force."""
        return self.filter(starts_at__lte=now).order_by("-starts_at", "-version")

    def in_force(self, kind: str, now: datetime) -> Self:
        """Those of one kind."""
        return self.started(now).filter(kind=kind)


class PolicyVersion(Row):
    """One version of a policy, or of the scripts. Never changed: a change is a new version."""

    class Kind(models.TextChoices):
        RISK = "risk", _("risk policy")
        ESCALATION = "escalation", _("escalation policy")
        SCRIPTS = "scripts", _("scripts")

    kind = models.CharField(_("kind"), max_length=12, choices=Kind)
    version = models.PositiveIntegerField(_("version"))
    document = models.JSONField(_("document"))
    starts_at = models.DateTimeField(_("in force from"))
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, verbose_name=_("author")
    )
    note = models.CharField(_("note"), max_length=200, blank=True)

    objects = PolicyQuerySet.as_manager()

    class Meta:
        verbose_name = _("policy version")
        verbose_name_plural = _("policy versions")
        constraints = [
            models.UniqueConstraint(name="dispatch_policyversion_is_one", fields=["kind", "version"])
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.version}"
