"""研判: a score, a level and the reasons, made by a named version of the risk policy."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from dispatch.models.choices import choices
from dispatch.vocabulary import Level
from telephony.row import Row


class Assessment(Row):
    """What was known when. `level` is the case's level once this assessment had been weighed."""

    case = models.ForeignKey("dispatch.Case", models.PROTECT, related_name="assessments")
    at = models.DateTimeField(_("when"))
    policy = models.ForeignKey("dispatch.PolicyVersion", models.PROTECT, verbose_name=_("risk policy"))
    score = models.PositiveSmallIntegerField(_("score"))
    level = models.PositiveSmallIntegerField(_("level"), choices=choices(Level))
    reasons = models.JSONField(_("reasons"))  # [{fact, size, points}]

    class Meta:
        verbose_name = _("assessment")
        verbose_name_plural = _("assessments")
        constraints = [
            models.CheckConstraint(
                name="dispatch_assessment_score_is_0_to_100", condition=models.Q(score__lte=100)
            )
        ]

    def __str__(self) -> str:
        return f"{self.score} {self.get_level_display()}"
