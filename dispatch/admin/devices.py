"""The phones on which officers are signed in: a lost one is signed out by who is above them."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from dispatch.admin.access import Guarded, answered, refuse, user_of
from dispatch.models import RefreshToken
from dispatch.vocabulary import Role
from dispatch.workflow import devices
from telephony import clock


@admin.register(RefreshToken)
class DeviceAdmin(Guarded):
    """One row a sign-in: the token that is good next. It is ended, and nothing else."""

    seen_by = (Role.SUPERVISOR, Role.ADMINISTRATOR)
    unit_path = "user__unit__path"
    list_display = ("user", "station", "device", "created_at", "expires_at", "ended")
    list_display_links = None
    list_select_related = ("user__unit",)
    search_fields = ("user__username", "user__first_name", "user__last_name", "device")
    ordering = ("-created_at", "-pk")

    def get_queryset(self, request: HttpRequest) -> QuerySet[RefreshToken, Any]:
        live = super().get_queryset(request).filter(used_at=None, revoked_at=None)
        return live.filter(expires_at__gt=clock.now())

    @admin.display(description=gettext_lazy("unit"), ordering="user__unit__path")
    def station(self, token: RefreshToken) -> str:
        return str(token.user.unit or "–")

    @admin.display(description=gettext_lazy("phone lost"))
    def ended(self, token: RefreshToken) -> str:
        """The form it belongs to stands in the page's foot."""
        return format_html(
            '<button class="press" formmethod="post" formaction="{}">{}</button>',
            reverse("admin:dispatch_refreshtoken_end", args=[token.pk]),
            _("Sign it out"),
        )

    def get_urls(self) -> list[URLPattern]:
        end = self.admin_site.admin_view(self.end_view)
        return [path("<int:pk>/end/", end, name="dispatch_refreshtoken_end"), *super().get_urls()]

    @method_decorator([never_cache, require_POST])
    def end_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """All tokens of that sign-in are worth nothing from here on."""
        if not self.has_view_permission(request):
            refuse(request, "device end")
        token = self.get_queryset(request).filter(pk=pk).first()
        if token is None:
            raise Http404
        devices.sign_out(token=token, now=clock.now(), by=user_of(request))
        page = reverse("admin:dispatch_refreshtoken_changelist")
        return answered(request, page, _("The phone is signed out: it shows and sends nothing any more."))
