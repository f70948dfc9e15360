"""Who may see and change what in the admin: by role, and never outside the user's subtree of units."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from dispatch import record
from dispatch.models import Unit, User
from dispatch.vocabulary import Role
from telephony import clock

if TYPE_CHECKING:
    _ModelAdmin = admin.ModelAdmin[Any]
else:  # only the stubs' class has parameters
    _ModelAdmin = admin.ModelAdmin

DESK = (Role.OPERATOR, Role.SUPERVISOR, Role.ADMINISTRATOR)
CHIEFS = (Role.SUPERVISOR, Role.ADMINISTRATOR)
OFFICE = (Role.ADMINISTRATOR,)


def user_of(request: HttpRequest) -> User | None:
    """The user who asks, if any."""
    return request.user if isinstance(request.user, User) else None


def scope_of(user: User | None) -> str | None:
    """The path whose subtree a user sees; None is everything, "" is nothing."""
    if user is not None and user.is_active and user.is_superuser:
        return None
    return (user.unit.path or "") if user is not None and user.is_active and user.unit else ""


def within(path: str | None, scope: str | None) -> bool:
    """Whether a unit's path lies in a scope."""
    return scope is None or (scope != "" and (path or "").startswith(scope))


class Guarded(_ModelAdmin):
    """Deny by default: a subclass says which roles see and which change; nobody adds or deletes.

    `unit_path` is the lookup from the model to its unit's path, by which every list is cut to the subtree.
    """

    seen_by: tuple[Role, ...] = ()
    changed_by: tuple[Role, ...] = ()
    added_by: tuple[Role, ...] = ()
    unit_path = ""
    list_per_page = 25
    show_full_result_count = False
    actions = None

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any, Any]:
        rows = super().get_queryset(request)
        scope = scope_of(user_of(request))
        if scope is None or not self.unit_path:
            return rows
        return rows.filter(**{f"{self.unit_path}__startswith": scope}) if scope else rows.none()

    def _is(self, request: HttpRequest, roles: tuple[Role, ...], obj: Any = None) -> bool:
        user = user_of(request)
        if not roles or user is None or not user.is_staff or not user.is_a(*roles):
            return False
        return obj is None or self.get_queryset(request).filter(pk=obj.pk).exists()

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self._is(request, self.seen_by)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._is(request, self.seen_by, obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._is(request, self.changed_by, obj)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._is(request, self.added_by)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        self._log("added", request, obj, message)
        return super().log_addition(request, obj, message)

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        self._log("changed", request, obj, message)
        return super().log_change(request, obj, message)

    def _log(self, verb: str, request: HttpRequest, row: Any, message: Any) -> None:
        """Our own record, which cannot be changed, has it too."""
        fields = [
            f for part in message if isinstance(part, dict) for f in part.get(verb, {}).get("fields", ())
        ]
        what = f"{self.opts.model_name} {row.pk}"
        record.write(
            verb, now=clock.now(), by=user_of(request), what=what, name=str(row), fields=", ".join(fields)
        )


def units_of(request: HttpRequest) -> QuerySet[Unit, Any]:
    """The units of a user's subtree."""
    scope = scope_of(user_of(request))
    if scope is None:
        return Unit.objects.all()
    return Unit.objects.filter(path__startswith=scope) if scope else Unit.objects.none()
