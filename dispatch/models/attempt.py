"""处置: one call, one visit, one check; written down before it begins, its result written once."""

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from dispatch.models.choices import choices
from dispatch.models.unit import Unit
from dispatch.plan import Past
from dispatch.vocabulary import Disposition, Level, Result, Stage, Tier, result_with
from telephony.row import Row
from telephony.sealing import SealedTextField

_RESULTS = frozenset(result.value for result in Result)
_AT_WORK = (Stage.SENT, Stage.ACKNOWLEDGED, Stage.ARRIVED, Stage.CHECKING)


class AttemptQuerySet(models.QuerySet["Attempt"]):
    def live(self) -> Self:
        return self.filter(ended_at=None)

    def in_field(self) -> Self:
        """Visits and checks whose hour has come, and those that have ended since."""
        return self.filter(tier__in=(Tier.VISIT, Tier.FOLLOW_UP), started_at__isnull=False)

    def waiting_for_officers(self) -> Self:
        """Visits sent and checks due; a watch asks nothing of anybody."""
        return self.in_field().live().filter(stage__in=_AT_WORK)

    def under(self, unit: Unit | None) -> Self:
        """Only what a unit's subtree has been given; nothing for nobody's unit."""
        return self.filter(unit__path__startswith=unit.path) if unit else self.none()

    def by_risk(self) -> Self:
        return self.order_by("-case__level", "-case__score", "due_at", "pk")


class Attempt(Row):
    """Live means not ended: planned or under way. `due_at` is when its stage's time is up."""

    case = models.ForeignKey("dispatch.Case", models.PROTECT, related_name="attempts")
    tier = models.PositiveSmallIntegerField(_("tier"), choices=choices(Tier))
    level = models.PositiveSmallIntegerField(_("planned under"), choices=choices(Level))
    stage = models.CharField(_("stage"), max_length=12, choices=choices(Stage), default=Stage.PLANNED)
    phone = models.ForeignKey("dispatch.PhoneNumber", models.PROTECT, null=True, related_name="+")
    call = models.OneToOneField("telephony.Call", models.PROTECT, null=True, related_name="attempt")
    unit = models.ForeignKey(
        "dispatch.Unit", models.PROTECT, null=True, related_name="attempts", verbose_name=_("unit")
    )
    reinforced = models.BooleanField(_("reinforced"), default=False)
    astray = models.BooleanField(default=False)  # a visit sent to where the person was thought to be before
    # a call back: the key with which they had asked for an officer when none was free
    asked = models.CharField(max_length=1, default="", db_default="", blank=True)
    starts_at = models.DateTimeField(_("planned for"))
    due_at = models.DateTimeField(_("due"), null=True)
    started_at = models.DateTimeField(_("begun"), null=True)  # dialled; sent to a unit; a check due
    acknowledged_at = models.DateTimeField(_("acknowledged"), null=True)
    set_out_at = models.DateTimeField(_("set out"), null=True)
    arrived_at = models.DateTimeField(_("arrived"), null=True)
    identified_at = models.DateTimeField(_("identity checked"), null=True)
    told_at = models.DateTimeField(null=True)
    result = models.CharField(_("result"), max_length=24, blank=True, choices=choices(Result))
    fault = models.CharField(_("whose fault"), max_length=8, blank=True)
    evidence = models.JSONField(_("evidence"), default=dict)
    note = SealedTextField(_("note"), blank=True)  # in a person's own words, so it may name people
    ended_at = models.DateTimeField(_("ended"), null=True)
    disposition = models.CharField(_("disposition"), max_length=24, blank=True, choices=choices(Disposition))
    judged_at = models.DateTimeField(_("judged"), null=True)
    judged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("judged by")
    )

    objects = AttemptQuerySet.as_manager()

    class Meta:
        verbose_name = _("attempt")
        verbose_name_plural = _("attempts")
        constraints = [
            models.CheckConstraint(
                name="dispatch_attempt_live_has_due_at",
                condition=Q(result="", ended_at=None, due_at__isnull=False)
                | (~Q(result="") & Q(ended_at__isnull=False, due_at=None)),
            ),
            models.UniqueConstraint(
                name="dispatch_attempt_one_live_per_case_and_tier",
                fields=["case", "tier"],
                condition=Q(ended_at=None),
            ),
            models.CheckConstraint(
                name="dispatch_attempt_judged_has_disposition",
                condition=Q(disposition="", judged_at=None)
                | (~Q(disposition="") & Q(judged_at__isnull=False)),
            ),
        ]
        indexes = [
            models.Index(fields=["unit"], condition=Q(ended_at=None), name="dispatch_attempt_units_open"),
            models.Index(
                fields=["starts_at"], condition=Q(ended_at=None) & ~Q(asked=""), name="dispatch_attempt_asked"
            ),
            # Always empty: see Case.
            models.Index(
                fields=["id"], condition=Q(ended_at=None, due_at=None), name="dispatch_attempt_undue"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_tier_display()} {self.get_result_display() or self.get_stage_display()}"

    @property
    def is_in_field(self) -> bool:
        """Whether officers know of it: a visit sent, a check due; never a watch, which asks nothing of anybody."""
        return (
            self.tier in (Tier.VISIT, Tier.FOLLOW_UP)
            and self.started_at is not None
            and self.stage != Stage.WATCHING
        )

    @property
    def words(self) -> tuple[Result | None, Disposition | None]:
        """The result and the judgement that count: as written, unless somebody settled contradicting words."""
        settled = self.evidence.get("settled", {}).get("word", "")
        if settled in _RESULTS:
            return Result(settled), None
        if settled:
            return result_with(Tier(self.tier), Disposition(settled)), Disposition(settled)
        return (
            Result(self.result) if self.result else None,
            Disposition(self.disposition) if self.disposition else None,
        )

    def as_past(self) -> Past:
        """This attempt as the policy sees it."""
        result, disposition = self.words
        return Past(
            id=self.pk,
            tier=Tier(self.tier),
            level=Level(self.level),
            stage=Stage(self.stage),
            starts_at=self.starts_at,
            due_at=self.due_at,
            result=result,
            disposition=disposition,
            ended_at=self.ended_at,
            judged_at=self.judged_at,
            identified=self.identified_at is not None,
            number=self.phone_id,
            told=self.told_at is not None,
            astray=self.astray,
            asked=bool(self.asked),
        )
