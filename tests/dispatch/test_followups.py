"""Checks of the follow-up: to whom they are given, what may be entered, and that a case ends as they say."""

from datetime import datetime, timedelta

import pytest

from dispatch.models import Assignment, Attempt, Case, Event, Unit, User
from dispatch.vocabulary import Disposition, Level, Outcome, Result, Role, State, Tier, UnitKind, Way
from dispatch.workflow import followups, turn
from dispatch.workflow.followups import Entry
from dispatch.workflow.refusal import NotAllowedError
from tests import factories
from tests.factories import START, Centre

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def at() -> Centre:
    return factories.centre()


def village(at: Centre) -> Unit:
    return Unit.objects.get(kind=UnitKind.VILLAGE, parent=at.county)


def worker(at: Centre, unit: Unit, name: str) -> User:
    return at.user(Role.OFFICER, unit, username=name)


def agreed(at: Centre, number: int = 1, level: Level = Level.HIGH) -> Case:
    """A case whose person agreed on the phone at START + 1 min."""
    case = factories.directive(at, f"R{number}", number=number, level=level)
    return factories.judged(case, Disposition.PERSUADED, now=START + timedelta(minutes=1))


def due(case: Case, now: datetime) -> Attempt:
    """The check that is going on by then."""
    turn.advance_due(now=now)
    return factories.live(case, Tier.FOLLOW_UP)


def enter(attempt: Attempt, result: Result, by: User, now: datetime, way: Way | None = Way.VISIT) -> Attempt:
    return followups.enter(Entry(attempt.pk, result, way), by=by, now=now)


def test_a_check_that_has_begun_is_given_to_the_least_busy_worker_of_the_village(at: Centre) -> None:
    first, second = (worker(at, village(at), name) for name in ("wang", "li"))
    cases = [agreed(at, number) for number in (1, 2, 3)]
    turn.advance_due(now=START + DAY + timedelta(minutes=1))
    given = [Assignment.objects.get(attempt__case=case).user for case in cases]
    assert given == [first, second, first]
    assert Event.objects.filter(verb="assigned", detail__to="wang").count() == 2


def test_the_next_check_goes_to_who_did_the_last(at: Centre) -> None:
    first, second = (worker(at, village(at), name) for name in ("wang", "li"))
    case = agreed(at)
    now = START + DAY + timedelta(minutes=1)
    attempt = due(case, now)
    followups.give(attempt_id=attempt.pk, to=second, by=first, now=now)
    enter(attempt, Result.NO_LOSS, second, now)
    later = due(case, START + 3 * DAY + timedelta(minutes=1))
    assert Assignment.objects.get(attempt=later).user == second


def test_without_anybody_in_the_village_its_town_s_officers_do_it_and_without_them_nobody(at: Centre) -> None:
    case = agreed(at)
    now = START + DAY + timedelta(minutes=1)
    worker(at, at.county, "county")
    assert not hasattr(due(case, now), "assignment")
    town = Unit.objects.create(name="七迳镇", kind=UnitKind.TOWN, adcode="440904101", parent=at.county)
    officer = worker(at, town, "town")
    home = village(at)
    home.parent = town
    home.save()
    other = agreed(at, 2)
    turn.advance_due(now=now + timedelta(minutes=2))
    assert Assignment.objects.get(attempt__case=other).user == officer


def test_three_checks_without_loss_verify_the_case_and_only_they_do(at: Centre) -> None:
    by = worker(at, village(at), "wang")
    case = agreed(at)
    for days in (1, 3, 7):
        now = START + days * DAY + timedelta(minutes=2)
        enter(due(case, now), Result.NO_LOSS, by, now)
    case = Case.objects.get(pk=case.pk)
    assert (case.outcome, case.verified_at) == (Outcome.VERIFIED, START + 7 * DAY + timedelta(minutes=2))
    quiet = agreed(at, 2)
    for _ in range(8):
        due_at = Case.objects.get(pk=quiet.pk).due_at
        if due_at is None:
            break
        turn.advance_due(now=due_at)
    assert Case.objects.get(pk=quiet.pk).outcome == Outcome.UNCONFIRMED


def test_a_relapse_opens_a_critical_case_and_a_loss_drafts_the_order(at: Centre) -> None:
    by = worker(at, village(at), "wang")
    now = START + DAY + timedelta(minutes=2)
    relapsed, lost = agreed(at, 1), agreed(at, 2)
    enter(due(relapsed, now), Result.RELAPSE, by, now)
    enter(due(lost, now), Result.LOSS, by, now)
    assert Case.objects.get(pk=relapsed.pk).outcome == Outcome.RELAPSED
    assert Case.objects.get(previous=relapsed).level == Level.CRITICAL
    assert Case.objects.get(pk=lost.pk).outcome == Outcome.DEFRAUDED_AFTER_WARNING
    assert lost.orders.count() == 1


