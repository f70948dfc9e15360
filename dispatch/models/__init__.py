"""What must last of a case, one noun a file."""

from dispatch.models.assessment import Assessment
from dispatch.models.assignment import Assignment
from dispatch.models.attempt import Attempt
from dispatch.models.badge import Badge
from dispatch.models.case import Case
from dispatch.models.event import Event
from dispatch.models.merge import Merge
from dispatch.models.message import Message
from dispatch.models.money import Sum
from dispatch.models.operator import Operator
from dispatch.models.order import Order
from dispatch.models.policy import PolicyVersion
from dispatch.models.roster import Area, Shift
from dispatch.models.target import Contact, PhoneNumber, Target, TargetNumber
from dispatch.models.token import DeviceToken
from dispatch.models.unit import Unit
from dispatch.models.user import User

__all__ = [
    "Area",
    "Assessment",
    "Assignment",
    "Attempt",
    "Badge",
    "Case",
    "Contact",
    "DeviceToken",
    "Event",
    "Merge",
    "Message",
    "Operator",
    "Order",
    "PhoneNumber",
    "PolicyVersion",
    "Shift",
    "Sum",
    "Target",
    "TargetNumber",
    "Unit",
    "User",
]
