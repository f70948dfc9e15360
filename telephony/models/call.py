"""One telephone or video call, from booking to its end, as the line sees it."""

import uuid
from datetime import datetime, timedelta
from typing import Any, Self

from django.db import models
from django.db.models import F, Q, Value
from django.utils.translation import gettext_lazy as _

from telephony import numbers
from telephony.carrier import ON_LINE, CallKind, CallResult, CallStatus, Dial
from telephony.row import Row
from telephony.sealing import SealedTextField

_ON_LINE = [s.value for s in ON_LINE]
PAGE = "page"  # the route of a video call that goes by the page in the phone's browser


class CallQuerySet(models.QuerySet["Call"]):
    def on_line(self) -> Self:
        return self.filter(status__in=_ON_LINE)

    def at_desks(self) -> Self:
        """Those that have a desk this moment: offered to it, or on the line for it."""
        return self.filter(desk__isnull=False).exclude(status=CallStatus.ENDED)

    def waiting(self, now: datetime, *, needs: str = "", mode: str = "", area: str = "") -> Self:
        """Booked, due, not too late, its number free; the earliest rank first, of two the one booked first.

        Of one kind only, by the tags it needs, its mode, and the area of desks that could take it: what nobody can
        take must not stand before the rest.
        Read off the head of one index, however many wait. What is due ranks before now, so the reading ends
        there. The numbers on the line, or offered to a desk that thinks about it, are few, so they are gathered once:
        an outer join to them costs twice as much, and could lead the database to sort the whole queue.
        """
        held = Call.objects.on_line().values("number_index")
        offered = Call.objects.at_desks().values("number_index")
        kind = self.filter(status=CallStatus.BOOKED, desk=None, mode=mode, needs=needs)
        due = kind.filter(rank_at__lte=now, due_at__lte=now, until__gt=now)
        if area:
            due = due.filter(Q(area="") | Q(area__startswith=Value(area)))  # bound as it is
        free = due.exclude(number_index__in=held).exclude(number_index__in=offered)
        return free.order_by("rank_at", "pk")

    def needs(self) -> "models.QuerySet[Call, str]":
        """The hard tags that booked calls need of a desk, in order."""
        booked = self.filter(status=CallStatus.BOOKED, desk=None, mode="")
        return booked.order_by("needs").values_list("needs", flat=True)

    def silent(self, now: datetime) -> Self:
        """On the line, but no news within the allowance."""
        return self.on_line().filter(due_at__lte=now).order_by("due_at", "pk")


