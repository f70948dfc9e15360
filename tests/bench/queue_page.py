"""How long the desk's pages take on the server, among a hundred open cases and a million: queue, case, shift board."""

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from statistics import median
from urllib.parse import urljoin

from django.conf import settings
from django.test import Client

from dispatch.models import Case, Operator, Unit, User
from dispatch.vocabulary import Role, UnitKind
from telephony import clock
from tests.bench import beside, cpu
from tests.bench.beside import LARGE
from tests.bench.population import Population
from tests.bench.table import Row
from tests.factories import entered
from tests.seats import taken_seats

SIZES = tuple(int(size) for size in os.environ.get("OPEN", "100 1000000").split())
ROUNDS = 15
SEATED = 50  # operators on the shift's board
MOST, RATIO = 300, 1.5  # milliseconds; the largest size's time by the smallest's


SHOWN = (b'class="about"', b"data-operator=", b'id="script"')  # a row of the queue, a seat, a script


@dataclass
class Taken:
    """What one page took, round by round, in milliseconds; the rows it showed; how fast the machine was."""

    figures: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    rows: int = 0
    pace: float = 0.0


def measure() -> Iterator[Row]:
    """A row a page: its time with the most open cases, and how much longer that is than with the fewest.

    Times are compared only where the same number of rows was shown; CPU is ours alone, a page.
    """
    settings.ALLOWED_HOSTS = ["testserver"]
    people, (fewest, largest) = Population(), sorted(SIZES)
    people.grow(fewest)
    people.make_due(fewest // 2, clock.now())  # some are overdue
    asked = _asked()
    with beside.kept() as small:
        people.grow(largest)
        times = _times(small, asked)
    for name, taken in times[LARGE].items():
        before = times[small][name]
        ratio = beside.ratio(before.figures, taken.figures)
        same = taken.rows == before.rows
        yield Row(
            name,
            f"{largest:,} open cases, {taken.rows} shown",
            tuple(taken.figures),
            "ms",
            cpu=(median(taken.cpu), 0.0),
            pace=taken.pace,
            ratio=f"{ratio:.2f} × {median(before.figures):.0f} ms at {fewest:,}, {before.rows} shown",
            goal=f"{MOST} ms, {RATIO} ×" if same else f"{MOST} ms",
            kept=median(taken.figures) <= MOST and (ratio <= RATIO or not same),
        )


def _asked() -> dict[str, Callable[[], bytes]]:
    """The pages by their names. Who looks at them is made here."""
    city = Unit.objects.get(kind=UnitKind.CITY)
    county = Unit.objects.filter(kind=UnitKind.COUNTY, parent=city).latest("pk")
    everywhere, here, lead = _client(city), _client(county), _client(city, Role.SUPERVISOR)
    _take_seats(city)
    first = Case.objects.earliest("pk")
    number = first.number
    queue: dict[str, Callable[[], bytes]] = {
        "the whole city": _get(everywhere, ""),
        "one county's operator": _get(here, ""),
        "page 20": _get(everywhere, "?page=20"),
        "critical": _get(everywhere, "?level=4"),
        "tier": _get(everywhere, "?state=voice"),
        "tier, of which there is none": _get(everywhere, "?state=follow_up"),
        "type": _get(everywhere, "?type=authority"),
        "type, of which there is none": _get(everywhere, "?type=romance"),
        "unit": _get(everywhere, f"?unit={county.pk}"),
        "mine": _get(everywhere, "?mine=1"),
        "overdue": _get(everywhere, "?overdue=1"),
        "closed": _get(everywhere, "?closed=1"),
        "search by case number": _find(everywhere, number),
        "search by phone": _find(everywhere, "19000000001"),
        "search by ID number": _find(everywhere, "440904197901010016"),
    }
    return {
        **{f"queue, {name}": ask for name, ask in queue.items()},
        "case page with its script": _get(everywhere, f"{first.pk}/change/"),
        "case page, one county's operator": _get(
            here, f"{Case.objects.filter(unit=county).earliest('pk').pk}/change/"
        ),
        f"shift board, {SEATED} operators": _get(lead, "../operator/board/"),
    }


def _times(small: str, asked: dict[str, Callable[[], bytes]]) -> dict[str, dict[str, Taken]]:
    """What each page took, with the fewest cases and with the most, by the database."""
    taken = {database: {name: Taken() for name in asked} for database in (small, LARGE)}
    for database, name, ask in beside.rounds(small, asked, ROUNDS):
        began, used = time.perf_counter(), time.process_time()
        answered = ask()
        one = taken[database][name]
        one.figures.append(1000 * (time.perf_counter() - began))
        one.cpu.append(1000 * (time.process_time() - used))
        one.rows = sum(answered.count(mark) for mark in SHOWN)
    pace = cpu.pace()
    for one in taken[LARGE].values():
        one.pace = pace
    return taken


def _client(unit: Unit, role: Role = Role.OPERATOR) -> Client:
    return entered(_user(f"{role.value} of {unit.pk}", unit, role), "zh-hans")


def _user(name: str, unit: Unit, role: Role) -> User:
    known = User.objects.filter(username=name).first()
    return known or User.objects.create_user(name, role=role, unit=unit)


def _take_seats(unit: Unit) -> None:
    """So many operators sit at ready desks, once."""
    if not Operator.objects.exists():
        for n, desk in enumerate(taken_seats(SEATED, clock.now())):
            Operator.objects.create(user=_user(f"seated {n}", unit, Role.OPERATOR), desk=desk)


def _get(client: Client, query: str) -> Callable[[], bytes]:
    def get() -> bytes:
        answer = client.get(urljoin("/admin/dispatch/case/", query))
        assert answer.status_code == 200, query
        return bytes(answer.content)

    return get


def _find(client: Client, typed: str) -> Callable[[], bytes]:
    def find() -> bytes:
        answer = client.post("/admin/dispatch/case/find/", {"q": typed}, headers={"X-Requested-With": "loop"})
        assert answer.status_code == 200, typed
        return bytes(answer.content)

    return find
