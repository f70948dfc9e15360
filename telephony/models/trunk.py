"""A trunk: what can carry calls, and how many."""

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from telephony.row import Row

CARRIES = ("voice", "video", "page", "text")  # page: video in the phone's browser
EVERYTHING = "voice video text"


def known_words(text: str) -> None:
    """Raises ValidationError for what no trunk can carry."""
    if not text.split() or not set(text.split()) <= set(CARRIES):
        raise ValidationError(_("Of these, a blank between: %(words)s"), params={"words": " ".join(CARRIES)})


class Trunk(Row):
    """So many calls at once, so many new ones a second. The token bucket is this row, which workers share."""

    name = models.CharField(_("name"), max_length=32, unique=True)
    carrier = models.CharField(_("carrier"), max_length=32)  # a key of the CARRIERS setting
    priority = models.PositiveSmallIntegerField(_("priority"), default=1)  # the lowest is taken first
    concurrent = models.PositiveIntegerField(_("calls at once"))
    per_second = models.FloatField(_("calls a second"))
    enabled = models.BooleanField(_("enabled"), default=True)
    callers = models.CharField(  # the numbers it may show, a blank between; none: its carrier's own
        _("caller numbers"), max_length=200, default="", db_default="", blank=True
    )
    carries = models.CharField(  # words of CARRIES, a blank between
        _("carries"), max_length=32, default=EVERYTHING, db_default=EVERYTHING, validators=[known_words]
    )
    tokens = models.FloatField(default=1)
    filled_at = models.DateTimeField()
    faults = models.PositiveSmallIntegerField(_("faults in a row"), default=0, db_default=0)
    rests_until = models.DateTimeField(_("rests until"), null=True)
    trust = models.PositiveIntegerField(_("trusted with"), null=True)  # calls at once after a rest; None: all

    class Meta:
        verbose_name = _("trunk")
        verbose_name_plural = _("trunks")
        constraints = [
            models.CheckConstraint(
                name="telephony_trunk_can_carry",
                condition=models.Q(concurrent__gt=0, per_second__gt=0),
            ),
            models.CheckConstraint(name="telephony_trunk_carries_something", condition=~models.Q(carries="")),
        ]

    def __str__(self) -> str:
        return self.name

    def can(self, *kinds: str) -> bool:
        """Whether it carries any of these."""
        return not set(kinds).isdisjoint(self.carries.split())

    def refill(self, now: datetime) -> None:
        """Let the tokens earned since the last look flow in; a bucket holds a second's worth, at least 1."""
        passed = max(0.0, (now - self.filled_at).total_seconds())
        self.tokens = min(max(1.0, self.per_second), self.tokens + passed * self.per_second)
        self.filled_at = max(now, self.filled_at)
