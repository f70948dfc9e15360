"""What changed since: no row is ever passed over, only one's own is told, and what matters has to be seen."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction

from dispatch.models import Attempt, Case, Event, News, Unit, Written
from dispatch.vocabulary import Disposition, Level, NewsKind, Role, Tier
from dispatch.workflow import news, report, writes
from tests import factories
from tests.devices import Device
from tests.factories import START, Centre

WAITS = 20  # seconds for another thread


def begin(device: Device) -> str:
    """Where a phone reads on from now."""
    told = device.get("changes").json()
    assert (told["changes"], told["more"]) == ([], False)
    return str(told["cursor"])


def kinds(told: dict[str, Any]) -> list[str]:
    return [one["kind"] for one in told["changes"]]


def test_everything_a_visit_meets_is_told_in_order(officer: Device, at: Centre) -> None:
    cursor = begin(officer)
    case = factories.directive(at, "A-1", number=1, level=Level.CRITICAL)
    visit = factories.live(case, Tier.VISIT)
    for path in ("acknowledge", "set-out", "arrive", "identify"):
        officer.post(f"visits/{visit.pk}/{path}")
    officer.post(f"visits/{visit.pk}/report", {"disposition": "persuaded", "note": "当面谈过"})
    told = officer.changes(cursor)
    assert kinds(told) == ["sent", "acknowledged", "set_out", "arrived", "identified", "reported", "added"]
    (shown,) = told["visits"]
    assert (shown["id"], shown["disposition"], shown["person"]["opened"]) == (visit.pk, "persuaded", False)
    assert shown["version"] == told["changes"][-1]["id"]
    assert officer.changes(told["cursor"])["changes"] == []


def test_pages_are_bounded_and_go_on_where_they_ended(officer: Device, at: Centre) -> None:
    cursor, seen = begin(officer), []
    for n in range(5):
        factories.directive(at, f"A-{n}", number=n, level=Level.CRITICAL)
    while True:
        told = officer.changes(cursor, limit=2)
        assert len(told["changes"]) <= 2
        seen += [one["visit"] for one in told["changes"]]
        cursor = told["cursor"]
        if not told["more"]:
            break
    assert seen == sorted(set(seen))
    assert len(seen) == 5
    assert officer.get("changes?limit=201").status_code == 400


@pytest.mark.parametrize("cursor", ["x", "0", "a.b.c", "k1." + "A" * 60, "中文", "x" * 201])
def test_a_made_up_cursor_is_refused(officer: Device, cursor: str) -> None:
    for path in ("changes", "stream"):
        assert officer.get(f"{path}?cursor={cursor}").status_code == 400


def test_another_units_cursor_is_of_no_use(at: Centre, officer: Device) -> None:
    theirs = begin(Device(at.user(Role.OFFICER, Unit.objects.get(name="石鼓派出所"))))
    answer = officer.get(f"changes?cursor={theirs}")
    assert (answer.status_code, answer.json()["type"]) == (400, "urn:warning-center:problem:bad-cursor")


def test_the_county_reads_of_its_stations_and_a_stranger_nothing(at: Centre) -> None:
    county = Device(at.user(Role.SUPERVISOR, at.county))
    stranger = Device(at.user(Role.SUPERVISOR, at.other))
    places = begin(county), begin(stranger)
    factories.directive(at, "A-1", number=1, level=Level.CRITICAL)
    assert kinds(county.changes(places[0])) == ["sent"]
    assert stranger.changes(places[1])["changes"] == []


# ---- what must be seen


def test_a_visit_stood_down_stays_until_somebody_has_seen_it(officer: Device, at: Centre) -> None:
    case, visit = _with_a_visit(at)
    officer.post(f"visits/{visit.pk}/acknowledge")
    cursor = begin(officer)
    factories.directive(at, "E-2", number=9, level=Level.HIGH, place=factories.elsewhere())
    told = officer.changes(cursor)
    gone = next(one for one in told["changes"] if one["kind"] == "stood_down")
    assert (gone["must_be_seen"], gone["seen_at"]) == (True, None)
    (listed,) = officer.get("visits").json()
    assert listed["ended_at"] is not None
    shown = [one["id"] for one in listed["unseen"]]
    for _ in range(2):
        assert officer.post(f"visits/{visit.pk}/seen", {"news": shown}).status_code == 200
    assert officer.get("visits").json() == []
    assert Event.objects.filter(verb="seen", by=officer.user, case=case).count() == len(shown)


def test_the_case_was_raised(officer: Device, at: Centre) -> None:
    _case, visit = _with_a_visit(at)
    cursor = begin(officer)
    factories.directive(at, "E-2", number=9, level=Level.CRITICAL)
    told = officer.changes(cursor)
    assert "raised" in kinds(told)
    assert (told["visits"][0]["level"], told["visits"][0]["id"]) == ("critical", visit.pk)


def test_the_call_got_through(officer: Device, at: Centre) -> None:
    case = factories.directive(at, "T-1", number=3, level=Level.CRITICAL)
    cursor = begin(officer)
    factories.judged(case, Disposition.PERSUADED, now=START)
    assert kinds(officer.changes(cursor)) == ["told"]


def test_the_person_is_elsewhere(officer: Device, at: Centre) -> None:
    _case, visit = _with_a_visit(at)
    cursor = begin(officer)
    near = report.Place(lat=21.552, lon=110.982, adcode="440904", address="隔壁 3 栋")
    factories.directive(at, "E-2", number=9, level=Level.HIGH, place=near)
    assert kinds(officer.changes(cursor)) == ["moved"]
    assert officer.get(f"visits/{visit.pk}").json()["person"]["address"] == "隔壁 3 栋"


def test_only_this_visits_news_is_seen_by_it(officer: Device, at: Centre, visit: Attempt) -> None:
    other = factories.live(factories.directive(at, "A-9", number=8, level=Level.CRITICAL), Tier.VISIT)
    foreign = News.objects.get(attempt=other).pk
    assert officer.post(f"visits/{visit.pk}/seen", {"news": [foreign]}).status_code == 409
    assert News.objects.get(pk=foreign).seen_at is None


# ---- the order of commits


@pytest.mark.django_db(transaction=True)
def test_a_row_committed_late_is_not_passed_over() -> None:
    """Two write at once; who began first commits last, and its row's id is the lower one."""
    place = factories.centre()
    visits = [
        factories.live(factories.directive(place, f"A-{n}", number=n, level=Level.CRITICAL), Tier.VISIT)
        for n in (1, 2)
    ]
    start = news.last_place()
    written, may_commit = threading.Event(), threading.Event()

    def slow() -> None:
        with transaction.atomic():
            news.tell(visits[0], NewsKind.ADDED, now=START)
            written.set()
            assert may_commit.wait(WAITS)

    with _thread(slow):
        assert written.wait(WAITS)
        news.tell(visits[1], NewsKind.ADDED, now=START)
        news.number()
        (first,) = News.objects.after(start)
        may_commit.set()
    news.number()
    (late,) = News.objects.after(first.place or 0)
    assert (late.attempt, first.attempt) == (visits[0], visits[1])
    assert late.pk < first.pk


