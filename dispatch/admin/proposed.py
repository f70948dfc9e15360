"""Hand-overs to another centre that wait for a shift lead's word, as the board shows them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from dispatch.admin import columns
from dispatch.admin.columns import Mark, span
from dispatch.admin.reach import Link, link, of_units
from dispatch.models import Proposal

MOST = 30


@dataclass(frozen=True, slots=True)
class Proposed:
    """A hand-over that somebody proposes."""

    id: int
    case: Link
    mark: Mark
    to: str
    why: str
    who: str
    at: datetime
    lasts: str


def waiting(scope: str | None, now: datetime) -> Iterable[Proposed]:
    """Of the units in a scope, the oldest first."""
    rows = of_units(Proposal.objects.waiting(), scope, "case__unit__path")
    for one in rows.select_related("case__unit", "by")[:MOST]:
        yield Proposed(
            one.pk,
            link(one.case, scope),
            columns.mark(one.case.level),
            one.to,
            one.why or _("the person is there, by the last known place"),
            str(one.by.get_full_name() or one.by) if one.by else "",
            one.at,
            span(max(timedelta(), now - one.at)),
        )
