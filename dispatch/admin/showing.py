"""Badges, and the operator's page of a video call: doors that translate and call one workflow function each."""

import base64
import io
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe
from PIL import Image, UnidentifiedImageError

from dispatch import record
from dispatch.admin.access import CHIEFS, DESK, OFFICE, Guarded, user_of
from dispatch.models import Attempt, Badge, User
from dispatch.models.choices import choices
from dispatch.vocabulary import Disposition
from dispatch.workflow import showing, words
from dispatch.workflow.refusal import NotAllowedError
from telephony import clock

if TYPE_CHECKING:
    _ModelForm = forms.ModelForm[Badge]
else:  # only the stubs' class has parameters
    _ModelForm = forms.ModelForm

FACE = (320, 400)  # pixels at most
LARGEST_UPLOAD = 8 * 1024 * 1024


class BadgeForm(_ModelForm):
    """The face is taken as a picture of any size and kept small."""

    picture = forms.FileField(label=gettext_lazy("face"), required=False)

    class Meta:
        model = Badge
        fields = ("user", "name", "number", "station")

    def clean_picture(self) -> str | None:
        given = self.cleaned_data["picture"]
        if given is None:
            if not self.instance.face:
                raise forms.ValidationError(_("A person must be able to see whom they talk with."))
            return None
        return small(given)

    def save(self, commit: bool = True) -> Badge:
        self.instance.face = self.cleaned_data["picture"] or self.instance.face
        return super().save(commit)


def small(given: Any) -> str:
    """An uploaded picture made small, as a data address, without what a camera wrote. Raises ValidationError."""
    if (given.size or 0) > LARGEST_UPLOAD:
        raise forms.ValidationError(_("That picture is too large."))
    try:
        with Image.open(given) as picture:
            picture.thumbnail(FACE)
            made = io.BytesIO()
            picture.convert("RGB").save(made, "JPEG", quality=82)
    except (UnidentifiedImageError, OSError, Image.DecompressionBombError):
        raise forms.ValidationError(_("That is no picture.")) from None
    return f"data:image/jpeg;base64,{base64.b64encode(made.getvalue()).decode()}"


@admin.register(Badge)
class BadgeAdmin(Guarded):
    """Who shows what on the video page; settled by administrators."""

    seen_by = CHIEFS
    changed_by = OFFICE
    added_by = OFFICE
    unit_path = "user__unit__path"
    form = BadgeForm
    list_display = ("user", "name", "number", "station")
    list_select_related = ("user",)
    ordering = ("number",)
    fields = ("user", "name", "number", "station", "picture")

    def get_urls(self) -> list[URLPattern]:
        site = self.admin_site.admin_view
        return [
            path("video/", site(self.video_view), name="dispatch_video"),
            path("video/rehearsal/", site(self.rehearsal_view), name="dispatch_video_rehearsal"),
            path("video/<int:pk>/", site(self.panel_view), name="dispatch_video_panel"),
            path("video/<int:pk>/<slug:what>/", site(self.act_view), name="dispatch_video_act"),
            *super().get_urls(),
        ]

    @method_decorator([never_cache, require_safe])
    def video_view(self, request: HttpRequest) -> HttpResponse:
        """To the call at one's own desk; without one, what there is to try."""
        by = _operator(request)
        attempt = showing.own_call(by=by)
        if attempt is not None:
            return HttpResponseRedirect(reverse("admin:dispatch_video_panel", args=[attempt.pk]))
        context = {**self._frame(request), "last": showing.last_talk(by=by)}
        return TemplateResponse(request, "admin/dispatch/video/none.html", context)

    @method_decorator([never_cache, require_POST])
    def rehearsal_view(self, request: HttpRequest) -> HttpResponse:
        """A call with oneself."""
        by, now = _operator(request), clock.now()
        try:
            made = showing.rehearse(by=by, wall=clock.wall().timestamp(), now=now)
        except NotAllowedError as refusal:
            _refused(refusal, by, now, act="rehearse")
            messages.error(request, refusal.in_words())
            return HttpResponseRedirect(reverse("admin:dispatch_video"))
        context = {"rehearsal": made, "way": {"line": made.line, "token": made.token, "sent": True}}
        return TemplateResponse(
            request, "admin/dispatch/video/panel.html", {**self._frame(request), **context}
        )

    @method_decorator([never_cache, require_safe])
    def panel_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The operator's side of a call that goes by the page."""
        by, now = _operator(request), clock.now()
        try:
            panel = showing.panel(attempt_id=_known(pk), by=by, wall=clock.wall().timestamp())
        except NotAllowedError as refusal:
            _refused(refusal, by, now, act="video", attempt=pk)
            messages.error(request, refusal.in_words())
            return HttpResponseRedirect(reverse("admin:dispatch_video"))
        context = {
            "panel": panel,
            "way": {"line": panel.line, "token": panel.token, "sent": panel.sent},
            "dispositions": choices(Disposition),
        }
        return TemplateResponse(
            request, "admin/dispatch/video/panel.html", {**self._frame(request), **context}
        )

    @method_decorator([never_cache, require_POST])
    def act_view(self, request: HttpRequest, pk: int, what: str) -> HttpResponse:
        """One act in a call, asked by the page itself, which goes on: what was done, or why not."""
        by, now, act = _operator(request), clock.now(), ACTS.get(what)
        if act is None:
            raise Http404
        try:
            act(_known(pk), request, by, now)
        except NotAllowedError as refusal:
            _refused(refusal, by, now, act=f"video {what}", attempt=pk)
            return JsonResponse({"done": False, "words": refusal.in_words()}, status=409)
        return JsonResponse({"done": True, "words": str(DONE[what])})

    def _frame(self, request: HttpRequest) -> dict[str, Any]:
        return {**self.admin_site.each_context(request), "title": _("Video call"), "opts": self.opts}


