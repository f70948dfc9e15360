"""The tree city, county, town, village by administrative code, and the stations that hang in it."""

from collections.abc import Collection
from typing import Self
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from dispatch.models.choices import choices
from dispatch.vocabulary import UnitKind
from telephony.prepared import prepared
from telephony.row import Row


class UnitQuerySet(models.QuerySet["Unit"]):
    def under(self, unit: "Unit | None") -> Self:
        """The unit and everything below it; nothing for nobody's unit."""
        return self.filter(path__startswith=unit.path) if unit else self.none()

    def in_service(self) -> Self:
        """Those that have not been closed."""
        return self.filter(closed_at=None)


def is_a_zone(name: str) -> None:
    """Raises ValidationError for what is no time zone."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValidationError(_("A time zone such as Asia/Shanghai.")) from None


class Unit(Row):
    """A place in the tree. `path` holds the ids from the root down, so a subtree is one prefix.

    `code` is what files call it, `register` the file that it stands in; a closed unit is sent nowhere any more.
    """

    code = models.CharField(_("code"), max_length=32, blank=True, default="", db_default="")
    name = models.CharField(_("name"), max_length=64)
    kind = models.CharField(_("kind"), max_length=8, choices=choices(UnitKind))
    adcode = models.CharField(_("administrative code"), max_length=12, db_index=True)
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="children", verbose_name=_("above")
    )
    path = models.CharField(max_length=128, unique=True, editable=False, null=True)  # noqa: DJ001  until it has an id
    lat = models.FloatField(_("latitude"), null=True, blank=True)
    lon = models.FloatField(_("longitude"), null=True, blank=True)
    duty_phone = models.CharField(_("duty phone"), max_length=32, blank=True)
    on_duty = models.BooleanField(_("on duty"), default=True)  # off: whatever the roster says
    room = models.PositiveSmallIntegerField(_("open visits at once"), default=20)
    zone = models.CharField(
        _("time zone"),
        max_length=64,
        default="Asia/Shanghai",
        db_default="Asia/Shanghai",
        validators=[is_a_zone],
    )
    register = models.CharField(max_length=64, blank=True, default="", db_default="", editable=False)
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True, editable=False)

    objects = UnitQuerySet.as_manager()

    class Meta:
        verbose_name = _("unit")
        verbose_name_plural = _("units")
        ordering = ("path",)
        constraints = [
            models.UniqueConstraint(name="dispatch_unit_name_is_one_units", fields=["parent", "name"]),
            models.CheckConstraint(
                name="dispatch_unit_station_has_a_place",
                condition=~Q(kind__in=[UnitKind.STATION, UnitKind.VILLAGE])
                | Q(lat__isnull=False, lon__isnull=False),
            ),
            models.UniqueConstraint(
                name="dispatch_unit_code_is_one_units", fields=["code"], condition=~Q(code="")
            ),
        ]
        indexes = [
            # Boxes around a place: the parallels cut out a strip, the meridians are read off the index itself.
            models.Index(
                fields=["kind", "lat", "lon"], condition=Q(closed_at=None), name="dispatch_unit_nearest"
            )
        ]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: object, **kwargs: object) -> None:
        is_new = self._state.adding
        super().save(*args, **kwargs)  # type: ignore[arg-type]
        above = self.parent.path if self.parent else ""
        path = f"{above}{self.pk}/"
        if path != self.path:
            self.path = path
            Unit.objects.filter(pk=self.pk).update(path=path)
            for child in () if is_new else self.children.all():
                child.save()

    def ancestors(self) -> list["Unit"]:
        """From itself up to the root."""
        ids = [int(pk) for pk in (self.path or "").split("/") if pk]
        above = {unit.pk: unit for unit in _units(ids)}
        return [above[pk] for pk in reversed(ids)]

    def holds(self, other: "Unit | None") -> bool:
        """Whether `other` is this unit or below it."""
        return other is not None and (other.path or "").startswith(self.path or "-")


@prepared
def unit_of_id(unit_id: int) -> models.QuerySet[Unit]:
    """One at most."""
    return Unit.objects.filter(pk=unit_id)


@prepared
def _units(ids: Collection[int]) -> models.QuerySet[Unit]:
    return Unit.objects.filter(pk__in=ids).order_by()
