"""Orders by deadline and the record of events: to look at, not to touch."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dispatch import choosing
from dispatch.admin import columns, story
from dispatch.admin.access import CHIEFS, DESK, OFFICE, Guarded, user_of
from dispatch.admin.marks import level_html, moment_html
from dispatch.models import Event, Order
from dispatch.vocabulary import OPEN_ORDERS
from telephony import clock


class OpenOrders(admin.SimpleListFilter):
    """Open orders unless all are asked for."""

    title = gettext_lazy("state")
    parameter_name = "which"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("drafted", _("drafted")), ("ended", _("ended")), ("all", _("all"))]

    def choices(self, changelist: Any) -> Any:
        first, *others = super().choices(changelist)
        return [{**first, "display": _("open")}, *others]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Order]) -> QuerySet[Order]:
        match self.value():
            case "drafted":
                return queryset.filter(state="drafted")
            case "ended":
                return queryset.exclude(state__in=OPEN_ORDERS)
            case "all":
                return queryset
        return queryset.filter(state__in=OPEN_ORDERS)


@admin.register(Order)
class OrderAdmin(Guarded):
    """Stop-payment orders by deadline; they are drafted, submitted and answered on their case's page."""

    seen_by = DESK
    unit_path = "case__unit__path"
    list_display = ("case_link", "level", "state", "deadline", "yuan", "bank", "held_yuan")
    list_display_links = None
    list_filter = (OpenOrders,)
    list_select_related = ("case",)
    ordering = ("due_at", "pk")
    sortable_by = ()
    fields = ("case", "state", "drafted_at", "due_at", "submitted_at", "ended_at", "amount", "held", "bank")

    @admin.display(description=gettext_lazy("case"))
    def case_link(self, order: Order) -> SafeString:
        address = reverse("admin:dispatch_case_change", args=[order.case_id])
        return format_html('<a class="num" href="{}">{}</a>', address, order.case.number)

    @admin.display(description=gettext_lazy("level"))
    def level(self, order: Order) -> SafeString:
        return level_html(columns.mark(order.case.level))

    @admin.display(description=gettext_lazy("answered by"))
    def deadline(self, order: Order) -> SafeString:
        if order.ended_at:
            return format_html('<span class="num">{}</span>', columns.exact(order.ended_at))
        return moment_html(columns.moment("", order.due_at, clock.now()), promise=True)

    @admin.display(description=gettext_lazy("amount"))
    def yuan(self, order: Order) -> str:
        return columns.yuan(order.amount) or "–"

    @admin.display(description=gettext_lazy("held by the bank"))
    def held_yuan(self, order: Order) -> str:
        return columns.yuan(order.held) or "–"


def _verbs() -> list[tuple[str, str]]:
    """What the record may be narrowed to, in words."""
    return [
        ("opened", _("case opened")),
        ("joined", _("directive joined")),
        ("raised", _("raised")),
        ("lowered", _("lowered")),
        ("met", _("result met")),
        ("judged", _("disposition")),
        ("closed", _("case closed")),
        ("taken", _("taken over")),
        ("noted", _("note")),
        ("script_marked", _("script marked")),
        ("desk_forced", _("desk paused or signed off by another")),
        ("case_assigned", _("given to another operator")),
        ("entered", _("directive entered by hand")),
        ("ordered", _("stop-payment order")),
        ("passed_on", _("visit passed on")),
        ("unseen", _("not seen in time")),
        ("hand_over_proposed", _("hand-over proposed")),
        ("assigned", _("check given to somebody")),
        ("viewed", _("personal data opened")),
        ("printed", _("list printed")),
        ("refused", _("refused")),
        ("exported", _("figures taken out")),
        ("loaded", _("units loaded")),
        ("added", _("added")),
        ("changed", _("changed")),
        ("published", _("policy published")),
        ("key_renewed", _("API key renewed")),
    ]


class OfVerb(admin.SimpleListFilter):
    title = gettext_lazy("what")
    parameter_name = "verb"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(_verbs())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Event]) -> QuerySet[Event]:
        return queryset.filter(verb=self.value()) if self.value() else queryset


class Lines(ChangeList):
    """The page's lines of the record, each put into words once."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.result_list = list(self.result_list)
        units = choosing.units_of(self.result_list)
        for event in self.result_list:
            event.told = story.told(event, units)


@admin.register(Event)
class EventAdmin(Guarded):
    """The record: who, when, what, why. Nobody changes it."""

    seen_by = CHIEFS
    unit_path = "case__unit__path"
    list_display = ("when", "case_link", "what", "who", "because")
    list_display_links = None
    list_filter = (OfVerb, "at")
    list_select_related = ("case", "by")
    ordering = ("-at", "-pk")
    sortable_by = ()
    list_per_page = 50

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return Lines

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any, Any]:
        """Lines about no case (a login, a source's key) are for the administrators of the whole tree."""
        user = user_of(request)
        if user is not None and user.is_a(*OFFICE) and user.unit and user.unit.parent_id is None:
            mine = Q(case=None) | Q(case__unit__path__startswith=user.unit.path)
            return Event.objects.filter(mine).order_by(*self.ordering)
        return super().get_queryset(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return obj is None and super().has_view_permission(request)  # a line has no page of its own

    @admin.display(description=gettext_lazy("when"))
    def when(self, event: Event) -> SafeString:
        return format_html('<span class="num">{}</span>', columns.exact(event.at))

    @admin.display(description=gettext_lazy("case"))
    def case_link(self, event: Event) -> SafeString | str:
        if event.case is None:
            return "–"
        address = reverse("admin:dispatch_case_change", args=[event.case_id])
        return format_html('<a class="num" href="{}">{}</a>', address, event.case.number)

    @admin.display(description=gettext_lazy("what"))
    def what(self, event: Event) -> str:
        return _told(event).words

    @admin.display(description=gettext_lazy("who"))
    def who(self, event: Event) -> str:
        return _told(event).who

    @admin.display(description=gettext_lazy("why"))
    def because(self, event: Event) -> str:
        return _told(event).why or "–"


def _told(event: Event) -> story.Told:
    told: story.Told = getattr(event, "told")  # noqa: B009 - Lines has put it there
    return told
