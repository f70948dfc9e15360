"""The officers' page at /field/: one page for all, without data; what it shows it asks the REST door for."""

import hashlib
import json
from enum import IntEnum, StrEnum
from functools import cache
from pathlib import Path
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import reverse
from django.utils import translation
from django.utils.translation import get_language, gettext, gettext_noop
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from dispatch import doorstep
from dispatch.models.choices import name
from dispatch.vocabulary import Disposition, FraudType, Level, NewsKind, OrderState, Result

LANGUAGES = ("zh-hans", "en")
SCRIPTS = Path(__file__).resolve().parents[1] / "static" / "field"
_KINDS: dict[str, type[StrEnum] | type[IntEnum]] = {
    "level": Level,
    "fraud": FraudType,
    "result": Result,
    "disposition": Disposition,
    "order": OrderState,
    "news": NewsKind,
}
WORDS = (
    gettext_noop("My work"),
    gettext_noop("Warning Center"),
    gettext_noop("Officers"),
    gettext_noop("online"),
    gettext_noop("offline"),
    gettext_noop("{n} to send"),
    gettext_noop("No signal. What you see stands since {time}; what you write is kept and sent later."),
    gettext_noop("No signal: signing in needs it."),
    gettext_noop("News"),
    gettext_noop("Seen"),
    gettext_noop("user name"),
    gettext_noop("password"),
    gettext_noop("Sign in"),
    gettext_noop("Sign out"),
    gettext_noop("Signing out removes everything from this phone."),
    gettext_noop("{n} not sent yet will be lost. Sign out all the same?"),
    gettext_noop("Nothing to do. A new visit appears here by itself."),
    gettext_noop("check"),
    gettext_noop("reinforced"),
    gettext_noop("place known {ago}"),
    gettext_noop("male"),
    gettext_noop("female"),
    gettext_noop("This visit is no longer yours."),
    gettext_noop("Opened when there is signal; that you looked is on record."),
    gettext_noop("Reported; it is sent as soon as there is signal."),
    gettext_noop("Take it"),
    gettext_noop("Set out"),
    gettext_noop("Arrived"),
    gettext_noop("Report"),
    gettext_noop("Send the report"),
    gettext_noop("Identity checked by their card"),
    gettext_noop("What was met"),
    gettext_noop("At the door"),
    gettext_noop("Why, in your words"),
    gettext_noop("In your words"),
    gettext_noop("Stop payment"),
    gettext_noop("scam account"),
    gettext_noop("amount in yuan"),
    gettext_noop("bank"),
    gettext_noop("another bank"),
    gettext_noop("account holder"),
    gettext_noop("Draft the order"),
    gettext_noop("Who else"),
    gettext_noop("relation"),
    gettext_noop("their name"),
    gettext_noop("telephone"),
    gettext_noop("Keep"),
    gettext_noop("Note"),
    gettext_noop("Send"),
    gettext_noop("Photo"),
    gettext_noop("Take a photo"),
    gettext_noop("More officers"),
    gettext_noop("Cannot go"),
    gettext_noop("Somebody else goes"),
    gettext_noop("who goes"),
    gettext_noop("colleagues on duty"),
    gettext_noop("units on duty"),
    gettext_noop("{name} goes"),
    gettext_noop("Far from the address: why?"),
    gettext_noop("Say why"),
    gettext_noop("Understood"),
    gettext_noop("Everything has been sent."),
    gettext_noop("just now"),
    gettext_noop("{n} min ago"),
    gettext_noop("{n} h ago"),
    gettext_noop("{n} days ago"),
)
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
    "manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """Both languages come with it, so that it can be turned without signal."""
    language = "en" if (get_language() or "").startswith("en") else "zh-hans"
    told = {
        "words": {code: _words(code) for code in LANGUAGES},
        "language": language,
        "title": gettext("My work"),
    }
    answer = render(request, "field/page.html", told)
    answer["Content-Security-Policy"] = POLICY
    answer["Cache-Control"] = "no-cache"
    return answer


@never_cache
@require_safe
def worker(request: HttpRequest) -> HttpResponse:
    """The service worker, with the list of what the page is made of; it changes when any of that does."""
    files = [reverse("field-page"), static("warning_center/icon.svg")]
    files += [static(f"field/{path.name}") for path in sorted(SCRIPTS.iterdir()) if path.name != "worker.js"]
    script = (SCRIPTS / "worker.js").read_text(encoding="utf-8")
    script = script.replace("{{version}}", _version()).replace("{{files}}", json.dumps(files))
    return HttpResponse(script, content_type="text/javascript")


@require_safe
def manifest(request: HttpRequest) -> JsonResponse:
    """What a phone needs to install it."""
    icon = {"src": static("warning_center/icon.svg"), "sizes": "any", "type": "image/svg+xml"}
    told: dict[str, Any] = {
        "name": gettext("Warning Center"),
        "short_name": gettext("My work"),
        "lang": "zh-CN",
        "id": reverse("field-page"),
        "start_url": reverse("field-page"),
        "scope": reverse("field-page"),
        "display": "standalone",
        "orientation": "portrait",
        "background_color": "#f3f5f8",
        "theme_color": "#1b5a9e",
        "icons": [{**icon, "purpose": "any"}, {**icon, "purpose": "maskable"}],
    }
    return JsonResponse(told, content_type="application/manifest+json")


def _words(language: str) -> dict[str, Any]:
    form = doorstep.form()
    with translation.override(language):
        codes = {
            kind: {getattr(word, "code", word.value): name(word) for word in words}
            for kind, words in _KINDS.items()
        }
        return {
            "words": {word: gettext(word) for word in WORDS},
            "codes": codes,
            "questions": [{"code": q.code, "part": q.part, "text": q.text(language)} for q in form.questions],
            "banks": [{"name": bank.name, "text": bank.text(language)} for bank in form.banks],
            "source": form.source,
        }


@cache
def _version() -> str:
    """Of everything the page is made of: its scripts, and its words."""
    made = hashlib.sha256(json.dumps([_words(code) for code in LANGUAGES], sort_keys=True).encode())
    for path in sorted(SCRIPTS.iterdir()):
        made.update(path.read_bytes())
    return made.hexdigest()[:16]
