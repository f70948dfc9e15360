"""A leg: somebody of ours rung to join a call. The operator who leads it, a colleague, a supervisor who listens."""

import uuid
from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import Case, Q, When
from django.utils.translation import gettext_lazy as _

from telephony.row import Row


class LegQuerySet(models.QuerySet["Leg"]):
    def live(self) -> Self:
        return self.filter(ended_at=None)

    def waiting(self) -> Self:
        """Whose turn is still to come; those who lead a call first."""
        wanted = self.live().filter(state=Leg.State.WANTED)
        return wanted.order_by(Case(When(role=Leg.Role.DESK, then=0), default=1), "begun_at", "pk")

    def silent(self, now: datetime) -> Self:
        """Without news within the allowance."""
        return self.live().filter(due_at__lte=now).order_by("due_at", "pk")


class Leg(Row):
    """Live means not ended; `due_at` is when it is to be looked after. Its address stays with its desk."""

    class Role(models.TextChoices):
        DESK = "desk", _("the operator")
        COLLEAGUE = "colleague", _("a colleague")
        SUPERVISOR = "supervisor", _("a supervisor")

    class Way(models.TextChoices):
        TALK = "talk", _("talks")
        LISTEN = "listen", _("listens")
        WHISPER = "whisper", _("whispers")  # heard by the operator alone

    class State(models.TextChoices):
        WANTED = "wanted", _("wanted")  # the carrier has not been asked yet
        ASKED = "asked", _("asked for")
        RINGING = "ringing", _("ringing")
        TALKING = "talking", _("talking")
        ENDED = "ended", _("ended")

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    call = models.ForeignKey("telephony.Call", models.PROTECT, related_name="legs", verbose_name=_("call"))
    desk = models.ForeignKey("telephony.Desk", models.PROTECT, related_name="+", verbose_name=_("desk"))
    role = models.CharField(_("who"), max_length=12, choices=Role)
    way = models.CharField(_("how"), max_length=8, choices=Way, default=Way.TALK)
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.WANTED)
    result = models.CharField(_("result"), max_length=24, blank=True)
    muted = models.BooleanField(default=False, db_default=False)  # they are there, and nobody hears them
    external_id = models.CharField(max_length=64, blank=True)
    begun_at = models.DateTimeField(_("begun"))
    dialled_at = models.DateTimeField(
        _("dialled at"), null=True
    )  # when it was given its place in the trunk's second
    placed_at = models.DateTimeField(null=True)  # by when the carrier had been asked for it
    answered_at = models.DateTimeField(_("answered at"), null=True)
    ended_at = models.DateTimeField(_("ended at"), null=True)
    due_at = models.DateTimeField(null=True)
    evidence = models.JSONField(default=list)

    objects = LegQuerySet.as_manager()

    class Meta:
        verbose_name = _("leg")
        verbose_name_plural = _("legs")
        constraints = [
            models.UniqueConstraint(
                name="telephony_leg_one_live_per_desk", fields=["desk"], condition=Q(ended_at=None)
            ),
            models.CheckConstraint(
                name="telephony_leg_live_has_due_at",
                condition=Q(state="ended", due_at=None, ended_at__isnull=False)
                | (~Q(state="ended") & Q(due_at__isnull=False, ended_at=None)),
            ),
            models.CheckConstraint(
                name="telephony_leg_only_supervisors_listen",
                condition=Q(way="talk") | Q(role="supervisor"),
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(ended_at=None), name="telephony_leg_silent"),
            models.Index(
                fields=["placed_at"], condition=Q(placed_at__isnull=False), name="telephony_leg_placed"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.role} {self.state}"
