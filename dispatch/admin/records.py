"""Orders by deadline, policies and the record of events: to look at, not to touch."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dispatch.admin import columns, story
from dispatch.admin.access import CHIEFS, DESK, Guarded
from dispatch.admin.cases import level_html, moment_html
from dispatch.models import Event, Order, PolicyVersion, Unit
from dispatch.vocabulary import OPEN_ORDERS
from dispatch.workflow.desk import Need
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
    list_display = ("case_link", "level", "state", "deadline", "amount", "bank", "held")
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


@admin.register(PolicyVersion)
class PolicyVersionAdmin(Guarded):
    seen_by = CHIEFS
    list_display = ("kind", "version", "starts_at", "author", "note")
    list_filter = ("kind",)
    list_select_related = ("author",)
    ordering = ("kind", "-version")


@admin.register(Event)
class EventAdmin(Guarded):
    """The record: who, when, what, why. Nobody changes it."""

    seen_by = CHIEFS
    unit_path = "case__unit__path"
    list_display = ("when", "case_link", "what", "who", "because")
    list_display_links = None
    list_filter = ("verb", "at")
    list_select_related = ("case", "by")
    ordering = ("-at", "-pk")
    sortable_by = ()
    list_per_page = 50

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
        return story.told(event, _units(event)).words

    @admin.display(description=gettext_lazy("who"))
    def who(self, event: Event) -> str:
        return story.told(event, {}).who

    @admin.display(description=gettext_lazy("why"))
    def because(self, event: Event) -> str:
        return str(Need(event.why).label) if event.why in Need.values else event.why or "–"


def _units(event: Event) -> dict[int, Unit]:
    unit = event.detail.get("unit")
    return Unit.objects.in_bulk([unit]) if unit else {}
