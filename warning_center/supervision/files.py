"""The doors of files: a page's tables, a figure's list, a report; each taken out on record."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _

from dispatch.admin.access import scope_of, user_of
from telephony import clock
from warning_center.models import Report
from warning_center.supervision import exports
from warning_center.supervision.doors import chiefs_only
from warning_center.supervision.pages import catalogue, lists, views


@chiefs_only
def tables(request: HttpRequest, kind: str, slug: str = "") -> HttpResponse:
    """All tables of a page."""
    if kind not in exports.KINDS or (slug and slug not in catalogue.PAGES):
        raise Http404
    asked = views.asked_of(request)
    sheets = catalogue.PAGES[slug].draw(asked) if slug else catalogue.overview(asked)
    exports.written(slug or "overview", kind, asked.address(), by=user_of(request), now=clock.now())
    return _file(exports.file_of(kind, exports.rows_of(sheets)), kind, slug or "overview", asked.query)


@chiefs_only
def cases(request: HttpRequest, kind: str) -> HttpResponse:
    """The list behind a figure, persons masked."""
    if kind not in exports.KINDS:
        raise Http404
    now = clock.now()
    behind = views.behind_of(request)
    found = list(behind.rows.select_related("directive")[: exports.MOST])
    heads = [
        _("directive"),
        _("case"),
        _("level"),
        _("person"),
        _("fraud type"),
        _("unit"),
        _("counted as"),
        _("stands"),
    ]
    rows: list[list[exports.Cell]] = [[*heads, _("received"), _("closed")]]
    for line in lists.lines(found, now=now):
        told = (
            line.reference,
            line.number,
            line.mark.word,
            line.person,
            line.fraud,
            line.unit,
            line.standing,
            line.since,
        )
        moments = (line.received_at, line.closed_at)
        rows.append([*told, *(f"{timezone.localtime(at):%Y-%m-%d %H:%M}" if at else "" for at in moments)])
    exports.written("cases", kind, request.GET.urlencode(), by=user_of(request), now=now)
    return _file(exports.file_of(kind, rows), kind, "cases", behind.asked.query)


@chiefs_only
def happened(request: HttpRequest, kind: str) -> HttpResponse:
    """The list behind a figure of a period, persons masked."""
    if kind not in exports.KINDS:
        raise Http404
    now = clock.now()
    days = views.days_of(request)
    found = lists.day_lines(list(days.rows[: exports.MOST]), days.cut, days.key, now=now)
    heads = (
        _("day"),
        _("case"),
        _("level"),
        _("person"),
        _("fraud type"),
        _("unit"),
        _("times"),
        _("stands"),
    )
    rows: list[list[exports.Cell]] = [[*heads]]
    for one in found:
        rows.append(
            [f"{one.day}", one.number, one.mark.word, one.person, one.fraud, one.unit, one.times, one.since]
        )
    exports.written("happened", kind, request.GET.urlencode(), by=user_of(request), now=now)
    return _file(exports.file_of(kind, rows), kind, "happened", days.asked.query)


def _file(content: bytes, kind: str, name: str, query: object) -> HttpResponse:
    days = f"{query['from']}_{query['to']}" if isinstance(query, dict) else ""
    answer = HttpResponse(content, content_type=exports.KINDS[kind])
    answer["Content-Disposition"] = f'attachment; filename="{name}_{days}.{kind}"'
    return answer


@chiefs_only
def reports(request: HttpRequest) -> HttpResponse:
    """The reports that were made for one's own units."""
    found = Report.objects.under(scope_of(user_of(request))).select_related("unit")[:100]
    return render(request, "supervision/reports.html", {"here": "supervision", "reports": found})


@chiefs_only
def report(request: HttpRequest, pk: int) -> HttpResponse:
    """One of them."""
    found = Report.objects.under(scope_of(user_of(request))).filter(pk=pk).first()
    if found is None:
        raise Http404
    exports.written(f"report {found.pk}", "pdf", "", by=user_of(request), now=clock.now())
    answer = HttpResponse(bytes(found.paper), content_type="application/pdf")
    answer["Content-Disposition"] = f'inline; filename="{found.kind}_{found.until}.pdf"'
    return answer
