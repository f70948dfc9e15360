"""Who sits at which desk, for supervisors; and the doors behind the bar of one's own desk."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.utils.html import format_html_join
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from dispatch import record
from dispatch.admin import lead
from dispatch.admin.access import CHIEFS, OFFICE, Guarded, answered, refuse, scope_of, user_of, within
from dispatch.admin.columns import span
from dispatch.models import Case, Operator, User
from dispatch.workflow import joining, leading, seats
from dispatch.workflow.refusal import NotAllowedError
from telephony import clock, tasks
from telephony.carrier import CallStatus, Way
from telephony.models import Call

Act = Callable[[User, HttpRequest], None]
_HEARING = (("listen", gettext_lazy("Listen")), ("whisper", gettext_lazy("Whisper")))
ACTS: dict[str, Act] = {
    "ready": lambda by, _asked: seats.ready(by=by, now=clock.now(), pace=clock.pace()),
    "pause": lambda by, asked: seats.pause(by=by, reason=asked.POST.get("reason", ""), now=clock.now()),
    "away": lambda by, _asked: seats.away(by=by, now=clock.now()),
    "accept": lambda by, asked: seats.accept(by=by, call_id=_call(asked), now=clock.now()),
    "decline": lambda by, asked: seats.decline(by=by, call_id=_call(asked), now=clock.now()),
    "wrapped_up": lambda by, _asked: seats.wrapped_up(by=by, now=clock.now()),
    "phone": lambda by, asked: joining.register(by=by, address=asked.POST.get("phone", ""), now=clock.now()),
    "mute": lambda by, _asked: joining.mute(by=by, muted=True, now=clock.now()),
    "unmute": lambda by, _asked: joining.mute(by=by, muted=False, now=clock.now()),
    "hang_up": lambda by, _asked: joining.hang_up(by=by, now=clock.now()),
    "record": lambda by, _asked: joining.record_call(by=by, now=clock.now()),
    "bring": lambda by, asked: joining.bring(by=by, desk_id=_number(asked, "desk"), now=clock.now()),
    "listen": lambda by, asked: joining.supervise(
        by=by, call_id=_call_within(by, asked), way=Way.LISTEN, now=clock.now()
    ),
    "whisper": lambda by, asked: joining.supervise(
        by=by, call_id=_call_within(by, asked), way=Way.WHISPER, now=clock.now()
    ),
}


SUPERVISING = ("listen", "whisper")


@admin.register(Operator)
class OperatorAdmin(Guarded):
    """The desks of one's units as they stand; who sits where is settled by administrators."""

    seen_by = CHIEFS
    changed_by = OFFICE
    added_by = OFFICE
    unit_path = "user__unit__path"
    list_display = ("user", "desk", "state", "lasts", "reason", "mode", "tags", "lease", "leads", "hear")
    list_filter = ("desk__state",)
    list_select_related = ("user", "desk")
    ordering = ("desk__name",)
    fields = ("user", "desk", "leads")

    @admin.display(description=gettext_lazy("state"), ordering="desk__state")
    def state(self, operator: Operator) -> str:
        return str(operator.desk.get_state_display())

    @admin.display(description=gettext_lazy("for how long"))
    def lasts(self, operator: Operator) -> str:
        return span(clock.now() - operator.desk.since)

    @admin.display(description=gettext_lazy("reason"))
    def reason(self, operator: Operator) -> str:
        return seats.reason_in_words(operator.desk.reason) or "–"

    @admin.display(description=gettext_lazy("mode of work"))
    def mode(self, operator: Operator) -> str:
        return str(operator.desk.get_mode_display())

    @admin.display(description=gettext_lazy("tags"))
    def tags(self, operator: Operator) -> str:
        return " ".join(operator.desk.tags) or "–"

    @admin.display(description=gettext_lazy("lease until"))
    def lease(self, operator: Operator) -> Any:
        return operator.desk.lease_until

    @admin.display(description=gettext_lazy("listen in"))
    def hear(self, operator: Operator) -> str:
        """Buttons for supervisors, while somebody talks there. The form they belong to stands in the page's foot."""
        call = (
            Call.objects.at_desks()
            .filter(desk=operator.desk_id, status=CallStatus.TALKING)
            .values_list("pk")
            .first()
        )
        if call is None:
            return "–"
        doors = [(reverse("admin:dispatch_desk_act", args=[what]), words) for what, words in _HEARING]
        return format_html_join(
            " ",
            '<button class="press" formmethod="post" formaction="{}" name="call" value="{}">{}</button>',
            ((door, call[0], words) for door, words in doors),
        )

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Only people of one's own units are given a desk."""
        if db_field.related_model is User:
            scope = scope_of(user_of(request))
            known = User.objects.filter(is_active=True).order_by("username")
            kwargs["queryset"] = known if scope is None else known.filter(unit__path__startswith=scope)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def get_urls(self) -> list[URLPattern]:
        site = self.admin_site.admin_view
        return [
            path("board/", site(lead.board_view), name="dispatch_board"),
            path("board/<slug:what>/", site(lead.act_view), name="dispatch_board_act"),
            path("desk/beat/", site(self.beat_view), name="dispatch_desk_beat"),
            path("desk/<slug:what>/", site(self.act_view), name="dispatch_desk_act"),
            *super().get_urls(),
        ]

    @method_decorator([never_cache, require_POST])
    def beat_view(self, request: HttpRequest) -> HttpResponse:
        """A sign of life of one's own desk, and what its row then says."""
        by, now = user_of(request), clock.now()
        seat = seats.beat(by=by, now=now) if by else None
        if seat is None:
            raise Http404
        told = {
            "state": seat.state,
            "words": seat.words,
            "reason": seat.reason,
            "after": _("then {state}").format(state=seat.after) if seat.after else "",
            "since": seat.since.isoformat(),
            "lasts": span(now - seat.since),
            "lease_until": seat.lease_until.isoformat() if seat.lease_until else None,
            "wrap": span(max(timedelta(), seat.wrap_until - now)) if seat.wrap_until else "",
            "call": seat.call,
            "asked": seat.asked,
            "case": _case(seat.case, scope_of(by)),
            "owes": _case(seat.owes, scope_of(by)),
            "acts": sorted(seat.acts),
            "told": seat.told,
        }
        return JsonResponse(told)

    @method_decorator([never_cache, require_POST])
    def act_view(self, request: HttpRequest, what: str) -> HttpResponse:
        """One act at one's own desk; what was wrong becomes a message. Then back to the page."""
        by, act = user_of(request), ACTS.get(what)
        if by is None or act is None:
            raise Http404
        if what in SUPERVISING and not leading.leads(by):
            refuse(request, f"desk {what}")
        try:
            act(by, request)
        except NotAllowedError as refusal:
            record.write("refused", now=clock.now(), by=by, why=str(refusal), act=f"desk {what}")
            return answered(request, _back(request), refusal.in_words(), well=False)
        transaction.on_commit(tasks.hints.send)  # the desk may be ready
        return answered(request, _back(request), "")


