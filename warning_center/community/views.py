"""The doors of community follow-up: a list, many results in one sitting, a person opened, a list on paper."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from dispatch import record
from dispatch.admin.access import user_of
from dispatch.models import Unit, User
from dispatch.models.choices import name
from dispatch.vocabulary import Result, Way
from dispatch.workflow import followups
from dispatch.workflow.desk import Opened
from dispatch.workflow.followups import CHECKERS, Entered, Entry
from dispatch.workflow.refusal import NotAllowedError
from telephony import clock
from warning_center.community import rows

PER_PAGE = 100
ON_PAPER = 500
Page = Callable[..., HttpResponse]


def checkers_only(page: Page) -> Page:
    """For officers, supervisors and administrators who belong to a unit; others are refused, on record."""

    @wraps(page)
    def guarded(request: HttpRequest) -> HttpResponse:
        user = user_of(request)
        if user is None or not user.is_a(*CHECKERS) or user.unit is None:
            record.write("refused", now=clock.now(), by=user, why="no community work")
            return render(request, "center/refused.html", status=403)
        return page(request, user)

    return login_required(never_cache(guarded))


@require_safe
@checkers_only
def checks(request: HttpRequest, user: User) -> HttpResponse:
    """The checks of one's units, the overdue first."""
    return _list(request, user)


@require_POST
@checkers_only
def enter(request: HttpRequest, user: User) -> HttpResponse:
    """The results of many checks; what cannot be taken is told row by row, the rest is on record."""
    sent, wrong = _entries(request)
    entered = followups.enter_all(sent, by=user, now=clock.now())
    _say(request, entered, wrong)
    return HttpResponseRedirect(_back(request))


@require_POST
@checkers_only
def give(request: HttpRequest, user: User) -> HttpResponse:
    """A check is given to somebody."""
    attempt, to = _number(request, "give"), User.objects.filter(pk=_number(request, "to")).first()
    try:
        if to is None:
            raise NotAllowedError("checks are given to community officers and grid workers")
        followups.give(attempt_id=attempt, to=to, by=user, now=clock.now())
    except NotAllowedError as refusal:
        messages.error(request, refusal.in_words())
    return HttpResponseRedirect(_back(request))


@require_POST
@checkers_only
def show(request: HttpRequest, user: User) -> HttpResponse:
    """One person's data, once, in the list that it was asked from."""
    attempt = _number(request, "show")
    try:
        opened = followups.open_person(attempt_id=attempt, by=user, now=clock.now())
    except NotAllowedError as refusal:
        messages.error(request, refusal.in_words())
        return HttpResponseRedirect(_back(request))
    return _list(request, user, shown=attempt, opened=opened)


@require_POST
@checkers_only
def on_paper(request: HttpRequest, user: User) -> HttpResponse:
    """The list of a village for printing, masked; who printed it goes on record."""
    unit, now = _unit(user, request.POST.get("unit", "")), clock.now()
    found = list(rows.checks(unit, now)[:ON_PAPER])
    followups.printed(unit=unit, attempts=[one.pk for one in found], by=user, now=now)
    told = {"unit": unit, "checks": rows.lines(found, now), "now": now, "by": user}
    return render(request, "community/paper.html", {"here": "community", **told})


def _list(request: HttpRequest, user: User, *, shown: int = 0, opened: Opened | None = None) -> HttpResponse:
    now = clock.now()
    asked = request.GET if request.method == "GET" else request.POST
    unit = _unit(user, asked.get("unit", ""))
    mine = user if asked.get("who") == "me" else None
    page = Paginator(rows.checks(unit, now, mine=mine), PER_PAGE).get_page(asked.get("page"))
    found = rows.lines(page.object_list, now)
    assert user.unit is not None  # noqa: S101 - checkers_only has seen to it
    context: dict[str, Any] = {
        "here": "community",
        "unit": unit,
        "mine": mine is not None,
        "checks": found,
        "counts": {state: sum(one.state == state for one in found) for state in ("overdue", "due", "watch")},
        "places": rows.places(user.unit),
        "workers": rows.workers(unit),
        "page": page,
        "ways": [(way.value, name(way)) for way in Way],
        "shown": shown,
        "opened": opened,
        "now": now,
    }
    return render(request, "community/checks.html", context)


def _unit(user: User, asked: str) -> Unit:
    """The unit whose list is asked for, within one's own subtree; one's own by default. Raises Http404."""
    if user.unit is None:
        raise Http404
    if not asked:
        return user.unit
    found = Unit.objects.under(user.unit).filter(pk=asked).first() if _is_number(asked) else None
    if found is None:
        record.write("refused", now=clock.now(), by=user, why="another unit's list")
        raise Http404
    return found


def _entries(request: HttpRequest) -> tuple[list[Entry], int]:
    """What was chosen, row by row; and how many rows said something that is no word of ours."""
    sent, wrong = [], 0
    for key, said in request.POST.items():
        attempt = key.removeprefix("result-")
        if attempt == key or not said:
            continue
        way = request.POST.get(f"way-{attempt}", "")
        note = request.POST.get(f"note-{attempt}", "")
        if not _is_number(attempt) or said not in set(followups.FOUND) or way not in {"", *Way}:
            wrong += 1
            continue
        sent.append(Entry(int(attempt), Result(said), Way(way) if way else None, note))
    return sent, wrong


def _say(request: HttpRequest, entered: list[Entered], wrong: int) -> None:
    done = sum(one.refusal is None for one in entered)
    if done:
        told = ngettext("{n} result is on record.", "{n} results are on record.", done)
        messages.success(request, told.format(n=done))
    if late := sum(one.late for one in entered):
        told = ngettext(
            "{n} of them came after the check had ended: kept, but it moves nothing unless it is bad news.",
            "{n} of them came after their checks had ended: kept, but they move nothing unless it is bad news.",
            late,
        )
        messages.warning(request, told.format(n=late))
    for refusal in {str(one.refusal): one.refusal for one in entered if one.refusal}.values():
        rows_refused = sum(str(one.refusal) == str(refusal) for one in entered)
        messages.error(request, _("{n} not taken: {why}").format(n=rows_refused, why=refusal.in_words()))
    if wrong:
        messages.error(request, _("{n} not taken: {why}").format(n=wrong, why=_("no word of ours")))
    if not entered and not wrong:
        messages.warning(request, _("Nothing was chosen, so nothing was written."))


def _number(request: HttpRequest, field: str) -> int:
    given = request.POST.get(field, "")
    return int(given) if _is_number(given) else 0


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 18


def _back(request: HttpRequest) -> str:
    """The list as it was asked for."""
    kept = {field: request.POST.get(field, "") for field in ("unit", "who", "page")}
    asked = "&".join(
        f"{field}={value}" for field, value in kept.items() if _is_number(value) or value == "me"
    )
    return reverse("community") + (f"?{asked}" if asked else "")
