"""A crowd: very many open cases and booked calls, made by the database itself; any number of them is due at a moment.

Row n is due so many tenths of a second after START as its place in a shuffled order says. So at `due_moment(n)`
exactly n are due, and the rest come evenly after them, as on a busy day. Names and numbers are left empty.
"""

import json
from collections.abc import Callable, Mapping, Sized
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from dispatch import policies, rules
from dispatch.admin import queue
from dispatch.admin.access import scope_of
from dispatch.models import Case, PolicyVersion, Unit, User
from dispatch.models.case import BY_RISK
from dispatch.vocabulary import Level
from dispatch.workflow import turn
from telephony import exchange
from telephony.models import Call, Desk
from tests.factories import START
from tests.seats import taken_seats

AT_ONCE, PAGE = 100, 25
Reading = Callable[[datetime], Sized]

APART = timedelta(milliseconds=100)  # one due every tenth of a second: 1,000,000 in 28 hours
SHUFFLE = 611_953  # a prime, so n * SHUFFLE % rows visits every row once
SHARES = {Level.CRITICAL: 5, Level.HIGH: 25, Level.MEDIUM: 40, Level.LOW: 30}  # of a hundred

# hashint4: chance that falls the same way each time. Levels, scores and units have nothing to do with one another.
_ROWS = """
CREATE TEMPORARY TABLE made AS
SELECT n, %(start)s + (n::bigint * %(shuffle)s) %% %(rows)s * %(apart)s AS due,
       1 + (hashint4(n) & 1048575) %% 100 AS lot, (hashint4(-n) & 1048575) AS chance
FROM generate_series(1, %(rows)s) n
"""

_CASES = """
INSERT INTO dispatch_target (id, name, id_number, sex, occupation)
SELECT n, '', '', '', '' FROM generate_series(1, %(rows)s) n;

INSERT INTO dispatch_case (target_id, state, level, score, fraud_type, outcome, unit_id, policy_id, opened_at,
                           issued_at, due_at, assessed_level, sizes, adcode, address)
SELECT n, 'voice', (%(levels)s)[lot], (%(levels)s)[lot] * 20 + chance %% 20, 'authority', '',
       (%(units)s)[1 + chance / 20 %% %(unit_count)s], %(policy)s, %(start)s, %(start)s, due, (%(levels)s)[lot],
       '{}', '', ''
FROM made;
"""

_CALLS = """
INSERT INTO telephony_call (key, number, number_index, kind, mode, tag, needs, avoid, status, result, rank_at,
                            booked_for, until, due_at, external_id, asked, evidence)
SELECT gen_random_uuid(), '', md5(n::text), 'voice', '', '', '', '[]', 'booked', '', due - (%(head_starts)s)[lot], due,
       due + interval '48 hours', due, '', 0, '[]'
FROM made;
"""

_ON_LINE = """
INSERT INTO telephony_trunk (name, carrier, priority, concurrent, per_second, enabled, tokens, filled_at)
VALUES ('crowd', 'simulated', 1, 1000000, 1000, true, 1000, %(start)s);

INSERT INTO telephony_call (key, number, number_index, kind, mode, tag, needs, avoid, status, result, rank_at,
                            booked_for, until, due_at, dialled_at, trunk_id, external_id, asked, evidence)
SELECT gen_random_uuid(), '', 'on line ' || n, 'voice', '', '', '', '[]', 'talking', '', %(start)s, %(start)s,
       %(start)s + interval '1 hour', %(start)s + n * %(apart)s, %(start)s,
       (SELECT max(id) FROM telephony_trunk), '', 0, '[]'
FROM generate_series(1, %(held)s) n;
"""

_HEAD = """
INSERT INTO telephony_call (key, number, number_index, kind, mode, tag, needs, avoid, status, result, rank_at,
                            booked_for, until, due_at, external_id, asked, evidence)
SELECT gen_random_uuid(), '', %(whose)s || n, 'voice', '', '', '', '[]', 'booked', '', at, at, until, at, '', 0, '[]'
FROM (SELECT n, %(start)s - interval '2 days' AS at, %(until)s AS until FROM generate_series(1, %(many)s) n) a;
"""


