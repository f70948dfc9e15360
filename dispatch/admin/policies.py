"""The policies' and scripts' pages: read as tables and pictures, changed entry by entry, never altered later."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from dispatch import drafting, policies, record, rules
from dispatch.admin import chart, picture, script, script_sheet
from dispatch.admin.access import DESK, Guarded, scope_of, user_of
from dispatch.admin.risk_chart import risk_chart
from dispatch.admin.script_sheet import ScriptSheet
from dispatch.admin.sheet import Sheet
from dispatch.chain import BadRules
from dispatch.models import Case, PolicyVersion, User
from dispatch.replay import differences, trial
from dispatch.risk import BadRiskRules
from dispatch.scripts import BadScripts
from dispatch.workflow import publishing
from dispatch.workflow.refusal import NotAllowedError
from telephony import clock

Kind = PolicyVersion.Kind
MOST_TRIED = (
    200  # cases on the page, so that it answers in seconds; `manage.py policy replay` takes any number
)


@admin.register(PolicyVersion)
class PolicyVersionAdmin(Guarded):
    """Every version there was. Everybody at the desk may read them; the centre's chiefs publish the next one."""

    seen_by = DESK
    list_display = ("kind", "version", "in_force", "starts_at", "by", "because")
    list_display_links = ("kind", "version")
    list_filter = ("kind",)
    list_select_related = ("author",)
    ordering = ("kind", "-version")
    sortable_by = ()

    @admin.display(description=gettext_lazy("state"))
    def in_force(self, version: PolicyVersion) -> str:
        return _state(version, clock.now())

    @admin.display(description=gettext_lazy("author"))
    def by(self, version: PolicyVersion) -> str:
        return str(version.author or _("built in"))

    @admin.display(description=gettext_lazy("reason"))
    def because(self, version: PolicyVersion) -> str:
        return version.note if version.author else "–"

    def get_urls(self) -> list[URLPattern]:
        site = self.admin_site.admin_view
        return [
            path("script/mark/", site(never_cache(require_POST(script.mark))), name="dispatch_script_mark"),
            path("<int:pk>/next/", site(self.next_view), name="dispatch_policyversion_next"),
            *super().get_urls(),
        ]

    @method_decorator([never_cache, require_safe])
    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        version = self._version(request, object_id)
        context = {"changes": _since(version), **_shown(version)}
        return self._page(request, version, "version.html", context)

    @method_decorator([never_cache, require_http_methods(["GET", "HEAD", "POST"])])
    def next_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Start from this version: look at a draft, or publish it."""
        version, by, now = self._version(request, pk), cast(User, request.user), clock.now()
        if not publishing.may_publish(by):
            record.write("refused", now=now, by=by, what=f"policyversion {version.pk}", act="next")
            messages.error(
                request, _("Only supervisors and administrators of the whole centre change its policies.")
            )
            return HttpResponseRedirect(_address(version))
        sheet = _sheet(version, request)
        refused = bool(sheet.flaws)
        if "publish" in request.POST and not refused:
            made = self._publish(request, version, sheet, by, now)
            if made is not None:
                return HttpResponseRedirect(_address(made))
            refused = True
        tries = "try" in request.POST and sheet.judges and not refused
        tried = self._try(request, sheet, now) if tries else {}
        status = 422 if refused else 200
        typed = {word: request.POST.get(word, "") for word in ("starts_at", "note")}
        return self._page(
            request, version, "next.html", {"sheet": sheet, **typed, **tried, **sheet.tables()}, status
        )

    def _publish(
        self,
        request: HttpRequest,
        version: PolicyVersion,
        sheet: Sheet | ScriptSheet,
        by: User,
        now: datetime,
    ) -> PolicyVersion | None:
        try:
            starts_at = _moment(request.POST.get("starts_at", ""), now)
            made = publishing.publish(
                kind=Kind(version.kind),
                document=sheet.document,
                starts_at=starts_at,
                note=request.POST.get("note", ""),
                by=by,
                now=now,
            )
        except NotAllowedError as refusal:
            messages.error(request, refusal.in_words())
            return None
        except (BadRules, BadRiskRules, BadScripts) as bad:
            sheet.flaws += bad.flaws
            return None
        messages.success(
            request,
            _("Version {n} is in force from {at}.").format(
                n=made.version, at=f"{timezone.localtime(made.starts_at):%Y-%m-%d %H:%M:%S}"
            ),
        )
        return made

    def _try(self, request: HttpRequest, sheet: Sheet | ScriptSheet, now: datetime) -> dict[str, Any]:
        """The newest closed cases that the user may see, under the draft."""
        mine = Case.objects.all()
        scope = scope_of(user_of(request))
        if scope is not None:
            mine = mine.filter(unit__path__startswith=scope) if scope else mine.none()
        newest = mine.exclude(closed_at=None).order_by("-closed_at").values("pk")[:MOST_TRIED]
        told = trial.compare(
            Case.objects.filter(pk__in=[row["pk"] for row in newest]),
            policies.read(sheet.kind, sheet.document),
            now=now,
        )
        groups = [
            (group.title, [(case, case.rpartition("-")[2].lstrip("0"), words) for case, words in group.rows])
            for group in differences.groups(told)
        ]
        return {
            "tried": told.cases,
            "trust": list(differences.trust(told)),
            "totals": list(differences.totals(told)),
            "groups": groups,
        }

    def _version(self, request: HttpRequest, pk: str | int) -> PolicyVersion:
        if not self.has_view_permission(request) or not str(pk).isdigit():
            raise Http404
        version = PolicyVersion.objects.select_related("author").filter(pk=int(pk)).first()
        if version is None:
            raise Http404
        return version

    def _page(
        self,
        request: HttpRequest,
        version: PolicyVersion,
        template: str,
        more: dict[str, Any],
        status: int = 200,
    ) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            **more,
            "opts": self.opts,
            "title": str(version),
            "version": version,
            "state": _state(version, clock.now()),
            "may_publish": publishing.may_publish(cast(User, request.user)),
        }
        return TemplateResponse(request, f"admin/dispatch/policyversion/{template}", context, status=status)


def _address(version: PolicyVersion) -> str:
    return reverse("admin:dispatch_policyversion_change", args=[version.pk])


def _state(version: PolicyVersion, now: datetime) -> str:
    if version.starts_at > now:
        return _("not yet in force")
    holds = PolicyVersion.objects.in_force(version.kind, now).first()
    return _("in force") if holds == version else _("replaced")


def _sheet(version: PolicyVersion, request: HttpRequest) -> Sheet | ScriptSheet:
    sent = request.POST if request.method == "POST" else None
    if version.kind == Kind.SCRIPTS:
        return ScriptSheet.of(version, request.GET, sent)
    return Sheet.of(version, sent)


def _since(version: PolicyVersion) -> Sequence[drafting.Change | script_sheet.Change]:
    """What this version changed in the one before it."""
    before = PolicyVersion.objects.filter(kind=version.kind, version=version.version - 1).first()
    if before is None:
        return []
    if version.kind == Kind.SCRIPTS:
        return script_sheet.since(before.document, version.document)
    if version.kind == Kind.RISK:
        entries = list(drafting.risk_entries({**before.document, **version.document}))
        return drafting.changes(before.document, version.document, entries)
    old, new = drafting.resolved(before.document), drafting.resolved(version.document)
    return drafting.changes(old, new, list(drafting.chain_entries()))


def _shown(version: PolicyVersion) -> dict[str, Any]:
    """The tables and pictures of a version's document."""
    kind, document = version.kind, version.document
    if kind == Kind.SCRIPTS:
        return {"scripts": script_sheet.chapters(version)}
    if kind == Kind.RISK:
        return {"risk": risk_chart(document, policies.built_in(Kind.RISK))}
    read = rules.read(document)
    pictures = [(mark, picture.draw(read.levels[level])) for level, mark in chart.marks()]
    usual = rules.read(policies.built_in(Kind.ESCALATION))
    return {"chart": chart.chart(read, usual), "pictures": pictures}


def _moment(given: str, now: datetime) -> datetime:
    """The centre's local time as the form gives it; nothing means now. Raises NotAllowedError."""
    if not given.strip():
        return now
    try:
        at = parse_datetime(given.strip())
    except ValueError:
        at = None
    if at is None:
        raise NotAllowedError("that is no date and time: {given}", given=given)
    return at if timezone.is_aware(at) else timezone.make_aware(at)
