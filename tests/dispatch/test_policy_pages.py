"""The policies' pages: read by the desk, drafted and published by the centre's chiefs, never altered."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from dispatch import drafting, policies
from dispatch.admin import picture
from dispatch.models import Case, Event, PolicyVersion, Unit
from dispatch.vocabulary import Disposition, Level, Role, Tier
from telephony import clock
from telephony.carrier import CallResult
from tests import factories
from tests.factories import START, Centre, Enter, enters

Kind = PolicyVersion.Kind
SOON = START + timedelta(seconds=20)


@pytest.fixture(autouse=True)
def moving(settings: Settings) -> None:
    settings.CLOCK = "telephony.clock.moving"
    clock.moving.set(START)


@pytest.fixture
def place(db: None) -> Centre:
    return factories.centre()


@pytest.fixture
def enter(place: Centre) -> Enter:
    return enters(place, Role.ADMINISTRATOR)


@pytest.fixture
def chain(place: Centre) -> PolicyVersion:
    return policies.current(Kind.ESCALATION, START)


def address(version: PolicyVersion, page: str = "change") -> str:
    return reverse(f"admin:dispatch_policyversion_{page}", args=[version.pk])


def sheet(version: PolicyVersion, **typed: str) -> dict[str, Any]:
    """What the browser sends: every input of the sheet, some of them changed."""
    if version.kind == Kind.RISK:
        base, entries = version.document, list(drafting.risk_entries(version.document))
    else:
        base, entries = drafting.resolved(version.document), list(drafting.chain_entries())
    sent: dict[str, Any] = {}
    for entry in entries:
        value = typed.get(entry.name.replace(".", "__"), drafting.text(base, entry))
        if entry.kind == "tiers":
            sent[entry.name] = value.split()
        elif entry.kind == "raises":
            sent[entry.name], _, sent[f"{entry.name}.level"] = value.partition(" ")
        elif value or entry.kind not in ("flag", "sms"):
            sent[entry.name] = value
    return sent


def publish(client: Client, version: PolicyVersion, *, starts_at: str = "", **typed: str) -> Any:
    sent = {**sheet(version, **typed), "publish": "", "note": "夜班人手少", "starts_at": starts_at}
    return client.post(address(version, "next"), sent, follow=True)


# reading


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.SUPERVISOR, Role.ADMINISTRATOR])
def test_everybody_at_the_desk_reads_the_table(enter: Enter, chain: PolicyVersion, role: Role) -> None:
    page = enter(role).get(address(chain)).content.decode()
    assert 'id="high.voice.busy"' in page
    assert "30 s, 1 min, 1 min" in page
    assert "no. 2 raises to critical" in page
    assert "深圳 2022" in page  # where a number has a public source, it stands there
    assert "Here everything is as built in." in page


def test_officers_do_not_reach_it(enter: Enter, chain: PolicyVersion) -> None:
    assert enter(Role.OFFICER).get(address(chain)).status_code in (302, 403, 404)


def test_the_picture_has_an_arrow_for_each_way_on(chain: PolicyVersion) -> None:
    rules = policies.escalation_rules(chain.pk)
    for level, rows in rules.levels.items():
        drawn = picture.draw(rows)
        ways = {
            (tier, to)
            for tier, rung in rows.rungs.items()
            for cell in rung.cells.values()
            for to in cell.then
        }
        assert len(drawn.arrows) == len(ways), level
        assert [box.starts for box in drawn.boxes] == [tier in rows.starts for tier in Tier]
        for box in drawn.boxes:
            assert 0 <= box.x <= drawn.width - box.width
            assert all(box.y < y < box.y + box.height for y, _line in box.lines)


# publishing


def test_the_next_version_holds_for_cases_that_open_from_then_on(
    place: Centre, enter: Enter, chain: PolicyVersion
) -> None:
    before = factories.directive(place, "A", number=1)
    page = publish(enter(), chain, high__voice__silent__again="45秒").content.decode()
    assert "Version 2 is in force from" in page
    version = PolicyVersion.objects.get(kind=Kind.ESCALATION, version=2)
    assert (version.note, version.starts_at) == ("夜班人手少", START)
    assert "high.voice.silent.again" in page  # the page tells what was changed
    after = factories.directive(place, "B", number=2)
    assert (Case.objects.get(pk=before.pk).policy_id, after.policy_id) == (chain.pk, version.pk)
    for case in (before, after):
        factories.unanswered(case, CallResult.NO_ANSWER, now=SOON)
    gaps = [factories.live(case, Tier.VOICE).starts_at - SOON for case in (before, after)]
    assert gaps == [timedelta(seconds=60), timedelta(seconds=45)]


def test_publishing_is_on_record(enter: Enter, chain: PolicyVersion) -> None:
    publish(enter(), chain, high__head_start="15m")
    event = Event.objects.get(verb="published")
    assert (event.why, event.detail["what"]) == ("夜班人手少", "escalation 2")
    assert event.by is not None


def test_a_version_may_start_later(place: Centre, enter: Enter, chain: PolicyVersion) -> None:
    publish(enter(), chain, starts_at="2026-03-03T08:00", high__head_start="15m")
    version = PolicyVersion.objects.get(kind=Kind.ESCALATION, version=2)
    assert f"{timezone.localtime(version.starts_at):%m-%d %H:%M}" == "03-03 08:00"
    assert factories.directive(place, "A", number=1).policy_id == chain.pk
    page = enter().get(address(version)).content.decode()
    assert "not yet in force" in page
    later = version.starts_at + timedelta(seconds=1)
    clock.moving.set(later)
    assert factories.directive(place, "B", number=2, now=later).policy_id == version.pk


@pytest.mark.parametrize("starts_at", ["2026-03-01T08:00", "tomorrow", "2026-02-30T08:00"])
def test_a_version_never_starts_in_the_past_or_on_no_day(
    enter: Enter, chain: PolicyVersion, starts_at: str
) -> None:
    page = publish(enter(), chain, starts_at=starts_at, high__head_start="15m").content.decode()
    assert PolicyVersion.objects.filter(kind=Kind.ESCALATION).count() == 1
    assert "starts now or later" in page or "is no date and time" in page
    assert 'value="15m"' in page  # what was typed still stands there


def test_a_reason_is_needed(enter: Enter, chain: PolicyVersion) -> None:
    sent = {**sheet(chain), "publish": "", "note": " "}
    page = enter().post(address(chain, "next"), sent, follow=True).content.decode()
    assert "reason is needed" in page
    assert PolicyVersion.objects.filter(kind=Kind.ESCALATION).count() == 1


@pytest.mark.parametrize(
    ("typed", "row", "words"),
    [
        ({"high__voice__silent__then": ""}, "high.voice.silent", "dead end"),
        ({"high__voice__busy__again": "0s"}, "high.voice.busy", "goes on without a wait"),
        ({"high__voice__silent__again": "3h 3h"}, "high.voice.silent", "after the case has expired"),
        ({"low__most_calls": "2"}, "low.voice.busy", "asks for 3 calls, and the cap is 2 in 24 h"),
        ({"medium__hours": "21:00-08:00"}, "medium.hours", "must begin before they end"),
        ({"high__voice__silent__again": "soon"}, "high.voice.silent", "is no length of time"),
    ],
)
def test_a_policy_that_may_not_come_into_force_is_refused_by_its_row(
    enter: Enter, chain: PolicyVersion, typed: dict[str, str], row: str, words: str
) -> None:
    answer = publish(enter(), chain, **typed)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert f'href="#{row}"' in page
    assert words in page
    assert PolicyVersion.objects.filter(kind=Kind.ESCALATION).count() == 1


def test_looking_at_a_draft_stores_nothing(enter: Enter, chain: PolicyVersion) -> None:
    sent = {**sheet(chain, high__voice__silent__again="45s"), "check": ""}
    page = enter().post(address(chain, "next"), sent).content.decode()
    assert "Sound. This would change" in page
    assert "60s 120s 300s" in page
    assert PolicyVersion.objects.filter(kind=Kind.ESCALATION).count() == 1


@pytest.mark.parametrize(
    ("role", "whole"), [(Role.OPERATOR, True), (Role.SUPERVISOR, False), (Role.OFFICER, True)]
)
def test_only_chiefs_of_the_whole_centre_publish(
    place: Centre, enter: Enter, chain: PolicyVersion, role: Role, whole: bool
) -> None:
    client = enter(role, place.city if whole else place.county)
    publish(client, chain, high__head_start="15m")
    assert PolicyVersion.objects.filter(kind=Kind.ESCALATION).count() == 1
    assert "Draft the next version" not in client.get(address(chain)).content.decode()


def test_of_two_that_publish_from_one_version_both_get_a_number(enter: Enter, chain: PolicyVersion) -> None:
    publish(enter(), chain, high__head_start="15m")
    publish(enter(), chain, high__head_start="10m")
    numbers = PolicyVersion.objects.filter(kind=Kind.ESCALATION).order_by("version")
    assert [version.version for version in numbers] == [1, 2, 3]
    assert policies.current(Kind.ESCALATION, START).version == 3


# trying


def try_it(client: Client, version: PolicyVersion, **typed: str) -> str:
    return client.post(address(version, "next"), {**sheet(version, **typed), "try": ""}).content.decode()


def test_a_draft_is_tried_on_the_cases_that_have_closed(
    place: Centre, enter: Enter, chain: PolicyVersion
) -> None:
    assert "No case has closed yet" in try_it(enter(), chain)
    case = factories.directive(place, "A", number=1)
    factories.unanswered(case, CallResult.NO_ANSWER, now=SOON)
    factories.judged(case, Disposition.FALSE_ALARM, now=SOON + timedelta(minutes=2))
    same = try_it(enter(), chain)
    assert "Nothing changes." in same
    assert "1 of 1 cases (100 %) go as they really went" in same
    quicker = try_it(enter(), chain, high__voice__silent__again="")  # the visit after the first silence
    assert "Not known to the end" in quicker  # nobody was ever sent, so nobody knows what they had met
    assert case.number in quicker
    assert PolicyVersion.objects.filter(kind=Kind.ESCALATION).count() == 1


def test_nobody_tries_it_on_cases_they_may_not_see(place: Centre, enter: Enter, chain: PolicyVersion) -> None:
    case = factories.directive(place, "A", number=1)
    factories.judged(case, Disposition.FALSE_ALARM, now=SOON)
    far = Unit.objects.create(name="别市", kind="city", adcode="440300", lat=22.5, lon=114.0)
    assert "No case has closed yet" in try_it(enter(Role.ADMINISTRATOR, far), chain)


# the risk policy


def test_new_points_judge_the_next_directive(place: Centre, enter: Enter) -> None:
    risk = policies.current(Kind.RISK, START)
    given: dict[str, Any] = {"level": None, "signs": {"screen_shared": True}}
    assert factories.directive(place, "A", number=1, **given).level == Level.MEDIUM
    page = publish(enter(), risk, points__screen_shared__flag="70").content.decode()
    assert "Version 2 is in force from" in page
    case = factories.directive(place, "B", number=2, **given)
    assert case.level == Level.CRITICAL
    newest = case.assessments.order_by("-pk")[0]
    assert (
        newest.policy.version,
        {"fact": "screen_shared", "size": "1", "points": 70} in newest.reasons,
    ) == (2, True)


def test_a_risk_policy_that_turns_danger_round_is_refused(enter: Enter, place: Centre) -> None:
    risk = policies.current(Kind.RISK, START)
    answer = publish(enter(), risk, points__amount__steps="10000:8 50000:4")
    assert answer.status_code == 422
    assert "a larger fact never counts less" in answer.content.decode()
