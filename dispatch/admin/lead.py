"""The doors of the shift's board: the page, and what a shift lead does there; everybody else gets 403, on record."""

from collections.abc import Callable

from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from dispatch import record
from dispatch.admin import board
from dispatch.admin.access import scope_of, user_of
from dispatch.admin.finding import find
from dispatch.models import Case, User
from dispatch.workflow import leading, proposing
from dispatch.workflow.refusal import NotAllowedError
from telephony import clock

Act = Callable[[User, HttpRequest], object]


def _number(asked: HttpRequest, name: str) -> int:
    given = asked.POST.get(name, "")
    return int(given) if given.isascii() and given.isdecimal() and len(given) < 18 else 0


def _reassign(by: User, asked: HttpRequest) -> None:
    to = User.objects.select_related("unit").filter(pk=_number(asked, "to")).first()
    if to is None:
        raise NotAllowedError("say to whom")
    scope, cases = scope_of(by), Case.objects.all()
    if scope is not None:
        cases = cases.filter(unit__path__startswith=scope) if scope else cases.none()
    found = find(asked.POST.get("case", ""), cases)
    if isinstance(found, str) or len(found) != 1:
        raise NotAllowedError("name one case of your units, by its number")
    leading.reassign(by=by, case_id=found[0].pk, to=to, why=asked.POST.get("why", ""), now=clock.now())


def _force(do: Callable[..., None]) -> Act:
    return lambda by, asked: do(
        by=by, operator_id=_number(asked, "operator"), why=asked.POST.get("why", ""), now=clock.now()
    )


def _accept(by: User, asked: HttpRequest) -> None:
    proposing.accept(proposal_id=_number(asked, "proposal"), by=by, now=clock.now())


def _decline(by: User, asked: HttpRequest) -> None:
    why = asked.POST.get("why", "")
    proposing.decline(proposal_id=_number(asked, "proposal"), why=why, by=by, now=clock.now())


ACTS: dict[str, tuple[Act, Promise]] = {
    "pause": (_force(leading.pause), gettext_lazy("The desk takes no more calls; its operator is told why.")),
    "away": (_force(leading.sign_off), gettext_lazy("The desk is signed off; its operator is told why.")),
    "accept": (_accept, gettext_lazy("The case is handed over.")),
    "decline": (_decline, gettext_lazy("The hand-over is declined; the case stays ours.")),
    "reassign": (_reassign, gettext_lazy("The case is given to them.")),
}


@never_cache
@require_safe
def board_view(request: HttpRequest) -> HttpResponse:
    """The board, live."""
    by = user_of(request)
    if by is None or not leading.leads(by):
        return _refused(request, by, "board")
    now = clock.now()
    context = {
        **admin.site.each_context(request),
        "title": _("The shift"),
        "here": "board",
        "board": board.look(by, now=now),
        "receivers": board.may_receive(by),
        "longest_why": leading.LONGEST_WHY,
    }
    return TemplateResponse(request, "admin/dispatch/board.html", context)


@never_cache
@require_POST
def act_view(request: HttpRequest, what: str) -> HttpResponse:
    """One act on another's desk, or on a case; what was wrong becomes a message. Then back to the board."""
    by = user_of(request)
    if by is None or not leading.leads(by):
        return _refused(request, by, f"board {what}")
    if what not in ACTS:
        raise Http404
    act, done = ACTS[what]
    try:
        act(by, request)
    except NotAllowedError as refusal:
        record.write("refused", now=clock.now(), by=by, why=str(refusal), act=f"board {what}")
        messages.error(request, refusal.in_words())
    else:
        messages.success(request, str(done))
    return HttpResponseRedirect(reverse("admin:dispatch_board"))


def _refused(request: HttpRequest, by: User | None, what: str) -> HttpResponse:
    record.write("refused", now=clock.now(), by=by, why="only supervisors and shift leads do this", act=what)
    return render(request, "center/refused.html", status=403)
