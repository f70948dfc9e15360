"""Who works here: a role, and the unit whose subtree they see."""

from typing import Any

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.translation import gettext_lazy as _

from dispatch.models.choices import choices
from dispatch.vocabulary import Role


class User(AbstractUser):
    role = models.CharField(_("role"), max_length=16, choices=choices(Role), default=Role.OPERATOR)
    unit = models.ForeignKey("dispatch.Unit", models.PROTECT, null=True, blank=True, verbose_name=_("unit"))

    class Meta(AbstractUser.Meta):
        verbose_name = _("user")  # type: ignore[assignment]
        verbose_name_plural = _("users")  # type: ignore[assignment]

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Who may open the admin follows from the role; officers have their own door."""
        self.is_staff = self.is_superuser or self.role != Role.OFFICER
        super().save(*args, **kwargs)

    @property
    def owes_second_factor(self) -> bool:
        """Whether a password alone opens nothing to them: who may open the centre's pages, if the setting says so."""
        return bool(settings.SECOND_FACTOR == "required" and self.is_staff)

    def is_a(self, *roles: Role) -> bool:
        """Whether this active user has one of these roles; a superuser has them all."""
        return self.is_active and (self.is_superuser or self.role in roles)