def _number(asked: HttpRequest, name: str) -> int:
    given = asked.POST.get(name, "")
    return int(given) if given.isascii() and given.isdecimal() and len(given) < 18 else 0


def _call(asked: HttpRequest) -> int:
    return _number(asked, "call")


def _call_within(by: User, asked: HttpRequest) -> int:
    """A call that is led at a desk of one's own units. Raises NotAllowedError."""
    call_id, scope = _call(asked), scope_of(by)
    mine = Operator.objects.filter(desk__call=call_id)
    if not (mine if scope is None else mine.filter(user__unit__path__startswith=scope)).exists():
        raise NotAllowedError("that call is not one of your units'")
    return call_id


def _case(case: Case | None, scope: str | None) -> dict[str, str] | None:
    """A call's case; its page only for who may see it."""
    if case is None:
        return None
    mine = within(case.unit.path if case.unit else None, scope)
    page = reverse("admin:dispatch_case_change", args=[case.pk]) if mine else ""
    return {"number": case.number, "url": page}


def _back(request: HttpRequest) -> str:
    """The page the bar stood on, if it is ours."""
    came = request.headers.get("referer", "")
    if url_has_allowed_host_and_scheme(came, {request.get_host()}, require_https=request.is_secure()):
        return came.replace("/person/", "/change/")  # what was opened there is shown once
    return reverse("admin:dispatch_case_changelist")
