"""One play of the demonstration by the real program: watched on its way, replayed, planned from, event by event."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import transaction
from django.test import override_settings
from django.utils import timezone, translation
from pytest_django.plugin import DjangoDbBlocker

from dispatch import policies, risk, rules
from dispatch.chain import Rules
from dispatch.models import Attempt, Case, PolicyVersion
from dispatch.replay import course, recorded, trial
from dispatch.replay.comparison import reproduces
from dispatch.replay.history import Regime
from dispatch.vocabulary import CALLS, Level
from telephony import clock, lines
from tests.journeys.reported import (
    CASHIER,
    COUPLE,
    FALSE_ALARM,
    HANGZHOU,
    HOTEL,
    LU,
    NANSHAN,
    NEXT_STATION,
    RELAPSE,
    TABLE,
    VILLAGE,
    XIAMEN,
    YU,
    ZHANG,
    ZHENG,
    Row,
    Told,
    at,
    words,
)
from warning_center import demonstration
from warning_center.management import staged
from warning_center.management.commands import demo
from warning_center.models import Directive
from warning_center.watchdog.finding import judge
from warning_center.watchdog.promises import PROMISES

Kind = PolicyVersion.Kind
LOOKS = 5  # the watchdog looks at one instant in so many: a look costs more than the instant itself


@dataclass
class Watch:
    """What the watchdog saw on the way."""

    instants: int = 0
    broken: list[object] = field(default_factory=list)
    told: Told = field(init=False)  # once all is over

    def look(self, now: datetime) -> None:
        self.instants += 1
        if self.instants % LOOKS:
            return
        for name, promise in PROMISES.items():
            finding = judge(name, promise(now), settings.WATCHDOG_ALLOWANCES[name])
            if not finding.ok:
                self.broken.append((now, finding))


class Undo(Exception):
    """Takes the play's transaction back."""


def played(blocker: DjangoDbBlocker, **options: Any) -> Iterator[Watch]:
    """Directives played to the end in this process, on a database that forgets them when the tests are over."""
    seen = Watch()
    with (
        pytest.MonkeyPatch.context() as patch,
        override_settings(CLOCK="telephony.clock.moving"),
        blocker.unblock(),
    ):
        patch.setenv(staged.MARK, "1")
        patch.setattr(demo, "_nobody", seen.look)
        lines.forget()
        policies.forget()
        try:
            with transaction.atomic():
                out = StringIO()
                with translation.override("zh-hans"):
                    call_command("demo", json=True, stdout=out, **options)
                seen.told = Told(json.loads(out.getvalue()))
                yield seen
                raise Undo
        except Undo:
            pass
        finally:
            lines.forget()
            policies.forget()


@pytest.fixture(scope="module")
def watch(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Watch]:
    yield from played(django_db_blocker)


@pytest.fixture(scope="module")
def told(watch: Watch) -> Told:
    return watch.told


def built_in(thresholds: dict[str, int] | None = None) -> tuple[Rules, risk.RiskRules]:
    chain, document = (policies.built_in(kind) for kind in (Kind.ESCALATION, Kind.RISK))
    return rules.read(chain), risk.read({**document, "thresholds": thresholds or document["thresholds"]})


def goes_as_it_went() -> bool:
    """Every case, under either policy it ran under, attempt by attempt."""
    cases, now = Case.objects.all(), clock.moving()
    chain, risks = built_in()
    for candidate in (chain, risks):
        told = trial.compare(cases, candidate, now=now)
        assert told.reproduced == told.cases == cases.count() > 0, told.strayed
        assert (told.changed, told.unknown, told.guessed, told.assumed) == (0, (), 0, 0)
    for case, history in recorded.histories(cases, now=now):
        went = course.play(history, Regime(chain, ((case.opened_at, risks),)))
        assert reproduces(went, history)
        assert went.closed_at == case.closed_at
        tried = case.attempts.filter(started_at__isnull=False).order_by("pk")
        assert [t.started_at for t in went.attempts] == [attempt.started_at for attempt in tried]
    return True


def test_no_promise_that_the_watchdog_looks_at_is_broken_on_the_way(watch: Watch) -> None:
    assert watch.broken == []
    assert watch.instants > 100


def test_the_demonstration_replays_as_it_went_and_lower_thresholds_raise_more_of_it(
    watch: Watch,
) -> None:
    assert goes_as_it_went()
    _chain, lower = built_in({"critical": 50, "high": 25, "medium": 10})
    told = trial.compare(Case.objects.all(), lower, now=clock.moving())
    assert told.reproduced == told.cases
    assert {row.after for row in told.risen} == {Level.HIGH, Level.CRITICAL}
    assert told.unknown  # somebody is sent where nobody went: what they would have met is not made up


