"""The watchdog: what it finds, that it finds it cheaply, and that it says each thing once."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from io import StringIO
from typing import Any

import pytest
from django.conf import settings as current
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from dispatch.models import Attempt, Case, Event, News, Order, PolicyVersion
from dispatch.vocabulary import Level, Tier
from dispatch.wording import sentence
from dispatch.workflow import turn
from telephony import calls, clock
from telephony.carrier import CallKind
from telephony.door import Door
from telephony.models import Call, Desk, Leg, Link, Text, Trunk
from telephony.network import Network, Script
from tests import factories
from tests.crowd import Crowd, explained
from tests.factories import START, Centre
from tests.journeys.deployment import ROOT, until
from tests.ports import free_port
from tests.telephony.stages import serving
from warning_center import pulses
from warning_center.models import Breach, Pulse
from warning_center.watchdog import ledger, promises
from warning_center.watchdog import look as looking
from warning_center.watchdog.finding import Finding, Measured, Round, counted, judge, latest
from warning_center.watchdog.look import Moment, look
from warning_center.watchdog.outpost import Outpost
from warning_center.watchdog.watch import Watch

pytestmark = pytest.mark.django_db


def wall() -> datetime:
    return datetime.now(UTC)  # noqa: TID251  the machine's own, as the hosts of a deployment have it


def moment(now: datetime = START, pace: float = 1.0) -> Moment:
    return Moment(now, wall(), pace)


def all_alive(*, but: str = "") -> None:
    for name in pulses.expected():
        if name != but:
            pulses.keep(name, host="one", wall=wall())


def broken(now: datetime = START, pace: float = 1.0) -> dict[str, Finding]:
    return {finding.name: finding for finding in look(moment(now, pace)).broken}


@contextmanager
def without(table: str, constraint: str) -> Iterator[None]:
    """A database that lost a constraint: only then can some promises be broken at all."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {constraint}")
    yield


@pytest.fixture
def place() -> Centre:
    all_alive()
    return factories.centre()


@pytest.fixture
def case(place: Centre) -> Case:
    """A critical case at its opening: called, visited, nothing late."""
    return factories.directive(place, "W-1", number=1, level=Level.CRITICAL)


# ---- what it finds


def test_all_is_well_where_every_promise_is_kept(case: Case) -> None:
    seen = look(moment())
    assert seen.ok, seen.broken
    assert {finding.name for finding in seen.findings} == set(looking.names())


def test_a_case_late_beyond_the_allowance_of_its_level_is_named(case: Case) -> None:
    late = case.due_at or START
    assert "overdue_critical" not in broken(late + timedelta(seconds=14))
    found = broken(late + timedelta(seconds=16))["overdue_critical"]
    assert (found.offenders, found.measured) == ((str(case.pk),), 16)


def test_each_level_has_its_own_allowance(place: Centre) -> None:
    low = factories.directive(place, "W-2", number=2, level=Level.LOW)
    late = (low.due_at or START) + timedelta(seconds=100)
    assert not {name for name in broken(late) if name.startswith("overdue")}
    assert set(broken(late + timedelta(seconds=30))) >= {"overdue_low"}


def test_the_offenders_are_told_oldest_first(place: Centre) -> None:
    cases = [
        factories.directive(place, f"W-{n}", number=n, now=START - timedelta(minutes=n)) for n in range(7)
    ]
    found = broken(START + timedelta(hours=30))["overdue_high"]
    oldest = sorted(cases, key=lambda c: (c.due_at or START, c.pk))
    assert found.offenders == tuple(str(c.pk) for c in oldest[:5])


def test_where_the_programs_clock_runs_faster_a_case_may_be_as_much_later(case: Case) -> None:
    late = (case.due_at or START) + timedelta(minutes=5)
    assert "overdue_critical" in broken(late)
    assert "overdue_critical" not in broken(late, pace=60)


def test_an_open_case_without_a_due_time_is_named(case: Case) -> None:
    with without("dispatch_case", "dispatch_case_open_has_due_at"):
        Case.objects.filter(pk=case.pk).update(due_at=None)
        assert broken()["case_without_due"].offenders == (str(case.pk),)


def test_a_live_attempt_without_a_promise_is_named(case: Case) -> None:
    visit = factories.live(case, Tier.VISIT)
    with without("dispatch_attempt", "dispatch_attempt_live_has_due_at"):
        Attempt.objects.filter(pk=visit.pk).update(due_at=None)
        assert broken()["attempt_without_due"].offenders == (str(visit.pk),)


