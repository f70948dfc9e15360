"""The entries in INSTALLED_APPS of the centre itself, and of the admin with a site of our own."""

import gc

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

    def ready(self) -> None:
        super().ready()  # imports what every room shows in the admin, and so nearly all there is
        gc.freeze()
        gc.enable()  # manage.py begins without
