"""Who may come in: supervisors and administrators; others are refused, on record."""

from collections.abc import Callable
from functools import wraps

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from dispatch import record
from dispatch.admin.access import CHIEFS, user_of
from telephony import clock

Page = Callable[..., HttpResponse]


def chiefs_only(page: Page) -> Page:
    """A page to be read by supervisors and administrators."""
    return login_required(never_cache(require_safe(_guarded(page))))


def chiefs_write(page: Page) -> Page:
    """A form that supervisors and administrators send."""
    return login_required(never_cache(require_http_methods(["POST"])(_guarded(page))))


def _guarded(page: Page) -> Page:
    @wraps(page)
    def guarded(request: HttpRequest, **named: object) -> HttpResponse:
        user = user_of(request)
        if user is None or not user.is_a(*CHIEFS):
            record.write("refused", now=clock.now(), by=user, why="supervisors only")
            return render(request, "center/refused.html", status=403)
        return page(request, **named)

    return guarded
