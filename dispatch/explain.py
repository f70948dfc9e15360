"""Why is a case where it is? Each step of its record, with the row of the policy it went by: from the record alone."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from dispatch import choosing, wording
from dispatch.chain import Cell
from dispatch.models import Assessment, Case, Event, Unit

_ORDER = [f.name for f in fields(Cell)]  # a database keeps none


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the record. `row` names the policy's row, `says` is what stands there; empty where no row spoke."""

    at: datetime
    words: str
    who: str
    row: str = ""
    says: str = ""


def steps(case: Case) -> Iterator[Step]:
    """The case's steps, oldest first; of one moment: what was learnt, how it was judged, what was done."""
    document: dict[str, Any] = case.policy.document
    events = list(case.events.select_related("by").order_by("pk"))
    units = choosing.units_of(events)
    judged = [(1, _judged(one)) for one in case.assessments.select_related("policy").order_by("pk")]
    told = [(2 * (event.agent == "engine"), _told(event, document, units)) for event in events]
    for _order, step in sorted([*told, *judged], key=lambda one: (one[1].at, one[0])):
        yield step


def _judged(assessment: Assessment) -> Step:
    reasons = "; ".join(
        f"{wording.reason(reason['fact'], reason['size'])} {reason['points']:+}"
        for reason in assessment.reasons
    )
    words = _("Risk {score}: {reasons}").format(score=assessment.score, reasons=reasons)
    return Step(assessment.at, words, wording.agent("engine"), str(assessment.policy))


def _told(event: Event, document: Mapping[str, Any], units: dict[int, Unit]) -> Step:
    who = str(event.by.get_full_name() or event.by) if event.by else wording.agent(event.agent)
    row, nth = event.detail.get("row", ""), event.detail.get("nth")
    name = f"{row} ({_('no. {n}').format(n=nth)})" if nth else row
    return Step(event.at, wording.sentence(event, units), who, name, what_stands(document, row))


def what_stands(document: Mapping[str, Any], row: str) -> str:
    """What the document says in a row, such as `again 30s, 60s; then visit`; "" where it has no such row.

    A level's own cell stands before the one that every level shares.
    """
    level, *path = row.split(".")
    own, shared = _cell(document.get(level, {}), path), _cell(document.get("every", {}), path)
    return _plain(own if own is not None else shared)


def _cell(part: Any, path: list[str]) -> Any:
    for word in path:
        part = part.get(word) if isinstance(part, Mapping) else None
    return part


def _plain(cell: Any) -> str:
    match cell:
        case Mapping():
            told = sorted(cell.items(), key=lambda item: _ORDER.index(item[0]))
            return "; ".join(f"{word} {_plain(value)}" for word, value in told)
        case list():
            return ", ".join(str(item) for item in cell)
    return "" if cell is None else str(cell)
