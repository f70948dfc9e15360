"""The only wiring: what the line announces, dispatch hears."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DispatchConfig(AppConfig):
    name = "dispatch"
    verbose_name = _("Dispatch")

    def ready(self) -> None:
        from dispatch import receivers
        from telephony.signals import call_moved, key_pressed

        call_moved.connect(receivers.call_moved, dispatch_uid="dispatch")
        key_pressed.connect(receivers.key_pressed, dispatch_uid="dispatch")
