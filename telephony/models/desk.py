"""A desk: the phone an operator talks on, what it is doing, and how long its word holds. Not who sits there."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from telephony.carrier import CallStatus
from telephony.models.call import Call
from telephony.models.leg import Leg
from telephony.row import Row
from telephony.sealing import SealedTextField

if TYPE_CHECKING:
    _DurationField = models.DurationField[timedelta, timedelta]
else:  # only the stubs' field has parameters
    _DurationField = models.DurationField

LEASE = timedelta(seconds=90)  # a hidden browser tab wakes once a minute: its desk must not be lost for that
OFFER = timedelta(seconds=15)
WRAP = timedelta(seconds=60)
WORKING = "working"  # why a desk is paused whose operator takes cases one by one and dials them itself


class DeskQuerySet(models.QuerySet["Desk"]):
    def here(self) -> Self:
        """Signed in, whatever they are doing."""
        return self.exclude(state=Desk.State.AWAY)

    def idle(self) -> Self:
        """Without a call, their own or one that they were rung into."""
        held = Call.objects.at_desks().values("desk")
        joined = Leg.objects.live().exclude(call__status=CallStatus.ENDED).values("desk")
        return self.exclude(pk__in=held).exclude(pk__in=joined)

    def free(self, now: datetime) -> Self:
        """Ready, and there by their lease; the longest ready first. One whose last call still rings out is not."""
        ready = self.idle().filter(state=Desk.State.READY, lease_until__gt=now)
        return ready.defer("address").order_by("ready_since", "pk")

    def overdue(self, now: datetime) -> Self:
        """Those whose lease or wrap-up is over; a talk goes on without a lease, a wrap-up while a word is owed."""
        lapsed = Q(lease_until__lte=now) & ~Q(state=Desk.State.TALKING)
        return self.filter(lapsed | Q(wrap_until__lte=now, owes=None))


class Desk(Row):
    """A row is moved under its lock by `telephony.desks`, the matcher, and the news of its call.

    `ready_since` is its place among the ready ones; a call that nobody answered does not lose it.
    """

    class State(models.TextChoices):
        AWAY = "away", _("away")
        READY = "ready", _("ready")
        OFFERED = "offered", _("offered")
        TALKING = "talking", _("talking")
        WRAPPING = "wrapping", _("wrapping up")
        PAUSED = "paused", _("paused")

    class Mode(models.TextChoices):
        PREVIEW = "preview", _("preview")  # asked before each call is dialled
        PROGRESSIVE = "progressive", _("progressive")  # a call is dialled as soon as it is ready

    BUSY = (State.OFFERED, State.TALKING)
    # The columns that its life changes.
    MOVES = (
        "state", "reason", "after", "mode", "tags", "area", "since", "ready_since", "lease_until", "wrap_until",
        "lease", "offer", "declined", "owes",
    )  # fmt: skip

    name = models.CharField(_("name"), max_length=32, unique=True)
    address = SealedTextField(_("number or address"), blank=True)  # what rings there
    state = models.CharField(_("state"), max_length=8, default=State.AWAY, choices=State)
    reason = models.CharField(_("reason"), max_length=64, blank=True)  # of a pause, now or asked for
    after = models.CharField(max_length=8, blank=True)  # paused or away: what takes hold when its call ends
    mode = models.CharField(_("mode of work"), max_length=12, default=Mode.PROGRESSIVE, choices=Mode)
    tags = models.JSONField(_("tags"), default=list, blank=True)  # short words: what it can do, or does best
    # the part of the centre whose calls it takes, as a path whose prefixes are the parts around it; empty: all
    area = models.CharField(max_length=128, blank=True, default="", db_default="", editable=False)
    since = models.DateTimeField(_("since"))  # of the state
    ready_since = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(_("lease until"), null=True)  # without a sign of life
    wrap_until = models.DateTimeField(null=True)
    lease = _DurationField(default=LEASE)  # how long a sign of life holds
    offer = _DurationField(default=OFFER)  # how long it may think about a call
    wrap = _DurationField(_("wrap-up limit"), default=WRAP)
    declined = models.BigIntegerField(null=True)  # the id of the call it has just refused
    owes = models.BigIntegerField(
        null=True
    )  # the id of the call of which nobody has said yet what came of it

    objects = DeskQuerySet.as_manager()

    class Meta:
        verbose_name = _("desk")
        verbose_name_plural = _("desks")
        constraints = [
            models.CheckConstraint(
                name="telephony_desk_here_has_lease",
                condition=Q(state="away", lease_until=None)
                | (~Q(state="away") & Q(lease_until__isnull=False)),
            ),
            models.CheckConstraint(
                name="telephony_desk_pause_has_reason",
                condition=(Q(state="paused") | Q(after="paused")) & ~Q(reason="")
                | (~Q(state="paused") & ~Q(after="paused") & Q(reason="")),
            ),
            models.CheckConstraint(
                name="telephony_desk_wrapping_has_limit",
                condition=Q(state="wrapping", wrap_until__isnull=False)
                | (~Q(state="wrapping") & Q(wrap_until=None)),
            ),
            models.CheckConstraint(
                name="telephony_desk_ready_has_its_turn",
                condition=~Q(state__in=["ready", "offered"]) | Q(ready_since__isnull=False),
            ),
            models.CheckConstraint(
                name="telephony_desk_leaves_after_a_call",
                condition=Q(after="") | Q(state__in=["offered", "talking"], after__in=["paused", "away"]),
            ),
            models.CheckConstraint(
                name="telephony_desk_who_owes_is_not_ready", condition=Q(owes=None) | ~Q(state="ready")
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def can(self, call: Call) -> bool:
        """Whether it has all the tags that a call needs, and serves the part of the centre it belongs to."""
        return set(call.needs.split()) <= set(self.tags) and self.serves(call.area)

    def serves(self, area: str) -> bool:
        """Whether it takes calls of a part of the centre; what belongs to no part must not wait for want of one."""
        return not area or area.startswith(self.area)

    def has_lapsed(self, now: datetime) -> bool:
        """Whether nobody has been heard of there for longer than the lease."""
        return self.lease_until is None or self.lease_until <= now

    # What follows changes the row in memory only.

    def renew(self, now: datetime) -> None:
        """A sign of life; it never shortens the lease."""
        self.lease_until = max(filter(None, (self.lease_until, now + self.lease)))

    def enter(self, state: State, now: datetime, *, reason: str = "") -> None:
        """Be in this state from now on, with what belongs to it; `since` stands still if it is in it already.

        One that still owes a word is not ready, but wraps up.
        """
        if state == self.State.READY and self.owes is not None:
            state = self.State.WRAPPING
        busy = state in self.BUSY
        if state != self.state or (not busy and reason != self.reason):
            self.since = now
        self.state = state
        if not busy:
            self.after, self.reason = "", reason
        self.wrap_until = now + self.wrap if state == self.State.WRAPPING else None
        if state == self.State.AWAY:
            self.lease_until = None
        if state == self.State.READY:
            self.ready_since = self.ready_since or now
        elif not busy:
            self.ready_since = None
        if state not in (self.State.READY, self.State.OFFERED):
            self.declined = None

    def follow(self, call: Call, now: datetime) -> None:
        """Do as its call does. One that has gone meanwhile is left where it is."""
        if self.state not in self.BUSY:
            return
        if call.status == CallStatus.TALKING:
            self.enter(self.State.TALKING, now)
        elif call.status == CallStatus.ENDED:
            self.call_over(now, spoke=call.spoke)

    def call_over(self, now: datetime, *, spoke: bool) -> None:
        """Its call is over: what was asked for meanwhile takes hold, and a desk nobody sits at goes away."""
        if self.has_lapsed(now) or self.after == self.State.AWAY:
            self.enter(self.State.AWAY, now)
        elif spoke and self.wrap and self.reason in ("", WORKING):
            self.enter(self.State.WRAPPING, now)
        elif self.after == self.State.PAUSED:
            self.enter(self.State.PAUSED, now, reason=self.reason)
        else:
            self.ready_since = None if spoke else self.ready_since
            self.enter(self.State.READY, now)
