"""The cases a case hangs together with: its chain, what it was merged into, what was merged into it."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from dispatch.admin.access import within
from dispatch.models import Case
from dispatch.models.case import CaseQuerySet
from dispatch.models.choices import name
from dispatch.vocabulary import Outcome, State


@dataclass(frozen=True, slots=True)
class Linked:
    """Another case; without a `pk` the reader may not open it."""

    number: str
    words: str
    pk: int | None
    here: bool
    opened_at: datetime


def chain(case: Case, scope: str | None) -> tuple[Linked, ...]:
    """The cases of one effort, the oldest first; none if there is but one."""
    root = case.chain_id or case.pk
    linked = _linked(Case.objects.filter(Q(pk=root) | Q(chain=root)), case, scope)
    return linked if len(linked) > 1 else ()


def merged(case: Case, scope: str | None) -> tuple[Linked, ...]:
    """The case this one was merged into, and those that were merged into it."""
    return _linked(Case.objects.filter(Q(pk=case.merged_into_id) | Q(merged_into=case)), case, scope)


def _linked(cases: CaseQuerySet, here: Case, scope: str | None) -> tuple[Linked, ...]:
    return tuple(
        Linked(
            number=one.number,
            words=name(Outcome(one.outcome)) if one.outcome else name(State(one.state)),
            pk=one.pk if within(one.unit.path if one.unit else "", scope) else None,
            here=one.pk == here.pk,
            opened_at=one.opened_at,
        )
        for one in cases.select_related("unit").order_by("pk")
    )
