"""The community's page: many results in one sitting, a list on paper, and nobody beyond their own subtree."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from dispatch.models import Assignment, Attempt, Case, Event, Unit, User
from dispatch.vocabulary import Disposition, Level, Outcome, Result, Role, Tier, UnitKind
from dispatch.workflow import turn
from telephony import clock
from tests import factories
from tests.factories import START, Centre

pytestmark = pytest.mark.django_db
NOW = START + timedelta(days=1, minutes=5)
Enter = Callable[..., Client]


@pytest.fixture
def at(settings: Any) -> Centre:
    settings.CLOCK = "telephony.clock.moving"
    clock.moving.set(NOW)
    return factories.centre()


@pytest.fixture
def enter(at: Centre) -> Enter:
    def logged_in(role: Role = Role.OFFICER, unit: Unit | None = None, **given: Any) -> Client:
        client = Client(headers={"accept-language": "en"})
        client.force_login(at.user(role, unit or home(at), **given))
        return client

    return logged_in


def home(at: Centre) -> Unit:
    return Unit.objects.get(kind=UnitKind.VILLAGE, parent=at.county)


def checks(at: Centre, *numbers: int, away: bool = False, level: Level = Level.HIGH) -> list[Attempt]:
    """A check going on for each of these people; `away`: in the other county's village."""
    found = []
    for number in numbers:
        place: dict[str, Any] = {"place": factories.elsewhere()} if away else {}
        case = factories.directive(at, f"R{number}", number=number, level=level, **place)
        case = factories.judged(case, Disposition.PERSUADED, now=START + timedelta(minutes=1))
        turn.advance([case.pk], now=NOW)
        found.append(factories.live(case, Tier.FOLLOW_UP))
    return found


def test_results_for_many_are_entered_in_one_sitting(at: Centre, enter: Enter) -> None:
    one, two, three = checks(at, 1, 2, 3)
    sent = {
        f"result-{one.pk}": "no_loss", f"way-{one.pk}": "call", f"note-{one.pk}": "在家",
        f"result-{two.pk}": "relapse", f"way-{two.pk}": "visit",
        f"result-{three.pk}": "",
    }  # fmt: skip
    answer = enter().post("/community/enter", sent, follow=True)
    assert "2 results are on record." in answer.content.decode()
    assert [Attempt.objects.get(pk=a.pk).result for a in (one, two, three)] == ["no_loss", "relapse", ""]
    assert Attempt.objects.get(pk=one.pk).evidence["way"] == "call"
    assert Case.objects.get(pk=two.case_id).outcome == Outcome.RELAPSED


def test_a_row_without_a_way_is_told_and_the_others_are_written(at: Centre, enter: Enter) -> None:
    one, two = checks(at, 1, 2)
    sent = {f"result-{one.pk}": "no_loss", f"result-{two.pk}": "no_loss", f"way-{two.pk}": "call"}
    page = enter().post("/community/enter", {**sent, "result-x": "no_loss", "result-1": "fine"}, follow=True)
    shown = page.content.decode()
    assert "1 result is on record." in shown
    assert "1 not taken: say how the check was made: by call or by visit" in shown
    assert "2 not taken: no word of ours" in shown


def test_the_list_is_masked_and_shows_the_overdue_first(at: Centre, enter: Enter) -> None:
    missed, going_on = checks(at, 1, 2)
    Attempt.objects.filter(pk=going_on.pk).update(due_at=NOW + timedelta(days=1))
    later = NOW + timedelta(hours=25)
    turn.advance([missed.case_id], now=later)
    clock.moving.set(NOW + timedelta(hours=23))
    assert Attempt.objects.get(pk=missed.pk).result == Result.NO_NEWS
    shown = enter().get("/community/").content.decode()
    assert "190****0001" in shown
    assert "19000000001" not in shown
    assert "测试人" not in shown
    assert shown.index(f'id="check-{missed.pk}"') < shown.index(f'id="check-{going_on.pk}"')
    assert "overdue ✗" in shown


def test_a_watch_and_what_is_planned_are_seen_too(at: Centre, enter: Enter) -> None:
    checks(at, 1, level=Level.MEDIUM)
    shown = enter().get("/community/").content.decode()
    assert "watched" in shown
    assert "no loss" not in shown
    assert "relapse" in shown


