"""The telephony application, and its one wiring: who is rung, and whose link is over, when a call moves."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class TelephonyConfig(AppConfig):
    name = "telephony"
    verbose_name = _("Telephony")

    def ready(self) -> None:
        from telephony import legs, links
        from telephony.signals import call_moved

        call_moved.connect(legs.call_moved, dispatch_uid="telephony.legs")
        call_moved.connect(links.call_moved, dispatch_uid="telephony.links")