@dataclass(frozen=True, slots=True)
class Crowd:
    """How many open cases, and as many booked calls; and what stands in the way before all of them."""

    rows: int
    held: int = 0  # calls on the line, and as many booked ones on their numbers
    late: int = 0  # booked calls whose time to be dialled has passed

    def gather(self) -> None:
        """Write it all, with desks enough, and let the database count it. No cases and no calls are there before."""
        with connection.cursor() as cursor:
            for statement in (_ROWS, _CASES, _CALLS, _ON_LINE):
                cursor.execute(statement, self._given())
            for whose, many, lasts in (("on line ", self.held, 9), ("late ", self.late, 0)):
                until = START + timedelta(days=lasts)
                cursor.execute(_HEAD, {"start": START, "whose": whose, "many": many, "until": until})
            taken_seats(AT_ONCE, START)
            cursor.execute("DROP TABLE made; ANALYZE")

    def _given(self) -> dict[str, Any]:
        policy = policies.current(PolicyVersion.Kind.ESCALATION, START)
        chains = rules.read(policies.built_in(PolicyVersion.Kind.ESCALATION)).levels
        levels = [level for level, share in SHARES.items() for _ in range(share)]
        units = list(Unit.objects.order_by("pk").values_list("pk", flat=True))
        return {
            "rows": self.rows,
            "held": self.held,
            "levels": [int(level) for level in levels],
            "head_starts": [chains[level].head_start for level in levels],
            "units": units,
            "unit_count": len(units),
            "policy": policy.pk,
            "start": START,
            "apart": APART,
            "shuffle": SHUFFLE,
        }


def due_moment(due: int) -> datetime:
    """The moment at which so many of the crowd are due."""
    return START + (due - 1) * APART


def explained(sql: str) -> dict[str, Any]:
    """What PostgreSQL tells of carrying out a statement: the plan, its rows, its milliseconds."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}")
        told = cursor.fetchone()[0]
    (one,) = json.loads(told) if isinstance(told, str) else told
    return dict(one)


def readings(city: User, county: User) -> dict[str, Reading]:
    """Each way in which the program takes the next ones of many, through its own code; inside a transaction."""
    return {
        "100 due cases, claimed": lambda now: turn.claim(now, AT_ONCE),
        "100 waiting calls": lambda now: list(
            islice(exchange.queue(now, AT_ONCE, exchange.Seats(list(Desk.objects.free(now)))), AT_ONCE)
        ),
        "whether any call waits": lambda now: [exchange.is_anyone_waiting(now)],
        "whether any call is due": exchange._is_any_due,
        "100 silent calls": lambda now: list(Call.objects.silent(now).defer("number")[:AT_ONCE]),
        "25 of the whole queue": lambda now: list(_queue_of(city)[:PAGE]),
        "25 of one county's queue": lambda now: list(_queue_of(county)[:PAGE]),
    }


def filtered(city: User, county: User) -> dict[str, Reading]:
    """The queue as each of its filters cuts it: some let half of all through, some let nobody."""
    asked = {
        "critical": {"level": "4"},
        "a tier": {"state": "voice"},
        "a tier nobody is in": {"state": "follow_up"},
        "a type": {"type": "authority"},
        "a type of nobody": {"type": "romance"},
        "a county": {"unit": str(county.unit_id)},
        "mine": {"mine": "1"},
        "overdue": {"overdue": "1"},
    }
    return {
        name: lambda now, given=given: list(_queue_of(city, given, now)[:PAGE])  # type: ignore[misc]
        for name, given in asked.items()
    }


def _queue_of(user: User, given: Mapping[str, str] | None = None, now: datetime = START) -> QuerySet[Case]:
    """The cases of a page of the desk as a user sees it, without what else their rows show."""
    scope = scope_of(user)
    mine = queue.within(Case.objects.all(), scope, queue.units_of(scope))
    cases = queue.chosen(queue.with_all(mine), queue.Asked(given or {}), user, now).prefetch_related(None)
    return cases.filter(closed_at=None).order_by(*BY_RISK)
