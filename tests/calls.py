"""Thousands of calls over the practice Twilio with all its mischief at once, in real processes on PostgreSQL and Redis.

    python -m tests.servers --durable -- python -m tests.calls [--calls 2000] [--seed 1] [--speed 2]

Web, two workers and a beat run as they are deployed; the practice Twilio runs here, outside them, with two accounts,
one a trunk. Every phone of its table is called, and beside what each does by itself, news is lost, doubled, late,
backwards, forged, altered and replayed, requests are refused, fail and are cut off. Then it must hold, by the practice
Twilio's own record (tests/telephony/carried.py): every call ended exactly once, none was placed twice, none in doubt
was guessed, no voicemail counts as answered, nothing false was believed and each lie is in the log, and no account was
asked for more calls than agreed in any one second, nor carried more at once. Prints its figures, and fails if one of
these does not hold.
"""

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

import psycopg

from telephony.practice.door import Door, opened
from telephony.practice.phones import BY_DIGITS, Directory, Phone
from telephony.practice.switch import Switch
from tests.journeys.deployment import Deployment, deployed, until
from tests.telephony.carried import Ours, what_is_wrong

ACCOUNTS = {"twilio": "AC" + "1" * 32, "twilio-2": "AC" + "2" * 32}
TOKEN = "practice-token"
PER_SECOND, AT_ONCE = 4, 150
DESKS = 40
FIRST_ERROR = 5000  # letters of the log that are shown
SELDOM = ("44",)  # a silence holds a worker for the whole time-out: once in a while
LIKELY = {
    "lost": 0.06, "twice": 0.1, "late": 0.08, "backwards": 0.06, "forged": 0.05, "altered": 0.05, "replayed": 0.05,
    "error": 0.02, "cut": 0.02, "busy_here": 0.03, "early": 0.05,
}  # fmt: skip

AUDIT = """
CREATE TABLE ends (key uuid NOT NULL, revived boolean NOT NULL);
CREATE FUNCTION note_end() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (OLD.status = 'ended') <> (NEW.status = 'ended') THEN
    INSERT INTO ends VALUES (NEW.key, OLD.status = 'ended');
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER note_end AFTER UPDATE OF status ON telephony_call FOR EACH ROW EXECUTE FUNCTION note_end();
"""
CALLS = """
SELECT key::text || ' ' || status || ' ' || result || ' ' || (dropped_at IS NOT NULL)::text FROM telephony_call
"""
BOOK = """
import json, sys
from datetime import timedelta
from pathlib import Path
from telephony import calls, clock
from telephony.models import Desk, Trunk
now = clock.now()
for n, name in enumerate({trunks!r}):
    Trunk.objects.create(name=name, carrier=name, priority=n + 1, concurrent={at_once}, per_second={per_second},
                         tokens=1, filled_at=now)
Desk.objects.bulk_create([Desk(name=f"desk {{n}}", address=f"sip:desk{{n}}@pbx.example" if n % 2 else "", state="ready",
    since=now, ready_since=now, lease=timedelta(days=30), lease_until=now + timedelta(days=30), tags=[],
    wrap=timedelta(seconds=5)) for n in range({desks})])
numbers = json.loads(Path({file!r}).read_text())
made = [calls.booking(number=number, kind="voice", at=now, until=now + timedelta(days=2), head_start=timedelta(),
        mode="announce" if n % 3 else "", tag="loan") for n, number in enumerate(numbers)]
calls.book(made)
Path({file!r}).write_text(json.dumps({{str(call.key): call.number for call in made}}))
"""


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("--calls", type=int, default=2000)
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--speed", type=float, default=2)
    options = asked.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="calls-") as folder,
        deployed(Path(folder), speed=options.speed) as centre,
    ):
        at_desks = {f"sip:desk{n}@pbx.example": [Phone(lasts=600)] for n in range(DESKS)}
        phones = Directory(at_desks, LIKELY, options.seed)
        switch = Switch(centre.now, phones=phones, hands=12, seed=options.seed)
        with opened(Door(switch)) as door:
            try:
                return _run(centre, switch, door, options.calls, options.seed)
            finally:
                switch.stop()


