"""Units in the admin: the tree, rosters and areas, tended by administrators within their subtree; and their map."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from dispatch import duty, outlines
from dispatch.admin import unitmap
from dispatch.admin.access import CHIEFS, OFFICE, Guarded, units_of, user_of
from dispatch.models import Area, Shift, Unit
from dispatch.register.cells import BadCell, days, digits
from dispatch.register.checks import rules_broken
from dispatch.register.parts import outlined
from telephony import clock

if TYPE_CHECKING:
    _TabularInline = admin.TabularInline[Any, Unit]
    _ModelForm = forms.ModelForm[Any]
else:  # only the stubs' classes have parameters
    _TabularInline, _ModelForm = admin.TabularInline, forms.ModelForm

GAPS_AHEAD = 14  # days


class ShiftForm(_ModelForm):
    """A line of a roster; weekdays may be typed as 1-5 or 周一至周五."""

    days = forms.CharField(
        label=gettext_lazy("weekdays"), required=False, max_length=32, widget=forms.TextInput({"size": 8})
    )

    class Meta:
        model = Shift
        fields = ("kind", "days", "begins", "ends", "since", "until", "person", "instead_of")
        widgets = {name: forms.TextInput({"size": 8}) for name in ("person", "instead_of")}

    def clean_days(self) -> str:
        try:
            return days(self.cleaned_data["days"])
        except BadCell as bad:
            raise ValidationError(_(str(bad))) from None

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        if not self.errors:
            shift = Shift(**{name: value for name, value in given.items() if name in self.Meta.fields})
            for flaw in rules_broken(shift.plain()):
                self.add_error(flaw.row, _(flaw.text))
        return given


class AreaForm(_ModelForm):
    """A code, or an outline as GeoJSON."""

    outline = forms.JSONField(
        label=gettext_lazy("outline"), required=False, widget=forms.Textarea({"rows": 2})
    )

    class Meta:
        model = Area
        fields = ("code", "outline", "sketch")

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        if self.errors or given.get("DELETE"):
            return given
        if bool(given.get("code")) == bool(given.get("outline")):
            raise ValidationError(_("Either a code or an outline."))
        try:
            if given.get("code"):
                given["code"] = digits(given["code"])
            else:
                self._box(outlined(None, given["outline"], sketch=bool(given.get("sketch"))))
        except (BadCell, outlines.BadOutline) as bad:
            raise ValidationError(_(str(bad))) from None
        return given

    def _box(self, area: Area) -> None:
        for name in ("south", "north", "west", "east"):
            setattr(self.instance, name, getattr(area, name))


class _Lines(_TabularInline):
    """Seen with the unit, changed by administrators; the unit's own page has asked whether it is theirs."""

    extra = 0

    def _may(self, request: HttpRequest, *roles: Any) -> bool:
        user = user_of(request)
        return user is not None and user.is_staff and user.is_a(*roles)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may(request, *CHIEFS)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may(request, *OFFICE)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may(request, *OFFICE)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may(request, *OFFICE)


class ShiftLines(_Lines):
    model = Shift
    form = ShiftForm


class AreaLines(_Lines):
    model = Area
    form = AreaForm


class UnitForm(_ModelForm):
    """A unit with whether it is in service: closed, it is sent nowhere, and stays on record."""

    in_service = forms.BooleanField(label=gettext_lazy("in service"), required=False, initial=True)

    class Meta:
        model = Unit
        fields = (
            "code", "name", "kind", "adcode", "parent", "lat", "lon", "duty_phone", "on_duty", "room", "zone",
        )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.fields["in_service"].initial = self.instance.closed_at is None

    def clean_in_service(self) -> bool:
        stays = bool(self.cleaned_data["in_service"])
        beneath = Unit.objects.in_service().filter(parent=self.instance.pk) if self.instance.pk else None
        if not stays and beneath is not None and beneath.exists():
            raise ValidationError(_("Units in service hang under it."))
        return stays


class InService(admin.SimpleListFilter):
    """Units in service unless the closed ones are asked for."""

    title = gettext_lazy("in service")
    parameter_name = "closed"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("1", _("closed")), ("all", _("all"))]

    def choices(self, changelist: Any) -> Any:
        first, *others = super().choices(changelist)
        return [{**first, "display": _("in service")}, *others]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        match self.value():
            case "1":
                return queryset.filter(closed_at__isnull=False)
            case "all":
                return queryset
        return queryset.filter(closed_at=None)