class Call(Row):
    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    number = SealedTextField(_("number"))
    number_index = models.CharField(max_length=64, editable=False)
    kind = models.CharField(_("kind"), max_length=8, choices=[(k.value, k.value) for k in CallKind])
    mode = models.CharField(_("mode"), max_length=16, blank=True)
    tag = models.CharField(_("tag"), max_length=32, blank=True)
    needs = models.CharField(max_length=64, blank=True)  # tags a desk must have, sorted, a blank between
    # the part of the centre it belongs to, as a path: only desks that serve it take it; empty: every desk does
    area = models.CharField(max_length=128, blank=True, default="", db_default="")
    # `page`: it must go by the page in the phone's browser; empty: any way that carries its kind
    route = models.CharField(max_length=8, blank=True, default="", db_default="")
    avoid = models.JSONField(default=list)  # ids of trunks that have just failed this call's forerunner
    status = models.CharField(
        _("status"), max_length=8, default=CallStatus.BOOKED, choices=[(s.value, s.value) for s in CallStatus]
    )
    result = models.CharField(
        _("result"), max_length=24, blank=True, choices=[(r.value, r.value) for r in CallResult]
    )
    rank_at = models.DateTimeField()  # the order of service: due_at at booking less a head start
    booked_for = models.DateTimeField()  # the moment it may begin
    until = models.DateTimeField()  # later than this it is not dialled any more
    due_at = models.DateTimeField(null=True)  # booked: may begin; on the line: ask the carrier; ended: none
    dialled_at = models.DateTimeField(_("dialled at"), null=True)
    answered_at = models.DateTimeField(_("answered at"), null=True)
    ended_at = models.DateTimeField(_("ended at"), null=True)
    external_id = models.CharField(max_length=64, blank=True)
    trunk = models.ForeignKey("telephony.Trunk", models.PROTECT, null=True, verbose_name=_("trunk"))
    desk = models.ForeignKey("telephony.Desk", models.PROTECT, null=True, verbose_name=_("desk"))
    prefers = models.ForeignKey(  # the desk of its forerunner
        "telephony.Desk", models.PROTECT, null=True, related_name="+", db_index=False
    )
    dropped_at = models.DateTimeField(null=True)  # its desk went while it rang: it is to be hung up
    asked = models.PositiveSmallIntegerField(default=0)  # how often the carrier was asked in vain
    evidence = models.JSONField(default=list)  # the carrier's own words, in the order they came
    placed_at = models.DateTimeField(null=True)  # by when the carrier had been asked for it
    # the number it shows, where its trunk may choose
    caller = models.CharField(max_length=24, blank=True, default="", db_default="")
    pressed = models.CharField(_("keys pressed"), max_length=8, blank=True, default="", db_default="")
    unknown = models.CharField(  # raw: no table of ours knows it
        _("unknown code"), max_length=64, blank=True, default="", db_default=""
    )

    objects = CallQuerySet.as_manager()

    class Meta:
        verbose_name = _("call")
        verbose_name_plural = _("calls")
        constraints = [
            models.UniqueConstraint(
                name="telephony_call_external_id_is_one_calls",
                fields=["trunk", "external_id"],
                condition=~Q(external_id=""),
            ),
            models.UniqueConstraint(
                name="telephony_call_one_live_per_number",
                fields=["number_index"],
                condition=Q(status__in=_ON_LINE),
            ),
            models.UniqueConstraint(
                name="telephony_call_one_live_per_desk",
                fields=["desk"],
                condition=Q(desk__isnull=False) & ~Q(status=CallStatus.ENDED),
            ),
            models.CheckConstraint(
                name="telephony_call_announced_needs_no_desk",
                condition=Q(mode="") | Q(needs="", desk=None),
            ),
            models.CheckConstraint(
                name="telephony_call_live_has_due_at",
                condition=Q(status=CallStatus.ENDED, due_at=None, ended_at__isnull=False) & ~Q(result="")
                | (~Q(status=CallStatus.ENDED) & Q(due_at__isnull=False, ended_at=None, result="")),
            ),
            models.CheckConstraint(
                name="telephony_call_rank_is_not_behind", condition=Q(rank_at__lte=F("booked_for"))
            ),
        ]
        indexes = [
            models.Index(
                # One queue for each kind of call, off whose head it is read. The last two only spare a look at
                # rows that are not due yet, or too late.
                fields=["mode", "needs", "rank_at", "id", "due_at", "until"],
                condition=Q(status=CallStatus.BOOKED, desk=None),
                name="telephony_call_rank",
            ),
            models.Index(
                fields=["due_at", "id"], condition=Q(status__in=_ON_LINE), name="telephony_call_silent"
            ),
            models.Index(
                fields=["due_at"], condition=Q(status=CallStatus.BOOKED), name="telephony_call_booked"
            ),
            models.Index(
                fields=["until"], condition=Q(status=CallStatus.BOOKED), name="telephony_call_until"
            ),
            models.Index(fields=["trunk"], condition=Q(status__in=_ON_LINE), name="telephony_call_on_trunk"),
            models.Index(fields=["number_index", "dialled_at"], name="telephony_call_number"),
            models.Index(
                fields=["placed_at", "trunk"],
                condition=Q(placed_at__isnull=False),
                name="telephony_call_placed",
            ),
            models.Index(fields=["ended_at"], condition=~Q(unknown=""), name="telephony_call_unknown"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {numbers.mask(self.number)} {self.status}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.number_index = numbers.index(self.number)
        super().save(*args, **kwargs)

    @property
    def is_live(self) -> bool:
        return self.status in _ON_LINE

    @property
    def wants_desk(self) -> bool:
        """Whether an operator leads it, not a voice from a tape."""
        return not self.mode

    @property
    def spoke(self) -> bool:
        """Whether it ended after somebody answered, and was spoken to. A machine is nobody."""
        answered = self.answered_at is not None or self.result == CallResult.ANSWERED
        return answered and self.result != CallResult.MACHINE and self.dropped_at is None

    @property
    def ways(self) -> tuple[str, ...]:
        """What a trunk must carry one of to take it."""
        if self.kind == CallKind.VIDEO:
            return (PAGE,) if self.route == PAGE else (CallKind.VIDEO, PAGE)
        return (CallKind.VOICE,)

    def rank(self, head_start: timedelta) -> None:
        """The one key of the queue: the moment it may begin, less its head start. Smallest first.

        The key stands still while time goes on, so whoever waits comes nearer the front. Let the largest head
        start be H: before a call that may begin at t and has the head start h, only such calls are served as may
        begin by t + (H - h). From that moment on nobody comes in before it any more, and with each line that
        comes free fewer stand there. It does not wait longer than until `until`: it then ends as not placed.
        """
        self.rank_at = self.booked_for - head_start

    def as_dial(self, desk: str = "") -> Dial:
        """What the carrier is told of it; `desk` is where the operator is rung who leads it."""
        return Dial(
            key=str(self.key),
            number=self.number,
            kind=CallKind(self.kind),
            dialled_at=self.dialled_at or self.booked_for,
            mode=self.mode,
            tag=self.tag,
            external_id=self.external_id,
            caller=self.caller,
            desk=desk,
        )
