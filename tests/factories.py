"""Cases as they come about: a small centre, directives taken in at its door, calls heard of, people's words."""

import base64
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection
from django.test import Client
from django_otp.oath import TOTP

from dispatch.models import Attempt, Case, Unit, User
from dispatch.vocabulary import CALLS, Disposition, Level, Result, Role, Stage, Tier, UnitKind
from dispatch.workflow import report, turn, words
from telephony import calls, exchange
from telephony.carrier import CallResult, CallStatus, Update
from telephony.models import Trunk
from tests.seats import taken_seats
from warning_center import factors, intake
from warning_center.models import Factor, Source

SHANGHAI = ZoneInfo("Asia/Shanghai")
START = datetime(2026, 3, 2, 9, 0, tzinfo=SHANGHAI)
PASSWORD = "centre-of-nowhere-1"
Enter = Callable[..., Client]


@dataclass(frozen=True, slots=True)
class Centre:
    """A city with two counties, a station and a village in each, a source, a trunk, and a ready desk for each line."""

    city: Unit
    county: Unit
    other: Unit
    station: Unit
    source: Source
    trunk: Trunk

    def user(self, role: Role | None = None, unit: Unit | None = None, **given: Any) -> User:
        """A user of the centre, of the city unless told otherwise; without a password unless one is given."""
        role = role or Role.OPERATOR
        plain = {"username": f"{role.value}{User.objects.count()}"}
        return User.objects.create_user(**{**plain, "role": role, "unit": unit or self.city, **given})


def entered(user: User, language: str = "en") -> Client:
    """A browser in which somebody is logged in, without the password's hash: where the login is not the question."""
    client = Client(headers={"accept-language": language})
    client.force_login(user)
    return client


def enters(at: Centre, usual: Role = Role.OPERATOR) -> Enter:
    """What logs in somebody new, of the usual role and the city's unit unless told otherwise."""

    def enter(role: Role = usual, unit: Unit | None = None) -> Client:
        return entered(at.user(role, unit))

    return enter


def enrolled(user: User) -> Factor:
    """Their phone has been enrolled; they have no recovery codes."""
    factor = factors.of(user)
    factor.confirmed_at = START
    factor.save()
    return factor


def one_time_code(user: User, at: datetime) -> str:
    """What their phone shows at that moment."""
    made = TOTP(base64.b32decode(Factor.objects.get(user=user).secret))
    made.time = at.timestamp()
    return f"{made.token():06}"


def centre(now: datetime = START) -> Centre:
    keys = _unit_keys()
    city = _unit(next(keys), "茂名市", UnitKind.CITY, "440900", None, 21.66, 110.92)
    county = _unit(next(keys), "电白区", UnitKind.COUNTY, "440904", city, 21.51, 111.01)
    other = _unit(next(keys), "高州市", UnitKind.COUNTY, "440981", city, 21.92, 110.85)
    station = _unit(next(keys), "七迳派出所", UnitKind.STATION, "440904", county, 21.55, 110.98)
    far = _unit(next(keys), "石鼓派出所", UnitKind.STATION, "440981", other, 21.83, 110.78)
    villages = (
        _unit(next(keys), "七迳村", UnitKind.VILLAGE, "440904101", county, 21.56, 110.97),
        _unit(next(keys), "石鼓村", UnitKind.VILLAGE, "440981101", other, 21.84, 110.79),
    )
    Unit.objects.bulk_create([city, county, other, station, far, *villages])
    source = Source.objects.create(code="province", name="省反诈中心", unit=city)
    trunk = Trunk.objects.create(
        name="simulated", carrier="simulated", concurrent=30, per_second=30, filled_at=now
    )
    taken_seats(trunk.concurrent, now)
    return Centre(city, county, other, station, source, trunk)


def _unit_keys(many: int = 7) -> Iterator[int]:
    """Keys ahead of the rows, from the sequence: so the tree of every test's centre is one statement."""
    if connection.vendor != "postgresql":
        yield from range(1, many + 1)
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence('dispatch_unit', 'id')) FROM generate_series(1, %s)",
            [many],
        )
        yield from [key for (key,) in cursor.fetchall()]


