"""The front page: everybody goes where they work."""

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from dispatch import record
from dispatch.admin.access import CHIEFS, RefusedError, user_of
from dispatch.vocabulary import Role
from telephony import clock


@login_required
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Everybody goes where they work; an officer's work is on the phone, through REST."""
    user = user_of(request)
    if user is not None and user.is_a(*CHIEFS):
        return HttpResponseRedirect(reverse("supervision"))
    if user is not None and user.is_a(Role.OPERATOR):
        return HttpResponseRedirect(reverse("admin:dispatch_case_changelist"))
    return render(request, "center/home.html")


def refused(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403, and a line of the record, whichever door said no."""
    by = user_of(request)
    if by is not None and isinstance(exception, PermissionDenied) and not isinstance(exception, RefusedError):
        address = request.resolver_match.view_name if request.resolver_match else ""
        record.write("refused", now=clock.now(), by=by, why="your role may not do this", act=address)
    why = str(exception) or _("your role may not do this")
    return render(request, "403.html", {"exception": why}, status=403)
