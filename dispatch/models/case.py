"""劝阻案件: one effort to protect one target, and its state machine."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, Self

import django_fsm as fsm
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from dispatch.models.choices import choices
from dispatch.vocabulary import FraudType, Level, Outcome, PlaceKind, State, Tier
from telephony.row import Row
from telephony.sealing import SealedTextField

BY_RISK = ("-level", "-score", "due_at", "pk")
_LADDER = (State.NEW, State.VOICE, State.VIDEO, State.VISIT, State.FOLLOW_UP)


class CaseQuerySet(models.QuerySet["Case"]):
    def open(self) -> Self:
        return self.filter(closed_at=None)

    def due(self, now: datetime, level: int) -> Self:
        """Open cases of a level that must move by now, the longest due first: one indexed query."""
        return self.filter(closed_at=None, level=level, due_at__lte=now).order_by("due_at", "pk")

    def to_follow(self) -> Self:
        """Those that another case may follow, the newest first: the last of each chain, and no duplicate."""
        return self.filter(next=None).exclude(outcome=Outcome.DUPLICATE).order_by("-pk")

    def by_risk(self) -> Self:
        """The queue's order, in which the open ones stand in an index."""
        return self.order_by(*BY_RISK)

    def in_chain(self, root: int) -> Self:
        """The cases of one effort, the newest first; `root` is the id of its first."""
        return self.filter(Q(pk=root) | Q(chain_id=root)).order_by("-pk")

    def met_in(self, chains: Collection[int]) -> "models.QuerySet[Case, int | None]":
        """Those of these chains in which the person has been reached, in whichever case."""
        cases = self.filter(Q(pk__in=chains) | Q(chain__in=chains), reached_at__isnull=False)
        return cases.values_list(Coalesce("chain", "pk"), flat=True)

    def free(self, now: datetime) -> Self:
        """Those that nobody holds, or whose reservation has lapsed."""
        return self.filter(Q(holder=None) | Q(held_until__lte=now))

    def held_by(self, user_id: int, now: datetime) -> Self:
        """Those that this user holds, for good or by a reservation that has not lapsed."""
        return self.filter(Q(held_until=None) | Q(held_until__gt=now), holder=user_id)

    def under(self, unit: Any) -> Self:
        """Only the cases of a unit's subtree; none for nobody's unit."""
        return self.filter(unit__path__startswith=unit.path) if unit else self.none()


