"""What happened in a period, by the day it happened: equal to a slow recount, each figure the length of its list."""

import random
import re
from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from html import unescape
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db.models import QuerySet
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from dispatch.models import Attempt, Case, Order, Unit
from dispatch.vocabulary import FraudType, Level, Outcome, Result, Role, Tier
from telephony import clock
from tests import factories
from tests.factories import START, Centre
from tests.supervision import gaming
from warning_center.models import Directive, Happening
from warning_center.supervision.counting import happening, marks
from warning_center.supervision.counting.life import Chain, Life, Said, Told, Tried
from warning_center.supervision.pages import period
from warning_center.supervision.rollups import keep, recount
from warning_center.supervision.rollups.happened import Happened
from warning_center.supervision.statistics import Filter

ZONES = [
    ZoneInfo(name) for name in ("Asia/Shanghai", "Asia/Kathmandu", "America/New_York", "UTC", "Pacific/Apia")
]
LINKS = re.compile(r'<a [^>]*href="(/supervision/happened\?[^"]+)"[^>]*>([\d,]+)</a>')


@pytest.fixture(autouse=True)
def moving(settings: Settings) -> None:
    settings.CLOCK = "telephony.clock.moving"
    clock.moving.set(START + timedelta(days=13))


# Moments at and around the midnights of months' ends, of leap days and of the days on which clocks are changed.
edges = st.sampled_from(
    [
        date(2026, 3, 1),
        date(2026, 3, 8),
        date(2026, 3, 9),
        date(2026, 11, 1),
        date(2027, 1, 1),
        date(2028, 3, 1),
    ]
)


@st.composite
def moments(draw: st.DrawFn) -> datetime:
    zone = draw(st.sampled_from(ZONES))
    midnight = datetime.combine(draw(edges), time(), zone).astimezone(UTC)
    return midnight + timedelta(microseconds=draw(st.sampled_from([-1, 0, 1, -3_600_000_000, 7_200_000_000])))


@st.composite
def chains(draw: st.DrawFn) -> Chain:
    some = st.none() | moments()
    lives = []
    for pk in range(1, draw(st.integers(1, 3)) + 1):
        tried = [
            Tried(
                tier=draw(st.sampled_from(Tier)),
                starts_at=draw(moments()),
                started_at=draw(some),
                arrived_at=draw(some),
                ended_at=draw(some),
                result=draw(st.sampled_from([Result.BUSY, Result.MET])),
            )
            for _ in range(draw(st.integers(0, 3)))
        ]
        closed = draw(some)
        sums = [Said("lost", Decimal(draw(st.integers(0, 9))), draw(moments()), "x") for _ in range(2)]
        lives.append(
            Life(
                pk=pk,
                opened_at=draw(moments()),
                level=draw(st.sampled_from(Level)),
                fraud=FraudType.LOAN,
                path="1/2/",
                closed_at=closed,
                outcome=Outcome.VERIFIED if closed else None,
                agreed_at=draw(some),
                tried=tuple(tried),
                sums=tuple(sorted(sums, key=lambda said: said.at)),
            )
        )
    told = [
        Told(n, draw(st.integers(1, len(lives))), draw(moments()), "province")
        for n in range(draw(st.integers(1, 3)))
    ]
    return Chain(1, tuple(lives), tuple(told))


def slowly(chain: Chain, zone: ZoneInfo, since: date, until: date) -> Counter[tuple[str, str]]:
    """How often, or how much, between two midnights of the zone: moments are compared, no day is worked out."""
    begins = datetime.combine(since, time(), zone).astimezone(UTC)
    ends = datetime.combine(until + timedelta(days=1), time(), zone).astimezone(UTC)
    found: Counter[tuple[str, str]] = Counter()
    for life in chain.lives:
        for at, cut, key, size in happening.facts(chain, life):
            if begins <= at < ends:
                found[cut, key] += size
    return found


@given(chains(), st.sampled_from(ZONES), edges, st.integers(-31, 1), st.integers(0, 40))
def test_what_happens_around_midnights_falls_on_the_day_of_the_zone(
    chain: Chain, zone: ZoneInfo, edge: date, before: int, days: int
) -> None:
    since = edge + timedelta(days=before)
    until = since + timedelta(days=days)
    fast: Counter[tuple[str, str]] = Counter()
    for one in happening.happened(chain, zone):
        if since <= one.day <= until:
            for mark in marks.parse(one.marks):
                fast[mark.cut, mark.key] += mark.total
    assert {k: n for k, n in fast.items() if n} == {
        k: n for k, n in slowly(chain, zone, since, until).items() if n
    }


@given(edges, st.integers(0, 800))
def test_rows_of_days_and_of_months_cover_a_period_once(since: date, days: int) -> None:
    until = since + timedelta(days=days)
    spans = period.spread(since, until)
    assert spans[0][0] == since
    assert spans[-1][1] == until
    for (_, ended), (begins, _) in pairwise(spans):
        assert begins == ended + timedelta(days=1)
        assert days < period.MOST_DAYS or begins.day == 1


