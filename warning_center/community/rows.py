"""Checks as community officers see them: whom, by when, how, by whom; what is overdue first. Frozen rows, masked."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Case, Exists, F, OuterRef, Q, QuerySet, When
from django.utils.translation import gettext as _

from dispatch import policies
from dispatch.admin import columns
from dispatch.admin.columns import Mark, Moment
from dispatch.checks import checks_done
from dispatch.models import Attempt, Unit, User
from dispatch.models.choices import name
from dispatch.vocabulary import Level, Result, Role, Stage, Tier, Way
from dispatch.workflow.checkers import LOCAL
from dispatch.workflow.followups import FOUND, FOUND_IN_A_WATCH

AHEAD = timedelta(days=7)  # what is planned within so long is shown, so that a week can be planned


@dataclass(frozen=True, slots=True)
class Check:
    """One check, or a watch that only news ends."""

    pk: int
    case: str
    mark: Mark
    person: str
    phones: tuple[str, ...]
    fraud: str
    unit: str
    state: str  # overdue, due, watch, planned
    word: str
    when: Moment
    way: str
    way_code: str
    worker: int | None
    worker_name: str
    results: tuple[tuple[str, str], ...]


def checks(unit: Unit, now: datetime, *, mine: User | None = None) -> QuerySet[Attempt]:
    """The checks of a unit's subtree that ask for something: missed, going on, watched, or planned for soon.

    A missed one is shown until the next has begun.
    """
    later = Attempt.objects.filter(case=OuterRef("case"), tier=Tier.FOLLOW_UP, pk__gt=OuterRef("pk"))
    missed = Q(stage=Stage.CHECKING, result=Result.NO_NEWS, case__closed_at=None) & ~Exists(
        later.filter(started_at__isnull=False)
    )
    live = Q(ended_at=None) & (~Q(stage=Stage.PLANNED) | Q(starts_at__lte=now + AHEAD))
    found = Attempt.objects.filter(live | missed, tier=Tier.FOLLOW_UP).under(unit)
    if mine is not None:
        found = found.filter(assignment__user=mine)
    found = found.select_related("case__target", "unit", "assignment__user")
    return found.order_by(_TURN, F("ended_at").asc(nulls_last=True), "due_at", "-case__level", "pk")


# Missed, going on, planned; a watch asks nothing of anybody.
_TURN = Case(
    When(ended_at__isnull=False, then=0),
    When(stage=Stage.WATCHING, then=3),
    When(started_at=None, then=2),
    default=1,
)


def lines(attempts: Iterable[Attempt], now: datetime) -> list[Check]:
    """These as rows, with everything they show in a handful of queries."""
    shown = list(attempts)
    past = defaultdict(list)
    cases = {attempt.case_id for attempt in shown}
    for attempt in Attempt.objects.filter(case__in=cases, tier=Tier.FOLLOW_UP).order_by("pk"):
        past[attempt.case_id].append(attempt)
    return [_line(attempt, past[attempt.case_id], now) for attempt in shown]


def _line(attempt: Attempt, past: list[Attempt], now: datetime) -> Check:
    case = attempt.case
    state = _state(attempt, now)
    way = _way(attempt, past) if state != "watch" else ""
    given = getattr(attempt, "assignment", None)
    found = FOUND_IN_A_WATCH if state == "watch" else FOUND
    return Check(
        pk=attempt.pk,
        case=case.number,
        mark=columns.mark(case.level),
        person=columns.person(case, now),
        phones=tuple(use.phone.masked for use in case.target.numbers.select_related("phone")),
        fraud=columns.fraud(case),
        unit=str(attempt.unit or ""),
        state=state,
        word=_words()[state],
        when=_when(attempt, state, now),
        way=name(Way(way)) if way else "",
        way_code=way,
        worker=given.user_id if given else None,
        worker_name=str(given.user.get_full_name() or given.user) if given else "",
        results=tuple((one.value, name(one)) for one in found) if state != "planned" else (),
    )


def _words() -> dict[str, str]:
    return {
        "overdue": _("overdue"),
        "due": _("to be checked"),
        "watch": _("watched"),
        "planned": _("planned"),
    }


def _state(attempt: Attempt, now: datetime) -> str:
    if attempt.stage == Stage.WATCHING:
        return "watch"
    if attempt.started_at is None:
        return "planned"
    late = attempt.ended_at is not None or (attempt.due_at is not None and attempt.due_at < now)
    return "overdue" if late else "due"


def _when(attempt: Attempt, state: str, now: datetime) -> Moment:
    """When it is due; of one that was missed, since when it has been."""
    at = attempt.ended_at or attempt.due_at or attempt.starts_at
    words = {"watch": _("watch ends"), "planned": _("planned for"), "overdue": _("was due")}
    return columns.moment(words.get(state, _("check by")), at, now)


def _way(attempt: Attempt, past: list[Attempt]) -> str:
    """How the policy wants this check made; "" where it does not say."""
    case = attempt.case
    ways = policies.escalation_rules(case.policy_id).levels[Level(case.level)].rungs[Tier.FOLLOW_UP].ways
    before = [one for one in past if one.pk < attempt.pk]
    since = case.agreed_at or min((one.starts_at for one in past), default=attempt.starts_at)
    done = checks_done([one.as_past() for one in before], since)
    return ways[done].value if done < len(ways) else ""


def workers(unit: Unit) -> list[tuple[int, str]]:
    """To whom checks of a subtree may be given: officers of its villages, towns and stations, and of those above."""
    above = [one.pk for one in unit.ancestors() if one.kind in LOCAL]
    found = User.objects.filter(is_active=True, role=Role.OFFICER, unit__kind__in=LOCAL)
    found = found.filter(Q(unit__path__startswith=unit.path) | Q(unit__in=above)).select_related("unit")
    return [
        (one.pk, f"{one.get_full_name() or one.get_username()} · {one.unit}")
        for one in found.order_by("unit__path", "username")[:200]
    ]


def places(unit: Unit) -> list[Unit]:
    """The villages, towns and stations of a subtree whose list may be asked for."""
    return list(Unit.objects.in_service().under(unit).filter(kind__in=LOCAL).order_by("path")[:500])
