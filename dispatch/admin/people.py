"""Users: administrators tend them, within their own subtree."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as PlainUserAdmin
from django.contrib.auth.models import Group
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from dispatch.admin.access import OFFICE, Guarded, units_of, user_of
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
            kwargs["queryset"] = units_of(request).filter(closed_at=None)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


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
