"""The storm: a centre of real processes, killed with signal 9 at random while two thousand cases come in and go on.

    python -m tests.servers --durable -- python -m tests.storm [--cases 2000] [--seed N] [--rate 3] [--speed 1]

Web, workers, beats and Redis die one by one all the while, and all at once at the end; the network, with its mischief,
and the sources live outside and keep records of their own. Then it must hold: every acknowledged directive is stored,
no number was on two calls at once, no step was taken twice, from the recovery on no step comes more than 10 s late, and
no case stands still. Prints its figures, and fails if one of these does not hold.

The clock runs at speed 1: two thousand open cases redial every 30 to 300 s, some ten calls a second with three pieces
of news each, which is all that two slow cores can carry beside the kills. At a higher speed the machine would be
measured, not the faults.
"""

import argparse
import secrets
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import requests

from tests.journeys.deployment import Deployment, deployed, nobody_was_called_twice_at_once, until
from tests.ports import free_port
from tests.servers import redis_program

VICTIMS = ("web", "worker-1", "worker-2", "beat-1", "beat-2", "redis")
MISCHIEF = ("--lose", "0.05", "--twice", "0.1", "--late", "0.1", "--backwards", "0.05")
BETWEEN = (2.0, 12.0)  # wall seconds between two kills
DOWN = (0.0, 3.0)  # until what was killed is started again
LATEST = 10.0  # wall seconds
WATCHED = 90.0  # after the recovery
SENDERS = 3
TRIES = 600

FOUND = "from telephony import clock; from tests.bench.directives import found; print(found(clock.now())[1])"
BACK = "SELECT count(*) FROM warning_center_pulse WHERE name IN ('dispatch', 'telephony') AND kept_at > %s"
STORED = """
SELECT d.reference || ' ' || to_char(c.opened_at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-') || lpad(c.id::text, 6, '0')
FROM warning_center_directive d JOIN dispatch_case c ON c.id = d.case_id
"""
OVERDUE = "SELECT coalesce(max(%s - due_at), interval '0') FROM dispatch_case WHERE closed_at IS NULL"
# Of what was settled or begun because its hour had come: how late, counted from that hour or from the recovery.
SETTLED = """
SELECT ended_at - greatest((evidence->'time_up'->>'due')::timestamptz, %s) FROM dispatch_attempt
WHERE ended_at > %s AND evidence ? 'time_up' AND evidence->'time_up'->>'due' <> ''
"""
SETTLED_AT_ALL = "SELECT count(*) FROM dispatch_event WHERE verb = 'settled'"
DIALLED_LATE = "SELECT dialled_at - greatest(booked_for, %s) FROM telephony_call WHERE dialled_at > %s"
DIALLED = "SELECT key::text FROM telephony_call WHERE dialled_at IS NOT NULL"
TWICE = """
SELECT count(*) FROM (
  SELECT case_id, detail->>'attempt' FROM dispatch_event WHERE verb IN ('settled', 'met', 'begun')
  GROUP BY case_id, verb, detail->>'attempt' HAVING count(*) > 1
  UNION ALL SELECT case_id, '' FROM dispatch_event WHERE verb = 'opened' GROUP BY case_id HAVING count(*) > 1) a
"""
UNTRIED = """
SELECT count(*) FROM dispatch_case WHERE closed_at IS NULL AND NOT EXISTS (
  SELECT FROM dispatch_attempt WHERE case_id = dispatch_case.id AND started_at IS NOT NULL)
"""
CASES = "SELECT count(*) FROM dispatch_case"
COUNTS = "SELECT verb || ' ' || count(*) FROM dispatch_event GROUP BY verb ORDER BY count(*) DESC"


