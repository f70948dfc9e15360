"""The doors of the wallboard: a screen shows its key once, and then sees the board and nothing else."""

from collections.abc import Callable
from functools import wraps

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from dispatch import record
from telephony import clock
from warning_center.models import Screen
from warning_center.models.source import digest
from warning_center.supervision.wallboard import board

KEY = "screen"  # in the session
KEPT_FOR = 400 * 24 * 3600  # seconds: a screen has no keyboard to log in again


def _screen_of(request: HttpRequest) -> Screen | None:
    """The screen whose key this session showed, while that key is good."""
    shown = request.session.get(KEY, "")
    screens = Screen.objects.filter(key_digest=shown, enabled=True).select_related("unit")
    return screens.first() if shown else None


def screens_only(
    page: Callable[[HttpRequest, Screen], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """A page for screens; whoever else asks is sent to show a key."""

    @wraps(page)
    def guarded(request: HttpRequest) -> HttpResponse:
        screen = _screen_of(request)
        return page(request, screen) if screen else HttpResponseRedirect("/wallboard/login")

    return never_cache(require_safe(guarded))


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def login(request: HttpRequest) -> HttpResponse:
    """The key is sent, never part of an address. The session knows its hash, and no user."""
    wrong = False
    if request.method == "POST":
        hashed = digest(request.POST.get("key", "").strip())
        if Screen.objects.filter(key_digest=hashed, enabled=True).exists():
            request.session.flush()  # whoever was logged in here is so no more
            request.session[KEY] = hashed
            request.session.set_expiry(KEPT_FOR)
            return HttpResponseRedirect("/wallboard/")
        record.write("refused", now=clock.now(), agent="wallboard", why="unknown key")
        wrong = True
    return render(request, "wallboard/login.html", {"wrong": wrong}, status=403 if wrong else 200)


@screens_only
def wall(request: HttpRequest, screen: Screen) -> HttpResponse:
    """The whole board."""
    told = board.look(screen.unit, now=clock.now())
    return render(request, "wallboard/wall.html", {"board": told, "screen": screen})


@screens_only
def now(request: HttpRequest, screen: Screen) -> HttpResponse:
    """What changes on it."""
    told = board.look(screen.unit, now=clock.now())
    return render(request, "wallboard/board.html", {"board": told, "screen": screen})
