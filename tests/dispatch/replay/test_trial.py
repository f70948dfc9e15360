"""Recorded cases under a candidate policy: read in a fixed number of queries, compared, told by the command."""

import copy
import json
from datetime import timedelta
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django.fixtures import Settings

from dispatch import policies, risk, rules
from dispatch.models import Attempt, Case, Event, PolicyVersion
from dispatch.replay import recorded, trial
from dispatch.replay.comparison import Comparison, Risen
from dispatch.vocabulary import Disposition, Level, Money, Outcome, Result, Role, Stage, Tier
from dispatch.workflow import closing, desk, report, sums, turn, undoing, words
from telephony import calls, clock, exchange
from telephony.carrier import CallResult, CallStatus, Update
from telephony.models import Call
from tests import factories
from tests.factories import START, Centre

pytestmark = pytest.mark.django_db

ESCALATION, RISK = PolicyVersion.Kind.ESCALATION, PolicyVersion.Kind.RISK
LATER = START + timedelta(days=10)


@pytest.fixture(autouse=True)
def moving(settings: Settings) -> None:
    settings.CLOCK = "telephony.clock.moving"
    clock.moving.set(LATER)


@pytest.fixture
def place() -> Centre:
    return factories.centre()


def silent_four_times(place: Centre, reference: str = "A", **given: Any) -> Case:
    """A high case: nobody picks up, the station goes and persuades, three checks find no loss."""
    case = factories.directive(place, reference, **{"number": "1", "level": Level.HIGH, **given})
    for _ in range(4):
        call = Attempt.objects.live().get(case=case, tier=Tier.VOICE)
        factories.unanswered(case, CallResult.NO_ANSWER, now=call.starts_at)
    visit = factories.live(case, Tier.VISIT)
    assert visit.started_at is not None
    factories.judged(case, Disposition.PERSUADED, Tier.VISIT, now=visit.started_at + timedelta(minutes=1))
    return factories.followed_up(Case.objects.get(pk=case.pk))


def built_in(kind: PolicyVersion.Kind = ESCALATION) -> dict[str, Any]:
    return copy.deepcopy(policies.built_in(kind))


def second_silence_sends() -> dict[str, Any]:
    document = built_in()
    document["high"]["voice"]["silent"] = {"again": ["60s"], "then": ["visit"]}
    return document


def compare(document: dict[str, Any]) -> Comparison:
    return trial.compare(Case.objects.all(), rules.read(document), now=LATER)


def reproduced(*strayed: Case) -> bool:
    """Whether all cases but these go as they really went."""
    told = compare(built_in())
    return told.changed == 0 and told.strayed == tuple(case.number for case in strayed)


def test_a_case_under_its_own_policy_goes_as_it_went(place: Centre) -> None:
    case = silent_four_times(place)
    assert case.outcome == Outcome.VERIFIED
    told = compare(built_in())
    assert (told.cases, told.reproduced, told.changed, told.guessed, told.assumed) == (1, 1, 0, 0, 0)


def test_where_highs_second_silence_sends_the_visit_it_goes_earlier_and_costs_two_calls_less(
    place: Centre,
) -> None:
    case = silent_four_times(place)
    told = compare(second_silence_sends())
    (row,) = told.earlier
    assert (row.case, row.minutes) == (case.number, -7)  # 60, 120 and 300 s; they hung up at once
    assert (told.calls_before, told.calls_after) == (4, 2)


def test_other_thresholds_raise_more_cases(place: Centre) -> None:
    case = silent_four_times(place, signs={"on_call_seconds": 600})
    document = built_in(RISK)
    document["thresholds"]["critical"] = 60
    told = trial.compare(Case.objects.all(), risk.read(document), now=LATER)
    assert told.risen == ()  # upstream's high counts 55, and the facts less
    document["thresholds"]["critical"] = 55
    told = trial.compare(Case.objects.all(), risk.read(document), now=LATER)
    assert told.risen == (Risen(case.number, Level.HIGH, Level.CRITICAL, START),)
    assert told.earlier[0].after == START


def test_a_joined_directive_is_on_record_with_its_facts_and_its_time(place: Centre) -> None:
    case = factories.directive(place, "A", number="1", level=Level.MEDIUM)
    soon = START + timedelta(seconds=30)
    factories.directive(
        place,
        "B",
        number="1",
        level=Level.HIGH,
        now=soon,
        signs={"money_moved": True},
        place=factories.elsewhere(),
    )
    ((_, history),) = recorded.histories(Case.objects.all(), now=LATER)
    first, second = history.news
    assert (first.at, first.upstream, first.sizes.get("money_moved")) == (START, Level.MEDIUM, None)
    assert (second.at, second.issued_at, second.upstream) == (soon, soon, Level.HIGH)
    assert (second.sizes["money_moved"], second.moved, second.astray) == (1, True, None)
    assert not history.guessed
    assert first.numbers == tuple(use.phone_id for use in case.target.numbers.all())
    assert reproduced()


