"""The operators' queue, riskiest first, and the case's page with everything a person may do there."""

from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.db import transaction
from django.db.models import Count, F, OrderBy, Prefetch, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from dispatch import record
from dispatch.admin import columns, script, story
from dispatch.admin.access import DESK, Guarded, scope_of, user_of
from dispatch.admin.columns import CaseLine, Moment
from dispatch.admin.finding import find
from dispatch.admin.forms import ACTS, Act, offered
from dispatch.models import Attempt, Case, Order, User
from dispatch.models.case import BY_RISK
from dispatch.models.choices import choices
from dispatch.vocabulary import Level, Money
from dispatch.workflow import desk
from dispatch.workflow.desk import Need
from dispatch.workflow.refusal import NotAllowedError
from telephony import clock

if TYPE_CHECKING:
    _SimpleListFilter = admin.SimpleListFilter
    _Related = admin.RelatedOnlyFieldListFilter
else:
    _SimpleListFilter, _Related = admin.SimpleListFilter, admin.RelatedOnlyFieldListFilter


class OpenFirst(_SimpleListFilter):
    """The queue shows open cases unless it is asked for others."""

    title = gettext_lazy("state")
    parameter_name = "closed"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("1", _("closed")), ("all", _("all"))]

    def choices(self, changelist: Any) -> Any:
        first, *others = super().choices(changelist)
        return [{**first, "display": _("open")}, *others]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Case]) -> QuerySet[Case]:
        match self.value():
            case "1":
                return queryset.filter(closed_at__isnull=False)
            case "all":
                return queryset
        return queryset.filter(closed_at=None)


