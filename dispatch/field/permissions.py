"""Who may work in the field."""

from rest_framework.exceptions import NotAuthenticated
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from dispatch.models import Attempt, User
from dispatch.vocabulary import Role


class WorksInTheField(BasePermission):
    """Officers who belong to a unit, and supervisors and administrators where nobody is asked for a second factor.
    Which visits are theirs is asked of each."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        user = request.user
        return isinstance(user, User) and may_work(user)


def may_work(user: User) -> bool:
    """Whether this user may come in by the officers' door at all: it asks for a password alone, so nobody does who
    owes a second factor elsewhere."""
    if user.owes_second_factor:
        return False
    return user.is_a(Role.OFFICER, Role.SUPERVISOR, Role.ADMINISTRATOR) and user.unit_id is not None


def may_open(user: User, attempt: Attempt) -> bool:
    """Whether the person's data may be opened to them: their own unit goes there, and has not ended."""
    return attempt.ended_at is None and attempt.unit_id is not None and attempt.unit_id == user.unit_id


def may_see_photos(user: User, attempt: Attempt) -> bool:
    """Whoever may open the person's data; and supervisors of the units above, also after the end."""
    return may_open(user, attempt) or user.is_a(Role.SUPERVISOR, Role.ADMINISTRATOR)


def user_of(request: Request) -> User:
    """Who is asking. Raises NotAuthenticated."""
    if not isinstance(request.user, User):
        raise NotAuthenticated
    return request.user
