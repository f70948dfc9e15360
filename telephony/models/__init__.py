"""What must last of the line: trunks, desks, calls, texts."""

from telephony.models.call import Call
from telephony.models.desk import Desk
from telephony.models.text import Text
from telephony.models.trunk import Trunk

__all__ = ["Call", "Desk", "Text", "Trunk"]
