"""What supervisors' figures are read from: each directive as it counts, and the sums of these by day, unit and key."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from telephony.row import Row


class Stirred(Row):
    """A case whose rows have changed since it was last counted. The database writes it, in the same transaction."""

    case = models.ForeignKey(
        "dispatch.Case", models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )

    class Meta:
        verbose_name = _("case to be counted")
        verbose_name_plural = _("cases to be counted")

    def __str__(self) -> str:
        return str(self.case_id)


class Sweep(Row):
    """Chains to be counted anew by themselves, after an upgrade: those that begin after `after`, up to `until`."""

    after = models.BigIntegerField(default=0)
    until = models.BigIntegerField()

    class Meta:
        verbose_name = _("recount under way")
        verbose_name_plural = _("recounts under way")

    def __str__(self) -> str:
        return f"{self.after}–{self.until}"


class Counted(Row):
    """One directive as it counts: when, by which case, how it stands, under which keys (see supervision.counting)."""

    directive = models.OneToOneField(
        "warning_center.Directive", models.PROTECT, primary_key=True, related_name="counted"
    )
    case = models.ForeignKey("dispatch.Case", models.PROTECT, related_name="+")
    root = models.BigIntegerField(db_index=True)  # the first case of the chain
    received_at = models.DateTimeField()
    day = models.DateField()  # of receipt, in the centre's time zone
    path = models.CharField(max_length=128, blank=True)  # of the deciding case's unit
    fraud = models.CharField(max_length=24, blank=True, default="", db_default="")
    source = models.CharField(max_length=64, blank=True, default="", db_default="")
    profile = models.CharField(max_length=48)
    marks = models.TextField()

    class Meta:
        verbose_name = _("counted directive")
        verbose_name_plural = _("counted directives")
        indexes = [
            models.Index(fields=["day", "directive"], name="warning_center_counted_day"),
            models.Index(fields=["fraud", "day"], name="warning_center_counted_type"),
            models.Index(fields=["source", "day"], name="warning_center_counted_from"),
        ]

    def __str__(self) -> str:
        return f"{self.directive_id} {self.profile}"


class Happening(Row):
    """What happened to one case on one day, by the day it happened (see supervision.counting.happening)."""

    case = models.ForeignKey("dispatch.Case", models.PROTECT, related_name="+", db_index=False)
    root = models.BigIntegerField(db_index=True)  # the first case of the chain
    day = models.DateField()  # in the centre's time zone
    path = models.CharField(max_length=128, blank=True)  # of the case's unit
    level = models.PositiveSmallIntegerField()
    fraud = models.CharField(max_length=24)
    source = models.CharField(max_length=64)
    marks = models.TextField()

    class Meta:
        verbose_name = _("a case's day")
        verbose_name_plural = _("cases' days")
        constraints = [
            models.UniqueConstraint(name="warning_center_happening_is_one", fields=["case", "day"]),
        ]
        indexes = [
            models.Index(fields=["day", "case"], name="warning_center_happening_day"),
            models.Index(fields=["fraud", "day"], name="warning_center_happening_type"),
            models.Index(fields=["source", "day"], name="warning_center_happening_from"),
        ]

    def __str__(self) -> str:
        return f"{self.case_id} {self.day}"


class Cell(Row):
    """How many directives of a day stand so in a unit's subtree (`node` 0: no unit) under one key of one cut.

    Of a cut that begins with `on.` how many cases had it happen on that day.
    """

    node = models.BigIntegerField()
    cut = models.CharField(max_length=24, blank=True)
    key = models.CharField(max_length=64, blank=True)
    day = models.DateField()
    profile = models.CharField(max_length=48)
    n = models.IntegerField()
    total = models.BigIntegerField()  # of what the cut sums: seconds, or cents

    class Meta:
        verbose_name = _("cell")
        verbose_name_plural = _("cells")
        constraints = [
            models.UniqueConstraint(
                name="warning_center_cell_is_one",
                fields=["node", "cut", "day", "key", "profile"],
            ),
        ]
        indexes = [models.Index(fields=["id"], condition=Q(n=0), name="warning_center_cell_empty")]

    def __str__(self) -> str:
        return f"{self.node} {self.cut}={self.key} {self.day} {self.profile}: {self.n}"