class Case(fsm.FSMModelMixin, Row):
    """`state` is the highest tier begun; attempts say what runs. Only dispatch.workflow writes it.

    A transition sets the state and nothing else; it neither locks nor saves. The row is locked before
    the decision and saved after it, in one transaction.
    """

    target = models.ForeignKey(
        "dispatch.Target", models.PROTECT, related_name="cases", verbose_name=_("target")
    )
    state = fsm.FSMField(_("state"), default=State.NEW, protected=True, choices=choices(State))
    level = models.PositiveSmallIntegerField(_("level"), choices=choices(Level))
    score = models.PositiveSmallIntegerField(_("score"), default=0)
    fraud_type = models.CharField(_("fraud type"), max_length=24, choices=choices(FraudType))
    outcome = models.CharField(_("outcome"), max_length=24, blank=True, choices=choices(Outcome))
    unit = models.ForeignKey("dispatch.Unit", models.PROTECT, null=True, verbose_name=_("unit"))
    fallback = models.ForeignKey("dispatch.Unit", models.PROTECT, null=True, related_name="+")
    policy = models.ForeignKey("dispatch.PolicyVersion", models.PROTECT, verbose_name=_("escalation policy"))
    opened_at = models.DateTimeField(_("opened"))
    issued_at = models.DateTimeField(_("newest directive issued"))
    due_at = models.DateTimeField(_("next due"), null=True)
    closed_at = models.DateTimeField(_("closed"), null=True)
    upstream_level = models.PositiveSmallIntegerField(null=True, choices=choices(Level))
    assessed_level = models.PositiveSmallIntegerField(choices=choices(Level), default=Level.LOW)
    opened_level = models.PositiveSmallIntegerField(null=True)
    level_set_at = models.DateTimeField(null=True)
    sizes = models.JSONField(default=dict)  # the risk facts by name
    lat = models.FloatField(null=True)
    lon = models.FloatField(null=True)
    adcode = models.CharField(max_length=12, blank=True)
    address = SealedTextField(_("address"), blank=True)
    place_at = models.DateTimeField(null=True)  # how old the place is
    place_kind = models.CharField(
        max_length=12, blank=True, choices=choices(PlaceKind), default="", db_default=""
    )
    place_accuracy = models.PositiveIntegerField(null=True)  # metres around lat and lon
    reached_at = models.DateTimeField(_("reached"), null=True)
    listened_at = models.DateTimeField(_("listened"), null=True)
    agreed_at = models.DateTimeField(_("agreed"), null=True)
    verified_at = models.DateTimeField(_("verified"), null=True)
    holder = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("held by")
    )
    held_until = models.DateTimeField(
        null=True
    )  # a reservation lapses then; without, it is held until given back
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("closed by")
    )
    merged_into = models.ForeignKey(
        "self", models.PROTECT, null=True, related_name="duplicates", verbose_name=_("merged into")
    )
    previous = models.OneToOneField(
        "self", models.PROTECT, null=True, related_name="next", verbose_name=_("previous case")
    )
    chain = models.ForeignKey("self", models.PROTECT, null=True, related_name="chained", editable=False)

    objects = CaseQuerySet.as_manager()

    class Meta:
        verbose_name = _("case")
        verbose_name_plural = _("cases")
        constraints = [
            models.CheckConstraint(
                name="dispatch_case_open_has_due_at",
                condition=Q(state=State.CLOSED, due_at=None, closed_at__isnull=False) & ~Q(outcome="")
                | (~Q(state=State.CLOSED) & Q(due_at__isnull=False, closed_at=None, outcome="")),
            ),
            models.UniqueConstraint(
                name="dispatch_case_one_open_per_target",
                fields=["target"],
                condition=Q(closed_at=None),
            ),
            models.CheckConstraint(
                name="dispatch_case_verified_was_agreed",
                condition=~Q(outcome=Outcome.VERIFIED)
                | Q(agreed_at__isnull=False, verified_at__isnull=False, verified_at__gte=F("agreed_at")),
            ),
            models.CheckConstraint(
                name="dispatch_case_unconfirmed_was_agreed",
                condition=~Q(outcome=Outcome.UNCONFIRMED) | Q(agreed_at__isnull=False),
            ),
            models.CheckConstraint(
                name="dispatch_case_judged_was_reached",
                condition=~Q(outcome__in=[Outcome.FALSE_ALARM, Outcome.NOT_PERSUADED])
                | Q(reached_at__isnull=False),
            ),
            models.CheckConstraint(
                name="dispatch_case_reserved_names_who",
                condition=Q(held_until=None) | Q(holder__isnull=False),
            ),
            models.CheckConstraint(
                name="dispatch_case_void_and_handed_over_name_who",
                condition=~Q(outcome__in=[Outcome.VOID, Outcome.HANDED_OVER]) | Q(closed_by__isnull=False),
            ),
            models.CheckConstraint(
                name="dispatch_case_duplicate_names_the_kept",
                condition=Q(outcome=Outcome.DUPLICATE, merged_into__isnull=False)
                | (~Q(outcome=Outcome.DUPLICATE) & Q(merged_into=None)),
            ),
        ]
        indexes = [
            models.Index(
                fields=["level", "due_at", "id"], condition=Q(closed_at=None), name="dispatch_case_due"
            ),
            models.Index(
                fields=["-level", "-score", "due_at", "id"],
                condition=Q(closed_at=None),
                name="dispatch_case_risk",
            ),
            # Each filter of the queue reads its cases in the queue's order, off the head of an index.
            *(
                models.Index(
                    fields=[field, "-level", "-score", "due_at", "id"],
                    condition=Q(closed_at=None),
                    name=f"dispatch_case_by_{field}",
                )
                for field in ("unit", "state", "fraud_type")
            ),
            models.Index(
                fields=["holder"],
                condition=Q(closed_at=None, holder__isnull=False),
                name="dispatch_case_held",
            ),
            models.Index(fields=["closed_at"], name="dispatch_case_closed"),
            # Always empty, so it costs nothing: the watchdog sees at a glance that it is.
            models.Index(fields=["id"], condition=Q(closed_at=None, due_at=None), name="dispatch_case_undue"),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def number(self) -> str:
        """案号: the year and month of opening, by the centre's own calendar, and a running number."""
        return f"{timezone.localtime(self.opened_at):%Y-%m}-{self.pk:06d}"

    @property
    def area(self) -> str:
        """The part of the centre whose operators may see it: its unit's path; "" for none."""
        return (self.unit.path or "") if self.unit else ""

    @property
    def is_open(self) -> bool:
        return self.closed_at is None

    def is_held_by_another(self, user_id: int | None, now: datetime) -> bool:
        """Whether somebody else holds it, by a reservation that has not lapsed or until they give it back."""
        return self.holder_id not in (None, user_id) and (self.held_until is None or self.held_until > now)

    def is_placed_before(self, other: "Case") -> bool:
        """Whether the other case knows a newer place; a registered address beats none but another."""
        if PlaceKind.REGISTERED == other.place_kind != self.place_kind and self.place_at:
            return False
        return bool(other.place_at and (self.place_at is None or other.place_at > self.place_at))

    def is_below(self, tier: Tier) -> bool:
        """Whether the case has not yet climbed to this tier."""
        return _LADDER.index(State(self.state)) < tier

    def climb(self, tier: Tier) -> None:
        """Make the transition to a tier, unless the case stands there or higher."""
        if self.is_below(tier):
            _CLIMB[tier](self)

    @fsm.transition(field=state, source=State.NEW, target=State.VOICE)
    def begin_voice(self) -> None:
        """The first 96110 call is planned."""

    @fsm.transition(field=state, source=[State.NEW, State.VOICE], target=State.VIDEO)
    def begin_video(self) -> None:
        """A video call is planned."""

    @fsm.transition(field=state, source=[State.NEW, State.VOICE, State.VIDEO], target=State.VISIT)
    def begin_visit(self) -> None:
        """Somebody is sent to the door."""

    @fsm.transition(
        field=state, source=[State.NEW, State.VOICE, State.VIDEO, State.VISIT], target=State.FOLLOW_UP
    )
    def begin_follow_up(self) -> None:
        """The community checks, or watches."""

    @fsm.transition(field=state, source=list(_LADDER), target=State.CLOSED)
    def close(self, outcome: Outcome) -> None:
        """The case ends with its outcome."""
        self.outcome = outcome


_CLIMB = {
    Tier.VOICE: Case.begin_voice,
    Tier.VIDEO: Case.begin_video,
    Tier.VISIT: Case.begin_visit,
    Tier.FOLLOW_UP: Case.begin_follow_up,
}
