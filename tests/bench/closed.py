"""A centre's past: very many closed cases with their attempts, events, directives and sums, and the roll-ups of them.

So many days are made by the database and counted by the program; the rest are copies of them, each as many days
earlier, rows and roll-ups alike. `manage.py recount --check` holds of them (see tests/test_bench.py).
"""

# ruff: noqa: E501  the SQL reads better in long lines

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db import connection

from dispatch import policies
from dispatch.models import PolicyVersion, Unit, User
from dispatch.vocabulary import FraudType, Role, UnitKind
from telephony import sealing
from tests import factories
from tests.factories import START
from warning_center.models import Source
from warning_center.supervision.rollups import recount

A_DAY, DAYS = 1_000, 20  # directives a day, and days that are made and not copied
COUNTIES, STATIONS, OPERATORS = 5, 8, 20
LATEST = START - timedelta(days=30)  # all are closed, and none moves any more

_MADE = """
CREATE TEMPORARY TABLE made AS
SELECT n, (hashint4(n) & 1048575) AS a, (hashint4(n + 7777) & 1048575) AS b, (hashint4(-n) & 1048575) AS c,
       %(latest)s - (n %% %(days)s) * interval '1 day' - ((hashint4(n * 3) & 1048575) %% 30000) * interval '1 second' AS at
FROM generate_series(1, %(rows)s::int) n;

INSERT INTO dispatch_target (id, name, id_number, sex, birth_year, occupation)
SELECT n, '', '', (ARRAY['男', '女'])[1 + a %% 2], 1946 + b %% 60, (ARRAY['财务', '学生', '退休', '个体', ''])[1 + c %% 5]
FROM made;

INSERT INTO dispatch_case (id, target_id, state, level, score, fraud_type, outcome, unit_id, fallback_id, policy_id,
  opened_at, issued_at, due_at, closed_at, upstream_level, assessed_level, opened_level, sizes, adcode, address,
  reached_at, listened_at, agreed_at, verified_at, closed_by_id)
SELECT n, n, 'closed', 1 + a %% 4, 50, (%(types)s::text[])[1 + b %% 11], o.outcome, (%(units)s)[1 + c %% %(unit_count)s], %(city)s,
  %(policy)s, at, at, NULL, at + interval '8 days', 1 + a %% 4, 1 + a %% 4, 1 + a %% 4,
  jsonb_build_object('warnings_30d', c %% 4), '440904', '',
  CASE WHEN o.met THEN at + (60 + a %% 4000) * interval '1 second' END,
  CASE WHEN o.met THEN at + (90 + a %% 4000) * interval '1 second' END,
  CASE WHEN o.agreed THEN at + (90 + a %% 4000) * interval '1 second' END,
  CASE WHEN o.outcome = 'verified' THEN at + interval '7 days' END,
  CASE WHEN o.outcome = 'void' THEN %(chief)s END
FROM made, LATERAL (SELECT w.outcome, w.outcome NOT IN ('not_found', 'expired', 'void') AS met,
  w.outcome IN ('verified', 'unconfirmed', 'defrauded_after_warning') AS agreed
  FROM (SELECT (ARRAY['verified', 'verified', 'verified', 'verified', 'verified', 'unconfirmed', 'unconfirmed', 'unconfirmed',
    'not_persuaded', 'not_found', 'false_alarm', 'expired', 'defrauded_after_warning', 'void', 'unconfirmed', 'not_found'
  ])[1 + b / 11 %% 16] AS outcome) w) o;

INSERT INTO dispatch_attempt (id, case_id, tier, level, stage, unit_id, reinforced, astray, starts_at, due_at, started_at,
  acknowledged_at, arrived_at, result, fault, evidence, note, ended_at, disposition, judged_at, judged_by_id)
SELECT m.n * 2 - 1, m.n, 1, c.level, 'judging', NULL, false, false, m.at, NULL, m.at + (2 + m.b %% 90) * interval '1 second',
  NULL, NULL, CASE WHEN c.reached_at IS NULL THEN 'busy' ELSE 'reached' END, 'person', '{}', '',
  m.at + interval '3 minutes', CASE WHEN c.agreed_at IS NULL THEN '' ELSE 'persuaded' END,
  c.agreed_at, CASE WHEN c.agreed_at IS NULL THEN NULL ELSE (%(operators)s)[1 + m.b %% %(operator_count)s] END
FROM made m JOIN dispatch_case c ON c.id = m.n;
INSERT INTO dispatch_attempt (id, case_id, tier, level, stage, unit_id, reinforced, astray, starts_at, due_at, started_at,
  acknowledged_at, arrived_at, result, fault, evidence, note, ended_at, disposition)
SELECT m.n * 2, m.n, CASE WHEN m.a %% 3 = 0 THEN 3 ELSE 4 END, c.level, 'arrived',
  CASE WHEN m.a %% 3 = 0 THEN (%(stations)s)[1 + m.c %% %(station_count)s] END, false, false, m.at + interval '5 minutes', NULL,
  m.at + interval '5 minutes', m.at + (320 + m.b %% 600) * interval '1 second', m.at + (1200 + m.c %% 4000) * interval '1 second',
  CASE WHEN m.a %% 3 = 0 THEN (ARRAY['met', 'not_there', 'refuses_door'])[1 + m.b %% 3] ELSE 'no_loss' END, 'person', '{}', '',
  m.at + interval '2 hours', ''
FROM made m JOIN dispatch_case c ON c.id = m.n;

INSERT INTO dispatch_event (at, verb, agent, why, detail, case_id)
SELECT at + k * interval '1 minute', (ARRAY['opened', 'planned', 'met', 'judged', 'closed'])[k], 'engine', '',
  '{"tier": "voice", "stage": "planned", "row": "high.starts"}', n FROM made, generate_series(1, 5) k;

INSERT INTO dispatch_sum (kind, amount, at, said_by, case_id)
SELECT 'at_risk', 100 * (1 + a %% 3000), at, 'source:province', n FROM made WHERE a %% 3 = 0;

INSERT INTO warning_center_directive (id, source_id, reference, received_at, issued_at, body, digest, notes, answer, case_id)
SELECT n, (%(sources)s)[1 + c %% 3], 'made ' || n, at, at, %(sealed)s, '', '[]', 'accepted', n FROM made;

DROP TABLE made
"""
# Copies of the first rows: every id so many further, every time so many days earlier.
_COPIED = {
    "dispatch_target": (("id",), ()),
    "dispatch_case": (("id", "target_id"), ("opened_at", "issued_at", "closed_at", "reached_at", "listened_at", "agreed_at", "verified_at")),
    "dispatch_attempt": (("id", "case_id"), ("starts_at", "started_at", "acknowledged_at", "arrived_at", "ended_at", "judged_at")),
    "dispatch_event": (("id", "case_id"), ("at",)),
    "dispatch_sum": (("id", "case_id"), ("at",)),
    "warning_center_directive": (("id", "case_id"), ("received_at", "issued_at")),
    "warning_center_counted": (("directive_id", "case_id", "root"), ("received_at", "day")),
    "warning_center_happening": (("id", "case_id", "root"), ("day",)),
    "warning_center_cell": (("id",), ("day",)),
}  # fmt: skip
STRIDE = 10_000_000  # between the ids of two copies