class Queue(ChangeList):
    """The page's cases, each with its row made."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        now = clock.now()
        self.result_list = list(self.result_list)
        self.menus = [_menu(spec, self) for spec in self.filter_specs]
        self.standing = _standing(self.model_admin.get_queryset(request), now)
        for case in self.result_list:
            case.row = columns.line(case, case.live_attempts, case.open_orders, now)
            case.shown_at = now


def _menu(spec: Any, queue: ChangeList) -> dict[str, Any]:
    options = list(spec.choices(queue))
    chosen = next((option["display"] for option in options if option["selected"]), "")
    return {"title": spec.title, "choices": options, "chosen": chosen}


def _standing(cases: QuerySet[Case], now: datetime) -> dict[str, int]:
    """Open, critical and overdue, in one query."""
    return cases.filter(closed_at=None).aggregate(
        open=Count("pk"),
        critical=Count("pk", filter=Q(level=Level.CRITICAL)),
        late=Count("pk", filter=Q(due_at__lt=now)),
    )


@admin.register(Case)
class CaseAdmin(Guarded):
    """Cases are changed by acts only: there is no form, no adding, no deleting."""

    seen_by = DESK
    unit_path = "unit__path"
    list_display = ("level_mark", "score", "about", "happening", "next_step", "promise", "held_by")
    list_display_links = None
    list_filter = (OpenFirst, "level", "fraud_type", ("unit", _Related))
    list_select_related = ("target", "unit", "holder")
    sortable_by = ()
    change_list_template = "admin/dispatch/case/queue.html"

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return Queue

    def get_queryset(self, request: HttpRequest) -> QuerySet[Case, Any]:
        attempts = Attempt.objects.live().select_related("unit")
        return (
            super()
            .get_queryset(request)
            .prefetch_related(
                Prefetch("attempts", attempts, to_attr="live_attempts"),
                Prefetch("orders", Order.objects.open(), to_attr="open_orders"),
                "target__numbers__phone",
            )
        )

    def get_ordering(self, request: HttpRequest) -> tuple[str | OrderBy, ...]:
        match request.GET.get(OpenFirst.parameter_name):
            case "1":
                return ("-closed_at", "-pk")
            case "all":
                return (F("closed_at").desc(nulls_first=True), *BY_RISK)
        return BY_RISK

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        return lookup == "target__in" or super().lookup_allowed(lookup, value, request)  # type: ignore[arg-type]

    # the queue's columns

    @admin.display(description=gettext_lazy("level"))
    def level_mark(self, case: Case) -> SafeString:
        return level_html(columns.mark(case.level))

    @admin.display(description=gettext_lazy("person · type · place"))
    def about(self, case: Case) -> SafeString:
        phone = next((use.phone.masked for use in case.target.numbers.all()), "")
        warned = case.sizes.get("warnings_30d", 0)
        return format_html(
            '<a class="about" href="{}"><b>{}</b> <span class="num">{}</span> · {} · {}</a>{}'
            '<span class="meta num">{}</span>',
            reverse("admin:dispatch_case_change", args=[case.pk]),
            columns.person(case, getattr(case, "shown_at", case.opened_at)),
            phone,
            columns.fraud(case),
            case.unit or "–",
            format_html('<span class="tag">{}</span>', _("warning no. {n}").format(n=warned + 1))
            if warned
            else "",
            case.number,
        )

    @admin.display(description=gettext_lazy("now"))
    def happening(self, case: Case) -> SafeString:
        words = _row(case).now
        return format_html_join(" ", '<span class="doing">{}</span>', ((w,) for w in words))

    @admin.display(description=gettext_lazy("next"))
    def next_step(self, case: Case) -> SafeString:
        return moment_html(_row(case).next, promise=False)

    @admin.display(description=gettext_lazy("promise"))
    def promise(self, case: Case) -> SafeString:
        return moment_html(_row(case).promise, promise=True)

    @admin.display(description=gettext_lazy("held by"))
    def held_by(self, case: Case) -> str:
        return str(case.holder.get_full_name() or case.holder) if case.holder else "–"

    # the pages

    def get_urls(self) -> list[URLPattern]:
        site = self.admin_site.admin_view
        return [
            path("find/", site(self.find_view), name="dispatch_case_find"),
            path("<int:pk>/person/", site(self.person_view), name="dispatch_case_person"),
            path("<int:pk>/act/<slug:what>/", site(self.act_view), name="dispatch_case_act"),
            *super().get_urls(),
        ]

    @method_decorator(require_POST)
    def find_view(self, request: HttpRequest) -> HttpResponse:
        """By number, ID or case number: posted, so that none of them stands in an address or a log."""
        if not self.has_view_permission(request):
            raise Http404
        found = find(request.POST.get("q", ""), self.get_queryset(request))
        if isinstance(found, str):
            messages.warning(request, found)
            return HttpResponseRedirect(reverse("admin:dispatch_case_changelist"))
        if len(found) == 1:
            return HttpResponseRedirect(reverse("admin:dispatch_case_change", args=[found[0].pk]))
        targets = ",".join(str(pk) for pk in sorted({case.target_id for case in found}))
        return HttpResponseRedirect(
            f"{reverse('admin:dispatch_case_changelist')}?closed=all&target__in={targets}"
        )

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

    @method_decorator(require_POST)
    def act_view(self, request: HttpRequest, pk: int, what: str) -> HttpResponse:
        """One act: permission, form, one workflow function; what was wrong becomes a message."""
        case, by, now = self._mine(request, pk), cast(User, request.user), clock.now()
        act = ACTS.get(what)
        if act is None:
            raise Http404
        try:
            self._act(act, case, request, by)
        except NotAllowedError as refusal:
            record.write("refused", now=now, case=case, by=by, why=str(refusal), act=what)
            messages.error(request, refusal.in_words())
        else:
            messages.success(request, str(act.done))
        return HttpResponseRedirect(reverse("admin:dispatch_case_change", args=[pk]))

    def _act(self, act: Act, case: Case, request: HttpRequest, by: User) -> None:
        """Raises NotAllowedError, saying why it was not done."""
        if not by.is_a(*act.roles):
            raise NotAllowedError("your role may not do this")
        form = act.form(request.POST, case=case)
        if not form.is_valid():
            raise NotAllowedError("{faults}", faults=form.faults())
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

    def _page(self, request: HttpRequest, case: Case, opened: desk.Opened | None = None) -> HttpResponse:
        now, by = clock.now(), user_of(request)
        context = {
            **self.admin_site.each_context(request),
            "title": case.number,
            "opts": self.opts,
            "story": story.tell(case, scope=scope_of(by), now=now),
            "script": script.panel(case, by, now),
            "opened": opened,
            "needs": Need.choices,
            "levels": [pair for pair in choices(Level) if pair[0] != case.level],
            "acts": offered(case, by) if by else (),
            "sums": choices(Money),
            "now": now,
        }
        return TemplateResponse(request, "admin/dispatch/case/story.html", context)


def _row(case: Case) -> CaseLine:
    row: CaseLine = getattr(case, "row")  # noqa: B009 - Queue has put it there
    return row


def level_html(mark: columns.Mark) -> SafeString:
    return format_html(
        '<span class="level level-{}"><span aria-hidden="true">{}</span> {}</span>',
        mark.number,
        mark.shape,
        mark.word,
    )


def moment_html(moment: Moment | None, *, promise: bool) -> SafeString:
    """A time still to come counts down; a broken promise counts up, with a mark."""
    if moment is None:
        return format_html('<span class="meta">{}</span>', "–")
    broken = promise and moment.passed
    off = moment.off if promise or not moment.passed else _("now")
    return format_html(
        '<span class="{}"><time class="num" datetime="{}" title="{}">{}</time> <span class="meta">{}</span>{}</span>',
        "broken" if broken else "promise",
        moment.at.isoformat(),
        columns.exact(moment.at),
        off,
        moment.words,
        format_html(' <span aria-label="{}">✗</span>', _("broken promise")) if broken else "",
    )
