"""The operators' queue, riskiest first, and the case's page with everything a person may do there."""

from typing import Any, cast

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from dispatch import record
from dispatch.admin import atdoor, queue, script, story, talk
from dispatch.admin.access import DESK, FRESH, Guarded, answered, refuse, scope_of, user_of
from dispatch.admin.acts import ACTS, Act, offered
from dispatch.admin.finding import find
from dispatch.models import Case, User
from dispatch.models.choices import choices
from dispatch.vocabulary import Level, Money
from dispatch.workflow import desk, photos, reserving
from dispatch.workflow.desk import Need
from dispatch.workflow.refusal import NotAllowedError
from telephony import clock


@admin.register(Case)
class CaseAdmin(Guarded):
    """Cases are changed by acts only: there is no form, no adding, no deleting."""

    seen_by = DESK
    unit_path = "unit__path"

    # the pages

    def get_urls(self) -> list[URLPattern]:
        behind = self.admin_site.admin_view
        return [
            path("find/", behind(self.find_view), name="dispatch_case_find"),
            path("next/", behind(self.next_view), name="dispatch_case_next"),
            path("<int:pk>/person/", behind(self.person_view), name="dispatch_case_person"),
            path("<int:pk>/photo/", behind(self.photo_view), name="dispatch_case_photo"),
            path("<int:pk>/act/<slug:what>/", behind(self.act_view), name="dispatch_case_act"),
            *super().get_urls(),
        ]

    @method_decorator([never_cache, require_safe])
    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """The queue; nothing in it is counted to the end, or sorted."""
        by, now = user_of(request), clock.now()
        if by is None or not self.has_view_permission(request):
            refuse(request, "queue")
        scope, asked = scope_of(by), queue.Asked.of(request.GET.dict())
        units = queue.units_of(scope)
        mine = queue.within(Case.objects.all(), scope, units)
        cases, more = queue.page(queue.with_all(queue.chosen(mine, asked, by, now)), asked)
        context = {
            **self._frame(request),
            "title": _("Queue"),
            "opts": self.opts,
            "rows": list(queue.rows(cases, by, now)),
            "counts": queue.standing(mine, now),
            "menus": queue.menus(asked, units),
            "asked": asked,
            "toggles": [
                (asked.address(**{name: None if name in asked.given else "1"}), words, name in asked.given)
                for name, words in (("mine", _("mine")), ("overdue", _("overdue")))
            ],
            "before": _page_address(asked, -1) if asked.page > 1 else "",
            "after": _page_address(asked, 1) if more else "",
            "now": now,
        }
        return TemplateResponse(request, "admin/dispatch/case/queue.html", context)

    @method_decorator(require_POST)
    def next_view(self, request: HttpRequest) -> HttpResponse:
        """The next case, reserved for who asks; where nothing waits, the queue says so."""
        by, now = user_of(request), clock.now()
        if by is None or not self.has_view_permission(request):
            refuse(request, "next")
        queue_page = reverse("admin:dispatch_case_changelist")
        try:
            case = reserving.next_case(by=by, scope=scope_of(by), now=now)
        except NotAllowedError as refusal:
            record.write("refused", now=now, by=by, why=str(refusal), act="next")
            return answered(request, queue_page, refusal.in_words(), well=False)
        if case is None:
            return answered(
                request, queue_page, _("Nothing waits to be called. You are not needed for the moment.")
            )
        page = reverse("admin:dispatch_case_change", args=[case.pk])
        return answered(request, page, _("The case is reserved for you."))

    @method_decorator(require_POST)
    def find_view(self, request: HttpRequest) -> HttpResponse:
        """By number, ID or case number: posted, so that none of them stands in an address or a log."""
        if not self.has_view_permission(request):
            raise Http404
        found = find(request.POST.get("q", ""), self.get_queryset(request))
        queue_page = reverse("admin:dispatch_case_changelist")
        if isinstance(found, str):
            return answered(request, queue_page, found, well=False)
        if len(found) == 1:
            return answered(request, reverse("admin:dispatch_case_change", args=[found[0].pk]), "")
        targets = ",".join(str(pk) for pk in sorted({case.target_id for case in found}))
        return answered(request, f"{queue_page}?closed=all&target__in={targets}", "")

    @method_decorator([never_cache, require_safe])
    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        return self._page(request, self._mine(request, object_id))

    @method_decorator([never_cache, require_POST])
    def person_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Personal data, shown in this one answer, with the reason on record."""
        case, by = self._mine(request, pk), cast(User, request.user)
        why = request.POST.get("why", "")
        if why not in Need.values:
            messages.error(request, _("Say why you need to see it."))
            return HttpResponseRedirect(reverse("admin:dispatch_case_change", args=[pk]))
        opened = desk.open_person(case_id=case.pk, by=by, why=Need(why), now=clock.now())
        return self._page(request, case, opened=opened)

    @method_decorator([never_cache, require_POST])
    def photo_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """One photo, as the answer itself, with the reason on record; so is who was refused one."""
        if not self.has_view_permission(request):
            refuse(request, "photo")
        case, by, now = self._mine(request, pk), cast(User, request.user), clock.now()
        photo = atdoor.photo_of(case, request.POST.get("key", ""))
        why = request.POST.get("why", "")
        if photo is None:
            record.write("refused", now=now, case=case, by=by, why="no such photo", act="photo")
            raise Http404
        if why not in Need.values:
            record.write("refused", now=now, case=case, by=by, why="no reason", act="photo")
            messages.error(request, _("Say why you need to see it."))
            return HttpResponseRedirect(reverse("admin:dispatch_case_change", args=[pk]))
        try:
            content = photos.look(photo=photo, by=by, now=now, why=Need(why))
        except OSError:
            raise Http404 from None
        return HttpResponse(content, content_type="image/jpeg", headers={"X-Content-Type-Options": "nosniff"})

    @method_decorator(require_POST)
    def act_view(self, request: HttpRequest, pk: int, what: str) -> HttpResponse:
        """One act: permission, form, one workflow function; what was wrong becomes a message."""
        case, by, now = self._mine(request, pk), cast(User, request.user), clock.now()
        act = ACTS.get(what)
        if act is None:
            raise Http404
        if not by.is_a(*act.roles):
            refuse(request, what, case)
        page = reverse("admin:dispatch_case_change", args=[pk])
        try:
            self._act(act, case, request, by)
        except NotAllowedError as refusal:
            record.write("refused", now=now, case=case, by=by, why=str(refusal), act=what)
            return answered(request, page, refusal.in_words(), well=False)
        reserving.hold_on(case=case, by=by, now=now)
        return answered(request, page, str(act.done))

    def _act(self, act: Act, case: Case, request: HttpRequest, by: User) -> None:
        """Raises NotAllowedError, saying why it was not done."""
        form = act.form(request.POST, case=case)
        if not form.is_valid():
            raise NotAllowedError("{faults}", faults=form.faults())
        if not act.atomic:
            act.do(case, form.cleaned_data, by, clock.now())
            return
        with transaction.atomic():
            act.do(case, form.cleaned_data, by, clock.now())

    def _mine(self, request: HttpRequest, pk: str | int) -> Case:
        """The case, if the user may see it; trying another's is put on record."""
        by = user_of(request)
        if by is None or not self.has_view_permission(request) or not str(pk).isdigit():
            raise Http404
        case = self.get_queryset(request).filter(pk=int(pk)).first()
        if case is None:
            theirs = Case.objects.filter(pk=int(pk)).first()
            if theirs is not None:
                record.write("refused", now=clock.now(), case=theirs, by=by, why="not their unit's")
            raise Http404
        return cast(Case, case)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Case, Any]:
        return super().get_queryset(request).select_related("target", "unit", "holder")

    def _frame(self, request: HttpRequest) -> dict[str, Any]:
        """What stands around the work: for a page that is open already and asks anew, next to nothing."""
        if request.headers.get("X-Requested-With") == FRESH:
            return {"frame": "admin/dispatch/live.html", "whole": False}
        return {**self.admin_site.each_context(request), "frame": "admin/base_site.html", "whole": True}

    def _page(self, request: HttpRequest, case: Case, opened: desk.Opened | None = None) -> HttpResponse:
        now, by = clock.now(), user_of(request)
        context = {
            **self._frame(request),
            "title": case.number,
            "opts": self.opts,
            "story": story.tell(case, scope=scope_of(by), now=now),
            "script": script.panel(case, by, now),
            "talk": talk.of(case, by, now) if by else None,
            "colleagues": talk.colleagues(case, by, now) if by else (),
            "opened": opened,
            "needs": Need.choices,
            "levels": [pair for pair in choices(Level) if pair[0] != case.level],
            "acts": offered(case, by) if by else (),
            "sums": choices(Money),
            "delays": talk.delays(case),
            "now": now,
        }
        return TemplateResponse(request, "admin/dispatch/case/story.html", context)


def _page_address(asked: queue.Asked, step: int) -> str:
    return f"{asked.address()}&page={asked.page + step}"