def test_what_the_record_shows_is_measured_and_planned_from(watch: Watch) -> None:
    out = StringIO()
    call_command("plan", "--from-record", "--days=60", "--json", stdout=out)
    document = json.loads(out.getvalue())
    dialled = Attempt.objects.filter(tier__in=CALLS, call__dialled_at__isnull=False).select_related("call")
    hours = Counter(timezone.localtime(a.call.booked_for).hour for a in dialled if a.call)
    figures = {(figure["of"], figure["level"]): figure for figure in document["figures"]}
    first = Directive.objects.order_by("received_at")[0].received_at
    days = -((first - clock.moving()) // timedelta(days=1))
    at = figures["at", None]["value"]
    assert hours[at] == max(hours.values())
    assert sum(document["load"]["calls_per_hour"].values()) == pytest.approx(hours[at] / days, abs=0.01)
    assert figures["calls", "critical"]["seen"] == dialled.count()
    for of in ("ring", "talk", "wrap", "answered", "directives"):
        assert figures[of, None]["origin"] == "measured"
    rings = []
    for call in (attempt.call for attempt in dialled):
        assert call is not None
        until = call.answered_at or call.ended_at
        assert until is not None
        assert call.dialled_at is not None
        rings.append((until - call.dialled_at).total_seconds())
    assert figures["ring", None]["value"] == pytest.approx(sum(rings) / len(rings))
    assert document["operators"] >= 1


# each reported event ends as it was reported


@pytest.mark.parametrize("reference", TABLE)
def test_event_ends_as_it_was_reported(told: Told, reference: str) -> None:
    chain = told.chain(reference)
    assert {case["state"] for case in chain} == {"closed"}
    shown = [(case["outcome"], case["levels"], _went(case)) for case in chain]
    assert shown == TABLE[reference]


def _went(case: Row) -> list[str]:
    """Who was at the door, each once. Those who did not take the visit, or were stood down, did not go."""
    went = [
        a["station"]
        for a in case["attempts"]
        if a["tier"] == "visit" and a["result"] not in (None, "no_acknowledgement", "cancelled")
    ]
    return list(dict.fromkeys(went))


def test_every_directive_is_accepted_and_every_level_shows(told: Told) -> None:
    assert list(told.case_of) == [row["reference"] for row in demonstration.directives()]
    assert len(set(told.case_of.values())) == len(TABLE)
    assert {level for case in told.document["cases"] for level in case["levels"]} == {
        level.code for level in Level
    }


# Maoming: the line is busy again and again; a second directive brings the hotel; the station goes


def test_second_directive_joins_and_moves_the_place_to_the_hotel(told: Told) -> None:
    (case,) = told.chain(ZHANG)
    assert case["directives"] == [ZHANG, HOTEL]
    (joined,) = told.events(ZHANG, "joined")
    (visit,) = told.attempts(ZHANG, "visit")
    assert visit["station"] == "七迳派出所"  # in Dianbai, where the hotel is; she lives in Maonan
    assert at(visit, "started_at") == at(joined)
    assert words([visit]) == ["persuaded"]


def test_busy_line_is_dialled_again_and_again_until_the_station_is_there(told: Told) -> None:
    calls = told.attempts(ZHANG, "voice")
    assert words(calls) == ["busy"] * 21  # and twenty redials, as the chain's table allows
    (arrived,) = told.events(ZHANG, "arrived")
    assert at(calls[-1], "started_at") > at(arrived) - timedelta(minutes=2)


# Yongkang, Nanchang


def test_officer_is_at_the_door_half_an_hour_after_the_directive(told: Told) -> None:
    (case,) = told.chain(LU)
    (arrived,) = told.events(LU, "arrived")
    assert timedelta(minutes=25) <= at(arrived) - at(case, "opened_at") <= timedelta(minutes=30)
    assert set(words(told.attempts(LU, "voice"))) == {"busy"}  # he was on the phone with the scammer


def test_couple_believes_neither_voice_nor_video_but_the_door(told: Told) -> None:
    (row,) = [row for row in demonstration.directives() if row["reference"] == COUPLE]
    assert row["source"] == "nanchang-bank"
    assert row["amount"] == 1_000_000
    assert "儿子" in [contact["relation"] for contact in row["contacts"]]
    assert words(told.attempts(COUPLE, "voice")) == ["not_persuaded"]
    assert words(told.attempts(COUPLE, "video")) == ["rejected"]
    assert words(told.attempts(COUPLE, "visit")) == ["persuaded"]


# Shenzhen, and the cashier of Nanchang: the money is gone


@pytest.mark.parametrize("reference", [ZHENG, CASHIER])
def test_money_already_gone_drafts_the_order_before_anybody_calls(told: Told, reference: str) -> None:
    (case,) = told.chain(reference)
    verbs = [event["verb"] for event in case["events"]]
    assert verbs.index("ordered") < verbs.index("planned")
    assert told.events(reference, "ordered")[0]["at"] == case["opened_at"]
    assert [order["state"] for order in case["orders"]] == ["answered"]
    assert words(told.attempts(reference, "visit")) == ["already_transferred"]
    assert not told.attempts(reference, "follow_up")


def test_bank_answers_within_the_twelve_minutes_of_shenzhen(told: Told) -> None:
    (case,) = told.chain(ZHENG)
    (answered,) = told.events(ZHENG, "answered")
    assert at(answered) - at(case, "opened_at") <= timedelta(minutes=12)


def test_cashier_lost_five_payments(told: Told) -> None:
    (row,) = [row for row in demonstration.directives() if row["reference"] == CASHIER]
    assert (row["amount"], row["signs"]["payments"]) == (5_470_000, 5)


# Xiamen, Hangzhou, Nanshan


def test_the_husband_on_the_phone_ends_nothing_and_somebody_goes_to_the_door(told: Told) -> None:
    (call,) = told.attempts(XIAMEN, "voice")
    (visit,) = told.attempts(XIAMEN, "visit")
    assert (call["result"], call["disposition"]) == ("answered_by_other", None)
    assert visit["started_at"] == call["ended_at"]


def test_man_of_79_is_reached_on_the_sixth_call(told: Told) -> None:
    (row,) = [row for row in demonstration.directives() if row["reference"] == HANGZHOU]
    assert row["age"] == 79
    assert words(told.attempts(HANGZHOU, "voice")) == ["no_answer"] * 5 + ["persuaded"]
    assert told.events(HANGZHOU, "told")  # the officers on their way hear of it, and go on


def test_woman_warned_thirteen_times_by_phone_and_ten_at_the_door_still_loses_her_money(told: Told) -> None:
    (case,) = told.chain(NANSHAN)
    assert len(told.attempts(NANSHAN, "voice")) == 13
    assert len(told.attempts(NANSHAN, "visit")) == 10
    assert words(told.attempts(NANSHAN, "follow_up")) == ["refused", "loss"]
    assert [order["kind"] for order in case["orders"]] == ["stop_payment"]


# The bank counter of Yongkang, and the quiet ones


def test_charity_money_stops_at_the_bank_counter(told: Told) -> None:
    (row,) = [row for row in demonstration.directives() if row["reference"] == YU]
    assert (row["source"], row["amount"]) == ("jinhua-bank", 14_888)
    assert words(told.attempts(YU, "voice")) == ["persuaded"]
    assert words(told.attempts(YU, "follow_up")) == ["no_news"]


def test_false_alarm_sends_nobody(told: Told) -> None:
    assert [a["tier"] for a in told.chain(FALSE_ALARM)[0]["attempts"]] == ["voice"]


def test_village_goes_the_last_kilometre(told: Told) -> None:
    assert words(told.attempts(VILLAGE, "voice")) == ["no_answer", "machine", "no_answer"]
    assert [visit["station"] for visit in told.attempts(VILLAGE, "visit")] == ["柏桥村"]


def test_next_station_goes_when_the_first_does_not_acknowledge(told: Told) -> None:
    first, second = told.attempts(NEXT_STATION, "visit")
    assert (first["station"], first["result"]) == ("良光派出所", "no_acknowledgement")
    assert (second["station"], second["disposition"]) == ("站前派出所", "persuaded")
    assert second["started_at"] == first["ended_at"]


def test_relapse_in_the_watch_opens_a_critical_case(told: Told) -> None:
    first, second = told.chain(RELAPSE)
    assert second["previous"] == first["case"]
    assert second["opened_at"] == first["closed_at"]
    assert words(told.attempts(RELAPSE, "follow_up")) == ["relapse", "no_loss", "no_loss", "no_loss"]


# What is invented is seen to be; what is public is right
