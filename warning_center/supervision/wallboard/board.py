"""What stands on the wall this moment, of one unit's subtree, as frozen rows. No person, no case."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Min
from django.utils import timezone

from dispatch.models import Attempt, Case, Unit
from dispatch.models.choices import name
from dispatch.vocabulary import Level, Money, Outcome, Stage, Tier
from dispatch.wording import MARKS
from telephony.models import Call, Desk, Trunk
from warning_center.supervision.pages import keys
from warning_center.supervision.rollups.read import Reading
from warning_center.supervision.statistics import Filter

LATE = timedelta(seconds=30)  # a case that should have moved so long ago is late: a tick comes every second
MOST_DOTS = 200
WIDTH, HEIGHT, EDGE = 640, 400, 40


@dataclass(frozen=True, slots=True)
class Waiting:
    """The open cases of a level: how many, how many of them unreached, how long the oldest of those has waited."""

    level: int
    mark: str
    word: str
    open: int
    unreached: int
    oldest: str


@dataclass(frozen=True, slots=True)
class Dot:
    """An operator's desk."""

    state: str
    word: str
    name: str
    since: str


@dataclass(frozen=True, slots=True)
class Spot:
    """So many visits of a unit under way, where the map shows it."""

    x: float
    y: float
    name: str
    visits: int
    arrived: int


@dataclass(frozen=True, slots=True)
class Board:
    """Everything on the wall."""

    urgent: int
    oldest: str
    late: int
    verified: int
    waiting: tuple[Waiting, ...]
    dots: tuple[Dot, ...]
    lines: tuple[int, int]
    spots: tuple[Spot, ...]
    elsewhere: int  # visits of units that stand on no map
    sums: tuple[tuple[str, str], ...]
    at: datetime


def look(unit: Unit, *, now: datetime) -> Board:
    """The wall of a unit. Today begins at midnight of the centre's time zone."""
    open_cases = Case.objects.open().under(unit)
    waiting = _waiting(unit, now)
    oldest = open_cases.filter(reached_at=None).aggregate(Min("opened_at"))["opened_at__min"]
    midnight = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    today = Case.objects.filter(closed_at__range=(midnight, now), outcome=Outcome.VERIFIED).under(unit)
    spots, elsewhere = _spots(unit)
    return Board(
        urgent=next((w.unreached for w in waiting if w.level == Level.CRITICAL), 0),
        oldest=keys.span((now - oldest).total_seconds()) if oldest else "",
        late=open_cases.filter(due_at__lt=now - LATE).count(),
        verified=today.count(),
        waiting=waiting,
        dots=_dots(unit, now),
        lines=(Call.objects.on_line().count(), sum(Trunk.objects.values_list("concurrent", flat=True))),
        spots=spots,
        elsewhere=elsewhere,
        sums=_sums(unit, now),
        at=now,
    )


def _waiting(unit: Unit, now: datetime) -> tuple[Waiting, ...]:
    cases = Case.objects.open().under(unit).order_by().values("level")
    opened = {row["level"]: row["n"] for row in cases.annotate(n=Count("pk"))}
    found = cases.filter(reached_at=None).annotate(n=Count("pk"), since=Min("opened_at"))
    unreached = {row["level"]: (row["n"], row["since"]) for row in found}
    told = []
    for level in reversed(Level):
        n, since = unreached.get(level, (0, None))
        oldest = keys.span((now - since).total_seconds()) if since else "–"
        told.append(Waiting(level, MARKS[level], name(level), opened.get(level, 0), n, oldest))
    return tuple(told)


def _dots(unit: Unit, now: datetime) -> tuple[Dot, ...]:
    here = (
        Desk.objects.here()
        .filter(operator__user__unit__in=Unit.objects.under(unit))
        .order_by("state", "since")
    )
    return tuple(
        Dot(
            desk.state,
            desk.get_state_display(),
            desk.name,
            keys.span(max(0.0, (now - desk.since).total_seconds())),
        )
        for desk in here.defer("address")[:MOST_DOTS]
    )


def _spots(unit: Unit) -> tuple[tuple[Spot, ...], int]:
    """Visits under way, by the unit that goes; the map is as large as the subtree's own places."""
    visits = Attempt.objects.waiting_for_officers().filter(tier=Tier.VISIT).under(unit).order_by()
    found: dict[int, dict[str, int]] = {}
    for who, stage, n in visits.values_list("unit", "stage").annotate(n=Count("pk")):
        found.setdefault(who, {})[stage] = n
    places = list(Unit.objects.under(unit).exclude(lat=None).exclude(lon=None))
    on_map = _Map(places)
    spots = tuple(
        Spot(*on_map(place), place.name, sum(stages.values()), stages.get(Stage.ARRIVED, 0))
        for place in places
        if (stages := found.pop(place.pk, None))
    )
    return spots, sum(sum(stages.values()) for stages in found.values())


class _Map:
    """From a place to where the map shows it, in pixels; north is up."""

    def __init__(self, places: Sequence[Unit]) -> None:
        lats, lons = [p.lat or 0.0 for p in places], [p.lon or 0.0 for p in places]
        self.south, self.west = min(lats, default=0.0), min(lons, default=0.0)
        self.high, self.wide = max(lats, default=0.0) - self.south, max(lons, default=0.0) - self.west

    def __call__(self, place: Unit) -> tuple[float, float]:
        across = ((place.lon or 0.0) - self.west) / self.wide if self.wide else 0.5
        up = ((place.lat or 0.0) - self.south) / self.high if self.high else 0.5
        return (
            round(EDGE + across * (WIDTH - 2 * EDGE), 1),
            round(HEIGHT - EDGE - up * (HEIGHT - 2 * EDGE), 1),
        )


def _sums(unit: Unit, now: datetime) -> tuple[tuple[str, str], ...]:
    """Of the directives received today, as figures tell them."""
    day = timezone.localtime(now).date()
    reading = Reading(Filter(since=day, until=day, scope=unit.path))
    reading.ask(*(f"money.{kind.value}" for kind in Money))
    told = []
    for kind in Money:
        cents = sum(row.total for rows in reading.cut(f"money.{kind.value}").values() for row in rows)
        told.append((name(kind), keys.yuan(cents)))
    return tuple(told)