def _unit(
    key: int, name: str, kind: UnitKind, adcode: str, parent: Unit | None, lat: float, lon: float
) -> Unit:
    path = f"{parent.path if parent else ''}{key}/"
    return Unit(pk=key, name=name, kind=kind, adcode=adcode, parent=parent, path=path, lat=lat, lon=lon)


def directive(at: Centre, reference: str, /, *, now: datetime = START, **given: Any) -> Case:
    """A directive comes in at the door; the case it opened or joined. The series 190 0000 xxxx is invented."""
    number = given.pop("number", "")
    person = given.pop("person", None) or report.Person(
        number=f"+8619000{int(number):06d}", name=given.pop("name", "测试人")
    )
    plain: dict[str, Any] = {
        "reference": reference,
        "issued_at": now,
        "fraud_word": "authority",
        "body": {"reference": reference, **{key: str(value) for key, value in given.items()}},
        "level": Level.HIGH,
        "place": report.Place(lat=21.55, lon=110.98, adcode="440904", address="电白区某酒店 502 室"),
    }
    if "amount" in given:
        given["amount"] = Decimal(given["amount"])
    incoming = intake.Incoming(person=person, **{**plain, **given})
    return intake.receive(incoming, source=at.source, now=now).directive.case


def elsewhere() -> report.Place:
    """A place in the other county."""
    return report.Place(lat=21.83, lon=110.78, adcode="440981", address="高州市某小区")


def live(case: Case, tier: Tier) -> Attempt:
    return Attempt.objects.live().select_related("call").get(case=case, tier=tier)


def dial(case: Case, tier: Tier = Tier.VOICE, *, now: datetime) -> Attempt:
    """The line rings the person; nobody has answered yet."""
    exchange.connect(now=now)
    return live(case, tier)


def answer(case: Case, tier: Tier = Tier.VOICE, *, now: datetime) -> Attempt:
    """The line rings the person, and somebody answers."""
    attempt = dial(case, tier, now=now)
    assert attempt.call is not None
    calls.hear(Update(str(attempt.call.key), CallStatus.TALKING), now=now)
    return live(case, tier)


def unanswered(case: Case, result: CallResult = CallResult.BUSY, *, now: datetime) -> Attempt:
    """The line rings the person in vain, and the case takes its turn."""
    attempt = dial(case, now=now)
    assert attempt.call is not None
    calls.hear(Update(str(attempt.call.key), CallStatus.ENDED, result), now=now)
    turn.advance([case.pk], now=now)
    return Attempt.objects.get(pk=attempt.pk)


def sent(case: Case, *, now: datetime = START) -> Attempt:
    """The visit of a case that did not begin with one: nobody can be called."""
    unanswered(case, CallResult.SUSPENDED, now=now)
    visit = live(case, Tier.VISIT)
    assert visit.stage == Stage.SENT
    return visit


def judged(case: Case, disposition: Disposition, tier: Tier = Tier.VOICE, *, now: datetime) -> Case:
    """Somebody met the person there and judged."""
    if tier in CALLS:
        attempt = answer(case, tier, now=now)
    else:
        attempt = live(case, tier)
        words.acknowledge(attempt_id=attempt.pk, now=now, agent="test")
        words.arrive(attempt_id=attempt.pk, now=now, agent="test")
    words.judge(attempt_id=attempt.pk, disposition=disposition, now=now, agent="test")
    if attempt.call is not None:  # and the line falls silent
        ended = Update(str(attempt.call.key), CallStatus.ENDED, CallResult.ANSWERED)
        calls.hear(ended, now=now)
    return Case.objects.get(pk=case.pk)


def followed_up(case: Case, result: Result = Result.NO_LOSS, *, checks: int = 3) -> Case:
    """The checks of the following days, the last of them with this result; or a watch that ends quietly."""
    for number in range(1, checks + 1):
        attempt = live(case, Tier.FOLLOW_UP)
        at = attempt.due_at or attempt.starts_at
        turn.advance([case.pk], now=at)
        attempt = Attempt.objects.get(pk=attempt.pk)
        if attempt.stage == Stage.CHECKING and attempt.ended_at is None:
            said = result if number == checks else Result.NO_LOSS
            words.record_result(
                attempt_id=attempt.pk, result=said, now=at + timedelta(minutes=10), agent="test"
            )
        case = Case.objects.get(pk=case.pk)
        if not case.is_open:
            break
    return case