@dataclass
class Past:
    """So many closed cases so far."""

    rows: int = 0
    a_day: int = A_DAY
    days: int = DAYS
    copies: int = 0
    places: dict[str, Any] = field(default_factory=dict)

    def grow(self, rows: int) -> None:
        """Make the rest of so many closed cases, a multiple of those that are made and not copied."""
        base = self.a_day * self.days
        with connection.cursor() as cursor:
            cursor.execute("SET session_replication_role = replica")  # no key looked up, no case stirred
            if not self.rows:
                self._found()
                cursor.execute(_MADE, {**self.places, "rows": base, "days": self.days, "latest": LATEST})
                self.rows, self.copies = base, 1
                cursor.execute("ANALYZE")
                recount.rebuild()
            while self.rows < rows:
                self._copy(cursor, self.copies)
                self.copies += 1
                self.rows += base
            cursor.execute("SET session_replication_role = DEFAULT")
            cursor.execute("VACUUM (ANALYZE)")

    def _copy(self, cursor: Any, nth: int) -> None:
        for table, (ids, times) in _COPIED.items():
            cursor.execute(
                "SELECT column_name FROM information_schema.columns WHERE table_name = %s", [table]
            )
            columns = [name for (name,) in cursor.fetchall()]
            told = []
            for name in columns:
                if name in ids:
                    told.append(f'"{name}" + {nth * STRIDE}')
                elif name in times:
                    told.append(
                        f"(\"{name}\" - {nth * self.days} * interval '1 day'){'::date' if name == 'day' else ''}"
                    )
                elif name == "reference":
                    told.append(f"reference || ' {nth}'")
                else:
                    told.append(f'"{name}"')
            names = ", ".join(f'"{name}"' for name in columns)
            key = ids[0]
            cursor.execute(
                f"INSERT INTO {table} ({names}) SELECT {', '.join(told)} FROM {table} WHERE {key} < {STRIDE}"  # noqa: S608
            )

    def _found(self) -> None:
        centre = factories.centre()
        counties = [_unit(centre.city, f"county {n}", UnitKind.COUNTY) for n in range(COUNTIES)]
        stations = [_unit(c, f"station {n}", UnitKind.STATION) for c in counties for n in range(STATIONS)]
        sources = [
            Source.objects.create(code=f"source{n}", name=f"source {n}", unit=centre.city) for n in range(3)
        ]
        operators = [centre.user(Role.OPERATOR) for _ in range(OPERATORS)]
        self.places = {
            "types": [fraud.value for fraud in FraudType],
            "units": [county.pk for county in counties],
            "unit_count": len(counties),
            "stations": [station.pk for station in stations],
            "station_count": len(stations),
            "sources": [source.pk for source in sources],
            "operators": [user.pk for user in operators],
            "operator_count": len(operators),
            "chief": centre.user(Role.SUPERVISOR).pk,
            "city": centre.city.pk,
            "policy": policies.current(PolicyVersion.Kind.ESCALATION, START).pk,
            "sealed": sealing.seal("{}"),
        }


def _unit(above: Unit, name: str, kind: UnitKind) -> Unit:
    return Unit.objects.create(
        name=name, kind=kind, adcode=f"44{User.objects.count():04}", parent=above, lat=21.5, lon=111
    )