def test_a_note_with_a_danger_sign_is_replayed_at_its_time(place: Centre) -> None:
    case = factories.directive(place, "A", number="1", level=Level.MEDIUM)
    by, noted_at = place.user(Role.OPERATOR), START + timedelta(minutes=1)
    desk.note(case_id=case.pk, by=by, text="", signs=["screen_shared", "remote_control"], now=noted_at)
    desk.note(case_id=case.pk, by=by, text="", signs=["line_forwarded"], now=noted_at + timedelta(minutes=1))
    assert Case.objects.get(pk=case.pk).level == Level.HIGH
    ((_, history),) = recorded.histories(Case.objects.all(), now=LATER)
    assert [news.at for news in history.news[1:]] == [noted_at, noted_at + timedelta(minutes=1)]
    assert reproduced()


def test_a_sum_that_a_person_names_is_replayed_as_a_danger(place: Centre) -> None:
    case = factories.directive(place, "A", number="1", level=Level.MEDIUM)
    at = START + timedelta(minutes=1)
    lost, why = Money.LOST, "the bank says so"
    sums.say(case_id=case.pk, kind=lost, amount=Decimal(90_000), by=place.user(), why=why, now=at)
    ((_, history),) = recorded.histories(Case.objects.all(), now=LATER)
    told = history.news[1]
    assert (told.at, told.sizes["amount"], told.sizes["money_moved"]) == (at, 90_000, 1)
    assert not history.guessed
    assert reproduced()


def test_what_is_on_record_of_an_undone_merge_need_not_be_guessed(place: Centre) -> None:
    known = report.Person(number="+8619000000001", id_number="440904199001011234", name="测试人")
    factories.directive(place, "A", person=known, level=Level.MEDIUM)
    other = factories.directive(place, "B", person=report.Person(number="+8619000000002"), level=Level.HIGH)
    both = report.Person(number="+8619000000002", id_number=known.id_number)
    factories.directive(place, "C", person=both, level=Level.MEDIUM, now=START + timedelta(minutes=1))
    at = START + timedelta(hours=1)
    undoing.undo(case_id=other.pk, by=place.user(Role.SUPERVISOR), why="two people", now=at)
    assert compare(built_in()).guessed == 0


def test_what_older_rows_do_not_say_is_guessed_and_said_to_be(place: Centre) -> None:
    case = silent_four_times(place)
    Event.objects.create(case=case, at=START + timedelta(seconds=1), verb="joined", agent="source:province")
    told = compare(built_in())
    assert (told.guessed, told.cases) == (1, 1)


def test_what_people_do_is_replayed(place: Centre) -> None:
    set_down = factories.directive(place, "A", number="1", level=Level.CRITICAL)
    supervisor = place.user(Role.SUPERVISOR)
    at = START + timedelta(minutes=1)
    desk.set_level(case_id=set_down.pk, level=Level.LOW, by=supervisor, why="a mistake", now=at)
    handed = factories.directive(place, "B", number="2", level=Level.HIGH)
    closing.hand_over(case_id=handed.pk, by=supervisor, why="Gaozhou", now=at)
    relapsing = factories.directive(place, "C", number="3", level=Level.MEDIUM)
    factories.judged(relapsing, Disposition.PERSUADED, now=at)
    factories.directive(place, "D", number="3", level=Level.MEDIUM, now=at + timedelta(hours=1))
    late = factories.directive(place, "E", number="4", level=Level.HIGH)
    call = factories.answer(late, now=at)
    words.record_result(attempt_id=call.pk, result=Result.HUNG_UP, now=at, agent="test")
    words.judge(
        attempt_id=call.pk, disposition=Disposition.PERSUADED, now=at + timedelta(seconds=20), agent="test"
    )
    outcomes = set(Case.objects.values_list("outcome", flat=True))
    assert {Outcome.HANDED_OVER, Outcome.RELAPSED} < outcomes
    assert reproduced()


def test_a_merged_case_and_its_duplicate_go_as_they_went(place: Centre) -> None:
    known = report.Person(number="+8619000000001", id_number="440904199001011234", name="测试人")
    soon = START + timedelta(minutes=1)
    factories.directive(place, "A", person=known, level=Level.MEDIUM)
    nameless = report.Person(number="+8619000000002")
    factories.directive(place, "B", person=nameless, level=Level.CRITICAL)
    both = report.Person(number="+8619000000002", id_number="440904199001011234", name="测试人")
    factories.directive(place, "C", person=both, level=Level.MEDIUM, now=soon)
    assert sorted(Case.objects.values_list("outcome", flat=True)) == ["", "duplicate"]
    assert reproduced()


def test_two_people_on_one_phone_share_its_cap(place: Centre) -> None:
    """Four calls a day at low risk: the third of each finds the other's three rung or booked."""
    phone = "+8619000000001"
    for number in ("440904199001011234", "440904199001011242"):
        factories.directive(
            place, number, person=report.Person(number=phone, id_number=number), level=Level.LOW, signs={}
        )
    for n in range(1, 6):
        now = START + timedelta(minutes=20 * n)
        while (
            Attempt.objects.live().filter(tier=Tier.VOICE, stage=Stage.PLANNED, starts_at__lte=now).exists()
        ):
            exchange.connect(now=now)
            call = Call.objects.get(status=CallStatus.DIALLING)
            calls.hear(Update(str(call.key), CallStatus.ENDED, CallResult.NO_ANSWER), now=now)
            turn.advance_due(now=now)
    assert sorted(case.attempts.filter(tier=Tier.VOICE).count() for case in Case.objects.all()) == [2, 2]
    assert reproduced()


