"""Who may see and change what in the admin: by role, and never outside the user's subtree of units."""

from typing import TYPE_CHECKING, Any, NoReturn

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.utils.translation import gettext as _
from unfold.admin import ModelAdmin

from dispatch import record
from dispatch.models import Case, Unit, User
from dispatch.vocabulary import Role
from telephony import clock

if TYPE_CHECKING:
    _ModelAdmin = admin.ModelAdmin[Any]
else:  # only the stubs' class has parameters
    _ModelAdmin = ModelAdmin

DESK = (Role.OPERATOR, Role.SUPERVISOR, Role.ADMINISTRATOR)
CHIEFS = (Role.SUPERVISOR, Role.ADMINISTRATOR)
OFFICE = (Role.ADMINISTRATOR,)
LOOP = (
    "loop"  # a page that sends its forms without leaving says so in X-Requested-With, and is answered in JSON
)

FRESH = "fresh"  # one that has stood for a while asks for its parts anew


class RefusedError(PermissionDenied):
    """A refusal that is on record already."""


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
    list_filter_sheet = False
    list_fullwidth = True
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


def refuse(request: HttpRequest, act: str, case: Case | None = None) -> NoReturn:
    """Whoever posts what their role may not do gets 403, and a line of the record. Raises RefusedError."""
    by, why = user_of(request), "your role may not do this"
    record.write("refused", now=clock.now(), case=case, by=by, why=why, act=act)
    raise RefusedError(_("your role may not do this"))


def answered(request: HttpRequest, page: str, said: str, *, well: bool = True) -> HttpResponse:
    """Where to go on and what to say there: in JSON for a page that does not leave, else by message and redirect."""
    if request.headers.get("X-Requested-With") == LOOP:
        return JsonResponse({"url": page, "said": said, "well": well})
    if said:
        (messages.success if well else messages.error)(request, said)
    return HttpResponseRedirect(page)


def units_of(request: HttpRequest) -> QuerySet[Unit, Any]:
    """The units of a user's subtree."""
    scope = scope_of(user_of(request))
    if scope is None:
        return Unit.objects.all()
    return Unit.objects.filter(path__startswith=scope) if scope else Unit.objects.none()
