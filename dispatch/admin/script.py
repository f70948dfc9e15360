"""The script beside a case: what to ask and say, what police never ask, by situation; and the mark it is given."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from dispatch import policies, record, scripts
from dispatch.admin.access import DESK, scope_of, user_of, within
from dispatch.models import Attempt, Case, PolicyVersion, User
from dispatch.models.choices import name
from dispatch.scripts import Line
from dispatch.vocabulary import CALLS, Disposition, FraudType, Result, Situation, Stage, Tier
from dispatch.workflow import scripting
from dispatch.workflow.refusal import NotAllowedError
from telephony import clock

_SPOKEN = (Stage.TALKING, Stage.JUDGING)


@dataclass(frozen=True, slots=True)
class Said:
    """A line as shown: what is spoken, which is Chinese; English beside it for who reads English; why, and where
    that is public."""

    id: str
    zh: str
    en: str
    why: str
    source: str


@dataclass(frozen=True, slots=True)
class Tab:
    """The script of one situation. `remark` says when it is not the type's own."""

    code: str
    title: str
    chosen: bool
    ask: tuple[Said, ...]
    say: tuple[Said, ...]
    remark: str


@dataclass(frozen=True, slots=True)
class Marked:
    """The newest mark of the attempt."""

    helped: bool
    title: str
    sentence: str
    who: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Panel:
    """Everything the template shows; `attempt` 0: no call has begun that could be marked."""

    title: str
    version: int
    address: str
    situation: str
    situation_words: str
    tabs: tuple[Tab, ...]
    never: tuple[Said, ...]
    attempt: int
    attempt_words: str
    marked: Marked | None
    mark_at: str


def panel(case: Case, user: User | None, now: datetime) -> Panel:
    """The script of a case as it stands: the version in force, the situation that its facts tell."""
    version = policies.current(PolicyVersion.Kind.SCRIPTS, now)
    fraud, told = FraudType(case.fraud_type), policies.scripts_of(version.pk)
    attempts = list(
        case.attempts.order_by("-pk").values_list(
            "pk", "tier", "stage", "result", "disposition", "judged_at", "identified_at", "started_at"
        )
    )
    here = scripts.situation(_facts(case, attempts))
    tabs = tuple(_tab(told.script(fraud, one), here) for one in Situation)
    call = next(((pk, tier) for pk, tier, *rest in attempts if tier in CALLS and rest[-1] is not None), None)
    return Panel(
        title=name(fraud),
        version=version.version,
        address=reverse("admin:dispatch_policyversion_change", args=[version.pk]),
        situation=here.value,
        situation_words=name(here),
        tabs=tabs,
        never=tuple(map(said, told.script(fraud, here).never)),
        attempt=call[0] if call and user is not None and user.is_a(*DESK) else 0,
        attempt_words=name(Tier(call[1])) if call else "",
        marked=_marked(case, call[0], tabs) if call else None,
        mark_at=reverse("admin:dispatch_script_mark"),
    )


def _facts(case: Case, attempts: Iterable[tuple[Any, ...]]) -> scripts.Facts:
    """What the pure choice goes by."""
    met: list[Result] = []
    judged: tuple[datetime, int, Disposition] | None = None
    identified = False
    for pk, tier, stage, result, word, judged_at, identified_at, _started in attempts:
        if tier in CALLS and result and result != Result.CANCELLED:
            met.append(Result(result))
        if tier in CALLS and not result and stage in _SPOKEN and identified_at is not None:
            identified = True
        if word and (judged is None or (judged_at, pk) > judged[:2]):
            judged = (judged_at, pk, Disposition(word))
    signs = frozenset(sign for sign, size in case.sizes.items() if size)
    return scripts.Facts(tuple(met), judged[2] if judged else None, identified, signs)


def _tab(script: scripts.Script, here: Situation) -> Tab:
    remark = ""
    if not script.known:
        remark = _("This fraud type has no script: the general one is shown.")
    elif not script.own:
        remark = _(
            "This fraud type has no script of its own here: the general one is shown, then its first contact."
        )
    return Tab(
        code=script.situation.value,
        title=name(script.situation),
        chosen=script.situation is here,
        ask=tuple(map(said, script.ask)),
        say=tuple(map(said, script.say)),
        remark=remark,
    )


def said(line: Line, *, both: bool = False) -> Said:
    """A line as the reader's language wants it: what is spoken is Chinese, the English for who reads it, or `both`."""
    language = "zh" if (get_language() or "").startswith("zh") else "en"
    english = line.words["en"] if both or language == "en" else ""
    return Said(line.id, line.words["zh"], english, line.reason.words[language], line.reason.source[language])


def _marked(case: Case, attempt: int, tabs: Iterable[Tab]) -> Marked | None:
    newest = (
        scripting.marks_of(case.pk)
        .filter(detail__attempt=attempt)
        .select_related("by")
        .order_by("-at", "-pk")
        .first()
    )
    if newest is None:
        return None
    told = newest.detail
    lines = {line.id: line.zh for tab in tabs for part in (tab.ask, tab.say) for line in part}
    return Marked(
        helped=bool(told["helped"]),
        title=name(Situation(told["situation"])),
        sentence=lines.get(told.get("sentence", ""), told.get("sentence", "")),
        who=str(newest.by.get_full_name() or newest.by) if newest.by else "",
        at=newest.at,
    )


def mark(request: HttpRequest) -> HttpResponse:
    """One mark: permission, then one workflow function. JSON for the page's own script, else back to the page."""
    by, now = user_of(request), clock.now()
    if by is None:
        raise Http404
    case, attempt = _of(request, by)
    said_no = ""
    try:
        _mark(request, attempt, by, now)
    except NotAllowedError as refusal:
        record.write("refused", now=now, case=case, by=by, why=str(refusal), act="script mark")
        said_no = refusal.in_words()
    if request.headers.get("x-requested-with") == "script":
        told = {"words": said_no or _("On record."), "done": not said_no}
        return JsonResponse(told, status=409 if said_no else 200)
    return HttpResponseRedirect(reverse("admin:dispatch_case_change", args=[case.pk]))


def _of(request: HttpRequest, by: User) -> tuple[Case, int]:
    """The case of the attempt that is to be marked, if the user may see it; trying another's is on record."""
    given = request.POST.get("attempt", "")
    pk = int(given) if given.isascii() and given.isdecimal() and len(given) < 18 else 0
    attempt = Attempt.objects.select_related("case__unit").filter(pk=pk).first()
    if attempt is None:
        raise Http404
    case = attempt.case
    if not within(case.unit.path if case.unit else "", scope_of(by)):
        record.write("refused", now=clock.now(), case=case, by=by, why="not their unit's")
        raise Http404
    return case, attempt.pk


def _mark(request: HttpRequest, attempt: int, by: User, now: datetime) -> None:
    sent = request.POST
    if sent.get("situation") not in {one.value for one in Situation}:
        raise NotAllowedError("there is no such situation")
    version = sent.get("version", "")
    if not (version.isascii() and version.isdecimal() and len(version) < 10):
        raise NotAllowedError("no scripts of version {number} have been in force", number=version[:9])
    if sent.get("helped") not in ("yes", "no"):
        raise NotAllowedError("say whether it helped")
    scripting.mark(
        attempt_id=attempt,
        version=int(version),
        situation=Situation(sent["situation"]),
        helped=sent["helped"] == "yes",
        sentence=sent.get("sentence", "")[: scripts.LONGEST_ID],
        by=by,
        now=now,
    )
