"""What must last of the line: trunks, desks, calls with their legs and links, texts."""

from telephony.models.call import Call
from telephony.models.desk import Desk
from telephony.models.leg import Leg
from telephony.models.link import Link
from telephony.models.text import Text
from telephony.models.trunk import Trunk

__all__ = ["Call", "Desk", "Leg", "Link", "Text", "Trunk"]
