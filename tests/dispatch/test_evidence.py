"""However an attempt ends, it keeps whose fault that was and what told of it; a fault uses up nobody's attempt."""

from datetime import datetime, timedelta

import pytest

from dispatch.admin.results import mask
from dispatch.models import Attempt, Case
from dispatch.vocabulary import Disposition, Level, Result, Role, Stage, Tier
from dispatch.workflow import closing, turn, words
from dispatch.workflow.evidence import whose_fault
from telephony import calls
from telephony.carrier import CallResult, CallStatus, Fault, Update, fault_of
from tests import factories
from tests.factories import START, Centre

pytestmark = pytest.mark.django_db


@pytest.fixture
def at() -> Centre:
    return factories.centre()


def later(**span: float) -> datetime:
    return START + timedelta(**span)


def kept(attempt: Attempt) -> Attempt:
    return Attempt.objects.select_related("call").get(pk=attempt.pk)


def test_carrier_news_keeps_the_carriers_own_words(at: Centre) -> None:
    attempt = factories.dial(factories.directive(at, "A", number=1), now=START)
    assert attempt.call is not None
    said = Update(
        str(attempt.call.key), CallStatus.ENDED, CallResult.LABELLED_NUISANCE, evidence={"sip": "607"}
    )
    calls.hear(said, now=later(seconds=5))
    attempt = kept(attempt)
    assert (attempt.fault, attempt.evidence["line"][-1]["sip"]) == (Fault.CARRIER, "607")


def test_an_operators_word_keeps_who_and_when_and_the_line_keeps_its_own(at: Centre) -> None:
    by = at.user()
    attempt = factories.answer(factories.directive(at, "A", number=1), now=START)
    words.record_result(attempt_id=attempt.pk, result=Result.HUNG_UP, by=by, now=later(minutes=1))
    attempt = kept(attempt)
    assert attempt.fault == Fault.PERSON
    assert attempt.evidence["said"] == [{"word": "hung_up", "at": later(minutes=1).isoformat(), "by": by.pk}]
    assert attempt.call is not None
    assert attempt.call.evidence[-1]["status"] == "talking"


def test_a_disposition_and_a_later_word_are_both_kept(at: Centre) -> None:
    case = factories.directive(at, "A", number=1, level=Level.CRITICAL)
    attempt = factories.answer(case, now=START)
    factories.judged(case, Disposition.FALSE_ALARM, Tier.VISIT, now=later(minutes=10))
    assert kept(attempt).evidence == {"stood_down": {"stage": Stage.TALKING}}
    words.judge(attempt_id=attempt.pk, disposition=Disposition.PERSUADED, now=later(minutes=11), agent="test")
    told = kept(attempt).evidence
    assert [said["word"] for said in told["said"]] == ["persuaded"]
    assert told["stood_down"]  # nothing kept before is lost
    assert kept(attempt).fault == Fault.OURS


def test_an_officers_report_keeps_ticks_distance_and_name(at: Centre) -> None:
    case, officer = factories.directive(at, "A", number=1, level=Level.CRITICAL), at.user(Role.OFFICER)
    visit = factories.live(case, Tier.VISIT)
    words.record_result(
        attempt_id=visit.pk, result=Result.NOT_THERE, by=officer, now=later(minutes=1),
        evidence={"asked_neighbours": True},
    )  # fmt: skip
    visit = kept(visit)
    assert (visit.fault, visit.evidence["asked_neighbours"]) == (Fault.PERSON, True)
    assert visit.evidence["said"][0]["by"] == officer.pk


def test_time_running_out_keeps_at_which_stage_and_by_when(at: Centre) -> None:
    case = factories.directive(at, "A", number=1, level=Level.CRITICAL)
    visit = factories.live(case, Tier.VISIT)
    call = factories.dial(case, now=START)
    turn.advance_due(now=later(minutes=3))
    visit, call = kept(visit), kept(call)
    assert (visit.result, visit.fault) == (Result.NO_ACKNOWLEDGEMENT, Fault.OURS)
    assert visit.evidence["time_up"] == {"stage": "sent", "due": _utc(later(minutes=2))}
    assert (call.result, call.fault) == (Result.OUTCOME_UNKNOWN, Fault.NOBODY)
    assert call.evidence["time_up"]["stage"] == "dialled"


def _utc(at: datetime) -> str:
    return (at - at.utcoffset()).replace(tzinfo=None).isoformat() + "+00:00"  # type: ignore[operator]


def test_a_case_closed_by_hand_tells_its_attempts_why(at: Centre) -> None:
    case = factories.directive(at, "A", number=1)
    attempt = factories.live(case, Tier.VOICE)
    closing.void(case_id=case.pk, by=at.user(Role.SUPERVISOR), why="a drill", now=START)
    assert (kept(attempt).fault, kept(attempt).evidence) == (Fault.OURS, {"stood_down": {"closed": "void"}})


@pytest.mark.parametrize("result", [r for r in CallResult if r is not CallResult.ANSWERED])
def test_a_calls_fault_is_the_lines_own_verdict(result: CallResult) -> None:
    mine = whose_fault(Result(result.value))
    assert mine is fault_of(result)


@pytest.mark.parametrize("fault", [CallResult.CONGESTION, CallResult.FAILED_HERE])
def test_a_fault_uses_up_nobodys_attempt(at: Centre, fault: CallResult) -> None:
    """High and silent: redialled after 60, 120, 300 s, then a visit; as many as without the faults between."""

    def rings(case: Case, result: CallResult, now: datetime) -> datetime:
        factories.unanswered(case, result, now=now)
        live = Attempt.objects.live().filter(case=case, tier=Tier.VOICE).first()
        return live.starts_at if live else now

    plain, troubled = (factories.directive(at, f"D-{n}", number=n) for n in (1, 2))
    waits: dict[int, list[timedelta]] = {plain.pk: [], troubled.pk: []}
    for case in (plain, troubled):
        now = START
        for _ in range(4):
            if case == troubled:
                now = rings(case, fault, now)
            again = rings(case, CallResult.NO_ANSWER, now)
            waits[case.pk].append(again - now)
            now = again
    assert waits[plain.pk] == waits[troubled.pk]
    assert waits[plain.pk][:3] == [timedelta(seconds=n) for n in (60, 120, 300)]
    for case in (plain, troubled):
        assert Attempt.objects.live().filter(case=case, tier=Tier.VISIT).exists()
    faults = Attempt.objects.filter(case=troubled, fault__in=(Fault.CARRIER, Fault.OURS))
    assert faults.count() == 4


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("To: +8619000000001;", "To: 190****0001;"),
        ({"19000000001": ["190 0000 0001", 19000000001]}, {"190****0001": ["190****0001", "190****0001"]}),
        ("2026-03-02T09:01:20.123456+08:00", "2026-03-02T09:01:20.123456+08:00"),
        (
            {"code": 503, "ok": True, "none": None, "late": 1.5},
            {"code": 503, "ok": True, "none": None, "late": 1.5},
        ),
    ],
)
def test_numbers_in_evidence_are_masked_however_deep(raw: object, shown: object) -> None:
    assert mask(raw) == shown
