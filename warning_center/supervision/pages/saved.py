"""Saved views: a name for an address, one's own."""

from urllib.parse import urlencode

from django.db.models import Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from dispatch.admin.access import user_of
from warning_center.models import SavedView
from warning_center.supervision.doors import chiefs_write
from warning_center.supervision.pages.address import NAMES

MOST = 30


@chiefs_write
def save(request: HttpRequest) -> HttpResponse:
    """Keep the address under a name; the same name again replaces it. Days are kept as they were chosen."""
    user = user_of(request)
    name = request.POST.get("name", "").strip()[:64]
    where = request.POST.get("page", "")[:32]
    asked = QueryDict(request.POST.get("address", ""))
    kept = urlencode({key: asked[key] for key in NAMES if asked.get(key)})[:500]
    mine = SavedView.objects.filter(user=user)
    if name and (mine.count() < MOST or mine.filter(name=name).exists()):
        SavedView.objects.update_or_create(user=user, name=name, defaults={"page": where, "address": kept})
    return HttpResponseRedirect(_back(request))


@chiefs_write
def drop(request: HttpRequest) -> HttpResponse:
    """Forget one of one's own."""
    SavedView.objects.filter(Q(user=user_of(request)), pk=request.POST.get("view") or 0).delete()
    return HttpResponseRedirect(_back(request))


def _back(request: HttpRequest) -> str:
    back = request.POST.get("back", "")
    return back if url_has_allowed_host_and_scheme(back, allowed_hosts=None) else reverse("supervision")
