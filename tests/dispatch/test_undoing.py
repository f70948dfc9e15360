"""A merge is undone: who gets what back, what stays, who may, and what the figures say then."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from dispatch.models import Attempt, Case, Event, Merge, Sum
from dispatch.vocabulary import Disposition, Level, Money, Outcome, Result, Role, Stage, Tier
from dispatch.workflow import closing, report, undoing, words
from dispatch.workflow.refusal import NotAllowedError
from telephony.carrier import CallStatus
from telephony.models import Call
from tests import factories
from tests.factories import START, Centre
from warning_center.supervision import rates, statistics
from warning_center.supervision.statistics import Filter

pytestmark = pytest.mark.django_db

ONE, TWO, THREE = (f"+861900000000{n}" for n in (1, 2, 3))
AN_ID, ANOTHER_ID = "440904199001011234", "440904199001011242"
SPOUSE = report.Related("spouse", "+8619000000009", "测家人")


@pytest.fixture
def at() -> Centre:
    return factories.centre()


def later(**span: float) -> datetime:
    return START + timedelta(**span)


def fresh(case: Case) -> Case:
    return Case.objects.get(pk=case.pk)


def numbers(case: Case) -> list[str]:
    return [use.phone.number for use in fresh(case).target.numbers.select_related("phone")]


def merged(at: Centre, **nameless: Any) -> tuple[Case, Case]:
    """A nameless phone's case is taken for a known person's: the kept case, and the duplicate."""
    other = factories.directive(at, "A", **{"number": 1, "amount": "3000", "contacts": (SPOUSE,), **nameless})
    known = report.Person(number=TWO, id_number=AN_ID)
    kept = factories.directive(at, "B", person=known, level=Level.LOW, place=factories.elsewhere())
    both = report.Person(number=ONE, id_number=AN_ID)
    factories.directive(at, "C", person=both, level=Level.LOW, place=report.Place(), now=later(minutes=1))
    assert fresh(other).merged_into == kept
    return fresh(kept), fresh(other)


def undo(
    at: Centre, case: Case, *, by: Role = Role.SUPERVISOR, why: str = "a mistyped ID", **when: float
) -> Case:
    return undoing.undo(case_id=case.pk, by=at.user(by), why=why, now=later(**(when or {"minutes": 5})))


def test_the_person_gets_a_case_of_their_own_that_follows_the_duplicate(at: Centre) -> None:
    kept, other = merged(at, level=Level.CRITICAL, signs={"screen_shared": True})
    new = undo(at, other)
    assert (new.previous, new.chain, new.is_open) == (other, other, True)
    assert (fresh(other).outcome, fresh(other).target, new.target) == (
        Outcome.DUPLICATE, new.target, new.target,
    )  # fmt: skip
    assert new.target != fresh(kept).target
    assert (Level(new.level), new.upstream_level, new.fraud_type) == (
        Level.CRITICAL, Level.CRITICAL, other.fraud_type,
    )  # fmt: skip
    assert (new.sizes, new.place_at, new.address) == (other.sizes, other.place_at, other.address)
    live = Attempt.objects.live().filter(case=new)
    assert {Tier(a.tier) for a in live} == {Tier.VOICE, Tier.VISIT}  # it has taken its turn
    assert new.assessments.exists()
    assert list(new.sums.values_list("kind", "amount", "said_by")) == [
        (Money.AT_RISK, Decimal(3000), "source:province")
    ]


def test_numbers_contacts_and_earlier_cases_go_back_and_the_calls_follow(at: Centre) -> None:
    first = factories.directive(at, "before", number=1, now=later(days=-2))
    factories.judged(first, Disposition.FALSE_ALARM, now=later(days=-2))
    kept, other = merged(at)
    assert sorted(numbers(kept)) == [ONE, TWO]
    new = undo(at, other)
    assert (numbers(kept), numbers(new)) == ([TWO], [ONE])
    assert [c.number for c in new.target.contacts.all()] == [SPOUSE.number]
    assert not fresh(kept).target.contacts.exists()
    assert set(new.target.cases.all()) == {first, other, new}
    assert set(fresh(kept).target.cases.all()) == {kept}
    assert {c.number for c in Call.objects.filter(status=CallStatus.BOOKED, attempt__case=new)} == {ONE}
    assert {c.number for c in Call.objects.filter(status=CallStatus.BOOKED, attempt__case=kept)} == {TWO}


def test_a_number_both_had_stays_with_both(at: Centre) -> None:
    known = report.Person(number=TWO, id_number=AN_ID)
    factories.directive(at, "A", number=1)
    kept = factories.directive(at, "B", person=known)
    shared = report.Person(number=THREE, id_number=ANOTHER_ID)
    factories.directive(at, "C", person=shared, now=later(minutes=1))
    other = Case.objects.get(target__numbers__phone__number__isnull=False, directives__reference="A")
    nameless = other.target
    phone = Case.objects.get(directives__reference="C").target.numbers.get().phone
    nameless.numbers.create(phone=phone, position=2)
    kept.target.numbers.create(phone=phone, position=2)
    closing.void(
        case_id=Case.objects.get(directives__reference="C").pk, by=at.user(Role.SUPERVISOR), why="-",
        now=later(minutes=2),
    )  # fmt: skip
    factories.directive(at, "D", person=report.Person(number=ONE, id_number=AN_ID), now=later(minutes=3))
    new = undo(at, other)
    assert (numbers(kept), numbers(new)) == ([TWO, THREE], [ONE, THREE])


def test_the_kept_case_goes_by_its_own_place_again_but_keeps_the_dangers(at: Centre) -> None:
    other = factories.directive(
        at, "A", number=1, level=Level.CRITICAL, signs={"screen_shared": True}, issued_at=START
    )
    known = report.Person(number=TWO, id_number=AN_ID)
    kept = factories.directive(
        at, "B", person=known, level=Level.LOW, place=factories.elsewhere(), issued_at=later(hours=-1)
    )
    both = report.Person(number=ONE, id_number=AN_ID)
    factories.directive(at, "C", person=both, level=Level.LOW, place=report.Place(), now=later(minutes=1))
    assert fresh(kept).address == other.address
    undo(at, other)
    kept = fresh(kept)
    assert (kept.address, kept.unit, kept.place_at) == (
        factories.elsewhere().address, at.other, later(hours=-1),
    )  # fmt: skip
    assert (kept.level, kept.sizes["screen_shared"]) == (Level.CRITICAL, 1)
    visit = Attempt.objects.live().get(case=kept, tier=Tier.VISIT)
    assert visit.unit is not None
    assert visit.unit.name == "石鼓派出所"  # and whoever was on the way to the wrong door was stood down


def test_a_newer_place_of_the_kept_case_stays(at: Centre) -> None:
    kept, other = merged(at)
    newer = report.Place(lat=21.9, lon=110.8, adcode="440981", address="另一处")
    person = report.Person(number=TWO, id_number=AN_ID)
    factories.directive(at, "D", person=person, place=newer, now=later(minutes=2))
    undo(at, other)
    assert fresh(kept).address == "另一处"


def test_only_a_supervisor_or_administrator_with_a_reason(at: Centre) -> None:
    _, other = merged(at)
    with pytest.raises(NotAllowedError, match="only a supervisor"):
        undo(at, other, by=Role.OPERATOR)
    with pytest.raises(NotAllowedError, match="a reason is needed"):
        undo(at, other, why=" ")
    assert undo(at, other, by=Role.ADMINISTRATOR).is_open
    said = Event.objects.filter(verb="parted").order_by("pk")
    assert [(e.case, e.why, e.by is not None) for e in said] == [
        (other, "a mistyped ID", True),
        (fresh(other).merged_into, "a mistyped ID", True),
    ]


def test_it_is_done_once_and_only_for_a_merged_case(at: Centre) -> None:
    kept, other = merged(at)
    with pytest.raises(NotAllowedError, match="only a merged case"):
        undo(at, kept)
    new = undo(at, other)
    with pytest.raises(NotAllowedError, match="undone already"):
        undo(at, other)
    assert Case.objects.filter(previous=other).get() == new


def test_an_open_case_for_their_number_is_named_and_nothing_is_joined(at: Centre) -> None:
    _, other = merged(at)
    third = report.Person(number=ONE, id_number=ANOTHER_ID)
    theirs = factories.directive(at, "D", person=third, now=later(minutes=2))
    with pytest.raises(NotAllowedError, match=f"open for their number by now: {theirs.number}"):
        undo(at, other)
    assert Merge.objects.get(other=other).undone_at is None
    assert not Case.objects.filter(previous=other).exists()


def test_not_while_the_kept_case_calls_their_number(at: Centre) -> None:
    kept, other = merged(at)
    call = factories.answer(kept, now=later(minutes=3))
    assert (call.phone.number if call.phone else "", call.stage) == (ONE, Stage.TALKING)
    with pytest.raises(NotAllowedError, match="being called"):
        undo(at, other)
    words.record_result(attempt_id=call.pk, result=Result.HUNG_UP, now=later(minutes=4))
    assert undo(at, other).is_open
    redial = factories.live(kept, Tier.VOICE)
    assert redial.phone is not None
    assert redial.phone.number == TWO


def test_the_same_pair_is_not_merged_again_and_the_number_is_both_of_theirs(at: Centre) -> None:
    kept, other = merged(at)
    new = undo(at, other)
    both = report.Person(number=ONE, id_number=AN_ID)
    joined = factories.directive(at, "D", person=both, now=later(minutes=6))
    assert (joined, fresh(new).is_open) == (kept, True)
    assert (ONE in numbers(kept), numbers(new)) == (True, [ONE])


def test_a_late_word_about_the_duplicate_is_heard_in_the_new_case(at: Centre) -> None:
    other = factories.directive(at, "A", number=1)
    talking = factories.answer(other, now=later(seconds=10))
    kept = factories.directive(at, "B", person=report.Person(number=TWO, id_number=AN_ID))
    factories.directive(at, "C", person=report.Person(number=ONE, id_number=AN_ID), now=later(minutes=1))
    new = undo(at, other)
    words.judge(attempt_id=talking.pk, disposition=Disposition.ALREADY_TRANSFERRED, now=later(minutes=6))
    assert fresh(new).sizes["money_moved"] == 1
    assert not fresh(kept).orders.exists()


def test_what_another_directive_follows_is_the_new_case_and_never_the_duplicate(at: Centre) -> None:
    kept, other = merged(at)
    new = undo(at, other)
    assert list(Case.objects.filter(target=new.target).to_follow()) == [new]
    assert list(Case.objects.filter(target=kept.target).to_follow()) == [kept]
    factories.judged(new, Disposition.FALSE_ALARM, now=later(minutes=6))
    third = factories.directive(at, "D", number=1, now=later(days=1))
    assert (third.previous, third.chain) == (new, other)


# the figures


def figures() -> dict[str, int]:
    rows = statistics.read(Filter())
    parts = ("received", "duplicate", "counted", "succeeded", "pending", "failed", "verified")
    return {part: n for part in parts if (n := rates.count(rows, part))}


def test_before_the_undoing_a_duplicate_is_taken_out_and_after_it_its_new_case_decides(at: Centre) -> None:
    kept, other = merged(at, level=Level.HIGH)
    assert figures() == {"received": 3, "duplicate": 1, "counted": 2, "pending": 2}
    new = undo(at, other)
    assert figures() == {"received": 3, "counted": 3, "pending": 3}
    factories.judged(new, Disposition.PERSUADED, now=later(minutes=6))
    assert factories.followed_up(new).outcome == Outcome.VERIFIED
    assert figures() == {"received": 3, "counted": 3, "pending": 2, "succeeded": 1, "verified": 1}
    success = rates.success(statistics.read(Filter()))
    assert (success.k, success.n) == (1, 3)
    factories.judged(kept, Disposition.FALSE_ALARM, now=later(minutes=7))
    assert figures() == {"received": 3, "counted": 3, "succeeded": 1, "verified": 1, "failed": 2}


def test_an_earlier_failure_of_theirs_is_decided_by_the_new_case_too(at: Centre) -> None:
    first = factories.directive(at, "before", number=1, now=later(days=-2))
    factories.judged(first, Disposition.FALSE_ALARM, now=later(days=-2))
    _, other = merged(at)
    assert figures() == {"received": 4, "duplicate": 1, "counted": 3, "pending": 2, "failed": 1}
    undo(at, other)
    assert figures() == {"received": 4, "counted": 4, "pending": 4}


def test_a_new_case_that_is_void_leaves_the_duplicate_taken_out_and_revives_no_older_one(at: Centre) -> None:
    first = factories.directive(at, "before", number=1, now=later(days=-2))
    factories.judged(first, Disposition.FALSE_ALARM, now=later(days=-2))
    _, other = merged(at)
    new = undo(at, other)
    closing.void(case_id=new.pk, by=at.user(Role.SUPERVISOR), why="a drill", now=later(minutes=6))
    assert figures() == {"received": 4, "duplicate": 1, "counted": 3, "pending": 2, "failed": 1}


def test_the_money_of_the_duplicate_counts_again_once(at: Centre) -> None:
    _, other = merged(at)

    def at_risk() -> Decimal:
        return next(pot.total for pot in statistics.money(Filter()) if pot.kind is Money.AT_RISK)

    assert at_risk() == 0
    undo(at, other)
    assert at_risk() == 3000
    assert Sum.objects.count() == 2
