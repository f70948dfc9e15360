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
from dispatch.models.news import News, NewsHead
from dispatch.models.operator import Operator
from dispatch.models.order import Order
from dispatch.models.photo import Photo
from dispatch.models.policy import PolicyVersion
from dispatch.models.proposal import Proposal
from dispatch.models.roster import Area, Shift
from dispatch.models.target import Contact, PhoneNumber, Target, TargetNumber
from dispatch.models.token import DeviceToken, RefreshToken
from dispatch.models.unit import Unit
from dispatch.models.user import User
from dispatch.models.written import Written

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
    "News",
    "NewsHead",
    "Operator",
    "Order",
    "PhoneNumber",
    "Photo",
    "PolicyVersion",
    "Proposal",
    "RefreshToken",
    "Shift",
    "Sum",
    "Target",
    "TargetNumber",
    "Unit",
    "User",
    "Written",
]
