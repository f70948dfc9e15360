"""外勤动态: what officers must learn of a visit, a row each, numbered in an order in which nothing is overtaken."""

from datetime import datetime
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from dispatch.models.choices import choices
from dispatch.models.unit import Unit
from dispatch.vocabulary import MUST_BE_SEEN, NewsKind
from telephony.row import Row

_URGENT = sorted(kind.value for kind in MUST_BE_SEEN)


class NewsQuerySet(models.QuerySet["News"]):
    def under(self, unit: Unit | None) -> Self:
        """Only what a unit's subtree is told; nothing for nobody's unit."""
        return self.filter(unit__path__startswith=unit.path) if unit else self.none()

    def after(self, place: int) -> Self:
        """What came later than that place, in order. What has no place yet is not there yet."""
        return self.filter(place__gt=place).order_by("place")

    def unnumbered(self) -> Self:
        return self.filter(place=None).order_by("pk")

    def due(self, now: datetime) -> Self:
        """What nobody has looked at in time, the longest due first."""
        return self.filter(due_at__isnull=False, due_at__lte=now).order_by("due_at", "pk")

    def to_be_seen(self) -> Self:
        return self.filter(kind__in=_URGENT, seen_at=None)


class News(Row):
    """Codes only, no personal data. `place` is given once it is committed (workflow.news.number); ids are before."""

    place = models.BigIntegerField(null=True, unique=True)
    unit = models.ForeignKey("dispatch.Unit", models.PROTECT, related_name="+", verbose_name=_("unit"))
    attempt = models.ForeignKey("dispatch.Attempt", models.PROTECT, related_name="news")
    kind = models.CharField(_("what"), max_length=16, choices=choices(NewsKind))
    at = models.DateTimeField(_("when"))
    seen_at = models.DateTimeField(_("seen"), null=True)
    seen_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    due_at = models.DateTimeField(null=True)  # unseen by then, somebody is told by telephone
    pressed = models.PositiveSmallIntegerField(default=0, db_default=0)  # how many have been

    objects = NewsQuerySet.as_manager()

    class Meta:
        verbose_name = _("news for officers")
        verbose_name_plural = _("news for officers")
        constraints = [
            models.CheckConstraint(
                name="dispatch_news_seen_names_who",
                condition=Q(seen_at=None, seen_by=None) | Q(seen_at__isnull=False, seen_by__isnull=False),
            ),
            models.CheckConstraint(
                name="dispatch_news_seen_is_due_no_more", condition=Q(seen_at=None) | Q(due_at=None)
            ),
        ]
        indexes = [
            models.Index(fields=["id"], condition=Q(place=None), name="dispatch_news_unnumbered"),
            models.Index(
                fields=["unit"],
                condition=Q(seen_at=None, kind__in=_URGENT),
                name="dispatch_news_to_be_seen",
            ),
            models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="dispatch_news_due"),
        ]

    def __str__(self) -> str:
        return f"{self.at:%m-%d %H:%M:%S} {self.kind}"


class NewsHead(Row):
    """One row: the last place that was given. Its lock is the numbering."""

    last = models.BigIntegerField(default=0)

    class Meta:
        verbose_name = _("end of the news")
        verbose_name_plural = _("end of the news")

    def __str__(self) -> str:
        return str(self.last)
