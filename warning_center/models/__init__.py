"""What must last of the front office: sources and their directives; pulses, and promises that are broken."""

from warning_center.models.directive import Directive
from warning_center.models.pulse import Breach, Pulse
from warning_center.models.source import Source

__all__ = ["Breach", "Directive", "Pulse", "Source"]