def _run(centre: Deployment, switch: Switch, door: Door, many: int, seed: int) -> int:
    for prefix, account in zip(("TWILIO", "TWILIO_2"), ACCOUNTS.values(), strict=True):
        centre.env |= {
            f"{prefix}_ACCOUNT_SID": account,
            f"{prefix}_AUTH_TOKEN": TOKEN,
            f"{prefix}_CALLER_ID": "+861096110",
            f"{prefix}_BASE_URL": door.url,
        }
    centre.manage("migrate", "--verbosity", "0")
    with psycopg.connect(centre.env["DATABASE_URL"], autocommit=True) as connection:
        connection.execute(AUDIT)
    kept = centre.log.with_name("numbers.json")
    kept.write_text(json.dumps(_numbers(many, seed)))
    given = {"trunks": list(ACCOUNTS), "at_once": AT_ONCE, "per_second": PER_SECOND, "desks": DESKS}
    centre.python(BOOK.format(**given, file=str(kept)))
    switch.start()
    began, began_here = centre.now(), time.monotonic()
    for name in ("web", "worker-1", "worker-2", "beat-1"):
        centre.start(name)
    until(lambda: _left(centre) == 0, what="every call has ended", within=60 + many * 1.5)
    took = centre.now() - began
    until(lambda: not switch.is_busy(), what="what was late has come", within=300)
    numbers = json.loads(kept.read_text())
    ours = _ours(centre, numbers)
    wrong = what_is_wrong(switch, ours, dict.fromkeys(ACCOUNTS.values(), (PER_SECOND, AT_ONCE)))
    log = centre.log.read_text(errors="replace")
    wrong += _not_in_the_log(log, switch)
    _print(switch, ours, log)
    here = time.monotonic() - began_here
    sys.stdout.write(
        f"took {took.total_seconds():.0f} s of the program's clock, {here:.0f} s of the machine's\n"
    )
    if " ERROR " in log:
        sys.stdout.write(log[log.index(" ERROR ") :][:6000])
    for line in wrong[:50]:
        sys.stdout.write(f"WRONG: {line}\n")
    sys.stdout.write(f"{len(ours)} calls, {len(wrong)} things wrong\n")
    return 1 if wrong else 0


def _numbers(many: int, seed: int) -> list[str]:
    """Numbers of nobody, each with an ending of the table."""
    chance = Random(seed)
    endings = [ending for ending in BY_DIGITS if ending not in SELDOM]
    drawn = [chance.choice(endings) for _ in range(many - 4)] + [*SELDOM] * 4
    chance.shuffle(drawn)
    return [f"+86190{n:06}{'5' if len(end) == 1 else ''}{end}" for n, end in enumerate(drawn)]


def _left(centre: Deployment) -> int:
    return int(centre.ask("SELECT count(*) FROM telephony_call WHERE status <> 'ended'")[0])


def _ours(centre: Deployment, numbers: dict[str, str]) -> list[Ours]:
    ends = Counter(centre.ask("SELECT key::text FROM ends WHERE NOT revived"))
    revived = set(centre.ask("SELECT key::text FROM ends WHERE revived"))
    rows = centre.ask(CALLS)
    found = []
    for row in rows:
        key, status, result, dropped = row.split(" ")
        found.append(Ours(numbers[key], status, result, ends[key] + (key in revived), dropped == "true"))
    return found


def _not_in_the_log(log: str, switch: Switch) -> list[str]:
    """Lies of which no line of the log tells."""
    kinds = Counter(kind for kind, status in switch.answers if status == 403)
    lies = kinds["forged"] + kinds["altered"]
    said = log.count("its signature is missing or wrong")
    again = log.count("it has been heard before")
    wrong = []
    if said < lies:
        wrong.append(f"{lies} forged or altered letters, {said} lines in the log")
    if again < kinds["replayed"]:
        wrong.append(f"{kinds['replayed']} replayed letters, {again} lines in the log")
    return wrong


def _print(switch: Switch, ours: list[Ours], log: str) -> None:
    say = sys.stdout.write
    say(f"{len(ours)} calls; at most {switch.most_at_once} at once; {len(switch.answers)} webhooks\n")
    say(f"results: {dict(Counter(call.result for call in ours).most_common())}\n")
    say(f"answers: {dict(Counter(f'{kind} {status}' for kind, status in switch.answers).most_common())}\n")
    for account in ACCOUNTS.values():
        times = sorted(at for whose, at in switch.made_at if whose == account)
        most = max((_within_a_second(times, n) for n in range(len(times))), default=0)
        say(f"{account[:3]}…: {len(times)} asked for, at most {most} in any one second of {PER_SECOND}\n")
    errors = [piece for piece in log.split("\n") if " ERROR " in piece or piece.startswith("django.db.utils")]
    say(f"errors in the log: {len(errors)}\n" + "".join(f"  {line[:300]}\n" for line in errors[:10]))


def _within_a_second(times: list[datetime], first: int) -> int:
    """How many come within the second that begins with one of them."""
    return sum(at - times[first] < timedelta(seconds=1) for at in times[first : first + 50])


if __name__ == "__main__":
    sys.exit(main())