@dataclass
class Sources:
    """Sources that repeat a directive until it is acknowledged, and keep the receipts."""

    at: Deployment
    key: str
    cases: int
    rate: float
    receipts: dict[str, str] = field(default_factory=dict)
    repeated: int = 0
    wrong: list[str] = field(default_factory=list)

    def start(self) -> list[threading.Thread]:
        hands = [threading.Thread(target=self._send_all, args=[n], daemon=True) for n in range(SENDERS)]
        for hand in hands:
            hand.start()
        return hands

    def _send_all(self, first: int) -> None:
        with requests.Session() as session:
            session.headers["Authorization"] = f"Bearer {self.key}"
            for n in range(first, self.cases, SENDERS):
                began = time.monotonic()
                self._send(session, n)
                _wait(SENDERS / self.rate - (time.monotonic() - began))

    def _send(self, session: requests.Session, n: int) -> None:
        given = _directive(n, self.at.now())
        for _ in range(TRIES):
            case = self._receipt(session, given)
            if case:
                self.receipts[given["reference"]] = case
                return
            self.repeated += 1
            _wait(0.2)
        self.wrong.append(f"{given['reference']} was never acknowledged")

    def _receipt(self, session: requests.Session, given: dict[str, Any]) -> str:
        """The number of its case, if the directive was acknowledged."""
        try:
            answer = session.post(f"{self.at.url}/api/v1/directives", json=given, timeout=15)
        except requests.RequestException:
            return ""
        if answer.status_code in (200, 201):
            return str(answer.json()["case"])
        if answer.status_code < 500:
            self.wrong.append(f"{given['reference']}: {answer.status_code} {answer.text[:200]}")
        return ""


