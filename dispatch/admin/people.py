"""Units and users: administrators tend them, within their own subtree."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as PlainUserAdmin
from django.contrib.auth.models import Group
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from dispatch.admin.access import CHIEFS, OFFICE, Guarded, units_of, user_of
from dispatch.models import Unit, User

if TYPE_CHECKING:
    _PlainUserAdmin = PlainUserAdmin[User]
else:  # only the stubs' class has parameters
    _PlainUserAdmin = PlainUserAdmin

admin.site.unregister(Group)  # what a user may do follows from the role


class OwnUnits(Guarded):
    """Choices of units are cut to the user's subtree too."""

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.related_model is Unit:
            kwargs["queryset"] = units_of(request)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


@admin.register(Unit)
class UnitAdmin(OwnUnits):
    seen_by = CHIEFS
    changed_by = OFFICE
    added_by = OFFICE
    unit_path = "path"
    list_display = ("name", "kind", "adcode", "parent", "on_duty", "room")
    list_filter = ("kind", "on_duty")
    list_select_related = ("parent",)
    search_fields = ("name", "adcode")
    fields = ("name", "kind", "adcode", "parent", "lat", "lon", "duty_phone", "on_duty", "room")
    list_per_page = 100

    def get_readonly_fields(self, request: HttpRequest, obj: Unit | None = None) -> tuple[str, ...]:
        """Where a unit hangs is settled when it is made: moving it would move whole subtrees out of sight."""
        return ("parent",) if obj else ()

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form: Any = super().get_form(request, obj, change=change, **kwargs)
        user = user_of(request)
        if "parent" in form.base_fields and user is not None and not user.is_superuser:
            form.base_fields["parent"].required = True  # a new root would be nobody's
        return form


@admin.register(User)
class UserAdmin(OwnUnits, _PlainUserAdmin):
    seen_by = OFFICE
    changed_by = OFFICE
    added_by = OFFICE
    unit_path = "unit__path"
    list_display = ("username", "full_name", "role", "unit", "is_active", "last_login")
    list_filter = ("role", "is_active")
    list_select_related = ("unit",)
    search_fields = ("username", "first_name", "last_name")
    readonly_fields = ("last_login", "date_joined")
    filter_horizontal = ()
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        (_("Personal info"), {"fields": ("last_name", "first_name", "email")}),
        (_("Work"), {"fields": ("role", "unit", "is_active")}),
        (_("Important dates"), {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = (
        (None, {"fields": ("username", "usable_password", "password1", "password2", "role", "unit")}),
    )

    @admin.display(description=_("name"))
    def full_name(self, user: User) -> str:
        return user.get_full_name() or "–"

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        by = user_of(request)
        if isinstance(field, forms.ModelChoiceField) and by is not None and not by.is_superuser:
            field.required = True  # without a unit, the new user would be out of their maker's sight
        return field

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A superuser is another superuser's to change: else a password could be set and borrowed."""
        by = user_of(request)
        if obj is not None and obj.is_superuser and not (by is not None and by.is_superuser):
            return False
        return super().has_change_permission(request, obj)
