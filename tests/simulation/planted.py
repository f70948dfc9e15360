"""The checker is proven: a fault of ours is planted, a small day is played, and the right promise is broken."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime
from typing import Any

import pytest
from django.db import transaction
from django.db.models import QuerySet

from dispatch import calling
from dispatch.models import Case
from dispatch.vocabulary import Disposition, Level, Result, State
from dispatch.workflow import evidence, moves, opening, turn, unseen
from telephony import calls, exchange, pace, prepared
from telephony.carrier import CallResult, CallStatus, Update
from telephony.models import Call, Trunk
from telephony.models.call import CallQuerySet
from tests import factories
from tests.dispatch import test_races
from tests.simulation.days import played, without
from tests.telephony import test_exchange
from warning_center import intake
from warning_center.simulation import faults, odds
from warning_center.simulation.odds import ASSUMED, Chance, Row, Span

pytestmark = pytest.mark.django_db(transaction=True)
Plant = Callable[[pytest.MonkeyPatch], Any]
ALWAYS, NEVER = Chance(1, ASSUMED), Chance(0, ASSUMED)


@pytest.fixture(autouse=True)
def moving(settings: Any) -> None:
    settings.CLOCK = "telephony.clock.moving"
    settings.REDIS_URL = ""


@pytest.fixture(autouse=True)
def composed_anew() -> Iterator[None]:
    """Reads that were composed before a fault was planted would not have it; those with it must not stay."""
    prepared.forget()
    yield
    prepared.forget()


@pytest.fixture
def lifted() -> Iterator[ExitStack]:
    """Constraints that are lifted, to be put back."""
    with ExitStack() as stack:
        yield stack


def broken(**asked: object) -> set[str]:
    """The promises that a small day finds broken, up to the first."""
    day = played(until_broken=True, **asked)
    return {violation.promise for violation in day.broken.kept}


def test_without_a_plant_nothing_is_broken() -> None:
    assert broken(directives=12) == set()


def test_a_directive_acknowledged_before_its_commit_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    receive = intake.receive

    def too_early(*given: Any, **named: Any) -> intake.Receipt:
        with transaction.atomic():
            receipt = receive(*given, **named)
            transaction.set_rollback(True)
        return receipt

    monkeypatch.setattr(intake, "receive", too_early)
    assert broken(directives=5) == {"nothing_lost"}


def test_a_door_that_does_not_know_what_it_has_taken_in(
    monkeypatch: pytest.MonkeyPatch, lifted: ExitStack
) -> None:
    monkeypatch.setattr(intake._known, "first", lambda *_: None)
    monkeypatch.setattr(odds, "REPEATED", ALWAYS)
    lifted.enter_context(
        without("warning_center_directive", "warning_center_directive_reference_is_one_sources")
    )
    assert broken() == {"once"}


def test_a_case_that_is_never_due(monkeypatch: pytest.MonkeyPatch, lifted: ExitStack) -> None:
    decide = turn._decide

    def forgetful(case: Case, *rest: Any) -> None:
        decide(case, *rest)
        case.due_at = None

    monkeypatch.setattr(turn, "_decide", forgetful)
    lifted.enter_context(without("dispatch_case", "dispatch_case_open_has_due_at"))
    assert broken() == {"due"}


def test_a_turn_that_passes_a_level_over(monkeypatch: pytest.MonkeyPatch) -> None:
    due = turn._due

    def not_medium(now: datetime, level: Level, most: int) -> list[Case]:
        return [] if level is Level.MEDIUM else due(now, level, most)

    monkeypatch.setattr(turn, "_due", not_medium)
    assert broken() == {"in_time"}


def test_a_stand_down_of_which_nobody_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(odds, "LEVELS", (Row(Level.CRITICAL, 1, ASSUMED),))
    monkeypatch.setattr(odds, "ON_THE_LINE", (Row(Disposition.FALSE_ALARM, 1, ASSUMED),))
    monkeypatch.setattr(unseen, "press_due", lambda now: 0)
    assert broken(directives=5) == {"in_time"}


def test_a_part_that_always_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken_hear(update: Update, *, now: datetime) -> bool:
        raise ValueError("a bug")

    monkeypatch.setattr(calls, "hear", broken_hear)
    assert broken() == {"goes_well"}


def test_the_carrier_is_asked_before_the_row_is_committed(monkeypatch: pytest.MonkeyPatch) -> None:
    matched = exchange.turn

    def in_one(**given: Any) -> int:
        with transaction.atomic():
            return matched(**given)

    monkeypatch.setattr(exchange, "turn", in_one)
    monkeypatch.setattr(faults.Dying, "EVERY", (20, 150))
    assert "known_calls" in broken(faults=("dying",), directives=40)


def test_a_number_on_the_line_is_rung(monkeypatch: pytest.MonkeyPatch, lifted: ExitStack) -> None:
    def blind(self: Any, now: datetime, *, needs: str = "", mode: str = "", area: str = "") -> Any:
        kind = self.filter(status=CallStatus.BOOKED, desk=None, mode=mode, needs=needs)
        return kind.filter(rank_at__lte=now, due_at__lte=now, until__gt=now).order_by("rank_at", "pk")

    monkeypatch.setattr(CallQuerySet, "waiting", blind)
    monkeypatch.setattr(odds, "SHARED_PHONE", ALWAYS)
    lifted.enter_context(without("telephony_call", "telephony_call_one_live_per_number"))
    assert broken() == {"one_call_per_number"}


def test_news_that_takes_a_call_back(monkeypatch: pytest.MonkeyPatch) -> None:
    move = calls._move

    def backwards(call: Call, update: Update, now: datetime) -> bool:
        if update.status is CallStatus.ENDED or call.status == CallStatus.BOOKED:
            return move(call, update, now)
        call.status, call.result, call.ended_at, call.due_at = update.status, "", None, now + calls.SILENCE
        return True

    monkeypatch.setattr(calls, "_move", backwards)
    assert broken(faults=("reordered",), directives=60) == {"forward"}


def test_the_last_rank_is_served_first(monkeypatch: pytest.MonkeyPatch) -> None:
    waiting = CallQuerySet.waiting
    monkeypatch.setattr(
        CallQuerySet, "waiting", lambda self, *a, **k: waiting(self, *a, **k).order_by("-rank_at", "-pk")
    )
    monkeypatch.setattr(exchange, "queue", _all_kinds)
    assert broken(operators=1, directives=60) == {"rank"}


def _all_kinds(now: datetime, many: int, seats: exchange.Seats) -> list[Call]:
    found: list[Call] = []
    for mode, needs, area in exchange._kinds({(frozenset(desk.tags), desk.area) for desk in seats.free}):
        found += Call.objects.waiting(now, mode=mode, needs=needs, area=area)[:many]
    return found


def test_more_calls_than_a_trunk_carries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "loads", lambda now, joining: {})
    monkeypatch.setattr(odds, "LEVELS", (Row(Level.LOW, 1, ASSUMED),))
    assert broken(operators=1, directives=60) == {"trunk_limits"}


def test_more_calls_in_a_second_than_a_trunk_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    def brimful(self: Trunk, now: datetime) -> None:
        self.tokens, self.filled_at = 1000.0, now

    monkeypatch.setattr(Trunk, "refill", brimful)
    monkeypatch.setattr(pace, "left", lambda trunk, load: 1000)
    monkeypatch.setattr(odds, "LEVELS", (Row(Level.LOW, 1, ASSUMED),))
    monkeypatch.setattr(odds, "IN_BURSTS", ALWAYS)
    monkeypatch.setattr(odds, "BATCHED", ALWAYS)
    assert broken(operators=40, directives=60) == {"trunk_limits"}


def test_two_calls_for_one_desk(monkeypatch: pytest.MonkeyPatch, lifted: ExitStack) -> None:
    def generous(self: exchange.Seats, call: Call) -> bool:
        call.desk = self.free[0] if self.free else None
        return call.desk is not None

    monkeypatch.setattr(exchange.Seats, "seat", generous)
    monkeypatch.setattr(odds, "IN_BURSTS", ALWAYS)
    lifted.enter_context(without("telephony_call", "telephony_call_one_live_per_desk"))
    assert broken(directives=60) == {"desks"}


def test_a_call_that_rings_for_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Call, "wants_desk", property(lambda self: False))
    assert broken() == {"desks"}


def test_a_machine_counts_as_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    end = evidence.end

    def hopeful(attempt: Any, result: Result, now: datetime, **told: Any) -> None:
        end(attempt, Result.REACHED if result is Result.NO_ANSWER else result, now, **told)

    monkeypatch.setattr(evidence, "end", hopeful)
    assert broken() == {"a_persons_word"}


def test_a_change_without_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    log = moves.Moves.log

    def silent(self: moves.Moves, verb: str, **detail: Any) -> None:
        if verb != "closed":
            log(self, verb, **detail)

    monkeypatch.setattr(moves.Moves, "log", silent)
    assert broken(directives=40) == {"record"}


def test_a_state_that_goes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    def down(self: Case, tier: object) -> None:
        self.__dict__["state"] = State.VOICE if self.state == State.NEW else State.NEW

    monkeypatch.setattr(Case, "climb", down)
    assert broken() == {"state"}


def test_a_case_that_closes_over_a_live_attempt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moves.Moves, "_recall", lambda self, action, rules: None)
    monkeypatch.setattr(odds, "ON_THE_LINE", (Row(Disposition.FALSE_ALARM, 1, ASSUMED),))
    monkeypatch.setattr(odds, "LEVELS", (Row(Level.CRITICAL, 1, ASSUMED),))
    assert broken() == {"final"}


def test_a_quiet_watch_counts_as_a_check(monkeypatch: pytest.MonkeyPatch) -> None:
    end = evidence.end

    def hopeful(attempt: Any, result: Result, now: datetime, **told: Any) -> None:
        end(attempt, Result.NO_LOSS if result is Result.NO_NEWS else result, now, **told)

    monkeypatch.setattr(evidence, "end", hopeful)
    monkeypatch.setattr(odds, "LEVELS", (Row(Level.MEDIUM, 1, ASSUMED),))
    assert broken(directives=5) == {"verified"}


def test_a_person_with_two_open_cases(monkeypatch: pytest.MonkeyPatch, lifted: ExitStack) -> None:
    monkeypatch.setattr(opening, "_open_case_of", lambda target: None)
    monkeypatch.setattr(odds, "SAME_PERSON", ALWAYS)
    monkeypatch.setattr(odds, "SECOND_PHONE", NEVER)
    lifted.enter_context(without("dispatch_case", "dispatch_case_one_open_per_target"))
    assert broken(directives=4) == {"one_open_case"}


def test_a_call_past_expiry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calling.Calling, "expired", lambda self, at: False)
    monkeypatch.setattr(calling.Calling, "_expires_at", lambda self: None)
    monkeypatch.setattr(odds, "LATE", ALWAYS)
    monkeypatch.setattr(odds, "LATE_BY", Span(18000, 18001, 18002, ASSUMED))
    assert broken() == {"expiry"}


def test_a_call_at_night(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calling.Calling, "within_hours", lambda self, at: at)
    monkeypatch.setattr(calling.Calling, "_hours_end", lambda self, at: None)
    monkeypatch.setattr(odds, "LEVELS", (Row(Level.LOW, 1, ASSUMED),))
    monkeypatch.setattr(odds, "HOURS", tuple(Row(h, h == 21, ASSUMED) for h in range(24)))
    assert broken(hours=14.0, directives=8) == {"hours"}


def test_more_calls_than_the_cap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calling.Calling, "_rung_enough", lambda self, *given: False)
    results = (CallResult.BUSY, CallResult.NO_ANSWER)
    monkeypatch.setattr(odds, "VOICE", tuple(Row(result, 1, ASSUMED) for result in results))
    monkeypatch.setattr(odds, "LEVELS", (Row(Level.LOW, 1, ASSUMED),))
    assert broken(directives=15) == {"cap"}


# A simulated day runs one part after another, so what misses a lock are several workers at the same moment.


def test_turns_without_locks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(QuerySet, "select_for_update", lambda self, **_: self.all())
    with pytest.raises(AssertionError):
        test_races.test_workers_never_give_one_case_the_same_turn_twice(factories.centre())


def test_words_without_locks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(QuerySet, "select_for_update", lambda self, **_: self.all())
    with pytest.raises(AssertionError):
        test_races.test_of_two_words_at_once_one_is_written_and_the_other_is_told(factories.centre())


def test_matchers_without_locks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(QuerySet, "select_for_update", lambda self, **_: self.all())
    with pytest.raises(AssertionError):
        test_exchange.test_many_exchanges_at_once_dial_every_number_once()