def _directive(n: int, now: datetime) -> dict[str, Any]:
    """The n-th: its level and its phone's last digit go through all pairs."""
    return {
        "reference": f"S-{n:05d}",
        "issued_at": now.isoformat(),
        "fraud_type": "authority",
        "level": ("critical", "high", "medium", "low")[n // 10 % 4],
        "phone": f"1900{n:07d}",
        "location": {"lat": 21.5, "lon": 110.5 + n % 5 / 10, "adcode": f"44091{n % 5}"},
    }


def _wait(seconds: float) -> None:
    """Nothing is waited for but time itself."""
    threading.Event().wait(max(0.0, seconds))


def storm(at: Deployment, chance: Random, hands: list[threading.Thread]) -> Counter[str]:
    """Kill one after another until all directives have been sent; then all at once. How often each died."""
    killed: Counter[str] = Counter()
    while any(hand.is_alive() for hand in hands):
        _wait(chance.uniform(*BETWEEN))
        victim = chance.choice(VICTIMS)
        at.kill(victim)
        killed[victim] += 1
        _wait(chance.uniform(*DOWN))
        at.start(victim)
    for victim in VICTIMS:
        at.kill(victim)
        killed[victim] += 1
    for victim in VICTIMS:
        at.start(victim)
    return killed


def recovered(at: Deployment) -> datetime:
    """Wait until both kinds of round have ended since the last start; the program's time then."""
    (since,) = at.ask("SELECT clock_timestamp()")
    until(lambda: at.ask(BACK, since) == [2], what="the rounds go on", within=120)
    return at.now()


def watch(at: Deployment, since: datetime, speed: float) -> float:
    """The most overdue case of all looks, in wall seconds, from LATEST after the recovery on."""
    worst, ends = 0.0, time.monotonic() + WATCHED
    while time.monotonic() < ends:
        now = at.now()
        (overdue,) = at.ask(OVERDUE, now)
        if now > since + timedelta(seconds=LATEST * speed):
            worst = max(worst, overdue.total_seconds() / speed)
        _wait(0.5)
    return worst


@dataclass(frozen=True, slots=True)
class Told:
    """One thing that must hold, how it stands, and whether it does."""

    what: str
    figure: str
    holds: bool


def judge(at: Deployment, sources: Sources, since: datetime, overdue: float, speed: float) -> Iterator[Told]:
    """Everything that must hold, from the sources' receipts, the network's journal and the database."""
    stored = dict(line.split() for line in at.ask(STORED))
    lost = {reference for reference, case in sources.receipts.items() if stored.get(reference) != case}
    whole = not sources.wrong and len(sources.receipts) == sources.cases == len(stored)
    yield Told(
        "directives lost", f"{len(lost)} of {len(sources.receipts):,} acknowledged", not lost and whole
    )
    for wrong in sources.wrong[:5]:
        yield Told("directives refused or given up", wrong, holds=False)
    journal = at.journal.read_text()
    try:
        nobody_was_called_twice_at_once(journal, set(at.ask(DIALLED)))
        yield Told("numbers on two calls at once", f"0 of {journal.count('begin'):,} calls", holds=True)
    except AssertionError as fault:
        yield Told(
            "numbers on two calls at once", str(fault)[:300] or "the journal names a violation", holds=False
        )
    (twice,) = at.ask(TWICE)
    yield Told("steps taken twice", f"{twice} of the whole record", twice == 0)
    late = [each.total_seconds() / speed for each in at.ask(SETTLED, since, since)]
    figure = f"{sum(x > LATEST for x in late)} of {len(late)} whose hour came; the latest {max(late, default=0):.1f} s"
    in_time = bool(late) and max(late) <= LATEST  # where nothing was measured nothing is proven
    yield Told(f"steps more than {LATEST:.0f} s late, by the record", figure, in_time)
    yield Told(
        f"cases more than {LATEST:.0f} s overdue, by looking", f"the most {overdue:.1f} s", overdue <= LATEST
    )
    (cases,) = at.ask(CASES)
    still = at.standing_still()
    yield Told(
        "cases standing still", f"{len(still)} of {cases:,} {'; '.join(still[:5])}".rstrip(), not still
    )
    (untried,) = at.ask(UNTRIED)
    yield Told("people nobody has tried to reach", str(untried), untried == 0)


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def run(asked: argparse.Namespace, folder: Path) -> bool:
    """The whole storm; whether everything held."""
    chance, port = Random(asked.seed), free_port()
    with deployed(
        folder,
        speed=asked.speed,
        mischief=(*MISCHIEF, "--seed", str(asked.seed)),
        redis_url=f"redis://127.0.0.1:{port}/0",
    ) as at:
        at.commands["redis"] = [
            str(redis_program()),
            "--port",
            str(port),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
        ]
        at.manage("migrate", "--verbosity", "0")
        key = at.python(FOUND).split()[-1]
        for name in ("redis", "network", *VICTIMS[:-1]):
            at.start(name)
        recovered(at)
        began = time.monotonic()
        sources = Sources(at, key, asked.cases, asked.rate)
        killed = storm(at, chance, sources.start())
        raged, since = time.monotonic() - began, recovered(at)
        back = time.monotonic() - began - raged
        overdue = watch(at, since, asked.speed)
        say(
            f"{asked.cases:,} directives in {raged:.0f} s, {sources.repeated} times repeated; {killed.total()} kills "
            f"({', '.join(f'{name} {n}' for name, n in sorted(killed.items()))}); the last took all at once, "
            f"back after {back:.1f} s. Then watched for {WATCHED:.0f} s."
        )
        say(f"The record: {', '.join(at.ask(COUNTS))}")
        dials = sorted(each.total_seconds() / asked.speed for each in at.ask(DIALLED_LATE, since, since))
        if dials:
            say(
                f"Calls dialled since: {len(dials)}; 99 of 100 within {dials[int(len(dials) * 0.99)]:.1f} s of time"
            )
        told = list(judge(at, sources, since, overdue, asked.speed))
    for one in told:
        say(f"{'holds ' if one.holds else 'FAILED'}  {one.what}: {one.figure}")
    return all(one.holds for one in told)


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m tests.storm", description=__doc__)
    options.add_argument("--cases", type=int, default=2_000)
    options.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000))
    options.add_argument("--rate", type=float, default=3.0, help="directives a second (3)")
    options.add_argument("--speed", type=float, default=1.0, help="of the program's clock (1)")
    asked = options.parse_args()
    say(f"seed {asked.seed}, speed {asked.speed:g}, {asked.rate:g} directives a second")
    with tempfile.TemporaryDirectory(prefix="wc-storm-") as folder:
        try:
            return 0 if run(asked, Path(folder)) else 1
        except AssertionError as fault:  # a process never came back
            say(f"FAILED  {fault}")
            return 1


if __name__ == "__main__":
    sys.exit(main())
