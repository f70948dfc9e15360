"""The report of a simulated day, as one JSON document: the same bytes for the same seed and options."""

import json
from typing import Any

from warning_center.simulation import figures
from warning_center.simulation.asked import START
from warning_center.simulation.day import Day
from warning_center.simulation.violations import PROMISES

Json = dict[str, Any]


def document(day: Day) -> Json:
    """Violations first; then what was asked, what happened, and what it came to."""
    broken, hosts, senders = day.broken, day.hosts, day.senders
    return {
        "violations": [violation.plain() for violation in broken.kept],
        "violated": {promise: broken.counts[promise] for promise in PROMISES if broken.counts[promise]},
        "seed": day.asked.seed,
        "options": day.asked.plain(),
        "faults": {name: day.plan.tally[name] for name in day.asked.faults},
        "steps": {
            "instants": day.instants,
            "parts": hosts.parts,
            "parts_failed": hosts.failed,
            "processes_died": hosts.deaths,
            "checks": day.checks,
        },
        "until": day.hosts.now.astimezone(START.tzinfo).isoformat(),
        "directives": {
            "acknowledged": len(senders.receipts),
            "sent": senders.tries,
            "unchanged": senders.unchanged,
            "refused_as_changed": senders.refused,
        },
        "calls": len(day.network.journal.rings),
        "texts": day.network.journal.texts,
        "desks": figures.desks_use(day.asked, day.people.talks),
        **figures.of_the_database(),
    }


def written(told: Json) -> str:
    """The bytes of it."""
    return json.dumps(told, ensure_ascii=False, indent=1)