def test_a_person_is_opened_once_and_on_record(at: Centre, enter: Enter) -> None:
    (check,) = checks(at, 1)
    client = enter()
    shown = client.post("/community/show", {"show": check.pk}).content.decode()
    assert "+8619000000001" in shown
    assert "测试人" in shown
    assert "+8619000000001" not in client.get("/community/").content.decode()
    assert Event.objects.filter(case=check.case, verb="viewed", why="check").count() == 1


def test_the_list_on_paper_is_masked_and_says_who_printed_it(at: Centre, enter: Enter) -> None:
    check, _other = checks(at, 1)[0], checks(at, 2, away=True)
    answer = enter(username="wang").post("/community/paper", {"unit": home(at).pk})
    shown = answer.content.decode()
    assert "190****0001" in shown
    assert "190****0002" not in shown
    assert "电白区某酒店" not in shown
    event = Event.objects.get(verb="printed")
    assert (event.by and event.by.username, event.detail["attempts"]) == ("wang", [check.pk])
    assert answer["Cache-Control"].startswith("max-age=0, no-cache, no-store")


def test_checks_are_given_on_the_page_and_mine_are_mine(at: Centre, enter: Enter) -> None:
    mine, client = at.user(Role.OFFICER, home(at)), enter()
    (check, _other) = checks(at, 1, 2)
    client.post("/community/give", {"give": check.pk, "to": mine.pk})
    assert Assignment.objects.get(attempt=check).user == mine
    own = Client()
    own.force_login(mine)
    shown = own.get("/community/?who=me").content.decode()
    given = set(Assignment.objects.filter(user=mine).values_list("attempt", flat=True))
    assert {pk for pk in (check.pk, _other.pk) if f'id="check-{pk}"' in shown} == given


ROLES = {Role.OPERATOR: False, Role.OFFICER: True, Role.SUPERVISOR: True, Role.ADMINISTRATOR: True}
SEES = {"village", "county", "city"}  # what lies in the village of the first county


@pytest.mark.parametrize("role", ROLES)
def test_nobody_sees_or_enters_beyond_their_subtree(at: Centre, role: Role) -> None:
    """Every address of the page, by every role, from every place in the tree."""
    units = {
        "nowhere": None, "other": at.other, "station": at.station, "village": home(at), "county": at.county,
        "city": at.city,
    }  # fmt: skip
    (check,) = checks(at, 1)
    for number, (where, unit) in enumerate(units.items(), start=2):
        if role is Role.OPERATOR and where in ("other", "station", "county"):
            continue  # whom the role keeps out, the place does too
        user = at.user(role)
        user.unit = unit
        user.save()
        stays_within(at, check, user, where)
        if Attempt.objects.get(pk=check.pk).ended_at:
            (check,) = checks(at, number)


def stays_within(at: Centre, check: Attempt, user: User, where: str) -> None:
    role, number = Role(user.role), check.case.target.numbers.get().phone.number
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    may = ROLES[role] and where in SEES
    in_at_all = ROLES[role] and where != "nowhere"
    listed = client.get("/community/")
    assert listed.status_code == (200 if in_at_all else 403)
    assert (f'id="check-{check.pk}"' in listed.content.decode()) is may
    asked = client.get("/community/", {"unit": home(at).pk})
    assert asked.status_code == (200 if may else 404 if in_at_all else 403)
    paper = client.post("/community/paper", {"unit": home(at).pk})
    assert paper.status_code == (200 if may else 404 if in_at_all else 403)
    opened = client.post("/community/show", {"show": check.pk})
    assert (number in opened.content.decode()) is may
    client.post("/community/give", {"give": check.pk, "to": at.user(Role.OFFICER, home(at)).pk})
    assert Assignment.objects.filter(attempt=check, by=user).exists() is may
    client.post("/community/enter", {f"result-{check.pk}": "no_loss", f"way-{check.pk}": "call"})
    assert (Attempt.objects.get(pk=check.pk).result == "no_loss") is may
    assert Event.objects.filter(verb="refused", by=user).exists() is not may


def test_addresses_take_only_what_they_are_for(at: Centre, enter: Enter) -> None:
    client = enter()
    for path in ("enter", "give", "show", "paper"):
        assert client.get(f"/community/{path}").status_code == 405
        assert client.post(f"/community/{path}", {"unit": "x" * 30}).status_code in (302, 404)
    assert client.get("/community/?unit=9e9").status_code == 404
    assert Client().get("/community/").status_code == 302
