"""A case's whole story as frozen rows: who, why this level, what is happening, what was done, by whom."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from dispatch import choosing, explain, policies, wording
from dispatch.admin import atdoor, columns, links, results, waiting
from dispatch.admin.atdoor import Door
from dispatch.admin.columns import Mark, Moment
from dispatch.admin.links import Linked
from dispatch.admin.results import Dispute, Ended
from dispatch.admin.waiting import Paper, Trying
from dispatch.identity import mask_name
from dispatch.models import Attempt, Case, Event, Sum, Unit
from dispatch.models.choices import name
from dispatch.vocabulary import (
    Disposition,
    Money,
    Outcome,
    Result,
    Stage,
    State,
    Tier,
)
from dispatch.workflow.desk import Need
from dispatch.workflow.unseen import UNSEEN
from telephony import numbers

MOST_EVENTS = 200
FIRST_SIGN_KEY = 5


@dataclass(frozen=True, slots=True)
class Rung:
    """One tier, or one step of the ladder, and how it stands."""

    word: str
    mark: str
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Sign:
    """A danger sign that a note may carry, with the key that ticks it; `known` if it is on record already."""

    code: str
    words: str
    key: str
    known: bool


@dataclass(frozen=True, slots=True)
class Told:
    """One line of the record."""

    at: datetime
    words: str
    who: str
    why: str
    row: str = ""  # of the policy, by which it was done
    says: str = ""


@dataclass(frozen=True, slots=True)
class Panel:
    """What a room above adds to the page: a title, and rows under headings."""

    title: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Story:
    """Everything the case page shows."""

    pk: int
    number: str
    policy: int  # the version of the escalation policy that the case keeps
    mark: Mark
    score: int
    open: bool
    state: str
    person: str
    id_number: str
    numbers: tuple[str, ...]
    occupation: str
    fraud: str
    unit: str
    opened_at: datetime
    closed_at: datetime | None
    due: Moment | None
    holder: str
    held_until: Moment | None
    tiers: tuple[Rung, ...]
    ladder: tuple[Rung, ...]
    reasons: tuple[tuple[str, int], ...]
    tryings: tuple[Trying, ...]
    papers: tuple[Paper, ...]
    contacts: tuple[tuple[int, str, str, str], ...]  # id, relation, name, number
    sums: tuple[tuple[str, str, str, datetime], ...]
    messages: tuple[tuple[str, str, datetime | None], ...]
    chain: tuple[Linked, ...]
    merged: tuple[Linked, ...]
    ended: tuple[Ended, ...]
    disputes: tuple[Dispute, ...]
    doors: tuple[Door, ...]
    signs: tuple[Sign, ...]
    told: tuple[Told, ...]
    panels: tuple[Panel, ...]


# The centre above adds what it knows of a case (its directives); dispatch knows nothing of it.
panels: list[Callable[[Case], Panel]] = []


def tell(case: Case, *, scope: str | None, now: datetime) -> Story:
    """The story of a case for somebody who sees the subtree `scope`."""
    attempts = list(case.attempts.select_related("unit", "call", "phone").order_by("pk"))
    orders = list(case.orders.order_by("pk"))
    outcome = name(Outcome(case.outcome)) if case.outcome else ""
    held = case.is_held_by_another(None, now)
    return Story(
        pk=case.pk,
        number=case.number,
        policy=case.policy_id,
        mark=columns.mark(case.level),
        score=case.score,
        open=case.is_open,
        state=outcome or name(State(case.state)),
        person=columns.person(case, now),
        id_number=case.target.masked_id,
        numbers=tuple(use.phone.masked for use in case.target.numbers.select_related("phone")),
        occupation=case.target.occupation,
        fraud=columns.fraud(case),
        unit=str(case.unit or case.fallback or ""),
        opened_at=case.opened_at,
        closed_at=case.closed_at,
        due=columns.moment(_("next due"), case.due_at, now) if case.due_at else None,
        holder=str(case.holder.get_full_name() or case.holder) if case.holder and held else "",
        held_until=columns.moment(_("reserved"), case.held_until, now) if case.held_until and held else None,
        tiers=tuple(_tier(tier, attempts) for tier in Tier),
        ladder=_ladder(case),
        reasons=_reasons(case),
        tryings=tuple(waiting.trying(a, now) for a in attempts if waiting.waits_for_a_word(a, attempts)),
        papers=tuple(waiting.paper(order, now) for order in orders),
        contacts=_contacts(case),
        sums=_sums(case),
        messages=tuple(
            (_sms(m.kind), m.text.get_state_display(), m.text.sent_at)
            for m in case.messages.select_related("text").order_by("pk")
        ),
        chain=links.chain(case, scope),
        merged=links.merged(case, scope),
        ended=results.ended(attempts),
        disputes=results.disputes(attempts),
        doors=atdoor.doors(case, attempts),
        signs=_signs(case, now),
        told=_record(case),
        panels=tuple(panel(case) for panel in panels),
    )


def _sms(kind: str) -> str:
    known = {"sms": _("SMS"), UNSEEN: _("SMS to a duty phone")}
    return known.get(kind, kind)


def _tier(tier: Tier, attempts: Iterable[Attempt]) -> Rung:
    mine = [attempt for attempt in attempts if attempt.tier == tier]
    if any(attempt.disposition == Disposition.PERSUADED for attempt in mine):
        return Rung(name(tier), "✓")
    live = [attempt for attempt in mine if attempt.ended_at is None]
    if any(attempt.stage != Stage.PLANNED for attempt in live):
        return Rung(name(tier), "●")
    if live:
        return Rung(name(tier), "○")
    good = tier is Tier.FOLLOW_UP and any(a.result in (Result.NO_LOSS, Result.NO_NEWS) for a in mine)
    return Rung(name(tier), "✓" if good else "✗" if mine else "–")


def _ladder(case: Case) -> tuple[Rung, ...]:
    steps = (
        (_("reached"), case.reached_at),
        (_("listened"), case.listened_at),
        (_("agreed"), case.agreed_at),
        (_("verified"), case.verified_at),
    )
    return tuple(Rung(word, "●" if at else "○", at) for word, at in steps)


def _reasons(case: Case) -> tuple[tuple[str, int], ...]:
    newest = case.assessments.order_by("-at", "-pk").first()
    if newest is None:
        return ()
    return tuple((wording.reason(r["fact"], r["size"]), r["points"]) for r in newest.reasons)


def _contacts(case: Case) -> tuple[tuple[int, str, str, str], ...]:
    known = case.target.contacts.order_by("pk")
    return tuple((c.pk, c.relation, mask_name(c.name), numbers.mask(c.number)) for c in known)


def _signs(case: Case, now: datetime) -> tuple[Sign, ...]:
    rules = policies.risk_policy(now).rules
    keyed = enumerate(rules.signs, start=FIRST_SIGN_KEY)
    return tuple(
        Sign(sign, wording.reason(sign, "1"), str(n) if n <= 9 else "", bool(case.sizes.get(sign)))
        for n, sign in keyed
    )


def _sums(case: Case) -> tuple[tuple[str, str, str, datetime], ...]:
    """Newest first; the first of each kind is the case's."""
    said = case.sums.select_related("by").order_by("-at", "-pk")
    return tuple((name(Money(s.kind)), columns.yuan(s.amount), _said_by(s), s.at) for s in said)


def _said_by(said: Sum) -> str:
    """A source, a bank; at the desk the person."""
    if said.by is not None and said.said_by.startswith("role:"):
        return str(said.by.get_full_name() or said.by)
    return wording.agent(said.said_by)


def _record(case: Case) -> tuple[Told, ...]:
    events = list(case.events.select_related("by").order_by("-at", "-pk")[:MOST_EVENTS])
    units = choosing.units_of(events)
    return tuple(told(event, units, case.policy.document) for event in events)


def told(event: Event, units: dict[int, Unit], policy: Mapping[str, Any] | None = None) -> Told:
    """One event in words."""
    who = str(event.by.get_full_name() or event.by) if event.by else wording.agent(event.agent)
    why = str(Need(event.why).label) if event.why in Need.values else wording.why(event)
    words_ = wording.sentence(event, units)
    row = event.detail.get("row", "") if policy else ""
    says = explain.what_stands(policy, row) if policy else ""
    return Told(event.at, words_, who, "" if why in words_ else why, row, says)