@pytest.mark.django_db(transaction=True)
def test_many_writers_and_readers_agree_on_one_order() -> None:
    place = factories.centre()
    visit = factories.live(factories.directive(place, "A-1", number=1, level=Level.CRITICAL), Tier.VISIT)
    start = news.last_place()

    def write() -> None:
        for _ in range(10):
            with transaction.atomic():
                news.tell(visit, NewsKind.ADDED, now=START)

    read: list[list[int]] = [[], []]

    def follow(mine: list[int]) -> None:
        here = start
        while len(mine) < 30:
            news.number()
            rows = list(News.objects.after(here)[:4])
            mine += [row.pk for row in rows]
            here = rows[-1].place if rows and rows[-1].place else here

    works: list[Callable[[], object]] = [
        write,
        write,
        write,
        *(lambda mine=mine: follow(mine) for mine in read),
    ]
    threads = [_thread(work) for work in works]
    for one in threads:
        one.__enter__()
    for one in threads:
        one.__exit__()
    assert read[0] == read[1]
    assert len(set(read[0])) == 30


@pytest.mark.django_db(transaction=True)
def test_a_write_sent_twice_at_once_is_taken_once() -> None:
    place = factories.centre()
    visit = factories.live(factories.directive(place, "A-1", number=1, level=Level.CRITICAL), Tier.VISIT)
    user = place.user(Role.OFFICER, place.station)
    writing = writes.Writing(key="the same key", step="reinforce", digest="x", saw=0, typed="人多")
    together = threading.Barrier(3)
    acted: list[int] = []

    def send() -> None:
        together.wait(WAITS)
        writes.take(attempt_id=visit.pk, by=user, writing=writing, act=lambda at: acted.append(1), now=START)

    threads = [_thread(send) for _ in range(3)]
    for one in threads:
        one.__enter__()
    for one in threads:
        one.__exit__()
    assert (len(acted), Written.objects.count()) == (1, 1)


# ---- the line kept open


def test_the_stream_says_when_to_look_and_nothing_else(officer: Device, at: Centre) -> None:
    cursor = begin(officer)
    factories.directive(at, "A-1", number=1, level=Level.CRITICAL)
    answer = officer.get(f"stream?cursor={cursor}", Accept="text/event-stream")
    assert answer["Content-Type"] == "text/event-stream"
    lines = iter(answer.streaming_content)
    assert [next(lines), next(lines)] == [b"retry: 3000\n\n", b"event: changes\ndata: {}\n\n"]
    answer.close()


def test_no_more_lines_are_kept_open_than_the_process_can_bear(officer: Device, at: Centre) -> None:
    cursor = begin(officer)
    factories.directive(at, "A-1", number=1, level=Level.CRITICAL)
    answers = [officer.get(f"stream?cursor={cursor}") for _ in range(4)]
    first = [next(iter(answer.streaming_content)) for answer in answers]
    assert first == [b"retry: 3000\n\n"] * 3 + [b"event: busy\ndata: {}\n\n"]
    for answer in answers:
        answer.close()


# ---- helpers


class _thread:  # noqa: N801  used like a function
    """Work of its own thread and database connection; its error is raised when it is waited for."""

    def __init__(self, work: Callable[[], object]) -> None:
        self._fault: list[BaseException] = []

        def run() -> None:
            try:
                work()
            except BaseException as fault:  # told to whoever waits
                self._fault.append(fault)
            finally:
                connection.close()

        self._thread = threading.Thread(target=run)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._thread.join(WAITS)
        if self._fault:
            raise self._fault[0]


def _with_a_visit(at: Centre) -> tuple[Case, Attempt]:
    """A high case whose visit the station has."""
    case = factories.directive(at, "E-1", number=9, level=Level.HIGH)
    return case, factories.sent(case)