def by_the_record(wanted: Filter) -> dict[tuple[str, str], int]:
    """How many cases, each once a day, by plain queries of the record between the window's midnights."""
    zone = timezone.get_default_timezone()
    assert wanted.since
    assert wanted.until
    ends = datetime.combine(wanted.until + timedelta(days=1), time(), zone) - timedelta(microseconds=1)
    within = (datetime.combine(wanted.since, time(), zone), ends)
    cases = cases_of(wanted)
    found: set[tuple[str, str, int, date]] = set()

    def tell(cut: str, rows: Any, at: str, *names: str, word: str = "") -> None:
        for case, moment, *words in rows.filter(**{f"{at}__range": within}).values_list(
            *names[:1], at, *names[1:]
        ):
            told = [
                Tier(one).code if name == "tier" else one for name, one in zip(names[1:], words, strict=True)
            ]
            found.add((cut, word or ".".join(told), case, moment.astimezone(zone).date()))

    attempts = Attempt.objects.filter(case__in=cases, started_at__isnull=False)
    tell("on.begun", attempts, "started_at", "case", "tier")
    tell("on.met", attempts, "ended_at", "case", "tier", "result")
    tell("on.judged", attempts, "judged_at", "case", "disposition")
    tell("on.received", Directive.objects.filter(case__in=cases), "received_at", "case", "source__code")
    tell("on.order", Order.objects.filter(case__in=cases), "drafted_at", "case", word="drafted")
    tell("on.closed", cases, "closed_at", "pk", "outcome")
    for name in ("reached", "agreed", "verified"):
        tell("on.rung", cases, f"{name}_at", "pk", word=name)
    return dict(Counter((cut, key) for cut, key, _case, _day in found))


def cases_of(wanted: Filter) -> QuerySet[Case]:
    cases = Case.objects.all()
    if wanted.scope is not None:
        cases = cases.filter(unit__path__startswith=wanted.scope)
    if wanted.unit:
        cases = cases.filter(unit__path__startswith=wanted.unit)
    if wanted.level:
        cases = cases.filter(level=wanted.level)
    return cases.filter(fraud_type=wanted.fraud) if wanted.fraud else cases


COMPARED = ("on.begun", "on.met", "on.judged", "on.received", "on.closed")


@pytest.mark.parametrize("seed", [31])
def test_under_any_filter_a_period_tells_what_the_record_does(place: Centre, seed: int) -> None:
    chance = random.Random(seed)
    life = gaming.Lives(place, chance)
    for _ in range(50):
        life.step()
        if chance.random() < 0.2:
            keep.keep(limit=5)
    keep.keep_up()
    assert recount.check().differences == ()
    units = ["", *Unit.objects.values_list("path", flat=True)]
    seen = 0
    for _ in range(20):
        since = (START + timedelta(days=chance.randint(-1, 2))).date()
        wanted = Filter(
            since=since,
            until=since + timedelta(days=chance.randint(0, 9)),
            scope=chance.choice([None, place.city.path, place.county.path]),
            unit=chance.choice(units) or "",
            level=chance.choice([*[None] * 6, *Level]),
            fraud=chance.choice([None, None, None, FraudType.AUTHORITY, FraudType.LOAN]),
        )
        slow, happened = by_the_record(wanted), Happened(wanted)
        for cut in COMPARED:
            told = {(cut, key): n for key, (n, _total) in happened.whole(cut).items() if n}
            assert told == {key: n for key, n in slow.items() if key[0] == cut}, (cut, wanted)
            for key, n in told.items():
                assert happened.behind(cut, key[1]).count() == n, (key, wanted)
            seen += len(told)
        for name in ("reached", "agreed", "verified"):
            assert happened.whole("on.rung").get(name, (0, 0))[0] == slow.get(("on.rung", name), 0), wanted
    assert seen > 20


def test_each_figure_of_the_page_is_the_length_of_its_list(place: Centre) -> None:
    life = gaming.Lives(place, random.Random(8))
    for _ in range(50):
        life.step()
    keep.keep_up()
    client = Client(headers={"accept-language": "en"})
    client.force_login(place.user(Role.SUPERVISOR))
    html = client.get("/supervision/by/period?compare=1").content.decode()
    links = {unescape(address): int(n.replace(",", "")) for address, n in LINKS.findall(html)}
    assert len(links) > 30
    for address in random.Random(4).sample(sorted(links), 25):
        assert client.get(address).context["many"] == links[address], address
    first = next(address for address, n in links.items() if n)
    assert client.get(first.replace("happened?", "happened.csv?")).content.startswith(b"\xef\xbb\xbf")
    assert "测试人" not in client.get(first).content.decode()


def test_what_a_case_did_today_is_of_today_though_it_was_reported_last_week(place: Centre) -> None:
    case = factories.directive(place, "A", number=1)
    factories.directive(place, "B", number=1, now=START + timedelta(hours=15))  # midnight: it joins the case
    keep.keep_up()
    days = list(Happening.objects.filter(case=case).order_by("day").values_list("day", flat=True))
    assert days[:2] == [START.date(), START.date() + timedelta(days=1)]
    second = Happened(Filter(since=days[1], until=days[1]))
    assert second.whole("on.received") == {"province": (1, 1)}
    assert second.whole("on.opened") == {}


def test_a_county_sees_nothing_of_anothers_days(place: Centre) -> None:
    factories.directive(place, "A", number=1)
    keep.keep_up()
    client = Client(headers={"accept-language": "en"})
    client.force_login(place.user(Role.SUPERVISOR, place.other))
    listed = client.get(f"/supervision/happened?cut=on.opened&key=first&unit={place.county.path}")
    assert listed.context["many"] == 0
    assert client.get("/supervision/happened?cut=on.name&key=x").status_code == 404