def test_a_watch_takes_bad_news_only_and_ends_by_itself(at: Centre) -> None:
    by = worker(at, village(at), "wang")
    case = agreed(at, level=Level.MEDIUM)
    watch = factories.live(case, Tier.FOLLOW_UP)
    with pytest.raises(NotAllowedError, match="in a watch only"):
        enter(watch, Result.NO_LOSS, by, START + DAY)
    assert not Assignment.objects.exists()
    turn.advance_due(now=START + 8 * DAY)
    case = Case.objects.get(pk=case.pk)
    assert (case.state, case.outcome) == (State.CLOSED, Outcome.UNCONFIRMED)


def test_one_refused_row_holds_up_no_other(at: Centre) -> None:
    by = worker(at, village(at), "wang")
    mine = [agreed(at, number) for number in (1, 2)]
    away = factories.directive(at, "away", number=3, level=Level.HIGH, place=factories.elsewhere())
    away = factories.judged(away, Disposition.PERSUADED, now=START + timedelta(minutes=1))
    now = START + DAY + timedelta(minutes=2)
    attempts = [due(case, now) for case in (*mine, away)]
    entries = [Entry(one.pk, Result.NO_LOSS, Way.CALL) for one in attempts]
    told = followups.enter_all([entries[0], entries[2], Entry(0, Result.LOSS), entries[1]], by=by, now=now)
    assert [one.refusal is None for one in told] == [True, False, False, True]
    assert [Attempt.objects.get(pk=one.pk).result for one in attempts] == ["no_loss", "no_loss", ""]
    assert Attempt.objects.get(pk=attempts[0].pk).evidence["way"] == "call"
    assert Event.objects.filter(verb="refused", by=by, detail__attempt=attempts[2].pk).count() == 1


def test_the_same_twice_is_once_and_a_missed_check_is_kept_as_late(at: Centre) -> None:
    by = worker(at, village(at), "wang")
    case = agreed(at)
    now = START + DAY + timedelta(minutes=2)
    attempt = due(case, now)
    entry = Entry(attempt.pk, Result.NOT_FOUND, Way.VISIT)
    assert [followups.enter_all([entry], by=by, now=now)[0].late for _ in range(2)] == [False, False]
    assert Event.objects.filter(case=case, verb="met").count() == 1
    missed = due(case, START + 3 * DAY + timedelta(minutes=2))
    turn.advance_due(now=START + 4 * DAY + timedelta(minutes=5))
    (told,) = followups.enter_all([Entry(missed.pk, Result.NO_LOSS, Way.CALL)], by=by, now=START + 5 * DAY)
    assert (told.late, Attempt.objects.get(pk=missed.pk).result) == (True, Result.NO_NEWS)
    assert Event.objects.filter(case=case, verb="late_result").count() == 1


def test_the_way_of_a_check_must_be_said_except_for_bad_news(at: Centre) -> None:
    by = worker(at, village(at), "wang")
    case = agreed(at)
    now = START + DAY + timedelta(minutes=2)
    attempt = due(case, now)
    with pytest.raises(NotAllowedError, match="by call or by visit"):
        enter(attempt, Result.NO_LOSS, by, now, way=None)
    enter(attempt, Result.RELAPSE, by, now, way=None)
    assert Case.objects.get(pk=case.pk).outcome == Outcome.RELAPSED


def test_a_check_is_given_within_the_subtree_to_those_who_work_there(at: Centre) -> None:
    home = village(at)
    mine, other = worker(at, home, "wang"), worker(at, Unit.objects.get(name="石鼓村"), "zhao")
    case = agreed(at)
    now = START + DAY + timedelta(minutes=2)
    attempt = due(case, now)
    for to, by, why in (
        (other, mine, "they work elsewhere"),
        (mine, other, "no such check"),
        (at.user(Role.SUPERVISOR, home), mine, "community officers and grid workers"),
        (worker(at, at.county, "county"), mine, "they work elsewhere"),
        (mine, at.user(Role.OPERATOR, home), "no such check"),
    ):
        with pytest.raises(NotAllowedError, match=why):
            followups.give(attempt_id=attempt.pk, to=to, by=by, now=now)
    chief = at.user(Role.SUPERVISOR, at.county)
    assert followups.give(attempt_id=attempt.pk, to=mine, by=chief, now=now).user == mine


def test_by_policy_the_station_s_officers_check(at: Centre) -> None:
    from_station = worker(at, at.station, "police")
    case = agreed(at)
    document = {**case.policy.document, "high": {**case.policy.document["high"]}}
    document["high"]["follow_up"] = {**document["high"]["follow_up"], "police": True}
    kind, starts = case.policy.kind, START + timedelta(minutes=5)
    type(case.policy).objects.create(kind=kind, version=2, document=document, starts_at=starts)
    later = factories.directive(at, "L", number=7, level=Level.HIGH, now=START + timedelta(minutes=6))
    later = factories.judged(later, Disposition.PERSUADED, now=START + timedelta(minutes=7))
    attempt = due(later, START + DAY + timedelta(minutes=9))
    assert (attempt.unit, attempt.assignment.user) == (at.station, from_station)
