"""What the centre adds to the admin: sources' keys, second factors, a case's directives; who may look at the line."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from dispatch import record
from dispatch.admin import story
from dispatch.admin.access import CHIEFS, DESK, OFFICE, Guarded, answered, refuse, user_of
from dispatch.admin.people import OwnUnits
from dispatch.admin.story import Panel
from dispatch.models import Case
from dispatch.workflow.refusal import NotAllowedError
from telephony import admin as line
from telephony import clock
from telephony.models import Call, Text, Trunk
from warning_center import factors, kinds, sources
from warning_center.models import Directive, Factor, Source
from warning_center.notes import said

admin.site.site_header = gettext_lazy("Warning Center")
admin.site.site_title = gettext_lazy("Warning Center")
admin.site.index_title = gettext_lazy("Everything there is to tend")


def directives(case: Case) -> Panel:
    """The directives of a case, as the case's page shows them; their text stays sealed."""
    rows = Directive.objects.filter(case=case).select_related("source").order_by("pk")
    return Panel(
        _("Directives"),
        (_("reference"), _("source"), _("received"), _("notes")),
        tuple(
            (
                directive.reference,
                str(directive.source),
                timezone.localtime(directive.received_at).strftime("%m-%d %H:%M:%S"),
                " · ".join(said(note) for note in directive.notes),
            )
            for directive in rows
        ),
    )


story.panels.append(directives)


@admin.register(Directive)
class DirectiveAdmin(Guarded):
    """As received, and never changed; whom it is about is shown on the case's page, masked."""

    seen_by = DESK
    unit_path = "case__unit__path"
    list_display = ("reference", "source", "received_at", "issued_at", "answer", "case")
    list_filter = ("source", "received_at")
    list_select_related = ("source", "case")
    search_fields = ("reference",)
    ordering = ("-received_at", "-pk")
    fields = ("reference", "source", "received_at", "issued_at", "answer", "case", "told_notes")
    readonly_fields = ("told_notes",)

    @admin.display(description=gettext_lazy("notes"))
    def told_notes(self, directive: Directive) -> str:
        return " · ".join(said(note) for note in directive.notes) or "–"


@admin.register(Source)
class SourceAdmin(OwnUnits):
    """Who may send directives. A new key is shown once; only its hash is kept."""

    seen_by = CHIEFS
    changed_by = OFFICE
    added_by = OFFICE
    unit_path = "unit__path"
    list_display = ("code", "name", "unit", "in_words", "enabled", "has_key")
    list_select_related = ("unit",)
    fields = ("code", "name", "unit", "kind", "enabled")
    change_form_template = "admin/warning_center/source/change_form.html"

    @admin.display(description=gettext_lazy("kind"), ordering="kind")
    def in_words(self, source: Source) -> str:
        return kinds.word(source.kind) if source.kind else "–"

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Which kinds there are, the data say."""
        if db_field.name == "kind":
            known = [(code, kinds.word(code)) for code in kinds.built_in().kinds]
            return forms.ChoiceField(choices=[("", "–"), *known], required=False, label=db_field.verbose_name)
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    @admin.display(description=gettext_lazy("API key"), boolean=True)
    def has_key(self, source: Source) -> bool:
        return source.key_digest is not None

    def get_readonly_fields(self, request: HttpRequest, obj: Source | None = None) -> tuple[str, ...]:
        return ("code",) if obj else ()

    def get_urls(self) -> list[URLPattern]:
        renew = self.admin_site.admin_view(self.renew_view)
        return [path("<int:pk>/key/", renew, name="warning_center_source_key"), *super().get_urls()]

    @method_decorator([never_cache, require_POST])
    def renew_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """A new key: the old one is refused from now on."""
        source = self.get_queryset(request).filter(pk=pk).first()
        by = user_of(request)
        if source is None or by is None or not self.has_change_permission(request, source):
            raise Http404
        key = sources.renew_key(source_id=source.pk, by=by, now=clock.now())
        context = {
            **self.admin_site.each_context(request),
            "source": source,
            "key": key,
            "title": source.name,
        }
        return TemplateResponse(request, "admin/warning_center/source/key.html", context)


@admin.register(Factor)
class FactorAdmin(Guarded):
    """Who has enrolled a second factor, and since when. It is reset for who has lost their phone, and nothing else."""

    seen_by = OFFICE
    unit_path = "user__unit__path"
    list_display = ("user", "confirmed_at", "left", "again")
    list_display_links = None
    list_select_related = ("user",)
    ordering = ("user__username",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Factor, Any]:
        return super().get_queryset(request).exclude(confirmed_at=None)

    @admin.display(description=gettext_lazy("recovery codes left"))
    def left(self, factor: Factor) -> int:
        return len(factor.recovery)

    @admin.display(description=gettext_lazy("phone lost"))
    def again(self, factor: Factor) -> str:
        """The form it belongs to stands in the page's foot."""
        return format_html(
            '<button class="press" formmethod="post" formaction="{}">{}</button>',
            reverse("admin:warning_center_factor_reset", args=[factor.pk]),
            _("Reset"),
        )

    def get_urls(self) -> list[URLPattern]:
        reset = self.admin_site.admin_view(self.reset_view)
        return [path("<int:pk>/reset/", reset, name="warning_center_factor_reset"), *super().get_urls()]

    @method_decorator([never_cache, require_POST])
    def reset_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """They enrol anew at their next login."""
        if not self.has_view_permission(request):
            refuse(request, "factor reset")
        factor = self.get_queryset(request).filter(pk=pk).first()
        if factor is None:
            raise Http404
        page, by, now = reverse("admin:warning_center_factor_changelist"), user_of(request), clock.now()
        try:
            factors.reset(user=factor.user, by=by, now=now)
        except NotAllowedError as refusal:
            record.write("refused", now=now, by=by, why=str(refusal), act="factor reset")
            return answered(request, page, refusal.in_words(), well=False)
        return answered(request, page, _("They enrol a second factor anew at their next login."))


class _OfTheLine(Guarded):
    """The line knows no roles; here they are asked for."""

    seen_by = OFFICE


class TrunkAdmin(_OfTheLine, line.TrunkAdmin):
    changed_by = OFFICE


class CallAdmin(_OfTheLine, line.CallAdmin):
    unit_path = "attempt__case__unit__path"


class TextAdmin(_OfTheLine, line.TextAdmin):
    unit_path = "message__case__unit__path"


for model, door in ((Trunk, TrunkAdmin), (Call, CallAdmin), (Text, TextAdmin)):
    admin.site.unregister(model)
    admin.site.register(model, door)
