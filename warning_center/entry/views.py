"""The page of manual entry: typed, checked, taken in, and on to the case."""

from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from dispatch import record
from dispatch.admin.access import DESK, scope_of, units_of, user_of, within
from dispatch.models import Unit, User
from dispatch.vocabulary import UnitKind
from telephony import clock, tasks
from warning_center import intake, kinds, notes, sources
from warning_center.api import serializers
from warning_center.api.faults import FieldFault
from warning_center.entry.inputs import Input, Sections, shown
from warning_center.entry.sheet import Sheet, new_reference
from warning_center.intake import Answer, ChangedError, Receipt
from warning_center.models import Directive, Source

OWN = "own:"  # before a kind's code: the unit's own source of it
MOST_PLACES = 1000
_PLACES = (UnitKind.CITY, UnitKind.COUNTY, UnitKind.TOWN, UnitKind.VILLAGE)


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest) -> HttpResponse:
    """An empty sheet, or what was typed taken in; a refusal keeps every word and names field, value and rule."""
    by, now = user_of(request), clock.now()
    if by is None or not by.is_a(*DESK):
        record.write("refused", now=now, by=by, why="only operators enter directives", act="entry")
        return render(request, "center/refused.html", status=HTTPStatus.FORBIDDEN)
    if request.method != "POST":
        return _page(request, by, Sheet(new_reference(now)))
    sheet = Sheet.of(request.POST.dict())
    source = _source(sheet.source, by)
    try:
        if source is None:
            raise serializers.BadDirective(_faults(sheet))
        receipt = _take(sheet, source, by)
    except serializers.BadDirective as bad:
        fields = sorted({fault.field.partition(".")[0].partition("[")[0] for fault in bad.faults})
        record.write("refused", now=now, by=by, why="bad directive", act="entry", fields=fields)
        return _page(request, by, sheet.refused(bad.faults), HTTPStatus.UNPROCESSABLE_ENTITY)
    except ChangedError:
        record.write("refused", now=now, by=by, why="changed directive", act="entry")
        messages.error(
            request,
            _(
                "This entry was taken in before, with other words, and stays so. What you have typed stands below as a "
                "new entry: send it to add it."
            ),
        )
        return _page(request, by, sheet.renewed(now), HTTPStatus.CONFLICT)
    return _on(request, by, receipt)


def _faults(sheet: Sheet) -> list[FieldFault]:
    """All that is wrong with a sheet that names no source."""
    found = [FieldFault("source", sheet.source, _("Choose by what way this was reported."))]
    try:
        serializers.read(sheet.row(clock.now()))
    except serializers.BadDirective as bad:
        found += bad.faults
    return found


def _take(sheet: Sheet, source: Source, by: User) -> Receipt:
    """Pressed again it is the same directive, issued when the first press came. Raises BadDirective, ChangedError."""
    now = clock.now()
    by_hand = list(Source.objects.exclude(kind="").values_list("pk", flat=True))
    known = Directive.objects.filter(source__in=by_hand, reference=sheet.reference)
    for last in (False, True):  # a second press may be taken in between our look and our own taking in
        before = known.values_list("source", "issued_at").first()
        if before is not None and before[0] != source.pk:
            raise ChangedError(sheet.reference)
        issued = before[1] if before else now
        try:
            receipt = intake.receive(serializers.read(sheet.row(issued)), source=source, now=now, by=by)
        except ChangedError:
            if last or before is not None:
                raise
        else:
            transaction.on_commit(tasks.hints.send)
            return receipt
    raise ChangedError(sheet.reference)


def _on(request: HttpRequest, by: User, receipt: Receipt) -> HttpResponse:
    """To the case; where it is another unit's, to the next entry."""
    case = receipt.directive.case
    told = {
        Answer.ACCEPTED: _("Taken in as case {case}."),
        Answer.JOINED: _("Taken in; it joined case {case}, which was open already."),
        Answer.UNCHANGED: _("It had been taken in already, as case {case}."),
    }
    messages.success(request, told[receipt.answer].format(case=case.number))
    for note in receipt.directive.notes:
        messages.info(request, notes.said(note))
    if within(case.unit.path if case.unit else "", scope_of(by)):
        return HttpResponseRedirect(reverse("admin:dispatch_case_change", args=[case.pk]))
    messages.info(request, _("The case is another unit's, by the place: you cannot open it, they have it."))
    return HttpResponseRedirect(reverse("entry"))


def _unit(by: User) -> Unit | None:
    """Whose own sources somebody enters for; a superuser's, who has none, are the centre's."""
    return by.unit or (Unit.objects.filter(parent=None).order_by("path").first() if by.is_superuser else None)


def _ways(by: User) -> list[tuple[str, str]]:
    """What may be chosen: each kind's own source of the unit, and those that administrators have added."""
    unit = _unit(by)
    added = sources.by_hand(unit, scope_of(by))
    ways: list[tuple[str, str]] = []
    codes = {sources.own_code(code, unit) for code in kinds.built_in().kinds} if unit else set()
    off = set(Source.objects.filter(code__in=codes, enabled=False).values_list("code", flat=True))
    for code in kinds.built_in().kinds:
        if unit and sources.own_code(code, unit) not in off:
            ways.append((f"{OWN}{code}", kinds.word(code)))
        ways += [
            (str(one.pk), f"{kinds.word(code)} · {one.name}")
            for one in added
            if one.kind == code and one.code not in codes
        ]
    return ways


def _source(chosen: str, by: User) -> Source | None:
    """The source that was chosen, if it may be."""
    unit = _unit(by)
    if chosen not in {way for way, _words in _ways(by)}:
        return None
    if chosen.startswith(OWN) and unit is not None:
        return sources.own(chosen.removeprefix(OWN), unit)
    return Source.objects.filter(pk=int(chosen)).first()


def _page(request: HttpRequest, by: User, sheet: Sheet, status: HTTPStatus = HTTPStatus.OK) -> HttpResponse:
    places = units_of(request).filter(kind__in=_PLACES).order_by("path")[:MOST_PLACES]
    ways = _ways(by)
    sections = Sections(sheet, [(unit.adcode, unit.name) for unit in places]).all()
    about_way = tuple(map(shown, sheet.faults.get("source", ())))
    source = Input("source", _("How it was reported"), sheet.source, faults=about_way)
    inputs = [source, *(one for section in sections for one in section.inputs)]
    context: dict[str, Any] = {
        "here": "entry",
        "sheet": sheet,
        "ways": ways,
        "way": sheet.source or (ways[0][0] if ways else ""),
        "sections": sections,
        "wrong": [one for one in inputs if one.faults],
        "others": [(fault.field, *shown(fault)) for fault in sheet.others],
        "relations": kinds.built_in().relations[kinds.language()],
    }
    return render(request, "entry/page.html", context, status=status)
