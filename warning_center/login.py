"""The doors of the login: the password, then the second factor where it is asked for; nobody is logged in between."""

from collections.abc import Callable
from datetime import timedelta

from django.contrib.auth import login, logout
from django.contrib.auth import views as auth
from django.contrib.auth.forms import AuthenticationForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.http import urlencode
from django.utils.safestring import mark_safe
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from dispatch.admin.access import user_of
from dispatch.admin.columns import span
from dispatch.models import User
from telephony import clock
from warning_center import factors

HALF = "half"  # whose password was right, and the code is still to come
PASSED = "second_factor"
LASTS = timedelta(minutes=10)  # between the two


@method_decorator(sensitive_post_parameters(), name="dispatch")
class Login(auth.LoginView):
    """One login for all roles. Who has to show a second factor is asked for it on the next page."""

    template_name = "center/login.html"

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        user = form.get_user()
        if not factors.is_asked_of(user):
            return super().form_valid(form)
        self.request.session.flush()
        self.request.session[HALF] = {
            "user": user.pk,
            "backend": user.backend,
            "at": clock.wall().timestamp(),
            "next": self.get_success_url(),
        }
        return HttpResponseRedirect(reverse("login-code"))


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def code_view(request: HttpRequest) -> HttpResponse:
    """The code, after the password; at the first time with the picture to enrol by, and then the recovery codes."""
    user = _half(request)
    if user is None:
        return HttpResponseRedirect(reverse("login"))
    factor, at = factors.of(user), clock.wall()
    context = {"who": user, "enrols": factor.confirmed_at is None}
    if request.method == "POST":
        verdict = factors.check(user=user, code=request.POST.get("code", ""), at=at, now=clock.now())
        if verdict.passed:
            half = request.session.pop(HALF)
            login(request, user, backend=half["backend"])
            request.session[PASSED] = True
            if not verdict.codes:
                return HttpResponseRedirect(half["next"])
            return render(request, "center/recovery.html", {"codes": verdict.codes, "next": half["next"]})
        context |= {"wrong": True, "wait": span(verdict.wait) if verdict.wait else ""}
    if factor.confirmed_at is None:
        context |= {"picture": mark_safe(factors.picture(factor)), "secret": factor.secret}  # noqa: S308  # our own SVG
    return render(request, "center/code.html", context)


def _half(request: HttpRequest) -> User | None:
    """Whose password was right a moment ago."""
    half = request.session.get(HALF)
    if not half or clock.wall().timestamp() - half["at"] > LASTS.total_seconds():
        request.session.pop(HALF, None)
        return None
    return User.objects.filter(pk=half["user"], is_active=True).first()


class SecondFactor:
    """A session of before the setting, or that came about in any other way, is no way around the second factor."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user = user_of(request)
        if user is not None and factors.is_asked_of(user) and not request.session.get(PASSED):
            logout(request)
            return HttpResponseRedirect(f"{reverse('login')}?{urlencode({'next': request.get_full_path()})}")
        return self._get_response(request)
