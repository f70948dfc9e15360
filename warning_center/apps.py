"""The entries in INSTALLED_APPS of the centre itself, and of the admin with a site of our own."""

from django.apps import AppConfig
from django.contrib.admin import apps as plain
from django.utils.translation import gettext_lazy as _


class WarningCenterConfig(AppConfig):
    default = True
    name = "warning_center"
    verbose_name = _("Warning Center")

    def ready(self) -> None:
        from warning_center import queues  # noqa: F401  its check is known from here on


class OwnAdminConfig(plain.AdminConfig):
    default = False
    default_site = "warning_center.site.Site"
