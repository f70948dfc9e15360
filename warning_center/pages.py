"""The front page: everybody goes where they work."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from dispatch.admin.access import CHIEFS, user_of
from dispatch.vocabulary import Role


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
