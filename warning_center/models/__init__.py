"""What must last of the front office: sources and their directives; second factors; pulses, promises; roll-ups."""

from warning_center.models.directive import Directive
from warning_center.models.factor import Factor
from warning_center.models.pulse import Breach, Pulse
from warning_center.models.report import Report
from warning_center.models.rollup import Cell, Counted, Happening, Stirred, Sweep
from warning_center.models.screen import Screen
from warning_center.models.source import Source
from warning_center.models.view import SavedView

__all__ = [
    "Breach",
    "Cell",
    "Counted",
    "Directive",
    "Factor",
    "Happening",
    "Pulse",
    "Report",
    "SavedView",
    "Screen",
    "Source",
    "Stirred",
    "Sweep",
]
