"""The supervisors' figures with the cases behind each of them."""

import re
from dataclasses import replace
from datetime import date, datetime, timedelta

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _

from dispatch.admin.access import scope_of, user_of
from dispatch.vocabulary import FraudType, Level
from telephony import clock
from warning_center.supervision import rates, statistics
from warning_center.supervision.doors import chiefs_only
from warning_center.supervision.pages import lists, overview, verdict
from warning_center.supervision.statistics import Filter

USUAL_DAYS = 30
PER_PAGE = 50
_UNIT = re.compile(r"(\d+/)+=?")


@chiefs_only
def supervision(request: HttpRequest) -> HttpResponse:
    """The sentence, the bar, the tables; every number opens into its cases."""
    wanted, query, wrong = _wanted(request, clock.now())
    figures = overview.Drawing(wanted, query).overview()
    context = {
        "here": "supervision",
        "figures": figures,
        "sentence": verdict.sentence(figures, wanted),
        "stricter": verdict.stricter(figures),
        "wanted": wanted,
        "query": query,
        "wrong": wrong,
        "choices": lists.choices(wanted.scope),
    }
    return render(request, "supervision.html", context)


@chiefs_only
def supervision_cases(request: HttpRequest) -> HttpResponse:
    """Exactly the cases that a figure counts: the same rows, asked the same question."""
    now = clock.now()
    wanted, query, wrong = _wanted(request, now)
    part = request.GET.get("part", "received")
    counts = _behind(wanted, part)
    pages = Paginator(lists.newest_first(counts), PER_PAGE)
    page = pages.get_page(request.GET.get("page"))
    shown = {pk: counts[pk] for pk in page.object_list}
    context = {
        "here": "supervision",
        "figure": verdict.part_in_words(part),
        "directives": sum(counts.values()),
        "cases": lists.cases(shown, now=now),
        "page": page,
        "query": _as_address({**query, "part": part}),
        "wanted": wanted,
        "wrong": wrong,
        "money": part.startswith("money_"),
    }
    return render(request, "supervision_cases.html", context)


def _behind(wanted: Filter, part: str) -> dict[int, int]:
    """The cases of a figure and how many of its directives each stands for (of a sum: one each)."""
    if part.startswith("money_"):
        pots = {f"money_{pot.kind.value}": pot for pot in statistics.money(wanted)}
        if part not in pots:
            raise Http404
        return dict.fromkeys(pots[part].cases, 1)
    if part not in rates.PARTS:
        raise Http404
    counts: dict[int, int] = {}
    for row in rates.select(statistics.read(wanted), part):
        counts[row.case] = counts.get(row.case, 0) + row.directives
    return counts


def _as_address(query: dict[str, str]) -> QueryDict:
    """For links that keep the filter and change one thing."""
    address = QueryDict(mutable=True)
    address.update({key: value for key, value in query.items() if value})
    return address


def _wanted(request: HttpRequest, now: datetime) -> tuple[Filter, dict[str, str], str]:
    """The address as a filter, the filter as an address, and what was wrong with it."""
    today = timezone.localtime(now).date()
    asked = {
        key: request.GET.get(key, "").strip() for key in ("from", "to", "unit", "level", "type", "source")
    }
    wrong = ""
    try:
        until = date.fromisoformat(asked["to"]) if asked["to"] else today
        usual = until - timedelta(days=USUAL_DAYS - 1)
        since = date.fromisoformat(asked["from"]) if asked["from"] else usual
        if since > until:
            raise ValueError
    except ValueError:
        since, until = today - timedelta(days=USUAL_DAYS - 1), today
        wrong = _("These are no dates, or the first comes after the last; shown are the last 30 days.")
    wanted = Filter(since=since, until=until, scope=scope_of(user_of(request)), source=asked["source"])
    if _UNIT.fullmatch(asked["unit"]):
        path = asked["unit"]
        wanted = replace(wanted, unit=path.removesuffix("="), exactly=path.endswith("="))
    if asked["level"] in {level.code for level in Level}:
        wanted = replace(wanted, level=Level[asked["level"].upper()])
    if asked["type"] in {fraud.value for fraud in FraudType}:
        wanted = replace(wanted, fraud=FraudType(asked["type"]))
    query = {**asked, "from": since.isoformat(), "to": until.isoformat()}
    return wanted, query, wrong
