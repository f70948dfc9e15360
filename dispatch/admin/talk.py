"""What the middle of the case page shows while somebody is on the telephone, and what is asked of them after."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dispatch.admin.access import within
from dispatch.admin.columns import AT_A_DESK
from dispatch.models import Attempt, Case, User
from dispatch.models.choices import name
from dispatch.vocabulary import (
    CALLS,
    FACE_TO_FACE,
    RESULTS_OF,
    Disposition,
    Result,
    Role,
    Stage,
    Tier,
)
from dispatch.workflow import words
from dispatch.workflow.byhand import call_back_bounds
from telephony import handset
from telephony.carrier import CallStatus

# The keys of the dispositions, and which of them say that the person has listened, and agreed.
KEYS = {
    Disposition.PERSUADED: "P",
    Disposition.NOT_PERSUADED: "N",
    Disposition.DENIES: "D",
    Disposition.ALREADY_TRANSFERRED: "T",
    Disposition.FALSE_ALARM: "F",
    Disposition.WRONG_PERSON: "W",
}
LISTENED = frozenset(KEYS) - {Disposition.WRONG_PERSON}
DELAYS = (5, 10, 15, 30, 60, 120, 240, 480, 720, 1440)  # minutes


@dataclass(frozen=True, slots=True)
class Choice:
    """One disposition: its key, and the rungs of the ladder that it says."""

    code: str
    words: str
    key: str
    rungs: str
    marks: str


@dataclass(frozen=True, slots=True)
class Talk:
    """A call of this case that runs, or whose disposition is awaited."""

    attempt: int
    words: str
    phone: str
    desk: str
    own: bool  # at the reader's own desk
    up: bool  # and somebody talks there, so that it can be ended
    mutes: bool  # and the line can mute them
    muted: bool
    over: bool  # the line is silent; only the word is awaited
    since: datetime
    gone: int  # seconds since then
    identified: bool
    choices: tuple[Choice, ...]
    results: tuple[tuple[str, str], ...]


def of(case: Case, by: User, now: datetime) -> Talk | None:
    """The call that is up at the reader's desk, else any other; the one that waits for its word; None if none does."""
    calls = case.attempts.filter(tier__in=CALLS, call__isnull=False).select_related(
        "call__desk__operator", "phone"
    )
    live = [a for a in calls.filter(ended_at=None, stage__in=AT_A_DESK) if a.call]
    unheard = calls.filter(call__desk__operator__user=by, call__answered_at__isnull=False, disposition="")
    last = unheard.exclude(call__result__in=("machine", "failed_here")).order_by("-call__dialled_at").first()
    if last is not None and last.ended_at is not None and not last.evidence.get("said"):
        live.append(last)
    own = [a for a in live if _is_own(a, by)]
    chosen = next(iter(own or live), None)
    return _talk(chosen, by, now) if chosen else None


def _is_own(attempt: Attempt, by: User) -> bool:
    desk = attempt.call.desk if attempt.call else None
    return desk is not None and getattr(getattr(desk, "operator", None), "user_id", None) == by.pk


def _talk(attempt: Attempt, by: User, now: datetime) -> Talk | None:
    call = attempt.call
    if call is None:
        return None
    stage = Stage(attempt.stage) if attempt.ended_at is None else Stage.JUDGING
    over = stage is Stage.JUDGING
    own = _is_own(attempt, by)
    up = own and stage is Stage.TALKING and call.status == CallStatus.TALKING and call.desk_id is not None
    since = (call.ended_at if over else call.answered_at) or call.dialled_at or attempt.starts_at
    return Talk(
        attempt=attempt.pk,
        words=f"{name(Tier(attempt.tier))} {name(stage)}",
        phone=attempt.phone.masked if attempt.phone else "",
        desk=str(call.desk or ""),
        own=own,
        up=up,
        mutes=up and handset.can_mute(call.desk_id or 0),
        muted=up and handset.is_muted(call.desk_id or 0),
        over=over,
        since=since,
        gone=max(0, int((now - since).total_seconds())),
        identified=attempt.identified_at is not None,
        choices=() if stage is Stage.DIALLED else _choices(),
        results=_results(attempt),
    )


def _choices() -> tuple[Choice, ...]:
    return tuple(
        Choice(said.value, str(name(said)), key, _rungs(said), _marks(said)) for said, key in KEYS.items()
    )


def _results(attempt: Attempt) -> tuple[tuple[str, str], ...]:
    """What else a person may say that it met."""
    said = RESULTS_OF[Tier(attempt.tier)] - FACE_TO_FACE - words.NOT_A_PERSONS_WORD
    return tuple((one.value, name(one)) for one in Result if one in said)


def _rungs(said: Disposition) -> str:
    """The rungs a word climbs, in words."""
    if said not in LISTENED:
        return "–"
    rungs = [_("reached"), _("listened")] + ([_("agreed")] if said is Disposition.PERSUADED else [])
    return " → ".join(rungs)


def _marks(said: Disposition) -> str:
    """The same as marks: reached, listened, agreed."""
    climbed = 0 if said not in LISTENED else 3 if said is Disposition.PERSUADED else 2
    return "●" * climbed + "○" * (3 - climbed)


def colleagues(case: Case, by: User, now: datetime) -> list[tuple[int, str]]:
    """Operators and supervisors who may see the case, but the reader: id and name."""
    path = case.unit.path if case.unit else None
    known = User.objects.filter(is_active=True, role__in=(Role.OPERATOR, Role.SUPERVISOR)).exclude(pk=by.pk)
    seen = known.select_related("unit").order_by("username")[:200]
    return [
        (one.pk, one.get_full_name() or one.username)
        for one in seen
        if one.unit is not None and within(path, one.unit.path or "")
    ]


def delays(case: Case) -> list[tuple[int, str]]:
    """After how many minutes a call back may be arranged for this case, with the words for it."""
    soonest, latest = call_back_bounds(case)
    fit = [minutes for minutes in DELAYS if soonest <= timedelta(minutes=minutes) <= latest]
    return [
        (minutes, ngettext("in {n} minute", "in {n} minutes", minutes).format(n=minutes)) for minutes in fit
    ]
