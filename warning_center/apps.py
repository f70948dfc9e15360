"""The app's entry in INSTALLED_APPS."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class WarningCenterConfig(AppConfig):
    name = "warning_center"
    verbose_name = _("Warning Center")
