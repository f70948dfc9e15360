"""What stands on the wall this moment, of one unit's subtree, as frozen rows. No person, no case."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Min
from django.utils import timezone

from dispatch import atlas
from dispatch.admin import unitmap
from dispatch.manning import place_of
from dispatch.models import Attempt, Case, Unit
from dispatch.models.choices import name
from dispatch.vocabulary import Level, Money, Outcome, Stage, Tier, UnitKind
from dispatch.wording import MARKS
from telephony.models import Call, Desk, Trunk
from warning_center.supervision.pages import happenings, keys, times
from warning_center.supervision.rollups.read import Reading
from warning_center.supervision.statistics import Filter

LATE = timedelta(seconds=30)  # a case that should have moved so long ago is late: a tick comes every second
MOST_DOTS = 200
WIDTH = 640.0


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
class Promise:
    """One of the policy's promises: how often it was kept, of how many times that are decided."""

    word: str
    kept: int
    of: int


@dataclass(frozen=True, slots=True)
class Map:
    """Outlines and visits under way; `elsewhere` are the visits of units that stand on no map."""

    width: float
    height: float
    regions: tuple[unitmap.Region, ...]
    spots: tuple[Spot, ...]
    elsewhere: int


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
    map: Map
    promises: tuple[Promise, ...]
    sums: tuple[tuple[str, str], ...]
    at: datetime


def look(unit: Unit, *, now: datetime) -> Board:
    """The wall of a unit. Today begins at midnight of the centre's time zone."""
    open_cases = Case.objects.open().under(unit)
    waiting = _waiting(unit, now)
    oldest = open_cases.filter(reached_at=None).aggregate(Min("opened_at"))["opened_at__min"]
    midnight = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    today = Case.objects.filter(closed_at__range=(midnight, now), outcome=Outcome.VERIFIED).under(unit)
    reading = _todays(unit, now)
    return Board(
        urgent=next((w.unreached for w in waiting if w.level == Level.CRITICAL), 0),
        oldest=keys.span((now - oldest).total_seconds()) if oldest else "",
        late=open_cases.filter(due_at__lt=now - LATE).count(),
        verified=today.count(),
        waiting=waiting,
        dots=_dots(unit, now),
        lines=(Call.objects.on_line().count(), sum(Trunk.objects.values_list("concurrent", flat=True))),
        map=_map(unit),
        promises=_promises(reading),
        sums=_sums(reading),
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


def _map(unit: Unit) -> Map:
    """Visits under way, by the unit that goes, over the outlines of the counties; a map of the subtree's own places."""
    visits = Attempt.objects.waiting_for_officers().filter(tier=Tier.VISIT).under(unit).order_by()
    found: dict[int, dict[str, int]] = {}
    for who, stage, n in visits.values_list("unit", "stage").annotate(n=Count("pk")):
        found.setdefault(who, {})[stage] = n
    units = Unit.objects.under(unit).in_service()
    areas = unitmap.outlined(units.filter(kind__in=(UnitKind.CITY, UnitKind.COUNTY)))
    placed = units.exclude(lat=None).exclude(lon=None)
    # Without outlines the map is as large as all the places are, so that it stands still while visits come and go.
    places = list(placed.filter(pk__in=found) if areas else placed)
    paper = atlas.atlas([outline for _area, outline in areas], map(place_of, places), width=WIDTH)
    spots = tuple(
        Spot(*paper.point(place_of(place)), place.name, sum(stages.values()), stages.get(Stage.ARRIVED, 0))
        for place in places
        if (stages := found.pop(place.pk, None))
    )
    elsewhere = sum(sum(stages.values()) for stages in found.values())
    return Map(paper.width, paper.height, unitmap.regions(areas, paper), spots, elsewhere)


def _promises(reading: Reading) -> tuple[Promise, ...]:
    found = reading.cut("promise")
    told = []
    for code, word in happenings.promised().items():
        by_end = {
            key.partition(":")[2]: times.many(rows)
            for key, rows in found.items()
            if key.startswith(f"{code}:")
        }
        told.append(Promise(word, by_end.get("kept", 0), sum(by_end.values())))
    return tuple(told)


def _sums(reading: Reading) -> tuple[tuple[str, str], ...]:
    told = []
    for kind in Money:
        cents = sum(row.total for rows in reading.cut(f"money.{kind.value}").values() for row in rows)
        told.append((name(kind), keys.yuan(cents)))
    return tuple(told)


def _todays(unit: Unit, now: datetime) -> Reading:
    """The figures of the directives received today."""
    day = timezone.localtime(now).date()
    reading = Reading(Filter(since=day, until=day, scope=unit.path))
    reading.ask("promise", *(f"money.{kind.value}" for kind in Money))
    return reading
