"""A city at work: very many open cases, each with its person, number, call and record; any of them is made due at will.

The database makes the rows itself. Each case has one live voice attempt, a redial booked for tomorrow.
"""

import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import psycopg
from django.db import connection

from dispatch import policies
from dispatch.models import PolicyVersion, Unit
from dispatch.vocabulary import UnitKind
from telephony import numbers, sealing
from telephony.models import Trunk
from tests import factories
from tests.crowd import SHARES
from tests.factories import START

COUNTIES, STATIONS = 5, 10  # stations in each county
MOST = 10_000_000  # ids from here on are what the program itself writes
TOMORROW = START + timedelta(days=1)

# What has become of the calls of a hundred due cases.
SILENT, BUSY, POWERED_OFF = "silent", "busy", "powered_off"
MIX = {SILENT: 60, BUSY: 20, POWERED_OFF: 20}

_ROWS = """
CREATE TEMPORARY TABLE made AS
SELECT n, %(tomorrow)s + ((hashint4(n) & 1048575) %% 86400) * interval '1 second' AS due,
       (%(levels)s)[1 + (hashint4(-n) & 1048575) %% 100] AS level, (hashint4(n + 7) & 1048575) AS chance
FROM generate_series(%(first)s::int, %(last)s::int) n;

INSERT INTO dispatch_target (id, name, id_number, sex, occupation) SELECT n, '', '', '', '' FROM made;
INSERT INTO dispatch_phonenumber (id, number, index) SELECT n, %(sealed)s, 'made ' || n FROM made;
INSERT INTO dispatch_targetnumber (id, position, phone_id, target_id) SELECT n, 1, n, n FROM made;

INSERT INTO dispatch_case (id, target_id, state, level, score, fraud_type, outcome, unit_id, fallback_id, policy_id,
                           opened_at, issued_at, due_at, upstream_level, assessed_level, opened_level, sizes,
                           adcode, address, lat, lon, place_at)
SELECT n, n, 'voice', level, level * 20 + chance %% 20, 'authority', '', (%(units)s)[1 + chance %% %(unit_count)s],
       %(city)s, %(policy)s, %(start)s, %(start)s, due, level, level, level, '{"warnings_30d": 0}', '440904', '',
       21.5 + chance %% 100 / 1000.0, 111.0, %(start)s
FROM made;

INSERT INTO telephony_call (id, key, number, number_index, kind, mode, tag, needs, avoid, status, result, rank_at,
                            booked_for, until, due_at, external_id, asked, evidence)
SELECT n, gen_random_uuid(), %(sealed)s, 'made ' || n, 'voice', '', 'authority', '', '[]', 'booked', '',
       due - interval '20 minutes', due, due + interval '20 minutes', due, '', 0, '[]'
FROM made;

INSERT INTO dispatch_attempt (id, case_id, tier, level, stage, phone_id, call_id, reinforced, astray, starts_at, due_at,
                              result, fault, evidence, note, disposition)
SELECT n, n, 1, level, 'planned', n, n, false, false, due, due, '', '', '{}', '', '' FROM made;

INSERT INTO dispatch_event (id, at, verb, agent, why, detail, case_id)
SELECT n * 2 + k - 1, %(start)s, (ARRAY['opened', 'planned'])[k], 'engine', '',
       '{"tier": "voice", "stage": "planned", "row": "high.starts", "starts": "2026-03-03T01:00:00+00:00"}', n
FROM made, generate_series(1, 2) k;

INSERT INTO dispatch_assessment (id, at, score, level, reasons, case_id, policy_id)
SELECT n, %(start)s, level * 20, level, '[{"fact": "upstream", "size": 3, "points": 55}]', n, %(risk)s FROM made;

DROP TABLE made
"""

_TABLES = (
    "dispatch_target",
    "dispatch_phonenumber",
    "dispatch_targetnumber",
    "dispatch_case",
    "telephony_call",
    "dispatch_attempt",
    "dispatch_event",
    "dispatch_assessment",
)
# Those that are no constraint's: made anew after the rows, all of it takes a quarter less.
_INDEXES = """
SELECT indexname, indexdef FROM pg_indexes i WHERE tablename = ANY(%s) AND NOT EXISTS (
  SELECT FROM pg_constraint c JOIN pg_class x ON x.oid = c.conindid WHERE x.relname = i.indexname)
"""

_ARM = """
UPDATE dispatch_phonenumber p SET number = a.number, index = a.number_index FROM armed a WHERE p.id = a.id;

UPDATE dispatch_case c SET level = 3, score = 64, assessed_level = 3, upstream_level = 3, opened_level = 3,
       sizes = '{"on_call_seconds": 1800, "screen_shared": 1, "warnings_30d": 0}', due_at = %(due)s
FROM armed a WHERE c.id = a.id;

UPDATE telephony_call c SET number = a.number, number_index = a.number_index, trunk_id = %(trunk)s,
       dialled_at = %(dialled)s,
       status = CASE WHEN a.met = 'silent' THEN 'ringing' ELSE 'ended' END,
       result = CASE WHEN a.met = 'silent' THEN '' ELSE a.met END,
       ended_at = CASE WHEN a.met = 'silent' THEN NULL ELSE %(due)s END,
       due_at = CASE WHEN a.met = 'silent' THEN %(due)s + interval '1 day' END
FROM armed a WHERE c.id = a.id;

UPDATE dispatch_attempt t SET level = 3, stage = 'dialled', starts_at = %(dialled)s, started_at = %(dialled)s,
       result = CASE WHEN a.met = 'silent' THEN '' ELSE a.met END,
       fault = CASE WHEN a.met = 'silent' THEN '' ELSE 'person' END,
       ended_at = CASE WHEN a.met = 'silent' THEN NULL ELSE %(due)s END,
       due_at = CASE WHEN a.met = 'silent' THEN %(due)s END
FROM armed a WHERE t.id = a.id;

DROP TABLE armed
"""

