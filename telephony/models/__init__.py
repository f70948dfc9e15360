"""What must last of the line: trunks, desks, calls and their legs, texts."""

from telephony.models.call import Call
from telephony.models.desk import Desk
from telephony.models.leg import Leg
from telephony.models.text import Text
from telephony.models.trunk import Trunk

__all__ = ["Call", "Desk", "Leg", "Text", "Trunk"]
