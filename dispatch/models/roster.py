"""A unit's duty roster, line by line, and the areas that are its own."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from dispatch import duty
from dispatch.models.choices import choices
from dispatch.vocabulary import ShiftKind
from telephony.row import Row


class Shift(Row):
    """One line of a roster: `dispatch.duty.Shift` explains it. `days` holds digits: 1 is Monday; none: every day."""

    unit = models.ForeignKey("dispatch.Unit", models.PROTECT, related_name="shifts", verbose_name=_("unit"))
    kind = models.CharField(_("kind"), max_length=8, choices=choices(ShiftKind), default=ShiftKind.REGULAR)
    days = models.CharField(_("weekdays"), max_length=7, blank=True)
    begins = models.TimeField(_("from"), null=True, blank=True)
    ends = models.TimeField(_("to"), null=True, blank=True)
    since = models.DateField(_("first day"), null=True, blank=True)
    until = models.DateField(_("last day"), null=True, blank=True)
    person = models.CharField(_("on duty is"), max_length=32, blank=True)
    instead_of = models.CharField(_("instead of"), max_length=32, blank=True)

    class Meta:
        verbose_name = _("shift")
        verbose_name_plural = _("duty roster")
        ordering = ("unit", "kind", "pk")
        constraints = [
            models.CheckConstraint(
                name="dispatch_shift_hours_are_whole",
                condition=Q(begins=None, ends=None) | Q(begins__isnull=False, ends__isnull=False),
            ),
            models.CheckConstraint(
                name="dispatch_shift_regular_has_hours",
                condition=~Q(kind=ShiftKind.REGULAR) | Q(begins__isnull=False, instead_of=""),
            ),
            models.CheckConstraint(
                name="dispatch_shift_others_have_dates",
                condition=Q(kind=ShiftKind.REGULAR) | Q(since__isnull=False, until__isnull=False),
            ),
            models.CheckConstraint(
                name="dispatch_shift_stand_in_has_no_hours",
                condition=~Q(kind=ShiftKind.STAND_IN) | (Q(begins=None) & ~Q(instead_of="")),
            ),
            models.CheckConstraint(
                name="dispatch_shift_ends_after_it_begins",
                condition=Q(since=None) | Q(until=None) | Q(until__gte=F("since")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.days} {self.begins or ''}-{self.ends or ''} {self.person}"

    def plain(self) -> duty.Shift:
        """As the pure reckoning takes it."""
        return duty.Shift(
            kind=ShiftKind(self.kind),
            days=frozenset(int(day) - 1 for day in self.days),
            begins=self.begins,
            ends=self.ends,
            since=self.since,
            until=self.until,
            person=self.person,
            instead_of=self.instead_of,
        )


class Area(Row):
    """A part of what is a unit's: an administrative code, or an outline as GeoJSON with the box around it."""

    unit = models.ForeignKey("dispatch.Unit", models.PROTECT, related_name="areas", verbose_name=_("unit"))
    code = models.CharField(_("administrative code"), max_length=12, blank=True, db_index=True)
    outline = models.JSONField(_("outline"), null=True, blank=True)
    sketch = models.BooleanField(_("sketch"), default=False)  # to look at only: nobody is sent by it
    south = models.FloatField(null=True, editable=False)
    north = models.FloatField(null=True, editable=False)
    west = models.FloatField(null=True, editable=False)
    east = models.FloatField(null=True, editable=False)

    class Meta:
        verbose_name = _("area")
        verbose_name_plural = _("areas")
        ordering = ("unit", "code", "pk")
        constraints = [
            models.CheckConstraint(
                name="dispatch_area_is_a_code_or_an_outline",
                condition=(~Q(code="") & Q(outline__isnull=True, south=None))
                | Q(
                    code="",
                    outline__isnull=False,
                    south__isnull=False,
                    north__isnull=False,
                    west__isnull=False,
                    east__isnull=False,
                ),
            ),
            models.UniqueConstraint(
                name="dispatch_area_code_once_a_unit", fields=["unit", "code"], condition=~Q(code="")
            ),
        ]
        indexes = [
            models.Index(fields=["south", "north"], condition=Q(code=""), name="dispatch_area_outlines")
        ]

    def __str__(self) -> str:
        return self.code or str(_("outline"))
