"""The doors of the supervisors' pages: an address becomes a filter, a filter tables, a figure the list behind it."""

from dataclasses import dataclass
from typing import Any

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.translation import gettext as _

from dispatch.admin.access import scope_of, user_of
from dispatch.vocabulary import Money
from telephony import clock
from warning_center.models import Counted, Happening, SavedView
from warning_center.supervision import definitions, rates
from warning_center.supervision.doors import chiefs_only
from warning_center.supervision.pages import (
    address,
    catalogue,
    helped,
    keys,
    lists,
    overview,
    period,
    times,
    verdict,
)
from warning_center.supervision.pages.address import Asked
from warning_center.supervision.rollups import keep, sweep
from warning_center.supervision.rollups.happened import Happened
from warning_center.supervision.rollups.read import ANY, OR

PER_PAGE = 50
CUTS = frozenset({
    "station", "hour", "operator", "age", "sex", "occupation", "sum", "warned", "voider", "later", "visit", "order",
    "promise", "talk", *helped.CUTS,
    *(f"money.{kind.value}" for kind in Money), *(f"time.{code}" for code in times.names()),
})  # fmt: skip


def asked_of(request: HttpRequest) -> Asked:
    """What a request asks for, cut to what its user may see."""
    return address.read(request.GET.dict(), scope=scope_of(user_of(request)), now=clock.now())


def context_of(request: HttpRequest, asked: Asked, here: str, **more: Any) -> dict[str, Any]:
    """What every page shows: the filter, the other pages, the saved views, how far the counting is behind."""
    return {
        "here": "supervision",
        "page_here": here,
        "asked": asked,
        "wanted": asked.wanted,
        "query": asked.query,
        "address": asked.address(),
        "wrong": asked.wrong,
        "choices": lists.choices(asked.wanted.scope),
        "above": _crumbs(asked),
        "pages": catalogue.PAGES.values(),
        "views": SavedView.objects.filter(user=user_of(request)).order_by("name"),
        "behind": keep.behind(),
        "sweep": sweep.under_way(),
        "watch": definitions.built_in().watch.days,
        **more,
    }


def _crumbs(asked: Asked) -> list[tuple[str, str]]:
    """The way up the tree from the chosen unit: the same page of each, and its name; none if none was chosen."""
    units = lists.above(asked.wanted.unit, asked.wanted.scope)
    return [(asked.deeper(path), name) for path, name in [("", _("all")), *units]] if units else []


@chiefs_only
def supervision(request: HttpRequest) -> HttpResponse:
    """The sentence, the bar, the tables; every number opens into its cases."""
    asked = asked_of(request)
    asked.reading.ask("", "later", "fraud", "source", *(f"money.{kind.value}" for kind in Money))
    if asked.compares:
        asked.reading_before.ask("", "fraud", "source")
    figures = overview.draw(asked, keys.language())
    more = {
        "figures": figures,
        "sentence": verdict.sentence(figures, asked.wanted),
        "stricter": verdict.stricter(figures),
        "before": verdict.before(figures),
        "ladder": [figures.rates[name] for name in ("reached", "listened", "agreed", "strict")],
        "sheets": catalogue.overview(asked) if figures.parts["received"].n else [],
    }
    return render(request, "supervision/overview.html", context_of(request, asked, "", **more))


@chiefs_only
def page(request: HttpRequest, slug: str) -> HttpResponse:
    """One page's tables."""
    if slug not in catalogue.PAGES:
        raise Http404
    asked = asked_of(request)
    found = catalogue.PAGES[slug]
    more = {"title": found.title, "sheets": found.draw(asked), "remark": catalogue.remark(slug)}
    return render(request, "supervision/page.html", context_of(request, asked, slug, **more))


@chiefs_only
def defined(request: HttpRequest) -> HttpResponse:
    """Every rate by name: numerator, denominator, what it means, and what it is now."""
    asked = asked_of(request)
    figures = overview.draw(asked, keys.language())
    return render(request, "supervision/defined.html", context_of(request, asked, "defined", figures=figures))


@dataclass(frozen=True, slots=True)
class Behind:
    """A figure that is asked to be opened: its filter, its name, its directives."""

    asked: Asked
    name: str
    rows: QuerySet[Counted]
    query: QueryDict


def behind_of(request: HttpRequest) -> Behind:
    """The figure that an address names. Raises Http404 for one that does not exist."""
    asked = asked_of(request)
    part, cut, key = (request.GET.get(name, "") for name in ("part", "cut", "key"))
    part = part or "received"
    if part.startswith("money_"):  # as the address was called before
        part, cut, key = "received", part.replace("_", ".", 1), ANY
    if part not in rates.PARTS or (cut and cut not in CUTS):
        raise Http404
    query = QueryDict(mutable=True)
    told = {**asked.query, "part": part, "cut": cut, "key": key}
    query.update({name: value for name, value in told.items() if value})
    return Behind(asked, _named(asked, part, cut, key), asked.reading.behind(part, cut, key), query)


@chiefs_only
def supervision_cases(request: HttpRequest) -> HttpResponse:
    """Exactly the directives that a figure counts, each with its case: the same predicate asked of their rows."""
    behind = behind_of(request)
    pages = Paginator(behind.rows.select_related("directive"), PER_PAGE)
    shown = pages.get_page(request.GET.get("page"))
    context = {
        "here": "supervision",
        "figure": behind.name,
        "directives": pages.count,
        "cases": lists.lines(list(shown.object_list), now=clock.now()),
        "page": shown,
        "query": behind.query,
        "wanted": behind.asked.wanted,
        "wrong": behind.asked.wrong,
    }
    return render(request, "supervision/cases.html", context)


@dataclass(frozen=True, slots=True)
class Days:
    """A figure of a period that is asked to be opened: its name, its cases' days."""

    asked: Asked
    name: str
    rows: QuerySet[Happening]
    cut: str
    key: str
    query: QueryDict


def days_of(request: HttpRequest) -> Days:
    """The figure of a period that an address names. Raises Http404 for one that does not exist."""
    asked = asked_of(request)
    cut, key = request.GET.get("cut", ""), request.GET.get("key", "") or ANY
    if cut not in period.CUTS:
        raise Http404
    query = QueryDict(mutable=True)
    told = {**asked.query, "cut": cut, "key": key}
    query.update({name: value for name, value in told.items() if value})
    rows = Happened(asked.wanted).behind(cut, key)
    return Days(asked, period.named(cut, key, asked.wanted.scope), rows, cut, key, query)


@chiefs_only
def happened(request: HttpRequest) -> HttpResponse:
    """Exactly the cases' days that a figure of a period counts."""
    days = days_of(request)
    pages = Paginator(days.rows, PER_PAGE)
    shown = pages.get_page(request.GET.get("page"))
    context = {
        "here": "supervision",
        "figure": days.name,
        "many": pages.count,
        "cases": lists.day_lines(list(shown.object_list), days.cut, days.key, now=clock.now()),
        "page": shown,
        "query": days.query,
        "wrong": days.asked.wrong,
    }
    return render(request, "supervision/happened.html", context)


def _named(asked: Asked, part: str, cut: str, key: str) -> str:
    told = keys.part_in_words(part)
    if not cut or key == ANY:
        return told
    known = key.split(OR) if cut == "operator" else [key]
    words = keys.words(cut, known, asked.wanted.scope)
    return _("{figure}: {key}").format(figure=told, key=_(" · ").join(words.values()) or key)
