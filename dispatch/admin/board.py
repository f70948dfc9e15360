"""The shift's board as frozen rows: who does what for how long, who waits, what was promised. Bounded queries."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Min, Q, QuerySet
from django.utils.translation import gettext as _

from dispatch import wording
from dispatch.admin import columns, proposed, trunks
from dispatch.admin.access import scope_of
from dispatch.admin.columns import Mark, Moment, span
from dispatch.admin.proposed import Proposed
from dispatch.admin.reach import Link, link, of_units
from dispatch.admin.trunks import Carried
from dispatch.models import Attempt, Case, Event, Operator, Unit, User
from dispatch.models.event import TIME_UP
from dispatch.vocabulary import CALLS, Level, Result, Stage
from dispatch.workflow import debts, seats
from telephony import lines
from telephony.carrier import CallStatus
from telephony.models import Call, Desk, Leg

MOST_OPERATORS, MOST_HELD, MOST_BROKEN = 200, 30, 8
LATE = timedelta(seconds=5)  # a case that should have moved so long ago; a tick comes every second
LAST_HOUR = timedelta(hours=1)
_SHAPES = {
    Desk.State.TALKING: "●",
    Desk.State.OFFERED: "◐",
    Desk.State.READY: "○",
    Desk.State.WRAPPING: "✎",
    Desk.State.PAUSED: "‖",
}


@dataclass(frozen=True, slots=True)
class Seated:
    """An operator at a desk, or one who went away and owes a word. `call` is set while somebody talks there; `deaf`
    says why nobody can listen to it."""

    id: int
    name: str
    desk: str
    state: str
    shape: str
    words: str
    reason: str
    told: str
    since: datetime
    lasts: str
    case: Link | None
    held: int
    call: int | None
    deaf: str
    hears: str  # how the reader takes part in this call already
    owes: Link | None  # the case of whose talk nobody has said yet what came of it
    word: Moment | None  # by when the case's policy wants that


@dataclass(frozen=True, slots=True)
class Waits:
    """Of a level: calls that wait for a line or an operator, for how long the oldest; cases that are late."""

    mark: Mark
    calls: int
    oldest: str
    late: int


@dataclass(frozen=True, slots=True)
class Broken:
    """A promise whose time was up."""

    at: datetime
    words: str
    case: Link


@dataclass(frozen=True, slots=True)
class Asked:
    """Somebody who has asked for an officer by a key, and is to be called back."""

    at: datetime
    waits: str
    words: str
    case: Link
    mark: Mark


@dataclass(frozen=True, slots=True)
class Held:
    """An open case in somebody's hands."""

    case: Link
    mark: Mark
    who: str


@dataclass(frozen=True, slots=True)
class Board:
    """The whole board."""

    asked: tuple[Asked, ...]
    seated: tuple[Seated, ...]
    away: int
    trunks: tuple[Carried, ...]
    waits: tuple[Waits, ...]
    broken: tuple[Broken, ...]
    broken_lately: int
    held: tuple[Held, ...]
    proposed: tuple[Proposed, ...]
    mute: str  # why the reader can listen to nobody; "" if they can
    at: datetime


def look(by: User, *, now: datetime) -> Board:
    """The board of the units that a shift lead sees."""
    scope = scope_of(by)
    operators = _operators(scope)
    held = _held(scope)
    mute = _mute(by)
    gone = Q(desk__state=Desk.State.AWAY, desk__owes=None)
    return Board(
        asked=tuple(_asked(scope, now)),
        seated=_seated(operators.exclude(gone), by, scope, mute, now),
        away=operators.filter(gone).count(),
        trunks=trunks.look(now),
        waits=_waits(scope, now),
        broken=_broken(scope, now),
        broken_lately=_settled(scope, now).count(),
        held=tuple(
            Held(link(case, scope), columns.mark(case.level), str(case.holder.get_full_name() or case.holder))
            for case in held
            if case.holder is not None
        ),
        proposed=tuple(proposed.waiting(scope, now)),
        mute=mute,
        at=now,
    )


def _operators(scope: str | None) -> QuerySet[Operator]:
    found = Operator.objects.select_related("user", "desk", "moved_by").defer("desk__address")
    if scope is None:
        return found
    return found.filter(user__unit__path__startswith=scope) if scope else found.none()


def _seated(
    operators: QuerySet[Operator], by: User, scope: str | None, mute: str, now: datetime
) -> tuple[Seated, ...]:
    here = list(operators.order_by("desk__state", "desk__since", "pk")[:MOST_OPERATORS])
    calls = {
        call.desk_id: call
        for call in Call.objects.at_desks()
        .filter(desk__in=[one.desk_id for one in here])
        .select_related("trunk")
        .defer("number")
    }
    attempts = Attempt.objects.filter(call__in=[call.pk for call in calls.values()])
    cases = {a.call_id: a.case for a in attempts.select_related("case__unit").defer("note")}
    many = dict(
        Case.objects.open()
        .filter(holder__in=[one.user_id for one in here])
        .order_by()
        .values_list("holder")
        .annotate(Count("pk"))
    )
    mine = Leg.objects.live().filter(desk__operator__user=by, role=Leg.Role.SUPERVISOR)
    hears = {call: str(Leg.Way(way).label) for call, way in mine.values_list("call", "way")}
    owed = debts.until([one.desk.owes for one in here if one.desk.owes])
    return tuple(
        _seat(one, calls.get(one.desk_id), cases, many.get(one.user_id, 0), hears, owed, scope, mute, now)
        for one in here
    )


