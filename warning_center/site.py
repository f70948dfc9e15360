"""The admin's site: behind one login, in the theme's dress; a post without permission is refused, on record."""

from functools import wraps
from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from unfold.sites import UnfoldAdminSite

if TYPE_CHECKING:
    from django.contrib.admin import AdminSite as _Site
else:  # only the stubs' class has types
    _Site = UnfoldAdminSite


class Site(_Site):
    """Who is logged in and may not enter is told so when they post; only who is nobody is sent to the login."""

    settings_name = "UNFOLD"
    enable_nav_sidebar = False  # the queue needs the width

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        guarded = super().admin_view(view, cacheable)

        @wraps(guarded)
        def opened(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            known = request.user.is_authenticated
            if request.method == "POST" and known and not self.has_permission(request):
                raise PermissionDenied(_("your role may not do this"))  # the 403 page puts it on record
            answer: HttpResponse = guarded(request, *args, **kwargs)
            return answer

        return opened
