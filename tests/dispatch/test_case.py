"""The state machine: up the ladder only, closed is final; and SQLite keeps the promises PostgreSQL does."""

import os
import subprocess
import sys
from pathlib import Path

import django_fsm as fsm
import pytest

from dispatch import record
from dispatch.models import Case, Event
from dispatch.vocabulary import Outcome, State, Tier
from tests.factories import START

ROOT = Path(__file__).resolve().parents[2]
LADDER = [State.NEW, State.VOICE, State.VIDEO, State.VISIT, State.FOLLOW_UP]


@pytest.mark.parametrize("state", LADDER)
@pytest.mark.parametrize("tier", Tier)
def test_a_tier_is_climbed_to_and_never_down_from(state: State, tier: Tier) -> None:
    case = Case(state=state)
    case.climb(tier)
    assert LADDER.index(State(case.state)) == max(LADDER.index(state), tier)


def test_every_transition_leads_up_or_closes() -> None:
    transitions = list(Case._meta.get_field("state").get_all_transitions(Case))
    steps = {(t.source, t.target) for t in transitions}
    assert steps == {(low, high) for n, low in enumerate(LADDER) for high in LADDER[n + 1 :]} | {
        (state, State.CLOSED) for state in LADDER
    }


@pytest.mark.parametrize("begin", ["begin_voice", "begin_video", "begin_visit", "begin_follow_up"])
def test_closed_is_final(begin: str) -> None:
    case = Case(state=State.CLOSED)
    with pytest.raises(fsm.TransitionNotAllowed):
        getattr(case, begin)()
    with pytest.raises(fsm.TransitionNotAllowed):
        case.close(Outcome.VOID)


def test_a_transition_sets_the_state_and_the_outcome_and_nothing_else() -> None:
    case = Case(state=State.VISIT)
    before = {**case.__dict__}
    case.close(Outcome.EXPIRED)
    changed = {name for name, value in case.__dict__.items() if before.get(name) != value}
    assert changed == {"state", "outcome"}


def test_the_state_is_not_set_by_hand() -> None:
    case = Case(state=State.NEW)
    with pytest.raises(AttributeError):
        case.state = State.VISIT


ON_SQLITE = """
import django; django.setup()
from importlib import import_module
from django.apps import apps
from warning_center.management import blank
blank.make()
from django.db import IntegrityError, connection
from dispatch.models import Attempt, Case, Event
from dispatch.vocabulary import Level, Tier
from tests import factories

assert connection.vendor == "sqlite"
case = factories.directive(factories.centre(), "D-1", level=Level.HIGH, number="1")

def refused(what, told):
    try:
        what()
    except IntegrityError as fault:
        assert told in str(fault), fault
        print("refused", told)

def again(row, **changed):
    for name, value in {"pk": None, **changed}.items():
        setattr(row, name, value)
    row._state.adding = True
    type(row).objects.bulk_create([row])

def sql(statement):
    with connection.cursor() as cursor:
        cursor.execute(statement)

refused(lambda: Case.objects.update(due_at=None), "dispatch_case_open_has_due_at")
refused(lambda: again(Case.objects.get(pk=case.pk)), "dispatch_case.target_id")
refused(lambda: Attempt.objects.update(due_at=None), "dispatch_attempt_live_has_due_at")
refused(lambda: again(factories.live(case, Tier.VOICE), call=None), "dispatch_attempt.case_id")
refused(lambda: sql("UPDATE dispatch_event SET verb = 'other'"), "append-only: UPDATE refused")
refused(lambda: sql("DELETE FROM dispatch_event"), "append-only: DELETE refused")
print(Event.objects.count() > 0)
with connection.schema_editor() as editor:
    import_module("dispatch.migrations._append_only").take_off(apps, editor)
sql("UPDATE dispatch_event SET verb = 'other'")  # taken off again, nothing refuses
"""


def test_sqlite_refuses_the_same(tmp_path: Path) -> None:
    without = {"DATABASE_URL", "REDIS_URL", "TEST_DATABASE_URL"}
    environ = {name: value for name, value in os.environ.items() if name not in without}
    environ |= {"WARNING_CENTER_HOME": str(tmp_path), "DJANGO_SETTINGS_MODULE": "warning_center.settings"}
    ran = subprocess.run(
        [sys.executable, "-c", ON_SQLITE], cwd=ROOT, env=environ, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.splitlines() == [
        "refused dispatch_case_open_has_due_at",
        "refused dispatch_case.target_id",
        "refused dispatch_attempt_live_has_due_at",
        "refused dispatch_attempt.case_id",
        "refused append-only: UPDATE refused",
        "refused append-only: DELETE refused",
        "True",
    ]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turn", [1, 2])
def test_the_record_is_emptied_between_tests_though_no_row_may_be_deleted(turn: int) -> None:
    """The trigger refuses rows, and the tests set the trigger aside: else no second transactional test could run."""
    record.write("viewed", now=START)
    assert Event.objects.count() == 1
