"""What must last of the line: trunks, calls, texts."""

from telephony.models.call import Call
from telephony.models.text import Text
from telephony.models.trunk import Trunk

__all__ = ["Call", "Text", "Trunk"]