def test_a_call_nobody_asks_the_carrier_about_is_named(case: Case) -> None:
    call = factories.dial(case, now=START).call
    assert call is not None
    asked_at = call.due_at or START
    assert "silent_call" not in broken(asked_at + timedelta(seconds=29))
    assert broken(asked_at + timedelta(seconds=31))["silent_call"].offenders == (str(call.pk),)


def test_a_booked_call_past_its_time_is_named(place: Centre) -> None:
    low = factories.directive(place, "W-3", number=3, level=Level.LOW)
    call = factories.live(low, Tier.VOICE).call
    assert call is not None
    found = broken(call.until + timedelta(seconds=61))
    assert found["stale_call"].offenders == (str(call.pk),)


def test_calls_that_wait_while_nobody_has_signed_in_are_named(case: Case) -> None:
    Desk.objects.update(state="away", lease_until=None)
    call = factories.live(case, Tier.VOICE).call
    assert call is not None
    assert "unmanned_call" not in broken(START + timedelta(seconds=60))
    assert broken(START + timedelta(seconds=61))["unmanned_call"].offenders == (str(call.pk),)
    Desk.objects.filter(pk=Desk.objects.values("pk")[:1]).update(
        state="paused", reason="lunch", lease_until=START
    )
    assert "unmanned_call" not in broken(START + timedelta(seconds=61))
    for area, manned in ((call.area, True), ("-", False)):
        Desk.objects.update(area=area)
        assert ("unmanned_call" not in broken(START + timedelta(seconds=61))) is manned


def test_a_trunk_too_narrow_for_an_operators_call_is_named(place: Centre, settings: Settings) -> None:
    settings.CARRIERS = {"simulated": {"adapter": "telephony.carriers.twilio.TwilioCarrier"}}
    assert "narrow_trunk" not in broken()
    Trunk.objects.update(concurrent=1)
    trunk = Trunk.objects.get()
    assert broken()["narrow_trunk"].offenders == (str(trunk.pk),)
    Trunk.objects.update(enabled=False)
    assert "narrow_trunk" not in broken()


def test_codes_that_no_table_knows_are_counted_for_an_hour(case: Case) -> None:
    ended = START + timedelta(minutes=1)
    many = int(current.WATCHDOG_ALLOWANCES["unknown_code"])
    for n in range(many + 1):
        made = calls.booking(
            number=f"+861900000{n:04}", kind=CallKind.VOICE, at=START, until=ended, head_start=timedelta()
        )
        calls.book([made])
        assert "unknown_code" not in broken(ended)
        Call.objects.filter(key=made.key).update(
            status="ended", result="outcome_unknown", ended_at=ended, due_at=None, unknown="aliyun 200999"
        )
    assert broken(ended)["unknown_code"].measured == many + 1
    assert "unknown_code" not in broken(ended + timedelta(hours=2))


def test_a_stop_payment_order_past_its_deadline_is_named(case: Case) -> None:
    order = Order.objects.create(case=case, drafted_at=START, due_at=START + timedelta(minutes=30))
    found = broken(order.due_at + timedelta(seconds=61))
    assert found["overdue_order"].offenders == (str(order.pk),)


def test_texts_legs_links_and_news_that_nobody_sees_to_are_named_oldest_first(case: Case) -> None:
    call = factories.dial(case, now=START).call
    assert call is not None
    text, desk, visit = Text.objects.get(), Desk.objects.latest("pk"), factories.live(case, Tier.VISIT)
    due = [START + timedelta(seconds=n) for n in range(3)]
    leg = Leg.objects.create(call=call, desk=desk, role=Leg.Role.DESK, begun_at=START, due_at=due[0])
    link = Link.objects.create(
        call=call, text=text, secret_hash="", written_at=START, expires_at=due[1], due_at=due[1]
    )
    assert visit.unit is not None
    news = News.objects.create(attempt=visit, unit=visit.unit, kind="stood_down", at=START, due_at=due[2])
    Text.objects.update(due_at=START - timedelta(seconds=1))
    assert "untended" not in broken(START + timedelta(seconds=299))
    found = broken(START + timedelta(seconds=303))["untended"]
    assert found.offenders == (f"text {text.pk}", f"leg {leg.pk}", f"link {link.pk}", f"news {news.pk}")
    assert found.measured == 304