def _operator(request: HttpRequest) -> User:
    by = user_of(request)
    if by is None or not by.is_a(*DESK):
        raise Http404
    return by


def _known(pk: int) -> int:
    if not Attempt.objects.filter(pk=pk).exists():
        raise Http404
    return pk


def _refused(refusal: NotAllowedError, by: User, now: datetime, **what: Any) -> None:
    attempt = Attempt.objects.filter(pk=what.get("attempt", 0)).select_related("case").first()
    record.write("refused", now=now, case=attempt.case if attempt else None, by=by, why=str(refusal), **what)


def _send(pk: int, asked: HttpRequest, by: User, now: datetime) -> None:
    showing.send_link(attempt_id=pk, announced=asked.POST.get("announced") == "on", by=by, now=now)


def _identify(pk: int, asked: HttpRequest, by: User, now: datetime) -> None:
    showing.own(attempt_id=pk, by=by)
    words.identify(attempt_id=pk, by=by, now=now)


def _judge(pk: int, asked: HttpRequest, by: User, now: datetime) -> None:
    attempt, said = showing.own(attempt_id=pk, by=by), asked.POST.get("disposition", "")
    if said not in set(Disposition):
        raise NotAllowedError("say what they decided")
    if attempt.identified_at is None and said != Disposition.WRONG_PERSON:
        raise NotAllowedError("Check the identity first, then judge.")
    words.judge(attempt_id=pk, disposition=Disposition(said), by=by, now=now)


def _by_page(pk: int, asked: HttpRequest, by: User, now: datetime) -> None:
    showing.own(attempt_id=pk, by=by)
    showing.by_page(attempt_id=pk, by=by, now=now)


ACTS: dict[str, Callable[[int, HttpRequest, User, datetime], None]] = {
    "send": _send, "identify": _identify, "judge": _judge, "by_page": _by_page,
}  # fmt: skip
DONE = {
    "send": gettext_lazy("The link is on its way."),
    "identify": gettext_lazy("Identity checked. Now the disposition."),
    "judge": gettext_lazy("The disposition is on record."),
    "by_page": gettext_lazy("Their video calls go by the page."),
}