def _seat(
    operator: Operator,
    call: Call | None,
    cases: Mapping[int | None, Case],
    held: int,
    hears: Mapping[int, str],
    owed: Mapping[int, tuple[Attempt, datetime]],
    scope: str | None,
    mute: str,
    now: datetime,
) -> Seated:
    desk = operator.desk
    attempt, by_when = owed.get(desk.owes or 0, (None, now))
    case = cases.get(call.pk) if call else None
    talks = call is not None and call.status == CallStatus.TALKING
    return Seated(
        id=operator.pk,
        name=str(operator.user.get_full_name() or operator.user),
        desk=desk.name,
        state=desk.state,
        shape=_SHAPES.get(Desk.State(desk.state), "–"),
        words=str(desk.get_state_display()),
        reason=seats.reason_in_words(desk.reason),
        told=operator.moved_why if operator.moved else "",
        since=desk.since,
        lasts=span(max(timedelta(), now - desk.since)),
        case=link(case, scope) if case else None,
        held=held,
        call=call.pk if call and talks else None,
        deaf=(mute or _deaf(call)) if call and talks else "",
        hears=hears.get(call.pk, "") if call else "",
        owes=link(attempt.case, scope) if attempt else None,
        word=columns.moment(_("what came of it?"), by_when, now) if attempt else None,
    )


def _deaf(call: Call) -> str:
    if call.trunk is None or not lines.can_join(call.trunk.carrier):
        return _("this line joins nobody to a call")
    return ""


def _mute(by: User) -> str:
    """Listening rings one's own phone."""
    mine = Operator.objects.filter(user=by)
    if not mine.exists():
        return _("you have no desk of your own that could be rung")
    return "" if mine.exclude(desk__address="").exists() else _("your desk has no phone")


def _waits(scope: str | None, now: datetime) -> tuple[Waits, ...]:
    booked = Attempt.objects.live().filter(
        tier__in=CALLS, call__status=CallStatus.BOOKED, call__due_at__lte=now
    )
    waiting = of_units(booked, scope, "case__unit__path").order_by().values_list("case__level")
    calls = {level: (n, since) for level, n, since in waiting.annotate(Count("pk"), Min("starts_at"))}
    # Each level by name, so that what is late is read off an index that begins with the level.
    behind = Case.objects.open().filter(level__in=list(Level), due_at__lt=now - LATE)
    overdue = behind.order_by().values_list("level")
    late = dict(of_units(overdue, scope, "unit__path").annotate(Count("pk")))
    told = []
    for level in reversed(Level):
        n, since = calls.get(level, (0, None))
        oldest = span(max(timedelta(), now - since)) if since else ""
        told.append(Waits(columns.mark(level), n, oldest, late.get(level, 0)))
    return tuple(told)


def _asked(scope: str | None, now: datetime) -> Iterable[Asked]:
    """Those who are to be called back, until somebody talks with them."""
    live = of_units(
        Attempt.objects.live().exclude(asked="").exclude(stage=Stage.TALKING), scope, "case__unit__path"
    )
    for attempt in live.select_related("case__unit").order_by("starts_at", "pk")[:MOST_HELD]:
        yield Asked(
            attempt.starts_at,
            span(max(timedelta(), now - attempt.starts_at)),
            wording.key_in_words(attempt.asked),
            link(attempt.case, scope),
            columns.mark(attempt.case.level),
        )


def _settled(scope: str | None, now: datetime) -> QuerySet[Event, Any]:
    """Promises of the last hour whose time was up. A watch that ends quietly is none."""
    ended = Event.objects.filter(verb__in=TIME_UP, at__gt=now - LAST_HOUR, at__lte=now)
    return of_units(ended.exclude(detail__result=Result.NO_NEWS.value), scope, "case__unit__path")


def _broken(scope: str | None, now: datetime) -> tuple[Broken, ...]:
    newest = list(_settled(scope, now).select_related("case__unit").order_by("-at", "-pk")[:MOST_BROKEN])
    units = Unit.objects.in_bulk({event.detail["unit"] for event in newest if "unit" in event.detail})
    return tuple(_told(newest, units, scope))


def _told(events: Iterable[Event], units: dict[int, Unit], scope: str | None) -> Iterable[Broken]:
    for event in events:
        if event.case is not None:
            yield Broken(event.at, wording.sentence(event, units), link(event.case, scope))


def _held(scope: str | None) -> list[Case]:
    cases = of_units(Case.objects.open().exclude(holder=None), scope, "unit__path")
    return list(
        cases.select_related("unit", "holder").order_by("-level", "-score", "due_at", "pk")[:MOST_HELD]
    )


def may_receive(by: User) -> list[tuple[int, str]]:
    """Whom a case can be given to: those signed in within the lead's units, by id and name."""
    here = _operators(scope_of(by)).exclude(desk__state=Desk.State.AWAY).order_by("user__username")
    return [(one.user_id, str(one.user.get_full_name() or one.user)) for one in here[:MOST_OPERATORS]]
