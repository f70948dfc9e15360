"""What an officer's doors read: visits with all they are shown with, and only one's own."""

from typing import Any

from django.db.models import Count, OuterRef, Prefetch, Subquery
from django.db.models.functions import Coalesce
from rest_framework.exceptions import NotFound
from rest_framework.pagination import LimitOffsetPagination
from rest_framework.request import Request

from dispatch import record
from dispatch.models import Attempt, News, Order, Photo, Unit, User
from dispatch.models.attempt import AttemptQuerySet
from dispatch.vocabulary import TAKEN_AWAY
from telephony import clock


class Pages(LimitOffsetPagination):
    """Bounded; how many there are in all is not asked."""

    default_limit = 100
    max_limit = 500

    def get_count(self, queryset: Any) -> int:
        return 2**31


def page_of(attempts: AttemptQuerySet, request: Request, view: Any) -> list[Attempt]:
    """The page that was asked for."""
    return list(Pages().paginate_queryset(whole(attempts), request, view=view) or ())


def at_work(user: User) -> AttemptQuerySet:
    """Visits sent and checks due below the user's unit; and what was taken from it and nobody has seen yet."""
    gone = News.objects.to_be_seen().filter(kind__in=TAKEN_AWAY, unit=user.unit_id)
    ended = gone.filter(attempt__ended_at__isnull=False).values_list("attempt_id")
    waiting = Attempt.objects.waiting_for_officers().under(user.unit).values_list("pk")
    return Attempt.objects.filter(pk__in=waiting.order_by().union(ended)).by_risk()


def whole(attempts: AttemptQuerySet) -> AttemptQuerySet:
    """With everything a visit is shown with, in a handful of queries."""
    mine = OuterRef("pk")
    last = News.objects.filter(attempt=mine).order_by("-pk").values("pk")[:1]
    photos = (
        Photo.objects.filter(attempt=mine).order_by().values("attempt").annotate(n=Count("pk")).values("n")
    )
    order = Order.objects.filter(case=OuterRef("case")).order_by("-pk")
    return (
        attempts.select_related("case__target", "unit", "assignment__user")
        .annotate(
            version=Coalesce(Subquery(last), 0),
            photo_count=Coalesce(Subquery(photos), 0),
            order_state=Subquery(order.values("state")[:1]),
            order_due=Subquery(order.values("due_at")[:1]),
        )
        .prefetch_related(
            "case__target__numbers__phone",
            "case__target__contacts",
            Prefetch("news", News.objects.to_be_seen().order_by("pk"), to_attr="unseen"),
        )
    )


def own(visit: int, user: User) -> Attempt:
    """A visit or check within the user's subtree; another's is not there for them, and their asking is recorded."""
    return _checked(Attempt.objects.in_field().select_related("case", "unit"), visit, user)


def own_whole(visit: int, user: User) -> Attempt:
    """The same, with everything a visit is shown with."""
    return _checked(whole(Attempt.objects.in_field()), visit, user)


def _checked(attempts: AttemptQuerySet, visit: int, user: User) -> Attempt:
    attempt = attempts.filter(pk=visit).first() if visit < 2**63 else None
    if attempt is None:
        raise NotFound
    if user.unit is None or not user.unit.holds(attempt.unit):
        record.write("refused", now=clock.now(), by=user, why="another unit's visit", attempt=attempt.pk)
        raise NotFound
    return attempt


def unit_of(user: User) -> Unit:
    """The unit they work in; who works in the field has one."""
    if user.unit is None:
        raise NotFound
    return user.unit