def test_many_cases_take_as_many_queries_as_one(place: Centre) -> None:
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as asked:
            assert list(recorded.histories(Case.objects.all(), now=LATER))
        return len(asked)

    factories.directive(place, "A-0", number="10", level=Level.CRITICAL)
    one = queries()
    for n in range(1, 5):
        factories.directive(place, f"A-{n}", number=str(10 + n), level=Level.CRITICAL)
    assert queries() == one


def test_batches_lose_no_case_and_the_watcher_hears_of_each(place: Centre) -> None:
    for n in range(3):
        factories.directive(place, f"A-{n}", number=str(10 + n))
    read = [case.pk for case, _ in recorded.histories(Case.objects.all(), now=LATER, at_once=2)]
    assert read == list(Case.objects.order_by("pk").values_list("pk", flat=True))
    heard: list[int] = []
    trial.compare(Case.objects.all(), rules.read(built_in()), now=LATER, watch=heard.append)
    assert heard == [1, 2, 3]


# the command


def replay(path: Path, document: object, *options: str) -> str:
    path.write_text(json.dumps(document), encoding="utf-8")
    out = StringIO()
    call_command("policy", "replay", "--candidate", str(path), *options, stdout=out)
    return out.getvalue()


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_command_tells_how_far_to_trust_it_and_what_changes(
    place: Centre, tmp_path: Path, lang: str
) -> None:
    case = silent_four_times(place)
    told = replay(tmp_path / "p.json", second_silence_sends(), "--lang", lang).splitlines()
    assert ("1 起案件中 1 起（100 %）" if lang == "zh" else "1 of 1 cases (100 %)") in told[0]
    assert any(case.number in line and "-7.0" in line for line in told)
    assert any("4 → 2" in line for line in told)


def test_the_command_tells_it_as_json(place: Centre, tmp_path: Path) -> None:
    case = silent_four_times(place)
    told = json.loads(replay(tmp_path / "p.json", second_silence_sends(), "--json"))
    assert (told["cases"], told["reproduced"], told["changed"]) == (1, 1, 1)
    assert told["called"] == [{"case": case.number, "before": 4, "after": 2}]
    assert told["minutes_earlier"] == 7


def test_toml_and_the_risk_policy_are_read_too(place: Centre, tmp_path: Path) -> None:
    silent_four_times(place)
    path = tmp_path / "risk.toml"
    path.write_text((Path(risk.__file__).parent / "risk.toml").read_text())
    out = StringIO()
    call_command("policy", "replay", "--candidate", str(path), "--kind", "risk", "--lang", "en", stdout=out)
    assert "Nothing changes." in out.getvalue()


def test_a_bad_document_is_refused_with_each_faulty_row(place: Centre, tmp_path: Path) -> None:
    document = built_in()
    document["high"]["voice"]["silent"] = {"again": ["60s"]}
    document["low"]["voice"]["busy"] = {"again": ["60s"], "then": ["voice"]}
    with pytest.raises(CommandError) as refused:
        replay(tmp_path / "p.json", document)
    assert refused.value.returncode == 2
    rows = str(refused.value).splitlines()
    assert [row.split(": ")[1] for row in rows] == ["low.voice.busy", "high.voice.silent"]


@pytest.mark.parametrize("text", ["", "[1]", "{", "{}", '{"high": 1}'])
@pytest.mark.parametrize("kind", [PolicyVersion.Kind.RISK, PolicyVersion.Kind.ESCALATION])
def test_what_is_no_policy_at_all_is_refused(tmp_path: Path, text: str, kind: str) -> None:
    path = tmp_path / "p.json"
    path.write_text(text)
    with pytest.raises(CommandError) as refused:
        call_command("policy", "replay", "--candidate", str(path), "--kind", kind)
    assert (refused.value.returncode, str(refused.value).startswith(str(path))) == (2, True)


def test_an_empty_window_says_what_to_do(place: Centre, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="请先接收预警指令"):
        replay(tmp_path / "p.json", built_in())
    silent_four_times(place)
    with pytest.raises(CommandError, match="--until 2026-03-02"):
        replay(tmp_path / "p.json", built_in(), "--days", "3")
    assert replay(tmp_path / "p.json", built_in(), "--days", "3", "--until", "2026-03-02")


def test_only_a_units_subtree_is_replayed(place: Centre, tmp_path: Path) -> None:
    silent_four_times(place)
    factories.directive(place, "B", number="2", place=factories.elsewhere())
    for adcode, cases in (("440900", 2), ("440904", 1), ("440981", 1)):
        told = json.loads(replay(tmp_path / "p.json", built_in(), "--unit", adcode, "--json"))
        assert told["cases"] == cases
    with pytest.raises(CommandError, match="440999"):
        replay(tmp_path / "p.json", built_in(), "--unit", "440999")
