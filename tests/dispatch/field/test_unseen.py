"""What an officer had to see and did not: the station's duty phone is told, then the county's, until somebody looks."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from dispatch import wording
from dispatch.models import Attempt, Case, Event, Message, News, Unit
from dispatch.vocabulary import Disposition, Level, NewsKind, Result, Role, Tier
from dispatch.workflow import desk, turn, unseen, words
from telephony import clock
from tests import factories
from tests.devices import Device
from tests.factories import START, Centre

STATION, COUNTY = "+8619000009001", "+8619000009002"


@pytest.fixture
def phones(at: Centre) -> None:
    Unit.objects.filter(pk=at.station.pk).update(duty_phone="190 0000 9001")
    Unit.objects.filter(pk=at.county.pk).update(duty_phone="190 0000 9002")


def later(**span: float) -> datetime:
    return START + timedelta(**span)


def press(**span: float) -> int:
    clock.moving.set(later(**span))
    return unseen.press_due(now=later(**span))


def told() -> list[str]:
    return [one.text.number for one in Message.objects.filter(kind="unseen").order_by("pk")]


def off(at: Centre, number: int = 5, *, now: datetime = START) -> Attempt:
    """A visit that is on its way when it is found out that nobody is in danger."""
    case = factories.directive(at, f"U-{number}", number=number, level=Level.CRITICAL)
    visit = factories.live(case, Tier.VISIT)
    factories.judged(case, Disposition.FALSE_ALARM, now=now)
    assert Attempt.objects.get(pk=visit.pk).result == Result.CANCELLED
    return visit


@pytest.mark.usefixtures("phones")
def test_a_stand_down_nobody_has_seen_is_told_to_the_station_and_then_to_the_county(at: Centre) -> None:
    visit = off(at)
    assert (press(minutes=4, seconds=59), press(minutes=5), told()) == (0, 1, [STATION])
    assert (press(minutes=9, seconds=59), press(minutes=10), told()) == (0, 1, [STATION, COUNTY])
    assert press(days=1) == 0
    assert not Case.objects.get(pk=visit.case_id).is_open  # the time stands with the news
    body = Message.objects.filter(kind="unseen").earliest("pk").text.body
    assert visit.case.number in body
    assert "09:00 撤回" in body  # so that two of them are not the same words
    assert "测试人" not in body


@pytest.mark.usefixtures("phones")
def test_the_case_tells_it_in_words(at: Centre) -> None:
    off(at)
    press(minutes=5)
    (line,) = Event.objects.filter(verb="unseen")
    units = {at.station.pk: at.station}
    assert wording.sentence(line, units) == "撤回：无人及时查看；七迳派出所：已短信告知其值班电话"


@pytest.mark.usefixtures("phones")
def test_who_has_seen_it_is_pressed_no_more(at: Centre, officer: Device) -> None:
    visit = off(at)
    press(minutes=5)
    (news,) = News.objects.filter(attempt=visit, kind=NewsKind.STOOD_DOWN)
    assert officer.post(f"visits/{visit.pk}/seen", {"news": [news.pk]}).status_code == 200
    assert (press(minutes=11), told()) == (0, [STATION])


@pytest.mark.usefixtures("phones")
@pytest.mark.parametrize(("level", "tells"), [(Level.CRITICAL, [STATION]), (Level.HIGH, [])])
def test_a_raise_presses_where_it_is_to_critical(at: Centre, level: Level, tells: list[str]) -> None:
    case = factories.directive(at, "U-1", number=5, level=Level.MEDIUM)
    factories.sent(case)
    boss = at.user(Role.SUPERVISOR)
    desk.set_level(case_id=case.pk, level=level, by=boss, why="正在转账", now=START)
    press(minutes=5)
    assert told() == tells


@pytest.mark.usefixtures("phones")
def test_a_raise_of_what_has_ended_presses_nobody(at: Centre) -> None:
    case = factories.directive(at, "U-1", number=5, level=Level.HIGH)
    visit = factories.sent(case)
    desk.set_level(case_id=case.pk, level=Level.CRITICAL, by=at.user(), why="正在转账", now=START)
    words.record_result(attempt_id=visit.pk, result=Result.NOT_THERE, now=later(minutes=1), agent="test")
    assert (press(minutes=5), told()) == (1, [])


def test_without_a_duty_phone_the_next_one_is_told_at_once(at: Centre) -> None:
    Unit.objects.filter(pk=at.county.pk).update(duty_phone="190 0000 9002")
    off(at)
    assert (press(minutes=5), told()) == (1, [COUNTY])
    assert [e.detail["duty_phone"] for e in Event.objects.filter(verb="unseen").order_by("pk")] == [
        False,
        True,
    ]
    assert press(days=1) == 0


@pytest.mark.usefixtures("phones")
def test_each_step_is_taken_once_however_often_it_ticks(at: Centre) -> None:
    off(at)
    assert [press(minutes=5), press(minutes=5)] == [1, 0]
    assert told() == [STATION]


def test_what_presses_nobody_has_no_time(at: Centre) -> None:
    case = factories.directive(at, "U-1", number=5, level=Level.CRITICAL)
    visit = factories.live(case, Tier.VISIT)
    turn.advance([case.pk], now=later(minutes=3))  # nobody acknowledged
    assert News.objects.filter(attempt=visit).exists()
    assert not News.objects.due(later(days=9)).exists()


@pytest.mark.usefixtures("phones")
def test_one_whose_step_fails_rests_and_holds_up_no_other(
    at: Centre, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    bad, good = off(at), off(at, number=6, now=later(seconds=1))
    said = wording.unseen_body

    def fails(number: str, *rest: Any) -> str:
        if number == bad.case.number:
            Message.objects.get(pk=0)  # whatever it is, also after a statement
        return said(number, *rest)

    monkeypatch.setattr(wording, "unseen_body", fails)
    assert (press(minutes=6), told()) == (2, [STATION])
    assert [one.case for one in Message.objects.filter(kind="unseen")] == [good.case]
    (row,) = News.objects.filter(attempt=bad, kind=NewsKind.STOOD_DOWN)
    assert (row.pressed, row.due_at) == (0, later(minutes=6) + turn.REST)
    assert Event.objects.get(verb="fault").case == bad.case
    assert not Event.objects.filter(verb="unseen", case=bad.case).exists()
    monkeypatch.setattr(wording, "unseen_body", said)
    assert (press(minutes=11), len(told())) == (2, 3)