@admin.register(Unit)
class UnitAdmin(Guarded):
    seen_by = CHIEFS
    changed_by = OFFICE
    added_by = OFFICE
    unit_path = "path"
    form = UnitForm
    inlines = (ShiftLines, AreaLines)
    list_display = ("name", "kind", "adcode", "parent", "now_on_duty", "room", "duty_phone")
    list_filter = (InService, "kind", "on_duty")
    list_select_related = ("parent",)
    search_fields = ("name", "adcode", "code")
    fields = (
        "code", "name", "kind", "adcode", "parent", ("lat", "lon"), "duty_phone", "room", "on_duty", "in_service",
        "zone", "roster_says",
    )  # fmt: skip
    list_per_page = 100
    change_list_template = "admin/dispatch/unit/list.html"

    @admin.display(description=gettext_lazy("on duty"), boolean=True)
    def now_on_duty(self, unit: Unit) -> bool:
        roster = [shift.plain() for shift in unit.shifts.all()]
        return (
            unit.closed_at is None and unit.on_duty and duty.is_on(roster, ZoneInfo(unit.zone), clock.now())
        )

    @admin.display(description=gettext_lazy("the roster says"))
    def roster_says(self, unit: Unit) -> str:
        """Who is on now and until when, and where nobody is in the next fortnight."""
        roster = [shift.plain() for shift in unit.shifts.all()]
        if not roster:
            return _("No roster: somebody is on duty at all times.")
        zone, now = ZoneInfo(unit.zone), clock.now()
        told = [_on_duty_words(roster, zone, now)]
        here = now.astimezone(zone)
        for begins, ends in duty.gaps(roster, zone, here.date(), GAPS_AHEAD):
            if ends > now:
                span = f"{begins.astimezone(zone):%m-%d %H:%M} – {ends.astimezone(zone):%m-%d %H:%M}"
                told.append(_("gap: {span}").format(span=span))
        return _("; ").join(told)

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("shifts")

    def get_readonly_fields(self, request: HttpRequest, obj: Unit | None = None) -> tuple[str, ...]:
        """Where a unit hangs is settled when it is made: moving it would move whole subtrees out of sight."""
        return ("parent", "roster_says") if obj else ("roster_says",)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.related_model is Unit:
            kwargs["queryset"] = units_of(request).filter(closed_at=None)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form: Any = super().get_form(request, obj, change=change, **kwargs)
        user = user_of(request)
        if "parent" in form.base_fields and user is not None and not user.is_superuser:
            form.base_fields["parent"].required = True  # a new root would be nobody's
        return form

    def save_model(self, request: HttpRequest, obj: Unit, form: Any, change: bool) -> None:
        if form.cleaned_data.get("in_service", True):
            obj.closed_at = None
        else:
            obj.closed_at = obj.closed_at or clock.now()
        super().save_model(request, obj, form, change)

    def get_urls(self) -> list[URLPattern]:
        site = self.admin_site.admin_view
        return [
            path("map/", site(require_safe(self.map_view)), name="dispatch_unit_map"),
            *super().get_urls(),
        ]

    def map_view(self, request: HttpRequest) -> HttpResponse:
        """The units of one's subtree on a map of our own outlines."""
        if not self.has_view_permission(request):
            return self._refused(request)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Map of the stations"),
            "opts": self.opts,
            "drawing": unitmap.draw(units_of(request), clock.now()),
        }
        return TemplateResponse(request, "admin/dispatch/unit/map.html", context)

    def _refused(self, request: HttpRequest) -> HttpResponse:
        return TemplateResponse(request, "center/refused.html", status=403)


def _on_duty_words(roster: list[duty.Shift], zone: ZoneInfo, now: Any) -> str:
    if duty.is_on(roster, zone, now):
        who = _(", ").join(duty.on_now(roster, zone, now))
        until = duty.until(roster, zone, now)
        clock_says = f"{until.astimezone(zone):%m-%d %H:%M}" if until else ""
        words = _("on duty until {clock}").format(clock=clock_says) if until else _("on duty")
        return f"{words} {who}".strip()
    again = duty.again(roster, zone, now + timedelta())
    if again is None:
        return _("nobody is on duty")
    return _("nobody is on duty until {clock}").format(clock=f"{again.astimezone(zone):%m-%d %H:%M}")