# Officers have come back: or a day's visits would fill every station.
_BACK = """
UPDATE dispatch_attempt SET result = 'not_there', fault = 'person', ended_at = %s, due_at = NULL
WHERE unit_id IS NOT NULL AND ended_at IS NULL
"""


@dataclass
class Population:
    """The open cases so far, and which of them have been due already."""

    rows: int = 0
    chance: random.Random = field(default_factory=lambda: random.Random(20260302))
    used: set[int] = field(default_factory=set)
    places: dict[str, Any] = field(default_factory=dict)

    def grow(self, rows: int) -> None:
        """Make the rest of so many open cases; the database counts them anew."""
        with connection.cursor() as cursor:
            if not self.rows:
                self._found()
            cursor.execute(_INDEXES, [list(_TABLES)])
            indexes = cursor.fetchall()
            for name, _definition in indexes:
                cursor.execute(f'DROP INDEX "{name}"')
            # No look at each foreign key: the rows name one another by number.
            cursor.execute("SET session_replication_role = replica; SET maintenance_work_mem = '256MB'")
            cursor.execute(_ROWS, {**self.places, "first": self.rows + 1, "last": rows})
            for _name, definition in indexes:
                cursor.execute(definition)
            cursor.execute("SET session_replication_role = DEFAULT; RESET maintenance_work_mem")
            for table in ("case", "attempt", "event", "assessment"):
                cursor.execute(
                    f"SELECT setval('dispatch_{table}_id_seq', greatest(nextval("
                    f"'dispatch_{table}_id_seq'), {MOST}))"
                )
            cursor.execute(
                f"SELECT setval('telephony_call_id_seq', greatest(nextval('telephony_call_id_seq'), {MOST}))"
            )
            cursor.execute("VACUUM (ANALYZE)")
        self.rows = rows

    def make_due(self, many: int, now: datetime) -> None:
        """So many cases that have never been due are due now, MIX of them silent, busy and switched off."""
        chosen: list[int] = []
        while len(chosen) < many:
            one = self.chance.randint(1, self.rows)
            if one not in self.used:
                self.used.add(one)
                chosen.append(one)
        words = [word for word, share in MIX.items() for _ in range(share)]
        given = {
            "due": now - timedelta(seconds=1),
            "dialled": now - timedelta(minutes=3),
            "trunk": self.places["trunk"],
        }
        with connection.cursor() as cursor:
            cursor.execute(_BACK, [now])
            cursor.execute(
                "CREATE TEMPORARY TABLE armed (id bigint, number text, number_index text, met text)"
            )
            with cursor.copy("COPY armed FROM STDIN") as copy:
                for place, one in enumerate(chosen):
                    number = f"+861900000{one:07d}"  # too long to be anybody's
                    copy.write_row((one, sealing.seal(number), numbers.index(number), words[place % 100]))
            cursor.execute(_ARM, given)

    def _found(self) -> None:
        centre = factories.centre()
        counties = [
            Unit.objects.create(
                name=f"county {n}",
                kind=UnitKind.COUNTY,
                adcode=f"44{n:04}",
                parent=centre.city,
                lat=21.5,
                lon=111 + n / 10,
            )
            for n in range(COUNTIES)
        ]
        for county in counties:
            for n in range(STATIONS):
                Unit.objects.create(
                    name=f"station {n}",
                    kind=UnitKind.STATION,
                    adcode=county.adcode,
                    parent=county,
                    lat=21.5 + n / 100,
                    lon=county.lon,
                )
        self.places = {
            "tomorrow": TOMORROW,
            "start": START,
            "levels": [int(level) for level, share in SHARES.items() for _ in range(share)],
            "sealed": sealing.seal("+8619000000000"),
            "units": [county.pk for county in counties],
            "unit_count": COUNTIES,
            "city": centre.city.pk,
            "policy": policies.current(PolicyVersion.Kind.ESCALATION, START).pk,
            "risk": policies.current(PolicyVersion.Kind.RISK, START).pk,
            "trunk": Trunk.objects.get().pk,
        }


_WRITTEN = """
SELECT 'record ' || verb, count(*) FROM dispatch_event WHERE id > %(most)s GROUP BY 1
UNION ALL
SELECT concat_ws(' ', 'attempt', tier, stage, nullif(result, '')), count(*) FROM dispatch_attempt
WHERE id > %(most)s GROUP BY 1
UNION ALL SELECT 'call ' || status, count(*) FROM telephony_call WHERE id > %(most)s GROUP BY 1
UNION ALL SELECT 'assessment ' || score, count(*) FROM dispatch_assessment WHERE id > %(most)s GROUP BY 1
UNION ALL
SELECT concat_ws(' ', 'case', state, score), count(*) FROM dispatch_case WHERE due_at < %(tomorrow)s GROUP BY 1
"""


def written(database_url: str) -> Counter[str]:
    """How many rows of each sort the program has written so far, beyond those that were made; and the cases moved."""
    with psycopg.connect(database_url) as read:
        return Counter(dict(read.execute(_WRITTEN, {"most": MOST, "tomorrow": TOMORROW}).fetchall()))
