"""Two officers say different things of one visit: no arrival decides it; both are kept, and the desk decides."""

from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from dispatch.models import Attempt, Case, Event
from dispatch.vocabulary import Disposition, Outcome, Role, Tier
from dispatch.workflow import contradictions
from dispatch.workflow.refusal import NotAllowedError
from telephony import clock
from tests import factories
from tests.devices import PLACE, Device
from tests.factories import START, Centre

MET = {"disposition": "persuaded", "note": "答应不转"}
NOT_MET = {"disposition": "not_persuaded", "note": "不听劝"}
GONE = {"disposition": "already_transferred", "note": "已转走"}
AWAY = {"result": "not_there", "note": "无人应门"}


@pytest.fixture
def other(at: Centre) -> Device:
    return Device(at.user(Role.OFFICER, at.station))


def now_of(visit: Attempt) -> Attempt:
    return Attempt.objects.get(pk=visit.pk)


def report(device: Device, visit: Attempt, body: dict[str, Any]) -> int:
    device.post(f"visits/{visit.pk}/arrive", PLACE)
    return int(device.post(f"visits/{visit.pk}/report", body).status_code)


def decide(at: Centre, visit: Attempt, word: str) -> Case:
    clock.moving.forward(timedelta(minutes=1))
    contradictions.settle(attempt_id=visit.pk, word=word, by=at.user(), why="回看了照片", now=clock.now())
    return Case.objects.get(pk=visit.case_id)


def test_that_they_were_met_counts_however_the_reports_come(
    officer: Device, other: Device, visit: Attempt
) -> None:
    """Invariant 7 is kept, too: only a person's judgement makes it so."""
    ends = []
    for first, second in permutations([(officer, MET), (other, AWAY)]):
        with transaction.atomic():
            answers = [report(device, visit, body) for device, body in (first, second)]
            case, known = Case.objects.get(pk=visit.case_id), now_of(visit)
            said = [one["word"] for one in known.evidence["contradicted"]]
            ends.append((answers, case.state, case.agreed_at, known.disposition, said))
            transaction.set_rollback(True)
    assert ends[0] == ends[1] == ([200, 200], "follow_up", START, "persuaded", ["not_there"])


def test_of_two_judgements_the_first_stands_and_the_second_is_kept(
    officer: Device, other: Device, visit: Attempt
) -> None:
    assert [report(officer, visit, MET), report(other, visit, NOT_MET), report(other, visit, NOT_MET)] == [
        200,
        409,
        409,
    ]
    known = now_of(visit)
    assert (known.disposition, known.judged_by) == ("persuaded", officer.user)
    assert known.evidence["contradicted"] == [
        {"word": "not_persuaded", "by": other.user.pk, "at": START.isoformat()}
    ]
    asked = Event.objects.get(verb="contradicted")
    assert (asked.detail["word"], asked.detail["stands"]) == ("not_persuaded", "persuaded")
    assert Case.objects.get(pk=visit.case_id).agreed_at is not None  # until somebody decides


def test_whoever_was_not_there_before_may_meet_them_later(officer: Device, visit: Attempt) -> None:
    assert [report(officer, visit, AWAY), report(officer, visit, MET)] == [200, 200]
    assert "contradicted" not in now_of(visit).evidence


@pytest.mark.parametrize(
    ("second", "word", "agreed", "state"),
    [
        (NOT_MET, "persuaded", True, "follow_up"),
        (NOT_MET, "not_persuaded", False, "follow_up"),
        (AWAY, "not_there", False, "follow_up"),
    ],
)
def test_the_chain_goes_by_what_was_decided(
    at: Centre, officer: Device, other: Device, visit: Attempt,
    second: dict[str, Any], word: str, agreed: bool, state: str,
) -> None:  # fmt: skip
    report(officer, visit, MET)
    report(other, visit, second)
    case = decide(at, visit, word)
    assert (case.agreed_at is not None, case.state, case.is_open) == (agreed, state, True)
    again = Attempt.objects.live().filter(case=case, tier=Tier.VISIT).exists()
    assert again is not agreed  # somebody goes to the door again
    assert (now_of(visit).disposition, now_of(visit).result) == ("persuaded", "met")  # never rewritten


def test_money_that_is_gone_after_all_drafts_the_order(
    at: Centre, officer: Device, other: Device, visit: Attempt
) -> None:
    report(officer, visit, MET)
    report(other, visit, GONE)
    case = decide(at, visit, "already_transferred")
    assert (case.orders.count(), case.agreed_at) == (1, None)


def test_bad_news_decided_after_the_end_opens_a_new_case(
    at: Centre, officer: Device, other: Device, visit: Attempt
) -> None:
    report(officer, visit, MET)
    report(other, visit, NOT_MET)
    case = factories.followed_up(Case.objects.get(pk=visit.case_id))
    assert case.outcome == Outcome.VERIFIED
    clock.moving.set(START + timedelta(days=9))
    decide(at, visit, "not_persuaded")
    assert Case.objects.get(previous=case).is_open
    assert Case.objects.get(pk=case.pk).outcome == Outcome.VERIFIED  # closed is final


@pytest.mark.parametrize(("word", "why"), [("denies", "x"), ("not_persuaded", " ")])
def test_only_what_was_said_can_be_decided_and_with_a_reason(
    at: Centre, officer: Device, other: Device, visit: Attempt, word: str, why: str
) -> None:
    report(officer, visit, MET)
    report(other, visit, NOT_MET)
    with pytest.raises(NotAllowedError):
        contradictions.settle(attempt_id=visit.pk, word=word, by=at.user(), why=why, now=START)


def test_the_case_page_asks_and_an_operator_decides(
    at: Centre, officer: Device, other: Device, visit: Attempt
) -> None:
    report(officer, visit, MET)
    report(other, visit, NOT_MET)
    client, stranger = (Client(headers={"accept-language": "en"}) for _ in range(2))
    client.force_login(at.user())
    stranger.force_login(at.user(unit=at.other))
    page = reverse("admin:dispatch_case_change", args=[visit.case_id])
    assert "Contradicting reports: which one counts?" in client.get(page).content.decode()
    address = reverse("admin:dispatch_case_act", args=[visit.case_id, "settle"])
    body = {"attempt": visit.pk, "word": Disposition.NOT_PERSUADED, "why": "listened to both"}
    assert stranger.post(address, body).status_code == 404
    assert "settled" not in now_of(visit).evidence
    told = client.post(address, body, follow=True).content.decode()
    assert "Contradicting reports, decided" in told
    assert "Of the contradicting reports not persuaded counts: listened to both" in told