def test_a_case_whose_turns_fail_is_named_however_many_others_are_due_before_it(place: Centre) -> None:
    bad = factories.directive(place, "W-0", number=0, level=Level.CRITICAL)
    for n in range(1, promises.SAMPLE + 5):
        factories.directive(place, f"W-{n}", number=n, level=Level.CRITICAL)
    unreadable = PolicyVersion.objects.create(
        kind=PolicyVersion.Kind.ESCALATION, version=99, document={}, starts_at=START + timedelta(days=99)
    )
    Case.objects.filter(pk=bad.pk).update(policy=unreadable)
    due = bad.due_at or START
    for minutes in range(16):
        found = told_after_turns(due + timedelta(minutes=minutes))
        assert found["failed_turn"].offenders == (str(bad.pk),), minutes
    Case.objects.filter(pk=bad.pk).update(policy=bad.policy)
    assert "failed_turn" in told_after_turns(due + timedelta(minutes=20))
    assert "failed_turn" not in told_after_turns(due + timedelta(minutes=26))


def told_after_turns(now: datetime) -> dict[str, Finding]:
    while turn.advance_due(now=now):
        pass
    return broken(now)


@pytest.mark.parametrize(
    ("what", "sql"),
    [
        ("its state is too low", "UPDATE dispatch_case SET state = 'voice'"),
        ("its state is too high", "UPDATE dispatch_case SET state = 'follow_up'"),
        (
            "it moves later than it promises",
            "UPDATE dispatch_case SET due_at = due_at + interval '5 minutes'",
        ),
        (
            "nothing of it is live",
            "UPDATE dispatch_attempt SET ended_at = starts_at, due_at = NULL, result = 'cancelled'",
        ),
    ],
)
def test_a_case_that_contradicts_its_attempts_is_named(case: Case, what: str, sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(sql)
    assert broken()["agreement"].offenders == (str(case.pk),), what


def test_the_next_due_of_each_level_are_held_against_each_other(place: Centre) -> None:
    for n in range(4):
        factories.directive(place, f"W-{n}", number=n, level=Level(n + 1))
    assert "agreement" not in broken()


def test_every_scheduled_task_each_queue_and_beat_itself_must_show_that_they_live(case: Case) -> None:
    assert {
        "beat",
        "dial",
        "dispatch",
        "telephony",
        "queue:dial",
        "queue:cases",
        "queue:line",
    } <= pulses.expected().keys()
    for name in pulses.expected():
        Pulse.objects.all().delete()
        all_alive(but=name)
        found = broken()
        assert set(found) == {f"pulse_{name}"}
        assert found[f"pulse_{name}"].measured is None


def test_a_pulse_grows_old_and_any_host_may_keep_it_young(case: Case) -> None:
    Pulse.objects.update(kept_at=wall() - timedelta(minutes=5), at=wall() - timedelta(minutes=5))
    found = broken()
    assert set(found) == {f"pulse_{name}" for name in pulses.expected()}
    assert found["pulse_beat"].measured == pytest.approx(300, abs=30)
    for name in pulses.expected():
        pulses.keep(name, host="two", wall=wall())
    assert broken() == {}


def test_a_host_whose_clock_is_wrong_is_named(case: Case) -> None:
    pulses.keep("beat", host="astray", wall=wall() + timedelta(seconds=40))
    found = broken()["clocks"]
    assert found.offenders == ("astray",)
    assert found.measured == pytest.approx(40, abs=5)


def test_a_pulse_is_one_row_however_often_it_is_kept(place: Centre) -> None:
    before = Pulse.objects.count()
    all_alive()
    assert Pulse.objects.count() == before


def test_pulses_of_hosts_long_gone_are_forgotten(place: Centre) -> None:
    pulses.keep("beat", host="gone", wall=wall())
    Pulse.objects.filter(host="gone").update(kept_at=wall() - timedelta(days=2))
    pulses.forget(wall())
    assert not Pulse.objects.filter(host="gone").exists()
    assert Pulse.objects.exists()


# ---- what cannot be measured is broken


def test_a_redis_that_is_gone_is_broken(case: Case, settings: Settings) -> None:
    settings.REDIS_URL = f"redis://127.0.0.1:{free_port()}/0"
    found = broken()
    assert set(found) == {"redis"}
    assert (found["redis"].measured, found["redis"].fault) == (None, "ConnectionError")


@pytest.mark.parametrize(
    ("health", "fault"), [({"ok": True}, ""), ({"ok": False}, "HTTPError"), (None, "URLError")]
)
def test_a_trunk_that_is_gone_or_cut_off_is_broken(
    case: Case, settings: Settings, health: dict[str, object] | None, fault: str
) -> None:
    class Line(Network):
        def health(self) -> dict[str, object]:
            return health or {}

    line = Line(clock=wall, script=Script(), journal=StringIO())
    with serving(Door(("127.0.0.1", 0), line, "secret")) as door:
        gone = f"http://127.0.0.1:{free_port()}"
        settings.CARRIERS = {**settings.CARRIERS, "sip": {"url": gone if health is None else door}}
        found = broken()
    assert {name: finding.fault for name, finding in found.items()} == (
        {"carrier_sip": fault} if fault else {}
    )


def test_a_check_that_fails_is_broken_and_the_others_are_looked_at(case: Case) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE dispatch_order RENAME TO elsewhere")
    found = broken()
    assert set(found) == {"overdue_order", "agreement"}
    assert {finding.fault for finding in found.values()} == {"ProgrammingError"}


def test_a_check_that_takes_too_long_is_broken(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(now: datetime) -> Measured:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(30)")
        return counted([])

    monkeypatch.setattr(looking, "STATEMENT_WITHIN", 0.05)
    monkeypatch.setitem(promises.PROMISES, "overdue_order", slow)
    found = broken()
    assert set(found) == {"overdue_order"}
    assert found["overdue_order"].fault == "OperationalError"


def test_a_round_without_time_left_is_broken(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looking, "ROUND_WITHIN", -1.0)
    found = broken()
    assert "database" not in found
    assert found["agreement"].fault == "no time left"


def test_no_finding_at_all_is_not_well() -> None:
    assert not Round(()).ok


@given(st.one_of(st.none(), st.floats()), st.floats(min_value=0, max_value=1e9))
def test_only_a_measure_within_its_allowance_is_well(measured: float | None, allowance: float) -> None:
    finding = Finding("any", measured, allowance)
    assert finding.ok == (measured is not None and measured <= allowance)
    assert not Finding("any", measured, allowance, fault="Error").ok


@given(st.lists(st.tuples(st.integers(), st.floats(-1e6, 1e6))), st.floats(min_value=0, max_value=1e6))
def test_offenders_are_exactly_what_is_beyond(rows: list[tuple[int, float]], allowance: float) -> None:
    finding = judge("any", latest(rows), allowance)
    assert finding.offenders == tuple(str(pk) for pk, late in rows if late > allowance)[:5]
    assert finding.ok == all(late <= allowance for _pk, late in rows)


# ---- cheap in an incident

OURS = (
    "dispatch_case",
    "dispatch_attempt",
    "dispatch_order",
    "dispatch_event",
    "telephony_call",
    "telephony_text",
)
ROWS = 20_000

_WORK = """
INSERT INTO dispatch_attempt (case_id, tier, level, stage, reinforced, astray, starts_at, due_at, result, fault,
                              evidence, note, disposition, ended_at)
SELECT c.id, 1, c.level, 'planned', false, false, c.opened_at, CASE WHEN n = 1 THEN c.due_at END,
       CASE WHEN n = 1 THEN '' ELSE 'busy' END, '', '{}', '', '', CASE WHEN n > 1 THEN c.opened_at END
FROM dispatch_case c, generate_series(1, 2) n;

INSERT INTO dispatch_order (case_id, kind, state, drafted_at, due_at, bank, account, holder_name)
SELECT id, 'stop_payment', 'drafted', opened_at, due_at, '', '', '' FROM dispatch_case;

INSERT INTO dispatch_event (case_id, at, verb, agent, why, detail)
SELECT id, opened_at, CASE WHEN id % 50 = 0 THEN 'fault' ELSE 'opened' END, '', '', '{}' FROM dispatch_case;

INSERT INTO telephony_text (key, number, body, state, external_id, tries, due_at, evidence)
SELECT gen_random_uuid(), '', '', CASE WHEN id % 2 = 0 THEN 'queued' ELSE 'sent' END, '', 0,
       CASE WHEN id % 2 = 0 THEN due_at END, '[]' FROM dispatch_case;
"""


@pytest.fixture
def crowded(place: Centre) -> None:
    Crowd(rows=ROWS, held=200, late=200).gather()
    with connection.cursor() as cursor:
        cursor.execute(_WORK)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; ANALYZE")


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", ()):
        yield from nodes(below)


def faults_of(sql: str) -> list[str]:
    """Whole tables read, and steps that read more rows than any round needs."""
    faults = []
    for node in nodes(explained(sql)["Plan"]):
        if node["Node Type"] == "Seq Scan" and node["Relation Name"] in OURS:
            faults.append(f"reads all of {node['Relation Name']}: {sql}")
        if node["Actual Rows"] * node["Actual Loops"] > 500:
            faults.append(f"{node['Node Type']} of {node['Actual Rows']} rows: {sql}")
    return faults


def test_a_round_reads_indexes_only_however_many_are_overdue(crowded: None) -> None:
    _reads_indexes_only(manned=True)
    Desk.objects.update(state="away", lease_until=None)
    _reads_indexes_only(manned=False)


def _reads_indexes_only(*, manned: bool) -> None:
    for late in (timedelta(0), timedelta(hours=30)):  # nothing is overdue; everything is
        with CaptureQueriesContext(connection) as seen:
            found = look(moment(START + late))
        selects = [query["sql"] for query in seen if query["sql"].startswith("SELECT")]
        assert len(selects) == (24 if manned else 27)
        assert [fault for sql in selects for fault in faults_of(sql)] == []
        assert not {f.name for f in found.broken} & {"agreement", "case_without_due", "attempt_without_due"}
        assert ("overdue_low" in {f.name for f in found.broken}) == bool(late)


def test_what_nobody_sees_to_stands_in_an_index_of_each_kind(place: Centre) -> None:
    with CaptureQueriesContext(connection) as seen:
        promises.untended(START)
    with connection.cursor() as cursor:  # however few rows there are
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off")
    plans = [explained(query["sql"])["Plan"] for query in seen]
    assert [{node["Index Name"] for node in nodes(plan) if "Index Name" in node} for plan in plans] == [
        {"telephony_text_due"},
        {"telephony_leg_silent"},
        {"telephony_link_due"},
        {"dispatch_news_due"},
    ]


# ---- it says each thing once


def told() -> list[tuple[str, str]]:
    events = Event.objects.filter(agent="watchdog").order_by("pk")
    return [(event.verb, event.detail["promise"]) for event in events]


def test_what_breaks_and_what_mends_is_in_the_record_once_each(case: Case) -> None:
    late = (case.due_at or START) + timedelta(minutes=1)
    first, second = Watch(), Watch()
    for watch in (first, second, first):
        watch.round(moment(late))
    assert told() == [("broken", "overdue_critical")]
    assert Breach.objects.get().since == late
    for watch in (first, second, first):
        watch.round(moment(case.due_at or START))
    assert told() == [("broken", "overdue_critical"), ("mended", "overdue_critical")]
    assert not Breach.objects.exists()


def test_a_watchdog_started_anew_does_not_say_it_again(case: Case) -> None:
    late = (case.due_at or START) + timedelta(minutes=1)
    Watch().round(moment(late))
    Watch().round(moment(late))
    assert told() == [("broken", "overdue_critical")]


def test_what_broke_while_nothing_could_be_written_is_written_later(place: Centre) -> None:
    well = [Finding("database", 0.01, 1.0)]
    ledger.settle(well, now=START + timedelta(minutes=2), missed={"database": START})
    assert told() == [("broken", "database"), ("mended", "database")]
    assert Event.objects.get(verb="broken").at == START
    assert Event.objects.get(verb="mended").detail["lasted"] == 120


def test_what_was_not_looked_at_neither_breaks_nor_mends(place: Centre) -> None:
    Breach.objects.create(name="agreement", since=START)
    unseen = [
        Finding("agreement", None, 0, fault="not looked at"),
        Finding("clocks", None, 2, fault="not looked at"),
    ]
    assert ledger.settle(unseen, now=START) == (set(), set())


def test_the_record_tells_it_in_words(case: Case) -> None:
    Watch().round(moment((case.due_at or START) + timedelta(minutes=1)))
    with translation.override("zh-hans"):
        assert "紧急" in sentence(Event.objects.get(verb="broken"))


# ---- the command


def run(*words: str) -> tuple[int, str]:
    out = StringIO()
    try:
        call_command("watchdog", *words, stdout=out)
    except SystemExit as end:
        return int(end.code or 0), out.getvalue()
    return 0, out.getvalue()


@pytest.fixture
def standing(settings: Settings) -> None:
    settings.CLOCK = "telephony.clock.moving"
    clock.moving.set(START)


def test_once_tells_by_its_exit_status(case: Case, standing: None) -> None:
    status, said = run("--once")
    assert status == 0
    assert "ok      overdue_critical: 0, allowed 15" in said
    clock.moving.set((case.due_at or START) + timedelta(minutes=1))
    status, said = run("--once", "--json")
    assert status == 1
    assert json.loads(said)["checks"]["overdue_critical"]["offenders"] == [str(case.pk)]


def test_without_a_database_it_says_so_in_time() -> None:
    env = {**os.environ, "DATABASE_URL": f"postgres://nobody:none@127.0.0.1:{free_port()}/none"}
    command = [sys.executable, "manage.py", "watchdog", "--once", "--json"]
    ran = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False, timeout=60)
    said = json.loads(ran.stdout)["checks"]
    assert (ran.returncode, said["database"]["fault"]) == (1, "unreachable")
    assert said.pop("redis")["ok"]
    assert {check["fault"] for name, check in said.items() if name != "database"} == {"not looked at"}
    assert "Traceback" not in ran.stderr


def test_a_span_that_is_none_is_refused(place: Centre) -> None:
    with pytest.raises(CommandError, match="not a length of time"):
        call_command("watchdog", "--every", "soon")


# ---- word outside


class Listener(HTTPServer):
    """Somebody outside who waits for our word."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.heard: list[tuple[str, dict[str, Any]]] = []
        self.url = f"http://127.0.0.1:{self.server_port}"


class Answer(BaseHTTPRequestHandler):
    server: Listener

    def do_POST(self) -> None:
        word = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.heard.append((self.path, word))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def listener() -> Iterator[Listener]:
    with Listener() as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_a_heartbeat_goes_out_while_all_is_well_and_an_alarm_when_it_is_not(
    case: Case, listener: Listener, settings: Settings
) -> None:
    settings.HEARTBEAT_URL, settings.ALARM_URL = f"{listener.url}/heart", f"{listener.url}/alarm"
    watch = Watch()
    for now in (START, case.due_at or START, (case.due_at or START) + timedelta(minutes=1)):
        watch.round(moment(now))
        watch.close()
    watch.round(moment((case.due_at or START) + timedelta(minutes=2)))
    watch.close()
    watch.round(moment())
    watch.close()
    assert [path for path, _word in listener.heard].count("/heart") == 3
    alarms = [word for path, word in listener.heard if path == "/alarm"]
    assert [set(word["broken"]) for word in alarms] == [{"overdue_critical"}, set()]
    assert "offenders" not in alarms[0]["broken"]["overdue_critical"]
    assert [word["ok"] for word in alarms] == [False, True]


def test_an_address_outside_that_hangs_holds_no_round_up(case: Case, settings: Settings) -> None:
    with HTTPServer(("127.0.0.1", 0), Answer) as deaf:  # takes connections and answers none
        settings.HEARTBEAT_URL = settings.ALARM_URL = f"http://127.0.0.1:{deaf.server_port}/"
        watch = Watch()
        for _ in range(3):
            assert watch.round(moment())[0].ok


def test_an_alarm_that_did_not_arrive_is_given_again(listener: Listener) -> None:
    lost = Outpost(f"http://127.0.0.1:{free_port()}/", within=1)
    lost.give({"ok": True})
    lost.flush()
    assert not lost.delivered
    there = Outpost(listener.url)
    assert there.delivered
    there.give({"ok": True})
    until(lambda: there.delivered and listener.heard, what="the word has arrived", within=10)


@pytest.mark.parametrize("address", ["file:///etc/passwd", "ftp://there/", "there"])
def test_an_address_that_is_not_https_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="is expected"):
        Outpost(address)


def test_every_allowance_is_of_a_promise() -> None:
    assert set(current.WATCHDOG_ALLOWANCES) - {"pulse", "carrier"} <= set(looking.names())
