"""What must last of the front office: sources and their directives."""

from warning_center.models.directive import Directive
from warning_center.models.source import Source

__all__ = ["Directive", "Source"]
